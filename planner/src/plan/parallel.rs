//! Which changes of a plan may be made at the same time.

use super::request::CreateRule;
use super::{AwsChange, Change, Step, Write};
use crate::id::Ref;
use crate::model::Condition;

/// How many steps, from the first, may be made at the same time: none of them needs another, and no request can tell which
/// one was first. At least one.
pub fn together(steps: &[Step]) -> usize {
    let mut changes: Vec<&Change> = Vec::new();
    for step in steps {
        match step {
            Step::Change(change) if changes.iter().all(|before| are_independent(before, change)) => {
                changes.push(change)
            }
            Step::Change(_) | Step::Wait(_) => break,
        }
    }
    changes.len().max(1)
}

fn are_independent(one: &Change, other: &Change) -> bool {
    match (&one.write, &other.write) {
        (Write::Aws(AwsChange::CreateRule(one)), Write::Aws(AwsChange::CreateRule(other))) => rules(one, other),
        (Write::Aws(AwsChange::AddTags(_)), Write::Aws(AwsChange::AddTags(_))) => true,
        _ => false,
    }
}

/// On a listener that is made in the same plan no request is waiting yet.
fn rules(one: &CreateRule, other: &CreateRule) -> bool {
    one.listener_arn != other.listener_arn
        || matches!(one.listener_arn, Ref::Made(_))
        || !Condition::may_overlap(&one.conditions, &other.conditions)
}
