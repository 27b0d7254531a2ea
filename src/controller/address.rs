//! Where objects are found: the load balancer's host name in their status.

use std::collections::BTreeSet;
use std::time::Duration;

use k8s_openapi::api::networking::v1::Ingress;
use northgate_planner::actual::{Actual, ActualLoadBalancer, LoadBalancerState, Owned, TargetCount};
use northgate_planner::crd::TargetGroupBinding;
use northgate_planner::id::{Key, LoadBalancerArn, ObjectName, ObjectRef, ResourceKey, StackId, Uid};
use northgate_planner::model::Binding;
use northgate_planner::plan::{AwsChange, Plan, WaitFor, Write};
use northgate_planner::planted::{Bug, planted};
use northgate_planner::snapshot::Snapshot;
use northgate_planner::spec::ingress::{group, names_service};
use tracing::info;

use super::apply::Applied;
use super::awaited_targets::AwaitedTargets;
use super::error::Error;
use super::poll::Waiting;
use super::world::{Account, World};
use crate::cluster::Address;

/// How long targets have to pass their first health checks before an Ingress moves to where they are all the same: the slowest
/// check that AWS takes passes in less when the targets are well.
const PATIENCE: Duration = Duration::from_secs(120);
/// When an Ingress is looked at again that cannot move yet.
pub(super) const SOON: Duration = Duration::from_secs(2);

/// An object whose status says where it is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Addressee {
    /// The object.
    pub(crate) object: ObjectRef,
    /// Which one of its name.
    pub(crate) uid: Uid,
}

/// Writes what was observed and applied into the statuses, whether or not the pass came to its end. Gives when to look again,
/// where an Ingress is still answered elsewhere and cannot be here yet.
pub(super) async fn report<A: Account>(
    world: &World<A>,
    id: &StackId,
    snapshot: &Snapshot,
    plan: &Plan,
    actual: &Actual,
    applied: &Applied,
) -> Result<Option<Duration>, Error> {
    let addressees = addressees(snapshot, plan);
    let mut again = None;
    let found = find(plan, actual, applied);
    let ports = ports(plan, actual, applied);
    match &found {
        // A Service that is no longer of type LoadBalancer may not have an address.
        Found::Serving(host) if plan.wanted => {
            let address = Address { host: (*host).to_owned(), ports: ports.clone() };
            let may_come =
                |one: &Addressee| may_come_here(&world.awaited_targets, snapshot, id, &one.object, &plan.bindings);
            let (here, elsewhere): (Vec<_>, Vec<_>) = addressees.iter().cloned().partition(may_come);
            set_all(world, &here, Some(&address)).await?;
            again = (!elsewhere.is_empty()).then_some(SOON);
        }
        Found::Serving(_) | Found::Pending(_) => {}
        Found::Nothing if planted(Bug::HostKept) => {}
        Found::Nothing => set_all(world, &addressees, None).await?,
    }
    clear_lost(world, snapshot, plan, actual, applied).await?;
    let waits_for_it =
        |wait: &northgate_planner::plan::Wait| wait.reason == WaitFor::LoadBalancerActive && wait.entry.is_none();
    match (found, &applied.stopped_at) {
        (Found::Pending(arn), Some(wait)) if waits_for_it(wait) => {
            let steps_left = applied.reached + 1 < plan.steps.len();
            world.poll.add(arn, Waiting { stack: id.clone(), addressees, ports, steps_left });
        }
        _ => world.poll.forget(id),
    }
    Ok(again)
}

/// Whether the clients of an object may be sent to the load balancer of a stack. Those of an Ingress that is on its way from
/// another group are answered there until the targets here take requests, as far as they do in time. `planned`: bindings that
/// may have been made after the snapshot was taken.
pub(super) fn may_come_here(
    awaited: &AwaitedTargets,
    snapshot: &Snapshot,
    id: &StackId,
    object: &ObjectRef,
    planned: &[Binding],
) -> bool {
    let ingress = snapshot.ingresses.get(object.name()).filter(|_| !matches!(id, StackId::Service(_)));
    let Some(ingress) = ingress.filter(|ingress| is_answered_elsewhere(ingress, id)) else { return true };
    let leads_to =
        |name: &ObjectName, service: &str| name.namespace == object.name().namespace && names_service(ingress, service);
    let mut planned = planned.iter().filter(|binding| leads_to(&binding.name, &binding.service));
    let found = snapshot.bindings.iter().filter(|(name, binding)| leads_to(name, &binding.spec.service_ref.name));
    // Each of them, so that the time of all begins at the first look.
    let late = found.filter(|(name, binding)| !takes_requests(awaited, name, binding)).count();
    planned.all(|binding| snapshot.bindings.contains_key(&binding.name)) && late == 0
}

/// Whether a binding has a target that takes requests, wants none, or had its time.
fn takes_requests(awaited: &AwaitedTargets, name: &ObjectName, binding: &TargetGroupBinding) -> bool {
    if binding.status.as_ref().and_then(TargetCount::of_status).is_some_and(TargetCount::can_serve) {
        awaited.came(name);
        return true;
    }
    awaited.waited_for(name) > PATIENCE
}

/// The objects that a stack's load balancer serves: the Service, or the Ingresses that hold on to it and belong to it. Those
/// that are set aside too: what they had goes on. So does what they have elsewhere, if they are between two groups.
fn addressees(snapshot: &Snapshot, plan: &Plan) -> Vec<Addressee> {
    let Key::Stack(id) = &plan.key else { return Vec::new() };
    let uid = |object: &ObjectRef| match id {
        StackId::Service(name) => snapshot.services.get(name)?.metadata.uid.clone(),
        StackId::Ingress(_) | StackId::Group(_) => {
            let ingress = snapshot.ingresses.get(object.name())?;
            let is_kept = || group::held(ingress).contains(id) && !is_answered_elsewhere(ingress, id);
            let is_served = plan.holding.contains(object) || is_kept();
            ingress.metadata.uid.clone().filter(|_| plan.wanted && is_served)
        }
    };
    let addressee = |object: &ObjectRef| Some(Addressee { object: object.clone(), uid: Uid::new(uid(object)?) });
    let most = if planted(Bug::HostOnOneMemberOnly) { 1 } else { usize::MAX };
    plan.objects.iter().filter_map(addressee).take(most).collect()
}

/// Whether an Ingress may be answered by the load balancer of another group: it holds on to that too, and has an address.
fn is_answered_elsewhere(ingress: &Ingress, id: &StackId) -> bool {
    let status = ingress.status.as_ref().and_then(|status| status.load_balancer.as_ref());
    let has_address = status.is_some_and(|status| status.ingress.as_ref().is_some_and(|found| !found.is_empty()));
    has_address && group::held(ingress).iter().any(|other| other != id)
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
    let deleted = deleted(plan, applied);
    match observed(actual).iter().find(|found| !deleted.contains(&found.arn)) {
        Some(found) if found.state == LoadBalancerState::Active => Found::Serving(&found.dns_name),
        Some(found) => Found::Pending(found.arn.clone()),
        None => match applied.made.get(&ResourceKey::load_balancer()) {
            Some(arn) => Found::Pending(LoadBalancerArn::new(arn)),
            None => Found::Nothing,
        },
    }
}

/// The ports that the load balancer in use listens on after the pass, in ascending order.
fn ports(plan: &Plan, actual: &Actual, applied: &Applied) -> Vec<u16> {
    let gone = deleted(plan, applied);
    let found = observed(actual).iter().find(|found| !gone.contains(&found.arn));
    let mut ports = found.iter().flat_map(|found| &found.listeners).map(|one| one.port).collect::<BTreeSet<_>>();
    for change in applied.changes(plan) {
        match &change.write {
            Write::Aws(AwsChange::CreateListener(create)) => _ = ports.insert(create.port),
            Write::Aws(AwsChange::DeleteListener(delete)) => {
                let listeners = found.iter().flat_map(|found| &found.listeners);
                listeners.filter(|one| one.arn == delete.listener_arn).for_each(|one| _ = ports.remove(&one.port));
            }
            Write::Aws(_) | Write::Kube(_) => {}
        }
    }
    ports.into_iter().collect()
}

fn observed(actual: &Actual) -> &[Owned<ActualLoadBalancer>] {
    match actual {
        Actual::Stack(stack) => &stack.load_balancers,
        _ => &[],
    }
}

/// The load balancers that this pass deleted.
fn deleted<'p>(plan: &'p Plan, applied: &Applied) -> BTreeSet<&'p LoadBalancerArn> {
    let arn = |change: &'p northgate_planner::plan::Change| match &change.write {
        Write::Aws(AwsChange::DeleteLoadBalancer(delete)) => Some(&delete.load_balancer_arn),
        Write::Aws(_) | Write::Kube(_) => None,
    };
    applied.changes(plan).filter_map(arn).collect()
}

async fn set_all<A: Account>(
    world: &World<A>,
    addressees: &[Addressee],
    address: Option<&Address>,
) -> Result<(), Error> {
    for Addressee { object, uid } in addressees {
        set(world, object, uid, address).await?;
    }
    Ok(())
}

/// Ingresses that stay and are ours no longer lead nowhere once the load balancer is gone that they name. One that names
/// another has been given it by others.
async fn clear_lost<A: Account>(
    world: &World<A>,
    snapshot: &Snapshot,
    plan: &Plan,
    actual: &Actual,
    applied: &Applied,
) -> Result<(), Error> {
    if matches!(plan.key, Key::Stack(StackId::Service(_))) {
        return Ok(());
    }
    let deleted = deleted(plan, applied);
    let lost = observed(actual).iter().filter(|found| deleted.contains(&found.arn));
    let lost = lost.map(|found| found.dns_name.to_ascii_lowercase()).collect::<BTreeSet<_>>();
    for object in &plan.leaving {
        let Some(ingress) = snapshot.ingresses.get(object.name()) else { continue };
        let status = ingress.status.as_ref().and_then(|status| status.load_balancer.as_ref());
        let mut hosts = status.iter().flat_map(|status| status.ingress.iter().flatten()).map(|one| &one.hostname);
        let is_lost = hosts.any(|host| host.as_ref().is_some_and(|host| lost.contains(host)));
        let uid = ingress.metadata.uid.as_deref().filter(|_| is_lost && !world.cluster.is_going(object));
        if let Some(uid) = uid {
            set(world, object, &Uid::new(uid), None).await?;
        }
    }
    Ok(())
}

/// Writes an address into a status, or none. Gives whether that was a change.
pub(super) async fn set<A: Account>(
    world: &World<A>,
    object: &ObjectRef,
    uid: &Uid,
    address: Option<&Address>,
) -> Result<bool, Error> {
    let changed = world.cluster.set_address(object, uid, address).await.map_err(Error::Status)?;
    if changed {
        info!(%object, host = address.map(|address| address.host.as_str()), "changed the status");
        if let Some(waited) = address.and_then(|_| world.standings.is_served(object)) {
            world.work.host_name(object.kind(), waited);
        }
    }
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use northgate_planner::actual::{ActualListener, ActualLoadBalancer, ActualStack, Owned};
    use northgate_planner::id::{IpAddressType, ListenerArn, ObjectName, Protocol, Ref, Scheme};
    use northgate_planner::model::Pairs;
    use northgate_planner::plan::{
        Change, CreateListener, DeleteListener, DeleteLoadBalancer, Impact, Resource, Step, TagList, Wait,
    };

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
            tags,
            attributes: None,
            listeners: Vec::new(),
        };
        owned(found)
    }

    fn owned(found: ActualLoadBalancer) -> Owned<ActualLoadBalancer> {
        let tags = found.tags.clone();
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
    fn an_ingress_between_two_groups_that_is_set_aside_goes_on_to_be_answered_where_it_is() {
        let front = StackId::Group("front".to_owned());
        let name = ObjectName::new("default", "web");
        let object = ObjectRef::new("Ingress", &name);
        let served = |held: &[&str], host: Option<&str>, is_good: bool| {
            let finalizers = held.iter().map(|group| format!("group.ingress.k8s.aws/{group}")).collect::<Vec<_>>();
            let hosts = host.iter().map(|host| serde_json::json!({ "hostname": host })).collect::<Vec<_>>();
            let ingress = serde_json::json!({
                "metadata": { "namespace": "default", "name": "web", "uid": "u-1", "finalizers": finalizers },
                "status": { "loadBalancer": { "ingress": hosts } }
            });
            let settings = northgate_planner::snapshot::Settings::new(
                northgate_planner::id::ClusterName::new("demo"),
                northgate_planner::id::VpcId::new("vpc-1"),
                northgate_planner::id::Region::new("us-west-2"),
            );
            let mut snapshot = Snapshot::empty(&std::sync::Arc::new(settings), jiff::Timestamp::UNIX_EPOCH);
            let ingress = std::sync::Arc::new(serde_json::from_value(ingress).unwrap());
            snapshot.ingresses = [(name.clone(), ingress)].into();
            let plan = Plan::empty(Key::Stack(front.clone()), vec![object.clone()]);
            let holding = if is_good { vec![object.clone()] } else { Vec::new() };
            !addressees(&snapshot, &Plan { holding, ..plan }).is_empty()
        };
        assert!(served(&["front", "back"], Some("back.example"), true), "it is on its way");
        assert!(!served(&["front", "back"], Some("back.example"), false), "nobody can tell what it wants here");
        assert!(served(&["front", "back"], None, false), "nobody knows where it is");
        assert!(served(&["front"], Some("front.example"), false));
        assert!(!served(&["back"], Some("back.example"), false), "it never was here");
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
    fn the_ports_are_those_of_the_listeners_that_are_there_after_the_pass() {
        let listener = |port: u16| ActualListener {
            arn: ListenerArn::new(format!("listener-{port}")),
            port,
            protocol: Protocol::Http,
            default_actions: Vec::new(),
            ssl_policy: None,
            default_certificate: None,
            certificates: Default::default(),
            attributes: None,
            rules: Vec::new(),
            tags: Pairs::new(),
        };
        let mut found = (*load_balancer("a", LoadBalancerState::Active)).clone();
        found.listeners = vec![listener(8080), listener(80)];
        let observed = Actual::Stack(ActualStack { load_balancers: vec![owned(found)], ..ActualStack::default() });
        let mut plan = Plan::empty(Key::Stack(id()), vec![id().object()]);
        let create = CreateListener {
            load_balancer_arn: Ref::Known(LoadBalancerArn::new("a")),
            port: 443,
            protocol: Protocol::Https,
            default_actions: Vec::new(),
            certificate: None,
            ssl_policy: None,
            tags: TagList::default(),
        };
        let delete = DeleteListener { listener_arn: ListenerArn::new("listener-8080") };
        for write in [AwsChange::CreateListener(create), AwsChange::DeleteListener(delete)] {
            plan.steps.push(Step::Change(Change {
                resource: Resource::new(ResourceKey::load_balancer()),
                write: Write::Aws(write),
                fields: Vec::new(),
                impact: Impact::None,
                reason: String::new(),
            }));
        }
        for (reached, expected) in [(0, vec![80, 8080]), (1, vec![80, 443, 8080]), (2, vec![80, 443])] {
            let applied = Applied { reached, ..Applied::default() };
            assert_eq!(ports(&plan, &observed, &applied), expected);
        }
    }

    #[test]
    fn those_that_leave_others_are_let_go_when_every_change_is_made() {
        let wait = Step::Wait(Wait {
            reason: WaitFor::LoadBalancerActive,
            resource: None,
            entry: None,
            message: String::new(),
        });
        let mut plan = Plan { wanted: true, ..deleting("a") };
        plan.steps.push(wait);
        assert!(!Applied::default().lets_go(&plan));
        assert!(Applied { reached: 1, ..Applied::default() }.lets_go(&plan), "only the others wait");
        let stopped = |reason| {
            let wait = Wait { reason, resource: None, entry: None, message: String::new() };
            Applied { stopped_at: Some(wait), ..Applied::default() }
        };
        assert!(stopped(WaitFor::TargetsHealthy).lets_go(&plan), "what is left is of the others");
        assert!(!stopped(WaitFor::RulesOpen).lets_go(&plan));
        assert!(!Applied { reached: 1, ..Applied::default() }.lets_go(&Plan { refused: true, ..plan }));
    }

    #[test]
    fn those_that_are_gone_are_let_go_though_others_are_still_on_their_way() {
        let wait = |entry| Wait { reason: WaitFor::LoadBalancerActive, resource: None, entry, message: String::new() };
        let at = |stopped_at| Applied { stopped_at: Some(stopped_at), ..Applied::default() };
        let elsewhere = || wait(Some(Key::Stack(id())));
        assert!(at(elsewhere()).waits_for_those_that_move(&deleting("a")));
        assert!(!at(wait(None)).waits_for_those_that_move(&deleting("a")));
        assert!(!Applied::default().waits_for_those_that_move(&deleting("a")), "it may have failed before");
        assert!(!at(elsewhere()).waits_for_those_that_move(&Plan { wanted: true, ..deleting("a") }));
        assert!(!at(elsewhere()).waits_for_those_that_move(&Plan { refused: true, ..deleting("a") }));
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
