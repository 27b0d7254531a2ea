//! Numbers for the rules of a listener: what is equal has the same one.

use std::collections::BTreeMap;

use super::order::Settings;
use crate::model::{Action, Condition, canonical_conditions};

/// Equal conditions and equal rules as equal numbers.
#[derive(Default)]
pub(super) struct Numbers {
    conditions: BTreeMap<Vec<Condition>, usize>,
    rules: BTreeMap<(usize, Vec<Action>, bool), usize>,
}

impl Numbers {
    pub(super) fn of(&mut self, conditions: &[Condition], actions: &[Action], has_transforms: bool) -> Settings {
        let next = self.conditions.len();
        let conditions = *self.conditions.entry(canonical_conditions(conditions)).or_insert(next);
        let actions = actions.iter().map(Action::canonical).collect();
        let next = self.rules.len();
        let all = *self.rules.entry((conditions, actions, has_transforms)).or_insert(next);
        Settings { conditions, all }
    }
}
