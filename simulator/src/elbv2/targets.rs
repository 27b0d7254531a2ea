//! Targets: register and deregister.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use serde::Deserialize;
use tokio::time::Instant;

use super::attributes::DEREGISTRATION_DELAY;
use super::health::TargetKey;
use super::listeners::Port;
use super::quotas::Quota;
use super::store::Store;
use super::target_groups::{GroupAddressType, TargetGroup, TargetType};
use super::{Done, network_failure};
use crate::clock::Moment;
use crate::network::{Network, Scope};
use crate::wire::ApiError;
use crate::wire::constraint::List;

/// Where AWS takes targets from besides the VPC. Source: Network Load Balancer guide, "Target type".
const PRIVATE_RANGES: &[&str] = &["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16"];

/// A registered target.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// As requests gave it and answers show it.
    pub(super) availability_zone: Option<String>,
    /// The zone that an instance is in.
    pub(super) instance_zone: Option<String>,
    pub(super) registered: Instant,
    /// Set once it is deregistered: gone from then on.
    pub(super) draining_until: Option<Instant>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Targets {
    target_group_arn: String,
    targets: List<TargetRequest, 1, 1000>,
}

/// A target as requests name it; without a port it is the group's.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct TargetRequest {
    pub(super) id: String,
    pub(super) port: Option<Port>,
    pub(super) availability_zone: Option<String>,
}

/// `RegisterTargets`: all or none. A target that is registered stays as it is; one that drains is registered anew.
pub(crate) async fn register(
    store: &mut Store,
    network: &dyn Network,
    request: Targets,
    now: Moment,
) -> Result<Done, ApiError> {
    let group = store.target_group(&request.target_group_arn)?;
    let targets = match group.settings.target_type {
        TargetType::Instance => instances(network, store.scope(), group, request.targets.as_slice(), now).await?,
        _ => addresses(network, store.scope(), group, request.targets.as_slice(), now).await?,
    };
    let before = group.targets.clone();
    let group = store.target_group_mut(&request.target_group_arn)?;
    group.forget_drained(now);
    for (key, target) in targets {
        let standing = group.targets.get(&key).is_some_and(|standing| standing.draining_until.is_none());
        if !standing {
            group.targets.insert(key, target);
        }
    }
    if let Err(refusal) = check_quotas(store, &request.target_group_arn) {
        store.target_group_mut(&request.target_group_arn)?.targets = before;
        return Err(refusal);
    }
    Ok(Done {})
}

/// `DeregisterTargets`: what is not registered is deregistered already.
pub(crate) fn deregister(store: &mut Store, request: Targets, now: Moment) -> Result<Done, ApiError> {
    let cap = store.options().drain_cap;
    let group = store.target_group_mut(&request.target_group_arn)?;
    group.forget_drained(now);
    let until = now.instant + group.deregistration_delay().min(cap);
    for target in request.targets.iter() {
        let key = group.key(target);
        // Nothing flows to a target of a group that is not in use, so there is nothing to drain.
        if group.in_use_since.is_none() {
            group.targets.remove(&key);
        } else if let Some(target) = group.targets.get_mut(&key) {
            target.draining_until.get_or_insert(until);
        }
    }
    Ok(Done {})
}

/// Refuses more targets than a load balancer may have, over all its listeners' groups.
pub(super) fn check_targets_of_load_balancer(store: &Store, load_balancer: &str) -> Result<(), ApiError> {
    let usage = store.usage();
    let groups = usage.iter().filter(|(_, users)| users.contains(load_balancer)).map(|(group, _)| group);
    let mut total = 0;
    let mut per_zone = BTreeMap::<&str, usize>::new();
    for arn in groups {
        for target in store.target_group(arn)?.registered() {
            total += 1;
            if let Some(zone) = &target.instance_zone {
                *per_zone.entry(zone).or_default() += 1;
            }
        }
    }
    let quotas = &store.options().quotas;
    let attributes = &store.load_balancer(load_balancer)?.attributes;
    let fullest = per_zone.values().copied().max().unwrap_or(0);
    // With cross-zone load balancing the quota of one zone is the quota of all. Source: Network Load Balancer quotas.
    let cross_zone = attributes.get("load_balancing.cross_zone.enabled").is_some_and(|value| value == "true");
    quotas.check(Quota::TargetsPerZoneAndNetworkLoadBalancer, if cross_zone { total } else { fullest })?;
    quotas.check(Quota::TargetsPerNetworkLoadBalancer, total)
}

impl TargetGroup {
    /// The targets that are not draining.
    fn registered(&self) -> impl Iterator<Item = &Target> {
        self.targets.values().filter(|target| target.draining_until.is_none())
    }

    /// Which target a request names.
    pub(super) fn key(&self, target: &TargetRequest) -> TargetKey {
        TargetKey { id: target.id.clone(), port: target.port.map_or(self.settings.port, Port::get) }
    }

    fn forget_drained(&mut self, now: Moment) {
        self.targets.retain(|_, target| target.draining_until.is_none_or(|until| now.instant < until));
    }

    /// How long a target of the group drains.
    pub(super) fn deregistration_delay(&self) -> Duration {
        let seconds = self.attributes.get(DEREGISTRATION_DELAY).and_then(|seconds| seconds.parse().ok());
        Duration::from_secs(seconds.unwrap_or_default())
    }
}

fn check_quotas(store: &Store, arn: &str) -> Result<(), ApiError> {
    let group = store.target_group(arn)?;
    store.options().quotas.check(Quota::TargetsPerTargetGroup, group.registered().count())?;
    let usage = store.usage();
    let mut users = usage.get(arn).into_iter().flatten();
    users.try_for_each(|user| check_targets_of_load_balancer(store, user))
}

/// Targets of an instance group: instances of the group's VPC that run.
async fn instances(
    network: &dyn Network,
    scope: &Scope,
    group: &TargetGroup,
    requests: &[TargetRequest],
    now: Moment,
) -> Result<BTreeMap<TargetKey, Target>, ApiError> {
    if let Some(wrong) = requests.iter().find(|request| !is_instance_id(&request.id)) {
        return Err(ApiError::validation(format!("Instance ID '{}' is not valid", wrong.id)));
    }
    let ids = requests.iter().map(|request| request.id.clone()).collect::<Vec<_>>();
    let found = network.instances(scope, &ids).await.map_err(network_failure)?;
    let instance = |id: &str| found.iter().find(|instance| instance.id == id);
    let vpc_id = &group.settings.vpc_id;
    refuse(requests, "do not exist", |id| instance(id).is_none())?;
    let running = |id: &str| instance(id).is_some_and(|instance| instance.state == "running");
    refuse(requests, "are not in a running state and cannot be registered", |id| !running(id))?;
    let here = |id: &str| instance(id).is_some_and(|instance| instance.vpc_id.as_ref() == Some(vpc_id));
    refuse(requests, &format!("are not in the target group VPC '{vpc_id}'"), |id| !here(id))?;
    let target = |request: &TargetRequest| Target {
        availability_zone: request.availability_zone.clone(),
        instance_zone: instance(&request.id).and_then(|instance| instance.zone.clone()),
        registered: now.instant,
        draining_until: None,
    };
    Ok(requests.iter().map(|request| (group.key(request), target(request))).collect())
}

/// Targets of an ip group: private addresses of the group's family, outside the VPC only with a zone.
async fn addresses(
    network: &dyn Network,
    scope: &Scope,
    group: &TargetGroup,
    requests: &[TargetRequest],
    now: Moment,
) -> Result<BTreeMap<TargetKey, Target>, ApiError> {
    let vpc = network.vpc(scope, &group.settings.vpc_id).await.map_err(network_failure)?;
    let cidrs = vpc.map(|vpc| vpc.cidrs).unwrap_or_default();
    let mut targets = BTreeMap::new();
    for request in requests {
        let address = address(request, group.settings.ip_address_type)?;
        let inside = cidrs.iter().any(|cidr| cidr.contains(&address));
        check_zone(request, address, inside)?;
        let target = Target {
            availability_zone: request.availability_zone.clone(),
            instance_zone: None,
            registered: now.instant,
            draining_until: None,
        };
        targets.insert(group.key(request), target);
    }
    Ok(targets)
}

fn refuse(requests: &[TargetRequest], why: &str, wrong: impl Fn(&str) -> bool) -> Result<(), ApiError> {
    let named = requests.iter().filter(|request| wrong(&request.id)).map(|request| format!("'{}'", request.id));
    let named = named.collect::<Vec<_>>();
    if named.is_empty() {
        return Ok(());
    }
    Err(ApiError::new("InvalidTarget", format!("The following targets {why}: {}", named.join(", "))))
}

fn is_instance_id(id: &str) -> bool {
    id.strip_prefix("i-")
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'))
}

fn address(request: &TargetRequest, family: GroupAddressType) -> Result<IpAddr, ApiError> {
    let (words, address) = match family {
        GroupAddressType::Ipv4 => ("IPv4", request.id.parse().ok().map(IpAddr::V4)),
        GroupAddressType::Ipv6 => ("IPv6", request.id.parse().ok().map(IpAddr::V6)),
    };
    address
        .ok_or_else(|| ApiError::validation(format!("The IP address '{}' is not a valid {words} address", request.id)))
}

fn check_zone(request: &TargetRequest, address: IpAddr, inside: bool) -> Result<(), ApiError> {
    let zone = request.availability_zone.as_deref();
    if inside {
        return match zone {
            Some("all") => Err(ApiError::validation(format!(
                "The IP address '{address}' is within the VPC, and cannot have its Availability Zone overridden to 'all'"
            ))),
            _ => Ok(()),
        };
    }
    let allowed =
        PRIVATE_RANGES.iter().any(|range| range.parse::<ipnet::IpNet>().is_ok_and(|range| range.contains(&address)));
    if !allowed {
        return Err(ApiError::validation(format!(
            "The IP address '{address}' must be from the subnets of the VPC or from the ranges {}",
            PRIVATE_RANGES.join(", ")
        )));
    }
    if zone.is_none() {
        return Err(ApiError::validation(format!(
            "The Availability Zone is required for IP address '{address}' because it is not in the VPC"
        )));
    }
    Ok(())
}
