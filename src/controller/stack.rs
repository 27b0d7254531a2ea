//! One pass over one stack: the list of stages.

use std::time::Duration;

use northgate_planner::actual::Actual;
use northgate_planner::id::{Key, StackId, TargetGroupArn};
use northgate_planner::pipeline::{self, Accepted};
use northgate_planner::problem::Declined;
use tracing::debug;

use super::Next;
use super::error::Error;
use super::expected::AGAIN;
use super::standing::Standing;
use super::world::{Account, World};
use super::{address, apply, finalizers, tell};

/// Brings one stack to what its objects ask for.
///
/// 1. snapshot: from the caches        6. hold: finalizers, before the first write
/// 2. accept: pure                     7. apply: the steps, up to the first wait
/// 3. observe: AWS reads               8. report: status, events
/// 4. lookup: AWS reads                9. release: finalizers, after the last write
/// 5. decide: pure
pub(super) async fn reconcile<A: Account>(id: &StackId, world: &World<A>) -> Result<Next, Error> {
    let key = Key::Stack(id.clone());
    let snapshot = world.cluster.snapshot(&key);
    let accepted = match pipeline::accept(&snapshot, &key) {
        Ok(accepted) => accepted,
        Err(declined) => return Ok(decline(world, id, &declined)),
    };
    let actual = world.observe(&accepted.scope()).await?;
    if let Some(rest) = is_too_old(world, &key, &accepted, &actual) {
        debug!("AWS does not show what must be there");
        return Ok(Next::After(rest.min(AGAIN)));
    }
    let facts = world.lookup(&accepted.needs(&actual.live())).await?;
    let plan = pipeline::decide(&accepted, &facts, &actual);
    if let Some(rest) = world.expected.contradicts(&plan, &actual, None) {
        debug!("AWS does not show what was done a moment ago");
        return Ok(Next::After(rest.min(AGAIN)));
    }
    if plan.moves_between_rules() {
        // Before the first step: from then on the bindings say other rules than those in use.
        world.lingering.begins(&key);
    }
    finalizers::hold(world, &snapshot, &plan).await?;
    let applied = apply::run(world, &snapshot, &plan).await;
    if applied.changes(&plan).next().is_some() {
        plan.bindings.iter().for_each(|binding| world.look_anew(&binding.name));
    }
    if plan.refused || (plan.moves_between_rules() && applied.reached < plan.steps.len()) {
        world.lingering.looked_at(&key);
    } else {
        world.lingers_no_more(&key);
    }
    tell::plan(world, &plan, &applied);
    if plan.refused {
        world.forget_network();
    }
    let moving = address::report(world, id, &snapshot, &plan, &actual, &applied).await?;
    let unseen = finalizers::release(world, &snapshot, &plan, &applied).await?;
    Ok(applied.next()?.at_most(moving).at_most(unseen))
}

/// For how long what was observed may be older than what is known; `None`: there is no sign of that.
fn is_too_old<A: Account>(world: &World<A>, key: &Key, accepted: &Accepted, actual: &Actual) -> Option<Duration> {
    let Accepted::Stack(stack) = accepted else { return None };
    // What a binding that is going names may well be gone before it.
    let staying = stack.bindings.iter().filter(|found| !found.deleting);
    let named = staying.filter_map(|found| found.binding.target_group.known());
    world.expected.compare(key, &actual.ids(), named.map(TargetGroupArn::as_str))
}

/// An object that is refused keeps what it has: its load balancer is still waited for.
fn decline<A: Account>(world: &World<A>, id: &StackId, declined: &Declined) -> Next {
    let key = Key::Stack(id.clone());
    world.standings.set(&key, matches!(declined, Declined::Refused(_)).then_some(Standing::Refused));
    match declined {
        Declined::Refused(_) => world.lingering.looked_at(&key),
        Declined::Skipped { .. } => {
            world.lingering.looked_at(&key);
            world.poll.forget(id);
        }
        Declined::Absent => {
            world.lingers_no_more(&key);
            world.poll.forget(id);
            world.forget(&id.object());
            world.expected.forget(&key);
        }
    }
    tell::declined(world, declined)
}
