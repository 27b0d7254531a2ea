//! The rules of a listener, in the order of the contract (`ingress-alb.md` §7).

use std::collections::BTreeMap;

use super::listeners::Listeners;
use super::{Culprits, Deciding, blame, optimizer, shadows};
use crate::desired::{Listener, Origin, Rule, target_group_ref};
use crate::id::{ObjectName, Protocol, Ref, TargetType};
use crate::model::{Action, Condition, Forward, Pairs, TargetGroupTuple};
use crate::planted::{Bug, planted};
use crate::problem::Problem;
use crate::spec::annotation::ingress as annotation;
use crate::spec::ingress::{GroupRef, Member, RuleAction};

/// How many rules all listeners of an Application Load Balancer may have together, their default ones not counted, where AWS
/// was not asked to allow more ("Quotas for your Application Load Balancers").
pub(super) const MOST_RULES: usize = 100;

/// Fills in the rules of a listener: those of its Ingresses in the group's order, without those that can never be reached.
pub(super) fn decide(
    deciding: Deciding<'_>,
    port: u16,
    listener: &mut Listener,
    culprits: &mut Culprits,
    all: &mut Listeners,
) {
    let mut rules = Vec::new();
    for member in deciding.listening(port) {
        for rule in &member.rules.rules {
            if listener.protocol == Protocol::Https && leads_to_plain_text(&rule.action) {
                let problem = Problem::general(format!("port {port}: AWS redirects no request from HTTPS to HTTP"));
                blame(
                    culprits,
                    member,
                    problem.at(rule.field.clone()).hint("redirect to HTTPS, or listen on HTTP only"),
                );
            }
            let action = action(deciding, &rule.action, all);
            let shown = rule.conditions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            all.routes.push(route(deciding, member, port, &shown, &rule.action));
            rules.push(Rule {
                conditions: rule.conditions.clone(),
                actions: vec![action],
                origin: Origin { object: member.object(), field: rule.field.clone() },
                // The resource's own follow when its priority is known.
                tags: Pairs::new(),
            });
        }
    }
    let (mut kept, dropped) = optimizer::optimize(rules, port, listener.protocol);
    if planted(Bug::RulesOutOfOrder) {
        kept.reverse();
    }
    for (rule, why) in dropped {
        let warning = Problem::of(rule.origin.object, format!("port {port}: the rule is left out: {why}"));
        all.warnings.push(warning.at(rule.origin.field));
    }
    for (rule, earlier) in shadows::unreachable(&kept) {
        let Origin { object, field } = earlier;
        let message = format!("port {port}: no request reaches this rule: {object} {field} takes them before");
        let mut warning = Problem::of(rule.origin.object.clone(), message).at(rule.origin.field.clone());
        if *object != rule.origin.object {
            let key = annotation::GROUP_ORDER.key();
            warning = warning.hint(format!("give it a lower {key} than {object}, or a host or path of its own"));
        }
        all.warnings.push(warning);
    }
    let by_name = deciding.listening(port).map(|member| (&member.name, member)).collect::<BTreeMap<_, _>>();
    listener.rules = kept
        .into_iter()
        .zip(1_u32..)
        .map(|(rule, priority)| {
            let member = by_name[rule.origin.object.name()];
            Rule { tags: deciding.listener_tags(&member.settings.tags, &format!("{port}:{priority}")), ..rule }
        })
        .collect();
}

fn leads_to_plain_text(action: &RuleAction) -> bool {
    matches!(action, RuleAction::Answer(Action::Redirect(redirect)) if redirect.protocol.as_deref() == Some("HTTP"))
}

/// The action with its target groups.
pub(super) fn action(deciding: Deciding<'_>, action: &RuleAction, all: &mut Listeners) -> Action {
    let (groups, stickiness) = match action {
        RuleAction::Answer(answer) => return answer.clone(),
        RuleAction::Forward { groups, stickiness } => (groups, stickiness),
    };
    let tuple = |(group, weight): &(GroupRef, Option<u16>)| TargetGroupTuple {
        target_group_arn: match group {
            GroupRef::Own(id) => {
                all.used.insert(id.clone());
                target_group_ref(id)
            }
            GroupRef::Arn(arn) => Ref::Known(arn.clone()),
            GroupRef::Named(name) => match deciding.facts.target_groups.get(name) {
                Some(arn) => Ref::Known(arn.clone()),
                // Its Ingress is set aside for it; this never comes to be.
                None => target_group_ref(name),
            },
        },
        weight: if planted(Bug::WeightsIgnored) { weight.map(|_| 1) } else { *weight },
    };
    let target_groups = groups.iter().map(tuple).collect();
    Action::Forward(Forward { target_groups, target_group_stickiness_config: *stickiness })
}

/// The way of a request in one line.
pub(super) fn route(deciding: Deciding<'_>, member: &Member, port: u16, shown: &str, action: &RuleAction) -> String {
    let protocol = match deciding.group.merged.listeners.get(&port).map(|listener| listener.protocol) {
        Some(Protocol::Https) => " (HTTPS)",
        _ => "",
    };
    let shown = if shown.is_empty() { String::new() } else { format!(" {shown}") };
    let to = match action {
        RuleAction::Answer(answer) => answer.to_string(),
        RuleAction::Forward { groups, .. } => {
            let way = |(group, weight): &(GroupRef, Option<u16>)| {
                let weight = weight.filter(|_| groups.len() > 1).map(|weight| format!(" (weight {weight})"));
                format!("{}{}", way(member, group), weight.unwrap_or_default())
            };
            groups.iter().map(way).collect::<Vec<_>>().join(" | ")
        }
    };
    format!("client → ALB:{port}{protocol}{shown} → {to}")
}

fn way(member: &Member, group: &GroupRef) -> String {
    match group {
        GroupRef::Arn(arn) => arn.to_string(),
        GroupRef::Named(name) => format!("target group {name}"),
        GroupRef::Own(id) => match member.rules.backends.get(id) {
            None => id.clone(),
            Some(backend) => match backend.target_type {
                TargetType::Instance => format!("node:{} → pod:{}", backend.target_port, backend.pod_port),
                TargetType::Ip => format!("pod:{}", backend.pod_port),
            },
        },
    }
}

/// Sets the youngest Ingresses aside until the rules of the others fit.
pub(super) fn limit(deciding: Deciding<'_>, listeners: &BTreeMap<u16, Listener>, culprits: &mut Culprits) {
    let mut used: BTreeMap<&ObjectName, usize> = BTreeMap::new();
    for rule in listeners.values().flat_map(|listener| &listener.rules) {
        *used.entry(rule.origin.object.name()).or_default() += 1;
    }
    let allowed = deciding.facts.rules_allowed.unwrap_or(MOST_RULES);
    let mut total = used.values().sum::<usize>();
    let mut left =
        deciding.group.good.iter().copied().filter(|member| used.contains_key(&member.name)).collect::<Vec<_>>();
    while total > allowed {
        let Some(member) = Deciding::youngest(left.iter().copied()) else { return };
        let own = used[&member.name];
        let message =
            format!("the load balancer would have {total} rules with the {own} of this Ingress, {allowed} are allowed");
        let hint = "move it to another group, or join paths that lead to the same Service";
        blame(culprits, member, Problem::general(message).at("spec.rules").hint(hint));
        left.retain(|other| other.name != member.name);
        total -= own;
    }
}

/// The texts of conditions on hosts or paths, plain ones and expressions alike.
pub(super) fn texts<'a>(conditions: &'a [Condition], field: &str) -> Vec<&'a str> {
    let of_field = conditions.iter().filter(|condition| condition.field() == field);
    let patterns = of_field.filter_map(|condition| match condition {
        Condition::HostHeader(patterns) | Condition::PathPattern(patterns) => Some(patterns),
        _ => None,
    });
    patterns.flat_map(|patterns| patterns.texts()).map(String::as_str).collect()
}
