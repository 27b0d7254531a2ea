//! Neighbouring rules that become one, where a load balancer would have more rules than it may (`decisions.md`, "rules
//! merged"). Otherwise rules stay as they are asked for.

use std::collections::BTreeMap;

use super::Deciding;
use crate::desired::{Listener, Origin, Rule};
use crate::id::ObjectName;
use crate::model::{Condition, Patterns};
use crate::problem::Problem;
use crate::spec::ingress::fits_in_one_rule;

/// Joins as few rules as needed, the first ones first: so that one rule more joins one pair more, and what was joined before
/// stays as it is.
pub(super) fn neighbours(
    deciding: Deciding<'_>,
    listeners: &mut BTreeMap<u16, Listener>,
    allowed: usize,
    warnings: &mut Vec<Problem>,
) {
    let total = listeners.values().map(|listener| listener.rules.len()).sum::<usize>();
    let mut surplus = total.saturating_sub(allowed);
    let mut joined: BTreeMap<ObjectName, usize> = BTreeMap::new();
    for listener in listeners.values_mut() {
        let mut rules: Vec<Rule> = Vec::new();
        for rule in std::mem::take(&mut listener.rules) {
            let both = rules.last().filter(|_| surplus > 0).and_then(|last| join(last, &rule));
            match (both, rules.last_mut()) {
                (Some(both), Some(last)) => {
                    *joined.entry(rule.origin.object.name().clone()).or_default() += 1;
                    *last = both;
                    surplus -= 1;
                }
                _ => rules.push(rule),
            }
        }
        listener.rules = rules;
    }
    for member in &deciding.group.good {
        if let Some(joined) = joined.get(&member.name) {
            let message = format!(
                "{joined} of its rules are joined with the ones before, which do the same: the load balancer would have \
                 {total} rules, {allowed} are allowed"
            );
            let warning = Problem::of(member.object(), message).at("spec.rules");
            warnings.push(warning.hint("use fewer rules or another group, or ask AWS for a higher quota"));
        }
    }
}

/// One rule for the requests of both: of one Ingress, with the same action, and alike but for their hosts or their paths.
fn join(one: &Rule, other: &Rule) -> Option<Rule> {
    if one.origin.object != other.origin.object || one.actions != other.actions {
        return None;
    }
    let conditions = joined_conditions(&one.conditions, &other.conditions)?;
    let field = format!("{}, {}", one.origin.field, other.origin.field);
    let origin = Origin { object: one.origin.object.clone(), field };
    fits_in_one_rule(&conditions).then(|| Rule { conditions, origin, ..one.clone() })
}

fn joined_conditions(one: &[Condition], other: &[Condition]) -> Option<Vec<Condition>> {
    if one.len() != other.len() {
        return None;
    }
    let mut joined = Vec::new();
    let mut unlike = 0;
    for (one, other) in one.iter().zip(other) {
        if one == other {
            joined.push(one.clone());
            continue;
        }
        unlike += 1;
        joined.push(match (one, other) {
            (Condition::HostHeader(one), Condition::HostHeader(other)) => Condition::HostHeader(union(one, other)?),
            (Condition::PathPattern(one), Condition::PathPattern(other)) => Condition::PathPattern(union(one, other)?),
            _ => return None,
        });
    }
    // Two lists that differ would also let in the first one's hosts with the other's paths.
    (unlike <= 1).then_some(joined)
}

fn union(one: &Patterns, other: &Patterns) -> Option<Patterns> {
    let all = |one: &[String], other: &[String]| {
        let more = other.iter().filter(|text| !one.contains(text));
        one.iter().chain(more).cloned().collect::<Vec<_>>()
    };
    match (one, other) {
        (Patterns::Values(one), Patterns::Values(other)) => Some(Patterns::Values(all(one, other))),
        (Patterns::Regex(one), Patterns::Regex(other)) => Some(Patterns::Regex(all(one, other))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::ObjectRef;
    use crate::model::{Action, FixedResponse, Pairs};

    fn rule(object: &str, hosts: &[&str], paths: &[&str], code: &str) -> Rule {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let mut conditions = Vec::new();
        if !hosts.is_empty() {
            conditions.push(Condition::HostHeader(Patterns::Values(texts(hosts))));
        }
        if !paths.is_empty() {
            conditions.push(Condition::PathPattern(Patterns::Values(texts(paths))));
        }
        let answer = FixedResponse { content_type: None, message_body: None, status_code: code.to_owned() };
        Rule {
            conditions,
            actions: vec![Action::FixedResponse(answer)],
            origin: Origin {
                object: ObjectRef::new("Ingress", &ObjectName::new("shop", object)),
                field: paths.join("+"),
            },
            tags: Pairs::new(),
        }
    }

    #[test]
    fn only_rules_that_take_the_same_requests_together_are_joined() {
        let one = || rule("web", &["a"], &["/x", "/x/*"], "404");
        for (other, expected) in [
            (rule("web", &["a"], &["/y", "/y/*"], "404"), Some("host a, path /x or /x/* or /y or /y/*")),
            (rule("web", &["b"], &["/x", "/x/*"], "404"), Some("host a or b, path /x or /x/*")),
            (rule("web", &["a"], &["/x"], "404"), Some("host a, path /x or /x/*")),
            // Host a would get path /y as well.
            (rule("web", &["b"], &["/y"], "404"), None),
            // Any host is not one more host.
            (rule("web", &[], &["/x", "/x/*"], "404"), None),
            (rule("web", &["a"], &[], "404"), None),
            (rule("web", &["a"], &["/y"], "403"), None),
            (rule("other", &["a"], &["/y"], "404"), None),
            (rule("web", &["a"], &["/y", "/y/*", "/z"], "404"), None),
        ] {
            let joined = join(&one(), &other);
            let text = joined.as_ref().map(|rule| {
                let texts = rule.conditions.iter().map(ToString::to_string).collect::<Vec<_>>();
                texts.join(", ")
            });
            assert_eq!(text.as_deref(), expected, "{other:?}");
        }
        let joined = join(&one(), &rule("web", &["a"], &["/y"], "404"));
        assert_eq!(joined.map(|rule| rule.origin.field).as_deref(), Some("/x+/x/*, /y"));
    }
}
