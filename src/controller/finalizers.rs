//! Finalizers around a plan: on before its first write, off after its last.

use std::time::Duration;

use northgate_planner::id::Key;
use northgate_planner::plan::Plan;
use northgate_planner::planted::{Bug, planted};
use northgate_planner::snapshot::Snapshot;
use tracing::info;

use super::apply::Applied;
use super::error::Error;
use super::world::{Account, World};

/// When the caches are looked at again that do not show a TargetGroupBinding which is there.
const BINDING_UNSEEN: Duration = Duration::from_secs(5);

/// Puts our finalizer on the objects of a plan: from here on they cannot go without us.
pub(super) async fn hold<A: Account>(world: &World<A>, snapshot: &Snapshot, plan: &Plan) -> Result<(), Error> {
    if !plan.refused && !planted(Bug::CreateBeforeFinalizer) {
        for object in &plan.holding {
            world.cluster.hold(snapshot, &plan.key, object).await.map_err(Error::Hold)?;
        }
    }
    Ok(())
}

/// Takes our finalizer off the objects that let go of a plan, once nothing is left that they need us for. Gives when to look
/// again, where something may be left that AWS does not show yet.
pub(super) async fn release<A: Account>(
    world: &World<A>,
    snapshot: &Snapshot,
    plan: &Plan,
    applied: &Applied,
) -> Result<Option<Duration>, Error> {
    let serves_others = applied.waits_for_those_that_move(plan);
    if plan.wanted && !applied.lets_go(plan) || !plan.wanted && !serves_others && !applied.leaves_nothing(plan) {
        return Ok(None);
    }
    if let (Key::Stack(id), false) = (&plan.key, plan.wanted || serves_others) {
        if let Some(rest) = world.expected.settling(&plan.key) {
            return Ok(Some(rest));
        }
        if world.cluster.has_bindings(id).await.map_err(Error::Release)? {
            return Ok(Some(BINDING_UNSEEN));
        }
    }
    for object in &plan.leaving {
        if world.cluster.release(snapshot, &plan.key, object).await.map_err(Error::Release)? {
            info!(%object, "nothing is left: the object is released");
        }
    }
    Ok(None)
}
