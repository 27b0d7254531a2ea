//! One pass over one TargetGroupBinding: the list of stages.

use std::time::Duration;

use northgate_planner::actual::{Actual, ActualTargets};
use northgate_planner::facts::{Facts, Live};
use northgate_planner::id::{Key, ObjectName};
use northgate_planner::pipeline::{self, Accepted};
use northgate_planner::plan::{AwsChange, Plan, Write};
use northgate_planner::problem::{Declined, Problem};
use northgate_planner::snapshot::Snapshot;
use northgate_planner::targets::{TargetCount, deregisters, is_settled, lingers};
use northgate_planner::worker_rules;
use tracing::debug;

use super::Next;
use super::apply::{self, Applied};
use super::awaited_targets::GATHERED;
use super::error::Error;
use super::expected::AGAIN;
use super::world::{Account, World};
use super::{finalizers, tell};
use crate::cluster::BindingStanding;

/// Targets that are not ready yet are looked at again after the pace's pause; each further one is twice as long, up to this, for as
/// many looks …
const LOOK: Duration = Duration::from_secs(30);
const LOOKS: u32 = 12;
/// … and then up to this: the account's calls are shared, and what was unhealthy for so long is news to nobody.
const LATE_LOOK: Duration = Duration::from_secs(300);

/// Brings the targets of one target group to the endpoints of one Service port.
///
/// 1. snapshot: from the caches        6. hold: finalizer, before the first write
/// 2. accept: pure                     7. apply: the steps, up to the first wait
/// 3. observe: AWS reads               8. report: status, events
/// 4. lookup: AWS reads                9. release: finalizer, after the last write
/// 5. decide: pure
pub(super) async fn reconcile<A: Account>(name: &ObjectName, world: &World<A>) -> Result<Next, Error> {
    let key = Key::Binding(name.clone());
    let snapshot = world.cluster.snapshot(&key);
    let accepted = match pipeline::accept(&snapshot, &key) {
        Ok(accepted) => accepted,
        Err(declined) => return decline(world, name, &snapshot, &declined).await,
    };
    let actual = world.observe(&accepted.scope()).await?;
    let facts = world.lookup(&accepted.needs(&actual.live())).await?;
    let plan = pipeline::decide(&accepted, &facts, &actual);
    let target_group = snapshot.bindings.get(name).and_then(|found| found.spec.target_group_arn.as_deref());
    if let Some(rest) = world.expected.contradicts(&plan, &actual, target_group) {
        debug!("AWS does not show what was done a moment ago");
        return Ok(Next::After(rest.min(AGAIN)));
    }
    if lingers(&plan) {
        // Before the first step: the waits for rules are ended by passes that also close some.
        world.lingering.begins(&key);
    }
    finalizers::hold(world, &snapshot, &plan).await?;
    let applied = apply::run(world, &snapshot, &plan).await;
    if let Some(asked) = world.queues.bindings.asked_since(&key) {
        world.work.registered(registered(&plan, &applied), asked.elapsed());
    }
    let count = learn(world, &accepted, &facts, &actual);
    if is_rid(&plan, &applied, &actual, count) {
        world.lingers_no_more(&key);
    } else if lingers(&plan) || !deregisters(&plan.steps[applied.reached..]) {
        world.lingering.looked_at(&key);
    }
    if let Accepted::Binding(binding) = &accepted {
        world.needs_rules(name, binding.rules().map(|rules| rules.into_iter().cloned().collect()));
    }
    report(world, name, &snapshot, &plan, count, &applied).await?;
    if is_ready(&actual, count) {
        let waiting = world.awaited_targets.take(name);
        waiting.into_iter().for_each(|stack| world.queues.stacks.add_after(stack, GATHERED));
    }
    let unseen = finalizers::release(world, &snapshot, &plan, &applied).await?;
    Ok(applied.next()?.at_most(look_again(world, name, &plan, &actual, count)).at_most(unseen))
}

/// Whether a binding's targets let in what its stack wants to say, for a pass over that stack.
///
/// 1. snapshot: from the caches        3. lookup: AWS reads
/// 2. accept: pure                     4. decide: pure
pub(super) async fn has_rules_open<A: Account>(
    world: &World<A>,
    stack: &Plan,
    name: &ObjectName,
) -> Result<bool, Error> {
    let key = Key::Binding(name.clone());
    let mut snapshot = world.cluster.snapshot(&key);
    if !snapshot.bindings.contains_key(name) {
        return Ok(false);
    }
    // The object may have been written just now: the caches will tell that later.
    let wanted = stack.bindings.iter().filter(|binding| binding.name == *name);
    snapshot.wanted_bindings = wanted.map(|binding| (binding.name.clone(), binding.clone())).collect();
    match pipeline::accept(&snapshot, &key) {
        Ok(accepted @ Accepted::Binding(_)) => {
            let facts = world.lookup(&accepted.needs(&Live::default())).await?;
            let Accepted::Binding(spec) = accepted else { return Ok(true) };
            Ok(spec.rules_are_open(&facts))
        }
        // Nothing will be opened for it.
        Ok(_) | Err(_) => Ok(true),
    }
}

/// Whether requests may be moved to a binding's targets, for a pass over its stack; if not, that is looked at again when they
/// may.
///
/// 1. snapshot: from the caches        2. accept: pure        3. observe: AWS reads
pub(super) async fn can_serve<A: Account>(world: &World<A>, stack: &Plan, name: &ObjectName) -> Result<bool, Error> {
    // First: what the binding's own pass finds in the meantime must not be missed.
    world.awaited_targets.add(name, &stack.key);
    let key = Key::Binding(name.clone());
    let Ok(accepted @ Accepted::Binding(_)) = pipeline::accept(&world.cluster.snapshot(&key), &key) else {
        return Ok(false);
    };
    let actual = world.observe(&accepted.scope()).await?;
    Ok(is_ready(&actual, count(&accepted, &actual)))
}

/// Whether the targets can take what others serve now: one is healthy, and no other is about to be.
fn is_ready(actual: &Actual, count: Option<TargetCount>) -> bool {
    let is_settled = matches!(actual, Actual::Targets(found) if is_settled(found));
    count.is_some_and(|count| count.can_serve() && (is_settled || count.ready == count.total))
}

/// Writes targets and condition into the status, and tells the rest.
async fn report<A: Account>(
    world: &World<A>,
    name: &ObjectName,
    snapshot: &Snapshot,
    plan: &Plan,
    count: Option<TargetCount>,
    applied: &Applied,
) -> Result<(), Error> {
    tell::plan(world, plan, applied);
    match &applied.error {
        // An object that goes has a status for nobody to read.
        None if !plan.wanted => return Ok(()),
        Some(Error::Stopping) => return Ok(()),
        None | Some(_) => {}
    }
    let standing = BindingStanding { targets: count, ..standing(plan, applied) };
    world.cluster.set_standing(snapshot, name, &standing).await.map_err(Error::Status)?;
    Ok(())
}

/// An object that is refused says so in its status too.
async fn decline<A: Account>(
    world: &World<A>,
    name: &ObjectName,
    snapshot: &Snapshot,
    declined: &Declined,
) -> Result<Next, Error> {
    match declined {
        Declined::Refused(refusal) => {
            world.lingering.looked_at(&Key::Binding(name.clone()));
            world.needs_rules(name, None);
            let standing = failed("FailedReconcile", messages(&refusal.problems));
            world.cluster.set_standing(snapshot, name, &standing).await.map_err(Error::Status)?;
        }
        Declined::Absent => world.forget_binding(name),
        Declined::Skipped { .. } => world.lingering.looked_at(&Key::Binding(name.clone())),
    }
    Ok(tell::declined(world, declined))
}

/// The condition: a failure first, then what is wrong, then what is waited for.
fn standing(plan: &Plan, applied: &Applied) -> BindingStanding {
    match (&applied.error, plan.problems.as_slice(), &applied.stopped_at) {
        (Some(error), _, _) => failed(tell::reason(&plan.key, plan.wanted, error), error.note()),
        (None, [_, ..], _) => failed("FailedReconcile", messages(&plan.problems)),
        (None, [], Some(wait)) => failed("Waiting", wait.message.clone()),
        (None, [], None) => BindingStanding {
            targets: None,
            ready: true,
            reason: "Reconciled",
            message: "the target group holds the endpoints".to_owned(),
        },
    }
}

fn failed(reason: &'static str, message: String) -> BindingStanding {
    BindingStanding { targets: None, ready: false, reason, message }
}

fn messages(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Notes whose rules the binding needs; gives how far its targets are, where they were observed.
fn learn<A: Account>(world: &World<A>, accepted: &Accepted, facts: &Facts, actual: &Actual) -> Option<TargetCount> {
    let Accepted::Binding(binding) = accepted else { return None };
    world.learn(worker_rules::groups_of(binding, facts).0);
    count(accepted, actual)
}

/// How many targets AWS took.
fn registered(plan: &Plan, applied: &Applied) -> usize {
    let targets = applied.changes(plan).map(|change| match &change.write {
        Write::Aws(AwsChange::RegisterTargets(register)) => register.targets.len(),
        _ => 0,
    });
    targets.sum()
}

fn count(accepted: &Accepted, actual: &Actual) -> Option<TargetCount> {
    match (accepted, actual) {
        (Accepted::Binding(binding), Actual::Targets(found)) => binding.count(found),
        _ => None,
    }
}

/// Whether the group is known to hold no targets any more that serve and are not wanted.
fn is_rid(plan: &Plan, applied: &Applied, actual: &Actual, count: Option<TargetCount>) -> bool {
    let is_known = match actual {
        Actual::Targets(ActualTargets::Found { .. }) => plan.problems.is_empty() && (!plan.wanted || count.is_some()),
        _ => true,
    };
    !lingers(plan) && is_known && applied.error.is_none() && applied.stopped_at.is_none()
}

/// When targets that are not ready yet are looked at again: nothing tells us when AWS finds them healthy.
fn look_again<A: Account>(
    world: &World<A>,
    name: &ObjectName,
    plan: &Plan,
    actual: &Actual,
    count: Option<TargetCount>,
) -> Option<Duration> {
    // A group that was just made may not be seen yet; one that is gone may be made again.
    let missing = *actual == Actual::Targets(ActualTargets::Missing);
    let waiting = plan.wanted && (missing || count.is_some_and(|count| count.ready < count.total));
    match world.look(name, waiting) {
        0 => None,
        looks => Some(pause_before(world.pace.targets, looks)),
    }
}

/// The pause before the n-th look in a row.
fn pause_before(first: Duration, looks: u32) -> Duration {
    let longest = if looks <= LOOKS { LOOK } else { LATE_LOOK };
    first.saturating_mul(1_u32.checked_shl(looks - 1).unwrap_or(u32::MAX)).min(longest)
}

#[cfg(test)]
mod tests {
    use northgate_planner::id::ObjectRef;
    use northgate_planner::plan::{Wait, WaitFor};

    use super::*;
    use crate::controller::throttle::CallClass;

    #[test]
    fn targets_that_are_not_ready_are_looked_at_ever_more_seldom() {
        let pauses: Vec<u64> = (1..=14).map(|looks| pause_before(Duration::from_secs(5), looks).as_secs()).collect();
        assert_eq!(pauses, [5, 10, 20, 30, 30, 30, 30, 30, 30, 30, 30, 30, 300, 300]);
    }

    #[test]
    fn a_binding_is_rid_of_old_targets_only_when_nothing_is_left_to_do_and_all_is_known() {
        let name = ObjectName::new("default", "web");
        let plan = Plan::empty(Key::Binding(name), Vec::new());
        let found = Actual::Targets(ActualTargets::Found { group: None, targets: Default::default() });
        let known = Some(TargetCount { ready: 1, total: 1 });
        let done = Applied::default;
        assert!(is_rid(&plan, &done(), &found, known));
        assert!(!is_rid(&plan, &done(), &found, None), "nobody knows what is wanted");
        assert!(is_rid(&plan, &done(), &Actual::Targets(ActualTargets::Missing), None));
        let failed = Applied { error: Some(Error::Stopping), ..done() };
        assert!(!is_rid(&plan, &failed, &found, known));
        let wait = |reason| Wait { reason, resource: None, entry: None, message: String::new() };
        let stopped = Applied { stopped_at: Some(wait(WaitFor::RulesOpen)), ..done() };
        assert!(!is_rid(&plan, &stopped, &found, known));
        let steps = vec![northgate_planner::plan::Step::Wait(wait(WaitFor::TargetsHealthy))];
        assert!(!is_rid(&Plan { steps, ..plan.clone() }, &done(), &found, known));
        let problems = vec![Problem::general("not its group's type")];
        assert!(!is_rid(&Plan { problems, ..plan }, &done(), &found, known));
    }

    #[test]
    fn the_condition_tells_the_worst_first() {
        let name = ObjectName::new("default", "web");
        let mut plan = Plan::empty(Key::Binding(name.clone()), vec![ObjectRef::new("TargetGroupBinding", &name)]);
        let mut applied = Applied::default();
        assert_eq!((standing(&plan, &applied).ready, standing(&plan, &applied).reason), (true, "Reconciled"));
        applied.stopped_at = Some(Wait {
            reason: WaitFor::RulesOpen,
            resource: None,
            entry: None,
            message: "sg-1 does not let the load balancer in yet".to_owned(),
        });
        assert_eq!(standing(&plan, &applied).reason, "Waiting");
        plan.problems =
            vec![Problem::general("there is no such Service"), Problem::general("and no such port").hint("make one")];
        let told = standing(&plan, &applied);
        assert_eq!(
            (told.reason, told.message.as_str()),
            ("FailedReconcile", "there is no such Service\nand no such port\nhint: make one")
        );
        applied.error = Some(Error::Throttled { class: CallClass::Targets, again: LOOK });
        assert_eq!(standing(&plan, &applied).message, "AWS allows no more calls that register targets for now");
    }
}
