//! Elastic Load Balancing v2: which operation answers which action.
//!
//! Modules in reading order: `store` (what one account in one Region holds), then one module per family of operations.
//! Each operation takes a typed request, checks what AWS checks, changes the store and answers with a typed result.
//! Where AWS's exact text was not to be found, a message says the same in AWS's manner.

mod actions;
mod admission;
mod arn;
mod attributes;
mod capacity;
mod certificates;
mod dns;
mod health;
mod health_check;
mod ip_pools;
mod limits;
mod listeners;
mod load_balancers;
mod names;
mod observed;
mod paging;
mod placement;
mod protocol;
mod quotas;
mod recorded;
mod rules;
mod settings;
mod ssl_policies;
mod store;
mod tags;
mod target_groups;
mod targets;
mod trust_stores;

use serde::Serialize;
use serde_json::Value;

use crate::clock::Moment;
use crate::network::{Network, NetworkError};
use crate::wire::{ApiError, Tree, answer, request};

pub(crate) use self::admission::{
    AdmissionError, Described, DescribedListener, DescribedLoadBalancer, DescribedRule, DescribedTargetGroup,
    DescribedTrustStore, Surroundings,
};
pub(crate) use self::certificates::{CertificateState, Certificates};
pub use self::health::{ForcedHealth, ForcedReason, ForcedState};
pub use self::load_balancers::{ForcedLoadBalancerState, LoadBalancerState};
pub use self::quotas::Quotas;
pub(crate) use self::recorded::Recorded;
pub(crate) use self::store::Store;

/// Carries out one action on the store of the caller.
pub(crate) async fn handle(
    store: &mut Store,
    network: &dyn Network,
    action: &str,
    params: &Tree,
    now: Moment,
) -> Result<Value, ApiError> {
    match action {
        "AddListenerCertificates" => reply(listeners::add(store, request(params)?)),
        "AddTags" => reply(tags::add(store, request(params)?)),
        "CreateListener" => reply(listeners::create(store, request(params)?, now)),
        "CreateLoadBalancer" => reply(load_balancers::create(store, network, request(params)?, now).await),
        "CreateRule" => reply(rules::create(store, request(params)?, now)),
        "CreateTargetGroup" => reply(target_groups::create(store, network, request(params)?).await),
        "CreateTrustStore" => reply(trust_stores::create(store, request(params)?)),
        "DeleteListener" => reply(listeners::delete(store, request(params)?, now)),
        "DeleteLoadBalancer" => reply(load_balancers::delete(store, network, request(params)?, now).await),
        "DeleteRule" => reply(rules::delete(store, request(params)?, now)),
        "DeleteTargetGroup" => reply(target_groups::delete(store, request(params)?)),
        "DeleteTrustStore" => reply(trust_stores::delete(store, request(params)?)),
        "DeregisterTargets" => reply(targets::deregister(store, request(params)?, now)),
        "DescribeAccountLimits" => reply(quotas::describe(store, request(params)?)),
        "DescribeCapacityReservation" => reply(capacity::describe(store, request(params)?, now)),
        "DescribeListenerAttributes" => reply(attributes::describe_listener(store, request(params)?)),
        "DescribeListenerCertificates" => reply(listeners::describe_certificates(store, request(params)?)),
        "DescribeListeners" => reply(listeners::describe(store, request(params)?)),
        "DescribeLoadBalancerAttributes" => reply(attributes::describe_load_balancer(store, request(params)?)),
        "DescribeLoadBalancers" => reply(load_balancers::describe(store, request(params)?, now)),
        "DescribeRules" => reply(rules::describe(store, request(params)?)),
        "DescribeSSLPolicies" => reply(ssl_policies::describe(request(params)?)),
        "DescribeTags" => reply(tags::describe(store, request(params)?)),
        "DescribeTargetGroupAttributes" => reply(attributes::describe_target_group(store, request(params)?)),
        "DescribeTargetGroups" => reply(target_groups::describe(store, request(params)?)),
        "DescribeTargetHealth" => reply(health::describe(store, network, request(params)?, now).await),
        "DescribeTrustStores" => reply(trust_stores::describe(store, request(params)?)),
        "ModifyCapacityReservation" => reply(capacity::modify(store, request(params)?, now)),
        "ModifyIpPools" => reply(ip_pools::modify(store, request(params)?)),
        "ModifyListener" => reply(listeners::modify(store, request(params)?, now)),
        "ModifyListenerAttributes" => reply(attributes::modify_listener(store, request(params)?)),
        "ModifyLoadBalancerAttributes" => reply(attributes::modify_load_balancer(store, request(params)?)),
        "ModifyRule" => reply(rules::modify(store, request(params)?, now)),
        "ModifyTargetGroup" => reply(target_groups::modify(store, request(params)?)),
        "ModifyTargetGroupAttributes" => reply(attributes::modify_target_group(store, request(params)?)),
        "RegisterTargets" => reply(targets::register(store, network, request(params)?, now).await),
        "RemoveListenerCertificates" => reply(listeners::remove(store, request(params)?)),
        "RemoveTags" => reply(tags::remove(store, request(params)?)),
        "SetIpAddressType" => reply(settings::set_ip_address_type(store, network, request(params)?).await),
        "SetRulePriorities" => reply(rules::set_priorities(store, request(params)?)),
        "SetSecurityGroups" => reply(settings::set_security_groups(store, network, request(params)?, now).await),
        "SetSubnets" => reply(settings::set_subnets(store, network, request(params)?, now).await),
        _ => Err(ApiError::invalid_action("Elastic Load Balancing v2", action)),
    }
}

/// The result of an operation that answers nothing.
#[derive(Serialize)]
struct Done {}

fn reply<A: Serialize>(result: Result<A, ApiError>) -> Result<Value, ApiError> {
    result.map(|result| answer(&result))
}

/// A member that AWS knows and the simulator does not model.
fn not_modelled(what: &str) -> ApiError {
    ApiError::validation(format!("The simulator does not model {what}"))
}

/// EC2 could not be asked. The status is not one that an SDK retries: a broken test bed must be seen, not waited for.
fn network_failure(error: NetworkError) -> ApiError {
    let reason = std::error::Error::source(&error).map(|source| format!(": {source}")).unwrap_or_default();
    ApiError::new("SimulatorNetworkFailure", format!("{error}{reason}"))
}
