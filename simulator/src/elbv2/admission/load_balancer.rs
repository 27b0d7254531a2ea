//! Load balancers of an account description.

use jiff::Timestamp;
use serde::Deserialize;

use super::super::arn::Resource;
use super::super::attributes::of_load_balancer;
use super::super::dns::{dns_name, hosted_zone};
use super::super::load_balancers::{IpAddressType, Life, LoadBalancer, OnOff, Scheme, Settings, StateCode, Type};
use super::super::placement::{Address, Zone};
use super::super::store::Store;
use super::{AdmissionError, Pairs, Surroundings, attributes, unresolved, value};
use crate::clock::Moment;

/// An element of `elbv2 describe-load-balancers`, with its tags and attributes.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DescribedLoadBalancer {
    load_balancer_arn: Option<String>,
    load_balancer_name: Option<String>,
    #[serde(rename = "DNSName")]
    dns_name: Option<String>,
    canonical_hosted_zone_id: Option<String>,
    created_time: Option<Timestamp>,
    scheme: Option<Scheme>,
    vpc_id: Option<String>,
    state: Option<DescribedState>,
    r#type: Option<Type>,
    #[serde(default)]
    availability_zones: Vec<DescribedZone>,
    #[serde(default)]
    security_groups: Vec<String>,
    ip_address_type: Option<IpAddressType>,
    enforce_security_group_inbound_rules_on_private_link_traffic: Option<OnOff>,
    enable_prefix_for_ipv6_source_nat: Option<OnOff>,
    #[serde(default)]
    tags: Pairs,
    #[serde(default)]
    attributes: Pairs,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DescribedState {
    code: StateCode,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DescribedZone {
    zone_name: Option<String>,
    subnet_id: String,
    #[serde(default)]
    load_balancer_addresses: Vec<Address>,
    #[serde(default)]
    source_nat_ipv6_prefixes: Vec<String>,
}

impl Store {
    pub(super) fn described_load_balancer(
        &mut self,
        described: DescribedLoadBalancer,
        surroundings: &dyn Surroundings,
        now: Moment,
    ) -> Result<LoadBalancer, AdmissionError> {
        let (name, id) = self.name_and_id(
            "loadBalancers",
            Resource::LoadBalancer,
            described.load_balancer_arn.as_deref(),
            described.load_balancer_name,
        )?;
        let element = format!("loadBalancers: {name}");
        if described.r#type.is_some_and(|r#type| r#type != Type::Network) {
            return Err(value(&element, "the simulator models load balancers of the type network"));
        }
        let (zones, zones_vpc) = zones(&element, described.availability_zones, surroundings)?;
        let vpc_id = described.vpc_id.or(zones_vpc).or_else(|| surroundings.default_vpc());
        let scheme = described.scheme.unwrap_or(Scheme::InternetFacing);
        let made_with_security_groups = !described.security_groups.is_empty();
        let settings = Settings {
            scheme,
            ip_address_type: described.ip_address_type.unwrap_or(IpAddressType::Ipv4),
            source_nat_prefix: described.enable_prefix_for_ipv6_source_nat.unwrap_or(OnOff::Off),
            zones,
            security_groups: described.security_groups,
        };
        let region = self.scope().region.clone();
        Ok(LoadBalancer {
            arn: described.load_balancer_arn.unwrap_or_else(|| self.names.load_balancer(&name, &id)),
            dns_name: described.dns_name.unwrap_or_else(|| dns_name(&name, &id, &region)),
            hosted_zone: described.canonical_hosted_zone_id.unwrap_or_else(|| hosted_zone(&region)),
            created: described.created_time.unwrap_or(now.wall),
            life: match described.state {
                None => Life::ActiveFrom(now.instant),
                Some(state) => Life::Fixed(state.code),
            },
            vpc_id: vpc_id.ok_or_else(|| value(&element, "VpcId is missing, and no zone tells it"))?,
            made_with_security_groups,
            enforce_on_private_link: described
                .enforce_security_group_inbound_rules_on_private_link_traffic
                .unwrap_or(OnOff::On),
            attributes: attributes(&element, &of_load_balancer(scheme), described.attributes)?,
            tags: described.tags.0,
            name,
            settings,
        })
    }
}

fn zones(
    element: &str,
    described: Vec<DescribedZone>,
    surroundings: &dyn Surroundings,
) -> Result<(Vec<Zone>, Option<String>), AdmissionError> {
    let mut vpc_id = None;
    let mut zones = Vec::new();
    for zone in described {
        let Some((vpc, name)) = surroundings.subnet(&zone.subnet_id) else {
            return Err(unresolved(element, "SubnetId", &zone.subnet_id, "subnets"));
        };
        vpc_id = Some(vpc);
        zones.push(Zone {
            zone_name: zone.zone_name.unwrap_or(name),
            subnet_id: zone.subnet_id,
            load_balancer_addresses: zone.load_balancer_addresses,
            source_nat_ipv6_prefixes: zone.source_nat_ipv6_prefixes,
        });
    }
    zones.sort_by(|one, other| one.zone_name.cmp(&other.zone_name));
    Ok((zones, vpc_id))
}
