//! Targets, and how they are.

use std::collections::BTreeMap;

use crate::crd::TargetGroupBindingStatus;
use crate::id::{Protocol, TargetGroupArn, TargetIpAddressType, TargetType, VpcId};
use crate::model::Target;

/// The targets of a target group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActualTargets {
    /// There is no such target group.
    Missing,
    /// The group and what is registered in it.
    Found {
        /// What the group is; read only when the binding leaves something open or names the group by its name.
        group: Option<TargetGroupSummary>,
        /// Every registered target with its health.
        targets: BTreeMap<Target, TargetHealth>,
    },
}

/// What a binding may leave to be read from its target group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetGroupSummary {
    /// Its ARN.
    pub arn: TargetGroupArn,
    /// What its targets are; `None` for types that a binding cannot fill (`lambda`, `alb`).
    pub target_type: Option<TargetType>,
    /// Its protocol; `None` for one that we do not know.
    pub protocol: Option<Protocol>,
    /// The family of its targets' addresses.
    pub ip_address_type: TargetIpAddressType,
    /// Its VPC.
    pub vpc: Option<VpcId>,
}

/// The health of one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetHealth {
    /// The state.
    pub state: TargetState,
    /// AWS's reason code, `Elb.RegistrationInProgress`.
    pub reason: Option<String>,
    /// AWS's sentence about the reason.
    pub description: Option<String>,
}

/// The states of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetState {
    /// Registered, first checks under way.
    Initial,
    /// Passing its checks.
    Healthy,
    /// Failing its checks.
    Unhealthy,
    /// Not used by any listener.
    Unused,
    /// Deregistered, connections are running out.
    Draining,
    /// Any other, as AWS spells it.
    Other(String),
}

impl TargetState {
    /// As AWS spells it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Initial => "initial",
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
            Self::Unused => "unused",
            Self::Draining => "draining",
            Self::Other(other) => other,
        }
    }
}

/// How far a binding's targets are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TargetCount {
    /// Wanted targets that receive traffic.
    pub ready: usize,
    /// Wanted targets.
    pub total: usize,
}

impl TargetCount {
    /// What we wrote into the status of a TargetGroupBinding; `None`: nothing yet.
    pub fn of_status(status: &TargetGroupBindingStatus) -> Option<Self> {
        let number = |number: Option<i32>| usize::try_from(number?).ok();
        Some(Self { ready: number(status.ready_targets)?, total: number(status.total_targets)? })
    }

    /// Whether requests may be moved to these targets: one of them receives traffic, or none is wanted.
    pub fn can_serve(self) -> bool {
        self.ready > 0 || self.total == 0
    }
}
