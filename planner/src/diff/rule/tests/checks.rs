//! Requests are moved to target groups only when these have healthy targets, and what others want does not wait for it.

use std::collections::BTreeSet;

use super::account::{
    GROUPS, account, answer, forward_to, found_forward_to, found_listener, found_rule, group_arn, host, listener, make,
    paths, plan_with, tags, wanted as without_bindings,
};
use super::{Numbers, answered, found_action, requests, wanted_action};
use crate::actual::{ActualBinding, ActualLoadBalancer, ActualStack, TargetCount};
use crate::desired::{Desired, Listener, target_group_ref};
use crate::diff::object;
use crate::id::{Knowable, ObjectName, Protocol, Ref, TargetGroupArn, TargetIpAddressType, TargetType};
use crate::model::{Action, Binding, Condition, PortRef};
use crate::plan::{Change, Made, Plan, Step, Wait, WaitFor, Write};

fn binding(id: &str) -> Binding {
    Binding {
        name: ObjectName::new("shop", id.replace([':', '/'], "-")),
        labels: super::account::id().labels(),
        target_group: target_group_ref(id),
        target_type: TargetType::Ip,
        protocol: Some(Protocol::Http),
        service: id.to_owned(),
        port: PortRef::Number(Knowable::Known(80)),
        ip_address_type: TargetIpAddressType::Ipv4,
        vpc: None,
        node_selector: None,
        networking: None,
        multi_cluster: false,
    }
}

fn wanted(listeners: Vec<(u16, Listener)>) -> Desired {
    let mut wanted = without_bindings(listeners);
    wanted.bindings = GROUPS.iter().map(|id| ((*id).to_owned(), binding(id))).collect();
    wanted
}

/// The objects of all groups; those of these are known to have healthy targets, of the others nothing is known.
fn bindings(healthy: &[&str]) -> Vec<ActualBinding> {
    let one = |id: &&str| {
        let binding = Binding { target_group: Ref::Known(group_arn(id)), ..binding(id) };
        ActualBinding {
            spec: object(&binding)["spec"].clone(),
            binding,
            resource_version: None,
            deleting: false,
            targets: healthy.contains(id).then_some(TargetCount { ready: 1, total: 2 }),
        }
    };
    GROUPS.iter().map(one).collect()
}

/// A plan and what it makes of the account, change by change.
struct Carried {
    plan: Plan,
    /// The account after each change, the first one before all.
    states: Vec<ActualStack>,
    calls: Vec<String>,
    /// How many changes come before the first wait; all, when there is none.
    before_wait: usize,
}

fn carried_out(wanted: &Desired, start: &ActualStack, bindings: &[ActualBinding]) -> Carried {
    let plan = plan_with(wanted, start, bindings);
    let (mut states, mut calls, mut made, mut count) = (vec![start.clone()], Vec::new(), Made::default(), 0);
    let mut before_wait = None;
    for step in &plan.steps {
        match step {
            Step::Change(change) => {
                let mut state = states.last().unwrap().clone();
                make(&mut state, change, &mut made, &mut count);
                states.push(state);
                calls.push(told(change));
            }
            Step::Wait(wait) => {
                assert_eq!(wait.reason, WaitFor::TargetsHealthy);
                before_wait = before_wait.or(Some(calls.len()));
            }
        }
    }
    let before_wait = before_wait.unwrap_or(calls.len());
    Carried { plan, states, calls, before_wait }
}

fn told(change: &Change) -> String {
    let Write::Aws(write) = &change.write else { panic!("only AWS is written to") };
    format!("{} {}", write.operation(), change.resource.key.id)
}

fn steps(plan: &Plan) -> Vec<String> {
    let one = |step: &Step| match step {
        Step::Change(change) => told(change),
        Step::Wait(Wait { resource, .. }) => format!("wait {}", resource.as_ref().unwrap().id),
    };
    plan.steps.iter().map(one).collect()
}

/// The groups that a listener forwards to.
fn used(found: &ActualStack) -> BTreeSet<String> {
    let listeners = &found.load_balancers[0].listeners;
    listeners.iter().flat_map(|listener| listener.actions()).map(ToString::to_string).collect()
}

fn in_use(found: &ActualStack) -> BTreeSet<TargetGroupArn> {
    found.load_balancers[0].listeners.iter().flat_map(|listener| listener.target_groups().cloned()).collect()
}

#[test]
fn from_any_rules_no_request_that_was_answered_comes_to_targets_that_were_not_checked() {
    let mut numbers = Numbers(0x7AFF);
    let requests = requests();
    let mut waited = 0;
    for case in 0..120 {
        let mut conditions = Vec::<Vec<Condition>>::new();
        let mut unique = |numbers: &mut Numbers| {
            let one = numbers.conditions();
            let is_new = !conditions.contains(&one);
            conditions.push(one.clone());
            is_new.then_some(one)
        };
        let there =
            (1..5).filter_map(|place| Some((place * 3, unique(&mut numbers)?, numbers.action()))).collect::<Vec<_>>();
        let mut start = found_listener(
            80,
            there
                .iter()
                .map(|(place, conditions, action)| found_rule(*place, conditions.clone(), found_action(*action)))
                .collect(),
        );
        if numbers.below(2) == 0 {
            start.default_actions = vec![found_forward_to(GROUPS[0])];
        }
        // Some stay, some change what they do, in another order, between new ones.
        let mut rules = Vec::new();
        for (_, conditions, action) in there {
            match numbers.below(4) {
                0 => {}
                1 => rules.push((conditions, wanted_action(numbers.action()))),
                _ => rules.push((conditions, wanted_action(action))),
            }
        }
        for _ in 0..numbers.below(3) {
            if let Some(conditions) = unique(&mut numbers) {
                let action = wanted_action(numbers.action());
                rules.insert(numbers.below(rules.len() + 1), (conditions, action));
            }
        }
        if numbers.below(3) == 0 && rules.len() > 1 {
            let last = rules.len() - 1;
            rules.swap(0, last);
        }
        let mut listener = listener(rules);
        if numbers.below(3) == 0 {
            listener.default_actions = vec![forward_to(GROUPS[numbers.below(3)])];
        }
        let wanted = wanted(vec![(80, listener)]);
        let start = account(vec![start]);
        let Carried { states, calls, before_wait, plan } = carried_out(&wanted, &start, &bindings(&[]));
        let last = states.last().unwrap();
        assert!(plan_with(&wanted, last, &bindings(&[])).steps.is_empty(), "case {case}: {calls:?}");
        waited += usize::from(before_wait < calls.len());
        let used = used(&start);
        let unchecked = |action: &String| action.starts_with("forward") && !used.contains(action);
        let answers = |state: &ActualStack| requests.iter().map(|request| answered(state, request)).collect::<Vec<_>>();
        let (before, after) = (answers(&start), answers(last));
        let either = |state: &ActualStack, told: &str| {
            for (place, now) in answers(state).iter().enumerate() {
                let request = &requests[place];
                assert!(*now == before[place] || *now == after[place], "case {case}: {told}: {request:?} gets {now}");
            }
        };
        let waits = before_wait < calls.len();
        let stays = &in_use(&start) & &in_use(last);
        let idle = states.iter().flat_map(|state| &stays - &in_use(state)).collect::<BTreeSet<_>>();
        assert!(idle.is_empty(), "case {case}: {calls:?}: nothing checks {idle:?} for a while");
        for (done, state) in states.iter().enumerate() {
            either(state, &format!("{done} of {:?}", steps(&plan)));
            for (before, now) in before.iter().zip(answers(state)) {
                let moved = before.starts_with("forward") && *before != now;
                assert!(
                    !moved || !unchecked(&now) || (waits && done > before_wait),
                    "case {case}: {done} of {calls:?}: {now}"
                );
            }
        }
        // Stopped anywhere, with or without knowing how the targets are, the end is the same.
        let done = numbers.below(states.len());
        let healthy = &bindings(&GROUPS[..numbers.below(4)]);
        let again = carried_out(&wanted, &states[done], healthy);
        again.states.iter().for_each(|state| either(state, &format!("after {done} of {calls:?}: {:?}", again.calls)));
        let end = again.states.last().unwrap();
        assert!(plan_with(&wanted, end, healthy).steps.is_empty(), "case {case} after {done}: {calls:?}");
        assert_eq!(answers(end), after, "case {case} after {done}: {calls:?}");
    }
    assert!(waited > 12, "{waited} cases have to wait");
}

fn one_rule(action: Action) -> Desired {
    wanted(vec![(80, listener(vec![(vec![paths(&["/*"])], action)]))])
}

fn with_rule(action: Action) -> ActualStack {
    account(vec![found_listener(80, vec![found_rule(1, vec![paths(&["/*"])], action)])])
}

#[test]
fn another_backend_is_checked_before_it_gets_the_requests_of_the_first() {
    let (wanted, start) = (one_rule(forward_to(GROUPS[1])), with_rule(found_forward_to(GROUPS[0])));
    let carried = carried_out(&wanted, &start, &bindings(&[]));
    let expected = ["CreateRule 80:50000", "wait shop/web-site:80", "ModifyRule 80:1", "DeleteRule 80:50000"];
    assert_eq!(steps(&carried.plan), expected);
    // The check rule is the stack's own, and once its targets are healthy nothing waits.
    let checking = &carried.states[1];
    let rules = &checking.load_balancers[0].listeners[0].rules;
    assert_eq!(rules[1].tags, tags("80:50000"));
    assert_eq!(steps(&plan_with(&wanted, checking, &bindings(&[]))), expected[1..]);
    assert_eq!(steps(&plan_with(&wanted, checking, &bindings(&[GROUPS[1]]))), expected[2..]);
    // What is said of a group that nothing checks is old.
    assert_eq!(steps(&plan_with(&wanted, &start, &bindings(&[GROUPS[1]]))), expected);
    // Back again, it just goes.
    let back = one_rule(forward_to(GROUPS[0]));
    assert_eq!(steps(&plan_with(&back, checking, &bindings(&[]))), ["DeleteRule 80:50000"]);
}

#[test]
fn what_nobody_answers_now_waits_for_nothing() {
    let to_new = || forward_to(GROUPS[1]);
    let two = |action: Action| {
        wanted(vec![(
            80,
            listener(vec![(vec![host("a.example.com")], forward_to(GROUPS[0])), (vec![host("b.example.com")], action)]),
        )])
    };
    let one = account(vec![found_listener(
        80,
        vec![found_rule(1, vec![host("a.example.com")], found_forward_to(GROUPS[0]))],
    )]);
    assert_eq!(steps(&plan_with(&two(to_new()), &one, &bindings(&[]))), ["CreateRule 80:2"], "a host that got a 404");
    let missing = with_rule(answer("503"));
    assert_eq!(steps(&plan_with(&one_rule(to_new()), &missing, &bindings(&[]))), ["ModifyRule 80:1"]);
    let start = with_rule(found_forward_to(GROUPS[0]));
    let mut empty = bindings(&[]);
    empty[1].targets = Some(TargetCount { ready: 0, total: 0 });
    assert_eq!(
        steps(&plan_with(&one_rule(to_new()), &start, &empty)),
        ["ModifyRule 80:1"],
        "a Service without endpoints"
    );
    let mut provisioning = start.clone();
    let load_balancer = ActualLoadBalancer {
        state: crate::actual::LoadBalancerState::Provisioning,
        ..ActualLoadBalancer::clone(&start.load_balancers[0])
    };
    provisioning.load_balancers = vec![super::account::owned(load_balancer, "LoadBalancer")];
    let plan = plan_with(&one_rule(to_new()), &provisioning, &bindings(&[]));
    assert_eq!(plan.changes().map(told).collect::<Vec<_>>(), ["ModifyRule 80:1"], "nobody is served yet");
}

#[test]
fn a_backend_that_is_never_healthy_holds_up_nobody_else() {
    let rules = |new: Action| {
        vec![
            (vec![host("a.example.com")], forward_to(GROUPS[0])),
            (vec![host("b.example.com"), paths(&["/new"])], new),
            (vec![host("c.example.com")], answer("200")),
            (vec![paths(&["/*"])], forward_to(GROUPS[0])),
        ]
    };
    let there = vec![
        found_rule(1, vec![host("a.example.com")], found_forward_to(GROUPS[2])),
        found_rule(2, vec![host("gone.example.com")], found_forward_to(GROUPS[2])),
        found_rule(3, vec![paths(&["/*"])], found_forward_to(GROUPS[0])),
    ];
    let start = account(vec![found_listener(80, there)]);
    let wanted = wanted(vec![(80, listener(rules(forward_to(GROUPS[1]))))]);
    let plan = plan_with(&wanted, &start, &bindings(&[]));
    let calls = steps(&plan);
    let wait = calls.iter().position(|step| step.starts_with("wait")).unwrap();
    assert_eq!(calls[0], "CreateRule 80:50000");
    assert!(calls[..wait].contains(&"ModifyRule 80:1".to_owned()), "{calls:?}");
    assert!(calls[..wait].contains(&"CreateRule 80:3".to_owned()), "{calls:?}");
    assert!(calls[wait..].contains(&"CreateRule 80:2".to_owned()), "{calls:?}");
    assert!(
        calls[wait..].contains(&"DeleteRule 80:2".to_owned()),
        "what takes its requests until then stays: {calls:?}"
    );
}

#[test]
fn a_check_rule_goes_from_a_listener_that_stays_for_a_member_that_is_set_aside() {
    // The one whose targets were checked has left; who is set aside alone is why the listener is still there.
    let mut wanted = wanted(Vec::new());
    wanted.set_aside = [ObjectName::new("shop", "cart")].into();
    [GROUPS[1], GROUPS[2]].iter().for_each(|id| {
        wanted.target_groups.remove(*id);
        wanted.bindings.remove(*id);
    });
    let started =
        carried_out(&one_rule(forward_to(GROUPS[1])), &with_rule(found_forward_to(GROUPS[2])), &bindings(&[]));
    let there = bindings(&[]).into_iter().filter(|found| found.binding.service != GROUPS[1]).collect::<Vec<_>>();
    let plan = plan_with(&wanted, &started.states[1], &there);
    assert_eq!(steps(&plan), ["DeleteRule 80:50000", "DeleteTargetGroup shop/web-site:80"]);
}

#[test]
fn without_room_for_a_check_rule_nothing_waits() {
    let (mut wanted, start) = (one_rule(forward_to(GROUPS[1])), with_rule(found_forward_to(GROUPS[0])));
    wanted.rules_allowed = Some(1);
    assert_eq!(steps(&plan_with(&wanted, &start, &bindings(&[]))), ["ModifyRule 80:1"]);
    wanted.rules_allowed = Some(2);
    assert_eq!(steps(&plan_with(&wanted, &start, &bindings(&[]))).len(), 4);
}
