//! The pure stages joined once: what the controller and the plan command both call.

use crate::actual::{Actual, Purpose, Scope};
use crate::desired::Desired;
use crate::facts::{Facts, Live, Needs};
use crate::id::Key;
use crate::plan::Plan;
use crate::problem::{Declined, Problem};
use crate::snapshot::Snapshot;
use crate::spec::cluster::ClusterSpec;
use crate::spec::{AcceptedStack, StackSpec};
use crate::targets::BindingSpec;
use crate::worker_rules::RulesSpec;
use crate::{desired, diff, shared, spec, targets, worker_rules};

/// What a key asks for, once its objects were understood.
#[derive(Debug, Clone)]
pub enum Accepted {
    /// A stack.
    Stack(Box<AcceptedStack>),
    /// The targets of a binding.
    Binding(Box<BindingSpec>),
    /// The rules of a worker security group.
    Rules(RulesSpec),
    /// What the cluster shares.
    Cluster(ClusterSpec),
}

impl Accepted {
    /// What has to be observed.
    pub fn scope(&self) -> Scope {
        match self {
            Self::Stack(stack) => {
                let stays = stack.spec.is_wanted() || stack.spec.goes_in_parts();
                let purpose = if stays { Purpose::Keep } else { Purpose::Delete };
                Scope::Stack { id: stack.spec.id().clone(), purpose }
            }
            Self::Binding(binding) => binding.scope(),
            Self::Rules(rules) => Scope::Rules(rules.group.clone()),
            Self::Cluster(_) => Scope::Cluster,
        }
    }

    /// What has to be asked, given what exists.
    pub fn needs(&self, live: &Live) -> Needs {
        match self {
            Self::Stack(stack) => desired::needs(&stack.spec, live),
            Self::Binding(binding) => binding.needs(),
            Self::Rules(rules) => rules.needs(),
            Self::Cluster(_) => Needs::default(),
        }
    }
}

/// Understands the objects of a key.
///
/// # Errors
///
/// Why there will be no plan: the object is refused (with all its problems at once), not ours, or not there.
pub fn accept(snapshot: &Snapshot, key: &Key) -> Result<Accepted, Declined> {
    match key {
        Key::Stack(id) => spec::accept(snapshot, id).map(|stack| Accepted::Stack(Box::new(stack))),
        Key::Binding(name) => targets::accept(snapshot, name).map(|binding| Accepted::Binding(Box::new(binding))),
        Key::Rules(group) => Ok(Accepted::Rules(worker_rules::accept(snapshot, group))),
        Key::Cluster => Ok(Accepted::Cluster(spec::cluster::accept(snapshot))),
    }
}

/// A plan, and what it leads to.
#[derive(Debug, Clone)]
pub struct Decision {
    /// The plan.
    pub plan: Plan,
    /// What should exist for a stack; `None`: the key is no stack, or AWS's facts forbid it, as the plan says.
    pub desired: Option<Desired>,
}

/// Decides every name, port, tag and order of what is to be done. Cannot fail.
pub fn decide(accepted: &Accepted, facts: &Facts, actual: &Actual) -> Plan {
    decision(accepted, facts, actual).plan
}

/// The same, for those who also look at what it leads to.
pub fn decision(accepted: &Accepted, facts: &Facts, actual: &Actual) -> Decision {
    let plan = match (accepted, actual) {
        (Accepted::Stack(stack), Actual::Stack(found)) => {
            return match desired::decide(&stack.spec, facts, &actual.live()) {
                Ok(wanted) => {
                    Decision { plan: diff::stack(&stack.spec, &wanted, found, &stack.bindings), desired: Some(wanted) }
                }
                Err(problems) => Decision { plan: refused(&stack.spec, problems), desired: None },
            };
        }
        (Accepted::Binding(binding), Actual::Targets(found)) => targets::decide(binding, facts, Some(found)),
        (Accepted::Binding(binding), Actual::Nothing) => targets::decide(binding, facts, None),
        (Accepted::Rules(rules), Actual::Rules(found)) => worker_rules::decide(rules, facts, found.as_ref()),
        (Accepted::Cluster(cluster), Actual::Cluster(found)) => shared::decide(cluster, found),
        (
            Accepted::Stack(_) | Accepted::Binding(_) | Accepted::Rules(_) | Accepted::Cluster(_),
            Actual::Stack(_) | Actual::Targets(_) | Actual::Rules(_) | Actual::Cluster(_) | Actual::Nothing,
        ) => unreachable!("what was observed is what the accepted scope asked for"),
    };
    Decision { plan, desired: None }
}

/// The plan of a stack that AWS's facts forbid: no steps, all problems.
fn refused(spec: &StackSpec, problems: Vec<Problem>) -> Plan {
    let mut plan = Plan::empty(Key::Stack(spec.id().clone()), spec.objects());
    plan.problems = problems;
    plan.warnings = spec.warnings();
    plan.refused = true;
    plan
}
