//! What a simulated account may be told: how long things take, and its quotas.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::elbv2::Quotas;
use crate::lag::Lag;
use crate::throttle::Throttling;

/// Enough to tell what led to a failure, and little enough for a process that serves for days.
const CALLS_KEPT: usize = 1_000;

/// How a simulator starts.
#[derive(Clone, Debug)]
pub struct Options {
    /// What the accounts' calendar shows at first.
    pub start: Timestamp,
    /// What every account starts with.
    pub account: AccountOptions,
    /// How many of the latest calls are remembered; none turns the journal off.
    pub calls_kept: usize,
}

/// What can be told to one account, also while it runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct AccountOptions {
    /// From the creation of a load balancer to its state `active`.
    #[serde(with = "seconds")]
    pub provisioning_delay: Duration,
    /// How long a target of a group in use stays `initial`.
    #[serde(with = "seconds")]
    pub health_delay: Duration,
    /// The longest time that a target drains, whatever its group's deregistration delay says; tests need not wait.
    #[serde(with = "seconds")]
    pub drain_cap: Duration,
    /// How long the network interfaces of a load balancer outlive it.
    #[serde(with = "seconds")]
    pub interface_delay: Duration,
    /// From the request of a certificate to its issue.
    #[serde(with = "seconds")]
    pub certificate_delay: Duration,
    /// What becomes of load balancers that are made from now on.
    pub provisioning_outcome: ProvisioningOutcome,
    /// What becomes of targets whose health no test has fixed.
    pub health_outcome: HealthOutcome,
    /// How old the state is that reads answer from; up to date unless told.
    pub lag: Lag,
    /// Whether requests are refused for their rate; they are not unless told.
    pub throttling: Throttling,
    /// The account's quotas, by the names of `DescribeAccountLimits`.
    pub quotas: Quotas,
}

/// What becomes of a load balancer once the provisioning delay is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProvisioningOutcome {
    /// It is `active`.
    Active,
    /// It is `failed`, and never serves.
    Failed,
    /// It stays `provisioning`, and never serves.
    Never,
}

/// What becomes of a target once the health delay is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HealthOutcome {
    /// It is `healthy`.
    Healthy,
    /// It is `unhealthy`.
    Unhealthy,
    /// It stays `initial`.
    Never,
}

impl Default for Options {
    /// A fixed day, so that a run without a clock of its own repeats itself.
    fn default() -> Self {
        let start = "2026-01-31T12:00:00Z".parse().expect("a valid time");
        Self { start, account: AccountOptions::default(), calls_kept: CALLS_KEPT }
    }
}

impl Default for AccountOptions {
    fn default() -> Self {
        Self {
            provisioning_delay: Duration::from_secs(2),
            health_delay: Duration::from_secs(1),
            drain_cap: Duration::from_secs(2),
            interface_delay: Duration::from_secs(1),
            certificate_delay: Duration::from_secs(2),
            provisioning_outcome: ProvisioningOutcome::Active,
            health_outcome: HealthOutcome::Healthy,
            lag: Lag::default(),
            throttling: Throttling::default(),
            quotas: Quotas::default(),
        }
    }
}

/// Durations as seconds with a fraction.
pub(crate) mod seconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(crate) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(duration.as_secs_f64())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        Duration::try_from_secs_f64(f64::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}
