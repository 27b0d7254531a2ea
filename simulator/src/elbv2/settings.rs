//! What can be changed of a load balancer that stands: subnets, security groups, address type.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::capacity::refuse_pending;
use super::load_balancers::{IpAddressType, LoadBalancer, OnOff, check_address_type, check_interfaces, set_interfaces};
use super::placement::{self, SubnetMapping, Wanted, Zone, invalid_configuration};
use super::protocol::{Family, Protocol};
use super::store::Store;
use super::target_groups::{GroupAddressType, TargetGroup};
use crate::clock::Moment;
use crate::network::Network;
use crate::wire::ApiError;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct SetSubnets {
    load_balancer_arn: String,
    subnets: Option<Vec<String>>,
    subnet_mappings: Option<Vec<SubnetMapping>>,
    ip_address_type: Option<IpAddressType>,
    enable_prefix_for_ipv6_source_nat: Option<OnOff>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SetSubnetsResult {
    availability_zones: Vec<Zone>,
    ip_address_type: IpAddressType,
    enable_prefix_for_ipv6_source_nat: Option<OnOff>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct SetSecurityGroups {
    load_balancer_arn: String,
    security_groups: Vec<String>,
    enforce_security_group_inbound_rules_on_private_link_traffic: Option<OnOff>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SetSecurityGroupsResult {
    security_group_ids: Vec<String>,
    enforce_security_group_inbound_rules_on_private_link_traffic: Option<OnOff>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct SetIpAddressType {
    load_balancer_arn: String,
    ip_address_type: IpAddressType,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SetIpAddressTypeResult {
    ip_address_type: IpAddressType,
}

/// `SetSubnets`: the subnets given replace those that stand; what stands in a zone keeps its addresses.
pub(crate) async fn set_subnets(
    store: &mut Store,
    network: &dyn Network,
    request: SetSubnets,
    now: Moment,
) -> Result<SetSubnetsResult, ApiError> {
    let current = store.load_balancer(&request.load_balancer_arn)?;
    let (family, scheme) = (current.family(), current.settings.scheme);
    if request.enable_prefix_for_ipv6_source_nat.is_some() {
        current.require(Family::Network, "EnablePrefixForIpv6SourceNat")?;
    }
    refuse_pending(current, now)?;
    let mut changed = current.clone();
    let wanted_type = request.ip_address_type.unwrap_or(current.settings.ip_address_type);
    let ip_address_type = check_address_type(family, scheme, wanted_type)?;
    let source_nat_prefix = request.enable_prefix_for_ipv6_source_nat.unwrap_or(current.settings.source_nat_prefix);
    check_listeners(store, current, ip_address_type, source_nat_prefix)?;
    let wanted = Wanted {
        family,
        mappings: placement::mappings(request.subnets, request.subnet_mappings)?,
        scheme,
        ip_address_type,
        source_nat_prefix,
        standing: &current.settings.zones,
        taken: store.allocations_of_others(|other| other.arn == current.arn),
    };
    let placement = placement::place(network, store.scope(), wanted).await?;
    if placement.vpc_id != current.vpc_id {
        return Err(invalid_configuration(format!("The subnets must belong to the VPC '{}'", current.vpc_id)));
    }
    if family == Family::Network {
        check_interfaces(store, &current.vpc_id, placement.zones.len(), Some(&current.arn))?;
    }
    changed.settings.zones = keep_addresses(placement.zones, &current.settings.zones)?;
    changed.settings.ip_address_type = ip_address_type;
    changed.settings.source_nat_prefix = source_nat_prefix;
    set_interfaces(store, network, &changed, now).await?;
    let result = SetSubnetsResult {
        availability_zones: changed.settings.zones.clone(),
        ip_address_type,
        enable_prefix_for_ipv6_source_nat: (family == Family::Network).then_some(source_nat_prefix),
    };
    *store.load_balancer_mut(&request.load_balancer_arn)? = changed;
    Ok(result)
}

/// `SetSecurityGroups`: a network load balancer that was made without any can never get one, and none loses its last.
pub(crate) async fn set_security_groups(
    store: &mut Store,
    network: &dyn Network,
    request: SetSecurityGroups,
    now: Moment,
) -> Result<SetSecurityGroupsResult, ApiError> {
    let mut changed = store.load_balancer(&request.load_balancer_arn)?.clone();
    let enforce = request.enforce_security_group_inbound_rules_on_private_link_traffic;
    if enforce.is_some() {
        changed.require(Family::Network, "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic")?;
    }
    if changed.family() == Family::Network && !changed.made_with_security_groups {
        return Err(invalid_configuration(
            "You cannot set security groups on a Network Load Balancer which was created without any security groups.",
        ));
    }
    let mut security_groups = request.security_groups;
    if security_groups.is_empty() {
        return Err(invalid_configuration("You must specify at least one security group"));
    }
    placement::check_security_groups(network, store.scope(), &changed.vpc_id, &security_groups).await?;
    security_groups.sort();
    security_groups.dedup();
    changed.settings.security_groups = security_groups;
    changed.enforce_on_private_link = enforce.unwrap_or(changed.enforce_on_private_link);
    set_interfaces(store, network, &changed, now).await?;
    let result = SetSecurityGroupsResult {
        security_group_ids: changed.settings.security_groups.clone(),
        enforce_security_group_inbound_rules_on_private_link_traffic: (changed.family() == Family::Network)
            .then_some(changed.enforce_on_private_link),
    };
    *store.load_balancer_mut(&request.load_balancer_arn)? = changed;
    Ok(result)
}

/// `SetIpAddressType`.
pub(crate) async fn set_ip_address_type(
    store: &mut Store,
    network: &dyn Network,
    request: SetIpAddressType,
) -> Result<SetIpAddressTypeResult, ApiError> {
    let current = store.load_balancer(&request.load_balancer_arn)?;
    let settings = &current.settings;
    let ip_address_type = check_address_type(settings.family, settings.scheme, request.ip_address_type)?;
    check_listeners(store, current, ip_address_type, settings.source_nat_prefix)?;
    if ip_address_type == IpAddressType::Ipv4 && settings.source_nat_prefix == OnOff::On {
        return Err(invalid_configuration("EnablePrefixForIpv6SourceNat can only be on for dualstack load balancers"));
    }
    let ids = settings.zones.iter().map(|zone| zone.subnet_id.clone());
    let wanted = Wanted {
        family: settings.family,
        mappings: placement::mappings(Some(ids.collect()), None)?,
        scheme: settings.scheme,
        ip_address_type,
        source_nat_prefix: settings.source_nat_prefix,
        standing: &settings.zones,
        taken: BTreeSet::new(),
    };
    placement::place(network, store.scope(), wanted).await?;
    store.load_balancer_mut(&request.load_balancer_arn)?.settings.ip_address_type = ip_address_type;
    Ok(SetIpAddressTypeResult { ip_address_type })
}

/// Refuses an address type that a listener, or a group that one forwards to, cannot have.
fn check_listeners(
    store: &Store,
    load_balancer: &LoadBalancer,
    ip_address_type: IpAddressType,
    source_nat_prefix: OnOff,
) -> Result<(), ApiError> {
    for listener in store.listeners_of(&load_balancer.arn) {
        check_datagrams(listener.protocol, ip_address_type, source_nat_prefix)?;
    }
    for group in store.groups_of(&load_balancer.arn) {
        check_group_addresses(group, load_balancer, ip_address_type)?;
    }
    Ok(())
}

/// Groups with IPv6 targets need a load balancer that has IPv6.
pub(super) fn check_group_addresses(
    group: &TargetGroup,
    load_balancer: &LoadBalancer,
    ip_address_type: IpAddressType,
) -> Result<(), ApiError> {
    if group.settings.ip_address_type == GroupAddressType::Ipv6 && !ip_address_type.has_ipv6() {
        return Err(invalid_configuration(format!(
            "The target group '{}' with the IP address type 'ipv6' needs a load balancer with the IP address type \
             'dualstack'; '{}' has 'ipv4'",
            group.arn, load_balancer.arn
        )));
    }
    Ok(())
}

/// Refuses a UDP listener on a dual-stack load balancer without source NAT prefixes, and any QUIC listener on one.
pub(super) fn check_datagrams(
    protocol: Protocol,
    ip_address_type: IpAddressType,
    prefix: OnOff,
) -> Result<(), ApiError> {
    if ip_address_type != IpAddressType::Dualstack {
        return Ok(());
    }
    if protocol.carries_quic() {
        return Err(invalid_configuration(format!("A dualstack load balancer cannot have '{protocol}' listeners")));
    }
    if protocol.carries_udp() && prefix == OnOff::Off {
        return Err(invalid_configuration(format!(
            "A dualstack load balancer has '{protocol}' listeners only if EnablePrefixForIpv6SourceNat is on"
        )));
    }
    Ok(())
}

fn keep_addresses(mut zones: Vec<Zone>, standing: &[Zone]) -> Result<Vec<Zone>, ApiError> {
    for zone in &mut zones {
        let Some(old) = standing.iter().find(|old| old.subnet_id == zone.subnet_id) else {
            continue;
        };
        if zone.load_balancer_addresses.is_empty() {
            zone.load_balancer_addresses.clone_from(&old.load_balancer_addresses);
        } else if zone.load_balancer_addresses != old.load_balancer_addresses {
            return Err(invalid_configuration(format!(
                "The addresses of the load balancer in the subnet '{}' cannot be changed",
                zone.subnet_id
            )));
        }
    }
    Ok(zones)
}
