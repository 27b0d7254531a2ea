//! Target groups of an account description, with their targets.

use serde::Deserialize;

use super::super::arn::Resource;
use super::super::health::{ForcedState, TargetKey};
use super::super::health_check::{HealthCheck, HealthCheckRequest, Interval, MatcherRequest, Path, Threshold, Timeout};
use super::super::listeners::Port;
use super::super::protocol::Protocol;
use super::super::store::Store;
use super::super::target_groups::{GroupAddressType, Settings, TargetGroup, TargetType};
use super::super::targets::Target;
use super::{AdmissionError, Pairs, Surroundings, attributes, refused, value};
use crate::clock::Moment;

/// An element of `elbv2 describe-target-groups`, with its tags, attributes and targets.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DescribedTargetGroup {
    target_group_arn: Option<String>,
    target_group_name: Option<String>,
    protocol: Protocol,
    port: Port,
    vpc_id: Option<String>,
    target_type: Option<TargetType>,
    ip_address_type: Option<GroupAddressType>,
    health_check_protocol: Option<Protocol>,
    health_check_port: Option<String>,
    health_check_path: Option<Path>,
    health_check_interval_seconds: Option<Interval>,
    health_check_timeout_seconds: Option<Timeout>,
    healthy_threshold_count: Option<Threshold>,
    unhealthy_threshold_count: Option<Threshold>,
    matcher: Option<MatcherRequest>,
    #[serde(default)]
    tags: Pairs,
    #[serde(default)]
    attributes: Pairs,
    #[serde(default)]
    targets: Vec<DescribedTarget>,
}

/// An element of `elbv2 describe-target-health`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DescribedTarget {
    target: DescribedTargetId,
    target_health: Option<DescribedHealth>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DescribedTargetId {
    id: String,
    port: Option<Port>,
    availability_zone: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DescribedHealth {
    state: String,
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
        let settings = described.settings(&element, surroundings)?;
        let arn = arn.unwrap_or_else(|| self.names.target_group(&name, &id));
        let mut group = TargetGroup::new(arn, name, settings, tags.0);
        let catalogue = group.settings.catalogue();
        group.attributes = attributes(&element, &catalogue, written)?;
        for target in targets {
            self.admit_target(&mut group, target, surroundings, now)?;
        }
        Ok(group)
    }

    /// A target as it was seen: its state stays, whatever the time.
    fn admit_target(
        &self,
        group: &mut TargetGroup,
        described: DescribedTarget,
        surroundings: &dyn Surroundings,
        now: Moment,
    ) -> Result<(), AdmissionError> {
        let DescribedTargetId { id, port, availability_zone } = described.target;
        let key = TargetKey { id: id.clone(), port: port.map_or(group.settings.port, Port::get) };
        let state = described.target_health.map(|health| health.state);
        let forced = match state.as_deref() {
            None | Some("healthy") => Some(ForcedState::Healthy),
            Some("initial") => Some(ForcedState::Initial),
            Some("unhealthy") => Some(ForcedState::Unhealthy),
            Some("unhealthy.draining") => Some(ForcedState::UnhealthyDraining),
            Some("unavailable") => Some(ForcedState::Unavailable),
            Some("unused" | "draining") => None,
            Some(other) => {
                return Err(value(
                    &format!("targetGroups: {}: target {id}", group.name),
                    &format!("unknown state {other:?}"),
                ));
            }
        };
        let drains = state.as_deref() == Some("draining");
        let draining_until = drains.then(|| now.instant + group.deregistration_delay().min(self.options().drain_cap));
        let instance_zone = surroundings.instance_zone(&id);
        group
            .targets
            .insert(key.clone(), Target { availability_zone, instance_zone, registered: now.instant, draining_until });
        if let Some(forced) = forced {
            group.forced.insert((key.id, Some(key.port)), forced);
        }
        Ok(())
    }
}

impl DescribedTargetGroup {
    fn settings(self, element: &str, surroundings: &dyn Surroundings) -> Result<Settings, AdmissionError> {
        let refuse = |refusal| refused(element, refusal);
        let family = self.protocol.family().map_err(refuse)?;
        let request = HealthCheckRequest {
            protocol: self.health_check_protocol,
            port: self.health_check_port,
            enabled: None,
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
            port: self.port.get(),
            vpc_id: vpc_id.ok_or_else(|| value(element, "VpcId is missing, and the description names no vpcId"))?,
            target_type: self.target_type.unwrap_or(TargetType::Instance),
            ip_address_type: self.ip_address_type.unwrap_or(GroupAddressType::Ipv4),
            health_check: HealthCheck::defaults(family, self.health_check_protocol)
                .with(family, request)
                .map_err(refuse)?,
        })
    }
}
