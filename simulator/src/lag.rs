//! Read-after-write lag: reads that answer from the state as it was a while ago.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Moment;
use crate::options::seconds;

/// How old the state is that reads of each kind answer from. Writes always act on the present.
///
/// AWS makes no promise; 0 to 30 s for the resources and up to 300 s for the index of the tagging API cover what has
/// been seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Lag {
    by_kind: BTreeMap<LagKind, Seconds>,
    /// How far back states are kept though no read lags yet.
    #[serde(skip)]
    kept: Duration,
}

/// What is read: a kind of resource, or a side of all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LagKind {
    /// `DescribeLoadBalancers`.
    LoadBalancers,
    /// `DescribeListeners`, `DescribeListenerCertificates`.
    Listeners,
    /// `DescribeRules`.
    Rules,
    /// `DescribeTargetGroups`.
    TargetGroups,
    /// `DescribeTargetHealth`.
    TargetHealth,
    /// `DescribeTrustStores` and what else is read of trust stores.
    TrustStores,
    /// `DescribeTags` of Elastic Load Balancing.
    Tags,
    /// The attributes of load balancers, listeners and target groups.
    Attributes,
    /// `DescribeSecurityGroups`, `DescribeSecurityGroupRules`.
    SecurityGroups,
    /// `DescribeInstances`.
    Instances,
    /// `DescribeNetworkInterfaces`.
    NetworkInterfaces,
    /// Everything else that is read of EC2: VPCs, subnets, zones, routes, addresses.
    Network,
    /// The index that the tagging API answers from.
    TagIndex,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
struct Seconds(#[serde(with = "seconds")] Duration);

impl LagKind {
    /// Every kind.
    pub const ALL: &[Self] = &[
        Self::LoadBalancers,
        Self::Listeners,
        Self::Rules,
        Self::TargetGroups,
        Self::TargetHealth,
        Self::TrustStores,
        Self::Tags,
        Self::Attributes,
        Self::SecurityGroups,
        Self::Instances,
        Self::NetworkInterfaces,
        Self::Network,
        Self::TagIndex,
    ];

    /// What an action of Elastic Load Balancing reads; none for one that writes, or whose answer never changes.
    pub(crate) fn of_load_balancing(action: &str) -> Option<Self> {
        Some(match action.strip_prefix("Describe").or_else(|| action.strip_prefix("Get"))? {
            "LoadBalancers" => Self::LoadBalancers,
            "Listeners" | "ListenerCertificates" => Self::Listeners,
            "Rules" => Self::Rules,
            "TargetGroups" => Self::TargetGroups,
            "TargetHealth" => Self::TargetHealth,
            "Tags" => Self::Tags,
            "ListenerAttributes" | "LoadBalancerAttributes" | "TargetGroupAttributes" => Self::Attributes,
            name if name.starts_with("TrustStore") => Self::TrustStores,
            _ => return None,
        })
    }

    /// What an action of EC2 reads; none for one that writes.
    pub(crate) fn of_ec2(action: &str) -> Option<Self> {
        Some(match action.strip_prefix("Describe").or_else(|| action.strip_prefix("Get"))? {
            "SecurityGroups" | "SecurityGroupRules" => Self::SecurityGroups,
            "Instances" => Self::Instances,
            "NetworkInterfaces" => Self::NetworkInterfaces,
            _ => Self::Network,
        })
    }
}

impl Lag {
    /// The same, and this lag for reads of this kind.
    #[must_use]
    pub fn with(mut self, kind: LagKind, lag: Duration) -> Self {
        self.by_kind.insert(kind, Seconds(lag));
        self
    }

    /// The same, and states are kept as far back as this, so that reads can begin to lag at any time.
    #[must_use]
    pub fn keeping(mut self, kept: Duration) -> Self {
        self.kept = kept;
        self
    }

    /// The lag of reads of this kind; zero unless it was set.
    pub fn of(&self, kind: LagKind) -> Duration {
        self.by_kind.get(&kind).map_or(Duration::ZERO, |lag| lag.0)
    }

    /// How far back any read looks, or may begin to look.
    pub(crate) fn longest(&self) -> Duration {
        self.by_kind.values().map(|lag| lag.0).max().unwrap_or_default().max(self.kept)
    }
}

/// Earlier states of something, as far back as reads look; nothing is kept while no read lags.
#[derive(Debug)]
pub(crate) struct Past<T> {
    /// Oldest first, each with the moment from which it stood.
    states: VecDeque<(Moment, Arc<T>)>,
}

impl<T: Clone> Past<T> {
    /// No earlier state than the present one.
    pub(crate) fn beginning(longest: Duration, present: &T, now: Moment) -> Self {
        let mut past = Self { states: VecDeque::new() };
        past.look_back(longest, present, now);
        past
    }

    /// Begins to keep states, or stops: `longest` says how far back reads look from now on.
    pub(crate) fn look_back(&mut self, longest: Duration, present: &T, now: Moment) {
        if longest.is_zero() {
            self.states.clear();
        } else if self.states.is_empty() {
            self.states.push_back((now, Arc::new(present.clone())));
        }
    }

    /// Keeps what came of a change, and forgets what is older than any read looks.
    pub(crate) fn record(&mut self, longest: Duration, present: &T, now: Moment) {
        if longest.is_zero() {
            return;
        }
        self.states.push_back((now, Arc::new(present.clone())));
        let old = |(from, _): &(Moment, Arc<T>)| now.instant.saturating_duration_since(from.instant) >= longest;
        while self.states.get(1).is_some_and(old) {
            self.states.pop_front();
        }
    }

    /// The state as it was then, and the moment that it is looked at. What stood when states began to be kept has
    /// stood for ever.
    pub(crate) fn ago(&self, lag: Duration, now: Moment) -> Option<(Arc<T>, Moment)> {
        let (oldest, first) = self.states.front()?;
        match now.ago(lag).filter(|then| then.instant >= oldest.instant) {
            None => Some((Arc::clone(first), *oldest)),
            Some(then) => {
                let (_, state) = self.states.iter().rev().find(|(from, _)| from.instant <= then.instant)?;
                Some((Arc::clone(state), then))
            }
        }
    }
}
