//! States and reasons of targets, in AWS's words.

use serde::{Deserialize, Serialize};

use crate::elbv2::protocol::Family;
use crate::elbv2::target_groups::TargetGroup;

/// The health of a target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Health {
    pub(crate) state: HealthState,
    pub(crate) reason: Option<Reason>,
    pub(crate) description: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum HealthState {
    Initial,
    Healthy,
    Unhealthy,
    #[serde(rename = "unhealthy.draining")]
    UnhealthyDraining,
    Unused,
    Draining,
    Unavailable,
}

/// Why a target is in its state. Source: API reference, `TargetHealth`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Reason {
    #[serde(rename = "Elb.RegistrationInProgress")]
    RegistrationInProgress,
    #[serde(rename = "Elb.InitialHealthChecking")]
    InitialHealthChecking,
    #[serde(rename = "Elb.InternalError")]
    InternalError,
    #[serde(rename = "Target.ResponseCodeMismatch")]
    ResponseCodeMismatch,
    #[serde(rename = "Target.Timeout")]
    Timeout,
    #[serde(rename = "Target.FailedHealthChecks")]
    FailedHealthChecks,
    #[serde(rename = "Target.NotRegistered")]
    NotRegistered,
    #[serde(rename = "Target.NotInUse")]
    NotInUse,
    #[serde(rename = "Target.InvalidState")]
    InvalidState,
    #[serde(rename = "Target.IpUnusable")]
    IpUnusable,
    #[serde(rename = "Target.DeregistrationInProgress")]
    DeregistrationInProgress,
    #[serde(rename = "Target.HealthCheckDisabled")]
    HealthCheckDisabled,
}

/// What a description says of a target besides its health.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Witnessed {
    pub(crate) anomaly_detection: Option<AnomalyDetection>,
    pub(crate) administrative_override: Option<AdministrativeOverride>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct AnomalyDetection {
    result: AnomalyResult,
    mitigation_in_effect: Mitigation,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum AnomalyResult {
    Anomalous,
    Normal,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Mitigation {
    Yes,
    No,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct AdministrativeOverride {
    state: OverrideState,
    reason: Option<String>,
    description: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OverrideState {
    Unknown,
    NoOverride,
    ZonalShiftActive,
    ZonalShiftDelegatedToDns,
}

impl Health {
    pub(super) fn healthy() -> Self {
        Self { state: HealthState::Healthy, reason: None, description: None }
    }

    pub(super) fn because(state: HealthState, reason: Reason) -> Self {
        Self { state, reason: Some(reason), description: Some(reason.words().to_owned()) }
    }

    pub(super) fn of_stopped(instance_state: &str) -> Self {
        let description = format!("Target is in the {instance_state} state");
        Self { description: Some(description), ..Self::because(HealthState::Unused, Reason::InvalidState) }
    }

    pub(super) fn of_zone_not_enabled() -> Self {
        let description = "Target is in an Availability Zone that is not enabled for the load balancer";
        Self { description: Some(description.to_owned()), ..Self::because(HealthState::Unused, Reason::NotInUse) }
    }
}

impl Reason {
    fn words(self) -> &'static str {
        match self {
            Self::RegistrationInProgress => "Target registration is in progress",
            Self::InitialHealthChecking => "Initial health checks in progress",
            Self::InternalError => "Health checks failed due to an internal error",
            Self::ResponseCodeMismatch => "Health checks failed with these codes: [502]",
            Self::Timeout => "Request timed out",
            Self::FailedHealthChecks => "Health checks failed",
            Self::NotRegistered => "Target is not registered to the target group",
            Self::NotInUse => "Target group is not configured to receive traffic from the load balancer",
            Self::InvalidState => "Target is in the stopped state",
            Self::IpUnusable => "Target IP address is reserved for use by a load balancer",
            Self::DeregistrationInProgress => "Target deregistration is in progress",
            Self::HealthCheckDisabled => "Health checks are disabled for this target group",
        }
    }
}

impl AnomalyDetection {
    /// Nothing unusual, for targets of application load balancers; others are not watched.
    pub(super) fn of(group: &TargetGroup) -> Option<Self> {
        let watched = group.settings.family == Family::Application;
        watched.then_some(Self { result: AnomalyResult::Normal, mitigation_in_effect: Mitigation::No })
    }
}
