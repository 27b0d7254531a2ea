//! The health of targets: what follows from time and use, and what a test has fixed.

mod forced;
mod state;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

pub(crate) use self::forced::Fixed;
pub use self::forced::{ForcedHealth, ForcedReason, ForcedState};
pub(crate) use self::state::{AdministrativeOverride, AnomalyDetection, Health, HealthState, Reason, Witnessed};
use super::load_balancers::LoadBalancer;
use super::network_failure;
use super::store::{Store, Usage};
use super::target_groups::{TargetGroup, TargetType};
use super::targets::{Target, TargetRequest};
use crate::clock::Moment;
use crate::network::{Instance, Network};
use crate::options::HealthOutcome;
use crate::wire::ApiError;

/// What identifies a target in its group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TargetKey {
    pub(crate) id: String,
    pub(crate) port: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeTargetHealth {
    target_group_arn: String,
    targets: Option<Vec<TargetRequest>>,
    include: Option<Vec<Include>>,
}

/// What is shown besides health. Both ask for anomalies; there is nothing else.
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
    anomaly_detection: Option<AnomalyDetection>,
    administrative_override: Option<AdministrativeOverride>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct TargetDescription {
    id: String,
    port: i64,
    availability_zone: Option<String>,
    quic_server_id: Option<String>,
}

/// `DescribeTargetHealth`: of all targets, or of those named, registered or not.
pub(crate) async fn describe(
    store: &Store,
    network: &dyn Network,
    request: DescribeTargetHealth,
    now: Moment,
) -> Result<DescribeTargetHealthResult, ApiError> {
    let asked = request.include.unwrap_or_default();
    let anomalies = asked.iter().any(|include| matches!(include, Include::AnomalyDetection | Include::All));
    let view = View::of(store, network, &request.target_group_arn, now).await?;
    let mut target_health_descriptions = match request.targets {
        None => view.group.targets.iter().filter_map(|(key, target)| view.describe(key, target)).collect::<Vec<_>>(),
        Some(named) => named.iter().map(|request| view.describe_named(request)).collect(),
    };
    if !anomalies {
        target_health_descriptions.iter_mut().for_each(|description| description.anomaly_detection = None);
    }
    Ok(DescribeTargetHealthResult { target_health_descriptions })
}

/// One group at one moment.
pub(crate) struct View<'a> {
    store: &'a Store,
    group: &'a TargetGroup,
    /// The load balancers that use the group.
    users: Vec<&'a LoadBalancer>,
    instances: BTreeMap<String, Instance>,
    /// Addresses of the VPC that belong to load balancers.
    reserved: BTreeSet<IpAddr>,
    now: Moment,
}

impl<'a> View<'a> {
    /// The group with what EC2 knows of its targets.
    pub(crate) async fn of(
        store: &'a Store,
        network: &dyn Network,
        group: &str,
        now: Moment,
    ) -> Result<Self, ApiError> {
        Self::among(store, &store.usage(), network, store.target_group(group)?, now).await
    }

    /// As [`Self::of`], for who looks at many groups.
    pub(super) async fn among(
        store: &'a Store,
        usage: &Usage<'_>,
        network: &dyn Network,
        group: &'a TargetGroup,
        now: Moment,
    ) -> Result<Self, ApiError> {
        let users = usage.get(group.arn.as_str()).into_iter().flatten();
        let users = users.filter_map(|arn| store.load_balancers.get(*arn)).collect();
        let mut view = Self { store, group, users, instances: BTreeMap::new(), reserved: BTreeSet::new(), now };
        if group.targets.is_empty() {
            return Ok(view);
        }
        match group.settings.target_type {
            TargetType::Instance => {
                let mut ids = group.targets.keys().map(|key| key.id.clone()).collect::<Vec<_>>();
                ids.dedup();
                let found = network.instances(store.scope(), &ids).await.map_err(network_failure)?;
                view.instances = found.into_iter().map(|instance| (instance.id.clone(), instance)).collect();
            }
            TargetType::Ip => {
                let vpc_id = &group.settings.vpc_id;
                let reserved = network.load_balancer_addresses(store.scope(), vpc_id).await;
                view.reserved = reserved.map_err(network_failure)?.into_iter().collect();
            }
            TargetType::Alb | TargetType::Lambda => {}
        }
        Ok(view)
    }

    /// Every registered target with its health; those that have drained or whose instance is terminated are gone.
    pub(super) fn targets(&self) -> impl Iterator<Item = (&TargetKey, &Target, Health)> {
        self.group.targets.iter().filter_map(|(key, target)| Some((key, target, self.health(key, target)?)))
    }

    fn describe(&self, key: &TargetKey, target: &Target) -> Option<Description> {
        let health = self.health(key, target)?;
        let mut description = self.description(key, target.availability_zone.clone(), health);
        description.target.quic_server_id.clone_from(&target.quic_server_id);
        let Witnessed { anomaly_detection, administrative_override } = target.witnessed.clone();
        description.anomaly_detection = anomaly_detection.or_else(|| AnomalyDetection::of(self.group));
        description.administrative_override = administrative_override;
        Some(description)
    }

    fn describe_named(&self, request: &TargetRequest) -> Description {
        let key = self.group.key(request);
        let registered = self.group.targets.get(&key).and_then(|target| self.describe(&key, target));
        registered.unwrap_or_else(|| {
            let health = Health::because(HealthState::Unused, Reason::NotRegistered);
            self.description(&key, request.availability_zone.clone(), health)
        })
    }

    fn description(&self, key: &TargetKey, availability_zone: Option<String>, target_health: Health) -> Description {
        let TargetKey { id, port } = key.clone();
        Description {
            target: TargetDescription { id, port, availability_zone, quic_server_id: None },
            health_check_port: self.group.health_check_port(key),
            target_health,
            anomaly_detection: None,
            administrative_override: None,
        }
    }

    fn health(&self, key: &TargetKey, target: &Target) -> Option<Health> {
        if let Some(until) = target.draining_until {
            let draining = Health::because(HealthState::Draining, Reason::DeregistrationInProgress);
            return (self.now.instant < until).then_some(draining);
        }
        if self.group.settings.target_type == TargetType::Instance {
            match self.instances.get(&key.id).map(|instance| instance.state.as_str()) {
                None | Some("terminated") => return None,
                Some("running") => {}
                Some(state) => return Some(Health::of_stopped(state)),
            }
        }
        if key.id.parse().is_ok_and(|address| self.reserved.contains(&address)) {
            return Some(Health::because(HealthState::Unused, Reason::IpUnusable));
        }
        Some(match self.checked_from(target) {
            Err(health) => health,
            Ok(from) => self.checked(key, from),
        })
    }

    /// Since when a target is checked, or why it is not.
    fn checked_from(&self, target: &Target) -> Result<Instant, Health> {
        let users = &self.users;
        let Some(since) = self.group.in_use_since.filter(|_| !users.is_empty()) else {
            return Err(Health::because(HealthState::Unused, Reason::NotInUse));
        };
        if let Some(zone) = &target.zone {
            let mut zones = users.iter().flat_map(|user| &user.settings.zones);
            if !zones.any(|enabled| enabled.zone_name == *zone) {
                return Err(Health::of_zone_not_enabled());
            }
        }
        let serving = users.iter().filter(|user| user.life.serves(self.now));
        let served_since = |user: &&&LoadBalancer| match &user.life.fixed {
            None => Some(user.life.active_from),
            Some(_) => None,
        };
        if serving.clone().next().is_none() {
            return Err(Health::because(HealthState::Initial, Reason::RegistrationInProgress));
        }
        let active = serving.filter_map(|user| served_since(&user)).max().unwrap_or(since);
        Ok(target.registered.max(since).max(active))
    }

    /// The first half of the delay a target is being registered, the second half it is being checked for the first time.
    fn checked(&self, key: &TargetKey, from: Instant) -> Health {
        if let Some(fixed) = self.group.fixed_health(key) {
            return fixed.health();
        }
        let delay = self.store.options().health_delay;
        if self.now.instant < from + delay / 2 {
            Health::because(HealthState::Initial, Reason::RegistrationInProgress)
        } else if self.now.instant < from + delay {
            Health::because(HealthState::Initial, Reason::InitialHealthChecking)
        } else {
            match self.store.options().health_outcome {
                HealthOutcome::Healthy => Health::healthy(),
                HealthOutcome::Unhealthy => Health::because(HealthState::Unhealthy, Reason::FailedHealthChecks),
                HealthOutcome::Never => Health::because(HealthState::Initial, Reason::InitialHealthChecking),
            }
        }
    }
}

impl TargetGroup {
    /// The port that a target is checked at.
    pub(super) fn health_check_port(&self, key: &TargetKey) -> String {
        let port = &self.settings.health_check.port;
        if port == "traffic-port" { key.port.to_string() } else { port.clone() }
    }
}
