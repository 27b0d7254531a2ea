//! Edits while clients come: after every write, and whenever time goes by, requests of every kind are answered as before the
//! edit or as after it, and what was and will be answered is answered all the time.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use northgate_simulator::{
    AccountOptions, ForcedHealth, ForcedState, HealthOutcome, Observed, ObservedTargetGroup, Simulator,
};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::{World, run, scope};

/// How long an edit may take to be carried out.
const REST: Duration = Duration::from_secs(200);

/// What clients ask for: host and path.
const REQUESTS: &[(&str, &str)] = &[
    ("svc1.example.com", "/"),
    ("svc2.example.com", "/"),
    ("svc2.example.com", "/svc1.html"),
    ("other.example.com", "/"),
    ("other.example.com", "/svc1.html"),
    ("other.example.com", "/svc2.html"),
];

/// Who may answer each request: Services, or a status of the load balancer's own.
type Answers = Vec<BTreeSet<String>>;

/// The answers of the one load balancer that there is; none before it listens.
fn answers(observed: &Observed) -> Option<Answers> {
    let (listener, _) = observed.listeners.first_key_value()?;
    let mut rules = observed.rules.values().filter(|rule| rule.listener_arn == *listener).collect::<Vec<_>>();
    rules.sort_by_key(|rule| rule.priority.unwrap_or(u32::MAX));
    let answer = |(host, path): &(&str, &str)| {
        let takes = |rule: &Value| {
            let conditions = rule["Conditions"].as_array().into_iter().flatten();
            conditions.into_iter().all(|condition| {
                let (field, text) = match condition["Field"].as_str().unwrap() {
                    "host-header" => ("HostHeaderConfig", host),
                    "path-pattern" => ("PathPatternConfig", path),
                    "source-ip" => return false,
                    other => panic!("no test asks for {other}"),
                };
                texts(&condition[field]["Values"]).iter().any(|pattern| matches(pattern, text))
            })
        };
        let rule = rules.iter().find(|rule| takes(&rule.description)).expect("the default rule takes all");
        answerers(&rule.description["Actions"][0], observed)
    };
    Some(REQUESTS.iter().map(answer).collect())
}

fn texts(values: &Value) -> Vec<&str> {
    values.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// `*` is any text; the tests have it at the end only.
fn matches(pattern: &str, text: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == text, |start| text.starts_with(start))
}

fn answerers(action: &Value, observed: &Observed) -> BTreeSet<String> {
    if action["Type"] != "forward" {
        let status = action.pointer("/FixedResponseConfig/StatusCode").or(action.pointer("/RedirectConfig/StatusCode"));
        return [status.unwrap().as_str().unwrap().to_owned()].into();
    }
    let groups = action["ForwardConfig"]["TargetGroups"].as_array().unwrap();
    let taken = groups.iter().filter(|group| groups.len() == 1 || group["Weight"] != 0);
    taken.map(|group| answerer(&observed.target_groups[group["TargetGroupArn"].as_str().unwrap()])).collect()
}

/// The resource id of a group that serves; a load balancer without a target to send a request to answers 503 itself.
fn answerer(group: &ObservedTargetGroup) -> String {
    let serves = group.targets.iter().any(|target| matches!(target.state.as_str(), "healthy" | "unhealthy"));
    if serves { group.tags["ingress.k8s.aws/resource"].clone() } else { "503 for want of targets".to_owned() }
}

/// Clients that come after every write and every quarter of a second.
struct Clients {
    seen: Arc<Mutex<Vec<Answers>>>,
    coming: JoinHandle<()>,
}

impl Clients {
    fn come(simulator: &Simulator) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (noted, simulator, mut changes) = (Arc::clone(&seen), simulator.clone(), simulator.changes());
        let coming = tokio::spawn(async move {
            loop {
                let now = answers(&simulator.observe(&scope()).await.unwrap());
                {
                    let mut noted = noted.lock().unwrap();
                    if let Some(now) = now.filter(|now| noted.last() != Some(now)) {
                        noted.push(now);
                    }
                }
                tokio::select! {
                    _ = changes.changed() => {}
                    () = tokio::time::sleep(Duration::from_millis(250)) => {}
                }
            }
        });
        Self { seen, coming }
    }

    /// Sends them home; every request was answered as at first or as at last.
    fn leave(self, edit: &str) {
        self.coming.abort();
        let seen = self.seen.lock().unwrap().clone();
        let (first, last) = (seen.first().unwrap(), seen.last().unwrap());
        for (moment, now) in seen.iter().enumerate() {
            for (place, request) in REQUESTS.iter().enumerate() {
                let either = first[place].union(&last[place]).cloned().collect::<BTreeSet<_>>();
                assert!(
                    now[place].is_subset(&either),
                    "{edit}, at moment {moment}: {request:?} gets {:?}, before {:?}, after {:?}",
                    now[place],
                    first[place],
                    last[place]
                );
            }
        }
    }
}

/// What there is in the end, without what is made anew: rules with what they do, and target groups.
fn end_state(observed: &Observed) -> Vec<String> {
    let rules = observed.rules.values().map(|rule| {
        let conditions = rule.description["Conditions"].to_string();
        format!(
            "{:?} {conditions} {:?} {:?}",
            rule.priority,
            answerers(&rule.description["Actions"][0], observed),
            rule.tags
        )
    });
    let groups = observed.target_groups.values().map(|group| format!("{} {:?}", group.name, group.targets.len()));
    let mut all = rules.chain(groups).collect::<Vec<_>>();
    all.sort();
    all
}

impl World {
    /// Applies an edit while clients come, and gives what there is at the end.
    async fn edit_under_traffic(&self, edit: &str, ingress: Value) -> Answers {
        let clients = Clients::come(&self.simulator);
        tokio::time::sleep(Duration::from_secs(1)).await;
        self.apply(ingress);
        tokio::time::sleep(REST).await;
        clients.leave(edit);
        let observed = self.observe().await;
        assert!(!format!("{:?}", observed.rules).contains("northgate.invalid"), "{edit}: no check rule is left");
        answers(&observed).unwrap()
    }

    /// Ends the controller in the midst of what it does, and starts another one.
    async fn crash(&mut self) {
        self.running.abort();
        _ = (&mut self.running).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        (self.stop, self.running) = run(&self.simulator, &self.kubernetes, self.start, self.prometheus);
    }

    /// How many calls so far were no reads.
    fn writes(&self) -> usize {
        let reads = ["Describe", "Get", "List"];
        let calls = self.simulator.calls_after(0);
        calls.iter().filter(|call| !reads.iter().any(|read| call.action.starts_with(read))).count()
    }
}

/// The Ingress of the tutorial.
fn tutorial(spec: Value) -> Value {
    json!({ "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": { "name": "nginx-ingress", "namespace": "default", "annotations": {
            "kubernetes.io/ingress.class": "alb", "alb.ingress.kubernetes.io/scheme": "internet-facing" } },
        "spec": spec })
}

fn to(service: &str) -> Value {
    json!({ "service": { "name": service, "port": { "number": 80 } } })
}

fn path(path: &str, service: &str) -> Value {
    json!({ "path": path, "pathType": "ImplementationSpecific", "backend": to(service) })
}

fn rule(host: Option<&str>, paths: &[Value]) -> Value {
    match host {
        Some(host) => json!({ "host": host, "http": { "paths": paths } }),
        None => json!({ "http": { "paths": paths } }),
    }
}

/// Step 4: a default backend.
fn default_backend() -> Value {
    tutorial(json!({ "defaultBackend": to("nginx-service") }))
}

/// Step 5: two paths.
fn two_paths(first: &str, second: &str) -> Value {
    tutorial(json!({ "rules": [rule(None, &[path("/svc1.html", first), path("/svc2.html", second)])] }))
}

/// Step 6: two hosts, and a rule for all others.
fn hosts(hosts: &[(Option<&str>, &str)]) -> Value {
    let rules = hosts.iter().map(|(host, service)| rule(*host, &[path("/*", service)])).collect::<Vec<_>>();
    tutorial(json!({ "rules": rules }))
}

fn three_rules() -> Value {
    hosts(&[
        (Some("svc1.example.com"), "nginx-1-service"),
        (Some("svc2.example.com"), "nginx-2-service"),
        (None, "nginx-1-service"),
    ])
}

const SERVICES: &[(&str, &str)] =
    &[("default", "nginx-service"), ("default", "nginx-1-service"), ("default", "nginx-2-service")];

async fn at(ingress: Value) -> World {
    let world = World::with(SERVICES).await;
    world.apply(ingress);
    tokio::time::sleep(REST).await;
    world
}

fn group(service: &str) -> BTreeSet<String> {
    [format!("default/nginx-ingress-{service}:80")].into()
}

fn status(code: &str) -> BTreeSet<String> {
    [code.to_owned()].into()
}

#[tokio::test(start_paused = true)]
async fn the_tutorial_is_lived_through_without_a_request_lost() {
    let world = at(default_backend()).await;
    let host = world.host("default", "nginx-ingress").expect("an address");
    let (all, one, two) = (group("nginx-service"), group("nginx-1-service"), group("nginx-2-service"));
    assert_eq!(answers(&*world.observe().await).unwrap(), vec![all; 6]);
    let there = world.edit_under_traffic("4 to 5", two_paths("nginx-1-service", "nginx-2-service")).await;
    let (none, first, second) = (|| status("404"), || one.clone(), || two.clone());
    assert_eq!(there, [none(), none(), first(), none(), first(), second()]);
    assert_eq!(world.observe().await.target_groups.len(), 2, "the old one is gone");
    let there = world.edit_under_traffic("5 to 6", three_rules()).await;
    assert_eq!(there, [first(), second(), second(), first(), first(), first()]);
    world.edit_under_traffic("6 to 5", two_paths("nginx-1-service", "nginx-2-service")).await;
    world.edit_under_traffic("5 to 4", default_backend()).await;
    assert_eq!(world.host("default", "nginx-ingress"), Some(host), "the same address all the while");
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn everyday_edits_lose_no_request() {
    let world = at(two_paths("nginx-1-service", "nginx-2-service")).await;
    world.edit_under_traffic("another backend", two_paths("nginx-service", "nginx-2-service")).await;
    world.edit_under_traffic("two backends swapped", two_paths("nginx-2-service", "nginx-service")).await;
    let swapped = tutorial(json!({ "rules":
        [rule(None, &[path("/svc2.html", "nginx-service"), path("/svc1.html", "nginx-2-service")])] }));
    world.edit_under_traffic("two paths swapped", swapped).await;
    world.edit_under_traffic("hosts", three_rules()).await;
    let more = hosts(&[
        (Some("other.example.com"), "nginx-service"),
        (Some("svc1.example.com"), "nginx-1-service"),
        (Some("svc2.example.com"), "nginx-2-service"),
        (None, "nginx-1-service"),
    ]);
    let there = world.edit_under_traffic("a host more, to a backend that is new", more).await;
    assert_eq!(there[3], group("nginx-service"));
    world.edit_under_traffic("a host less", three_rules()).await;
    world.end().await;
}

fn canary(weights: &[(&str, u16)]) -> Value {
    let groups =
        weights.iter().map(|(service, weight)| json!({ "serviceName": service, "servicePort": 80, "weight": weight }));
    let action = json!({ "type": "forward", "forwardConfig": { "targetGroups": groups.collect::<Vec<_>>() } });
    let backend = json!({ "service": { "name": "split", "port": { "name": "use-annotation" } } });
    let mut ingress = tutorial(
        json!({ "rules": [{ "http": { "paths": [{ "path": "/", "pathType": "Prefix", "backend": backend }] } }] }),
    );
    ingress["metadata"]["annotations"]["alb.ingress.kubernetes.io/actions.split"] = json!(action.to_string());
    ingress
}

#[tokio::test(start_paused = true)]
async fn a_canary_comes_grows_and_takes_over_without_a_request_lost() {
    let world = at(canary(&[("nginx-1-service", 100)])).await;
    let both = canary(&[("nginx-1-service", 90), ("nginx-2-service", 10)]);
    let there = world.edit_under_traffic("a canary", both).await;
    assert_eq!(there[0].len(), 2);
    world.edit_under_traffic("more of it", canary(&[("nginx-1-service", 50), ("nginx-2-service", 50)])).await;
    let there = world.edit_under_traffic("only it", canary(&[("nginx-2-service", 100)])).await;
    assert_eq!(there[0], group("nginx-2-service"));
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn targets_that_are_never_healthy_get_nothing_and_hold_up_nobody_else() {
    let world = at(hosts(&[(Some("svc1.example.com"), "nginx-1-service"), (None, "nginx-1-service")])).await;
    let healthy = world.simulator.options(&scope()).await;
    let never = AccountOptions { health_outcome: HealthOutcome::Never, ..healthy.clone() };
    // Those that are there are fixed as they are: only new ones never come up.
    let observed = world.observe().await;
    for (arn, there) in &observed.target_groups {
        for target in &there.targets {
            let forced = ForcedHealth {
                target_group_arn: arn.clone(),
                target_id: target.id.clone(),
                port: Some(target.port),
                state: Some(ForcedState::Healthy),
                reason: None,
            };
            world.simulator.force_target_health(&scope(), forced).await.unwrap();
        }
    }
    world.simulator.set_options(&scope(), never).await;
    let wanted = hosts(&[
        (Some("svc2.example.com"), "nginx-2-service"),
        (Some("svc1.example.com"), "nginx-1-service"),
        (None, "nginx-1-service"),
    ]);
    world.apply(wanted.clone());
    tokio::time::sleep(REST).await;
    let now = answers(&*world.observe().await).unwrap();
    assert_eq!((&now[0], &now[1]), (&group("nginx-1-service"), &group("nginx-1-service")), "as before");
    let told = world.notes("default", "nginx-ingress", "Waiting");
    assert!(told.iter().any(|note| note.contains("default/nginx-2-service")), "{told:?}");
    // Another host of the same Ingress is changed meanwhile.
    let mut other = wanted;
    other["spec"]["rules"][1]["host"] = json!("other.example.com");
    world.apply(other);
    tokio::time::sleep(REST).await;
    let rules = format!("{:?}", world.observe().await.rules);
    assert!(rules.contains("other.example.com"), "{rules}");
    world.simulator.set_options(&scope(), healthy).await;
    tokio::time::sleep(Duration::from_secs(700)).await;
    let now = answers(&*world.observe().await).unwrap();
    assert_eq!(now[1], group("nginx-2-service"), "healthy at last");
    world.end().await;
}

/// Ends the controller after each write of an edit.
async fn killed_at_every_write(from: Value, to: Value) {
    let (mut expected, mut all) = (None, usize::MAX);
    let mut kill_after = 0;
    while kill_after <= all {
        let mut world = at(from.clone()).await;
        let before = world.writes();
        let clients = Clients::come(&world.simulator);
        tokio::time::sleep(Duration::from_secs(1)).await;
        world.apply(to.clone());
        if expected.is_some() {
            let mut changes = world.simulator.changes();
            let reached = async {
                while world.writes() < before + kill_after {
                    changes.changed().await.unwrap();
                }
            };
            // Where the last edit needs fewer writes there is nothing to wait for.
            _ = tokio::time::timeout(REST, reached).await;
            world.crash().await;
        }
        tokio::time::sleep(REST).await;
        clients.leave(&format!("killed after {kill_after} writes"));
        let end = end_state(&*world.observe().await);
        match &expected {
            None => {
                all = world.writes() - before;
                expected = Some(end);
            }
            Some(expected) => {
                assert_eq!(end, *expected, "killed after {kill_after} of {all} writes");
                kill_after += 1;
            }
        }
        world.end().await;
    }
    assert!(all > 5, "{all} writes");
}

#[tokio::test(start_paused = true)]
async fn killed_at_any_write_from_a_default_backend_to_paths_no_request_is_lost() {
    killed_at_every_write(default_backend(), two_paths("nginx-1-service", "nginx-2-service")).await;
}

#[tokio::test(start_paused = true)]
async fn killed_at_any_write_from_paths_to_hosts_with_a_new_backend_no_request_is_lost() {
    let more = hosts(&[
        (Some("other.example.com"), "nginx-service"),
        (Some("svc1.example.com"), "nginx-1-service"),
        (None, "nginx-2-service"),
    ]);
    killed_at_every_write(two_paths("nginx-1-service", "nginx-2-service"), more).await;
}
