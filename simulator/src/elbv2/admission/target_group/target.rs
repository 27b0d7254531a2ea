//! Targets of an account description.

use serde::Deserialize;

use super::super::super::health::{
    AdministrativeOverride, AnomalyDetection, Fixed, ForcedState, HealthState, Reason, TargetKey, Witnessed,
};
use super::super::super::listeners::Port;
use super::super::super::protocol::Family;
use super::super::super::store::Store;
use super::super::super::target_groups::{TargetGroup, TargetType};
use super::super::super::targets::Target;
use super::super::{AdmissionError, Surroundings, unresolved, value};
use crate::clock::Moment;

/// An element of `elbv2 describe-target-health`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct DescribedTarget {
    target: DescribedTargetId,
    target_health: Option<DescribedHealth>,
    /// Follows from the group; what is written has to agree.
    health_check_port: Option<String>,
    anomaly_detection: Option<AnomalyDetection>,
    administrative_override: Option<AdministrativeOverride>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DescribedTargetId {
    id: String,
    port: Option<Port>,
    availability_zone: Option<String>,
    quic_server_id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DescribedHealth {
    state: HealthState,
    reason: Option<Reason>,
    description: Option<String>,
}

impl Store {
    /// A target as it was seen: its state stays, whatever the time; but one that drains goes, and one that is unused is
    /// so for the reason that AWS would give.
    pub(super) fn admit_target(
        &self,
        group: &mut TargetGroup,
        described: DescribedTarget,
        surroundings: &dyn Surroundings,
        now: Moment,
    ) -> Result<(), AdmissionError> {
        let DescribedTargetId { id, port, availability_zone, quic_server_id } = described.target;
        let key = TargetKey { id: id.clone(), port: port.map_or(group.settings.port, Port::get) };
        let element = format!("targetGroups: {}: target {id}", group.name);
        let expected = group.health_check_port(&key);
        if let Some(other) = described.health_check_port.filter(|port| *port != expected) {
            return Err(value(&element, &format!("HealthCheckPort is {other}, but the group checks {expected}")));
        }
        if quic_server_id.is_some() != group.settings.protocol.carries_quic() {
            return Err(value(&element, "QuicServerId is for targets of QUIC groups, which need one"));
        }
        let zone = described_zone(group, &id, availability_zone.as_deref(), surroundings);
        let mut target = Target::new(availability_zone, zone, now);
        target.quic_server_id = quic_server_id;
        target.witnessed = Witnessed {
            anomaly_detection: described.anomaly_detection,
            administrative_override: described.administrative_override,
        };
        let health = described.target_health;
        if health.as_ref().is_some_and(|health| health.state == HealthState::Draining) {
            target.draining_until = Some(now.instant + group.deregistration_delay().min(self.options().drain_cap));
        }
        if let Some(fixed) = fixed(health) {
            group.forced.insert((key.id.clone(), Some(key.port)), fixed);
        }
        match group.targets.insert(key, target) {
            None => Ok(()),
            Some(_) => Err(value(&element, "the target is described twice")),
        }
    }

    /// Targets of groups for load balancers have to be described application load balancers.
    pub(in super::super) fn check_target_load_balancers(&self) -> Result<(), AdmissionError> {
        let groups = self.target_groups.values().filter(|group| group.settings.target_type == TargetType::Alb);
        for (group, key) in groups.flat_map(|group| group.targets.keys().map(move |key| (group, key))) {
            let element = format!("targetGroups: {}", group.name);
            match self.load_balancers.get(&key.id) {
                Some(found) if found.family() == Family::Application => {}
                Some(_) => return Err(value(&element, &format!("{} is no application load balancer", key.id))),
                None => return Err(unresolved(&element, "Targets.Target.Id", &key.id, "loadBalancers")),
            }
        }
        Ok(())
    }
}

/// The zone that a target is in: an instance's, a subnet's, or the one written for an address elsewhere.
fn described_zone(
    group: &TargetGroup,
    id: &str,
    written: Option<&str>,
    surroundings: &dyn Surroundings,
) -> Option<String> {
    match group.settings.target_type {
        TargetType::Instance => surroundings.instance_zone(id),
        TargetType::Ip => id
            .parse()
            .ok()
            .and_then(|address| surroundings.address_zone(&group.settings.vpc_id, address))
            .or_else(|| written.filter(|zone| *zone != "all").map(str::to_owned)),
        TargetType::Alb | TargetType::Lambda => None,
    }
}

fn fixed(health: Option<DescribedHealth>) -> Option<Fixed> {
    let Some(DescribedHealth { state, reason, description }) = health else {
        return Some(Fixed { state: ForcedState::Healthy, reason: None, description: None });
    };
    let state = match state {
        HealthState::Healthy => ForcedState::Healthy,
        HealthState::Initial => ForcedState::Initial,
        HealthState::Unhealthy => ForcedState::Unhealthy,
        HealthState::UnhealthyDraining => ForcedState::UnhealthyDraining,
        HealthState::Unavailable => ForcedState::Unavailable,
        HealthState::Unused | HealthState::Draining => return None,
    };
    Some(Fixed { state, reason, description })
}
