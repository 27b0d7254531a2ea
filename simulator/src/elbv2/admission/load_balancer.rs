//! Load balancers of an account description.

use jiff::Timestamp;
use serde::Deserialize;

use super::super::arn::{self, Resource};
use super::super::attributes::of_load_balancer;
use super::super::capacity::{Capacity, CapacityReservation};
use super::super::dns::{dns_name, hosted_zone};
use super::super::load_balancers::{
    IpAddressType, IpamPools, Life, LoadBalancer, LoadBalancerState, OnOff, Scheme, Settings, State, Type,
    check_address_type,
};
use super::super::placement::{Address, Zone};
use super::super::protocol::Family;
use super::super::store::Store;
use super::{AdmissionError, Pairs, Surroundings, attributes, refused, unresolved, value};
use crate::clock::Moment;

/// An element of `elbv2 describe-load-balancers`, with its tags, attributes and capacity reservation.
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
    state: Option<State>,
    r#type: Option<Type>,
    #[serde(default)]
    availability_zones: Vec<DescribedZone>,
    #[serde(default)]
    security_groups: Vec<String>,
    ip_address_type: Option<IpAddressType>,
    customer_owned_ipv4_pool: Option<String>,
    enforce_security_group_inbound_rules_on_private_link_traffic: Option<OnOff>,
    enable_prefix_for_ipv6_source_nat: Option<OnOff>,
    ipam_pools: Option<IpamPools>,
    capacity_reservation: Option<CapacityReservation>,
    #[serde(default)]
    tags: Pairs,
    #[serde(default)]
    attributes: Pairs,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DescribedZone {
    zone_name: Option<String>,
    subnet_id: String,
    outpost_id: Option<String>,
    #[serde(default)]
    load_balancer_addresses: Vec<Address>,
    #[serde(default)]
    source_nat_ipv6_prefixes: Vec<String>,
}

impl Store {
    pub(super) fn described_load_balancer(
        &mut self,
        mut described: DescribedLoadBalancer,
        surroundings: &dyn Surroundings,
        now: Moment,
    ) -> Result<LoadBalancer, AdmissionError> {
        let (arn, name) = (described.load_balancer_arn.take(), described.load_balancer_name.take());
        let (name, id) = self.name_and_id("loadBalancers", Resource::LoadBalancer, arn.as_deref(), name)?;
        let element = format!("loadBalancers: {name}");
        let (zones, zones_vpc) = zones(&element, std::mem::take(&mut described.availability_zones), surroundings)?;
        let vpc_id = described.vpc_id.take().or(zones_vpc).or_else(|| surroundings.default_vpc());
        let vpc_id = vpc_id.ok_or_else(|| value(&element, "VpcId is missing, and no zone tells it"))?;
        let enforce = described.enforce_security_group_inbound_rules_on_private_link_traffic.unwrap_or(OnOff::On);
        let life = Life { fixed: described.fixed_state(), ..Life::active_from(now.instant) };
        let capacity = described.capacity_reservation.take().map(Capacity::described).unwrap_or_default();
        let (dns, hosted) = (described.dns_name.take(), described.canonical_hosted_zone_id.take());
        let created = described.created_time.unwrap_or(now.wall);
        let (tags, written) = (std::mem::take(&mut described.tags), std::mem::take(&mut described.attributes));
        let settings = described.settings(&element, arn.as_deref(), zones)?;
        let Settings { family, scheme, .. } = settings;
        let region = self.scope().region.clone();
        Ok(LoadBalancer {
            arn: arn.unwrap_or_else(|| self.names.load_balancer(family.in_arn(), &name, &id)),
            dns_name: dns.unwrap_or_else(|| dns_name(family, scheme, &name, &id, &region)),
            hosted_zone: hosted.unwrap_or_else(|| hosted_zone(family, &region)),
            created,
            life,
            vpc_id,
            made_with_security_groups: !settings.security_groups.is_empty(),
            enforce_on_private_link: enforce,
            capacity,
            attributes: attributes(&element, &of_load_balancer(family, scheme), written)?,
            tags: tags.0,
            name,
            settings,
        })
    }
}

impl DescribedLoadBalancer {
    /// A load balancer that is active follows from time, as if it had just become so; any other state stays.
    fn fixed_state(&mut self) -> Option<State> {
        self.state.take().filter(|state| state.code != LoadBalancerState::Active || state.reason.is_some())
    }

    fn settings(self, element: &str, arn: Option<&str>, zones: Vec<Zone>) -> Result<Settings, AdmissionError> {
        let family = self.family(element, arn)?;
        let scheme = self.scheme.unwrap_or(Scheme::InternetFacing);
        let wanted = self.ip_address_type.unwrap_or(IpAddressType::Ipv4);
        let ip_address_type =
            check_address_type(family, scheme, wanted).map_err(|refusal| refused(element, refusal))?;
        let network_only = [
            (self.enable_prefix_for_ipv6_source_nat == Some(OnOff::On), "EnablePrefixForIpv6SourceNat"),
            (
                self.enforce_security_group_inbound_rules_on_private_link_traffic.is_some(),
                "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic",
            ),
        ];
        let application_only = [
            (self.customer_owned_ipv4_pool.is_some(), "CustomerOwnedIpv4Pool"),
            (self.ipam_pools.is_some(), "IpamPools"),
        ];
        let foreign = match family {
            Family::Application => network_only,
            Family::Network => application_only,
        };
        if let Some((_, member)) = foreign.into_iter().find(|(given, _)| *given) {
            let family = family.as_str();
            return Err(value(element, &format!("a load balancer of the type {family} has no {member}")));
        }
        let mut security_groups = self.security_groups;
        security_groups.sort();
        security_groups.dedup();
        Ok(Settings {
            family,
            scheme,
            ip_address_type,
            source_nat_prefix: self.enable_prefix_for_ipv6_source_nat.unwrap_or(OnOff::Off),
            zones,
            security_groups,
            customer_owned_pool: self.customer_owned_ipv4_pool,
            ipv4_ipam_pool: self.ipam_pools.and_then(|pools| pools.ipv4_ipam_pool_id),
        })
    }

    /// As it is written, or as its ARN says; AWS's default is `application`.
    fn family(&self, element: &str, arn: Option<&str>) -> Result<Family, AdmissionError> {
        let by_arn = match arn.filter(|arn| Resource::of(arn).is_some()).map(arn::path) {
            Some(path) if path.starts_with("app/") => Some(Type::Application),
            Some(path) if path.starts_with("net/") => Some(Type::Network),
            Some(path) if path.starts_with("gwy/") => Some(Type::Gateway),
            _ => None,
        };
        if let (Some(by_arn), Some(written)) = (by_arn, self.r#type)
            && by_arn != written
        {
            return Err(value(element, "the ARN is one of another Type"));
        }
        let found = self.r#type.or(by_arn).unwrap_or(Type::Application);
        found.family().map_err(|refusal| refused(element, refusal))
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
            outpost_id: zone.outpost_id,
            load_balancer_addresses: zone.load_balancer_addresses,
            source_nat_ipv6_prefixes: zone.source_nat_ipv6_prefixes,
        });
    }
    zones.sort_by(|one, other| one.zone_name.cmp(&other.zone_name));
    Ok((zones, vpc_id))
}
