//! `SetRulePriorities`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Description, PriorityRequest, Rule};
use crate::elbv2::store::Store;
use crate::wire::ApiError;
use crate::wire::constraint::List;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct SetRulePriorities {
    rule_priorities: List<Pair, 1, 1000>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Pair {
    rule_arn: String,
    priority: PriorityRequest,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SetRulePrioritiesResult {
    rules: Vec<Description>,
}

/// `SetRulePriorities`: all or nothing, judged on the order that comes of it: rules may change places.
pub(crate) fn set_priorities(
    store: &mut Store,
    request: SetRulePriorities,
) -> Result<SetRulePrioritiesResult, ApiError> {
    let mut wanted = BTreeMap::new();
    let mut listeners = Vec::new();
    for pair in request.rule_priorities.iter() {
        let rule = store.changeable_rule(&pair.rule_arn, "assigned a priority")?;
        listeners.push(rule.listener_arn.clone());
        if wanted.insert(rule.arn.clone(), pair.priority.get()).is_some() {
            return Err(ApiError::validation(format!("Rule '{}' was specified more than once", rule.arn)));
        }
    }
    listeners.sort();
    listeners.dedup();
    let [listener] = listeners.as_slice() else {
        return Err(ApiError::validation("All rules must belong to the same listener"));
    };
    let mut taken = BTreeMap::new();
    for rule in store.rules_of(listener) {
        let priority = wanted.get(&rule.arn).copied().unwrap_or(rule.priority);
        if taken.insert(priority, &rule.arn).is_some() {
            return Err(ApiError::new("PriorityInUse", format!("Priority '{priority}' is currently in use")));
        }
    }
    for rule in store.rules.values_mut() {
        if let Some(priority) = wanted.get(&rule.arn) {
            rule.priority = *priority;
        }
    }
    let changed = store.rules_of(listener).into_iter().filter(|rule| wanted.contains_key(&rule.arn));
    Ok(SetRulePrioritiesResult { rules: changed.map(Rule::describe).collect() })
}
