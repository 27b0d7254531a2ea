//! The order of entries: by their first steps.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Entry;
use crate::id::{Key, ResourceKey};
use crate::plan::change::lookup_order;
use crate::plan::{Action, Change, Step};

/// What an entry still waits for before it can be placed.
#[derive(Default)]
struct Waiting {
    /// Entries without which it cannot take its first step.
    first_step: BTreeSet<Key>,
    /// Entries without which it cannot take one of its later steps.
    later: BTreeSet<Key>,
}

/// Sorts entries so that each stands after those that its first change needs, and where possible after those that
/// any of its steps needs. (An entry may begin before another one and end after it: a stack that is deleted waits
/// for the shared group to go, which waits for the stack's load balancer.) Ties: the order of the keys.
pub(super) fn by_first_step(entries: Vec<Entry>) -> Vec<Entry> {
    let mut waiting = needs(&entries);
    let mut dependents: BTreeMap<Key, Vec<Key>> = BTreeMap::new();
    for (key, needs) in &waiting {
        for needed in needs.first_step.union(&needs.later) {
            dependents.entry(needed.clone()).or_default().push(key.clone());
        }
    }
    let mut queue: BTreeSet<_> = waiting.iter().map(|(key, needs)| needs.rank(key)).collect();
    let mut position = BTreeMap::new();
    while let Some((.., placed)) = queue.pop_first() {
        position.insert(placed.clone(), position.len());
        waiting.remove(&placed);
        for key in dependents.remove(&placed).unwrap_or_default() {
            if let Some(needs) = waiting.get_mut(&key) {
                queue.remove(&needs.rank(&key));
                needs.first_step.remove(&placed);
                needs.later.remove(&placed);
                queue.insert(needs.rank(&key));
            }
        }
    }
    let mut entries = entries;
    entries.sort_by_key(|entry| position.get(&entry.key).copied());
    entries
}

impl Waiting {
    /// What is free comes first, then what can at least begin.
    fn rank(&self, key: &Key) -> (bool, bool, Key) {
        (!self.first_step.is_empty(), !self.later.is_empty(), key.clone())
    }
}

fn needs(entries: &[Entry]) -> BTreeMap<Key, Waiting> {
    let made: BTreeMap<&Key, BTreeSet<&ResourceKey>> = entries.iter().map(|entry| (&entry.key, made(entry))).collect();
    let mut all = BTreeMap::new();
    for entry in entries {
        let mut needs = Waiting::default();
        needs.first_step.extend(entry.of.clone().map(Key::Stack));
        let mut begun = false;
        for step in &entry.steps {
            let set = if begun { &mut needs.later } else { &mut needs.first_step };
            match step {
                Step::Wait(wait) => set.extend(wait.entry.clone()),
                Step::Change(change) => {
                    set.extend(makers(entry, change, &made));
                    begun = true;
                }
            }
        }
        for set in [&mut needs.first_step, &mut needs.later] {
            set.retain(|key| *key != entry.key && made.contains_key(key));
        }
        all.insert(entry.key.clone(), needs);
    }
    all
}

/// What an entry makes.
fn made(entry: &Entry) -> BTreeSet<&ResourceKey> {
    entry.changes().filter(|change| change.action() == Action::Create).map(|change| &change.resource.key).collect()
}

/// The entries that make what a change refers to.
fn makers(entry: &Entry, change: &Change, made: &BTreeMap<&Key, BTreeSet<&ResourceKey>>) -> BTreeSet<Key> {
    let mut references = BTreeSet::new();
    collect_references(&change.write.request(), &mut references);
    let order = lookup_order(&entry.key, entry.of.as_ref());
    let maker = |reference: &String| {
        order.iter().find(|key| {
            made.get(key).is_some_and(|made| made.iter().any(|resource| resource.to_string() == *reference))
        })
    };
    references.iter().filter_map(maker).cloned().collect()
}

/// References stand as `{"ref": "TYPE/ID"}`, however deep.
fn collect_references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => match (map.len(), map.get("ref")) {
            (1, Some(Value::String(reference))) => {
                found.insert(reference.clone());
            }
            _ => map.values().for_each(|value| collect_references(value, found)),
        },
        Value::Array(list) => list.iter().for_each(|value| collect_references(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;
    use crate::id::Scheme;
    use crate::plan::{Plan, Step, WaitFor};

    fn order(plans: Vec<Plan>) -> Vec<String> {
        by_first_step(plans.into_iter().map(Entry::from).collect()).iter().map(|entry| entry.key.to_string()).collect()
    }

    fn wait_for(key: &Key) -> Step {
        Step::Wait(fixture::wait(WaitFor::RulesClosed, Some(key.clone()), "the other one is done"))
    }

    #[test]
    fn what_is_waited_for_comes_first_in_whatever_order_the_plans_were_made() {
        let expected =
            ["cluster", "service/default/web", "rules/sg-0node", "binding/default/k8s-default-web-d4818dcd51"];
        let mut plans = fixture::first_service();
        for _ in 0..plans.len() {
            plans.rotate_left(1);
            assert_eq!(order(plans.clone()), expected);
        }
    }

    #[test]
    fn a_stack_that_ends_after_the_shared_group_still_begins_before_it() {
        let mut plans = fixture::deleted_service();
        for _ in 0..plans.len() {
            plans.rotate_left(1);
            assert_eq!(order(plans.clone()), ["service/default/web", "rules/sg-0node", "cluster"]);
        }
    }

    #[test]
    fn a_reference_is_a_reason_to_wait() {
        let mut cluster = fixture::first_service().pop().unwrap();
        cluster.steps.insert(0, wait_for(&fixture::rules_plan().key));
        let mut stack = fixture::new_stack("web", Scheme::Internal, 80);
        stack.steps.retain(|step| matches!(step, Step::Change(_)));
        // Without its references the stack would come first: its key is the smallest that waits for nothing.
        let plans = vec![stack, fixture::rules_plan(), cluster];
        assert_eq!(order(plans), ["rules/sg-0node", "cluster", "service/default/web"]);
    }

    #[test]
    fn entries_that_need_nothing_stand_in_the_order_of_their_keys() {
        let plans = vec![fixture::binding_plan(), fixture::stack_plan("web"), fixture::stack_plan("api")];
        let expected = ["service/default/api", "service/default/web", "binding/default/k8s-default-web-d4818dcd51"];
        assert_eq!(order(plans), expected);
    }

    #[test]
    fn entries_that_wait_for_each_other_are_all_kept() {
        let (mut one, mut other) = (fixture::stack_plan("one"), fixture::stack_plan("other"));
        one.steps.push(wait_for(&other.key));
        other.steps.push(wait_for(&one.key));
        assert_eq!(order(vec![other, one]), ["service/default/one", "service/default/other"]);
    }

    #[test]
    fn a_wait_for_what_was_not_planned_is_no_reason_to_wait() {
        let mut web = fixture::stack_plan("api");
        web.steps.push(wait_for(&Key::Cluster));
        assert_eq!(order(vec![fixture::stack_plan("web"), web]), ["service/default/api", "service/default/web"]);
    }
}
