//! Where a load balancer stands: its subnets, one per zone, and its security groups.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::Ipv6Net;
use serde::{Deserialize, Serialize};

use super::load_balancers::{IpAddressType, OnOff, Scheme, check_family};
use super::network_failure;
use super::protocol::Family;
use crate::network::{ElasticAddress, Network, Place, Scope, Subnet};
use crate::wire::ApiError;

/// Free addresses that AWS asks of each subnet of an application load balancer or an internet-facing network load
/// balancer. Source: guides, "Subnets for your load balancer" and "Availability Zones".
const FREE_ADDRESSES: u32 = 8;
/// The longest prefix of a subnet of an application load balancer. Source: guide, "Subnets for your load balancer".
const LONGEST_PREFIX: u8 = 27;
/// Zones that an application load balancer is in, at least.
const LEAST_ZONES: usize = 2;

/// One subnet as requests name it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct SubnetMapping {
    pub(crate) subnet_id: String,
    pub(crate) allocation_id: Option<String>,
    #[serde(rename = "PrivateIPv4Address")]
    pub(crate) private_ipv4_address: Option<Ipv4Addr>,
    #[serde(rename = "IPv6Address")]
    pub(crate) ipv6_address: Option<Ipv6Addr>,
    pub(crate) source_nat_ipv6_prefix: Option<String>,
}

/// One zone of a load balancer, as answers show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Zone {
    pub(crate) zone_name: String,
    pub(crate) subnet_id: String,
    /// Of a subnet on an Outpost, which only an account description can name.
    pub(crate) outpost_id: Option<String>,
    pub(crate) load_balancer_addresses: Vec<Address>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) source_nat_ipv6_prefixes: Vec<String>,
}

/// Addresses that were chosen for a load balancer in one zone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default, deny_unknown_fields)]
pub(crate) struct Address {
    /// The Elastic IP address that the allocation id names.
    pub(crate) ip_address: Option<Ipv4Addr>,
    pub(crate) allocation_id: Option<String>,
    #[serde(rename = "PrivateIPv4Address")]
    pub(crate) private_ipv4_address: Option<Ipv4Addr>,
    #[serde(rename = "IPv6Address")]
    pub(crate) ipv6_address: Option<Ipv6Addr>,
}

/// What is asked for, and what of it stands already.
pub(crate) struct Wanted<'a> {
    pub(crate) family: Family,
    pub(crate) mappings: Vec<SubnetMapping>,
    pub(crate) scheme: Scheme,
    pub(crate) ip_address_type: IpAddressType,
    pub(crate) source_nat_prefix: OnOff,
    pub(crate) standing: &'a [Zone],
    /// The Elastic IP addresses of the other load balancers.
    pub(crate) taken: BTreeSet<String>,
}

/// Subnets that passed AWS's checks.
#[derive(Debug)]
pub(crate) struct Placement {
    pub(crate) vpc_id: String,
    /// Sorted by zone.
    pub(crate) zones: Vec<Zone>,
}

/// The members `Subnets` and `SubnetMappings` as one list: exactly one of them is to be given.
pub(crate) fn mappings(
    subnets: Option<Vec<String>>,
    mappings: Option<Vec<SubnetMapping>>,
) -> Result<Vec<SubnetMapping>, ApiError> {
    let list = match (subnets, mappings) {
        (Some(_), Some(_)) => {
            return Err(ApiError::validation("You must specify either subnets or subnet mappings, but not both"));
        }
        (None, mappings) => mappings.unwrap_or_default(),
        (Some(subnets), None) => subnets.into_iter().map(SubnetMapping::of).collect(),
    };
    if list.is_empty() {
        return Err(ApiError::validation("At least one subnet must be specified"));
    }
    Ok(list)
}

/// Checks subnets as `CreateLoadBalancer` and `SetSubnets` do.
pub(crate) async fn place(network: &dyn Network, scope: &Scope, wanted: Wanted<'_>) -> Result<Placement, ApiError> {
    let ids = wanted.mappings.iter().map(|mapping| mapping.subnet_id.clone()).collect::<Vec<_>>();
    let subnets = network.subnets(scope, &ids).await.map_err(network_failure)?;
    let elastic = elastic_addresses(network, scope, &wanted).await?;
    let mut zones = Vec::new();
    let mut vpcs = BTreeSet::new();
    for mapping in &wanted.mappings {
        let subnet = subnets.iter().find(|subnet| subnet.id == mapping.subnet_id).ok_or_else(|| {
            ApiError::new("SubnetNotFound", format!("The subnet ID '{}' does not exist", mapping.subnet_id))
        })?;
        check_subnet(subnet, scope, &wanted)?;
        vpcs.insert(subnet.vpc_id.clone());
        zones.push(zone(mapping, subnet, &wanted, &elastic)?);
    }
    let vpc_id = vpcs.pop_first().expect("there is at least one subnet");
    if !vpcs.is_empty() {
        return Err(invalid_configuration("All subnets of a load balancer must belong to the same VPC"));
    }
    zones.sort_by(|one, other| one.zone_name.cmp(&other.zone_name));
    if zones.windows(2).any(|pair| pair[0].zone_name == pair[1].zone_name) {
        return Err(invalid_configuration(
            "A load balancer cannot be attached to multiple subnets in the same Availability Zone",
        ));
    }
    check_zones(&zones, scope, wanted.family)?;
    Ok(Placement { vpc_id, zones })
}

/// The Elastic IP addresses that are asked for. Each can be had once: by this load balancer in this subnet already, or by
/// nobody.
async fn elastic_addresses(
    network: &dyn Network,
    scope: &Scope,
    wanted: &Wanted<'_>,
) -> Result<Vec<ElasticAddress>, ApiError> {
    let asked = wanted.mappings.iter().filter_map(|mapping| mapping.allocation_id.clone());
    let asked = asked.collect::<Vec<_>>();
    if asked.is_empty() || wanted.family == Family::Application {
        return Ok(Vec::new());
    }
    if wanted.scheme == Scheme::Internal {
        return Err(invalid_configuration("Elastic IPs are not supported for load balancers with scheme 'internal'"));
    }
    let found = network.elastic_addresses(scope, &asked).await.map_err(network_failure)?;
    if let Some(missing) = asked.iter().find(|id| !found.iter().any(|address| address.allocation_id == **id)) {
        return Err(ApiError::new("AllocationIdNotFound", format!("The allocation ID '{missing}' does not exist")));
    }
    let in_use = |mapping: &SubnetMapping, id: &String| {
        let stands = wanted.standing.iter().any(|zone| zone.subnet_id == mapping.subnet_id && zone.has(id));
        let is_associated = found.iter().any(|address| address.allocation_id == *id && address.is_associated);
        !stands && (is_associated || wanted.taken.contains(id))
    };
    let mut mapped = wanted.mappings.iter().filter_map(|mapping| Some((mapping, mapping.allocation_id.as_ref()?)));
    let distinct = asked.iter().collect::<BTreeSet<_>>();
    if distinct.len() < asked.len() || mapped.any(|(mapping, id)| in_use(mapping, id)) {
        return Err(ApiError::new("ResourceInUse", "The allocation IDs are not available for use"));
    }
    Ok(found)
}

/// Two zones for an application load balancer, unless all are Local Zones.
fn check_zones(zones: &[Zone], scope: &Scope, family: Family) -> Result<(), ApiError> {
    let local = zones.iter().all(|zone| is_local_zone(&zone.zone_name, scope));
    if family == Family::Application && zones.len() < LEAST_ZONES && !local {
        return Err(ApiError::validation("At least two subnets in two different Availability Zones must be specified"));
    }
    Ok(())
}

/// Names of Local Zones follow the Region's: `us-west-2-lax-1a`. Those of Availability Zones add a letter to it.
fn is_local_zone(zone: &str, scope: &Scope) -> bool {
    zone.strip_prefix(&scope.region).is_some_and(|rest| rest.starts_with('-'))
}

/// Refuses security groups that do not exist or belong to another VPC.
pub(crate) async fn check_security_groups(
    network: &dyn Network,
    scope: &Scope,
    vpc_id: &str,
    ids: &[String],
) -> Result<(), ApiError> {
    if ids.is_empty() {
        return Ok(());
    }
    let found = network.security_groups(scope, ids).await.map_err(network_failure)?;
    for id in ids {
        let Some(group) = found.iter().find(|group| &group.id == id) else {
            return Err(ApiError::new("InvalidSecurityGroup", format!("The security group '{id}' does not exist")));
        };
        if group.vpc_id != vpc_id {
            return Err(invalid_configuration("One or more security groups are invalid"));
        }
    }
    Ok(())
}

/// A request that AWS calls contradictory.
pub(crate) fn invalid_configuration(message: impl Into<String>) -> ApiError {
    ApiError::new("InvalidConfigurationRequest", message)
}

impl Zone {
    /// The interface in it.
    pub(crate) fn place(&self) -> Place {
        let addresses = || self.load_balancer_addresses.iter();
        Place {
            subnet: self.subnet_id.clone(),
            private_address: addresses().find_map(|address| address.private_ipv4_address),
            allocation_id: addresses().find_map(|address| address.allocation_id.clone()),
        }
    }

    fn has(&self, allocation_id: &str) -> bool {
        self.allocations().any(|id| id == allocation_id)
    }

    /// The Elastic IP addresses in it.
    pub(crate) fn allocations(&self) -> impl Iterator<Item = &String> {
        self.load_balancer_addresses.iter().filter_map(|address| address.allocation_id.as_ref())
    }
}

impl SubnetMapping {
    fn of(subnet_id: String) -> Self {
        Self {
            subnet_id,
            allocation_id: None,
            private_ipv4_address: None,
            ipv6_address: None,
            source_nat_ipv6_prefix: None,
        }
    }
}

fn check_subnet(subnet: &Subnet, scope: &Scope, wanted: &Wanted<'_>) -> Result<(), ApiError> {
    let stands = wanted.standing.iter().any(|zone| zone.subnet_id == subnet.id);
    let application = wanted.family == Family::Application;
    if application && subnet.cidr.is_some_and(|cidr| cidr.prefix_len() > LONGEST_PREFIX) {
        let message = format!("The CIDR block of the subnet '{}' must be a /{LONGEST_PREFIX} or larger", subnet.id);
        return Err(ApiError::new("InvalidSubnet", message));
    }
    if !application && is_local_zone(&subnet.zone, scope) {
        let message = format!("Load balancers of type 'network' are not supported in the zone '{}'", subnet.zone);
        return Err(ApiError::new("AvailabilityZoneNotSupported", message));
    }
    let counted = application || wanted.scheme == Scheme::InternetFacing;
    if !stands && counted && subnet.free_addresses < FREE_ADDRESSES {
        return Err(ApiError::new(
            "InvalidSubnet",
            format!(
                "Not enough IP space available in {}. ELB requires at least {FREE_ADDRESSES} free IP addresses in each subnet.",
                subnet.id
            ),
        ));
    }
    if wanted.ip_address_type.has_ipv6() && subnet.ipv6_cidrs.is_empty() {
        return Err(invalid_configuration("You must specify subnets with an associated IPv6 CIDR block."));
    }
    match wanted.standing.iter().find(|zone| zone.zone_name == subnet.zone) {
        // One call cannot swap the subnet of a network load balancer's zone: the zone is removed first.
        // Source: guide, "Update the zones".
        Some(zone) if zone.subnet_id != subnet.id && !application => Err(invalid_configuration(format!(
            "The Availability Zone '{}' is already enabled with the subnet '{}'",
            zone.zone_name, zone.subnet_id
        ))),
        _ => Ok(()),
    }
}

fn zone(
    mapping: &SubnetMapping,
    subnet: &Subnet,
    wanted: &Wanted<'_>,
    elastic: &[ElasticAddress],
) -> Result<Zone, ApiError> {
    if wanted.family == Family::Application {
        refuse_addresses(mapping)?;
    }
    check_private_address(mapping, subnet, wanted)?;
    check_ipv6_address(mapping, subnet, wanted)?;
    let elastic = mapping.allocation_id.as_ref().and_then(|id| elastic.iter().find(|one| one.allocation_id == *id));
    let address = Address {
        ip_address: elastic.and_then(|one| one.public_ip),
        allocation_id: mapping.allocation_id.clone(),
        private_ipv4_address: mapping.private_ipv4_address,
        ipv6_address: mapping.ipv6_address,
    };
    let chosen = address != Address::default();
    Ok(Zone {
        zone_name: subnet.zone.clone(),
        subnet_id: subnet.id.clone(),
        outpost_id: None,
        load_balancer_addresses: chosen.then_some(address).into_iter().collect(),
        source_nat_ipv6_prefixes: source_nat_prefix(mapping, subnet, wanted)?.into_iter().collect(),
    })
}

/// An application load balancer's addresses cannot be chosen.
fn refuse_addresses(mapping: &SubnetMapping) -> Result<(), ApiError> {
    let members = [
        (mapping.allocation_id.is_some(), "AllocationId"),
        (mapping.private_ipv4_address.is_some(), "PrivateIPv4Address"),
        (mapping.ipv6_address.is_some(), "IPv6Address"),
        (mapping.source_nat_ipv6_prefix.is_some(), "SourceNatIpv6Prefix"),
    ];
    let given = members.into_iter().find(|(given, _)| *given);
    given.map_or(Ok(()), |(_, member)| check_family(Family::Application, Family::Network, member))
}

fn check_private_address(mapping: &SubnetMapping, subnet: &Subnet, wanted: &Wanted<'_>) -> Result<(), ApiError> {
    let Some(address) = mapping.private_ipv4_address else {
        return Ok(());
    };
    if wanted.scheme == Scheme::InternetFacing {
        return Err(invalid_configuration("Private IPv4 addresses can only be specified for internal load balancers"));
    }
    if !subnet.cidr.is_some_and(|cidr| cidr.contains(&address)) {
        return Err(ApiError::validation(format!("The address '{address}' is not in the subnet '{}'", subnet.id)));
    }
    Ok(())
}

fn check_ipv6_address(mapping: &SubnetMapping, subnet: &Subnet, wanted: &Wanted<'_>) -> Result<(), ApiError> {
    let Some(address) = mapping.ipv6_address else {
        return Ok(());
    };
    if wanted.ip_address_type != IpAddressType::Dualstack {
        return Err(invalid_configuration("IPv6 addresses can only be specified for dualstack load balancers"));
    }
    if !subnet.ipv6_cidrs.iter().any(|cidr| cidr.contains(&address)) {
        return Err(ApiError::validation(format!("The address '{address}' is not in the subnet '{}'", subnet.id)));
    }
    Ok(())
}

/// The /80 that a zone translates IPv6 source addresses to: the one given, or the first of the subnet.
fn source_nat_prefix(
    mapping: &SubnetMapping,
    subnet: &Subnet,
    wanted: &Wanted<'_>,
) -> Result<Option<String>, ApiError> {
    let given = mapping.source_nat_ipv6_prefix.as_deref();
    if wanted.source_nat_prefix == OnOff::Off {
        return match given {
            None => Ok(None),
            Some(_) => {
                Err(invalid_configuration("EnablePrefixForIpv6SourceNat must be on to specify a source NAT prefix"))
            }
        };
    }
    if wanted.ip_address_type != IpAddressType::Dualstack {
        return Err(invalid_configuration("EnablePrefixForIpv6SourceNat can only be on for dualstack load balancers"));
    }
    let Some(given) = given.filter(|given| *given != "auto_assigned") else {
        let block = subnet.ipv6_cidrs.first().map(Ipv6Net::network);
        return Ok(block.map(|block| format!("{block}/80")));
    };
    match given.parse::<Ipv6Net>() {
        Ok(prefix) if prefix.prefix_len() == 80 && subnet.ipv6_cidrs.iter().any(|cidr| cidr.contains(&prefix)) => {
            Ok(Some(prefix.to_string()))
        }
        _ => Err(ApiError::validation(format!("'{given}' is not a /80 of the subnet '{}'", subnet.id))),
    }
}
