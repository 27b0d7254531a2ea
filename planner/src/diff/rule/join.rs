//! Which rules that exist a wanted one takes in: those that do the same for a part of its hosts or of its paths. Where a load
//! balancer has no room for more rules, neighbours become one.

use std::collections::BTreeSet;

use crate::actual::ActualRule;
use crate::desired::Rule;
use crate::model::{Condition, Patterns, canonical_conditions, same_actions};

/// The places of the rules that a wanted one takes in, when they are all of it together; otherwise none. `actions` are the
/// wanted rule's with the ARNs of the target groups that exist.
pub(super) fn taken_in(wanted: &Rule, actions: &[crate::model::Action], found: &[ActualRule]) -> Vec<usize> {
    let whole = canonical_conditions(&wanted.conditions);
    let mut places = Vec::new();
    let mut covered = BTreeSet::new();
    let mut fields = BTreeSet::new();
    for (place, rule) in found.iter().enumerate() {
        if rule.has_transforms || !same_actions(actions, &rule.actions) {
            continue;
        }
        if let Some((field, texts)) = part(&canonical_conditions(&rule.conditions), &whole) {
            places.push(place);
            covered.extend(texts);
            fields.insert(field);
        }
    }
    let is_all = |field: &String| whole.iter().any(|one| one.field() == field && texts(one) == covered);
    match fields.iter().collect::<Vec<_>>().as_slice() {
        [field] if is_all(field) => places,
        _ => Vec::new(),
    }
}

/// The field in which a rule's conditions are a part of the wanted one's, and what it has of that; both are canonical.
fn part(part: &[Condition], whole: &[Condition]) -> Option<(String, BTreeSet<String>)> {
    if part.len() != whole.len() {
        return None;
    }
    let mut unlike = part.iter().zip(whole).filter(|(one, other)| one != other);
    let (one, other) = unlike.next().filter(|_| unlike.next().is_none())?;
    let is_same_kind = one.field() == other.field() && is_expression(one)? == is_expression(other)?;
    let texts_of_part = texts(one);
    (is_same_kind && texts_of_part.is_subset(&texts(other))).then(|| (one.field().to_owned(), texts_of_part))
}

/// `None`: neither hosts nor paths.
fn is_expression(condition: &Condition) -> Option<bool> {
    match condition {
        Condition::HostHeader(patterns) | Condition::PathPattern(patterns) => {
            Some(matches!(patterns, Patterns::Regex(_)))
        }
        _ => None,
    }
}

fn texts(condition: &Condition) -> BTreeSet<String> {
    match condition {
        Condition::HostHeader(patterns) | Condition::PathPattern(patterns) => {
            patterns.texts().iter().cloned().collect()
        }
        _ => BTreeSet::new(),
    }
}
