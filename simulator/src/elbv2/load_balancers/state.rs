//! The state of a load balancer: what follows from time, and what a description or a test has fixed.

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::clock::Moment;
use crate::elbv2::Store;
use crate::options::{AccountOptions, ProvisioningOutcome};
use crate::wire::ApiError;

/// The state of a load balancer over time.
#[derive(Clone, Debug)]
pub(crate) struct Life {
    /// `provisioning` before, and from then on what becomes of it.
    pub(in super::super) active_from: Instant,
    pub(in super::super) outcome: ProvisioningOutcome,
    /// The state that a description or a test has fixed instead.
    pub(in super::super) fixed: Option<State>,
}

/// A state and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct State {
    pub(in super::super) code: LoadBalancerState,
    pub(in super::super) reason: Option<String>,
}

/// The states that AWS has for load balancers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoadBalancerState {
    /// Being set up.
    Provisioning,
    /// Routes traffic.
    Active,
    /// Routes traffic, but lacks resources to scale.
    ActiveImpaired,
    /// Could not be set up.
    Failed,
}

/// The state of a load balancer, fixed by a test.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ForcedLoadBalancerState {
    /// The load balancer's ARN.
    pub load_balancer_arn: String,
    /// The state it has from now on; none lets it follow from time again.
    pub state: Option<LoadBalancerState>,
    /// The reason that is shown with the state.
    #[serde(default)]
    pub reason: Option<String>,
}

impl Life {
    /// A life that time alone decides.
    pub(in super::super) fn active_from(active_from: Instant) -> Self {
        Self { active_from, outcome: ProvisioningOutcome::Active, fixed: None }
    }

    /// The life of a load balancer that is made now.
    pub(super) fn beginning(options: &AccountOptions, now: Moment) -> Self {
        let outcome = options.provisioning_outcome;
        Self { outcome, ..Self::active_from(now.instant + options.provisioning_delay) }
    }

    pub(in super::super) fn state(&self, now: Moment) -> State {
        let by_time = match self.outcome {
            _ if now.instant < self.active_from => LoadBalancerState::Provisioning,
            ProvisioningOutcome::Active => LoadBalancerState::Active,
            ProvisioningOutcome::Failed => LoadBalancerState::Failed,
            ProvisioningOutcome::Never => LoadBalancerState::Provisioning,
        };
        self.fixed.clone().unwrap_or(State { code: by_time, reason: None })
    }

    /// Whether traffic is routed.
    pub(crate) fn serves(&self, now: Moment) -> bool {
        matches!(self.state(now).code, LoadBalancerState::Active | LoadBalancerState::ActiveImpaired)
    }
}

impl Store {
    /// Fixes the state of a load balancer, or frees it.
    pub(crate) fn force_state(&mut self, forced: ForcedLoadBalancerState) -> Result<(), ApiError> {
        let load_balancer = self.load_balancer_mut(&forced.load_balancer_arn)?;
        load_balancer.life.fixed = forced.state.map(|code| State { code, reason: forced.reason });
        Ok(())
    }
}
