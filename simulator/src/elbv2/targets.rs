//! Targets: register and deregister.

mod accepted;

use std::time::Duration;

use serde::Deserialize;
use tokio::time::Instant;

use super::Done;
use super::attributes::DEREGISTRATION_DELAY;
use super::health::{TargetKey, Witnessed};
use super::listeners::Port;
use super::store::Store;
use super::target_groups::TargetGroup;
use crate::clock::Moment;
use crate::network::Network;
use crate::wire::ApiError;
use crate::wire::constraint::List;

/// A registered target.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// As requests gave it, or found by its address; answers show it.
    pub(super) availability_zone: Option<String>,
    /// The zone that it is in, where that is known.
    pub(super) zone: Option<String>,
    /// Of QUIC groups, and only of them.
    pub(super) quic_server_id: Option<String>,
    pub(super) registered: Instant,
    /// Set once it is deregistered: gone from then on.
    pub(super) draining_until: Option<Instant>,
    /// What a description says of it besides its health.
    pub(super) witnessed: Witnessed,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Targets {
    target_group_arn: String,
    targets: List<TargetRequest, 1, 1000>,
}

/// A target as requests name it; without a port it is the group's.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct TargetRequest {
    pub(super) id: String,
    pub(super) port: Option<Port>,
    pub(super) availability_zone: Option<String>,
    pub(super) quic_server_id: Option<String>,
}

/// `RegisterTargets`: all or none. A target that is registered stays as it is; one that drains is registered anew.
pub(crate) async fn register(
    store: &mut Store,
    network: &dyn Network,
    request: Targets,
    now: Moment,
) -> Result<Done, ApiError> {
    let group = store.target_group(&request.target_group_arn)?;
    let arn = group.arn.clone();
    let targets = accepted::targets(store, network, group, request.targets.as_slice(), now).await?;
    let before = group.targets.clone();
    let group = store.target_group_mut(&arn)?;
    group.forget_drained(now);
    for (key, target) in targets {
        match group.targets.get(&key).filter(|standing| standing.draining_until.is_none()) {
            Some(standing) if standing.quic_server_id != target.quic_server_id => {
                let message = format!("The server ID of the registered target '{}' cannot be changed", key.id);
                group.targets = before;
                return Err(ApiError::validation(message));
            }
            Some(_) => {}
            None => {
                group.targets.insert(key, target);
            }
        }
    }
    if let Err(refusal) = store.check_group(&arn) {
        store.target_group_mut(&arn)?.targets = before;
        return Err(refusal);
    }
    Ok(Done {})
}

/// `DeregisterTargets`: what is not registered is deregistered already.
pub(crate) fn deregister(store: &mut Store, request: Targets, now: Moment) -> Result<Done, ApiError> {
    let cap = store.options().drain_cap;
    let group = store.target_group_mut(&request.target_group_arn)?;
    group.forget_drained(now);
    let until = now.instant + group.deregistration_delay().min(cap);
    for target in request.targets.iter() {
        let key = group.key(target);
        // Nothing flows to a target of a group that is not in use, so there is nothing to drain.
        if group.in_use_since.is_none() {
            group.targets.remove(&key);
        } else if let Some(target) = group.targets.get_mut(&key) {
            target.draining_until.get_or_insert(until);
        }
    }
    Ok(Done {})
}

impl Target {
    /// A target registered now.
    pub(super) fn new(availability_zone: Option<String>, zone: Option<String>, now: Moment) -> Self {
        Self {
            availability_zone,
            zone,
            quic_server_id: None,
            registered: now.instant,
            draining_until: None,
            witnessed: Witnessed::default(),
        }
    }
}

impl TargetGroup {
    /// The targets that are not draining.
    pub(super) fn registered(&self) -> impl Iterator<Item = (&TargetKey, &Target)> {
        self.targets.iter().filter(|(_, target)| target.draining_until.is_none())
    }

    /// Which target a request names.
    pub(super) fn key(&self, target: &TargetRequest) -> TargetKey {
        TargetKey { id: target.id.clone(), port: target.port.map_or(self.settings.port, Port::get) }
    }

    fn forget_drained(&mut self, now: Moment) {
        self.targets.retain(|_, target| target.draining_until.is_none_or(|until| now.instant < until));
    }

    /// How long a target of the group drains.
    pub(super) fn deregistration_delay(&self) -> Duration {
        let seconds = self.attributes.get(DEREGISTRATION_DELAY).and_then(|seconds| seconds.parse().ok());
        Duration::from_secs(seconds.unwrap_or_default())
    }
}
