//! The way of a request through one load balancer, told in full.

use std::collections::BTreeMap;

use super::document::{Answer, OpenPort, PassedRule, ServicePort, Share, TakenRule, TargetGroupOf, Targets, Way};
use super::{Asker, Passed, Request, Route, Serving, curl, is_met, redirected};
use crate::desired::Desired;
use crate::facts::LiveLoadBalancer;
use crate::id::{Key, ObjectName, ObjectRef, Protocol, RedirectStatusCode, Ref, StackId, TargetGroupArn};
use crate::model::{Action, Binding, Condition, Forward, TargetGroupTuple};
use crate::plan::Plan;
use crate::problem::Problem;

/// A load balancer as it was decided, with what was found.
#[derive(Debug, Clone, Copy)]
pub struct Decided<'a> {
    /// The plan of its stack.
    pub plan: &'a Plan,
    /// What should exist.
    pub desired: &'a Desired,
    /// The load balancer that is there.
    pub live: Option<&'a LiveLoadBalancer>,
    /// The targets of the target groups that a request may reach, as the actions name these.
    pub targets: &'a BTreeMap<Ref<TargetGroupArn>, Targets>,
}

impl<'a> Decided<'a> {
    fn serving(self) -> Serving<'a> {
        Serving { desired: self.desired, kept: &self.plan.kept }
    }
}

/// How far a load balancer is one for a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It does nothing for it.
    Nothing,
    /// It serves whatever host leads to it.
    AnyHost,
    /// It names the host.
    Named,
}

/// How far a load balancer is one for the host of a request, on any of its listeners.
pub fn standing(serving: Serving<'_>, request: &Request) -> Standing {
    let of_rule = |conditions: &[Condition]| {
        let mut hosts = conditions.iter().filter(|condition| matches!(condition, Condition::HostHeader(_)));
        match (hosts.clone().next(), hosts.all(|condition| is_met(condition, request))) {
            (None, _) => Standing::AnyHost,
            (Some(_), true) => Standing::Named,
            (Some(_), false) => Standing::Nothing,
        }
    };
    let of_listener = |(port, protocol): (u16, Protocol)| {
        let (actions, asker) = serving.default_actions(port);
        let redirects = matches!(actions, [Action::Redirect(_)]);
        let asked = asker != Asker::Nobody && !redirects || !is_http(protocol);
        let default = if asked { Standing::AnyHost } else { Standing::Nothing };
        serving.rules(port).map(|rule| of_rule(rule.conditions)).fold(default, Ord::max)
    };
    serving.listeners().into_iter().map(of_listener).max().unwrap_or(Standing::Nothing)
}

fn is_http(protocol: Protocol) -> bool {
    matches!(protocol, Protocol::Http | Protocol::Https)
}

/// Follows a request through a load balancer; `None`: there is none.
pub fn way(decided: Decided<'_>, request: &Request) -> Option<Way> {
    let Decided { plan, desired, live, targets: _ } = decided;
    let balancer = desired.load_balancer.as_ref()?;
    let route = decided.serving().route(request).ok();
    let port = route.as_ref().map(|route| route.port).or(request.port);
    let dns_name = live.map(|live| live.dns_name.clone());
    let asker = route.as_ref().map_or(Asker::Nobody, |route| route.asker);
    let (object, field, kept_for) = asking(asker);
    Some(Way {
        key: plan.key.clone(),
        name: live.map_or_else(|| balancer.name.clone(), |live| live.name.clone()),
        scheme: balancer.scheme,
        url: curl::url(request, port),
        curl: curl::command(request, port, dns_name.as_deref()),
        dns_name,
        listener: route.as_ref().map(|route| OpenPort { port: route.port, protocol: route.protocol }),
        listeners: decided
            .serving()
            .listeners()
            .into_iter()
            .map(|(port, protocol)| OpenPort { port, protocol })
            .collect(),
        passed: route.iter().flat_map(|route| &route.passed).map(passed).collect(),
        rule: route
            .as_ref()
            .and_then(|route| route.rule)
            .map(|rule| TakenRule { priority: rule.priority, conditions: rule.conditions.to_vec() }),
        object: object.or_else(|| of_service(&plan.key)),
        field,
        kept_for,
        answer: route.as_ref().and_then(|route| answer(decided, route, request)),
        warnings: warnings(decided, asker),
    })
}

/// The object that asks and its field, or those that one of them is.
fn asking(asker: Asker<'_>) -> (Option<ObjectRef>, Option<String>, Vec<ObjectRef>) {
    match asker {
        Asker::Nobody => (None, None, Vec::new()),
        Asker::Origin(origin) => (Some(origin.object.clone()), Some(origin.field.clone()), Vec::new()),
        Asker::SetAside(members) => {
            (None, None, members.iter().map(|member| ObjectRef::new("Ingress", member)).collect())
        }
    }
}

/// The listeners of a Network Load Balancer are all asked for by its Service.
fn of_service(key: &Key) -> Option<ObjectRef> {
    match key {
        Key::Stack(stack @ StackId::Service(_)) => Some(stack.object()),
        Key::Stack(_) | Key::Cluster | Key::Rules(_) | Key::Binding(_) => None,
    }
}

fn passed(passed: &Passed<'_>) -> PassedRule {
    let Passed { rule, because } = passed;
    let (object, field, kept_for) = asking(rule.asker);
    PassedRule { priority: rule.priority, object, field, kept_for, not_met: (*because).clone() }
}

/// What its last action does; those before it belong to others.
fn answer(decided: Decided<'_>, route: &Route<'_>, request: &Request) -> Option<Answer> {
    Some(match route.actions.last()? {
        Action::Forward(forward) => Answer::Forward {
            target_groups: shares(decided, forward),
            sticky_seconds: forward
                .target_group_stickiness_config
                .filter(|_| forward.is_sticky())
                .and_then(|stickiness| stickiness.duration_seconds),
        },
        Action::Redirect(redirect) => Answer::Redirect {
            status: match redirect.status_code {
                RedirectStatusCode::Http301 => 301,
                RedirectStatusCode::Http302 => 302,
            },
            location: redirected(redirect, route, request),
        },
        Action::FixedResponse(response) => Answer::FixedResponse {
            status: response.status_code.clone(),
            content_type: response.content_type.clone(),
            body: response.message_body.clone(),
        },
        Action::Other(action) => Answer::Other { action: action.clone() },
    })
}

fn shares(decided: Decided<'_>, forward: &Forward) -> Vec<Share> {
    let groups = &forward.target_groups;
    // The weight of a single group means nothing.
    let weight = |tuple: &TargetGroupTuple| if groups.len() == 1 { 1 } else { tuple.weight.unwrap_or(1) };
    let total = groups.iter().map(|tuple| u32::from(weight(tuple))).sum::<u32>().max(1);
    let share = |tuple: &TargetGroupTuple| {
        let tenths = (f64::from(weight(tuple)) * 1000.0 / f64::from(total)).round();
        let (target_group, own) = match &tuple.target_group_arn {
            Ref::Known(arn) => kept(decided, arn).unwrap_or_else(|| (arn.to_string(), None)),
            Ref::Made(made) => (made.id.clone(), own(decided, &made.id)),
        };
        let unknown = || Targets::Unknown("nobody looked".to_owned());
        let targets = decided.targets.get(&tuple.target_group_arn).cloned().unwrap_or_else(unknown);
        Share { target_group, percent: tenths / 10.0, own, targets }
    };
    groups.iter().map(share).collect()
}

fn own(decided: Decided<'_>, resource: &str) -> Option<TargetGroupOf> {
    let group = decided.desired.target_groups.get(resource)?;
    let service = decided.desired.bindings.get(resource).map(service_port);
    Some(TargetGroupOf { name: group.name.clone(), target_type: group.target_type, protocol: group.protocol, service })
}

/// One of the stack that a kept rule forwards to, by its resource id.
fn kept(decided: Decided<'_>, arn: &TargetGroupArn) -> Option<(String, Option<TargetGroupOf>)> {
    let group = decided.plan.kept.target_groups.get(arn)?;
    let own = TargetGroupOf {
        name: group.name.clone(),
        target_type: group.target_type,
        protocol: group.protocol,
        service: group.binding.as_ref().map(service_port),
    };
    Some((group.id.clone(), Some(own)))
}

fn service_port(binding: &Binding) -> ServicePort {
    let name = ObjectName::new(binding.name.namespace.clone(), binding.service.clone());
    ServicePort { service: ObjectRef::new("Service", &name), service_port: binding.port.to_string() }
}

/// What is odd about the way itself; where a member asked for it that is set aside, why that is.
fn warnings(decided: Decided<'_>, asker: Asker<'_>) -> Vec<Problem> {
    let plan = decided.plan;
    match asker {
        Asker::Nobody => Vec::new(),
        Asker::Origin(origin) => {
            let is_about = |problem: &&Problem| {
                let field = problem.field.as_deref().unwrap_or_default();
                problem.object.as_ref() == Some(&origin.object) && field.starts_with(&origin.field)
            };
            plan.warnings.iter().filter(is_about).cloned().collect()
        }
        Asker::SetAside(members) => {
            let moves = |name: &ObjectName| decided.desired.moving.contains_key(name);
            let of_member = |problem: &&Problem| {
                let object = problem.object.as_ref().filter(|object| object.kind() == "Ingress");
                object.is_some_and(|object| members.contains(object.name()))
            };
            let moving = plan.warnings.iter().filter(of_member);
            let moving = moving.filter(|problem| problem.object.as_ref().is_some_and(|object| moves(object.name())));
            plan.problems.iter().filter(of_member).chain(moving).cloned().collect()
        }
    }
}
