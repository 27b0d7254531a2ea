//! Load balancers: what one is; describe and delete.

mod create;
mod description;
mod state;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub(crate) use self::create::create;
pub(super) use self::create::{check_interfaces, ipam_pool};
use self::description::Description;
pub use self::state::{ForcedLoadBalancerState, LoadBalancerState};
pub(crate) use self::state::{Life, State};
use super::arn::{self, Resource};
use super::attributes;
use super::capacity::Capacity;
use super::paging::{PageSize, Paging};
use super::placement::Zone;
use super::protocol::Family;
use super::store::{Store, by_arn, by_name};
use super::tags::Tags;
use super::{Done, network_failure};
use crate::clock::Moment;
use crate::network::{LoadBalancerInterfaces, Network};
use crate::wire::ApiError;
use crate::wire::constraint::List;

/// A load balancer.
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
    /// A network load balancer that was made without security groups can never get any.
    pub(super) made_with_security_groups: bool,
    pub(super) enforce_on_private_link: OnOff,
    pub(super) capacity: Capacity,
    pub(super) attributes: BTreeMap<String, String>,
    pub(super) tags: Tags,
}

/// What a create call is compared by: the same name with the same settings is the same load balancer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) family: Family,
    pub(super) scheme: Scheme,
    pub(super) ip_address_type: IpAddressType,
    pub(super) source_nat_prefix: OnOff,
    pub(super) zones: Vec<Zone>,
    /// Sorted.
    pub(super) security_groups: Vec<String>,
    pub(super) customer_owned_pool: Option<String>,
    pub(super) ipv4_ipam_pool: Option<String>,
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

/// The type of a load balancer, as requests and descriptions name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Type {
    Application,
    Network,
    Gateway,
}

/// The IPAM pools that addresses come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct IpamPools {
    pub(super) ipv4_ipam_pool_id: Option<String>,
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
        (arns, []) => by_arn(all, arns, Resource::LoadBalancer)?,
        ([], names) => by_name(all, names, |item| &item.name, Resource::LoadBalancer).map_err(|error| ApiError {
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
    let Some(load_balancer) = store.load_balancers.get(&arn) else {
        return match Resource::of(&arn) {
            Some(Resource::LoadBalancer) => Ok(Done {}),
            _ => Err(Resource::LoadBalancer.missing(&arn)),
        };
    };
    if load_balancer.attributes.get(attributes::DELETION_PROTECTION).is_some_and(|value| value == "true") {
        let message = format!("Load balancer '{arn}' cannot be deleted because deletion protection is enabled");
        return Err(ApiError::new("OperationNotPermitted", message));
    }
    if let Some((group, _)) = store.group_with_target_load_balancer(&arn) {
        let message = format!("Load balancer '{arn}' is currently in use by the target group '{group}'");
        return Err(ApiError::new("ResourceInUse", message));
    }
    let mut leaving = load_balancer.clone();
    leaving.settings.zones.clear();
    set_interfaces(store, network, &leaving, now).await?;
    store.load_balancers.remove(&arn);
    let gone = store.listeners.extract_if(.., |_, listener| listener.load_balancer_arn == arn).collect::<Vec<_>>();
    for (listener, _) in gone {
        store.rules.retain(|_, rule| rule.listener_arn != listener);
    }
    for group in store.target_groups.values_mut() {
        group.described_users.remove(&arn);
    }
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
    let leftovers_until = now.instant + store.options().interface_delay;
    network.set_interfaces(store.scope(), load_balancer.interfaces(), leftovers_until).await.map_err(network_failure)
}

impl LoadBalancer {
    pub(super) fn family(&self) -> Family {
        self.settings.family
    }

    /// Whether the family is the one given; otherwise says that `what` is for the other.
    pub(super) fn require(&self, family: Family, what: &str) -> Result<(), ApiError> {
        check_family(self.family(), family, what)
    }

    /// The interfaces that it has in EC2, under a name as in AWS's ARNs.
    pub(super) fn interfaces(&self) -> LoadBalancerInterfaces {
        let kind = self.family().in_arn();
        let load_balancer = match Resource::of(&self.arn) {
            Some(Resource::LoadBalancer) => arn::path(&self.arn).to_owned(),
            _ => format!("{kind}/{}/{}", self.name, self.arn),
        };
        LoadBalancerInterfaces {
            load_balancer,
            places: self.settings.zones.iter().map(Zone::place).collect(),
            security_groups: self.settings.security_groups.clone(),
        }
    }
}

impl Type {
    /// The family; gateway load balancers are another product.
    pub(super) fn family(self) -> Result<Family, ApiError> {
        match self {
            Self::Application => Ok(Family::Application),
            Self::Network => Ok(Family::Network),
            Self::Gateway => Err(super::not_modelled("gateway load balancers")),
        }
    }
}

/// Refuses a member that the other family of load balancers has.
pub(super) fn check_family(is: Family, wanted: Family, what: &str) -> Result<(), ApiError> {
    if is == wanted {
        return Ok(());
    }
    Err(super::placement::invalid_configuration(format!(
        "{what} is not supported for load balancers of type '{}'",
        is.as_str()
    )))
}

/// Refuses an address type that load balancers of this family and scheme do not have.
pub(super) fn check_address_type(
    family: Family,
    scheme: Scheme,
    wanted: IpAddressType,
) -> Result<IpAddressType, ApiError> {
    if wanted == IpAddressType::DualstackWithoutPublicIpv4 {
        let what = "The IP address type 'dualstack-without-public-ipv4'";
        check_family(family, Family::Application, what)?;
        if scheme == Scheme::Internal {
            return Err(super::placement::invalid_configuration(format!(
                "{what} is not supported for internal load balancers"
            )));
        }
    }
    Ok(wanted)
}

impl IpAddressType {
    /// Whether clients may come over IPv6.
    pub(super) fn has_ipv6(self) -> bool {
        self != Self::Ipv4
    }
}
