//! Carries out a plan, step by step, up to the first wait that this pass cannot end, or the first failure.

use std::time::Duration;

use futures::future::{BoxFuture, join_all};
use northgate_planner::id::{Key, ObjectRef, ResourceKind};
use northgate_planner::plan::{
    Action, AwsChange, Change, Impact, KubeChange, Made, Plan, Resolved, Step, Wait, WaitFor, resolve, together,
};
use northgate_planner::planted::{Bug, planted};
use northgate_planner::snapshot::Snapshot;
use tracing::{Instrument as _, Span, info, info_span};

use super::error::Error;
use super::world::{Account, World};
use super::{Next, binding, rules, shared};

/// How many changes are under way at the same time.
const AT_ONCE: usize = 8;

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

    /// Whether nothing is left of those that leave a stack which others keep: every change is made, or what is left waits for
    /// targets of the others. Nothing that they had waits for these.
    pub(crate) fn lets_go(&self, plan: &Plan) -> bool {
        let waits = |wait: &Wait| wait.reason == WaitFor::TargetsHealthy;
        let for_others = self.error.is_none() && self.stopped_at.as_ref().is_some_and(waits);
        !plan.refused && (for_others || !plan.steps[self.reached..].iter().any(|step| step.change().is_some()))
    }

    /// Whether a stack that goes has nothing left but what serves those that are on their way to another one.
    pub(crate) fn waits_for_those_that_move(&self, plan: &Plan) -> bool {
        let moved = |wait: &Wait| wait.reason == WaitFor::LoadBalancerActive && wait.entry.is_some();
        !plan.wanted && !plan.refused && plan.held.is_empty() && self.stopped_at.as_ref().is_some_and(moved)
    }

    /// When the key is looked at again.
    ///
    /// # Errors
    ///
    /// The failure at which the pass ended.
    pub(crate) fn next(self) -> Result<Next, Error> {
        match (self.error, self.stopped_at) {
            (Some(error), _) => Err(error),
            (None, Some(wait)) => Ok(pause(&wait).map_or(Next::Resync, Next::After)),
            (None, None) => Ok(Next::Resync),
        }
    }
}

/// How long a wait is left alone before the key looks for itself; `None`: something else brings it back.
fn pause(wait: &Wait) -> Option<Duration> {
    let seconds = match wait.reason {
        // The poll does.
        WaitFor::LoadBalancerActive if wait.entry.is_none() => return None,
        // The watch does, if no event is lost.
        WaitFor::LoadBalancerActive | WaitFor::BindingGone => 60,
        WaitFor::InterfacesGone | WaitFor::BackendGroup | WaitFor::RulesOpen | WaitFor::RulesClosed => 5,
        // The pass over the binding does.
        WaitFor::TargetsHealthy if wait.entry.is_some() => 60,
        WaitFor::TargetsHealthy => 10,
    };
    Some(Duration::from_secs(seconds))
}

/// Carries out `plan`. Nothing is undone: the next pass observes and plans afresh.
pub(crate) async fn run<A: Account>(world: &World<A>, snapshot: &Snapshot, plan: &Plan) -> Applied {
    let mut walk = Walk { world, snapshot, plan, made: Made::default(), confirmed: false };
    let (mut reached, mut stopped_at, mut error) = (0, None, None);
    while let Some(step) = plan.steps.get(reached)
        && stopped_at.is_none()
        && error.is_none()
    {
        let steps = together(&plan.steps[reached..]);
        if steps > 1 {
            let some = &plan.steps[reached..reached + steps.min(AT_ONCE)];
            let (done, failure) = walk.take_together(some).await;
            reached += done;
            error = failure;
            continue;
        }
        match walk.take(step).await {
            Ok(None) => reached += 1,
            Ok(wait) => stopped_at = wait,
            Err(_) if planted(Bug::FailureSwallowed) => reached += 1,
            Err(failure) => error = Some(failure),
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

    /// Takes steps that need nothing of each other at the same time. Gives how many are done, from the first on, and the
    /// first failure; those after it are done or not, as the next pass will see.
    async fn take_together(&mut self, steps: &[Step]) -> (usize, Option<Error>) {
        match self.made_together(steps).await {
            Ok(outcomes) => {
                let done = outcomes.iter().take_while(|outcome| outcome.is_ok()).count();
                (done, outcomes.into_iter().find_map(Result::err))
            }
            Err(failure) => (0, Some(failure)),
        }
    }

    async fn made_together(&mut self, steps: &[Step]) -> Result<Vec<Result<(), Error>>, Error> {
        if self.world.stop.is_told() {
            return Err(Error::Stopping);
        }
        let mut writes = Vec::new();
        for change in steps.iter().filter_map(Step::change) {
            self.confirm(change).await?;
            let Ok(write) = resolve(change, &self.made)?.split() else {
                unreachable!("only writes to AWS go together");
            };
            writes.push((change, write));
        }
        let perform = async |(change, write): &(&Change, Resolved<AwsChange>)| {
            self.world.perform_at_its_turn(write, || change.resource.key.to_string()).await
        };
        let outcomes = join_all(writes.iter().map(|write| perform(write).instrument(self.span(write.0)))).await;
        let noted = writes.iter().zip(outcomes).map(|((change, _), outcome)| {
            let performed = outcome?;
            if let Some(id) = performed.physical_id {
                self.made.note(change.resource.key.clone(), id);
            }
            Ok(())
        });
        Ok(noted.collect())
    }

    async fn confirm(&mut self, change: &Change) -> Result<(), Error> {
        if !self.confirmed && is_destructive(self.plan, change) {
            self.world.cluster.confirm(self.snapshot, self.plan).await?;
            self.confirmed = true;
        }
        Ok(())
    }

    /// The line that says what was written is written inside of it, and shows its fields.
    fn span(&self, change: &Change) -> Span {
        let Self { plan, .. } = self;
        let object = match &plan.key {
            Key::Stack(id) => id.object().to_string(),
            key => plan.objects.first().map_or_else(|| key.to_string(), ObjectRef::to_string),
        };
        info_span!("change", object, resource = %change.resource.key, reason = %change.reason)
    }

    async fn make(&mut self, change: &Change) -> Result<(), Error> {
        self.confirm(change).await?;
        let span = self.span(change);
        match resolve(change, &self.made)?.split() {
            Ok(write) => self.perform(change, &write).instrument(span).await,
            Err(write) => self.write(&write).instrument(span).await,
        }
    }

    async fn perform(&mut self, change: &Change, write: &Resolved<AwsChange>) -> Result<(), Error> {
        // A rule is never looked for: it is read with its listener.
        let creates = change.action() == Action::Create && change.resource.key.kind != ResourceKind::ListenerRule;
        if creates {
            self.world.expected.begin(&self.plan.key);
        }
        let outcome = self.world.perform(write, || change.resource.key.to_string()).await;
        if outcome.as_ref().map_or_else(Error::may_be_done, |_| true) {
            self.world.expected.done(write);
        }
        let performed = outcome?;
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
            (WaitFor::TargetsHealthy, Some(Key::Binding(name))) => binding::can_serve(world, plan, name).await,
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
