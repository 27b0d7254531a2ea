//! Whole listeners against an account that does as it is told: every request is answered as before or as in the end, a pass
//! that stops goes on with what was left, and all ends in agreement.

mod account;
mod checks;

use self::account::{
    GROUPS, account, answer, carried_out, expect_agreement, forward_to, found, found_forward_to, found_listener,
    found_rule, group_arn, host, listener, paths, plan, tags, wanted,
};
use crate::actual::{ActualListener, ActualStack};
use crate::desired::{Desired, Listener};
use crate::id::{CertificateArn, ObjectName, Protocol, RedirectStatusCode, ResourceKind};
use crate::model::{Action, Condition, Redirect};
use crate::plan::Impact;
use crate::route::{Request, route};

/// How an account answers a request: what the first rule that takes it does, as the route on the same listeners says.
fn answered(found: &ActualStack, request: &Request) -> String {
    let listener = |found: &ActualListener| {
        let rules = found.rules.iter().map(|rule| (rule.conditions.clone(), rule.actions[0].clone())).collect();
        (found.port, Listener { default_actions: found.default_actions.clone(), ..listener(rules) })
    };
    let seen = wanted(found.load_balancers[0].listeners.iter().map(listener).collect());
    route(&seen, request).map_or_else(|none| none.to_string(), |route| route.actions[0].to_string())
}

fn requests() -> Vec<Request> {
    let mut requests = Vec::new();
    for host in ["a.example.com", "b.example.com", "other.org"] {
        for path in ["/", "/api", "/api/v1", "/shop", "/api/v1/x"] {
            requests.push(Request {
                protocol: Protocol::Http,
                port: Some(80),
                host: host.to_owned(),
                path: path.to_owned(),
                query: String::new(),
                method: "GET".to_owned(),
                headers: Vec::new(),
                source: None,
            });
        }
    }
    requests
}

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn of<T: Clone>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())].clone()
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(limit).unwrap()).unwrap()
    }

    fn conditions(&mut self) -> Vec<Condition> {
        self.of(&[
            vec![host("a.example.com")],
            vec![host("*.example.com")],
            vec![paths(&["/api", "/api/*"])],
            vec![paths(&["/api/v1", "/api/v1/*"])],
            vec![host("a.example.com"), paths(&["/*"])],
            vec![host("b.example.com"), paths(&["/shop"])],
            vec![paths(&["/*"])],
        ])
    }

    fn action(&mut self) -> usize {
        self.below(GROUPS.len() + 1)
    }
}

fn wanted_action(number: usize) -> Action {
    GROUPS.get(number).map_or_else(|| answer("503"), |resource| forward_to(resource))
}

fn found_action(number: usize) -> Action {
    GROUPS.get(number).map_or_else(|| answer("503"), |resource| found_forward_to(resource))
}

#[test]
fn from_any_rules_the_wanted_ones_are_reached_without_a_wrong_answer() {
    let mut numbers = Numbers(0x1257);
    let requests = requests();
    for case in 0..400 {
        let mut rules = (0..numbers.below(6)).map(|_| (numbers.conditions(), numbers.action())).collect::<Vec<_>>();
        let there = (1..).zip(&rules);
        let there =
            there.map(|(place, (conditions, action))| found_rule(place * 3, conditions.clone(), found_action(*action)));
        let mut start = found_listener(80, there.collect());
        if numbers.below(3) == 0 {
            start.default_actions = vec![found_forward_to(GROUPS[0])];
        }
        for _ in 0..numbers.below(5) {
            match numbers.below(4) {
                0 if !rules.is_empty() => _ = rules.remove(numbers.below(rules.len())),
                1 if !rules.is_empty() => {
                    let place = numbers.below(rules.len());
                    rules[place].1 = numbers.action();
                }
                2 if !rules.is_empty() => {
                    let (from, to) = (numbers.below(rules.len()), numbers.below(rules.len()));
                    rules.swap(from, to);
                }
                _ => {
                    let (conditions, action) = (numbers.conditions(), numbers.action());
                    rules.insert(numbers.below(rules.len() + 1), (conditions, action));
                }
            }
        }
        let rules = rules.into_iter().map(|(conditions, action)| (conditions, wanted_action(action))).collect();
        let wanted = wanted(vec![(80, listener(rules))]);
        let (states, calls, _) = carried_out(&wanted, &account(vec![start]));
        let last = states.last().unwrap();
        expect_agreement(&wanted, last);
        for request in &requests {
            let (before, after) = (answered(&states[0], request), answered(last, request));
            for (state, call) in states[1..].iter().zip(&calls) {
                let now = answered(state, request);
                assert!(now == before || now == after, "case {case}: {call} in {calls:?}: {request:?} gets {now}");
            }
        }
        for (done, state) in states.iter().enumerate() {
            let (_, left, _) = carried_out(&wanted, state);
            assert_eq!(left, calls[done..], "case {case}: after {done} of {calls:?}");
        }
    }
}

#[test]
fn a_new_listener_gets_its_rules_in_their_places_all_at_the_same_time() {
    let rules = vec![
        (vec![host("a.example.com"), paths(&["/*"])], forward_to(GROUPS[0])),
        (vec![host("a.example.com")], forward_to(GROUPS[1])),
        (vec![paths(&["/*"])], answer("503")),
    ];
    let wanted = wanted(vec![(80, listener(rules))]);
    let (states, calls, plan) = carried_out(&wanted, &found());
    assert_eq!(calls, ["CreateListener", "CreateRule", "CreateRule", "CreateRule"]);
    assert_eq!(crate::plan::together(&plan.steps[1..]), 3);
    expect_agreement(&wanted, states.last().unwrap());
}

#[test]
fn on_a_listener_that_serves_only_rules_that_no_request_meets_both_of_are_made_at_the_same_time() {
    let rules = vec![
        (vec![host("a.example.com")], forward_to(GROUPS[0])),
        (vec![host("b.example.com")], forward_to(GROUPS[1])),
        (vec![host("*.example.com")], forward_to(GROUPS[2])),
    ];
    let wanted = wanted(vec![(80, listener(rules))]);
    let plan = plan(&wanted, &account(vec![found_listener(80, Vec::new())]));
    assert_eq!(crate::plan::together(&plan.steps), 2);
    assert_eq!(crate::plan::together(&plan.steps[2..]), 1);
}

#[test]
fn certificates_are_added_before_others_go_and_the_default_one_changes_between() {
    let arn = |name: &str| CertificateArn::new(format!("arn:certificate/{name}"));
    let https = |certificates: Vec<CertificateArn>| Listener {
        protocol: Protocol::Https,
        ssl_policy: Some("ELBSecurityPolicy-2016-08".to_owned()),
        certificates,
        ..listener(Vec::new())
    };
    let start = ActualListener {
        protocol: Protocol::Https,
        ssl_policy: Some("ELBSecurityPolicy-2016-08".to_owned()),
        default_certificate: Some(arn("old")),
        certificates: [arn("old"), arn("both")].into(),
        ..found_listener(80, Vec::new())
    };
    let wanted = wanted(vec![(80, https(vec![arn("new"), arn("both")]))]);
    let (states, calls, plan) = carried_out(&wanted, &account(vec![start]));
    assert_eq!(calls, ["AddListenerCertificates", "ModifyListener", "RemoveListenerCertificates"]);
    assert!(plan.changes().all(|change| change.impact == Impact::None));
    expect_agreement(&wanted, states.last().unwrap());
}

#[test]
fn a_listener_redirects_only_when_the_other_one_is_ready() {
    let redirect = Action::Redirect(Redirect {
        protocol: Some("HTTPS".to_owned()),
        port: Some("443".to_owned()),
        host: None,
        path: None,
        query: None,
        status_code: RedirectStatusCode::Http301,
    });
    let rules = vec![(vec![paths(&["/api"])], forward_to(GROUPS[0]))];
    let there = vec![found_rule(1, vec![paths(&["/api"])], found_forward_to(GROUPS[0]))];
    let mut https = Listener { protocol: Protocol::Https, tags: tags("443"), ..listener(rules) };
    https.rules[0].tags = tags("443:1");
    let http = Listener { default_actions: vec![redirect], ..listener(Vec::new()) };
    let wanted = wanted(vec![(80, http), (443, https)]);
    let (states, calls, _) = carried_out(&wanted, &account(vec![found_listener(80, there)]));
    assert_eq!(calls, ["CreateListener", "CreateRule", "ModifyListener", "DeleteRule"]);
    expect_agreement(&wanted, states.last().unwrap());
}

#[test]
fn what_a_member_that_is_set_aside_had_stays_in_its_place() {
    let redirect = Action::Redirect(Redirect {
        protocol: Some("HTTPS".to_owned()),
        port: None,
        host: None,
        path: None,
        query: None,
        status_code: RedirectStatusCode::Http301,
    });
    let there = vec![
        found_rule(1, vec![paths(&["/api"])], found_forward_to(GROUPS[0])),
        found_rule(2, vec![paths(&["/cart"])], found_forward_to(GROUPS[2])),
        found_rule(3, vec![paths(&["/old"])], redirect),
        found_rule(4, vec![paths(&["/gone"])], found_forward_to(GROUPS[1])),
    ];
    let other = found_listener(8080, vec![found_rule(1, vec![paths(&["/x"])], found_forward_to(GROUPS[2]))]);
    let start = account(vec![
        ActualListener { default_actions: vec![found_forward_to(GROUPS[2])], ..found_listener(80, there) },
        other,
    ]);
    let rules = vec![(vec![paths(&["/api"])], forward_to(GROUPS[0])), (vec![paths(&["/site"])], forward_to(GROUPS[1]))];
    let mut wanted = wanted(vec![(80, listener(rules))]);
    wanted.set_aside = [ObjectName::new("shop", "cart")].into();
    wanted.target_groups.remove(GROUPS[2]);
    let (states, _, plan) = carried_out(&wanted, &start);
    let last = states.last().unwrap();
    expect_agreement(&wanted, last);
    let listeners = &last.load_balancers[0].listeners;
    let told = listeners[0].rules.iter().map(|rule| (rule.priority, rule.conditions[0].to_string()));
    let told = told.collect::<Vec<_>>();
    let expected = [(1, "path /api"), (2, "path /cart"), (3, "path /old"), (4, "path /site")];
    assert_eq!(told, expected.map(|(place, text)| (place, text.to_owned())));
    assert_eq!(listeners[0].rules[3].tags["service.k8s.aws/resource"], "80:4");
    assert_eq!(listeners[0].default_actions, [found_forward_to(GROUPS[2])], "nobody else asks for a default");
    assert_eq!(listeners.len(), 2, "its listener stays");
    assert!(plan.changes().all(|change| change.resource.key.kind != ResourceKind::TargetGroup));
}

#[test]
fn a_default_backend_goes_with_its_member_though_another_one_is_set_aside() {
    let there = |port| {
        let listener = found_listener(port, vec![found_rule(1, vec![paths(&["/cart"])], found_forward_to(GROUPS[2]))]);
        ActualListener { default_actions: vec![found_forward_to(GROUPS[1])], ..listener }
    };
    let mut wanted = wanted(vec![(80, listener(vec![(vec![paths(&["/api"])], forward_to(GROUPS[0]))]))]);
    wanted.set_aside = [ObjectName::new("shop", "cart")].into();
    wanted.target_groups.remove(GROUPS[1]);
    wanted.target_groups.remove(GROUPS[2]);
    let other = ActualListener { tags: tags("8080"), ..there(8080) };
    let (states, calls, _) = carried_out(&wanted, &account(vec![there(80), other]));
    let last = states.last().unwrap();
    expect_agreement(&wanted, last);
    for listener in &last.load_balancers[0].listeners {
        assert_eq!(listener.default_actions, [answer("404")], "port {}", listener.port);
        let kept = listener.rules.iter().any(|rule| rule.actions == [found_forward_to(GROUPS[2])]);
        assert!(kept, "port {}: what is set aside stays", listener.port);
    }
    assert_eq!(calls.last(), Some(&"DeleteTargetGroup"));
}

#[test]
fn rules_without_room_are_told_with_what_is_used_and_allowed_and_the_rest_goes_on() {
    let rules = (0..3).map(|place| (vec![paths(&[&format!("/{place}")])], answer("503"))).collect();
    let mut wanted = wanted(vec![(80, listener(rules))]);
    wanted.rules_allowed = Some(2);
    let (_, calls, plan) = carried_out(&wanted, &account(vec![found_listener(80, Vec::new())]));
    assert_eq!(calls, ["CreateRule", "CreateRule"]);
    assert!(!plan.refused);
    let [problem] = plan.problems.as_slice() else { panic!("one problem: {:?}", plan.problems) };
    assert_eq!(problem.field.as_deref(), Some("spec.rules[0].http.paths[2]"));
    assert!(problem.message.contains("would have 3 rules of its own, and 2 are allowed"), "{}", problem.message);
}

#[test]
fn where_there_is_no_room_a_rule_that_joins_others_grows_out_of_the_first_of_them() {
    let there = (1..=3).map(|place| found_rule(place, vec![paths(&[&format!("/{place}")])], answer("503"))).collect();
    let start = account(vec![found_listener(80, there)]);
    let rules = [&["/1", "/2"][..], &["/3"], &["/4"]].map(|texts| (vec![paths(texts)], answer("503")));
    let mut wanted = wanted(vec![(80, listener(rules.to_vec()))]);
    wanted.rules_allowed = Some(3);
    let (states, calls, plan) = carried_out(&wanted, &start);
    assert_eq!(calls[..4], ["ModifyRule", "SetRulePriorities", "DeleteRule", "CreateRule"]);
    assert!(plan.changes().all(|change| change.impact == Impact::None), "{:?}", plan.changes().collect::<Vec<_>>());
    for state in &states {
        for path in ["/1", "/2", "/3"] {
            let request = Request { path: path.to_owned(), ..requests().remove(0) };
            assert_eq!(answered(state, &request), "fixed response 503", "{path}");
        }
    }
    expect_agreement(&wanted, states.last().unwrap());
}

#[test]
fn rules_that_move_to_another_listener_wait_for_the_room_that_it_leaves() {
    let there =
        (0..2).map(|place| found_rule(place + 1, vec![paths(&[&format!("/{place}")])], answer("503"))).collect();
    let rules = (0..2).map(|place| (vec![paths(&[&format!("/{place}")])], answer("503"))).collect();
    let mut wanted = wanted(vec![(8080, Listener { tags: tags("8080"), ..listener(rules) })]);
    wanted.rules_allowed = Some(3);
    for (place, rule) in wanted.listeners.get_mut(&8080).unwrap().rules.iter_mut().enumerate() {
        rule.tags = tags(&format!("8080:{}", place + 1));
    }
    let (states, calls, _) = carried_out(&wanted, &account(vec![found_listener(80, there)]));
    assert_eq!(calls, ["CreateListener", "CreateRule", "DeleteListener", "CreateRule"]);
    expect_agreement(&wanted, states.last().unwrap());
}

#[test]
fn a_group_of_a_hundred_rules_is_decided_in_no_time() {
    let rule = |place: usize| {
        (vec![host(&format!("{place}.example.com")), paths(&["/", "/*"])], forward_to(GROUPS[place % 3]))
    };
    let wanted = wanted(vec![(80, listener((0..100).map(rule).collect()))]);
    let start = std::time::Instant::now();
    let plan = plan(&wanted, &account(vec![found_listener(80, Vec::new())]));
    assert_eq!(plan.changes().count(), 100);
    // Unoptimised and beside other tests; the bench says how long it takes.
    assert!(start.elapsed() < std::time::Duration::from_secs(5), "{:?}", start.elapsed());
}

/// Of a listener the paths of its rules with what they do.
fn shown(found: &ActualStack) -> Vec<String> {
    let rules = &found.load_balancers[0].listeners[0].rules;
    let one = |rule: &crate::actual::ActualRule| match &rule.actions[0] {
        Action::Forward(forward) => {
            let group = forward.target_groups[0].target_group_arn.known().unwrap().as_str();
            let group = GROUPS.iter().find(|resource| group_arn(resource).as_str() == group).unwrap();
            format!("{} {group}", rule.conditions[0])
        }
        other => format!("{} {other}", rule.conditions[0]),
    };
    rules.iter().map(one).collect()
}

fn members(names: &[&str]) -> Vec<ObjectName> {
    names.iter().map(|name| ObjectName::new("shop", *name)).collect()
}

#[test]
fn an_answer_that_may_be_of_a_member_that_is_set_aside_becomes_nobody_elses_rule() {
    let x = || vec![paths(&["/x"])];
    let missing = || Action::unavailable("service");
    let mut wanted = wanted(vec![(80, listener(vec![(x(), missing())]))]);
    wanted.set_aside = members(&["cart"]).into_iter().collect();
    wanted.target_groups.remove(GROUPS[2]);
    // Another member has a rule of its own for the same requests: that one changes.
    wanted.members = members(&["cart", "web"]);
    let both = vec![found_rule(1, x(), answer("410")), found_rule(2, x(), found_forward_to(GROUPS[0]))];
    let (states, calls, _) = carried_out(&wanted, &account(vec![found_listener(80, both)]));
    let last = states.last().unwrap();
    assert_eq!(shown(last), ["path /x fixed response 410", "path /x fixed response 503"], "{calls:?}");
    expect_agreement(&wanted, last);
    // It wants one: that one is made, before or after by the group's order.
    let alone = || account(vec![found_listener(80, vec![found_rule(1, x(), answer("410"))])]);
    wanted.listeners = [(80, listener(vec![(x(), forward_to(GROUPS[0]))]))].into();
    for (order, expected) in [
        (["cart", "web"], ["path /x fixed response 410", "path /x shop/web-api:80"]),
        (["web", "cart"], ["path /x shop/web-api:80", "path /x fixed response 410"]),
    ] {
        wanted.members = members(&order);
        let (states, calls, _) = carried_out(&wanted, &alone());
        let last = states.last().unwrap();
        assert_eq!(shown(last), expected, "{calls:?}");
        expect_agreement(&wanted, last);
        // And when it goes, the other one is there as it was.
        let without = Desired { listeners: [(80, listener(Vec::new()))].into(), ..wanted.clone() };
        let (states, calls, _) = carried_out(&without, last);
        assert_eq!(calls, if order[0] == "web" { &["SetRulePriorities", "DeleteRule"][..] } else { &["DeleteRule"] });
        assert_eq!(shown(states.last().unwrap()), ["path /x fixed response 410"]);
    }
    // That a Service is missing is said of nobody in particular, and becomes the rule to the Service when that is there.
    let placeholder = account(vec![found_listener(80, vec![found_rule(1, x(), missing())])]);
    let (states, calls, _) = carried_out(&wanted, &placeholder);
    assert_eq!(calls, ["ModifyRule"]);
    expect_agreement(&wanted, states.last().unwrap());
}
