//! Carries out a plan, step by step, up to the first wait that this pass cannot end, or the first failure.

use std::time::Duration;

use futures::future::BoxFuture;
use northgate_planner::id::{Key, ObjectRef, ResourceKind};
use northgate_planner::plan::{
    Action, AwsChange, Change, Impact, KubeChange, Made, Plan, Resolved, Step, Wait, WaitFor, resolve,
};
use northgate_planner::planted::{Bug, planted};
use northgate_planner::snapshot::Snapshot;
use tracing::{Instrument as _, info, info_span};

use super::error::Error;
use super::world::{Account, World};
use super::{Next, binding, rules, shared};

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
        let done = self.reached == plan.steps.len() || planted(Bug::ReleasedTooEarly);
        !plan.wanted && !plan.refused && plan.held.is_empty() && done
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
        WaitFor::TargetsHealthy => 10,
    };
    Some(Duration::from_secs(seconds))
}

/// Carries out `plan`. Nothing is undone: the next pass observes and plans afresh.
pub(crate) async fn run<A: Account>(world: &World<A>, snapshot: &Snapshot, plan: &Plan) -> Applied {
    let mut walk = Walk { world, snapshot, plan, made: Made::default(), confirmed: false };
    let (mut reached, mut stopped_at, mut error) = (0, None, None);
    for step in &plan.steps {
        match walk.take(step).await {
            Ok(None) => reached += 1,
            Ok(wait) => stopped_at = wait,
            Err(_) if planted(Bug::FailureSwallowed) => reached += 1,
            Err(failure) => error = Some(failure),
        }
        if stopped_at.is_some() || error.is_some() {
            break;
        }
    }
    Applied { made: walk.made, reached, stopped_at, error }
}

/// One plan on its way.
struct Walk<'p, A> {
    world: &'p World<A>,
    snapshot: &'p Snapshot,
    plan: &'p Plan,
    made: Made,
    /// Whether the API server was asked if the object still says what was decided from.
    confirmed: bool,
}

impl<A: Account> Walk<'_, A> {
    /// Takes one step; gives the wait at which the pass has to end.
    async fn take(&mut self, step: &Step) -> Result<Option<Wait>, Error> {
        if self.world.stop.is_told() {
            return Err(Error::Stopping);
        }
        match step {
            Step::Change(change) => self.make(change).await.map(|()| None),
            Step::Wait(_) if planted(Bug::WaitsIgnored) => Ok(None),
            Step::Wait(wait) => {
                let ended = settle(self.world, self.plan, wait, &mut self.made).await?;
                Ok(if ended { None } else { Some(wait.clone()) })
            }
        }
    }

    async fn make(&mut self, change: &Change) -> Result<(), Error> {
        let Self { world, snapshot, plan, .. } = self;
        if !self.confirmed && is_destructive(plan, change) {
            world.cluster.confirm(snapshot, &plan.key).await?;
            self.confirmed = true;
        }
        // The line that says what was written is written inside of it, and shows its fields.
        let object = plan.objects.first().map_or_else(|| plan.key.to_string(), ObjectRef::to_string);
        let span = info_span!("change", object, resource = %change.resource.key, reason = %change.reason);
        match resolve(change, &self.made)?.split() {
            Ok(write) => self.perform(change, &write).instrument(span).await,
            Err(write) => self.write(&write).instrument(span).await,
        }
    }

    async fn perform(&mut self, change: &Change, write: &Resolved<AwsChange>) -> Result<(), Error> {
        let creates = change.action() == Action::Create;
        if creates {
            self.world.expected.begin(&self.plan.key);
        }
        let performed = self.world.perform(write, || change.resource.key.to_string()).await?;
        if creates {
            // A listener goes with its load balancer, without a word.
            let has_own_life = change.resource.key.kind != ResourceKind::Listener;
            let id = performed.physical_id.as_deref().filter(|_| has_own_life);
            self.world.expected.made(&self.plan.key, id);
        }
        if let Some(id) = performed.physical_id {
            self.made.note(change.resource.key.clone(), id);
        }
        if let (Action::Delete, Some(id)) = (change.action(), &change.resource.physical_id) {
            self.world.expected.deleted(&self.plan.key, id);
        }
        Ok(())
    }

    async fn write(&self, write: &Resolved<KubeChange>) -> Result<(), Error> {
        // The watch may tell our own write before its answer is in.
        let ours = self.world.own_writes.begin(write.name());
        let written = self.world.cluster.write(write).await?;
        let call = format_args!("kubernetes:{} targetgroupbindings", write.verb());
        info!(%call, binding = %write.name(), "the API server did what it was told");
        if let Some(written) = written {
            ours.end(written);
        }
        Ok(())
    }
}

/// What cannot be made good by the next pass: deletes, what interrupts traffic, and everything done because an object goes.
fn is_destructive(plan: &Plan, change: &Change) -> bool {
    !plan.wanted || change.action() == Action::Delete || change.impact >= Impact::Outage
}

/// Ends a wait that is over, or that another key can end at once by its own pass; `false`: this pass ends here.
///
/// A future in a box, because that pass comes through here again.
fn settle<'a, A: Account>(
    world: &'a World<A>,
    plan: &'a Plan,
    wait: &'a Wait,
    made: &'a mut Made,
) -> BoxFuture<'a, Result<bool, Error>> {
    Box::pin(async move {
        let settled = match (wait.reason, &wait.entry) {
            (WaitFor::BackendGroup, Some(Key::Cluster)) => shared::settle(world, made).await,
            (WaitFor::RulesOpen, Some(Key::Rules(group))) => rules::open(world, group).await,
            (WaitFor::RulesClosed, Some(Key::Rules(group))) => rules::close(world, group).await,
            (WaitFor::RulesOpen, Some(Key::Binding(name))) => binding::has_rules_open(world, plan, name).await,
            _ => return Ok(false),
        };
        settled.map_err(|source| match &wait.entry {
            Some(entry) => Error::Entry { entry: entry.clone(), source: Box::new(source) },
            None => source,
        })
    })
}

#[cfg(test)]
mod tests {
    use northgate_planner::id::{ResourceKey, SecurityGroupId, StackId};
    use northgate_planner::plan::{DeleteSecurityGroup, Resource, Write};

    use super::*;

    #[test]
    fn deletes_outages_and_everything_for_an_object_that_goes_are_confirmed_first() {
        let name = northgate_planner::id::ObjectName::new("default", "web");
        let plan = Plan::empty(Key::Stack(StackId::Service(name)), Vec::new());
        let going = Plan { wanted: false, ..plan.clone() };
        let delete = AwsChange::DeleteSecurityGroup(DeleteSecurityGroup { group_id: SecurityGroupId::new("sg-1") });
        let tag = AwsChange::AddTags(northgate_planner::plan::AddTags {
            resource_arns: Vec::new(),
            tags: northgate_planner::plan::TagList::default(),
        });
        let change = |write: &AwsChange, impact| Change {
            resource: Resource::new(ResourceKey::managed_security_group()),
            write: Write::Aws(write.clone()),
            fields: Vec::new(),
            impact,
            reason: String::new(),
        };
        for (plan, write, impact, expected) in [
            (&plan, &tag, Impact::None, false),
            (&plan, &tag, Impact::Brief, false),
            (&plan, &tag, Impact::Outage, true),
            (&plan, &delete, Impact::None, true),
            (&going, &tag, Impact::None, true),
        ] {
            assert_eq!(is_destructive(plan, &change(write, impact)), expected, "{write:?} {impact:?}");
        }
    }
}
