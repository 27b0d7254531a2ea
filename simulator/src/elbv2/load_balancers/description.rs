//! How AWS shows a load balancer.

use jiff::Timestamp;
use serde::Serialize;

use super::super::placement::Zone;
use super::{IpAddressType, LoadBalancer, OnOff, Scheme, Settings, StateCode};
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
    r#type: &'static str,
    availability_zones: Vec<Zone>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    security_groups: Vec<String>,
    ip_address_type: IpAddressType,
    enforce_security_group_inbound_rules_on_private_link_traffic: Option<OnOff>,
    enable_prefix_for_ipv6_source_nat: OnOff,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct State {
    code: StateCode,
}

impl LoadBalancer {
    pub(super) fn describe(&self, now: Moment) -> Description {
        let Settings { scheme, ip_address_type, source_nat_prefix, zones, security_groups } = self.settings.clone();
        Description {
            load_balancer_arn: self.arn.clone(),
            dns_name: self.dns_name.clone(),
            canonical_hosted_zone_id: self.hosted_zone.clone(),
            created_time: self.created,
            load_balancer_name: self.name.clone(),
            scheme,
            vpc_id: self.vpc_id.clone(),
            state: State { code: self.life.state(now) },
            r#type: "network",
            availability_zones: zones,
            security_groups,
            ip_address_type,
            enforce_security_group_inbound_rules_on_private_link_traffic: self
                .made_with_security_groups
                .then_some(self.enforce_on_private_link),
            enable_prefix_for_ipv6_source_nat: source_nat_prefix,
        }
    }
}
