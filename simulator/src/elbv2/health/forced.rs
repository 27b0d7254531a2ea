//! Health that a test or a description has fixed.

use serde::{Deserialize, Serialize};

use super::TargetKey;
use super::state::{Health, HealthState, Reason};
use crate::elbv2::store::Store;
use crate::elbv2::target_groups::TargetGroup;
use crate::wire::ApiError;

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
    /// The reason that is shown with the state; the state's most common one when absent.
    #[serde(default)]
    pub reason: Option<ForcedReason>,
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

/// Reasons that a test can fix with a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ForcedReason {
    /// Of `initial`: the target is being registered.
    #[serde(rename = "Elb.RegistrationInProgress")]
    RegistrationInProgress,
    /// Of `initial`: the first health checks are being made.
    #[serde(rename = "Elb.InitialHealthChecking")]
    InitialHealthChecking,
    /// Of `unhealthy` and `unavailable`: AWS's own failure.
    #[serde(rename = "Elb.InternalError")]
    InternalError,
    /// Of `unhealthy`: answers with a code that the matcher does not have.
    #[serde(rename = "Target.ResponseCodeMismatch")]
    ResponseCodeMismatch,
    /// Of `unhealthy`: does not answer in time.
    #[serde(rename = "Target.Timeout")]
    Timeout,
    /// Of `unhealthy`: refuses connections.
    #[serde(rename = "Target.FailedHealthChecks")]
    FailedHealthChecks,
    /// Of `unavailable`: health checks are off.
    #[serde(rename = "Target.HealthCheckDisabled")]
    HealthCheckDisabled,
}

/// A health that time does not change.
#[derive(Clone, Debug)]
pub(crate) struct Fixed {
    pub(crate) state: ForcedState,
    pub(crate) reason: Option<Reason>,
    pub(crate) description: Option<String>,
}

impl Store {
    /// Fixes the health of a target, or frees it.
    pub(crate) fn force_health(&mut self, forced: ForcedHealth) -> Result<(), ApiError> {
        let group = self.target_group_mut(&forced.target_group_arn)?;
        let key = (forced.target_id, forced.port.map(i64::from));
        match forced.state {
            Some(state) => {
                let reason = forced.reason.map(Reason::from);
                group.forced.insert(key, Fixed { state, reason, description: None })
            }
            None => group.forced.remove(&key),
        };
        Ok(())
    }
}

impl TargetGroup {
    /// The health that is fixed for a target, or for its id.
    pub(super) fn fixed_health(&self, key: &TargetKey) -> Option<&Fixed> {
        let forced = |port| self.forced.get(&(key.id.clone(), port));
        forced(Some(key.port)).or_else(|| forced(None))
    }
}

impl Fixed {
    pub(super) fn health(&self) -> Health {
        let (state, usual) = match self.state {
            ForcedState::Healthy => return Health::healthy(),
            ForcedState::Initial => (HealthState::Initial, Reason::RegistrationInProgress),
            ForcedState::Unhealthy => (HealthState::Unhealthy, Reason::FailedHealthChecks),
            ForcedState::UnhealthyDraining => (HealthState::UnhealthyDraining, Reason::FailedHealthChecks),
            ForcedState::Unavailable => (HealthState::Unavailable, Reason::InternalError),
        };
        let health = Health::because(state, self.reason.unwrap_or(usual));
        Health { description: self.description.clone().or(health.description), ..health }
    }
}

impl From<ForcedReason> for Reason {
    fn from(reason: ForcedReason) -> Self {
        match reason {
            ForcedReason::RegistrationInProgress => Self::RegistrationInProgress,
            ForcedReason::InitialHealthChecking => Self::InitialHealthChecking,
            ForcedReason::InternalError => Self::InternalError,
            ForcedReason::ResponseCodeMismatch => Self::ResponseCodeMismatch,
            ForcedReason::Timeout => Self::Timeout,
            ForcedReason::FailedHealthChecks => Self::FailedHealthChecks,
            ForcedReason::HealthCheckDisabled => Self::HealthCheckDisabled,
        }
    }
}
