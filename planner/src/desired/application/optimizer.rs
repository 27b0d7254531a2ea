//! Rules that can never be reached are left out (`ingress-alb.md` §7.9).

use super::redirects::is_unchanged;
use crate::desired::Rule;
use crate::id::Protocol;
use crate::model::{Action, Condition, Patterns, Redirect};

/// The rules that are kept, in order, and the others with the reason.
pub(super) fn optimize(rules: Vec<Rule>, port: u16, protocol: Protocol) -> (Vec<Rule>, Vec<(Rule, String)>) {
    let mut kept: Vec<Rule> = Vec::new();
    // Only these shadow others; there are few of them.
    let mut redirects: Vec<Shadow> = Vec::new();
    let mut dropped = Vec::new();
    for rule in rules {
        if redirect_of(&rule).is_some_and(|redirect| is_endless(redirect, &rule, port, protocol)) {
            dropped.push((rule, "its redirect would lead back to itself".to_owned()));
            continue;
        }
        let shadow = Shadow::of(&rule);
        if let Some(earlier) = redirects.iter().find(|earlier| earlier.covers(&shadow)) {
            let why = format!("{} redirects every such request before", earlier.origin);
            dropped.push((rule, why));
            continue;
        }
        if redirect_of(&rule).is_some() && !shadow.has_more {
            redirects.push(shadow);
        }
        kept.push(rule);
    }
    (kept, dropped)
}

fn redirect_of(rule: &Rule) -> Option<&Redirect> {
    rule.actions.iter().find_map(|action| match action {
        Action::Redirect(redirect) => Some(redirect),
        Action::Forward(_) | Action::FixedResponse(_) | Action::Other(_) => None,
    })
}

/// Whether every part of a redirect is what the request already has. Other conditions are not looked at, as in LBC.
fn is_endless(redirect: &Redirect, rule: &Rule, port: u16, protocol: Protocol) -> bool {
    let has_expression = |condition: &Condition| matches!(condition, Condition::PathPattern(Patterns::Regex(_)));
    if rule.conditions.iter().any(has_expression) {
        return false;
    }
    let Redirect { protocol: to_protocol, port: to_port, host, path, query, status_code: _ } = redirect;
    is_unchanged(host, Redirect::HOST, &Condition::texts(&rule.conditions, "host-header"))
        && is_unchanged(path, Redirect::PATH, &Condition::texts(&rule.conditions, "path-pattern"))
        && is_unchanged(to_port, Redirect::PORT, &[&port.to_string()])
        && is_unchanged(to_protocol, Redirect::PROTOCOL, &[protocol.as_str()])
        && is_unchanged(query, Redirect::QUERY, &[])
}

/// What a rule matches, as far as host and path say.
struct Shadow {
    hosts: Vec<String>,
    paths: Vec<String>,
    /// Whether the hosts are expressions: such a rule covers nothing but its own (`decisions.md`, Ingress 12).
    host_expressions: bool,
    /// Whether it has conditions on anything else.
    has_more: bool,
    origin: String,
}

impl Shadow {
    fn of(rule: &Rule) -> Self {
        let owned = |texts: Vec<&str>| texts.into_iter().map(str::to_owned).collect();
        let is_expression = |condition: &Condition| matches!(condition, Condition::HostHeader(Patterns::Regex(_)));
        let is_more =
            |condition: &Condition| !matches!(condition, Condition::HostHeader(_) | Condition::PathPattern(_));
        Self {
            hosts: owned(Condition::texts(&rule.conditions, "host-header")),
            paths: owned(Condition::texts(&rule.conditions, "path-pattern")),
            host_expressions: rule.conditions.iter().any(is_expression),
            has_more: rule.conditions.iter().any(is_more),
            origin: format!("{} {}", rule.origin.object, rule.origin.field),
        }
    }

    /// Whether every request for `later` is one for this rule, which has conditions on host and path alone.
    fn covers(&self, later: &Self) -> bool {
        let holds = |all: &[String], some: &[String]| !some.is_empty() && some.iter().all(|text| all.contains(text));
        let same_kind = self.host_expressions == later.host_expressions;
        let hosts = self.hosts.is_empty() || (same_kind && holds(&self.hosts, &later.hosts));
        let paths =
            self.paths.is_empty() || self.paths.iter().any(|path| path == "/*") || holds(&self.paths, &later.paths);
        hosts && paths
    }
}
