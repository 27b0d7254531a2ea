//! How AWS shows a target group.

use serde::Serialize;

use super::super::health_check::Matcher;
use super::super::protocol::Protocol;
use super::super::store::Usage;
use super::{GroupAddressType, ProtocolVersion, Settings, TargetGroup, TargetType};

/// A target group in an answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Description {
    target_group_arn: String,
    target_group_name: String,
    protocol: Protocol,
    protocol_version: Option<ProtocolVersion>,
    port: i64,
    vpc_id: String,
    health_check_protocol: Protocol,
    health_check_port: String,
    health_check_enabled: bool,
    health_check_interval_seconds: i64,
    health_check_timeout_seconds: i64,
    healthy_threshold_count: i64,
    unhealthy_threshold_count: i64,
    health_check_path: Option<String>,
    matcher: Option<Matcher>,
    load_balancer_arns: Vec<String>,
    target_type: TargetType,
    ip_address_type: GroupAddressType,
    target_control_port: Option<i64>,
}

impl TargetGroup {
    pub(super) fn describe(&self, usage: &Usage<'_>) -> Description {
        let Settings {
            protocol,
            family: _,
            protocol_version,
            port,
            vpc_id,
            target_type,
            ip_address_type,
            target_control_port,
            health_check,
        } = self.settings.clone();
        let users = usage.get(self.arn.as_str()).into_iter().flatten();
        Description {
            target_group_arn: self.arn.clone(),
            target_group_name: self.name.clone(),
            protocol,
            protocol_version,
            port,
            vpc_id,
            health_check_protocol: health_check.protocol,
            health_check_port: health_check.port,
            health_check_enabled: true,
            health_check_interval_seconds: health_check.interval_seconds,
            health_check_timeout_seconds: health_check.timeout_seconds,
            healthy_threshold_count: health_check.healthy_threshold,
            unhealthy_threshold_count: health_check.unhealthy_threshold,
            health_check_path: health_check.path,
            matcher: health_check.matcher,
            load_balancer_arns: users.map(|arn| (*arn).to_owned()).collect(),
            target_type,
            ip_address_type,
            target_control_port,
        }
    }
}
