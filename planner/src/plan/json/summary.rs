//! The counts at the end of a plan.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Entry;
use crate::id::{Key, ResourceKey};
use crate::plan::{Action, Change, Outcome, Write};

/// How much a plan does. Resources are AWS's, each counted once however many calls it takes; held changes are not
/// among them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Resources that are made.
    pub create: usize,
    /// Resources that exist, and are changed and stay.
    pub update: usize,
    /// Resources that are deleted.
    pub delete: usize,
    /// Write calls, those to Kubernetes included.
    pub calls: usize,
    /// Changes that are held.
    pub held: usize,
    /// Entries that are refused.
    pub refused: usize,
    /// Load balancers that the planned stacks have in the end.
    pub load_balancers: usize,
}

/// A resource, the same one in whichever entry a change of it stands.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Identity<'a> {
    /// By ARN or physical id.
    Live(&'a str),
    /// By its place, until it has an id.
    Planned(Key, &'a ResourceKey),
}

impl Summary {
    pub(super) fn of(entries: &[Entry]) -> Self {
        let mut summary = Self {
            calls: entries.iter().flat_map(Entry::changes).count(),
            held: entries.iter().map(|entry| entry.held.len()).sum(),
            refused: entries.iter().filter(|entry| entry.outcome == Outcome::Refused).count(),
            load_balancers: entries.iter().filter(|entry| entry.has_load_balancer()).count(),
            ..Self::default()
        };
        for action in resources(entries).into_values() {
            match action {
                Action::Create => summary.create += 1,
                Action::Update => summary.update += 1,
                Action::Delete => summary.delete += 1,
            }
        }
        summary
    }
}

impl Entry {
    /// Whether it is a stack that has a load balancer in the end, as far as the plan can say.
    pub(in crate::plan) fn has_load_balancer(&self) -> bool {
        matches!(self.key, Key::Stack(_)) && self.wanted && self.outcome != Outcome::Refused
    }
}

/// What becomes of each AWS resource: an update of one that is also made or deleted says nothing of its own.
fn resources(entries: &[Entry]) -> BTreeMap<Identity<'_>, Action> {
    let mut actions = BTreeMap::new();
    for entry in entries {
        for change in entry.changes().filter(|change| matches!(change.write, Write::Aws(_))) {
            let action = actions.entry(identity(entry, change)).or_insert(Action::Update);
            if change.action() != Action::Update {
                *action = change.action();
            }
        }
    }
    actions
}

fn identity<'a>(entry: &Entry, change: &'a Change) -> Identity<'a> {
    match &change.resource.physical_id {
        Some(id) => Identity::Live(id),
        // What a generated binding changes is made by its stack.
        None => {
            let owner = entry.of.clone().map_or_else(|| entry.key.clone(), Key::Stack);
            Identity::Planned(owner, &change.resource.key)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Document, fixture};
    use super::*;

    #[test]
    fn a_resource_counts_once_however_many_calls_it_takes() {
        let summary = fixture::document(fixture::first_service()).summary;
        // Made: two security groups, target group, load balancer, listener. Changed: the worker security group.
        let expected = Summary { create: 5, update: 1, calls: 9, load_balancers: 1, ..Summary::default() };
        assert_eq!(summary, expected);
    }

    #[test]
    fn a_resource_that_is_changed_and_then_deleted_is_deleted() {
        let summary = fixture::document(fixture::deleted_service()).summary;
        let expected = Summary { update: 1, delete: 4, calls: 6, ..Summary::default() };
        assert_eq!(summary, expected);
        let mut stack = fixture::deleted_service().pop().unwrap();
        let protected = fixture::held_replacement().pop().unwrap().held.pop().unwrap();
        stack.steps.insert(0, crate::plan::Step::Change(protected.change));
        let summary = fixture::document(vec![stack]).summary;
        assert_eq!((summary.update, summary.delete), (0, 3));
    }

    #[test]
    fn listeners_of_two_stacks_with_one_id_are_two() {
        let stacks = ["one", "other"].map(|name| fixture::new_stack(name, crate::id::Scheme::Internal, 80));
        let summary = fixture::document(stacks.to_vec()).summary;
        assert_eq!((summary.create, summary.load_balancers), (8, 2));
    }

    #[test]
    fn held_changes_and_refusals_are_counted_apart() {
        let held = fixture::document(fixture::held_replacement()).summary;
        assert_eq!(held, Summary { held: 3, load_balancers: 1, ..Summary::default() });
        let Document { summary: refused, .. } = fixture::refused();
        assert_eq!(refused, Summary { refused: 2, ..Summary::default() });
    }
}
