//! One pass over one stack: the list of stages.

use std::time::Duration;

use northgate_planner::actual::{Actual, LoadBalancerState};
use northgate_planner::id::{Key, LoadBalancerArn, ResourceKey, StackId, TargetGroupArn, Uid};
use northgate_planner::pipeline::{self, Accepted};
use northgate_planner::plan::{AwsChange, Plan, WaitFor, Write};
use northgate_planner::planted::{Bug, planted};
use northgate_planner::problem::Declined;
use northgate_planner::snapshot::Snapshot;
use tracing::{debug, info};

use super::Next;
use super::apply::{self, Applied};
use super::error::Error;
use super::poll::Waiting;
use super::world::{Account, World};
use super::{finalizers, tell};

/// When a read that was too old is repeated.
const SOON: Duration = Duration::from_secs(3);

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
    if let Some(rest) = is_too_old(world, &key, &accepted, &actual) {
        debug!("AWS does not show what must be there");
        return Ok(Next::After(rest.min(SOON)));
    }
    let facts = world.lookup(&accepted.needs(&actual.live())).await?;
    let plan = pipeline::decide(&accepted, &facts, &actual);
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
    report(world, id, &snapshot, &plan, &actual, &applied).await?;
    let unseen = finalizers::release(world, &snapshot, &plan, &applied).await?;
    Ok(applied.next()?.at_most(unseen))
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
    match declined {
        Declined::Refused(_) => world.lingering.looked_at(&key),
        Declined::Skipped { .. } => {
            world.lingering.looked_at(&key);
            world.poll.forget(id);
        }
        Declined::Absent => {
            world.lingers_no_more(&key);
            world.poll.forget(id);
            world.forget(id.owner());
            world.expected.forget(&key);
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
        Found::Nothing if planted(Bug::HostKept) => {}
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

#[cfg(test)]
mod tests {
    use northgate_planner::actual::{ActualLoadBalancer, ActualStack, Owned};
    use northgate_planner::id::{IpAddressType, ObjectName, Scheme};
    use northgate_planner::model::Pairs;
    use northgate_planner::plan::{Change, DeleteLoadBalancer, Impact, Resource, Step};

    use super::*;

    fn id() -> StackId {
        StackId::Service(ObjectName::new("default", "web"))
    }

    fn load_balancer(arn: &str, state: LoadBalancerState) -> Owned<ActualLoadBalancer> {
        let tags = Pairs::from([
            ("elbv2.k8s.aws/cluster".to_owned(), "demo".to_owned()),
            ("service.k8s.aws/stack".to_owned(), "default/web".to_owned()),
            ("service.k8s.aws/resource".to_owned(), "LoadBalancer".to_owned()),
        ]);
        let found = ActualLoadBalancer {
            arn: LoadBalancerArn::new(arn),
            name: arn.to_owned(),
            dns_name: format!("{arn}.example"),
            load_balancer_type: "network".to_owned(),
            scheme: Scheme::Internal,
            state,
            ip_address_type: IpAddressType::Ipv4,
            subnets: Vec::new(),
            security_groups: Vec::new(),
            tags: tags.clone(),
            attributes: None,
            listeners: Vec::new(),
        };
        Owned::claim(found, &tags, "demo", &id()).unwrap()
    }

    fn actual(load_balancers: Vec<Owned<ActualLoadBalancer>>) -> Actual {
        Actual::Stack(ActualStack { load_balancers, ..ActualStack::default() })
    }

    fn deleting(arn: &str) -> Plan {
        let mut plan = Plan::empty(Key::Stack(id()), vec![id().object()]);
        plan.wanted = false;
        plan.steps.push(Step::Change(Change {
            resource: Resource::live(ResourceKey::load_balancer(), arn),
            write: Write::Aws(AwsChange::DeleteLoadBalancer(DeleteLoadBalancer {
                load_balancer_arn: LoadBalancerArn::new(arn),
            })),
            fields: Vec::new(),
            impact: Impact::Destroys,
            reason: "it is going".to_owned(),
        }));
        plan
    }

    #[test]
    fn the_address_is_that_of_the_load_balancer_in_use() {
        let plan = Plan::empty(Key::Stack(id()), vec![id().object()]);
        let applied = Applied::default();
        let serving =
            actual(vec![load_balancer("a", LoadBalancerState::Active), load_balancer("b", LoadBalancerState::Active)]);
        assert_eq!(find(&plan, &serving, &applied), Found::Serving("a.example"));
        let pending = actual(vec![load_balancer("a", LoadBalancerState::Provisioning)]);
        assert_eq!(find(&plan, &pending, &applied), Found::Pending(LoadBalancerArn::new("a")));
        assert_eq!(find(&plan, &actual(Vec::new()), &applied), Found::Nothing);
    }

    #[test]
    fn what_this_pass_made_is_pending_and_what_it_deleted_is_nothing() {
        let mut made = Applied::default();
        made.made.note(ResourceKey::load_balancer(), "new".to_owned());
        let plan = Plan::empty(Key::Stack(id()), vec![id().object()]);
        assert_eq!(find(&plan, &actual(Vec::new()), &made), Found::Pending(LoadBalancerArn::new("new")));

        let serving = actual(vec![load_balancer("a", LoadBalancerState::Active)]);
        let stopped_before = Applied::default();
        assert_eq!(find(&deleting("a"), &serving, &stopped_before), Found::Serving("a.example"));
        let deleted = Applied { reached: 1, ..Applied::default() };
        assert_eq!(find(&deleting("a"), &serving, &deleted), Found::Nothing);
    }

    #[test]
    fn an_object_is_let_go_only_when_nothing_is_left() {
        let done = Applied { reached: 1, ..Applied::default() };
        assert!(done.leaves_nothing(&deleting("a")));
        assert!(!Applied::default().leaves_nothing(&deleting("a")), "the load balancer is still there");
        let wanted = Plan { wanted: true, ..deleting("a") };
        assert!(!done.leaves_nothing(&wanted));
        let refused = Plan { refused: true, ..deleting("a") };
        assert!(!done.leaves_nothing(&refused));
    }
}
