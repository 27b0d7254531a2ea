//! Tags: which are set, which are removed, which are left to others.

use std::collections::BTreeSet;

use crate::model::Pairs;
use crate::plan::FieldChange;
use crate::planted::{Bug, planted};

/// Keys of LBC's predecessor; they stay, so that one can go back (`deploy-and-targets.md` §1.4).
const LEGACY: &[&str] = &[
    "kubernetes.io/cluster-name",
    "kubernetes.io/namespace",
    "kubernetes.io/ingress-name",
    "kubernetes.io/service-name",
    "kubernetes.io/service-port",
    "ingress.k8s.aws/cluster",
];

/// Which legacy keys count: listeners never had any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keys {
    /// Load balancers, target groups and security groups.
    WithLegacy,
    /// Listeners.
    WithoutLegacy,
}

/// What to set and what to remove.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct TagChanges {
    /// Missing or different.
    pub(crate) set: Pairs,
    /// There, but not wanted; with their values.
    pub(crate) remove: Pairs,
    /// The same, for the plan.
    pub(crate) set_fields: Vec<FieldChange>,
    /// The same, for the plan.
    pub(crate) remove_fields: Vec<FieldChange>,
}

/// Compares tags. Keys of AWS (`aws:`), keys managed elsewhere and legacy keys are nobody's business here.
pub(crate) fn changes(wanted: &Pairs, found: &Pairs, untouched: &BTreeSet<String>, keys: Keys) -> TagChanges {
    let ours = |key: &str| {
        let legacy = LEGACY.contains(&key) || key.starts_with("kubernetes.io/cluster/");
        !(key.starts_with("aws:") || untouched.contains(key) || keys == Keys::WithLegacy && legacy)
    };
    let mut changes = TagChanges::default();
    if planted(Bug::TagsIgnored) {
        return changes;
    }
    for (key, value) in wanted.iter().filter(|(key, _)| ours(key)) {
        if found.get(key) != Some(value) {
            changes.set.insert(key.clone(), value.clone());
            changes.set_fields.push(field(key, found.get(key), Some(value)));
        }
    }
    for (key, value) in found.iter().filter(|(key, _)| ours(key) && !wanted.contains_key(*key)) {
        changes.remove.insert(key.clone(), value.clone());
        changes.remove_fields.push(field(key, Some(value), None));
    }
    changes
}

fn field(key: &str, from: Option<&String>, to: Option<&String>) -> FieldChange {
    FieldChange { field: format!("Tags[{key}]"), from: from.cloned(), to: to.cloned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> Pairs {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn only_tags_that_are_ours_to_judge_are_changed() {
        let wanted = pairs(&[("team", "web"), ("stage", "prod"), ("cost", "1")]);
        let found = pairs(&[
            ("team", "web"),
            ("stage", "test"),
            ("old", "x"),
            ("aws:cloudformation:stack-name", "s"),
            ("kubernetes.io/cluster/demo", "owned"),
            ("cost", "2"),
        ]);
        let untouched = BTreeSet::from(["cost".to_owned()]);
        let changed = changes(&wanted, &found, &untouched, Keys::WithLegacy);
        assert_eq!(changed.set, pairs(&[("stage", "prod")]));
        assert_eq!(changed.remove, pairs(&[("old", "x")]));
        let of_listener = changes(&wanted, &found, &untouched, Keys::WithoutLegacy);
        assert_eq!(of_listener.remove, pairs(&[("kubernetes.io/cluster/demo", "owned"), ("old", "x")]));
    }
}
