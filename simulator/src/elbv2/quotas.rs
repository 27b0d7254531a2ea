//! Quotas: their defaults, what a test sets instead, and `DescribeAccountLimits`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::paging::{PageRequest, Paging};
use super::store::Store;
use crate::wire::ApiError;

/// A quota that an operation checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Quota {
    ApplicationLoadBalancers,
    NetworkLoadBalancers,
    NetworkInterfacesPerVpc,
    ListenersPerApplicationLoadBalancer,
    ListenersPerNetworkLoadBalancer,
    CertificatesPerApplicationLoadBalancer,
    CertificatesPerNetworkLoadBalancer,
    VerifyingListeners,
    RulesPerLoadBalancer,
    ValuesPerRule,
    WildcardsPerRule,
    TargetGroups,
    TargetGroupsPerApplicationLoadBalancer,
    TargetGroupsPerApplicationAction,
    TargetGroupsPerNetworkAction,
    TargetsPerApplicationLoadBalancer,
    TargetsPerNetworkLoadBalancer,
    TargetsPerZoneAndNetworkLoadBalancer,
    TargetsPerTargetGroup,
    RegistrationsPerTarget,
    NetworkLoadBalancersPerTarget,
    TrustStores,
    ReservedApplicationUnits,
    ReservedNetworkUnits,
}

/// A row of the table of quotas.
struct Row {
    name: &'static str,
    default: u64,
    /// Whether `DescribeAccountLimits` answers it.
    shown: bool,
}

/// Names and defaults.
///
/// Sources: Elastic Load Balancing quotas; the answer of `DescribeAccountLimits` in the AWS CLI's reference. The names of
/// those that AWS does not answer are the simulator's own. Where AWS's documents differ, the larger number stands: six
/// wildcards (the table; the text says five), and five groups per action of a network load balancer, which had one
/// before weighted groups. The user guide's three values per condition are not enforced: rules with five hosts in one
/// condition exist. Rules of network load balancers have no documented number.
const TABLE: &[Row] = &[
    shown("application-load-balancers", 50),
    shown("certificates-per-application-load-balancer", 25),
    shown("certificates-per-network-load-balancer", 25),
    shown("condition-values-per-alb-rule", 5),
    shown("condition-wildcards-per-alb-rule", 6),
    shown("gateway-load-balancers", 100),
    shown("gateway-load-balancers-per-vpc", 100),
    shown("geneve-target-groups", 100),
    shown("listeners-per-application-load-balancer", 50),
    shown("listeners-per-network-load-balancer", 50),
    hidden("mutual-tls-verify-listeners-per-application-load-balancer", 2),
    shown("network-load-balancer-enis-per-vpc", 1200),
    shown("network-load-balancers", 50),
    hidden("network-load-balancers-per-application-load-balancer-target", 2),
    hidden("reserved-application-load-balancer-capacity-units", 0),
    hidden("reserved-network-load-balancer-capacity-units", 0),
    shown("rules-per-application-load-balancer", 100),
    shown("target-groups", 3000),
    shown("target-groups-per-action-on-application-load-balancer", 5),
    shown("target-groups-per-action-on-network-load-balancer", 5),
    shown("target-groups-per-application-load-balancer", 100),
    shown("target-id-registrations-per-application-load-balancer", 1000),
    shown("targets-per-application-load-balancer", 1000),
    shown("targets-per-availability-zone-per-gateway-load-balancer", 300),
    shown("targets-per-availability-zone-per-network-load-balancer", 500),
    shown("targets-per-network-load-balancer", 3000),
    shown("targets-per-target-group", 1000),
    hidden("trust-stores", 20),
];

const fn shown(name: &'static str, default: u64) -> Row {
    Row { name, default, shown: true }
}

const fn hidden(name: &'static str, default: u64) -> Row {
    Row { name, default, shown: false }
}

/// Quotas that differ from AWS's defaults, by the names of `DescribeAccountLimits` and a few of the simulator's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, u64>", into = "BTreeMap<String, u64>")]
pub struct Quotas {
    overrides: BTreeMap<String, u64>,
}

impl TryFrom<BTreeMap<String, u64>> for Quotas {
    type Error = String;

    fn try_from(overrides: BTreeMap<String, u64>) -> Result<Self, String> {
        match overrides.keys().find(|name| !TABLE.iter().any(|row| row.name == *name)) {
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
            Self::ApplicationLoadBalancers => "application-load-balancers",
            Self::NetworkLoadBalancers => "network-load-balancers",
            Self::NetworkInterfacesPerVpc => "network-load-balancer-enis-per-vpc",
            Self::ListenersPerApplicationLoadBalancer => "listeners-per-application-load-balancer",
            Self::ListenersPerNetworkLoadBalancer => "listeners-per-network-load-balancer",
            Self::CertificatesPerApplicationLoadBalancer => "certificates-per-application-load-balancer",
            Self::CertificatesPerNetworkLoadBalancer => "certificates-per-network-load-balancer",
            Self::VerifyingListeners => "mutual-tls-verify-listeners-per-application-load-balancer",
            Self::RulesPerLoadBalancer => "rules-per-application-load-balancer",
            Self::ValuesPerRule => "condition-values-per-alb-rule",
            Self::WildcardsPerRule => "condition-wildcards-per-alb-rule",
            Self::TargetGroups => "target-groups",
            Self::TargetGroupsPerApplicationLoadBalancer => "target-groups-per-application-load-balancer",
            Self::TargetGroupsPerApplicationAction => "target-groups-per-action-on-application-load-balancer",
            Self::TargetGroupsPerNetworkAction => "target-groups-per-action-on-network-load-balancer",
            Self::TargetsPerApplicationLoadBalancer => "targets-per-application-load-balancer",
            Self::TargetsPerNetworkLoadBalancer => "targets-per-network-load-balancer",
            Self::TargetsPerZoneAndNetworkLoadBalancer => "targets-per-availability-zone-per-network-load-balancer",
            Self::TargetsPerTargetGroup => "targets-per-target-group",
            Self::RegistrationsPerTarget => "target-id-registrations-per-application-load-balancer",
            Self::NetworkLoadBalancersPerTarget => "network-load-balancers-per-application-load-balancer-target",
            Self::TrustStores => "trust-stores",
            Self::ReservedApplicationUnits => "reserved-application-load-balancer-capacity-units",
            Self::ReservedNetworkUnits => "reserved-network-load-balancer-capacity-units",
        }
    }

    fn code(self) -> &'static str {
        match self {
            Self::ApplicationLoadBalancers | Self::NetworkLoadBalancers | Self::NetworkInterfacesPerVpc => {
                "TooManyLoadBalancers"
            }
            Self::ListenersPerApplicationLoadBalancer | Self::ListenersPerNetworkLoadBalancer => "TooManyListeners",
            Self::CertificatesPerApplicationLoadBalancer | Self::CertificatesPerNetworkLoadBalancer => {
                "TooManyCertificates"
            }
            Self::VerifyingListeners => "InvalidConfigurationRequest",
            Self::RulesPerLoadBalancer => "TooManyRules",
            Self::ValuesPerRule | Self::WildcardsPerRule => "ValidationError",
            Self::TargetGroups => "TooManyTargetGroups",
            Self::TargetGroupsPerApplicationLoadBalancer => "TooManyUniqueTargetGroupsPerLoadBalancer",
            Self::TargetGroupsPerApplicationAction | Self::TargetGroupsPerNetworkAction => "TooManyActions",
            Self::TargetsPerApplicationLoadBalancer
            | Self::TargetsPerNetworkLoadBalancer
            | Self::TargetsPerZoneAndNetworkLoadBalancer
            | Self::TargetsPerTargetGroup => "TooManyTargets",
            Self::RegistrationsPerTarget | Self::NetworkLoadBalancersPerTarget => "TooManyRegistrationsForTargetId",
            Self::TrustStores => "TooManyTrustStores",
            Self::ReservedApplicationUnits | Self::ReservedNetworkUnits => "CapacityUnitsLimitExceeded",
        }
    }

    fn message(self, limit: u64) -> String {
        match self {
            Self::ValuesPerRule => format!("A rule can only have '{limit}' condition values"),
            Self::WildcardsPerRule => format!("A rule can only have '{limit}' condition wildcards"),
            _ => format!("You have reached the maximum of {limit} for the quota '{}'", self.name()),
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
        Err(ApiError::new(quota.code(), quota.message(limit)))
    }

    fn limit(&self, name: &str) -> u64 {
        let default = TABLE.iter().find(|row| row.name == name).map(|row| row.default);
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
    let limits = TABLE.iter().filter(|row| row.shown).map(|Row { name, .. }| {
        let max = store.options().quotas.limit(name).to_string();
        ((*name).to_owned(), Limit { name, max })
    });
    let (limits, next_marker) = Paging::from(request).page(limits.collect())?;
    Ok(DescribeAccountLimitsResult { limits, next_marker })
}
