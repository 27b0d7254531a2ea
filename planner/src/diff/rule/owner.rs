//! Whose a rule is: of a member that is set aside and keeps what it had, of an object that is let go, or of nobody in
//! particular.

use std::collections::BTreeSet;

use super::order::Keep;
use crate::diff::Comparison;
use crate::id::{ObjectName, Ref};
use crate::model::Action;

/// Whether actions of a listener that nobody asks for may be what a member that is set aside asked for.
pub(in crate::diff) fn may_be_of_set_aside(comparison: &Comparison<'_>, actions: &[Action]) -> bool {
    keep(comparison, actions).may_stay()
}

/// Whether actions that nobody asks for may be those of a member that is set aside, or on its way to another group: their
/// target groups tell, where they have any.
pub(super) fn keep(comparison: &Comparison<'_>, actions: &[Action]) -> Keep {
    if is_let_go(comparison, actions) {
        return Keep::NotEvenForNow;
    }
    if comparison.wanted.set_aside.is_empty() && comparison.wanted.moving.is_empty() {
        return Keep::Never;
    }
    let ids = resource_ids(comparison, actions);
    match ids.iter().any(|id| comparison.is_set_aside_or_moving(id)) {
        true => Keep::Always,
        false if !ids.is_empty() => Keep::Never,
        false if actions.iter().all(Action::is_unavailable) => Keep::IfUnclaimed,
        false => Keep::IfUnexplained,
    }
}

/// The place in the group's order of the first member that is set aside: that one, at the earliest, a rule may be of that forwards
/// nowhere. `None`: the order does not say.
pub(super) fn first_of_set_aside(comparison: &Comparison<'_>) -> Option<usize> {
    let ranks = comparison.wanted.set_aside.iter().map(|name| rank(comparison, name)).collect::<Option<Vec<_>>>()?;
    ranks.into_iter().min()
}

/// The place of a member in its group's order.
pub(super) fn rank(comparison: &Comparison<'_>, member: &ObjectName) -> Option<usize> {
    comparison.wanted.members.iter().position(|name| name == member)
}

fn resource_ids<'a>(comparison: &Comparison<'a>, actions: &[Action]) -> Vec<&'a str> {
    let arns = actions.iter().flat_map(Action::target_groups).filter_map(Ref::known).collect::<BTreeSet<_>>();
    let groups = comparison.found.target_groups.iter().filter(|group| arns.contains(&group.arn));
    groups.map(|group| group.resource_id()).collect()
}

/// Whether actions are those of an object that is let go.
pub(super) fn is_let_go(comparison: &Comparison<'_>, actions: &[Action]) -> bool {
    let mut groups = actions.iter().flat_map(Action::target_groups).filter_map(Ref::known);
    groups.any(|group| comparison.let_go.contains(group))
}
