//! The rules of a listener, in the order of the contract (`ingress-alb.md` §7).

use std::collections::BTreeMap;

use super::{Culprits, Deciding, Listeners, blame, join, optimizer, redirects, shadows};
use crate::desired::{Listener, Origin, Rule, target_group_ref};
use crate::id::{ObjectName, Protocol, ProtocolVersion, Ref, TargetType};
use crate::model::{Action, Forward, Pairs, TargetGroupTuple};
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
            all.warnings.extend(unfit_version(member, &rule.action, (port, listener.protocol), &rule.field));
            let action = action(deciding, &rule.action, all);
            let shown = rule.conditions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            all.routes.push(route(deciding, member, port, &shown, &rule.action));
            rules.push(Rule {
                conditions: rule.conditions.clone(),
                actions: vec![action],
                origin: Origin { object: member.object(), field: rule.field.clone() },
                // They follow when its priority is known.
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
    let by_name = by_name(deciding, port);
    for rule in &kept {
        let refused = rule.actions.iter().find_map(|action| redirects::refused(action, port, listener.protocol));
        if let Some(problem) = refused {
            blame(culprits, by_name[rule.origin.object.name()], problem.at(rule.origin.field.clone()));
        }
    }
    listener.rules = kept;
}

fn by_name(deciding: Deciding<'_>, port: u16) -> BTreeMap<&ObjectName, &Member> {
    deciding.listening(port).map(|member| (&member.name, member)).collect()
}

/// Tags the rules of a listener, whose priorities are known by now.
fn tag(deciding: Deciding<'_>, port: u16, rules: &mut [Rule]) {
    let by_name = by_name(deciding, port);
    for (rule, priority) in rules.iter_mut().zip(1_u32..) {
        let member = by_name[rule.origin.object.name()];
        rule.tags = deciding.listener_tags(&member.settings.tags, &format!("{port}:{priority}"));
    }
}

/// AWS takes targets that speak HTTP/2 or gRPC for HTTPS listeners only; LBC says nothing.
pub(super) fn unfit_version(
    member: &Member,
    action: &RuleAction,
    (port, protocol): (u16, Protocol),
    field: &str,
) -> Option<Problem> {
    let RuleAction::Forward { groups, .. } = action else { return None };
    let mut versions = groups.iter().filter_map(|(group, _)| match group {
        GroupRef::Own(id) => member.rules.backends.get(id).map(|backend| backend.protocol_version),
        GroupRef::Arn(_) | GroupRef::Named(_) => None,
    });
    let unfit = versions.find(|version| *version != ProtocolVersion::Http1);
    let version = unfit.filter(|_| protocol == Protocol::Http)?;
    let message =
        format!("port {port}: AWS forwards to targets of protocol version {version} from HTTPS listeners only");
    let warning = Problem::of(member.object(), message).at(field);
    Some(warning.hint(format!("listen on HTTPS, or take {} away", annotation::BACKEND_PROTOCOL_VERSION.key())))
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

/// Joins rules until all fit, and sets the youngest Ingresses aside where they still do not.
pub(super) fn limit(deciding: Deciding<'_>, all: &mut Listeners, culprits: &mut Culprits) {
    let allowed = deciding.facts.rules_allowed.unwrap_or(MOST_RULES);
    let Listeners { listeners, warnings, .. } = all;
    join::neighbours(deciding, listeners, allowed, warnings);
    listeners.iter_mut().for_each(|(port, listener)| tag(deciding, *port, &mut listener.rules));
    let listeners = &*listeners;
    let mut used: BTreeMap<&ObjectName, usize> = BTreeMap::new();
    for rule in listeners.values().flat_map(|listener| &listener.rules) {
        *used.entry(rule.origin.object.name()).or_default() += 1;
    }
    let mut total = used.values().sum::<usize>();
    let mut left =
        deciding.group.good.iter().copied().filter(|member| used.contains_key(&member.name)).collect::<Vec<_>>();
    while total > allowed {
        // Who has all of its rules already did nothing.
        let grown = left.iter().copied().filter(|member| has_grown(deciding, member, listeners));
        let youngest = Deciding::youngest(grown).or_else(|| Deciding::youngest(left.iter().copied()));
        let Some(member) = youngest else { return };
        let own = used[&member.name];
        let message =
            format!("the load balancer would have {total} rules with the {own} of this Ingress, {allowed} are allowed");
        let hint = "move it to another group, or use fewer rules";
        blame(culprits, member, Problem::general(message).at("spec.rules").hint(hint));
        left.retain(|other| other.name != member.name);
        total -= own;
    }
}

/// Whether a member asks for more rules to one of its target groups than there are.
fn has_grown(deciding: Deciding<'_>, member: &Member, listeners: &BTreeMap<u16, Listener>) -> bool {
    let rules = listeners.values().flat_map(|listener| &listener.rules);
    let own = rules.filter(|rule| *rule.origin.object.name() == member.name);
    let mut wanted: BTreeMap<&str, usize> = BTreeMap::new();
    for group in own.flat_map(|rule| &rule.actions).flat_map(Action::target_groups) {
        if let Ref::Made(key) = group {
            *wanted.entry(key.id.as_str()).or_default() += 1;
        }
    }
    wanted.iter().any(|(id, count)| *count > deciding.target_groups.get(*id).copied().unwrap_or_default())
}
