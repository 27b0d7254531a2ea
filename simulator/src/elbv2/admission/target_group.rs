//! Target groups of an account description, with their targets.

mod target;

use serde::Deserialize;

use self::target::DescribedTarget;
use super::super::arn::Resource;
use super::super::health_check::{
    Checking, HealthCheck, HealthCheckRequest, Interval, MatcherRequest, Path, Threshold, Timeout,
};
use super::super::listeners::Port;
use super::super::protocol::Protocol;
use super::super::store::Store;
use super::super::target_groups::{
    GroupAddressType, Settings, TargetGroup, TargetType, check_target_type, control_port, protocol_version,
};
use super::{AdmissionError, Pairs, Surroundings, attributes, refused, unresolved, value};
use crate::clock::Moment;

/// An element of `elbv2 describe-target-groups`, with its tags, attributes and targets.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DescribedTargetGroup {
    target_group_arn: Option<String>,
    target_group_name: Option<String>,
    protocol: Protocol,
    protocol_version: Option<String>,
    port: Port,
    vpc_id: Option<String>,
    target_type: Option<TargetType>,
    ip_address_type: Option<GroupAddressType>,
    target_control_port: Option<Port>,
    health_check_protocol: Option<Protocol>,
    health_check_port: Option<String>,
    health_check_enabled: Option<bool>,
    health_check_path: Option<Path>,
    health_check_interval_seconds: Option<Interval>,
    health_check_timeout_seconds: Option<Timeout>,
    healthy_threshold_count: Option<Threshold>,
    unhealthy_threshold_count: Option<Threshold>,
    matcher: Option<MatcherRequest>,
    /// Follows from listeners and rules where they are described.
    #[serde(default)]
    load_balancer_arns: Vec<String>,
    #[serde(default)]
    tags: Pairs,
    #[serde(default)]
    attributes: Pairs,
    #[serde(default)]
    targets: Vec<DescribedTarget>,
}

impl Store {
    pub(super) fn described_target_group(
        &mut self,
        mut described: DescribedTargetGroup,
        surroundings: &dyn Surroundings,
        now: Moment,
    ) -> Result<TargetGroup, AdmissionError> {
        let arn = described.target_group_arn.take();
        let name = described.target_group_name.take();
        let (name, id) = self.name_and_id("targetGroups", Resource::TargetGroup, arn.as_deref(), name)?;
        let element = format!("targetGroups: {name}");
        let (tags, written) = (std::mem::take(&mut described.tags), std::mem::take(&mut described.attributes));
        let targets = std::mem::take(&mut described.targets);
        let users = std::mem::take(&mut described.load_balancer_arns);
        if let Some(user) = users.iter().find(|user| !self.load_balancers.contains_key(*user)) {
            return Err(unresolved(&element, "LoadBalancerArns", user, "loadBalancers"));
        }
        let settings = described.settings(&element, surroundings)?;
        let arn = arn.unwrap_or_else(|| self.names.target_group(&name, &id));
        let mut group = TargetGroup::new(arn, name, settings, tags.0);
        let catalogue = group.settings.catalogue();
        group.attributes = attributes(&element, &catalogue, written)?;
        group.described_users = users.into_iter().collect();
        for target in targets {
            self.admit_target(&mut group, target, surroundings, now)?;
        }
        Ok(group)
    }
}

impl DescribedTargetGroup {
    fn settings(self, element: &str, surroundings: &dyn Surroundings) -> Result<Settings, AdmissionError> {
        let refuse = |refusal| refused(element, refusal);
        let family = self.protocol.family().map_err(refuse)?;
        let target_type = self.target_type.unwrap_or(TargetType::Instance);
        let ip_address_type = self.ip_address_type.unwrap_or(GroupAddressType::Ipv4);
        check_target_type(target_type, self.protocol, ip_address_type).map_err(refuse)?;
        let version = protocol_version(family, self.protocol, self.protocol_version.as_deref()).map_err(refuse)?;
        let checking = Checking::of(family, version, target_type);
        let request = HealthCheckRequest {
            protocol: self.health_check_protocol,
            port: self.health_check_port,
            enabled: self.health_check_enabled,
            path: self.health_check_path,
            interval_seconds: self.health_check_interval_seconds,
            timeout_seconds: self.health_check_timeout_seconds,
            healthy_threshold: self.healthy_threshold_count,
            unhealthy_threshold: self.unhealthy_threshold_count,
            matcher: self.matcher,
        };
        let vpc_id = self.vpc_id.or_else(|| surroundings.default_vpc());
        Ok(Settings {
            protocol: self.protocol,
            family,
            protocol_version: version,
            port: self.port.get(),
            vpc_id: vpc_id.ok_or_else(|| value(element, "VpcId is missing, and the description names no vpcId"))?,
            target_type,
            ip_address_type,
            target_control_port: control_port(family, self.target_control_port).map_err(refuse)?,
            health_check: HealthCheck::defaults(checking, self.health_check_protocol)
                .with(checking, request)
                .map_err(refuse)?,
        })
    }
}
