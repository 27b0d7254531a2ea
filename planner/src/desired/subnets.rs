//! The subnets of a load balancer: those that an annotation names, or discovered ones (`service-nlb.md` §3.5).

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::{Facts, RouteTable, Subnet, ZoneType};
use crate::id::{AvailabilityZone, ClusterName, Scheme, SubnetId};
use crate::problem::Problem;
use crate::spec::service::SubnetName;

/// AWS's own minimum for an internet-facing load balancer.
const MIN_FREE_ADDRESSES: u32 = 8;
const CLUSTER_TAG_PREFIX: &str = "kubernetes.io/cluster/";

/// The subnets chosen, in order, and how.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Chosen {
    pub(super) subnets: Vec<SubnetId>,
    pub(super) reason: String,
}

/// The tag that marks subnets for load balancers of a scheme.
pub(super) fn role_tag(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Internal => "kubernetes.io/role/internal-elb",
        Scheme::InternetFacing => "kubernetes.io/role/elb",
    }
}

/// Resolves the subnets that the annotation names, in its order.
pub(super) fn named(names: &[SubnetName], facts: &Facts, vpc: &crate::id::VpcId) -> Result<Chosen, Problem> {
    let mut chosen: Vec<&Subnet> = Vec::new();
    let mut missing = Vec::new();
    for name in names {
        let found = match name {
            SubnetName::Id(id) => facts.subnets.get(id),
            SubnetName::NameTag(name) => facts
                .subnets
                .values()
                .filter(|subnet| subnet.vpc == *vpc && subnet.tags.get("Name") == Some(name))
                // A name given twice means two subnets of that name (the n-th takes the n-th).
                .find(|subnet| !chosen.iter().any(|other| other.id == subnet.id)),
        };
        match (found, name) {
            (Some(subnet), _) => chosen.push(subnet),
            (None, SubnetName::Id(id)) => missing.push(id.to_string()),
            (None, SubnetName::NameTag(name)) => missing.push(format!("Name={name}")),
        }
    }
    if !missing.is_empty() {
        return Err(Problem::general(format!("no such subnet: {}", missing.join(", ")))
            .hint("name subnets by id (subnet-…) or by the value of their Name tag"));
    }
    let ids = chosen.iter().map(|subnet| &subnet.id).collect::<BTreeSet<_>>();
    if ids.len() != chosen.len() {
        return Err(Problem::general("a subnet is named twice").hint("name each subnet once"));
    }
    one_per_zone(&chosen)?;
    one_locale(&chosen, facts)?;
    Ok(Chosen {
        subnets: chosen.iter().map(|subnet| subnet.id.clone()).collect(),
        reason: "subnets as the annotation names them".to_owned(),
    })
}

/// Finds subnets by role tag, or by where their routes lead when none carries it.
pub(super) fn discovered(
    scheme: Scheme,
    facts: &Facts,
    cluster: &ClusterName,
    vpc: &crate::id::VpcId,
) -> Result<Chosen, Problem> {
    let role = role_tag(scheme);
    let of_vpc = || facts.subnets.values().filter(|subnet| subnet.vpc == *vpc);
    let tagged = of_vpc().filter(|subnet| has_role(subnet, role)).collect::<Vec<_>>();
    let (candidates, how) = if tagged.is_empty() {
        let tables = facts.route_tables.as_deref().unwrap_or_default();
        let fits = |subnet: &&Subnet| reachability(subnet, tables) == Some(scheme);
        (of_vpc().filter(fits).collect::<Vec<_>>(), "found by their routes")
    } else {
        (tagged, "found by their role tag")
    };
    let own_tag = format!("{CLUSTER_TAG_PREFIX}{cluster}");
    let others = of_vpc().filter(|subnet| !candidates.iter().any(|other| other.id == subnet.id)).collect::<Vec<_>>();
    let mut dropped: BTreeMap<&SubnetId, String> = BTreeMap::new();
    let mut by_zone: BTreeMap<&AvailabilityZone, Vec<&Subnet>> = BTreeMap::new();
    for subnet in candidates {
        match unfit(subnet, &own_tag) {
            Some(why) => _ = dropped.insert(&subnet.id, why),
            None => by_zone.entry(&subnet.zone).or_default().push(subnet),
        }
    }
    let mut chosen = Vec::new();
    for (zone, mut subnets) in by_zone {
        // The cluster's own subnets first, then the lowest id.
        subnets.sort_by_key(|subnet| (!subnet.tags.contains_key(&own_tag), &subnet.id));
        let first = subnets.remove(0);
        for other in subnets {
            dropped.insert(&other.id, format!("{} is preferred in zone {zone}", first.id));
        }
        chosen.push(first);
    }
    chosen.sort_by_key(|subnet| &subnet.id);
    if chosen.is_empty() {
        dropped.extend(others.into_iter().map(|subnet| (&subnet.id, not_a_candidate(subnet, scheme, how, facts))));
        return Err(none_left(scheme, role, &dropped));
    }
    one_locale(&chosen, facts)?;
    let mut reason = format!("subnets {how}");
    if !dropped.is_empty() {
        reason.push_str(&format!("; not {}", listed(&dropped)));
    }
    Ok(Chosen { subnets: chosen.iter().map(|subnet| subnet.id.clone()).collect(), reason })
}

fn has_role(subnet: &Subnet, role: &str) -> bool {
    matches!(subnet.tags.get(role).map(String::as_str), Some("" | "1"))
}

/// Public subnets have a route to an internet gateway; `None`: the main route table is not known.
fn reachability(subnet: &Subnet, tables: &[RouteTable]) -> Option<Scheme> {
    let table = tables
        .iter()
        .find(|table| table.subnets.contains(&subnet.id))
        .or_else(|| tables.iter().find(|table| table.main))?;
    Some(if table.has_internet_gateway { Scheme::InternetFacing } else { Scheme::Internal })
}

fn not_a_candidate(subnet: &Subnet, scheme: Scheme, how: &str, facts: &Facts) -> String {
    if how == "found by their role tag" {
        return format!("no tag {}", role_tag(scheme));
    }
    match reachability(subnet, facts.route_tables.as_deref().unwrap_or_default()) {
        None => format!("no tag {}, and no route table is known", role_tag(scheme)),
        Some(Scheme::InternetFacing) => "public: its routes lead to an internet gateway".to_owned(),
        Some(Scheme::Internal) => "private: no route leads to an internet gateway".to_owned(),
    }
}

/// Why a candidate cannot be used. LBC tests the cluster tag's prefix without its slash, which also drops subnets with
/// tags like `kubernetes.io/cluster-name`; we test the exact prefix (`decisions.md`, Service 17).
fn unfit(subnet: &Subnet, own_tag: &str) -> Option<String> {
    let other = subnet.tags.keys().find(|key| key.starts_with(CLUSTER_TAG_PREFIX));
    match other {
        Some(other) if !subnet.tags.contains_key(own_tag) => Some(format!("tagged for another cluster ({other})")),
        _ if subnet.available_ip_address_count < MIN_FREE_ADDRESSES => {
            Some(format!("{} free addresses, {MIN_FREE_ADDRESSES} are needed", subnet.available_ip_address_count))
        }
        _ => None,
    }
}

fn none_left(scheme: Scheme, role: &str, dropped: &BTreeMap<&SubnetId, String>) -> Problem {
    let message = match dropped.is_empty() {
        true => "the VPC has no subnet".to_owned(),
        false => format!("no subnet can hold an {scheme} load balancer: {}", listed(dropped)),
    };
    Problem::general(message).hint(format!(
        "tag one subnet per zone with {role}=1, or name subnets with the annotation {}",
        crate::spec::annotation::SUBNETS.key()
    ))
}

fn listed(dropped: &BTreeMap<&SubnetId, String>) -> String {
    dropped.iter().map(|(id, why)| format!("{id} ({why})")).collect::<Vec<_>>().join(", ")
}

fn one_per_zone(subnets: &[&Subnet]) -> Result<(), Problem> {
    let mut by_zone: BTreeMap<&AvailabilityZone, &SubnetId> = BTreeMap::new();
    for subnet in subnets {
        if let Some(other) = by_zone.insert(&subnet.zone, &subnet.id) {
            return Err(Problem::general(format!("{other} and {} are in one zone, {}", subnet.id, subnet.zone))
                .hint("a load balancer has one subnet per zone: name only one of them"));
        }
    }
    Ok(())
}

/// Zones of different kinds cannot be mixed in one load balancer.
fn one_locale(subnets: &[&Subnet], facts: &Facts) -> Result<(), Problem> {
    let locale = |subnet: &Subnet| match (&subnet.outpost_arn, facts.availability_zones.get(&subnet.zone_id)) {
        (Some(_), _) => "an Outpost".to_owned(),
        (None, Some(ZoneType::AvailabilityZone) | None) => "an Availability Zone".to_owned(),
        (None, Some(ZoneType::LocalZone)) => "a Local Zone".to_owned(),
        (None, Some(ZoneType::WavelengthZone)) => "a Wavelength Zone".to_owned(),
        (None, Some(ZoneType::Other(kind))) => format!("a zone of type {kind}"),
    };
    let locales = subnets.iter().map(|subnet| locale(subnet)).collect::<BTreeSet<_>>();
    if locales.len() > 1 {
        let where_each =
            subnets.iter().map(|subnet| format!("{} is in {}", subnet.id, locale(subnet))).collect::<Vec<_>>();
        return Err(Problem::general(format!(
            "the subnets are in places of different kinds: {}",
            where_each.join(", ")
        ))
        .hint("name subnets of one kind"));
    }
    Ok(())
}
