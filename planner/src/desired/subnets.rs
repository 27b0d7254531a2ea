//! The subnets of a load balancer: those that an annotation names, or discovered ones (`service-nlb.md` §3.5,
//! `ingress-alb.md` §5.4).

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::{Facts, RouteTable, Subnet, ZoneType};
use crate::id::{AvailabilityZone, ClusterName, Scheme, SubnetId};
use crate::problem::Problem;
use crate::snapshot::FeatureGates;
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

/// What a load balancer asks of its subnets.
pub(super) struct Wanted<'a> {
    pub(super) scheme: Scheme,
    /// Whether each needs an IPv6 range.
    pub(super) ipv6: bool,
    /// How many Availability Zones it must be in. Zones of other kinds are enough by themselves.
    pub(super) zones: usize,
    pub(super) cluster: &'a ClusterName,
    pub(super) vpc: &'a crate::id::VpcId,
    pub(super) gates: FeatureGates,
    /// The annotation that names subnets.
    pub(super) annotation: &'static str,
}

/// Resolves the subnets that the annotation names, in its order.
pub(super) fn named(names: &[SubnetName], facts: &Facts, wanted: &Wanted<'_>) -> Result<Chosen, Problem> {
    let mut chosen: Vec<&Subnet> = Vec::new();
    let mut missing = Vec::new();
    for name in names {
        let found = match name {
            SubnetName::Id(id) => facts.subnets.get(id),
            SubnetName::NameTag(name) => facts
                .subnets
                .values()
                .filter(|subnet| subnet.vpc == *wanted.vpc && subnet.tags.get("Name") == Some(name))
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
    if let Some(subnet) = chosen.iter().find(|subnet| wanted.ipv6 && subnet.ipv6_cidrs.is_empty()) {
        return Err(Problem::general(format!(
            "{} has no IPv6 range, which a dual-stack load balancer needs",
            subnet.id
        ))
        .hint("give the subnet an IPv6 range, or name others"));
    }
    one_per_zone(&chosen)?;
    one_locale(&chosen, facts)?;
    enough_zones(&chosen, facts, wanted, &BTreeMap::new())?;
    Ok(Chosen {
        subnets: chosen.iter().map(|subnet| subnet.id.clone()).collect(),
        reason: "subnets as the annotation names them".to_owned(),
    })
}

/// Finds subnets by role tag, or by where their routes lead when none carries it.
pub(super) fn discovered(facts: &Facts, wanted: &Wanted<'_>) -> Result<Chosen, Problem> {
    let role = role_tag(wanted.scheme);
    let of_vpc = || facts.subnets.values().filter(|subnet| subnet.vpc == *wanted.vpc);
    let tagged = of_vpc().filter(|subnet| has_role(subnet, role)).collect::<Vec<_>>();
    let (candidates, how) = if tagged.is_empty() {
        let tables = facts.route_tables.as_deref().unwrap_or_default();
        let by_routes = wanted.gates.subnet_discovery_by_reachability;
        let fits = |subnet: &&Subnet| by_routes && reachability(subnet, tables) == Some(wanted.scheme);
        (of_vpc().filter(fits).collect::<Vec<_>>(), "found by their routes")
    } else {
        (tagged, "found by their role tag")
    };
    let why_not = |subnet: &Subnet| not_a_candidate(subnet, wanted, how, facts);
    one_each(candidates, how, why_not, facts, wanted)
}

/// Finds subnets by the tags that a class selects: for each key one of the values.
pub(super) fn tagged(
    tags: &BTreeMap<String, Vec<String>>,
    facts: &Facts,
    wanted: &Wanted<'_>,
) -> Result<Chosen, Problem> {
    let missing = |subnet: &Subnet| {
        tags.iter().find(|(key, values)| !subnet.tags.get(*key).is_some_and(|value| values.contains(value)))
    };
    let of_vpc = facts.subnets.values().filter(|subnet| subnet.vpc == *wanted.vpc);
    let candidates = of_vpc.filter(|subnet| missing(subnet).is_none()).collect::<Vec<_>>();
    let why_not = |subnet: &Subnet| match missing(subnet) {
        Some((key, values)) => format!("no tag {key} with the value {}", values.join(" or ")),
        None => String::new(),
    };
    let hint = "give one subnet per zone the tags that the class asks for, or change its selector";
    one_each(candidates, "found by the tags of the class", why_not, facts, wanted).map_err(|problem| problem.hint(hint))
}

/// Takes one subnet of each zone.
fn one_each(
    candidates: Vec<&Subnet>,
    how: &str,
    why_not: impl Fn(&Subnet) -> String,
    facts: &Facts,
    wanted: &Wanted<'_>,
) -> Result<Chosen, Problem> {
    let own_tag = format!("{CLUSTER_TAG_PREFIX}{}", wanted.cluster);
    let of_vpc = facts.subnets.values().filter(|subnet| subnet.vpc == *wanted.vpc);
    let others = of_vpc.filter(|subnet| !candidates.iter().any(|other| other.id == subnet.id)).collect::<Vec<_>>();
    let mut dropped: BTreeMap<&SubnetId, String> = BTreeMap::new();
    let mut by_zone: BTreeMap<&AvailabilityZone, Vec<&Subnet>> = BTreeMap::new();
    for subnet in candidates {
        match unfit(subnet, &own_tag, wanted) {
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
    let mut reason = format!("subnets {how}");
    if !dropped.is_empty() {
        reason.push_str(&format!("; not {}", listed(&dropped)));
    }
    let mut all_dropped = dropped;
    all_dropped.extend(others.into_iter().map(|subnet| (&subnet.id, why_not(subnet))));
    if chosen.is_empty() {
        return Err(none_left(wanted, &all_dropped));
    }
    one_locale(&chosen, facts)?;
    enough_zones(&chosen, facts, wanted, &all_dropped)?;
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

fn not_a_candidate(subnet: &Subnet, wanted: &Wanted<'_>, how: &str, facts: &Facts) -> String {
    let scheme = wanted.scheme;
    if how == "found by their role tag" || !wanted.gates.subnet_discovery_by_reachability {
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
fn unfit(subnet: &Subnet, own_tag: &str, wanted: &Wanted<'_>) -> Option<String> {
    let checked = wanted.gates.subnets_cluster_tag_check;
    let other = subnet.tags.keys().find(|key| key.starts_with(CLUSTER_TAG_PREFIX));
    match other {
        Some(other) if checked && !subnet.tags.contains_key(own_tag) => {
            Some(format!("tagged for another cluster ({other})"))
        }
        _ if subnet.available_ip_address_count < MIN_FREE_ADDRESSES => {
            Some(format!("{} free addresses, {MIN_FREE_ADDRESSES} are needed", subnet.available_ip_address_count))
        }
        _ if wanted.ipv6 && subnet.ipv6_cidrs.is_empty() => Some("no IPv6 range".to_owned()),
        _ => None,
    }
}

fn none_left(wanted: &Wanted<'_>, dropped: &BTreeMap<&SubnetId, String>) -> Problem {
    let message = match dropped.is_empty() {
        true => "the VPC has no subnet".to_owned(),
        false => format!("no subnet can hold an {} load balancer: {}", wanted.scheme, listed(dropped)),
    };
    Problem::general(message).hint(what_would_do(wanted))
}

fn what_would_do(wanted: &Wanted<'_>) -> String {
    let role = role_tag(wanted.scheme);
    format!("tag one subnet per zone with {role}=1, or name subnets with the annotation {}", wanted.annotation)
}

/// An Application Load Balancer is in two Availability Zones at least; elsewhere one place is enough.
fn enough_zones(
    subnets: &[&Subnet],
    facts: &Facts,
    wanted: &Wanted<'_>,
    dropped: &BTreeMap<&SubnetId, String>,
) -> Result<(), Problem> {
    let is_zone = |subnet: &&&Subnet| locale(subnet, facts) == AVAILABILITY_ZONE;
    if subnets.len() >= wanted.zones || subnets.iter().any(|subnet| !is_zone(&subnet)) {
        return Ok(());
    }
    let ids = subnets.iter().map(|subnet| subnet.id.to_string()).collect::<Vec<_>>().join(", ");
    let mut message = format!("subnets in {} Availability Zones are needed; there is {ids}", wanted.zones);
    if !dropped.is_empty() {
        message.push_str(&format!("; not {}", listed(dropped)));
    }
    Err(Problem::general(message).hint(what_would_do(wanted)))
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
    let locales = subnets.iter().map(|subnet| locale(subnet, facts)).collect::<BTreeSet<_>>();
    if locales.len() > 1 {
        let where_each =
            subnets.iter().map(|subnet| format!("{} is in {}", subnet.id, locale(subnet, facts))).collect::<Vec<_>>();
        return Err(Problem::general(format!(
            "the subnets are in places of different kinds: {}",
            where_each.join(", ")
        ))
        .hint("name subnets of one kind"));
    }
    Ok(())
}

const AVAILABILITY_ZONE: &str = "an Availability Zone";

fn locale(subnet: &Subnet, facts: &Facts) -> String {
    match (&subnet.outpost_arn, facts.availability_zones.get(&subnet.zone_id)) {
        (Some(_), _) => "an Outpost".to_owned(),
        (None, Some(ZoneType::AvailabilityZone) | None) => AVAILABILITY_ZONE.to_owned(),
        (None, Some(ZoneType::LocalZone)) => "a Local Zone".to_owned(),
        (None, Some(ZoneType::WavelengthZone)) => "a Wavelength Zone".to_owned(),
        (None, Some(ZoneType::Other(kind))) => format!("a zone of type {kind}"),
    }
}
