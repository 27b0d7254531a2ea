//! Bugs on purpose: whether the tests notice them tells what the tests are worth. Only the feature `planted-bugs` has them,
//! and only `episodes planted` turns that on; without it [`planted`] is `false` before the program is compiled.

/// A mistake that a maintainer could make. Each says what is wrong then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Bug {
    /// Resources are made before the finalizer is on the object.
    CreateBeforeFinalizer = 1,
    /// A pass that failed is not tried again.
    FailureForgotten,
    /// A pass that was throttled is not tried again.
    ThrottleForgotten,
    /// A step that failed counts as done.
    FailureSwallowed,
    /// The finalizer is taken off though steps are left.
    ReleasedTooEarly,
    /// Waits are not waited for.
    WaitsIgnored,
    /// Endpoints that change are not noticed.
    EndpointsUnwatched,
    /// Nodes that change are not noticed.
    NodesUnwatched,
    /// What the first lists say is not looked at: a restart goes on with nothing.
    FirstListsIgnored,
    /// A deletion mark on an object is not noticed.
    DeletionUnwatched,
    /// Passes begin before the caches are complete.
    CachesNotAwaited,
    /// The host name is never written by the poll.
    HostNotWritten,
    /// The host name is never cleared.
    HostKept,
    /// The poll ends at its first failure.
    PollGivesUp,
    /// A signal to end is not heeded.
    StopIgnored,
    /// Whose a resource is, is judged without the cluster's tag.
    ClusterTagIgnored,
    /// What still serves is deregistered before its replacements are healthy.
    DeregisteredTooEarly,
    /// Targets that are gone stay registered.
    GoneTargetsStay,
    /// Only the first wanted target is registered.
    OneTargetOnly,
    /// An unknown set of targets counts as an empty one.
    UnknownIsEmpty,
    /// Listeners that nobody wants any more stay.
    ListenersStay,
    /// Target groups that nobody wants any more stay.
    TargetGroupsStay,
    /// Changed health checks are not noticed.
    HealthChecksIgnored,
    /// Worker rules are never closed.
    RulesStayOpen,
    /// Worker rules are closed while a target behind them is registered.
    RulesClosedTooEarly,
    /// The shared security group is never deleted.
    SharedGroupStays,
    /// Tags are not brought up to date.
    TagsIgnored,
    /// Of two ports only the first has a listener.
    OnePortOnly,
    /// Names are not cut to the length that AWS takes.
    NameTooLong,
    /// A rule that goes is deleted before what takes its place is there.
    RuleRemovedFirst,
    /// The rules of a member that is set aside go.
    SetAsideRulesDropped,
    /// What an Ingress leaves behind goes before its clients know the new address.
    LeftTooEarly,
    /// Only one member of a group gets the host name.
    HostOnOneMemberOnly,
    /// The rules of a listener are in another order than the contract's.
    RulesOutOfOrder,
    /// All target groups of an action get the same share.
    WeightsIgnored,
}

#[cfg(feature = "planted-bugs")]
impl Bug {
    /// All of them.
    pub const ALL: [Self; 35] = [
        Self::CreateBeforeFinalizer,
        Self::FailureForgotten,
        Self::ThrottleForgotten,
        Self::FailureSwallowed,
        Self::ReleasedTooEarly,
        Self::WaitsIgnored,
        Self::EndpointsUnwatched,
        Self::NodesUnwatched,
        Self::FirstListsIgnored,
        Self::DeletionUnwatched,
        Self::CachesNotAwaited,
        Self::HostNotWritten,
        Self::HostKept,
        Self::PollGivesUp,
        Self::StopIgnored,
        Self::ClusterTagIgnored,
        Self::DeregisteredTooEarly,
        Self::GoneTargetsStay,
        Self::OneTargetOnly,
        Self::UnknownIsEmpty,
        Self::ListenersStay,
        Self::TargetGroupsStay,
        Self::HealthChecksIgnored,
        Self::RulesStayOpen,
        Self::RulesClosedTooEarly,
        Self::SharedGroupStays,
        Self::TagsIgnored,
        Self::OnePortOnly,
        Self::NameTooLong,
        Self::RuleRemovedFirst,
        Self::SetAsideRulesDropped,
        Self::LeftTooEarly,
        Self::HostOnOneMemberOnly,
        Self::RulesOutOfOrder,
        Self::WeightsIgnored,
    ];
}

#[cfg(feature = "planted-bugs")]
static PLANTED: std::sync::atomic::AtomicU8 = std::sync::atomic::AtomicU8::new(0);

/// Plants a bug in the whole process, or none.
#[cfg(feature = "planted-bugs")]
pub fn plant(bug: Option<Bug>) {
    PLANTED.store(bug.map_or(0, |bug| bug as u8), std::sync::atomic::Ordering::Relaxed);
}

/// Whether a bug is planted.
#[cfg(feature = "planted-bugs")]
pub fn planted(bug: Bug) -> bool {
    PLANTED.load(std::sync::atomic::Ordering::Relaxed) == bug as u8
}

/// Whether a bug is planted: never.
#[cfg(not(feature = "planted-bugs"))]
#[inline(always)]
pub const fn planted(_: Bug) -> bool {
    false
}
