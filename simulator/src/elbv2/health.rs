//! The health of targets: what follows from time and use, and what a test has fixed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::network_failure;
use super::observed::port;
use super::store::Store;
use super::target_groups::{TargetGroup, TargetType};
use super::targets::{Target, TargetRequest};
use crate::clock::Moment;
use crate::network::{Instance, Network};
use crate::observed::ObservedTarget;
use crate::options::HealthOutcome;
use crate::wire::ApiError;

/// What identifies a target in its group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TargetKey {
    pub(super) id: String,
    pub(super) port: i64,
}

/// The health of a target, fixed by a test.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ForcedHealth {
    /// The target group's ARN.
    pub target_group_arn: String,
    /// The target's id; it need not be registered yet.
    pub target_id: String,
    /// The target's port; every port of the id when absent.
    #[serde(default)]
    pub port: Option<u16>,
    /// The state it has from now on; none lets it follow from time again.
    pub state: Option<ForcedState>,
}

/// States that a test can fix. They show while the target is registered and its group in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ForcedState {
    /// Health checks have not come to a result.
    Initial,
    /// Passes its health checks.
    Healthy,
    /// Fails its health checks.
    Unhealthy,
    /// Fails its health checks, and connections to it are given time.
    #[serde(rename = "unhealthy.draining")]
    UnhealthyDraining,
    /// No health checks are made.
    Unavailable,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeTargetHealth {
    target_group_arn: String,
    targets: Option<Vec<TargetRequest>>,
    /// What it would add (anomalies, administrative overrides) targets of network load balancers do not have.
    #[expect(dead_code, reason = "read so that its values are checked")]
    include: Option<Vec<Include>>,
}

#[derive(Deserialize)]
enum Include {
    AnomalyDetection,
    All,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DescribeTargetHealthResult {
    target_health_descriptions: Vec<Description>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Description {
    target: TargetDescription,
    health_check_port: String,
    target_health: Health,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct TargetDescription {
    id: String,
    port: i64,
    availability_zone: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Health {
    state: &'static str,
    reason: Option<&'static str>,
    description: Option<String>,
}

/// `DescribeTargetHealth`: of all targets, or of those named, registered or not.
pub(crate) async fn describe(
    store: &Store,
    network: &dyn Network,
    request: DescribeTargetHealth,
    now: Moment,
) -> Result<DescribeTargetHealthResult, ApiError> {
    let group = store.target_group(&request.target_group_arn)?;
    let view = View::of(store, network, group, now).await?;
    let target_health_descriptions = match request.targets {
        None => group.targets.iter().filter_map(|(key, target)| view.describe(key, target)).collect(),
        Some(named) => named.iter().map(|request| view.describe_named(request)).collect(),
    };
    Ok(DescribeTargetHealthResult { target_health_descriptions })
}

impl Store {
    /// Fixes the health of a target, or frees it.
    pub(crate) fn force_health(&mut self, forced: ForcedHealth) -> Result<(), ApiError> {
        let group = self.target_group_mut(&forced.target_group_arn)?;
        let key = (forced.target_id, forced.port.map(i64::from));
        match forced.state {
            Some(state) => group.forced.insert(key, state),
            None => group.forced.remove(&key),
        };
        Ok(())
    }
}

/// The targets of a group with their states, as an observer sees them.
pub(super) async fn states(
    store: &Store,
    network: &dyn Network,
    group: &TargetGroup,
    now: Moment,
) -> Result<Vec<ObservedTarget>, ApiError> {
    let view = View::of(store, network, group, now).await?;
    let state = |(key, target): (&TargetKey, &Target)| {
        let state = view.health(key, target)?.state.to_owned();
        let zone = target.instance_zone.clone().or_else(|| target.availability_zone.clone());
        Some(ObservedTarget { id: key.id.clone(), port: port(key.port), state, zone })
    };
    Ok(group.targets.iter().filter_map(state).collect())
}

/// The instances among a group's targets, by id.
async fn instances(
    store: &Store,
    network: &dyn Network,
    group: &TargetGroup,
) -> Result<BTreeMap<String, Instance>, ApiError> {
    if group.targets.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut ids = group.targets.keys().map(|key| key.id.clone()).collect::<Vec<_>>();
    ids.dedup();
    let found = network.instances(store.scope(), &ids).await.map_err(network_failure)?;
    Ok(found.into_iter().map(|instance| (instance.id.clone(), instance)).collect())
}

/// One group at one moment.
struct View<'a> {
    store: &'a Store,
    group: &'a TargetGroup,
    instances: BTreeMap<String, Instance>,
    now: Moment,
}

impl<'a> View<'a> {
    async fn of(
        store: &'a Store,
        network: &dyn Network,
        group: &'a TargetGroup,
        now: Moment,
    ) -> Result<Self, ApiError> {
        let instances = match group.settings.target_type {
            TargetType::Instance => instances(store, network, group).await?,
            _ => BTreeMap::new(),
        };
        Ok(Self { store, group, instances, now })
    }

    /// A registered target; none once it has drained or its instance is terminated.
    fn describe(&self, key: &TargetKey, target: &Target) -> Option<Description> {
        let health = self.health(key, target)?;
        Some(self.description(key, target.availability_zone.clone(), health))
    }

    fn describe_named(&self, request: &TargetRequest) -> Description {
        let key = self.group.key(request);
        let registered = self.group.targets.get(&key).and_then(|target| self.describe(&key, target));
        registered.unwrap_or_else(|| {
            let health =
                Health::because("unused", "Target.NotRegistered", "Target is not registered to the target group");
            self.description(&key, request.availability_zone.clone(), health)
        })
    }

    fn description(&self, key: &TargetKey, availability_zone: Option<String>, target_health: Health) -> Description {
        let port = &self.group.settings.health_check.port;
        Description {
            target: TargetDescription { id: key.id.clone(), port: key.port, availability_zone },
            health_check_port: if port == "traffic-port" { key.port.to_string() } else { port.clone() },
            target_health,
        }
    }

    fn health(&self, key: &TargetKey, target: &Target) -> Option<Health> {
        if let Some(until) = target.draining_until {
            let draining =
                Health::because("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress");
            return (self.now.instant < until).then_some(draining);
        }
        if self.group.settings.target_type == TargetType::Instance {
            match self.instances.get(&key.id).map(|instance| instance.state.as_str()) {
                None | Some("terminated") => return None,
                Some("running") => {}
                Some(state) => return Some(Health::invalid_state(state)),
            }
        }
        Some(match self.settled_at(target) {
            Err(unused) => unused,
            Ok(settled) => self.checked(key, settled),
        })
    }

    /// When the first health checks of a target are over, if ever, or why there are none.
    fn settled_at(&self, target: &Target) -> Result<Option<Instant>, Health> {
        let not_in_use = |why| Health::because("unused", "Target.NotInUse", why);
        let usage = self.store.usage();
        let users = usage.get(self.group.arn.as_str()).into_iter().flatten();
        let users = users.filter_map(|arn| self.store.load_balancers.get(*arn)).collect::<Vec<_>>();
        let Some(since) = self.group.in_use_since.filter(|_| !users.is_empty()) else {
            return Err(not_in_use("Target group is not configured to receive traffic from the load balancer"));
        };
        if let Some(zone) = &target.instance_zone {
            let mut zones = users.iter().flat_map(|user| &user.settings.zones);
            if !zones.any(|enabled| enabled.zone_name == *zone) {
                return Err(not_in_use("Target is in an Availability Zone that is not enabled for the load balancer"));
            }
        }
        if !users.iter().any(|user| user.life.may_serve()) {
            return Ok(None);
        }
        let active = users.iter().filter_map(|user| user.life.serves_from()).max().unwrap_or(since);
        Ok(Some(target.registered.max(since).max(active) + self.store.options().health_delay))
    }

    fn checked(&self, key: &TargetKey, settled: Option<Instant>) -> Health {
        let forced = |port| self.group.forced.get(&(key.id.clone(), port)).copied();
        let by_time = match self.store.options().health_outcome {
            _ if settled.is_none_or(|at| self.now.instant < at) => ForcedState::Initial,
            HealthOutcome::Healthy => ForcedState::Healthy,
            HealthOutcome::Unhealthy => ForcedState::Unhealthy,
            HealthOutcome::Never => ForcedState::Initial,
        };
        match forced(Some(key.port)).or_else(|| forced(None)).unwrap_or(by_time) {
            ForcedState::Initial => {
                Health::because("initial", "Elb.RegistrationInProgress", "Target registration is in progress")
            }
            ForcedState::Healthy => Health { state: "healthy", reason: None, description: None },
            ForcedState::Unhealthy => Health::because("unhealthy", "Target.FailedHealthChecks", "Health checks failed"),
            ForcedState::UnhealthyDraining => {
                Health::because("unhealthy.draining", "Target.FailedHealthChecks", "Health checks failed")
            }
            ForcedState::Unavailable => {
                Health::because("unavailable", "Elb.InternalError", "Health checks failed due to an internal error")
            }
        }
    }
}

impl Health {
    fn because(state: &'static str, reason: &'static str, description: &str) -> Self {
        Self { state, reason: Some(reason), description: Some(description.to_owned()) }
    }

    fn invalid_state(instance_state: &str) -> Self {
        Self::because("unused", "Target.InvalidState", &format!("Target is in the {instance_state} state"))
    }
}
