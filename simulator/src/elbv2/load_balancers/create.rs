//! `CreateLoadBalancer`.

use serde::Deserialize;

use super::super::capacity::Capacity;
use super::super::dns::{dns_name, hosted_zone};
use super::super::placement::{self, Placement, SubnetMapping, Wanted, Zone};
use super::super::protocol::Family;
use super::super::quotas::Quota;
use super::super::store::Store;
use super::super::tags::{self, TagList, Tags};
use super::super::{attributes, names, network_failure};
use super::{
    IpAddressType, IpamPools, Life, LoadBalancer, LoadBalancersResult, OnOff, Scheme, Settings, Type,
    check_address_type, check_family, set_interfaces,
};
use crate::clock::Moment;
use crate::network::Network;
use crate::wire::ApiError;
use crate::wire::constraint::Text;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct CreateLoadBalancer {
    name: String,
    subnets: Option<Vec<String>>,
    subnet_mappings: Option<Vec<SubnetMapping>>,
    security_groups: Option<Vec<String>>,
    scheme: Option<Scheme>,
    tags: Option<TagList>,
    r#type: Option<Type>,
    ip_address_type: Option<IpAddressType>,
    customer_owned_ipv4_pool: Option<Text<0, 256>>,
    enable_prefix_for_ipv6_source_nat: Option<OnOff>,
    ipam_pools: Option<IpamPools>,
}

/// `CreateLoadBalancer`.
///
/// A repeated call with the same settings answers with what stands; tags are no settings and stay as they are.
pub(crate) async fn create(
    store: &mut Store,
    network: &dyn Network,
    mut request: CreateLoadBalancer,
    now: Moment,
) -> Result<LoadBalancersResult, ApiError> {
    names::check("Load balancer", &request.name)?;
    let name = request.name.clone();
    let tags = tags::of_new_resource(request.tags.take())?;
    let (vpc_id, settings) = settings(store, network, request).await?;
    if let Some(existing) = store.load_balancers.values().find(|existing| existing.name == name) {
        if existing.settings != settings {
            let message = format!("A load balancer with the same name '{name}' exists, but with different settings");
            return Err(ApiError::new("DuplicateLoadBalancerName", message));
        }
        return Ok(LoadBalancersResult { load_balancers: vec![existing.describe(now)], next_marker: None });
    }
    check_quotas(store, &settings, &vpc_id)?;
    let load_balancer = store.new_load_balancer(name, vpc_id, settings, tags, now);
    set_interfaces(store, network, &load_balancer, now).await?;
    let description = load_balancer.describe(now);
    store.load_balancers.insert(load_balancer.arn.clone(), load_balancer);
    Ok(LoadBalancersResult { load_balancers: vec![description], next_marker: None })
}

impl Store {
    fn new_load_balancer(
        &mut self,
        name: String,
        vpc_id: String,
        settings: Settings,
        tags: Tags,
        now: Moment,
    ) -> LoadBalancer {
        let id = self.names.id();
        let (family, scheme) = (settings.family, settings.scheme);
        let region = &self.scope().region;
        LoadBalancer {
            arn: self.names.load_balancer(family.in_arn(), &name, &id),
            dns_name: dns_name(family, scheme, &name, &id, region),
            hosted_zone: hosted_zone(family, region),
            created: now.wall,
            life: Life::beginning(self.options(), now),
            vpc_id,
            made_with_security_groups: !settings.security_groups.is_empty(),
            enforce_on_private_link: OnOff::On,
            capacity: Capacity::default(),
            attributes: attributes::of_load_balancer(family, scheme).defaults(),
            name,
            settings,
            tags,
        }
    }
}

/// Checks everything of a create call that needs EC2's facts.
async fn settings(
    store: &Store,
    network: &dyn Network,
    request: CreateLoadBalancer,
) -> Result<(String, Settings), ApiError> {
    let family = request.r#type.unwrap_or(Type::Application).family()?;
    let scheme = request.scheme.unwrap_or(Scheme::InternetFacing);
    let ip_address_type = check_address_type(family, scheme, request.ip_address_type.unwrap_or(IpAddressType::Ipv4))?;
    let source_nat_prefix = request.enable_prefix_for_ipv6_source_nat.unwrap_or(OnOff::Off);
    if request.enable_prefix_for_ipv6_source_nat.is_some() {
        check_family(family, Family::Network, "EnablePrefixForIpv6SourceNat")?;
    }
    let customer_owned_pool = customer_owned_pool(family, request.customer_owned_ipv4_pool)?;
    let ipv4_ipam_pool = ipam_pool(family, scheme, request.ipam_pools)?;
    let mappings = placement::mappings(request.subnets, request.subnet_mappings)?;
    let standing = standing(store, &request.name, &mappings);
    let taken = store.allocations_of_others(|other| other.name == request.name);
    let wanted = Wanted { family, mappings, scheme, ip_address_type, source_nat_prefix, standing: &standing, taken };
    let Placement { vpc_id, zones } = placement::place(network, store.scope(), wanted).await?;
    let mut security_groups = request.security_groups.unwrap_or_default();
    placement::check_security_groups(network, store.scope(), &vpc_id, &security_groups).await?;
    if family == Family::Application && security_groups.is_empty() {
        let default = network.default_security_group(store.scope(), &vpc_id).await.map_err(network_failure)?;
        security_groups.extend(default);
    }
    security_groups.sort();
    security_groups.dedup();
    let settings = Settings {
        family,
        scheme,
        ip_address_type,
        source_nat_prefix,
        zones,
        security_groups,
        customer_owned_pool,
        ipv4_ipam_pool,
    };
    Ok((vpc_id, settings))
}

/// The zones that a repeated call finds made already: they need no free addresses again.
fn standing(store: &Store, name: &str, mappings: &[SubnetMapping]) -> Vec<Zone> {
    let existing = store.load_balancers.values().find(|existing| existing.name == name);
    let zones = existing.into_iter().flat_map(|existing| &existing.settings.zones);
    zones.filter(|zone| mappings.iter().any(|mapping| mapping.subnet_id == zone.subnet_id)).cloned().collect()
}

/// Source: API reference, `CreateLoadBalancer`: the pattern of `CustomerOwnedIpv4Pool`.
fn customer_owned_pool(family: Family, pool: Option<Text<0, 256>>) -> Result<Option<String>, ApiError> {
    let Some(pool) = pool else {
        return Ok(None);
    };
    check_family(family, Family::Application, "CustomerOwnedIpv4Pool")?;
    let id = pool.as_str().strip_prefix("ipv4pool-coip-");
    if id.is_some_and(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric())) {
        return Ok(Some(pool.into_string()));
    }
    Err(ApiError::validation(format!(
        "1 validation error detected: Value '{pool}' at 'customerOwnedIpv4Pool' failed to satisfy constraint: \
         Member must satisfy regular expression pattern: ^(ipv4pool-coip-)[a-zA-Z0-9]+$"
    )))
}

/// Public addresses come from an IPAM pool, so only internet-facing application load balancers have one.
pub(in super::super) fn ipam_pool(
    family: Family,
    scheme: Scheme,
    pools: Option<IpamPools>,
) -> Result<Option<String>, ApiError> {
    let Some(pool) = pools.and_then(|pools| pools.ipv4_ipam_pool_id) else {
        return Ok(None);
    };
    check_family(family, Family::Application, "IpamPools")?;
    if scheme == Scheme::Internal {
        return Err(placement::invalid_configuration("IpamPools is not supported for internal load balancers"));
    }
    if !pool.starts_with("ipam-pool-") {
        return Err(ApiError::validation(format!("The IPAM pool ID '{pool}' is not valid")));
    }
    Ok(Some(pool))
}

fn check_quotas(store: &Store, settings: &Settings, vpc_id: &str) -> Result<(), ApiError> {
    let quotas = &store.options().quotas;
    let of_family = || store.load_balancers.values().filter(|one| one.family() == settings.family);
    match settings.family {
        Family::Application => quotas.check(Quota::ApplicationLoadBalancers, of_family().count() + 1),
        Family::Network => {
            quotas.check(Quota::NetworkLoadBalancers, of_family().count() + 1)?;
            check_interfaces(store, vpc_id, settings.zones.len(), None)
        }
    }
}

/// Each network load balancer has an interface per zone; a VPC holds so many of them.
pub(in super::super) fn check_interfaces(
    store: &Store,
    vpc_id: &str,
    zones: usize,
    except: Option<&str>,
) -> Result<(), ApiError> {
    let others = store.load_balancers.values().filter(|one| {
        one.family() == Family::Network && one.vpc_id == vpc_id && except.is_none_or(|arn| one.arn != arn)
    });
    let standing = others.map(|one| one.settings.zones.len()).sum::<usize>();
    store.options().quotas.check(Quota::NetworkInterfacesPerVpc, standing + zones)
}
