//! Quotas: their defaults, what a test sets instead, and `DescribeAccountLimits`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::paging::{PageRequest, Paging};
use super::store::Store;
use crate::wire::ApiError;

/// A quota that an operation checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Quota {
    NetworkLoadBalancers,
    ListenersPerNetworkLoadBalancer,
    TargetGroups,
    TargetGroupsPerNetworkAction,
    TargetsPerNetworkLoadBalancer,
    TargetsPerZoneAndNetworkLoadBalancer,
    TargetsPerTargetGroup,
}

/// Names and defaults. Those of application load balancers are only answered: what they limit is not modelled yet.
///
/// Source: Elastic Load Balancing quotas; the answer of `DescribeAccountLimits`, which does not name the targets of one
/// target group. The groups of one action of a network load balancer were 1 before weighted groups; 5 is taken from
/// application load balancers.
const TABLE: &[(&str, u64)] = &[
    ("application-load-balancers", 50),
    ("condition-values-per-alb-rule", 5),
    ("condition-wildcards-per-alb-rule", 6),
    ("listeners-per-application-load-balancer", 50),
    ("listeners-per-network-load-balancer", 50),
    ("network-load-balancers", 50),
    ("rules-per-application-load-balancer", 100),
    ("target-groups", 3000),
    ("target-groups-per-action-on-application-load-balancer", 5),
    ("target-groups-per-action-on-network-load-balancer", 5),
    ("target-groups-per-application-load-balancer", 100),
    ("targets-per-application-load-balancer", 1000),
    ("targets-per-availability-zone-per-network-load-balancer", 500),
    ("targets-per-network-load-balancer", 3000),
    (TARGETS_PER_TARGET_GROUP, 1000),
];

const TARGETS_PER_TARGET_GROUP: &str = "targets-per-target-group";

/// Quotas that differ from AWS's defaults, by the names of `DescribeAccountLimits` and `targets-per-target-group`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, u64>", into = "BTreeMap<String, u64>")]
pub struct Quotas {
    overrides: BTreeMap<String, u64>,
}

impl TryFrom<BTreeMap<String, u64>> for Quotas {
    type Error = String;

    fn try_from(overrides: BTreeMap<String, u64>) -> Result<Self, String> {
        match overrides.keys().find(|name| !TABLE.iter().any(|(known, _)| known == name)) {
            Some(unknown) => Err(format!("'{unknown}' is no quota; see elbv2 describe-account-limits")),
            None => Ok(Self { overrides }),
        }
    }
}

impl From<Quotas> for BTreeMap<String, u64> {
    fn from(quotas: Quotas) -> Self {
        quotas.overrides
    }
}

impl Quota {
    fn name(self) -> &'static str {
        match self {
            Self::NetworkLoadBalancers => "network-load-balancers",
            Self::ListenersPerNetworkLoadBalancer => "listeners-per-network-load-balancer",
            Self::TargetGroups => "target-groups",
            Self::TargetGroupsPerNetworkAction => "target-groups-per-action-on-network-load-balancer",
            Self::TargetsPerNetworkLoadBalancer => "targets-per-network-load-balancer",
            Self::TargetsPerZoneAndNetworkLoadBalancer => "targets-per-availability-zone-per-network-load-balancer",
            Self::TargetsPerTargetGroup => TARGETS_PER_TARGET_GROUP,
        }
    }

    fn code(self) -> &'static str {
        match self {
            Self::NetworkLoadBalancers => "TooManyLoadBalancers",
            Self::ListenersPerNetworkLoadBalancer => "TooManyListeners",
            Self::TargetGroups => "TooManyTargetGroups",
            Self::TargetGroupsPerNetworkAction => "TooManyActions",
            Self::TargetsPerNetworkLoadBalancer
            | Self::TargetsPerZoneAndNetworkLoadBalancer
            | Self::TargetsPerTargetGroup => "TooManyTargets",
        }
    }
}

impl Quotas {
    /// Refuses `count` things of a kind when that is more than the quota.
    pub(crate) fn check(&self, quota: Quota, count: usize) -> Result<(), ApiError> {
        let limit = self.limit(quota.name());
        if u64::try_from(count).unwrap_or(u64::MAX) <= limit {
            return Ok(());
        }
        let name = quota.name();
        Err(ApiError::new(quota.code(), format!("You have reached the maximum of {limit} for the quota '{name}'")))
    }

    fn limit(&self, name: &str) -> u64 {
        let default = TABLE.iter().find(|(known, _)| *known == name).map(|(_, default)| *default);
        self.overrides.get(name).copied().or(default).expect("every quota is in the table")
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DescribeAccountLimitsResult {
    limits: Vec<Limit>,
    next_marker: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Limit {
    name: &'static str,
    max: String,
}

/// `DescribeAccountLimits`.
pub(crate) fn describe(store: &Store, request: PageRequest) -> Result<DescribeAccountLimitsResult, ApiError> {
    let shown = TABLE.iter().filter(|(name, _)| *name != TARGETS_PER_TARGET_GROUP);
    let limits = shown.map(|(name, _)| {
        let max = store.options().quotas.limit(name).to_string();
        ((*name).to_owned(), Limit { name, max })
    });
    let (limits, next_marker) = Paging::from(request).page(limits.collect())?;
    Ok(DescribeAccountLimitsResult { limits, next_marker })
}
