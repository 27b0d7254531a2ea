//! The health of targets: who counts as registered, who takes traffic.

use std::collections::{BTreeMap, BTreeSet};

use crate::actual::{ActualTargets, TargetCount, TargetHealth, TargetState};
use crate::model::{Target, TargetId};

/// Whether no target waits for its first checks: then looking again soon would tell nothing new.
pub fn is_settled(found: &ActualTargets) -> bool {
    match found {
        ActualTargets::Missing => true,
        ActualTargets::Found { targets, .. } => targets.values().all(|health| health.state != TargetState::Initial),
    }
}

pub(super) fn count(wanted: &BTreeSet<Target>, found: &BTreeMap<Target, TargetHealth>) -> TargetCount {
    let serving = found.iter().filter(|(_, health)| takes_traffic(health)).map(|(target, _)| identity(target));
    let serving = serving.collect::<BTreeSet<_>>();
    let ready = wanted.iter().filter(|target| serving.contains(&identity(target))).count();
    TargetCount { ready, total: wanted.len() }
}

/// What makes two targets one: the zone, which AWS also gives where none was sent, does not.
pub(super) fn identity(target: &Target) -> (&TargetId, u16) {
    (&target.id, target.port)
}

/// Whether a target is on its way out. AWS then takes a registration as a new one.
pub fn is_draining(health: &TargetHealth) -> bool {
    match &health.state {
        TargetState::Draining => true,
        TargetState::Other(state) => state == "unhealthy.draining",
        TargetState::Initial | TargetState::Healthy | TargetState::Unhealthy | TargetState::Unused => false,
    }
}

/// Whether a target receives traffic. `unavailable` means that nothing checks it.
pub(super) fn takes_traffic(health: &TargetHealth) -> bool {
    match &health.state {
        TargetState::Healthy => true,
        TargetState::Other(state) => state == "unavailable",
        TargetState::Initial | TargetState::Unhealthy | TargetState::Unused | TargetState::Draining => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::targets::fixture::{found, instance};

    #[test]
    fn only_wanted_targets_are_counted() {
        let wanted = [instance("i-1"), instance("i-2"), instance("i-3")].into();
        let ActualTargets::Found { targets, .. } = found(&[
            (instance("i-1"), TargetState::Healthy),
            (instance("i-2"), TargetState::Initial),
            (instance("i-9"), TargetState::Healthy),
        ]) else {
            unreachable!()
        };
        assert_eq!(count(&wanted, &targets), TargetCount { ready: 1, total: 3 });
    }

    #[test]
    fn a_group_is_settled_when_nothing_is_initial() {
        for (state, settled) in [
            (TargetState::Initial, false),
            (TargetState::Healthy, true),
            (TargetState::Unhealthy, true),
            (TargetState::Unused, true),
            (TargetState::Draining, true),
        ] {
            assert_eq!(is_settled(&found(&[(instance("i-1"), state.clone())])), settled, "{state:?}");
        }
        assert!(is_settled(&ActualTargets::Missing));
    }

    #[test]
    fn a_target_that_drains_because_it_is_unhealthy_is_draining() {
        let health = |state| TargetHealth { state, reason: None, description: None };
        assert!(is_draining(&health(TargetState::Other("unhealthy.draining".into()))));
        assert!(!is_draining(&health(TargetState::Unhealthy)));
        assert!(takes_traffic(&health(TargetState::Other("unavailable".into()))));
    }
}
