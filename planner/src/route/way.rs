//! The way of a request through one load balancer, told in full.

use std::collections::BTreeMap;

use super::document::{Answer, OpenPort, PassedRule, Share, TakenRule, TargetGroupOf, Targets, Way};
use super::{Passed, Request, Route, curl, is_met, redirected, route};
use crate::desired::{Desired, Listener};
use crate::facts::LiveLoadBalancer;
use crate::id::{Key, ObjectName, ObjectRef, Protocol, RedirectStatusCode, Ref, StackId};
use crate::model::{Action, Condition, Forward, TargetGroupTuple};
use crate::problem::Problem;

/// A load balancer as it was decided, with what was found.
#[derive(Debug, Clone, Copy)]
pub struct Decided<'a> {
    /// What it is made for.
    pub key: &'a Key,
    /// What should exist.
    pub desired: &'a Desired,
    /// The load balancer that is there.
    pub live: Option<&'a LiveLoadBalancer>,
    /// The targets of its TargetGroupBindings.
    pub targets: &'a BTreeMap<ObjectName, Targets>,
    /// What is odd about its objects.
    pub warnings: &'a [Problem],
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
pub fn standing(desired: &Desired, request: &Request) -> Standing {
    let of_rule = |conditions: &[Condition]| {
        let mut hosts = conditions.iter().filter(|condition| matches!(condition, Condition::HostHeader(_)));
        match (hosts.clone().next(), hosts.all(|condition| is_met(condition, request))) {
            (None, _) => Standing::AnyHost,
            (Some(_), true) => Standing::Named,
            (Some(_), false) => Standing::Nothing,
        }
    };
    let of_listener = |listener: &Listener| {
        let redirects = matches!(listener.default_actions.as_slice(), [Action::Redirect(_)]);
        let asked = listener.default_origin.is_some() && !redirects || !is_http(listener.protocol);
        let default = if asked { Standing::AnyHost } else { Standing::Nothing };
        listener.rules.iter().map(|rule| of_rule(&rule.conditions)).fold(default, Ord::max)
    };
    desired.listeners.values().map(of_listener).max().unwrap_or(Standing::Nothing)
}

fn is_http(protocol: Protocol) -> bool {
    matches!(protocol, Protocol::Http | Protocol::Https)
}

/// Follows a request through a load balancer; `None`: there is none.
pub fn way(decided: Decided<'_>, request: &Request) -> Option<Way> {
    let Decided { key, desired, live, targets: _, warnings: _ } = decided;
    let balancer = desired.load_balancer.as_ref()?;
    let route = route(desired, request).ok();
    let port = route.as_ref().map(|route| route.port).or(request.port);
    let dns_name = live.map(|live| live.dns_name.clone());
    let origin = route.as_ref().and_then(|route| route.origin);
    Some(Way {
        key: key.clone(),
        name: live.map_or_else(|| balancer.name.clone(), |live| live.name.clone()),
        scheme: balancer.scheme,
        url: curl::url(request, port),
        curl: curl::command(request, port, dns_name.as_deref()),
        dns_name,
        listener: route.as_ref().map(|route| OpenPort { port: route.port, protocol: route.listener.protocol }),
        listeners: desired
            .listeners
            .iter()
            .map(|(port, listener)| OpenPort { port: *port, protocol: listener.protocol })
            .collect(),
        passed: route.iter().flat_map(|route| &route.passed).map(passed).collect(),
        rule: route
            .as_ref()
            .and_then(|route| route.rule)
            .map(|(priority, rule)| TakenRule { priority, conditions: rule.conditions.clone() }),
        object: origin.map(|origin| origin.object.clone()).or_else(|| of_service(key)),
        field: origin.map(|origin| origin.field.clone()),
        answer: route.as_ref().and_then(|route| answer(decided, route, request)),
        warnings: warnings(decided, route.as_ref()),
    })
}

/// The listeners of a Network Load Balancer are all asked for by its Service.
fn of_service(key: &Key) -> Option<ObjectRef> {
    match key {
        Key::Stack(stack @ StackId::Service(_)) => Some(stack.object()),
        Key::Stack(_) | Key::Cluster | Key::Rules(_) | Key::Binding(_) => None,
    }
}

fn passed(passed: &Passed<'_>) -> PassedRule {
    let Passed { priority, rule, because } = passed;
    PassedRule {
        priority: *priority,
        object: rule.origin.object.clone(),
        field: rule.origin.field.clone(),
        not_met: (*because).clone(),
    }
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
            Ref::Known(arn) => (arn.to_string(), None),
            Ref::Made(made) => (made.id.clone(), own(decided, &made.id)),
        };
        Share { target_group, percent: tenths / 10.0, own }
    };
    groups.iter().map(share).collect()
}

fn own(decided: Decided<'_>, resource: &str) -> Option<TargetGroupOf> {
    let group = decided.desired.target_groups.get(resource)?;
    let binding = decided.desired.bindings.get(resource)?;
    let unknown = || Targets::Unknown("its TargetGroupBinding was not looked at".to_owned());
    Some(TargetGroupOf {
        name: group.name.clone(),
        target_type: group.target_type,
        protocol: group.protocol,
        service: ObjectRef::new("Service", &ObjectName::new(binding.name.namespace.clone(), binding.service.clone())),
        service_port: binding.port.to_string(),
        targets: decided.targets.get(&binding.name).cloned().unwrap_or_else(unknown),
    })
}

/// What is odd about the way itself, and what of the load balancer that is there is not looked at.
fn warnings(decided: Decided<'_>, route: Option<&Route<'_>>) -> Vec<Problem> {
    let origin = route.and_then(|route| route.origin);
    let is_about = |problem: &&Problem| {
        let field = problem.field.as_deref().unwrap_or_default();
        origin.is_some_and(|origin| problem.object.as_ref() == Some(&origin.object) && field.starts_with(&origin.field))
    };
    let mut warnings = decided.warnings.iter().filter(is_about).cloned().collect::<Vec<_>>();
    if decided.live.is_some() {
        warnings.extend(decided.desired.set_aside.iter().map(|name| {
            let message = "what it has in AWS stays as it is and may take the request; it is not looked at here";
            Problem::of(ObjectRef::new("Ingress", name), message)
        }));
    }
    warnings
}
