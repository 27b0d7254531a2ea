//! Listeners and their rules as they are.

use std::collections::BTreeSet;

use crate::id::{CertificateArn, ListenerArn, Protocol, Ref, RuleArn, TargetGroupArn};
use crate::model::{Action, Condition, Pairs};

/// A listener. It belongs to the stack of its load balancer, tagged or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActualListener {
    /// Its ARN.
    pub arn: ListenerArn,
    /// Its port.
    pub port: u16,
    /// Its protocol.
    pub protocol: Protocol,
    /// What it does with a request that no rule takes.
    pub default_actions: Vec<Action>,
    /// Its security policy.
    pub ssl_policy: Option<String>,
    /// Its default certificate.
    pub default_certificate: Option<CertificateArn>,
    /// Its list for SNI, as far as it was added: the default one only when it was added too.
    pub certificates: BTreeSet<CertificateArn>,
    /// Its attributes; `None`: not read.
    pub attributes: Option<Pairs>,
    /// Its rules but for the default one, in the order of their priorities.
    pub rules: Vec<ActualRule>,
    /// Its tags.
    pub tags: Pairs,
}

/// A rule of a listener. It belongs to the stack of its load balancer, tagged or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActualRule {
    /// Its ARN.
    pub arn: RuleArn,
    /// Its priority, 1 to 50,000.
    pub priority: u16,
    /// What a request has to be.
    pub conditions: Vec<Condition>,
    /// What is done with it.
    pub actions: Vec<Action>,
    /// Whether it rewrites requests, which we never ask for.
    pub has_transforms: bool,
    /// Its tags.
    pub tags: Pairs,
}

impl ActualListener {
    /// Every action of the listener: its own and its rules'.
    pub fn actions(&self) -> impl Iterator<Item = &Action> {
        self.default_actions.iter().chain(self.rules.iter().flat_map(|rule| &rule.actions))
    }

    /// Whether it redirects requests over plain HTTP that no rule takes.
    pub fn redirects(&self) -> bool {
        self.protocol == Protocol::Http && self.default_actions.iter().any(|one| matches!(one, Action::Redirect(_)))
    }

    /// The target groups that it forwards to, itself or by a rule.
    pub fn target_groups(&self) -> impl Iterator<Item = &TargetGroupArn> {
        self.actions().flat_map(Action::target_groups).filter_map(Ref::known)
    }
}
