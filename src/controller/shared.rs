//! One pass over what the cluster shares, the backend security group: the list of stages.

use northgate_planner::actual::Actual;
use northgate_planner::id::{Key, ResourceKey};
use northgate_planner::pipeline;
use northgate_planner::plan::{Action, Made, Plan};

use super::Next;
use super::apply::{self, Applied};
use super::error::Error;
use super::tell;
use super::world::{Account, World};

/// Brings what the cluster shares to what all objects together ask for. The stages are those of [`pass`].
pub(super) async fn reconcile<A: Account>(world: &World<A>) -> Result<Next, Error> {
    let (_, applied) = pass(world, Asker::Nobody, &mut Made::default()).await?;
    applied.next()
}

/// Runs a pass for a stack that waits for its result, and notes the group for it. Gives whether nothing is left to do.
pub(super) async fn settle<A: Account>(world: &World<A>, made: &mut Made) -> Result<bool, Error> {
    let (plan, applied) = pass(world, Asker::Stack, made).await?;
    applied.completed(&plan)
}

/// For whom a pass is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asker {
    /// A stack, which has put our finalizer on its object; the caches may not know it yet.
    Stack,
    /// Nobody in particular: nothing may be made for an object that does not carry our finalizer yet.
    Nobody,
}

/// 1. snapshot: from the caches        4. decide: pure
/// 2. accept: pure                     5. apply: the steps, up to the first wait
/// 3. observe: AWS reads               6. report: log
///
/// No facts are looked up, and no object carries a finalizer for it: those of the stacks wait until it is gone.
async fn pass<A: Account>(world: &World<A>, asker: Asker, made: &mut Made) -> Result<(Plan, Applied), Error> {
    let key = Key::Cluster;
    let _turn = world.turn(&key).await;
    let snapshot = world.cluster.snapshot(&key);
    let accepted = match pipeline::accept(&snapshot, &key) {
        Ok(accepted) => accepted,
        Err(declined) => unreachable!("the cluster has no object of its own that could be declined: {declined:?}"),
    };
    let actual = world.observe(&accepted.scope()).await?;
    if let Actual::Cluster(found) = &actual {
        // Rules that a stopped controller left open: no binding may be there any more that would name their group.
        world.learn(found.referenced_by.clone());
    }
    let facts = world.lookup(&accepted.needs(&actual.live())).await?;
    let mut plan = pipeline::decide(&accepted, &facts, &actual);
    if asker == Asker::Nobody && plan.changes().any(|change| change.action() == Action::Create) {
        plan.steps.clear();
    }
    let applied = apply::run(world, &snapshot, &plan).await;
    tell::plan(world, &plan, &applied);
    note_group(&actual, &applied, made);
    Ok((plan, applied))
}

/// The group as it was found, or as it was made.
fn note_group(actual: &Actual, applied: &Applied, made: &mut Made) {
    let key = ResourceKey::backend_security_group();
    let found = match actual {
        Actual::Cluster(cluster) => cluster.backend_security_group.as_ref().map(|group| group.id.to_string()),
        _ => None,
    };
    if let Some(group) = applied.made.get(&key).map(str::to_owned).or(found) {
        made.note(key, group);
    }
}
