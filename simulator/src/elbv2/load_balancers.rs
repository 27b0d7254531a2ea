//! Load balancers: create, describe, delete.

mod description;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use self::description::Description;
use super::arn::{self, Resource};
use super::dns::{dns_name, hosted_zone};
use super::paging::{PageSize, Paging};
use super::placement::{self, Placement, SubnetMapping, Wanted, Zone};
use super::quotas::Quota;
use super::store::{Store, select};
use super::tags::{self, TagList, Tags};
use super::{Done, attributes, names, network_failure, not_modelled};
use crate::clock::Moment;
use crate::network::{LoadBalancerInterfaces, Network};
use crate::options::{AccountOptions, ProvisioningOutcome};
use crate::wire::ApiError;
use crate::wire::constraint::List;

/// A network load balancer.
#[derive(Clone, Debug)]
pub(crate) struct LoadBalancer {
    pub(super) arn: String,
    pub(super) name: String,
    pub(super) dns_name: String,
    pub(super) hosted_zone: String,
    pub(super) created: Timestamp,
    pub(super) life: Life,
    pub(super) vpc_id: String,
    pub(super) settings: Settings,
    /// One made without security groups can never get any.
    pub(super) made_with_security_groups: bool,
    pub(super) enforce_on_private_link: OnOff,
    pub(super) attributes: BTreeMap<String, String>,
    pub(super) tags: Tags,
}

/// What state a load balancer is in.
#[derive(Clone, Copy, Debug)]
pub(super) enum Life {
    /// `provisioning` before, `active` from then on.
    ActiveFrom(Instant),
    /// `provisioning` before, `failed` from then on.
    FailedFrom(Instant),
    /// As an account description has it, for good.
    Fixed(StateCode),
}

/// The state of a load balancer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StateCode {
    Provisioning,
    Active,
    ActiveImpaired,
    Failed,
}

/// What a create call is compared by: the same name with the same settings is the same load balancer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) scheme: Scheme,
    pub(super) ip_address_type: IpAddressType,
    pub(super) source_nat_prefix: OnOff,
    pub(super) zones: Vec<Zone>,
    /// Sorted.
    pub(super) security_groups: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Scheme {
    InternetFacing,
    Internal,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum IpAddressType {
    Ipv4,
    Dualstack,
    DualstackWithoutPublicIpv4,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OnOff {
    On,
    Off,
}

/// The type of a load balancer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Type {
    Application,
    Network,
    Gateway,
}

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
    enable_prefix_for_ipv6_source_nat: Option<OnOff>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeLoadBalancers {
    load_balancer_arns: Option<List<String, 0, 20>>,
    names: Option<Vec<String>>,
    marker: Option<String>,
    page_size: Option<PageSize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DeleteLoadBalancer {
    load_balancer_arn: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct LoadBalancersResult {
    load_balancers: Vec<Description>,
    next_marker: Option<String>,
}

/// `CreateLoadBalancer`.
///
/// A repeated call with the same settings answers with what stands; tags are no settings and stay as they are.
pub(crate) async fn create(
    store: &mut Store,
    network: &dyn Network,
    request: CreateLoadBalancer,
    now: Moment,
) -> Result<LoadBalancersResult, ApiError> {
    names::check("Load balancer", &request.name)?;
    check_type(request.r#type.unwrap_or(Type::Application))?;
    let name = request.name.clone();
    let (vpc_id, settings, tags) = settings(store, network, request).await?;
    if let Some(existing) = store.load_balancers.values().find(|existing| existing.name == name) {
        if existing.settings != settings {
            let message = format!("A load balancer with the same name '{name}' exists, but with different settings");
            return Err(ApiError::new("DuplicateLoadBalancerName", message));
        }
        return Ok(LoadBalancersResult { load_balancers: vec![existing.describe(now)], next_marker: None });
    }
    store.options().quotas.check(Quota::NetworkLoadBalancers, store.load_balancers.len() + 1)?;
    let load_balancer = store.new_load_balancer(name, vpc_id, settings, tags, now);
    set_interfaces(store, network, &load_balancer, now).await?;
    let description = load_balancer.describe(now);
    store.load_balancers.insert(load_balancer.arn.clone(), load_balancer);
    Ok(LoadBalancersResult { load_balancers: vec![description], next_marker: None })
}

/// `DescribeLoadBalancers`: one missing name or ARN fails the whole call.
pub(crate) fn describe(
    store: &Store,
    request: DescribeLoadBalancers,
    now: Moment,
) -> Result<LoadBalancersResult, ApiError> {
    let arns = request.load_balancer_arns.map(List::into_vec).unwrap_or_default();
    let names = request.names.unwrap_or_default();
    let all = &store.load_balancers;
    let found = match (arns.as_slice(), names.as_slice()) {
        ([], []) => all.iter().map(|(arn, item)| (arn.clone(), item)).collect(),
        (arns, []) => {
            arns.iter().try_for_each(|arn| Resource::LoadBalancer.check(arn))?;
            select(all, arns, |item| &item.arn, Resource::LoadBalancer)?
        }
        ([], names) => select(all, names, |item| &item.name, Resource::LoadBalancer).map_err(|error| ApiError {
            message: format!("Load balancers '[{}]' not found", names.join(", ")),
            ..error
        })?,
        _ => {
            return Err(ApiError::validation(
                "Load balancer names and load balancer ARNs cannot be specified at the same time",
            ));
        }
    };
    let (page, next_marker) = Paging { marker: request.marker, size: request.page_size }.page(found)?;
    Ok(LoadBalancersResult { load_balancers: page.into_iter().map(|item| item.describe(now)).collect(), next_marker })
}

/// `DeleteLoadBalancer`: its listeners go with it, its target groups stay; one that is not there is deleted already.
pub(crate) async fn delete(
    store: &mut Store,
    network: &dyn Network,
    request: DeleteLoadBalancer,
    now: Moment,
) -> Result<Done, ApiError> {
    let arn = request.load_balancer_arn;
    Resource::LoadBalancer.check(&arn)?;
    let Some(load_balancer) = store.load_balancers.get(&arn) else {
        return Ok(Done {});
    };
    if load_balancer.attributes.get(attributes::DELETION_PROTECTION).is_some_and(|value| value == "true") {
        let message = format!("Load balancer '{arn}' cannot be deleted because deletion protection is enabled");
        return Err(ApiError::new("OperationNotPermitted", message));
    }
    let mut leaving = load_balancer.clone();
    leaving.settings.zones.clear();
    set_interfaces(store, network, &leaving, now).await?;
    store.load_balancers.remove(&arn);
    store.listeners.retain(|_, listener| listener.load_balancer_arn != arn);
    store.settle_usage(now);
    Ok(Done {})
}

/// Tells EC2 which interfaces the load balancer has from now on.
pub(super) async fn set_interfaces(
    store: &Store,
    network: &dyn Network,
    load_balancer: &LoadBalancer,
    now: Moment,
) -> Result<(), ApiError> {
    let interfaces = LoadBalancerInterfaces {
        load_balancer: arn::path(&load_balancer.arn).to_owned(),
        subnets: load_balancer.settings.zones.iter().map(|zone| zone.subnet_id.clone()).collect(),
        security_groups: load_balancer.settings.security_groups.clone(),
    };
    let leftovers_until = now.instant + store.options().interface_delay;
    network.set_interfaces(store.scope(), interfaces, leftovers_until).await.map_err(network_failure)
}

impl Life {
    /// The life of a load balancer that is made now.
    fn beginning(options: &AccountOptions, now: Moment) -> Self {
        let settled = now.instant + options.provisioning_delay;
        match options.provisioning_outcome {
            ProvisioningOutcome::Active => Self::ActiveFrom(settled),
            ProvisioningOutcome::Failed => Self::FailedFrom(settled),
            ProvisioningOutcome::Never => Self::Fixed(StateCode::Provisioning),
        }
    }

    pub(super) fn state(self, now: Moment) -> StateCode {
        match self {
            Self::ActiveFrom(from) if now.instant < from => StateCode::Provisioning,
            Self::ActiveFrom(_) => StateCode::Active,
            Self::FailedFrom(from) if now.instant < from => StateCode::Provisioning,
            Self::FailedFrom(_) => StateCode::Failed,
            Self::Fixed(state) => state,
        }
    }

    /// When it began to serve targets, where that is known.
    pub(super) fn serves_from(self) -> Option<Instant> {
        match self {
            Self::ActiveFrom(from) => Some(from),
            Self::FailedFrom(_) | Self::Fixed(_) => None,
        }
    }

    /// Whether it serves targets some day.
    pub(super) fn may_serve(self) -> bool {
        !matches!(self, Self::FailedFrom(_) | Self::Fixed(StateCode::Provisioning | StateCode::Failed))
    }
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
        let region = &self.scope().region;
        LoadBalancer {
            arn: self.names.load_balancer(&name, &id),
            dns_name: dns_name(&name, &id, region),
            hosted_zone: hosted_zone(region),
            created: now.wall,
            life: Life::beginning(self.options(), now),
            vpc_id,
            made_with_security_groups: !settings.security_groups.is_empty(),
            enforce_on_private_link: OnOff::On,
            attributes: attributes::of_load_balancer(settings.scheme).defaults(),
            name,
            settings,
            tags,
        }
    }
}

fn check_type(wanted: Type) -> Result<(), ApiError> {
    match wanted {
        Type::Network => Ok(()),
        Type::Application => Err(not_modelled("application load balancers (Type: network must be given)")),
        Type::Gateway => Err(not_modelled("gateway load balancers")),
    }
}

/// Checks everything of a create call that needs EC2's facts.
async fn settings(
    store: &Store,
    network: &dyn Network,
    request: CreateLoadBalancer,
) -> Result<(String, Settings, Tags), ApiError> {
    let tags = tags::of_new_resource(request.tags)?;
    let scheme = request.scheme.unwrap_or(Scheme::InternetFacing);
    let ip_address_type = check_address_type(request.ip_address_type.unwrap_or(IpAddressType::Ipv4))?;
    let source_nat_prefix = request.enable_prefix_for_ipv6_source_nat.unwrap_or(OnOff::Off);
    let mappings = placement::mappings(request.subnets, request.subnet_mappings)?;
    let standing = standing(store, &request.name, &mappings);
    let wanted = Wanted { mappings, scheme, ip_address_type, source_nat_prefix, standing: &standing };
    let Placement { vpc_id, zones } = placement::place(network, store.scope(), wanted).await?;
    let mut security_groups = request.security_groups.unwrap_or_default();
    placement::check_security_groups(network, store.scope(), &vpc_id, &security_groups).await?;
    security_groups.sort();
    security_groups.dedup();
    Ok((vpc_id, Settings { scheme, ip_address_type, source_nat_prefix, zones, security_groups }, tags))
}

/// The zones that a repeated call finds made already: they need no free addresses again.
fn standing(store: &Store, name: &str, mappings: &[SubnetMapping]) -> Vec<Zone> {
    let existing = store.load_balancers.values().find(|existing| existing.name == name);
    let zones = existing.into_iter().flat_map(|existing| &existing.settings.zones);
    zones.filter(|zone| mappings.iter().any(|mapping| mapping.subnet_id == zone.subnet_id)).cloned().collect()
}

/// Refuses the address type that only application load balancers have.
pub(super) fn check_address_type(wanted: IpAddressType) -> Result<IpAddressType, ApiError> {
    if wanted == IpAddressType::DualstackWithoutPublicIpv4 {
        return Err(placement::invalid_configuration(
            "The IP address type 'dualstack-without-public-ipv4' is not supported for load balancers of type 'network'",
        ));
    }
    Ok(wanted)
}
