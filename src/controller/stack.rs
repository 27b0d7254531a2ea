//! One pass over one stack: the list of stages.

use northgate_planner::actual::{Actual, LoadBalancerState};
use northgate_planner::id::{Key, LoadBalancerArn, ResourceKey, StackId, Uid};
use northgate_planner::pipeline::{self, Declined};
use northgate_planner::plan::{AwsChange, Plan, WaitFor, Write};
use northgate_planner::snapshot::Snapshot;
use tracing::info;

use super::Next;
use super::apply::{self, Applied};
use super::error::Error;
use super::poll::Waiting;
use super::world::{Account, World};
use super::{finalizers, tell};

/// Brings one stack to what its object asks for.
///
/// 1. snapshot: from the caches        6. hold: finalizer, before the first write
/// 2. accept: pure                     7. apply: the steps, up to the first wait
/// 3. observe: AWS reads               8. report: status, events
/// 4. lookup: AWS reads                9. release: finalizer, after the last write
/// 5. decide: pure
pub(super) async fn reconcile<A: Account>(id: &StackId, world: &World<A>) -> Result<Next, Error> {
    let key = Key::Stack(id.clone());
    let snapshot = world.cluster.snapshot(&key);
    let accepted = match pipeline::accept(&snapshot, &key) {
        Ok(accepted) => accepted,
        Err(declined) => return Ok(decline(world, id, &declined)),
    };
    let actual = world.observe(&accepted.scope()).await?;
    let facts = world.lookup(&accepted.needs(&actual.live())).await?;
    let plan = pipeline::decide(&accepted, &facts, &actual);
    finalizers::hold(world, &snapshot, &plan).await?;
    let applied = apply::run(world, &snapshot, &plan).await;
    report(world, id, &snapshot, &plan, &actual, &applied).await?;
    finalizers::release(world, &snapshot, &plan, &applied).await?;
    applied.next()
}

/// An object that is refused keeps what it has: its load balancer is still waited for.
fn decline<A: Account>(world: &World<A>, id: &StackId, declined: &Declined) -> Next {
    match declined {
        Declined::Refused(_) => {}
        Declined::Skipped { .. } => world.poll.forget(id),
        Declined::Absent => {
            world.poll.forget(id);
            world.forget(id.owner());
        }
    }
    tell::declined(world, declined)
}

/// Writes what was observed and applied into the status, whether or not the pass came to its end, and tells the rest.
async fn report<A: Account>(
    world: &World<A>,
    id: &StackId,
    snapshot: &Snapshot,
    plan: &Plan,
    actual: &Actual,
    applied: &Applied,
) -> Result<(), Error> {
    tell::plan(world, plan, applied);
    if plan.refused {
        world.forget_network();
    }
    let Some(uid) = uid(snapshot, id) else { return Ok(()) };
    let found = find(plan, actual, applied);
    match &found {
        // A Service that is no longer of type LoadBalancer may not have an address.
        Found::Serving(host) if plan.wanted => set_host(world, id, &uid, Some(host)).await?,
        Found::Serving(_) | Found::Pending(_) => {}
        Found::Nothing => set_host(world, id, &uid, None).await?,
    }
    match (found, &applied.stopped_at) {
        (Found::Pending(arn), Some(wait)) if wait.reason == WaitFor::LoadBalancerActive => {
            let steps_left = applied.reached + 1 < plan.steps.len();
            world.poll.add(arn, Waiting { stack: id.clone(), uid, steps_left });
        }
        _ => world.poll.forget(id),
    }
    Ok(())
}

/// What there is of the stack's load balancer after the pass.
#[derive(Debug, PartialEq, Eq)]
enum Found<'a> {
    /// It serves under this host name.
    Serving(&'a str),
    /// It is being set up, or could not be.
    Pending(LoadBalancerArn),
    /// There is none.
    Nothing,
}

/// Of several, the first is the one in use.
fn find<'a>(plan: &Plan, actual: &'a Actual, applied: &Applied) -> Found<'a> {
    let observed = match actual {
        Actual::Stack(stack) => stack.load_balancers.as_slice(),
        _ => &[],
    };
    let deleted = |arn: &LoadBalancerArn| {
        applied.changes(plan).any(|change| {
            matches!(&change.write, Write::Aws(AwsChange::DeleteLoadBalancer(delete)) if delete.load_balancer_arn == *arn)
        })
    };
    match observed.iter().find(|found| !deleted(&found.arn)) {
        Some(found) if found.state == LoadBalancerState::Active => Found::Serving(&found.dns_name),
        Some(found) => Found::Pending(found.arn.clone()),
        None => match applied.made.get(&ResourceKey::load_balancer()) {
            Some(arn) => Found::Pending(LoadBalancerArn::new(arn)),
            None => Found::Nothing,
        },
    }
}

async fn set_host<A: Account>(world: &World<A>, id: &StackId, uid: &Uid, host: Option<&str>) -> Result<(), Error> {
    if world.cluster.set_host(id.owner(), uid, host).await.map_err(Error::Status)? {
        info!(object = %id.object(), host, "changed the status");
    }
    Ok(())
}

fn uid(snapshot: &Snapshot, id: &StackId) -> Option<Uid> {
    snapshot.services.get(id.owner())?.metadata.uid.as_deref().map(Uid::new)
}
