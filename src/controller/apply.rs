//! Carries out a plan, step by step, up to the first wait that this pass cannot end, or the first failure.

use std::time::Duration;

use futures::future::BoxFuture;
use northgate_planner::id::{Key, ObjectRef};
use northgate_planner::plan::{
    Action, AwsChange, Change, Impact, KubeChange, Made, Plan, Resolved, Step, Wait, WaitFor, resolve,
};
use northgate_planner::snapshot::Snapshot;
use tracing::{Instrument as _, info, info_span};

use super::error::Error;
use super::world::{Account, World};
use super::{Next, rules, shared};

/// How far a pass came with its plan.
#[derive(Debug, Default)]
pub(crate) struct Applied {
    /// What the creates returned.
    pub(crate) made: Made,
    /// How many steps are done, waits that have ended included.
    pub(crate) reached: usize,
    /// The wait at which the pass ended.
    pub(crate) stopped_at: Option<Wait>,
    /// The failure at which the pass ended.
    pub(crate) error: Option<Error>,
    confirmed: bool,
}

impl Applied {
    /// The changes that were made.
    pub(crate) fn changes<'p>(&self, plan: &'p Plan) -> impl Iterator<Item = &'p Change> + use<'p> {
        plan.steps[..self.reached].iter().filter_map(|step| match step {
            Step::Change(change) => Some(change),
            Step::Wait(_) => None,
        })
    }

    /// Whether nothing of the plan is left to do.
    ///
    /// # Errors
    ///
    /// The failure at which the pass ended.
    pub(crate) fn completed(self, plan: &Plan) -> Result<bool, Error> {
        match self.error {
            Some(error) => Err(error),
            None => Ok(self.reached == plan.steps.len() && plan.held.is_empty()),
        }
    }

    /// Whether an object that was to go has nothing left, and may.
    pub(crate) fn leaves_nothing(&self, plan: &Plan) -> bool {
        !plan.wanted && !plan.refused && plan.held.is_empty() && self.reached == plan.steps.len()
    }

    /// When the key is looked at again.
    ///
    /// # Errors
    ///
    /// The failure at which the pass ended.
    pub(crate) fn next(self) -> Result<Next, Error> {
        match (self.error, self.stopped_at) {
            (Some(error), _) => Err(error),
            (None, Some(wait)) => Ok(pause(wait.reason).map_or(Next::Resync, Next::After)),
            (None, None) => Ok(Next::Resync),
        }
    }
}

/// How long a wait is left alone before the key looks for itself; `None`: something else brings it back.
fn pause(reason: WaitFor) -> Option<Duration> {
    let seconds = match reason {
        // The poll does.
        WaitFor::LoadBalancerActive => return None,
        // The watch does, if no event is lost.
        WaitFor::BindingGone => 60,
        WaitFor::InterfacesGone | WaitFor::BackendGroup | WaitFor::RulesOpen | WaitFor::RulesClosed => 5,
        WaitFor::TargetsHealthy | WaitFor::TargetsDrained => 10,
    };
    Some(Duration::from_secs(seconds))
}

/// Carries out `plan`. Nothing is undone: the next pass observes and plans afresh.
pub(crate) async fn run<A: Account>(world: &World<A>, snapshot: &Snapshot, plan: &Plan) -> Applied {
    let mut applied = Applied::default();
    for step in &plan.steps {
        if world.stop.is_told() {
            applied.error = Some(Error::Stopping);
            break;
        }
        let done = match step {
            Step::Change(change) => make(world, snapshot, plan, change, &mut applied).await.map(|()| true),
            Step::Wait(wait) => settle(world, wait, &mut applied.made).await,
        };
        match (done, step) {
            (Ok(true), _) => applied.reached += 1,
            (Ok(false), Step::Wait(wait)) => {
                applied.stopped_at = Some(wait.clone());
                break;
            }
            (Ok(false), Step::Change(_)) => unreachable!("a change that did not fail is made"),
            (Err(error), _) => {
                applied.error = Some(error);
                break;
            }
        }
    }
    applied
}

/// Makes one change.
async fn make<A: Account>(
    world: &World<A>,
    snapshot: &Snapshot,
    plan: &Plan,
    change: &Change,
    applied: &mut Applied,
) -> Result<(), Error> {
    if !applied.confirmed && is_destructive(plan, change) {
        world.cluster.confirm(snapshot, &plan.key).await?;
        applied.confirmed = true;
    }
    let write = resolve(change, &applied.made)?;
    // The line that says what was written is written inside of it, and shows its fields.
    let span = info_span!("change", object = %object(plan), resource = %change.resource.key, reason = %change.reason);
    match write.split() {
        Ok(write) => perform(world, &write, change, &mut applied.made).instrument(span).await,
        Err(write) => write_binding(world, &write).instrument(span).await,
    }
}

/// What cannot be made good by the next pass: deletes, what interrupts traffic, and everything done because an object goes.
fn is_destructive(plan: &Plan, change: &Change) -> bool {
    !plan.wanted || change.action() == Action::Delete || change.impact >= Impact::Outage
}

fn object(plan: &Plan) -> String {
    plan.objects.first().map_or_else(|| plan.key.to_string(), ObjectRef::to_string)
}

async fn perform<A: Account>(
    world: &World<A>,
    write: &Resolved<AwsChange>,
    change: &Change,
    made: &mut Made,
) -> Result<(), Error> {
    let performed = world.perform(write, || change.resource.key.to_string()).await?;
    if let Some(id) = performed.physical_id {
        made.note(change.resource.key.clone(), id);
    }
    Ok(())
}

async fn write_binding<A: Account>(world: &World<A>, write: &Resolved<KubeChange>) -> Result<(), Error> {
    // The watch may tell our own write before its answer is in.
    let ours = world.own_writes.begin(write.name());
    let written = world.cluster.write(write).await?;
    info!(call = %format_args!("kubernetes:{} targetgroupbindings", write.verb()), binding = %write.name(), "changed Kubernetes");
    if let Some(written) = written {
        ours.end(written);
    }
    Ok(())
}

/// Ends a wait that another key can end at once, by running that key's own pass; `false`: this pass ends here.
///
/// A future in a box, because that pass comes through here again.
fn settle<'a, A: Account>(
    world: &'a World<A>,
    wait: &'a Wait,
    made: &'a mut Made,
) -> BoxFuture<'a, Result<bool, Error>> {
    Box::pin(async move {
        let settled = match (wait.reason, &wait.entry) {
            (WaitFor::BackendGroup, Some(Key::Cluster)) => shared::settle(world, made).await,
            (WaitFor::RulesOpen | WaitFor::RulesClosed, Some(Key::Rules(group))) => rules::settle(world, group).await,
            _ => return Ok(false),
        };
        settled.map_err(|source| match &wait.entry {
            Some(entry) => Error::Entry { entry: entry.clone(), source: Box::new(source) },
            None => source,
        })
    })
}
