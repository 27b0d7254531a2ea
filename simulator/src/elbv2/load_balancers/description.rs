//! How AWS shows a load balancer.

use jiff::Timestamp;
use serde::Serialize;

use super::super::placement::Zone;
use super::super::protocol::Family;
use super::{IpAddressType, IpamPools, LoadBalancer, OnOff, Scheme, Settings, State};
use crate::clock::Moment;

/// A load balancer in an answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Description {
    load_balancer_arn: String,
    #[serde(rename = "DNSName")]
    dns_name: String,
    canonical_hosted_zone_id: String,
    created_time: Timestamp,
    load_balancer_name: String,
    scheme: Scheme,
    vpc_id: String,
    state: State,
    r#type: Family,
    availability_zones: Vec<Zone>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    security_groups: Vec<String>,
    ip_address_type: IpAddressType,
    customer_owned_ipv4_pool: Option<String>,
    enforce_security_group_inbound_rules_on_private_link_traffic: Option<OnOff>,
    enable_prefix_for_ipv6_source_nat: Option<OnOff>,
    ipam_pools: Option<IpamPools>,
}

impl LoadBalancer {
    pub(super) fn describe(&self, now: Moment) -> Description {
        let Settings {
            family,
            scheme,
            ip_address_type,
            source_nat_prefix,
            zones,
            security_groups,
            customer_owned_pool,
            ipv4_ipam_pool,
        } = self.settings.clone();
        let network = family == Family::Network;
        Description {
            load_balancer_arn: self.arn.clone(),
            dns_name: self.dns_name.clone(),
            canonical_hosted_zone_id: self.hosted_zone.clone(),
            created_time: self.created,
            load_balancer_name: self.name.clone(),
            scheme,
            vpc_id: self.vpc_id.clone(),
            state: self.life.state(now),
            r#type: family,
            availability_zones: zones,
            security_groups,
            ip_address_type,
            customer_owned_ipv4_pool: customer_owned_pool,
            enforce_security_group_inbound_rules_on_private_link_traffic: (network && self.made_with_security_groups)
                .then_some(self.enforce_on_private_link),
            enable_prefix_for_ipv6_source_nat: network.then_some(source_nat_prefix),
            ipam_pools: ipv4_ipam_pool.map(|pool| IpamPools { ipv4_ipam_pool_id: Some(pool) }),
        }
    }
}
