//! What AWS takes as a target of each kind of group.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::super::health::TargetKey;
use super::super::network_failure;
use super::super::protocol::Family;
use super::super::quotas::Quota;
use super::super::store::Store;
use super::super::target_groups::{GroupAddressType, TargetGroup, TargetType};
use super::{Target, TargetRequest};
use crate::clock::Moment;
use crate::network::{Network, Scope, Subnet};
use crate::wire::ApiError;

/// Where AWS takes targets from besides the VPC. Source: guides, "Target type".
const PRIVATE_RANGES: &[&str] = &["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16"];

type Accepted = BTreeMap<TargetKey, Target>;

/// The targets that requests name, if AWS takes all of them.
pub(super) async fn targets(
    store: &Store,
    network: &dyn Network,
    group: &TargetGroup,
    requests: &[TargetRequest],
    now: Moment,
) -> Result<Accepted, ApiError> {
    let target_type = group.settings.target_type;
    if target_type != TargetType::Ip
        && let Some(request) = requests.iter().find(|request| request.availability_zone.is_some())
    {
        return Err(ApiError::validation(format!(
            "The Availability Zone of the target '{}' cannot be specified: it is not supported by the target type",
            request.id
        )));
    }
    let mut targets = match target_type {
        TargetType::Instance => instances(network, store.scope(), group, requests, now).await?,
        TargetType::Alb => load_balancers(store, group, requests, now)?,
        TargetType::Ip | TargetType::Lambda => addresses(network, store.scope(), group, requests, now).await?,
    };
    for request in requests {
        let server_id = server_id(group, request)?;
        let target = targets.get_mut(&group.key(request)).expect("every request was accepted");
        target.quic_server_id = server_id;
    }
    Ok(targets)
}

/// Targets of an instance group: instances of the group's VPC that run.
async fn instances(
    network: &dyn Network,
    scope: &Scope,
    group: &TargetGroup,
    requests: &[TargetRequest],
    now: Moment,
) -> Result<Accepted, ApiError> {
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
    let zone = |request: &TargetRequest| instance(&request.id).and_then(|instance| instance.zone.clone());
    Ok(requests.iter().map(|request| (group.key(request), Target::new(None, zone(request), now))).collect())
}

/// Targets of an ip group: private addresses of the group's family, outside the VPC only with a zone.
async fn addresses(
    network: &dyn Network,
    scope: &Scope,
    group: &TargetGroup,
    requests: &[TargetRequest],
    now: Moment,
) -> Result<Accepted, ApiError> {
    let vpc_id = &group.settings.vpc_id;
    let vpc = network.vpc(scope, vpc_id).await.map_err(network_failure)?;
    let cidrs = vpc.map(|vpc| vpc.cidrs).unwrap_or_default();
    let subnets = network.subnets_of_vpc(scope, vpc_id).await.map_err(network_failure)?;
    let mut targets = Accepted::new();
    for request in requests {
        let address = address(request, group.settings.ip_address_type)?;
        let inside = cidrs.iter().any(|cidr| cidr.contains(&address));
        check_zone(request, address, inside)?;
        let given = request.availability_zone.clone();
        let found = inside.then(|| zone_of(address, &subnets)).flatten();
        let zone = if inside { found } else { given.clone().filter(|zone| zone != "all") };
        targets.insert(group.key(request), Target::new(given.or_else(|| zone.clone()), zone, now));
    }
    Ok(targets)
}

/// The target of a group for a load balancer: one application load balancer of the VPC that serves, with a listener.
/// Source: Network Load Balancer guide, "Use an Application Load Balancer as a target".
fn load_balancers(
    store: &Store,
    group: &TargetGroup,
    requests: &[TargetRequest],
    now: Moment,
) -> Result<Accepted, ApiError> {
    let mut targets = Accepted::new();
    for request in requests {
        let key = group.key(request);
        let invalid = |why: &str| ApiError::new("InvalidTarget", format!("The target '{}' {why}", request.id));
        let found = store.load_balancers.get(&request.id).filter(|found| found.family() == Family::Application);
        let found = found.ok_or_else(|| invalid("is not an Application Load Balancer that exists"))?;
        if found.vpc_id != group.settings.vpc_id {
            return Err(invalid(&format!("is not in the target group VPC '{}'", group.settings.vpc_id)));
        }
        if !found.life.serves(now) {
            return Err(invalid("is not active yet"));
        }
        if !store.listeners_of(&found.arn).any(|listener| listener.port == key.port) {
            return Err(invalid(&format!("must have at least one listener on port {}", key.port)));
        }
        check_registrations(store, group, &found.arn)?;
        targets.insert(key, Target::new(None, None, now));
    }
    let standing = group.registered().map(|(key, _)| key).filter(|key| !targets.contains_key(*key)).count();
    if standing + targets.len() > 1 {
        return Err(ApiError::new(
            "TooManyTargets",
            "You have reached the maximum of 1 target for target groups with the target type 'alb'",
        ));
    }
    Ok(targets)
}

/// An application load balancer is a target of so many network load balancers at most, in a group for each.
fn check_registrations(store: &Store, group: &TargetGroup, load_balancer: &str) -> Result<(), ApiError> {
    let usage = store.usage();
    let groups = store.target_groups.values().filter(|other| {
        let target = other.registered().any(|(key, _)| key.id == load_balancer);
        other.settings.target_type == TargetType::Alb && (other.arn == group.arn || target)
    });
    let users = groups.flat_map(|group| usage.get(group.arn.as_str()).into_iter().flatten());
    let users = users.collect::<std::collections::BTreeSet<_>>();
    store.options().quotas.check(Quota::NetworkLoadBalancersPerTarget, users.len())
}

/// The server id of a target: QUIC groups need one, others have none. Source: API reference, `TargetDescription`.
fn server_id(group: &TargetGroup, request: &TargetRequest) -> Result<Option<String>, ApiError> {
    let protocol = group.settings.protocol;
    match &request.quic_server_id {
        None if protocol.carries_quic() => {
            Err(ApiError::validation(format!("A QuicServerId must be specified for targets of '{protocol}' groups")))
        }
        None => Ok(None),
        Some(_) if !protocol.carries_quic() => {
            Err(ApiError::validation(format!("A QuicServerId cannot be specified for targets of '{protocol}' groups")))
        }
        Some(id) => {
            let digits = id.strip_prefix("0x").unwrap_or_default();
            let lower = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
            if digits.len() != 16 || !digits.bytes().all(lower) {
                return Err(ApiError::validation(format!(
                    "The QuicServerId '{id}' is not valid: it is 0x and 16 lower-case hexadecimal characters"
                )));
            }
            Ok(Some(id.clone()))
        }
    }
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

/// The zone of the subnet that an address is in.
pub(in super::super) fn zone_of(address: IpAddr, subnets: &[Subnet]) -> Option<String> {
    let holds = |subnet: &&Subnet| match address {
        IpAddr::V4(address) => subnet.cidr.is_some_and(|cidr| cidr.contains(&address)),
        IpAddr::V6(address) => subnet.ipv6_cidrs.iter().any(|cidr| cidr.contains(&address)),
    };
    subnets.iter().find(holds).map(|subnet| subnet.zone.clone())
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
