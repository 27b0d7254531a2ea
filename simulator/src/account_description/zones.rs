//! Availability Zones that a description leaves out: from its subnets, with the names and ids that AWS would use.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

use super::Document;
use super::keys::Shaped;
use super::references::{elements, texts};
use crate::ec2::availability_zones::AvailabilityZone;

/// The zones that the subnets, the load balancers and the targets are in.
pub(super) fn derived_zones(region: &str, written: &Value, document: &Document) -> Vec<AvailabilityZone> {
    let subnets = document.subnets.iter().flatten().map(|Shaped(subnet)| subnet);
    let mut zones = BTreeMap::new();
    for subnet in subnets {
        let name = match (subnet.availability_zone.as_str(), subnet.availability_zone_id.as_str()) {
            ("", "") => first_zone(region),
            ("", id) => zone_name(region, id),
            (name, _) => name.to_owned(),
        };
        let id: &mut String = zones.entry(name).or_default();
        if id.is_empty() {
            id.clone_from(&subnet.availability_zone_id);
        }
    }
    for name in named_zones(written) {
        zones.entry(name.into_owned()).or_default();
    }
    zones.into_iter().map(|(name, id)| AvailabilityZone::ordinary(region, &name, &id)).collect()
}

/// The zones that load balancing names. A target of another zone than its load balancer's says `all`.
pub(super) fn named_zones(written: &Value) -> impl Iterator<Item = Cow<'_, str>> {
    let of =
        |list, path: &'static [&'static str]| elements(written, list).flat_map(move |element| texts(element, path));
    let of_load_balancers = of("loadBalancers", &["AvailabilityZones", "ZoneName"]);
    let of_targets = of("targetGroups", &["Targets", "Target", "AvailabilityZone"]);
    of_load_balancers.chain(of_targets).filter(|zone| zone != "all")
}

/// The zone of a subnet that says none.
pub(super) fn first_zone(region: &str) -> String {
    format!("{region}a")
}

/// `usw2-az2` to `us-west-2b`.
fn zone_name(region: &str, zone_id: &str) -> String {
    let number = zone_id.rsplit("az").next().and_then(|number| number.parse::<u8>().ok());
    let letter = number.filter(|number| (1..=26).contains(number)).map_or('a', |number| char::from(b'a' + number - 1));
    format!("{region}{letter}")
}

#[cfg(test)]
mod tests {
    use super::zone_name;
    use crate::ec2::availability_zones::zone_id;

    #[test]
    fn zone_ids_and_names_are_made_of_each_other() {
        for (region, name, id) in [
            ("us-west-2", "us-west-2b", "usw2-az2"),
            ("eu-central-1", "eu-central-1a", "euc1-az1"),
            ("ap-southeast-1", "ap-southeast-1c", "apse1-az3"),
            ("us-gov-west-1", "us-gov-west-1a", "usgw1-az1"),
        ] {
            assert_eq!(zone_id(region, name), id);
            assert_eq!(zone_name(region, id), name);
        }
    }
}
