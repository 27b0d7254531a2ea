//! A plan: what to change, in which order, what is waited for, what is held back, what is wrong.

mod change;
mod display;
mod json;
mod kept;
mod order;
mod parallel;
mod request;
mod resolve;

pub use change::{
    Action, AwsChange, Change, CreateTargetGroupBinding, DeleteTargetGroupBinding, FieldChange, Impact, KubeChange,
    PatchTargetGroupBinding, Resource, Write,
};
pub use display::render;
pub(crate) use display::{Page, object_title, problem_lines};
pub use json::{Document, Entry, FailOn, Header, Skipped, Summary};
pub use kept::{Kept, KeptGroup, KeptListener, KeptRule};
pub(crate) use order::{Stages, in_order};
pub use parallel::together;
pub use request::{
    AddTags, CreateListener, CreateLoadBalancer, CreateRule, CreateSecurityGroup, CreateTags, CreateTargetGroup,
    DeleteListener, DeleteLoadBalancer, DeleteRule, DeleteSecurityGroup, DeleteTags, DeleteTargetGroup,
    HealthCheckRequest, ListenerCertificates, ModifyListener, ModifyListenerAttributes, ModifyLoadBalancerAttributes,
    ModifyRule, ModifyTargetGroup, ModifyTargetGroupAttributes, RemoveTags, RulePriority, SecurityGroupIngress,
    SetIpAddressType, SetRulePriorities, SetSecurityGroups, SetSubnets, TagList, Targets,
};
pub use resolve::{Made, Resolved, Unresolved, resolve};

use crate::id::{Key, ObjectRef, ResourceKey, StackId};
use crate::model::Binding;
use crate::problem::Problem;

/// What one pass over one key would do, from now to agreement.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// What is planned.
    pub key: Key,
    /// The objects it is planned for; for a binding the TargetGroupBinding, for rules and the cluster none.
    pub objects: Vec<ObjectRef>,
    /// The objects that must hold on to what is planned (by its finalizer) before the first step. A member of a group that is
    /// set aside is none of them: it keeps its finalizer where it has it.
    pub holding: Vec<ObjectRef>,
    /// The objects that hold on to it and let go (of their finalizers) once all steps are done.
    pub leaving: Vec<ObjectRef>,
    /// The stack that a generated binding belongs to.
    pub of: Option<StackId>,
    /// Whether anything is wanted. `false`: everything is to go, and the finalizer after it.
    pub wanted: bool,
    /// Changes and waits, in order.
    pub steps: Vec<Step>,
    /// Changes that need an acknowledgement first.
    pub held: Vec<Held>,
    /// What stays as it is for members that are set aside.
    pub kept: Kept,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// What is odd but does no harm.
    pub warnings: Vec<Problem>,
    /// The bindings that the stack wants, for the plans of their targets.
    pub bindings: Vec<Binding>,
    /// The way of a request, one line per port.
    pub routes: Vec<String>,
    /// Whether the files name only a part of the stack.
    pub partial: bool,
    /// Whether the problems concern the object as a whole: then there are no steps.
    pub refused: bool,
}

impl Plan {
    /// A plan without steps.
    pub fn empty(key: Key, objects: Vec<ObjectRef>) -> Self {
        Self {
            key,
            objects,
            holding: Vec::new(),
            leaving: Vec::new(),
            of: None,
            wanted: true,
            steps: Vec::new(),
            held: Vec::new(),
            kept: Kept::default(),
            problems: Vec::new(),
            warnings: Vec::new(),
            bindings: Vec::new(),
            routes: Vec::new(),
            partial: false,
            refused: false,
        }
    }

    /// Whether the plan of a stack has checks or traffic move to other rules, once these are open: until then it uses rules
    /// that its bindings may not ask for any more ([`crate::snapshot::Snapshot::lingering`]).
    pub fn moves_between_rules(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Wait(wait) if wait.reason == WaitFor::RulesOpen))
    }

    /// The changes, in order.
    pub fn changes(&self) -> impl Iterator<Item = &Change> {
        self.steps.iter().filter_map(|step| match step {
            Step::Change(change) => Some(change),
            Step::Wait(_) => None,
        })
    }

    /// Where the plan leaves its key.
    pub fn outcome(&self) -> Outcome {
        if self.refused {
            Outcome::Refused
        } else if self.changes().next().is_some() {
            Outcome::Changes
        } else if !self.steps.is_empty() {
            Outcome::Waiting
        } else if !self.held.is_empty() {
            Outcome::Held
        } else {
            Outcome::InSync
        }
    }
}

/// Where a plan leaves its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Nothing to do.
    InSync,
    /// There are changes.
    Changes,
    /// Nothing to do until a wait ends.
    Waiting,
    /// Nothing but held changes.
    Held,
    /// The object is refused as a whole.
    Refused,
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A write.
    Change(Change),
    /// Something that must come true first.
    Wait(Wait),
}

impl Step {
    /// The change, when it is one.
    pub fn change(&self) -> Option<&Change> {
        match self {
            Self::Change(change) => Some(change),
            Self::Wait(_) => None,
        }
    }
}

/// Something that must come true before the next step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    /// What kind of wait.
    pub reason: WaitFor,
    /// The resource waited for.
    pub resource: Option<ResourceKey>,
    /// The entry whose steps end the wait.
    pub entry: Option<Key>,
    /// What is waited for, in a sentence.
    pub message: String,
}

/// The kinds of waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum WaitFor {
    /// The load balancer leaves `provisioning`.
    LoadBalancerActive,
    /// Enough targets pass their checks.
    TargetsHealthy,
    /// The worker security group lets the load balancer in.
    RulesOpen,
    /// The worker security group no longer names a group that is to go.
    RulesClosed,
    /// The network interfaces of a deleted load balancer are gone.
    InterfacesGone,
    /// A TargetGroupBinding that is being deleted is gone.
    BindingGone,
    /// The shared backend security group exists; for what goes, that it is gone.
    BackendGroup,
}

/// A change that is not made without an acknowledgement, or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The change.
    pub change: Change,
    /// Why it is held.
    pub why: String,
    /// The annotation that lets it go, `key=value`; `None` where nothing on the object can.
    pub acknowledge: Option<String>,
}
