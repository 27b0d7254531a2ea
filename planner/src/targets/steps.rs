//! From what is registered to what is wanted, in an order that leaves no gap.

use std::collections::BTreeSet;

use super::backend::Candidate;
use super::group::Found;
use super::health::{identity, takes_traffic};
use super::{BindingSpec, Intent, interface, opening};
use crate::actual::{ActualTargets, TargetHealth};
use crate::facts::Facts;
use crate::id::{AvailabilityZone, Key, ResourceKey, ResourceKind, SecurityGroupId};
use crate::model::{IngressRule, Target, TargetId};
use crate::plan::{AwsChange, Change, Impact, Plan, Step, Targets, Wait, WaitFor, Write};
use crate::planted::{Bug, planted};
use crate::problem::Problem;

/// How many targets one call takes. AWS documents no limit; LBC sends this many (`deploy-and-targets.md` §4.3).
const BATCH: usize = 200;

/// Decides which targets are registered and deregistered, and what is waited for in between.
pub(crate) fn decide(spec: &BindingSpec, facts: &Facts, found: Option<&ActualTargets>) -> Plan {
    let mut plan = Plan::empty(Key::Binding(spec.name.clone()), vec![spec.object()]);
    plan.of.clone_from(&spec.of);
    plan.warnings.clone_from(&spec.warnings);
    plan.wanted = spec.intent == Intent::Keep;
    match spec.intent {
        Intent::Keep => keep(spec, facts, found, &mut plan),
        Intent::Empty => empty(spec, facts, found, &mut plan),
        Intent::Release => {}
    }
    match plan.wanted {
        true => plan.holding.clone_from(&plan.objects),
        false => plan.leaving.clone_from(&plan.objects),
    }
    plan.warnings.sort();
    plan.warnings.dedup();
    plan
}

fn keep(spec: &BindingSpec, facts: &Facts, found: Option<&ActualTargets>, plan: &mut Plan) {
    let group = match Found::of(spec, found) {
        Ok(group) => group,
        Err(problems) => {
            plan.problems = problems;
            return;
        }
    };
    plan.problems = group.problems(spec);
    if !plan.problems.is_empty() {
        plan.refused = true;
        return;
    }
    let Some(candidate) = spec.candidate(group.summary) else { return };
    plan.warnings.extend(candidate.warnings.iter().cloned());
    if spec.of.is_some() {
        plan.warnings.extend(candidate.problems.iter().cloned());
    } else if !candidate.problems.is_empty() {
        plan.problems.clone_from(&candidate.problems);
        plan.refused = true;
    }
    let nothing = BTreeSet::new();
    if let Some(wanted) = candidate.wanted.as_ref().or(planted(Bug::UnknownIsEmpty).then_some(&nothing)) {
        let behind = behind(spec, candidate, wanted);
        let targets = Sorted::of(candidate, wanted, &group, behind);
        let register = registrable(spec, &targets.missing, facts, &mut plan.warnings);
        let open = rules_open(spec, candidate, facts, &mut plan.warnings);
        sync(spec, &group, targets, register, open, plan);
    }
}

/// What is registered, by what becomes of it.
struct Sorted<'a> {
    /// The networking of the binding does not name the port of what is wanted yet.
    behind: Option<Wait>,
    /// How many are wanted.
    wanted: usize,
    /// Wanted and not registered.
    missing: Vec<&'a Target>,
    /// How many are wanted and registered, and of these how many take traffic.
    kept: usize,
    ready: usize,
    /// Gone, terminating or not ready: each address may soon belong to someone else.
    gone: Vec<(&'a Target, &'a TargetHealth)>,
    /// Gone but for a port that may be served as long as the networking is behind.
    held: Vec<(&'a Target, &'a TargetHealth)>,
    /// No longer wanted, but still serving.
    lingering: Vec<(&'a Target, &'a TargetHealth)>,
}

impl<'a> Sorted<'a> {
    fn of(candidate: &Candidate, wanted: &'a BTreeSet<Target>, group: &Found<'a>, behind: Option<Wait>) -> Self {
        let by_identity = wanted.iter().map(identity).collect::<BTreeSet<_>>();
        let is_behind = behind.is_some();
        let is_held = |target: &Target| {
            is_behind && candidate.is_alive(target) && !wanted.iter().any(|other| other.port == target.port)
        };
        let mut sorted = Self {
            behind,
            wanted: wanted.len(),
            missing: wanted
                .iter()
                .filter(|target| !group.registered.contains_key(&identity(target)))
                .take(if planted(Bug::OneTargetOnly) { 1 - group.registered.len().min(1) } else { usize::MAX })
                .collect(),
            kept: 0,
            ready: 0,
            gone: Vec::new(),
            held: Vec::new(),
            lingering: Vec::new(),
        };
        for (identity, (target, health)) in &group.registered {
            if by_identity.contains(identity) {
                sorted.kept += 1;
                sorted.ready += usize::from(takes_traffic(health));
            } else if !wanted.is_empty() && candidate.may_still_serve(target) {
                sorted.lingering.push((*target, *health));
            } else if is_held(target) {
                sorted.held.push((*target, *health));
            } else {
                sorted.gone.push((*target, *health));
            }
        }
        sorted
    }
}

/// Orders the steps.
///
/// - What is gone goes at once, before anything that could fail or wait.
/// - What still serves stays until as many others do as serve now, or all that are wanted.
/// - While targets are wanted the group is never emptied: its last target stays until another one is registered.
/// - While the networking names an old port, nothing comes or goes that traffic reaches only by the new one.
fn sync(
    spec: &BindingSpec,
    group: &Found<'_>,
    targets: Sorted<'_>,
    register: Vec<Target>,
    open: Vec<Wait>,
    plan: &mut Plan,
) {
    let service = spec.declared.service_name();
    let Sorted { behind, wanted, missing: _, kept, ready, gone, mut held, lingering } = targets;
    let serving = lingering.iter().filter(|(_, health)| takes_traffic(health)).count();
    let enough = serving.min(wanted);
    let (mut first, mut last) = (if planted(Bug::GoneTargetsStay) { Vec::new() } else { gone }, Vec::new());
    if (kept > 0 && ready >= enough) || planted(Bug::DeregisteredTooEarly) {
        first.extend(lingering);
        first.sort_by_key(|(target, _)| *target);
    } else {
        last = lingering;
    }
    if wanted > 0 && kept == 0 && last.is_empty() {
        let stays = if held.is_empty() { &mut first } else { &mut held };
        last.extend(stays.drain(..stays.len().min(1)));
    }
    let (impact, reason) = if wanted == 0 && first.iter().any(|(_, health)| takes_traffic(health)) {
        (Impact::Outage, format!("Service {service} has no endpoints that are ready"))
    } else {
        (Impact::None, format!("these targets are not endpoints of Service {service}"))
    };
    deregister(group, &first, impact, &reason, plan);
    let none_comes = kept == 0 && register.is_empty();
    if !register.is_empty() || !held.is_empty() || (!last.is_empty() && !none_comes) {
        plan.steps.extend(behind.map(Step::Wait));
    }
    deregister(group, &held, Impact::None, &reason, plan);
    plan.steps.extend(open.into_iter().map(Step::Wait));
    self::register(group, &register, &format!("these endpoints of Service {service} are not registered"), plan);
    if none_comes && !last.is_empty() {
        let message =
            format!("no wanted target can be registered, so the group keeps {} it should not have", count(last.len()));
        plan.warnings.push(Problem::of(spec.object(), message));
        return;
    }
    if !last.is_empty() && ready < enough {
        let message = format!(
            "{} of Service {service} must pass health checks before what serves now is deregistered ({})",
            count(enough),
            count(last.len()),
        );
        let resource = Some(group.resource.key.clone());
        plan.steps.push(Step::Wait(Wait { reason: WaitFor::TargetsHealthy, resource, entry: None, message }));
    }
    deregister(group, &last, Impact::None, &reason, plan);
}

/// A hand-made object is going: first its targets, then the rules that let traffic in to them.
fn empty(spec: &BindingSpec, facts: &Facts, found: Option<&ActualTargets>, plan: &mut Plan) {
    // A group that is gone, or that cannot be read any more, has nothing left to be deregistered.
    if let Ok(group) = Found::of(spec, found) {
        let targets = group.registered.values().copied().collect::<Vec<_>>();
        let serves = targets.iter().any(|(_, health)| takes_traffic(health));
        let impact = if serves { Impact::Destroys } else { Impact::None };
        deregister(&group, &targets, impact, "the TargetGroupBinding is being deleted", plan);
    }
    for candidate in &spec.candidates {
        let (rules, _) = interface::rules_by_group(spec, candidate, facts);
        for (group, rules) in rules {
            let is_open = facts.security_groups.get(&group).is_none_or(|found| {
                let ours = found.rules.iter().filter(|rule| rule.description == opening::SHARED_DESCRIPTION);
                ours.into_iter().any(|open| rules.iter().any(|rule| opening::overlap(open, rule)))
            });
            if is_open {
                let message = format!("security group {group} has to close what no other TargetGroupBinding needs");
                plan.steps.push(Step::Wait(rules_wait(WaitFor::RulesClosed, &group, message)));
            }
        }
    }
}

/// Waits for the stack of a generated binding to name the port that is wanted: until then the rules that are open are
/// those of another port. What the Service itself says the stack has said as well, whatever the endpoints do.
fn behind(spec: &BindingSpec, candidate: &Candidate, wanted: &BTreeSet<Target>) -> Option<Wait> {
    let stack = spec.of.as_ref()?;
    let networking = spec.declared.networking.as_deref().filter(|rules| !rules.is_empty())?;
    if candidate.traffic_port.is_some_and(|port| opening::names_port(networking, port)) {
        return None;
    }
    let port = wanted.iter().map(|target| target.port).find(|port| !opening::names_port(networking, *port))?;
    let message = format!(
        "spec.networking of the TargetGroupBinding does not name port {port} yet: its stack has to say so first"
    );
    Some(Wait { reason: WaitFor::RulesOpen, resource: None, entry: Some(Key::Stack(stack.clone())), message })
}

/// Waits for each security group that does not let in all that has to reach the targets.
pub(super) fn rules_open(
    spec: &BindingSpec,
    candidate: &Candidate,
    facts: &Facts,
    warnings: &mut Vec<Problem>,
) -> Vec<Wait> {
    let (rules, unknown) = interface::rules_by_group(spec, candidate, facts);
    warnings.extend(unknown);
    let mut waits = Vec::new();
    for (group, rules) in rules {
        let found = facts.security_groups.get(&group).map_or(&[][..], |facts| &facts.rules);
        let mut closed = rules.into_iter().filter(|rule| !found.iter().any(|open| open.covers(rule)));
        if let Some(first) = closed.next() {
            let others = match closed.count() {
                0 => String::new(),
                more => format!(", and {more} more"),
            };
            let message = format!("security group {group} has to let in {}{others}", sentence(first));
            waits.push(rules_wait(WaitFor::RulesOpen, &group, message));
        }
    }
    waits
}

fn rules_wait(reason: WaitFor, group: &SecurityGroupId, message: String) -> Wait {
    let resource = Some(ResourceKey::new(ResourceKind::SecurityGroup, group.as_str()));
    Wait { reason, resource, entry: Some(Key::Rules(group.clone())), message }
}

/// `sg-1 on tcp 31000`.
fn sentence(rule: &IngressRule) -> String {
    let IngressRule { protocol, from_port, to_port, peer, description: _ } = rule;
    if from_port == to_port {
        format!("{peer} on {protocol} {from_port}")
    } else {
        format!("{peer} on {protocol} {from_port}-{to_port}")
    }
}

/// The targets as they are registered. One that AWS would refuse is left out: it would fail all of its batch.
pub(super) fn registrable(
    spec: &BindingSpec,
    missing: &[&Target],
    facts: &Facts,
    warnings: &mut Vec<Problem>,
) -> Vec<Target> {
    let mut register = Vec::new();
    for target in missing {
        let mut target = (*target).clone();
        match &target.id {
            TargetId::Instance(id) => {
                let vpc = &spec.settings.vpc;
                let why = match interface::instance(id, facts).and_then(|instance| instance.vpc.as_ref()) {
                    None => interface::not_found(id),
                    Some(other) if other != vpc => format!("instance {id} is in {other}, not in {vpc}"),
                    Some(_) => {
                        register.push(target);
                        continue;
                    }
                };
                warnings.push(Problem::of(spec.object(), why).hint("it is not registered"));
            }
            TargetId::Ip(address) => {
                if interface::is_outside(*address, facts) {
                    target.availability_zone = Some(AvailabilityZone::new("all"));
                }
                register.push(target);
            }
        }
    }
    register
}

fn register(group: &Found<'_>, targets: &[Target], reason: &str, plan: &mut Plan) {
    for batch in targets.chunks(BATCH) {
        let request = Targets { target_group_arn: group.reference.clone(), targets: batch.to_vec() };
        plan.steps.push(change(group, AwsChange::RegisterTargets(request), Impact::None, reason.to_owned()));
    }
}

fn deregister(group: &Found<'_>, targets: &[(&Target, &TargetHealth)], impact: Impact, reason: &str, plan: &mut Plan) {
    for batch in targets.chunks(BATCH) {
        let targets = batch.iter().map(|(target, _)| (*target).clone()).collect();
        let request = Targets { target_group_arn: group.reference.clone(), targets };
        plan.steps.push(change(group, AwsChange::DeregisterTargets(request), impact, reason.to_owned()));
    }
}

fn change(group: &Found<'_>, change: AwsChange, impact: Impact, reason: String) -> Step {
    let resource = group.resource.clone();
    Step::Change(Change { resource, write: Write::Aws(change), fields: Vec::new(), impact, reason })
}

fn count(targets: usize) -> String {
    if targets == 1 { "1 target".to_owned() } else { format!("{targets} targets") }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::actual::{TargetGroupSummary, TargetState};
    use crate::facts::Instance;
    use crate::id::{InstanceId, Protocol, Ref, TargetGroupArn, TargetIpAddressType, TargetType, VpcId};
    use crate::snapshot::Snapshot;
    use crate::targets::{accept, fixture};
    use fixture::{address, facts, found, instance, rule, security_group};

    /// The rules that the fixture's binding needs are open.
    fn open() -> Facts {
        facts(vec![rule(30000, 32000, security_group("sg-lb")), rule(8080, 8080, security_group("sg-lb"))])
    }

    fn cluster() -> Snapshot {
        let mut snapshot = fixture::cluster();
        fixture::put(&mut snapshot, fixture::object(|_| {}));
        snapshot
    }

    fn spec(snapshot: &Snapshot) -> BindingSpec {
        accept(snapshot, &fixture::name()).unwrap()
    }

    fn steps(plan: &Plan) -> Vec<String> {
        plan.steps.iter().map(step).collect()
    }

    fn step(step: &Step) -> String {
        match step {
            Step::Wait(wait) => format!("{:?}", wait.reason),
            Step::Change(change) => {
                let (verb, request) = call(change);
                let targets = request.targets.iter().map(ToString::to_string).collect::<Vec<_>>();
                format!("{verb} {}", targets.join(" "))
            }
        }
    }

    fn call(change: &Change) -> (&'static str, &Targets) {
        match &change.write {
            Write::Aws(AwsChange::RegisterTargets(request)) => ("+", request),
            Write::Aws(AwsChange::DeregisterTargets(request)) => ("-", request),
            other => panic!("{other:?}"),
        }
    }

    fn planned(snapshot: &Snapshot, facts: &Facts, targets: &[(Target, TargetState)]) -> Vec<String> {
        steps(&decide(&spec(snapshot), facts, Some(&found(targets))))
    }

    #[test]
    fn what_is_registered_already_is_left_alone() {
        let both = [(instance("i-1"), TargetState::Unhealthy), (instance("i-2"), TargetState::Initial)];
        assert_eq!(planned(&cluster(), &open(), &both), [""; 0]);
        let zone = |target: Target| Target { availability_zone: Some(AvailabilityZone::new("us-west-2a")), ..target };
        let both = both.map(|(target, state)| (zone(target), state));
        assert_eq!(planned(&cluster(), &open(), &both), [""; 0], "AWS tells zones that nobody sent");
    }

    #[test]
    fn what_is_missing_or_draining_is_registered() {
        let found = [(instance("i-1"), TargetState::Draining)];
        assert_eq!(planned(&cluster(), &open(), &found), ["+ i-1:31000 i-2:31000"]);
    }

    #[test]
    fn targets_are_registered_after_their_rules_are_open() {
        let closed = facts(vec![rule(80, 80, security_group("sg-lb")), rule(31000, 31000, security_group("sg-other"))]);
        let plan = decide(&spec(&cluster()), &closed, Some(&found(&[])));
        assert_eq!(steps(&plan), ["RulesOpen", "+ i-1:31000 i-2:31000"]);
        let Step::Wait(wait) = &plan.steps[0] else { panic!() };
        assert_eq!(wait.entry, Some(Key::Rules(SecurityGroupId::new("sg-workers"))));
        assert_eq!(wait.message, "security group sg-workers has to let in sg-lb on tcp 31000");
        let both = [(instance("i-1"), TargetState::Healthy), (instance("i-2"), TargetState::Healthy)];
        assert_eq!(
            planned(&cluster(), &closed, &both),
            ["RulesOpen"],
            "closed by hand: told although all is registered"
        );
    }

    #[test]
    fn each_worker_group_is_waited_for() {
        let mut facts = facts(Vec::new());
        fixture::put_instance(&mut facts, "i-2", "sg-gpu");
        let plan = decide(&spec(&cluster()), &facts, Some(&found(&[])));
        assert_eq!(steps(&plan), ["RulesOpen", "RulesOpen", "+ i-1:31000 i-2:31000"]);
    }

    #[test]
    fn a_planned_group_gets_all_targets_once_its_peer_exists() {
        let mut snapshot = fixture::cluster();
        let key = ResourceKey::new(ResourceKind::TargetGroup, "default/web:80");
        fixture::want(&mut snapshot, |binding| {
            binding.target_group = Ref::Made(key.clone());
            binding.networking.as_mut().unwrap()[0].from =
                vec![crate::model::Peer::SecurityGroup(Ref::Made(ResourceKey::backend_security_group()))];
        });
        let plan = decide(&spec(&snapshot), &open(), None);
        assert_eq!(steps(&plan), ["RulesOpen", "+ i-1:31000 i-2:31000"]);
        let change = plan.changes().next().unwrap();
        assert_eq!((&change.resource.key, &change.resource.physical_id), (&key, &None));
        assert_eq!(change.write.request()["TargetGroupArn"], json!({ "ref": key.to_string() }));
    }

    #[test]
    fn the_entry_names_its_object_its_group_and_its_stack() {
        let mut snapshot = fixture::cluster();
        fixture::put(&mut snapshot, fixture::object(fixture::generated));
        let plan = decide(&spec(&snapshot), &open(), Some(&found(&[])));
        assert_eq!(plan.key.to_string(), "binding/default/k8s-default-web");
        assert_eq!(plan.objects[0].to_string(), "TargetGroupBinding/default/k8s-default-web");
        assert_eq!(plan.of.as_ref().unwrap().to_string(), "service/default/web");
        let change = plan.changes().next().unwrap();
        assert_eq!(change.resource.key.id, "default/web:80");
        assert_eq!(change.resource.physical_id.as_deref(), Some(fixture::ARN));
        assert_eq!(change.reason, "these endpoints of Service default/web are not registered");
    }

    #[test]
    fn a_target_whose_endpoint_is_gone_goes_at_once() {
        let targets = [(instance("i-1"), TargetState::Healthy), (instance("i-9"), TargetState::Healthy)];
        assert_eq!(planned(&cluster(), &facts(Vec::new()), &targets), ["- i-9:31000", "RulesOpen", "+ i-2:31000"]);
    }

    #[test]
    fn the_last_target_goes_after_another_is_registered() {
        let targets = [(instance("i-8"), TargetState::Healthy), (instance("i-9"), TargetState::Healthy)];
        assert_eq!(planned(&cluster(), &open(), &targets), ["- i-9:31000", "+ i-1:31000 i-2:31000", "- i-8:31000"]);
    }

    /// Of two nodes one is no longer to be a target, but up.
    fn excluded() -> Snapshot {
        let mut snapshot = cluster();
        let mut excluded = fixture::node("i-1");
        excluded["metadata"]["labels"] = json!({ "node.kubernetes.io/exclude-from-external-load-balancers": "" });
        snapshot.nodes = Some(fixture::nodes(&[excluded, fixture::node("i-2")]));
        snapshot
    }

    #[test]
    fn a_node_that_is_excluded_but_serves_waits_for_its_replacements() {
        let snapshot = excluded();
        let old = (instance("i-1"), TargetState::Healthy);
        let new = |state| [old.clone(), (instance("i-2"), state)];
        assert_eq!(
            planned(&snapshot, &open(), std::slice::from_ref(&old)),
            ["+ i-2:31000", "TargetsHealthy", "- i-1:31000"]
        );
        assert_eq!(planned(&snapshot, &open(), &new(TargetState::Initial)), ["TargetsHealthy", "- i-1:31000"]);
        assert_eq!(planned(&snapshot, &open(), &new(TargetState::Healthy)), ["- i-1:31000"]);
        let unhealthy = [(instance("i-1"), TargetState::Unhealthy), (instance("i-2"), TargetState::Initial)];
        assert_eq!(
            planned(&snapshot, &open(), &unhealthy),
            ["- i-1:31000"],
            "what does not serve needs no replacement"
        );
        let unused = [(instance("i-1"), TargetState::Unused)];
        assert_eq!(
            planned(&snapshot, &open(), &unused),
            ["+ i-2:31000", "- i-1:31000"],
            "nothing checks an unused group"
        );
    }

    #[test]
    fn an_old_node_port_serves_no_more() {
        let old = Target { port: 30999, ..instance("i-1") };
        let targets = [
            (old, TargetState::Healthy),
            (instance("i-1"), TargetState::Initial),
            (instance("i-2"), TargetState::Initial),
        ];
        assert_eq!(planned(&cluster(), &open(), &targets), ["- i-1:30999"]);
    }

    /// A generated binding whose stack has not written its new node port yet.
    fn behind(change: fn(&mut serde_json::Value)) -> Snapshot {
        let mut snapshot = fixture::cluster();
        fixture::put(
            &mut snapshot,
            fixture::object(|object| {
                fixture::generated(object);
                object["spec"]["networking"]["ingress"][0]["ports"][0]["port"] = json!(30999);
                change(object);
            }),
        );
        snapshot
    }

    #[test]
    fn a_binding_that_names_an_old_port_waits_for_its_stack() {
        let old = |id: &str| (Target { port: 30999, ..instance(id) }, TargetState::Healthy);
        let targets = [old("i-1"), old("i-2"), old("i-9")];
        let plan = decide(&spec(&behind(|_| {})), &open(), Some(&found(&targets)));
        assert_eq!(
            steps(&plan),
            ["- i-9:30999", "RulesOpen", "- i-2:30999", "+ i-1:31000 i-2:31000", "- i-1:30999"],
            "what is gone does not wait"
        );
        let Step::Wait(wait) = &plan.steps[1] else { panic!() };
        assert_eq!(wait.entry.as_ref().map(ToString::to_string).as_deref(), Some("service/default/web"));
        assert_eq!(
            wait.message,
            "spec.networking of the TargetGroupBinding does not name port 31000 yet: its stack has to say so first"
        );
        let both = [(instance("i-1"), TargetState::Healthy), (instance("i-2"), TargetState::Healthy)];
        assert_eq!(planned(&behind(|_| {}), &open(), &both), [""; 0], "nothing would come after the wait");
        assert!(!crate::targets::lingers(&plan));
        let stopped = decide(&spec(&excluded()), &open(), Some(&found(&[(instance("i-1"), TargetState::Healthy)])));
        assert!(crate::targets::lingers(&stopped), "{stopped:?}");
    }

    #[test]
    fn only_a_generated_binding_with_numbers_can_be_behind() {
        type Mutation = fn(&mut serde_json::Value);
        let cases: &[Mutation] = &[
            |o| o["metadata"]["labels"] = json!({}),
            |o| o["spec"]["networking"] = serde_json::Value::Null,
            |o| o["spec"]["networking"]["ingress"][0]["ports"] = json!([]),
            |o| o["spec"]["networking"]["ingress"][0]["ports"][0] = json!({ "protocol": "TCP" }),
            |o| o["spec"]["networking"]["ingress"][0]["ports"][0]["port"] = json!(31000),
        ];
        for (index, change) in cases.iter().enumerate() {
            let facts = facts(vec![rule(0, 65535, security_group("sg-lb"))]);
            let targets = planned(&behind(*change), &facts, &[]);
            assert_eq!(targets, ["+ i-1:31000 i-2:31000"], "case {index}");
        }
    }

    #[test]
    fn an_old_target_port_waits_for_the_stack_and_the_endpoints_own_port_does_not() {
        let with = |target_port: u16, declared: u16| {
            let mut snapshot = fixture::cluster();
            let mut service = fixture::service();
            service["spec"]["ports"][0]["targetPort"] = json!(target_port);
            fixture::put_service(&mut snapshot, &service);
            fixture::want(&mut snapshot, |binding| {
                fixture::with_addresses(binding);
                binding.networking.as_mut().unwrap()[0].ports = fixture::ports(&[declared]);
            });
            let facts = facts(vec![rule(0, 65535, security_group("sg-lb"))]);
            planned(&snapshot, &facts, &[(address("10.0.1.1", 7070), TargetState::Healthy)])
        };
        assert_eq!(with(8080, 7070), ["RulesOpen", "+ 10.0.1.1:8080", "TargetsHealthy", "- 10.0.1.1:7070"]);
        let as_declared = ["+ 10.0.1.1:8080", "TargetsHealthy", "- 10.0.1.1:7070"];
        assert_eq!(with(8080, 8080), as_declared);
        assert_eq!(with(9090, 9090), as_declared, "the stack has said all it will");
    }

    #[test]
    fn a_pod_that_another_selector_leaves_behind_serves_until_it_is_replaced() {
        let mut snapshot = fixture::cluster();
        fixture::want(&mut snapshot, fixture::with_addresses);
        let mut other = fixture::pod();
        other["metadata"]["name"] = json!("old-1");
        other["status"]["podIPs"] = json!([{ "ip": "10.0.9.9" }]);
        let pods = snapshot.pods.as_mut().unwrap();
        pods.insert(crate::id::ObjectName::new("default", "old-1"), Arc::new(serde_json::from_value(other).unwrap()));
        let old = [(address("10.0.9.9", 8080), TargetState::Healthy)];
        assert_eq!(planned(&snapshot, &open(), &old), ["+ 10.0.1.1:8080", "TargetsHealthy", "- 10.0.9.9:8080"]);
        let gone = [(address("10.0.9.8", 8080), TargetState::Healthy)];
        assert_eq!(planned(&snapshot, &open(), &gone), ["+ 10.0.1.1:8080", "- 10.0.9.8:8080"]);
        snapshot.pods = None;
        assert_eq!(
            planned(&snapshot, &open(), &gone),
            ["+ 10.0.1.1:8080", "TargetsHealthy", "- 10.0.9.8:8080"],
            "without the pods nobody knows whether it serves"
        );
    }

    #[test]
    fn a_service_without_endpoints_has_an_empty_group() {
        let mut snapshot = cluster();
        snapshot.nodes = Some(BTreeMap::new());
        let plan = decide(&spec(&snapshot), &open(), Some(&found(&[(instance("i-1"), TargetState::Healthy)])));
        assert_eq!(steps(&plan), ["- i-1:31000"]);
        assert_eq!(plan.changes().next().unwrap().impact, Impact::Outage);
    }

    #[test]
    fn what_is_not_known_changes_nothing() {
        let mut snapshot = cluster();
        snapshot.nodes = None;
        let plan = decide(&spec(&snapshot), &open(), Some(&found(&[(instance("i-9"), TargetState::Healthy)])));
        assert_eq!(steps(&plan), [""; 0]);
        assert!(plan.warnings[0].message.starts_with("targets are decided when running"), "{:?}", plan.warnings);
        assert_eq!(steps(&decide(&spec(&cluster()), &open(), None)), [""; 0], "nothing was observed");
    }

    #[test]
    fn a_group_that_is_gone_is_a_problem() {
        let plan = decide(&spec(&cluster()), &open(), Some(&ActualTargets::Missing));
        assert_eq!(steps(&plan), [""; 0]);
        assert!(plan.problems[0].to_string().contains("there is no such target group"));
    }

    #[test]
    fn an_instance_that_aws_would_refuse_is_left_out() {
        let mut facts = open();
        facts.instances.remove(&InstanceId::new("i-2"));
        let plan = decide(&spec(&cluster()), &facts, Some(&found(&[])));
        assert_eq!(steps(&plan), ["+ i-1:31000"]);
        assert!(plan.warnings.iter().any(|warning| warning.message == "instance i-2 was not found"));
        facts.instances.insert(InstanceId::new("i-2"), Instance { vpc: None, primary_interface: None });
        let plan = decide(&spec(&cluster()), &facts, Some(&found(&[])));
        assert_eq!(steps(&plan), ["+ i-1:31000"], "terminated");
        assert!(plan.warnings.iter().all(|warning| warning.message == "instance i-2 was not found"));
        let elsewhere = Instance { vpc: Some(VpcId::new("vpc-2")), primary_interface: None };
        facts.instances.insert(InstanceId::new("i-2"), elsewhere);
        let plan = decide(&spec(&cluster()), &facts, Some(&found(&[])));
        assert_eq!(steps(&plan), ["+ i-1:31000"]);
        assert!(plan.warnings.iter().any(|warning| warning.message == "instance i-2 is in vpc-2, not in vpc-1"));
    }

    #[test]
    fn the_last_target_stays_when_no_other_can_be_registered() {
        let mut facts = open();
        facts.instances.clear();
        let plan = decide(&spec(&cluster()), &facts, Some(&found(&[(instance("i-9"), TargetState::Healthy)])));
        assert_eq!(steps(&plan), [""; 0]);
        assert!(plan.warnings.iter().any(|warning| warning.message.ends_with("keeps 1 target it should not have")));
    }

    #[test]
    fn an_address_outside_the_vpc_is_in_all_zones() {
        let mut snapshot = fixture::one_pod(|slice, _, _| slice["endpoints"][0]["addresses"] = json!(["192.168.7.7"]));
        fixture::put_service(&mut snapshot, &fixture::service());
        fixture::want(&mut snapshot, fixture::with_addresses);
        let plan = decide(&spec(&snapshot), &open(), Some(&found(&[])));
        let request = plan.changes().next().unwrap().write.request();
        assert_eq!(request["Targets"], json!([{ "Id": "192.168.7.7", "Port": 8080, "AvailabilityZone": "all" }]));
        assert!(plan.warnings.is_empty(), "nobody looks for its network interface: {:?}", plan.warnings);
    }

    #[test]
    fn one_call_takes_at_most_two_hundred_targets() {
        let mut spec = spec(&cluster());
        let ids = (0..450).map(|index| format!("i-{index:03}")).collect::<Vec<_>>();
        spec.candidates[0].wanted = Some(ids.iter().map(|id| instance(id)).collect());
        let mut facts = open();
        for id in &ids {
            fixture::put_instance(&mut facts, id, "sg-workers");
        }
        let plan = decide(&spec, &facts, Some(&found(&[])));
        let sizes = plan.changes().map(|change| call(change).1.targets.len()).collect::<Vec<_>>();
        assert_eq!(sizes, [200, 200, 50]);
    }

    fn summary() -> TargetGroupSummary {
        TargetGroupSummary {
            arn: TargetGroupArn::new(fixture::ARN),
            target_type: Some(TargetType::Ip),
            protocol: Some(Protocol::Tcp),
            ip_address_type: TargetIpAddressType::Ipv4,
            vpc: Some(VpcId::new("vpc-1")),
        }
    }

    /// What is planned for an object that leaves its target type to the group.
    fn open_object(summary: TargetGroupSummary, change: fn(&mut serde_json::Value)) -> Plan {
        let mut snapshot = fixture::cluster();
        fixture::put(
            &mut snapshot,
            fixture::object(|object| {
                object["spec"] = json!({ "targetGroupARN": fixture::ARN, "serviceRef": { "name": "web", "port": 80 } });
                change(object);
            }),
        );
        let found = ActualTargets::Found { group: Some(summary), targets: BTreeMap::new() };
        decide(&spec(&snapshot), &open(), Some(&found))
    }

    #[test]
    fn the_group_says_what_the_object_leaves_open() {
        assert_eq!(steps(&open_object(summary(), |_| {})), ["+ 10.0.1.1:8080"]);
        let instances = TargetGroupSummary { target_type: Some(TargetType::Instance), ..summary() };
        assert_eq!(steps(&open_object(instances, |_| {})), ["+ i-1:31000 i-2:31000"]);
        let ipv6 = TargetGroupSummary { ip_address_type: TargetIpAddressType::Ipv6, ..summary() };
        assert_eq!(steps(&open_object(ipv6, |_| {})), [""; 0]);
    }

    #[test]
    fn what_the_object_says_has_to_be_true_of_the_group() {
        type Mutation = fn(&mut serde_json::Value);
        let cases: &[(Mutation, &str)] = &[
            (
                |o| o["spec"]["targetGroupProtocol"] = json!("UDP"),
                "spec.targetGroupProtocol: \"UDP\": is not the target group's: that is TCP",
            ),
            (
                |o| o["spec"]["ipAddressType"] = json!("ipv6"),
                "spec.ipAddressType: \"ipv6\": is not the target group's: that is ipv4",
            ),
        ];
        for (change, sentence) in cases {
            let plan = open_object(summary(), *change);
            assert!(plan.refused && plan.steps.is_empty());
            assert_eq!(plan.problems[0].to_string(), *sentence);
        }
        let lambda = TargetGroupSummary { target_type: None, ..summary() };
        assert!(open_object(lambda, |_| {}).problems[0].message.contains("a binding cannot fill"));
        let other = TargetGroupSummary { arn: TargetGroupArn::new("arn:other"), ..summary() };
        assert!(open_object(other, |_| {}).problems[0].message.contains("no such target group"));
        let elsewhere = TargetGroupSummary { vpc: Some(VpcId::new("vpc-2")), ..summary() };
        let plan = open_object(elsewhere, |o| o["spec"]["vpcID"] = json!("vpc-1"));
        assert_eq!(plan.problems[0].to_string(), "spec.vpcID: \"vpc-1\": is not the target group's: that is vpc-2");
    }

    fn deleted(change: fn(&mut serde_json::Value), facts: &Facts, found: &ActualTargets) -> Plan {
        let mut snapshot = fixture::cluster();
        fixture::put(
            &mut snapshot,
            fixture::object(|object| {
                fixture::deleting(object);
                change(object);
            }),
        );
        decide(&spec(&snapshot), facts, Some(found))
    }

    #[test]
    fn a_hand_made_binding_that_goes_takes_its_targets_and_then_its_rules() {
        let targets = found(&[
            (instance("i-1"), TargetState::Healthy),
            (instance("i-9"), TargetState::Unhealthy),
            (instance("i-7"), TargetState::Draining),
        ]);
        let plan = deleted(|_| {}, &open(), &targets);
        assert_eq!(steps(&plan), ["- i-1:31000 i-9:31000", "RulesClosed"]);
        assert!(!plan.wanted);
        assert_eq!(plan.changes().next().unwrap().impact, Impact::Destroys);
        let closed = facts(vec![rule(80, 80, security_group("sg-lb"))]);
        assert_eq!(steps(&deleted(|_| {}, &closed, &found(&[]))), [""; 0]);
        assert_eq!(steps(&deleted(|_| {}, &open(), &ActualTargets::Missing)), ["RulesClosed"]);
        let without = |object: &mut serde_json::Value| object["spec"]["networking"] = serde_json::Value::Null;
        assert_eq!(steps(&deleted(without, &open(), &found(&[]))), [""; 0]);
    }

    #[test]
    fn a_generated_binding_that_goes_leaves_everything() {
        let targets = found(&[(instance("i-1"), TargetState::Healthy)]);
        let plan = deleted(fixture::generated, &open(), &targets);
        assert_eq!(steps(&plan), [""; 0]);
        assert!(!plan.wanted);
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    struct Case {
        wanted: bool,
        alive: bool,
        exists: bool,
        state: Option<u8>,
    }

    /// Every combination for one target.
    fn cases() -> Vec<Case> {
        let mut cases = Vec::new();
        for state in [None, Some(0), Some(1), Some(2)] {
            for bits in 0..8_u8 {
                let (wanted, alive, exists) = (bits & 1 > 0, bits & 2 > 0, bits & 4 > 0);
                // Existing matters only for what has to be registered, being alive only for what is not wanted.
                if (wanted && !alive) || (!wanted && exists) {
                    continue;
                }
                cases.push(Case { wanted, alive, exists, state });
            }
        }
        cases
    }

    fn state(number: u8) -> TargetState {
        [TargetState::Healthy, TargetState::Initial, TargetState::Draining][usize::from(number)].clone()
    }

    /// A world of three targets: the spec, the facts and the group.
    fn world(cases: [Case; 3]) -> (BindingSpec, Facts, BTreeMap<Target, TargetState>) {
        let mut spec = spec(&cluster());
        let (mut facts, mut group) = (open(), BTreeMap::new());
        facts.instances.clear();
        let (mut wanted, mut alive) = (BTreeSet::new(), BTreeSet::new());
        for (case, id) in cases.into_iter().zip(["i-a", "i-b", "i-c"]) {
            let target = instance(id);
            if case.exists {
                fixture::put_instance(&mut facts, id, "sg-workers");
            }
            if case.alive {
                alive.insert(target.id.clone());
            }
            if let Some(number) = case.state {
                group.insert(target.clone(), state(number));
            }
            if case.wanted {
                wanted.insert(target);
            }
        }
        spec.candidates[0].wanted = Some(wanted);
        spec.candidates[0].alive = Some(Arc::new(alive));
        (spec, facts, group)
    }

    fn active(group: &BTreeMap<Target, TargetState>) -> BTreeSet<Target> {
        group.iter().filter(|(_, state)| **state != TargetState::Draining).map(|(target, _)| target.clone()).collect()
    }

    /// Plans and applies until nothing is left; at a wait for health everything becomes healthy and the pass ends.
    fn run(spec: &BindingSpec, facts: &Facts, group: &mut BTreeMap<Target, TargetState>) -> Vec<Vec<String>> {
        let wanted = spec.candidates[0].wanted.clone().unwrap();
        let before = active(group);
        let mut passes = Vec::new();
        loop {
            let seen = group.iter().map(|(target, state)| (target.clone(), state.clone())).collect::<Vec<_>>();
            let plan = decide(spec, facts, Some(&found(&seen)));
            passes.push(steps(&plan));
            if plan.steps.is_empty() {
                return passes;
            }
            assert!(passes.len() < 5, "no end: {passes:?}");
            for one in &plan.steps {
                match one {
                    Step::Change(change) => {
                        let (verb, request) = call(change);
                        for target in &request.targets {
                            let state = if verb == "+" { TargetState::Initial } else { TargetState::Draining };
                            group.insert(target.clone(), state);
                        }
                    }
                    Step::Wait(_) => {
                        group
                            .values_mut()
                            .filter(|state| **state == TargetState::Initial)
                            .for_each(|state| *state = TargetState::Healthy);
                        break;
                    }
                }
                let now = active(group);
                assert!(
                    before.intersection(&wanted).all(|target| now.contains(target)),
                    "a target that stays was taken out"
                );
                assert!(wanted.is_empty() || before.is_empty() || !now.is_empty(), "emptied: {passes:?}");
            }
        }
    }

    #[test]
    fn from_everywhere_the_wanted_targets_are_reached_without_a_gap_in_exactly_the_printed_steps() {
        let cases = cases();
        let mut runs = 0;
        for a in &cases {
            for b in &cases {
                for c in &cases {
                    let (spec, facts, mut group) = world([*a, *b, *c]);
                    let passes = run(&spec, &facts, &mut group);
                    let changes = |pass: &[String]| {
                        pass.iter().filter(|step| !step.starts_with('T')).cloned().collect::<Vec<_>>()
                    };
                    // A pass ends at its first wait; what came after it is the next pass's.
                    let made =
                        passes.iter().flat_map(|pass| pass.iter().take_while(|step| !step.starts_with('T')).cloned());
                    assert_eq!(made.collect::<Vec<_>>(), changes(&passes[0]), "{a:?} {b:?} {c:?}: {passes:?}");
                    let possible = [a, b, c]
                        .iter()
                        .filter(|case| case.wanted && (case.exists || matches!(case.state, Some(0 | 1))))
                        .count();
                    let wanted = spec.candidates[0].wanted.as_ref().unwrap();
                    let reached = active(&group);
                    if wanted.is_empty() || possible > 0 {
                        assert_eq!(reached.len(), possible, "{a:?} {b:?} {c:?}: {passes:?}");
                        assert!(reached.is_subset(wanted));
                    }
                    runs += 1;
                }
            }
        }
        assert!(runs > 4000, "{runs}");
    }
}
