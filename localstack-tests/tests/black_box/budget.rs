//! How many calls and how much time a Service and an Ingress cost.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::{Duration, Instant};

use localstack_tests::bed::Bed;
use localstack_tests::proxy::Call;
use localstack_tests::until;
use serde_json::json;

use crate::holdings::Holdings;
use crate::ingress::{Ingress, backends, classes};
use crate::printed_plan::agreement;
use crate::service::{GLANCE, LIMIT, Service, bindings_count};

/// Calls for a one-port Service, from apply until status and targets stand, polls apart.
const FIRST_IN_A_CLUSTER: usize = 20;
const WARM: usize = 14;
/// Calls for an Ingress with two rules and two target groups in a cluster that has others, counted likewise.
const WARM_INGRESS: usize = 18;
/// How long after its start the controller looks at worker rules once more that it could not close for want of knowledge.
const AFTER_A_START: Duration = Duration::from_secs(11);
/// From creation to the host name in the status.
const PROVISIONING: Duration = Duration::from_secs(3);
const HOST_NAME: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_service_costs_few_calls_and_its_host_name_comes_soon() {
    let bed = Bed::start().await.unwrap();
    if let Some(simulator) = bed.cloud().simulator() {
        let delay = json!({ "provisioningDelay": PROVISIONING.as_secs() });
        simulator.set_options(bed.account.id(), bed.account.region(), &delay).await.unwrap();
    }
    let mut controller = bed.start_controller(&[]).await.unwrap();
    controller.ready().await.unwrap();

    let first = Service::new("first", &[80]).on_node_port(0, 30_100);
    let first = cost(&bed, || first.apply(&bed), || first.host_name(&bed), 1).await;
    // One more, so that the worker rule spans from 30100 to 30300.
    Service::new("wide", &[80]).on_node_port(0, 30_300).apply(&bed).await;
    Holdings::standing(&bed, 2, 2).await;
    bindings_count(&bed, 2).await;
    let warm = Service::new("warm", &[80]).on_node_port(0, 30_200);
    let warm = cost(&bed, || warm.apply(&bed), || warm.host_name(&bed), 3).await;

    print("a one-port Service", &[("first in a cluster", &first), ("warm", &warm)]);
    assert!(first.calls() <= FIRST_IN_A_CLUSTER, "{} calls for the first Service", first.calls());
    assert!(warm.calls() <= WARM, "{} calls for a Service in a warm cluster", warm.calls());
    for (which, cost) in [("first", &first), ("warm", &warm)] {
        assert!(cost.host_name <= PROVISIONING + HOST_NAME, "{which}: {:?}", cost.host_name);
    }
}

#[tokio::test]
async fn an_ingress_costs_few_calls_in_a_cluster_that_has_others() {
    let bed = Bed::start().await.unwrap();
    let mut controller = bed.start_controller(&[]).await.unwrap();
    controller.ready().await.unwrap();
    classes(&bed).await;
    // The worker rule spans from the first to the last.
    for (name, node_port) in [("low", 30_100), ("web", 30_200), ("api", 30_300), ("high", 30_400)] {
        let service = Service::new(name, &[80]).on_node_port(0, node_port).classless().with("type", json!("NodePort"));
        service.apply(&bed).await;
    }
    let other = Ingress::new("other").path("", "/low", "low").path("", "/high", "high");
    let first = cost(&bed, || other.apply(&bed), || other.host_name(&bed), 1).await;
    bindings_count(&bed, 2).await;
    agreement(&bed).await;
    tokio::time::sleep(AFTER_A_START).await;
    let shop = Ingress::new("shop").path("", "/web", "web").path("", "/api", "api");
    let warm = cost(&bed, || shop.apply(&bed), || shop.host_name(&bed), 2).await;
    let found = Holdings::read(&bed).await;
    let rules = &found.load_balancer_of("default/shop").unwrap().listeners[0].rules;
    assert_eq!((rules.len(), found.target_groups.len()), (2, 4), "{found:#?}");

    print("an Ingress with two rules and two target groups", &[("first in a cluster", &first), ("warm", &warm)]);
    assert!(warm.calls() <= WARM_INGRESS, "{} calls for an Ingress in a warm cluster", warm.calls());
}

#[tokio::test]
async fn a_hundred_rules_are_made_in_parallel_and_no_call_is_throttled() {
    let bed = Bed::start().await.unwrap();
    if let Some(simulator) = bed.cloud().simulator() {
        let as_aws_does = json!({ "throttling": { "enabled": true } });
        simulator.set_options(bed.account.id(), bed.account.region(), &as_aws_does).await.unwrap();
    }
    let mut controller = bed.start_controller(&[]).await.unwrap();
    controller.ready().await.unwrap();
    classes(&bed).await;
    backends(&bed, &["web"]).await;
    bed.proxy.reset();
    let start = Instant::now();
    let paths = (0..100).fold(Ingress::new("shop"), |shop, number| shop.path("", &format!("/{number}"), "web"));
    paths.apply(&bed).await;
    // The journal is looked at, not the account: the test's own reads would draw on the same buckets.
    let made = async || {
        let journal = bed.proxy.journal();
        let made = journal.calls().iter().filter(|call| call.action == "CreateRule" && call.succeeded()).count();
        if made == 100 { Ok(()) } else { Err(format!("{made} rules are made\n{journal}")) }
    };
    until("hundred rules", 2 * LIMIT, GLANCE, made).await.unwrap();
    let took = start.elapsed();
    let journal = bed.proxy.journal();
    let calls = |action: &str| journal.calls().iter().filter(|call| call.action == action).cloned().collect::<Vec<_>>();
    let (writes, at_once) = (calls("CreateRule"), at_once(&calls("CreateRule")));
    let throttled = journal.calls().iter().filter(|call| !call.succeeded()).count();
    let reads = calls("DescribeRules").len();
    let said = format!(
        "\n100 rules of one listener: made in {:.1} s with {} writes, up to {at_once} at once; {reads} DescribeRules, \
         {throttled} calls refused\n",
        took.as_secs_f64(),
        writes.len(),
    );
    std::io::stderr().write_all(said.as_bytes()).unwrap();
    assert!(reads <= 1, "{reads} DescribeRules for one listener\n{journal}");
    assert_eq!((writes.len(), throttled), (100, 0), "{journal}");
    assert!(at_once > 1, "one after the other\n{journal}");
    Holdings::standing(&bed, 1, 2).await;
    agreement(&bed).await;
}

/// How many of some calls were under way at the same time.
fn at_once(calls: &[Call]) -> usize {
    let under_way = |at: Duration| {
        let others = calls.iter().filter(|call| call.at <= at && call.answered.is_none_or(|answered| answered > at));
        others.count()
    };
    calls.iter().map(|call| under_way(call.at)).max().unwrap_or_default()
}

#[tokio::test]
async fn a_second_pass_over_what_stands_writes_nothing() {
    let bed = Bed::start().await.unwrap();
    let mut controller = bed.start_controller(&[]).await.unwrap();
    controller.ready().await.unwrap();
    for name in ["web", "api"] {
        Service::new(name, &[80, 443]).apply(&bed).await;
    }
    classes(&bed).await;
    backends(&bed, &["shop", "cart"]).await;
    let shop = Ingress::new("shop").in_group("front").path("shop.example.com", "/", "shop");
    shop.path("shop.example.com", "/cart", "cart").annotated("tags", "team=shop").apply(&bed).await;
    Ingress::new("cart").in_group("front").path("", "/cart", "cart").apply(&bed).await;
    Holdings::standing(&bed, 3, 2).await;
    bindings_count(&bed, 2).await;
    let plan = agreement(&bed).await;
    controller.terminate().await.unwrap();
    let versions = versions(&bed).await;

    // A start with empty caches, then one sync period after the other.
    bed.proxy.reset();
    let mut controller = bed.start_controller(&["--sync-period=2s"]).await.unwrap();
    controller.ready().await.unwrap();
    until("three looks at every load balancer", LIMIT, GLANCE, async || {
        let looks = looks(bed.proxy.journal().calls());
        match looks.len() == 3 && looks.values().all(|times| *times >= 3) {
            true => Ok(()),
            false => Err(format!("{looks:#?}")),
        }
    })
    .await
    .unwrap();
    assert_eq!(bed.proxy.writes(), [], "nothing is written");
    assert_eq!(agreement(&bed).await["entries"], plan["entries"]);
    assert_eq!(self::versions(&bed).await, versions, "nothing is written to Kubernetes either");
}

/// How often the listeners of each load balancer were read: once in every pass over its stack.
fn looks(calls: &[Call]) -> BTreeMap<String, usize> {
    let mut looks = BTreeMap::new();
    for call in calls.iter().filter(|call| call.action == "DescribeListeners") {
        *looks.entry(call.params["LoadBalancerArn"].to_string()).or_default() += 1;
    }
    looks
}

/// The resource version of every object that the controller may write.
async fn versions(bed: &Bed) -> BTreeMap<String, String> {
    let found = bed.kubectl().get(&["services,ingresses,targetgroupbindings", "--all-namespaces"]).await.unwrap();
    let items = found["items"].as_array().cloned().unwrap_or_default();
    let of = |item: &serde_json::Value| {
        let metadata = &item["metadata"];
        (format!("{} {}", item["kind"], metadata["name"]), metadata["resourceVersion"].to_string())
    };
    items.iter().map(of).collect()
}

/// What one object cost.
struct Cost {
    /// Calls by name, polls apart.
    by_name: BTreeMap<String, usize>,
    polls: usize,
    host_name: Duration,
    standing: Duration,
}

impl Cost {
    fn calls(&self) -> usize {
        self.by_name.values().sum()
    }
}

/// Applies an object, which gets the n-th load balancer of the account, and counts until its status and its targets
/// stand.
async fn cost(
    bed: &Bed,
    apply: impl AsyncFnOnce(),
    host_name: impl AsyncFnOnce() -> String,
    load_balancers: usize,
) -> Cost {
    bed.proxy.reset();
    let start = Instant::now();
    apply().await;
    host_name().await;
    let host_name = start.elapsed();
    Holdings::standing(bed, load_balancers, 2).await;
    let standing = start.elapsed();
    let mut cost = Cost { by_name: BTreeMap::new(), polls: 0, host_name, standing };
    let mut seen = Vec::new();
    for call in bed.proxy.journal().calls() {
        if is_poll(call, &seen) {
            cost.polls += 1;
        } else {
            *cost.by_name.entry(call.name()).or_default() += 1;
        }
        seen.push(call.clone());
    }
    cost
}

/// Whether a call only looks whether a state has come: of load balancers that are known, or once more of targets.
fn is_poll(call: &Call, before: &[Call]) -> bool {
    match call.action.as_str() {
        "DescribeLoadBalancers" => call.params.get("LoadBalancerArns").is_some(),
        "DescribeTargetHealth" => before.iter().any(|other| other.action == call.action && other.params == call.params),
        _ => false,
    }
}

/// Prints the table past the test harness, which hides what passing tests print.
fn print(what: &str, costs: &[(&str, &Cost)]) {
    let mut table = format!("\nAWS calls of {what}, from apply until status and targets stand\n");
    let names: std::collections::BTreeSet<&String> = costs.iter().flat_map(|(_, cost)| cost.by_name.keys()).collect();
    let mut row = |name: &str, cell: &dyn Fn(&Cost) -> String| {
        let cells: Vec<String> = costs.iter().map(|(_, cost)| format!("{:>20}", cell(cost))).collect();
        table.push_str(&format!("  {name:52}{}\n", cells.concat()));
    };
    let heads: BTreeMap<*const Cost, &str> =
        costs.iter().map(|(name, cost)| (std::ptr::from_ref(*cost), *name)).collect();
    row("", &|cost| heads[&std::ptr::from_ref(cost)].to_owned());
    for name in names {
        row(name, &|cost| cost.by_name.get(name).map_or_else(|| "-".to_owned(), ToString::to_string));
    }
    row("all", &|cost| cost.calls().to_string());
    row("polls of a state, besides", &|cost| cost.polls.to_string());
    row("host name in the status after", &|cost| format!("{:.1} s", cost.host_name.as_secs_f64()));
    row("targets healthy after", &|cost| format!("{:.1} s", cost.standing.as_secs_f64()));
    std::io::stderr().write_all(table.as_bytes()).unwrap();
}
