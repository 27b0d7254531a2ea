//! How many calls and how much time a Service costs.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::{Duration, Instant};

use localstack_tests::bed::Bed;
use localstack_tests::proxy::Call;
use localstack_tests::until;
use serde_json::json;

use crate::holdings::Holdings;
use crate::printed_plan::agreement;
use crate::service::{GLANCE, LIMIT, Service, bindings_count};

/// Calls for a one-port Service, from apply until status and targets stand, polls apart.
const FIRST_IN_A_CLUSTER: usize = 20;
const WARM: usize = 14;
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
    let first = cost(&bed, &first, 1).await;
    // One more, so that the worker rule spans from 30100 to 30300.
    Service::new("wide", &[80]).on_node_port(0, 30_300).apply(&bed).await;
    Holdings::standing(&bed, 2, 2).await;
    bindings_count(&bed, 2).await;
    let warm = Service::new("warm", &[80]).on_node_port(0, 30_200);
    let warm = cost(&bed, &warm, 3).await;

    print(&[("first in a cluster", &first), ("warm", &warm)]);
    assert!(first.calls() <= FIRST_IN_A_CLUSTER, "{} calls for the first Service", first.calls());
    assert!(warm.calls() <= WARM, "{} calls for a Service in a warm cluster", warm.calls());
    for (which, cost) in [("first", &first), ("warm", &warm)] {
        assert!(cost.host_name <= PROVISIONING + HOST_NAME, "{which}: {:?}", cost.host_name);
    }
}

#[tokio::test]
async fn a_second_pass_over_what_stands_writes_nothing() {
    let bed = Bed::start().await.unwrap();
    let mut controller = bed.start_controller(&[]).await.unwrap();
    controller.ready().await.unwrap();
    for name in ["web", "api"] {
        Service::new(name, &[80, 443]).apply(&bed).await;
    }
    Holdings::standing(&bed, 2, 2).await;
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
        match looks.len() == 2 && looks.values().all(|times| *times >= 3) {
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
    let found = bed.kubectl().get(&["services,targetgroupbindings", "--all-namespaces"]).await.unwrap();
    let items = found["items"].as_array().cloned().unwrap_or_default();
    let of = |item: &serde_json::Value| {
        let metadata = &item["metadata"];
        (format!("{} {}", item["kind"], metadata["name"]), metadata["resourceVersion"].to_string())
    };
    items.iter().map(of).collect()
}

/// What one Service cost.
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

/// Applies a Service, the n-th load balancer of the account, and counts until its status and its targets stand.
async fn cost(bed: &Bed, service: &Service, load_balancers: usize) -> Cost {
    bed.proxy.reset();
    let start = Instant::now();
    service.apply(bed).await;
    service.host_name(bed).await;
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
fn print(costs: &[(&str, &Cost)]) {
    let mut table = String::from("\nAWS calls of a one-port Service, from apply until status and targets stand\n");
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
