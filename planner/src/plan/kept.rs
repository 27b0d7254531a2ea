//! What stays as it is in AWS because it may be of a member that is set aside.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::{ObjectName, Protocol, TargetGroupArn, TargetType};
use crate::model::{Action, Binding, Condition};

/// What a plan leaves of a load balancer as it is, though no good member asks for it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Kept {
    /// Listeners of which something stays, by port.
    pub listeners: BTreeMap<u16, KeptListener>,
    /// The target groups that it forwards to, as far as they are the stack's.
    pub target_groups: BTreeMap<TargetGroupArn, KeptGroup>,
}

/// What stays of a listener.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptListener {
    /// What it speaks.
    pub protocol: Protocol,
    /// What it does with a request that no rule takes, with the members that may have asked for it; `None`: that is the
    /// contract's default, or a good member asks for something.
    pub default_actions: Option<(Vec<Action>, BTreeSet<ObjectName>)>,
    /// The rules that stay, by the priority that they have in the end.
    pub rules: BTreeMap<u16, KeptRule>,
}

/// A rule that stays.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptRule {
    /// What a request has to be.
    pub conditions: Vec<Condition>,
    /// What is done with it.
    pub actions: Vec<Action>,
    /// The members that may have asked for it: one, as far as its target groups tell.
    pub members: BTreeSet<ObjectName>,
}

/// A target group of the stack that a kept rule forwards to.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptGroup {
    /// Its resource id inside the stack.
    pub id: String,
    /// Its name in AWS.
    pub name: String,
    /// What its targets are.
    pub target_type: TargetType,
    /// Its protocol.
    pub protocol: Protocol,
    /// The TargetGroupBinding that holds its targets; `None`: it is not among the objects.
    pub binding: Option<Binding>,
}
