//! One pass over the ingress rules of one worker or pod security group: the list of stages.

use std::time::Duration;

use northgate_planner::id::{Key, SecurityGroupId};
use northgate_planner::pipeline;
use northgate_planner::plan::Plan;
use tracing::debug;

use super::Next;
use super::apply::{self, Applied};
use super::error::Error;
use super::expected::AGAIN;
use super::tell;
use super::triggers::CLOSING;
use super::world::{Account, World};

/// How long after a pass that came too early to close anything the next one comes.
const EARLY: Duration = Duration::from_secs(10);

/// Brings the rules of one security group to what all bindings together ask for. The stages are those of [`pass`].
pub(super) async fn reconcile<A: Account>(group: &SecurityGroupId, world: &World<A>) -> Result<Next, Error> {
    world.forget_worker_rules();
    let Pass { applied, too_old, .. } = pass(group, world).await?;
    Ok(applied.next()?.at_most(too_old))
}

/// Runs a pass for another key that waits for rules to be opened. Gives whether nothing is left to do.
pub(super) async fn open<A: Account>(world: &World<A>, group: &SecurityGroupId) -> Result<bool, Error> {
    again_unless_done(world, group, pass(group, world).await.and_then(Pass::completed))
}

/// Runs a pass for another key that waits for rules to be closed. Gives whether nothing is left to do.
pub(super) async fn close<A: Account>(world: &World<A>, group: &SecurityGroupId) -> Result<bool, Error> {
    let closed = pass(group, world).await.and_then(|pass| Ok(!pass.early && pass.completed()?));
    again_unless_done(world, group, closed)
}

/// The one who waits may find what it needs at its next look, and what it does not need would be left to nobody.
fn again_unless_done<A: Account>(
    world: &World<A>,
    group: &SecurityGroupId,
    done: Result<bool, Error>,
) -> Result<bool, Error> {
    if !matches!(done, Ok(true)) {
        world.queues.rules.add_after(Key::Rules(group.clone()), CLOSING);
    }
    done
}

struct Pass {
    plan: Plan,
    applied: Applied,
    /// Whether there were keys that nobody has looked at since the start: what they may need was not closed.
    early: bool,
    /// When to look again, because what was read of the group was too old to do anything.
    too_old: Option<Duration>,
}

impl Pass {
    fn completed(self) -> Result<bool, Error> {
        Ok(self.applied.completed(&self.plan)? && self.too_old.is_none())
    }
}

/// 1. snapshot: from the caches        5. decide: pure
/// 2. accept: pure                     6. apply: the steps, up to the first wait
/// 3. observe: AWS reads               7. report: log
/// 4. lookup: AWS reads
///
/// No object carries a finalizer for it: those of the bindings wait until the rules are closed.
async fn pass<A: Account>(group: &SecurityGroupId, world: &World<A>) -> Result<Pass, Error> {
    let key = Key::Rules(group.clone());
    // Only with the turn in hand: what waits for this pass wants to be seen by it.
    let _turn = world.turn(&key).await;
    let mut snapshot = world.cluster.snapshot(&key);
    let early = world.lingering.is_early();
    snapshot.lingering = world.lingering.keys();
    let accepted = match pipeline::accept(&snapshot, &key) {
        Ok(accepted) => accepted,
        Err(declined) => unreachable!("rules have no object of their own that could be declined: {declined:?}"),
    };
    let actual = world.observe(&accepted.scope()).await?;
    let facts = world.lookup(&accepted.needs(&actual.live())).await?;
    let plan = pipeline::decide(&accepted, &facts, &actual);
    if let Some(rest) = world.expected.contradicts(&plan, &actual, None) {
        debug!("AWS does not show what was done a moment ago");
        // Others are not to be told so either.
        world.forget_worker_rules();
        return Ok(Pass { plan, applied: Applied::default(), early, too_old: Some(rest.min(AGAIN)) });
    }
    let applied = apply::run(world, &snapshot, &plan).await;
    tell::plan(world, &plan, &applied);
    world.lingering.note_kept(group, !plan.warnings.is_empty());
    if early {
        world.queues.rules.add_after(key, EARLY);
    }
    Ok(Pass { plan, applied, early, too_old: None })
}
