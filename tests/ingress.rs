//! The controller and Ingresses: a simulated account and a simulated API server, on a clock of its own.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Event;
use k8s_openapi::api::networking::v1::Ingress;
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams};
use northgate::aws::Connection;
use northgate::cluster::Clock;
use northgate::controller::{self, Pace, RunOptions, Stop};
use northgate::metrics::Metrics;
use northgate_planner::crd::custom_resource_definitions;
use northgate_planner::id::{AccountId, ClusterName, Region, VpcId};
use northgate_planner::snapshot::{ClasslessServices, Settings};
use northgate_simulator::account_description::AccountDescription;
use northgate_simulator::kubernetes::{Kubernetes, KubernetesOptions};
use northgate_simulator::{AccountOptions, HealthOutcome, Observed, Options, Scope, Simulator};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::task::JoinHandle;
use tokio::time::Instant;

#[path = "ingress/traffic.rs"]
mod traffic;

const START: &str = "2026-01-31T12:00:00Z";
const VPC: &str = "vpc-00000001";

/// A cluster and an account with the controller between them.
struct World {
    simulator: Simulator,
    kubernetes: Kubernetes,
    start: Instant,
    stop: Stop,
    running: JoinHandle<Result<(), controller::Error>>,
    prometheus: SocketAddr,
}

fn scope() -> Scope {
    Scope { account: "123456789012".to_owned(), region: "us-west-2".to_owned() }
}

/// A controller between a cluster and an account.
fn run(
    simulator: &Simulator,
    kubernetes: &Kubernetes,
    origin: Instant,
    prometheus: SocketAddr,
) -> (Stop, JoinHandle<Result<(), controller::Error>>) {
    let account = AccountId::new("123456789012");
    let connection = Connection::over(simulator.connector(), &account, &Region::new("us-west-2"));
    let vpc = VpcId::new(VPC);
    let mut settings = Settings::new(ClusterName::new("demo"), vpc.clone(), Region::new("us-west-2"));
    settings.account = Some(account);
    settings.classless_services = ClasslessServices::True;
    let metrics = Metrics::default();
    let connection = connection.measured_by(metrics.aws_calls());
    let stop = Stop::default();
    let options = RunOptions {
        account: connection.account(settings.cluster_name.clone(), vpc),
        settings,
        cluster: kubernetes.client(),
        sync_period: Duration::from_secs(600),
        probes: None,
        metrics_bind_addr: Some(prometheus),
        metrics,
        instance: "northgate-1".to_owned(),
        clock: Clock::Simulated { start: START.parse().unwrap(), origin, ahead: Arc::default() },
        pace: Pace::default(),
    };
    let running = tokio::spawn(controller::run_until(options, stop.clone()));
    (stop, running)
}

impl World {
    /// A cluster with two nodes, the class `alb`, and a Service of type NodePort in each of these namespaces.
    async fn with(services: &[(&str, &str)]) -> Self {
        let start: Timestamp = START.parse().unwrap();
        let account = AccountOptions { health_delay: Duration::from_secs(10), ..AccountOptions::default() };
        let simulator = Simulator::new(Options { start, account, ..Options::default() });
        let text = std::fs::read_to_string("tests/golden/account.yaml").unwrap().replace("vpc-1", VPC);
        AccountDescription::parse(&text).unwrap().load(&simulator).await.unwrap();
        let kubernetes = Kubernetes::new(KubernetesOptions { start, ..KubernetesOptions::default() });
        for definition in custom_resource_definitions() {
            kubernetes.put(json!(definition)).unwrap();
        }
        for zone in ["a", "b"] {
            kubernetes.put(node(zone)).unwrap();
        }
        let class = json!({ "apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": { "name": "alb" },
            "spec": { "controller": "ingress.k8s.aws/alb" } });
        kubernetes.put(class).unwrap();
        for (namespace, _) in services {
            kubernetes
                .put(json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace } }))
                .unwrap();
        }
        for (namespace, name) in services {
            let service = json!({ "apiVersion": "v1", "kind": "Service",
                "metadata": { "name": name, "namespace": namespace },
                "spec": { "type": "NodePort", "selector": { "app": name }, "ports": [{ "port": 80, "targetPort": 8080 }] } });
            kubernetes.put(service).unwrap();
        }
        let origin = Instant::now();
        let free = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let prometheus = free.local_addr().unwrap();
        drop(free);
        let (stop, running) = run(&simulator, &kubernetes, origin, prometheus);
        Self { simulator, kubernetes, start: origin, stop, running, prometheus }
    }

    /// Lets everything come to rest.
    async fn settle(&self) {
        tokio::time::sleep(Duration::from_secs(300)).await;
        assert!(!self.running.is_finished(), "the controller runs");
    }

    fn apply(&self, ingress: Value) {
        self.kubernetes.put(ingress).unwrap();
    }

    async fn edit(&self, namespace: &str, name: &str, patch: Value) {
        let api: Api<Ingress> = Api::namespaced(self.kubernetes.client(), namespace);
        api.patch(name, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    }

    async fn delete(&self, namespace: &str, name: &str) {
        let api: Api<Ingress> = Api::namespaced(self.kubernetes.client(), namespace);
        api.delete(name, &DeleteParams::default()).await.unwrap();
    }

    fn ingress(&self, namespace: &str, name: &str) -> Option<Arc<Value>> {
        self.kubernetes.object("ingresses", namespace, name)
    }

    /// Host name and ports in the status of an Ingress.
    fn address(&self, namespace: &str, name: &str) -> Option<(String, Vec<u64>)> {
        let ingress = self.ingress(namespace, name)?;
        let entry = ingress.pointer("/status/loadBalancer/ingress/0")?;
        let ports = entry["ports"].as_array().into_iter().flatten().filter_map(|port| port["port"].as_u64());
        Some((entry["hostname"].as_str()?.to_owned(), ports.collect()))
    }

    fn host(&self, namespace: &str, name: &str) -> Option<String> {
        self.address(namespace, name).map(|(host, _)| host)
    }

    fn finalizers(&self, namespace: &str, name: &str) -> Vec<String> {
        let ingress = self.ingress(namespace, name).unwrap();
        let names = ingress["metadata"]["finalizers"].as_array().into_iter().flatten();
        names.filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// The notes of an Ingress's events with a reason.
    fn notes(&self, namespace: &str, name: &str, reason: &str) -> BTreeSet<String> {
        let is_about = |event: &Event| {
            let regarding = &event.involved_object;
            let about = (regarding.kind.as_deref(), regarding.namespace.as_deref(), regarding.name.as_deref());
            about == (Some("Ingress"), Some(namespace), Some(name)) && event.reason.as_deref() == Some(reason)
        };
        let events: Vec<Event> = self.kubernetes.list().unwrap();
        events.into_iter().filter(is_about).filter_map(|event| event.message).collect()
    }

    async fn observe(&self) -> Arc<Observed> {
        self.simulator.observe(&scope()).await.unwrap()
    }

    /// The paths of all rules of the load balancer with a host name, in their order.
    async fn paths(&self, host: &str) -> Vec<String> {
        let observed = self.observe().await;
        let found = observed.load_balancers.iter().find(|(_, one)| one.dns_name.eq_ignore_ascii_case(host));
        let (arn, _) = found.unwrap_or_else(|| panic!("there is no load balancer {host}"));
        let listeners = observed.listeners.iter().filter(|(_, listener)| listener.load_balancer_arn == *arn);
        let listeners = listeners.map(|(arn, _)| arn).collect::<BTreeSet<_>>();
        let mut paths = BTreeMap::new();
        for rule in observed.rules.values().filter(|rule| listeners.contains(&rule.listener_arn)) {
            let conditions = rule.description["Conditions"].as_array().into_iter().flatten();
            let of_path = conditions.filter_map(|condition| condition.pointer("/PathPatternConfig/Values/0")?.as_str());
            if let (Some(priority), Some(path)) = (rule.priority, of_path.map(str::to_owned).next()) {
                paths.insert(priority, path);
            }
        }
        paths.into_values().collect()
    }

    /// Whether the load balancer with a host name is there, and a healthy target for the resource id of a target group.
    async fn answers(&self, host: &str, group: &str) -> bool {
        let observed = self.observe().await;
        let found = observed.load_balancers.iter().find(|(_, one)| one.dns_name.eq_ignore_ascii_case(host));
        let Some((arn, _)) = found else { return false };
        let of_it = observed.target_groups.values().filter(|found| {
            found.load_balancer_arns.contains(arn)
                && found.tags.get("ingress.k8s.aws/resource").is_some_and(|id| id == group)
        });
        of_it.flat_map(|found| &found.targets).any(|target| target.state == "healthy")
    }

    /// Every load balancer by its name, target group by its name, and security group that is not the workers'.
    async fn left(&self) -> Vec<String> {
        let observed = self.observe().await;
        let load_balancers = observed.load_balancers.values().map(|one| one.name.clone());
        let target_groups = observed.target_groups.values().map(|one| one.name.clone());
        let groups = observed.security_groups.values().map(|one| one.name.clone());
        load_balancers.chain(target_groups).chain(groups.filter(|name| name.starts_with("k8s-"))).collect()
    }

    /// What Prometheus is told.
    async fn metrics(&self) -> Vec<String> {
        let mut stream = tokio::net::TcpStream::connect(self.prometheus).await.unwrap();
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200") && head.contains("application/openmetrics-text"), "{head}");
        assert!(body.ends_with("# EOF\n"), "{body}");
        body.lines().map(str::to_owned).collect()
    }

    async fn end(self) {
        self.stop.tell();
        self.running.await.unwrap().unwrap();
        assert_eq!(self.simulator.violations(), [], "no request may be one that AWS's service model does not allow");
    }
}

/// A node in a zone of its own.
fn node(zone: &str) -> Value {
    let instance = format!("aws:///us-west-2{zone}/i-0000000000000000{zone}");
    json!({ "apiVersion": "v1", "kind": "Node", "metadata": { "name": format!("node-{zone}") },
        "spec": { "providerID": instance }, "status": { "conditions": [{ "type": "Ready", "status": "True" }] } })
}

/// An Ingress with one rule for each of these paths, all to the Service `web`.
fn ingress(namespace: &str, name: &str, paths: &[&str], annotations: &[(&str, &str)]) -> Value {
    let rule = |path: &&str| {
        json!({ "path": path, "pathType": "Prefix",
            "backend": { "service": { "name": "web", "port": { "number": 80 } } } })
    };
    let annotations = annotations
        .iter()
        .map(|(suffix, value)| (format!("alb.ingress.kubernetes.io/{suffix}"), json!(value)))
        .collect::<serde_json::Map<_, _>>();
    json!({ "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": { "name": name, "namespace": namespace, "annotations": annotations },
        "spec": { "ingressClassName": "alb", "rules": [{ "http": { "paths": paths.iter().map(rule).collect::<Vec<_>>() } }] } })
}

fn grouped(namespace: &str, path: &str) -> Value {
    ingress(namespace, "door", &[path], &[("group.name", "front")])
}

#[tokio::test(start_paused = true)]
async fn an_ingress_gets_an_address_keeps_it_through_edits_and_leaves_nothing() {
    let world = World::with(&[("default", "web")]).await;
    world.apply(ingress("default", "shop", &["/shop"], &[]));
    world.settle().await;
    let (host, ports) = world.address("default", "shop").expect("an address");
    assert!(host.ends_with(".elb.amazonaws.com"), "{host}");
    assert_eq!((ports, world.finalizers("default", "shop")), (vec![80], vec!["ingress.k8s.aws/resources".to_owned()]));
    assert_eq!(world.paths(&host).await, ["/shop"]);
    assert!(!world.notes("default", "shop", "SuccessfullyReconciled").is_empty());
    let targets = world.observe().await.target_groups.values().map(|group| group.targets.len()).collect::<Vec<_>>();
    assert_eq!(targets, [2], "both nodes");

    world.apply(ingress("default", "shop", &["/cart", "/shop"], &[("listen-ports", r#"[{"HTTP":80},{"HTTP":8080}]"#)]));
    world.settle().await;
    assert_eq!(world.address("default", "shop"), Some((host.clone(), vec![80, 8080])));
    assert_eq!(world.paths(&host).await.len(), 2, "by priority");

    world.delete("default", "shop").await;
    world.settle().await;
    assert_eq!(world.ingress("default", "shop"), None);
    assert_eq!(world.left().await, [""; 0]);
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_group_shares_an_address_and_goes_on_without_those_that_break_or_leave() {
    let world = World::with(&[("blog", "web"), ("home", "web"), ("shop", "web")]).await;
    for (namespace, path) in [("blog", "/blog"), ("home", "/home"), ("shop", "/shop")] {
        world.apply(grouped(namespace, path));
    }
    world.settle().await;
    let host = world.host("blog", "door").expect("an address");
    for namespace in ["blog", "home", "shop"] {
        assert_eq!(world.host(namespace, "door").as_ref(), Some(&host));
        assert_eq!(world.finalizers(namespace, "door"), ["group.ingress.k8s.aws/front"]);
    }
    assert_eq!(world.paths(&host).await, ["/blog", "/home", "/shop"]);

    // One breaks: its rules stay, the others change as they like, and are told.
    world
        .edit(
            "home",
            "door",
            json!({ "metadata": { "annotations": { "alb.ingress.kubernetes.io/scheme": "public" } } }),
        )
        .await;
    world.apply(grouped("shop", "/store"));
    world.settle().await;
    assert_eq!(world.paths(&host).await, ["/blog", "/home", "/store"]);
    let problem = world.notes("home", "door", "FailedBuildModel");
    assert!(problem.iter().any(|note| note.contains("alb.ingress.kubernetes.io/scheme")), "{problem:?}");
    let told = world.notes("blog", "door", "PeerSetAside");
    assert!(told.iter().any(|note| note.contains("Ingress/home/door")), "{told:?}");
    assert_eq!(world.notes("home", "door", "PeerSetAside"), BTreeSet::new());

    // One goes: nothing of it is left, and nothing of the broken one is touched.
    world.delete("blog", "door").await;
    world.settle().await;
    assert_eq!(world.ingress("blog", "door"), None);
    assert_eq!(world.paths(&host).await, ["/home", "/store"]);
    assert_eq!(world.host("home", "door").as_ref(), Some(&host));

    // A broken one can go too.
    world.delete("home", "door").await;
    world.delete("shop", "door").await;
    world.settle().await;
    assert_eq!((world.ingress("home", "door"), world.ingress("shop", "door")), (None, None));
    assert_eq!(world.left().await, [""; 0]);
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_ingress_moves_between_groups_without_a_load_balancer_left_behind() {
    let world = World::with(&[("blog", "web"), ("shop", "web")]).await;
    world.apply(grouped("blog", "/blog"));
    world.apply(grouped("shop", "/shop"));
    world.settle().await;
    let front = world.host("shop", "door").expect("an address");

    world
        .edit(
            "shop",
            "door",
            json!({ "metadata": { "annotations": { "alb.ingress.kubernetes.io/group.name": null } } }),
        )
        .await;
    world.settle().await;
    let own = world.host("shop", "door").expect("an address");
    assert_ne!(own, front);
    assert_eq!(world.finalizers("shop", "door"), ["ingress.k8s.aws/resources"]);
    assert_eq!(
        (world.paths(&own).await, world.paths(&front).await),
        (vec!["/shop".to_owned()], vec!["/blog".to_owned()])
    );

    // Back again, and the last one out of its own group takes the load balancer along.
    world
        .edit(
            "shop",
            "door",
            json!({ "metadata": { "annotations": { "alb.ingress.kubernetes.io/group.name": "front" } } }),
        )
        .await;
    world.settle().await;
    assert_eq!(world.host("shop", "door").as_ref(), Some(&front));
    assert_eq!(world.finalizers("shop", "door"), ["group.ingress.k8s.aws/front"]);
    assert_eq!(world.paths(&front).await, ["/blog", "/shop"]);
    assert_eq!(world.observe().await.load_balancers.len(), 1);
    world.end().await;
}

/// Its status names a load balancer that answers, at every moment: the one that it leaves until its targets are healthy where
/// it goes, be that a load balancer that is there.
#[tokio::test(start_paused = true)]
async fn an_ingress_that_moves_is_answered_where_its_status_says() {
    let world = World::with(&[("home", "web"), ("shop", "web")]).await;
    world.apply(grouped("home", "/home"));
    world.apply(ingress("shop", "door", &["/shop"], &[]));
    world.settle().await;
    let (front, alone) = (world.host("home", "door").unwrap(), world.host("shop", "door").unwrap());
    assert_ne!(front, alone);

    let group = json!({ "metadata": { "annotations": { "alb.ingress.kubernetes.io/group.name": "front" } } });
    world.edit("shop", "door", group).await;
    let mut hosts = Vec::new();
    for _ in 0..600 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let host = world.host("shop", "door").unwrap();
        assert!(world.answers(&host, "shop/door-web:80").await, "{host} does not answer; moved {hosts:?}");
        hosts.push(host);
    }
    hosts.dedup();
    assert_eq!(hosts, [alone, front.clone()], "it moves once");

    // Targets that never pass hold nobody up for ever.
    let scope = Scope { account: "123456789012".to_owned(), region: "us-west-2".to_owned() };
    let options = world.simulator.options(&scope).await;
    let ill = AccountOptions { health_outcome: HealthOutcome::Unhealthy, ..options };
    world.simulator.set_options(&scope, ill).await;
    let own = json!({ "metadata": { "annotations": { "alb.ingress.kubernetes.io/group.name": null } } });
    world.edit("shop", "door", own).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(world.host("shop", "door").as_ref(), Some(&front));
    world.settle().await;
    assert_ne!(world.host("shop", "door").as_ref(), Some(&front));
    assert_eq!(world.finalizers("shop", "door"), ["ingress.k8s.aws/resources"]);
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_decides_whose_an_ingress_is_is_watched() {
    let world = World::with(&[("default", "web")]).await;
    let params = |selector: Value| {
        json!({ "apiVersion": "elbv2.k8s.aws/v1beta1", "kind": "IngressClassParams", "metadata": { "name": "front" },
            "spec": { "namespaceSelector": selector } })
    };
    let mut shop = ingress("default", "shop", &["/"], &[]);
    shop["spec"]["ingressClassName"] = json!("later");
    world.apply(shop);
    world.settle().await;
    assert_eq!(world.host("default", "shop"), None, "there is no such class");
    let told = world.notes("default", "shop", "Skipped");
    assert!(told.iter().any(|note| note.contains("there is no IngressClass \"later\"")), "{told:?}");

    world.apply(params(json!({ "matchLabels": { "team": "front" } })));
    let class = |controller: &str| {
        json!({ "apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": { "name": "later" },
            "spec": { "controller": controller, "parameters":
                { "apiGroup": "elbv2.k8s.aws", "kind": "IngressClassParams", "name": "front", "scope": "Cluster" } } })
    };
    world.apply(class("ingress.k8s.aws/alb"));
    world.settle().await;
    assert_eq!(world.host("default", "shop"), None, "the class is not for this namespace");
    assert!(!world.notes("default", "shop", "FailedBuildModel").is_empty());

    let labelled = json!({ "apiVersion": "v1", "kind": "Namespace",
        "metadata": { "name": "default", "labels": { "team": "front", "kubernetes.io/metadata.name": "default" } } });
    world.apply(labelled);
    world.settle().await;
    let host = world.host("default", "shop").expect("an address, now that the namespace is labelled");

    world.edit("default", "shop", json!({ "spec": { "ingressClassName": "theirs" } })).await;
    let theirs = json!({ "apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": { "name": "theirs" },
        "spec": { "controller": "k8s.io/ingress-nginx" } });
    world.settle().await;
    assert_eq!(world.host("default", "shop").as_ref(), Some(&host), "nobody knows whose it is: it keeps what it has");
    world.apply(theirs);
    world.settle().await;
    assert_eq!((world.host("default", "shop"), world.finalizers("default", "shop")), (None, Vec::new()));
    assert_eq!(world.left().await, [""; 0]);
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_service_that_comes_and_goes_is_seen_behind_its_ingress() {
    let world = World::with(&[("default", "other")]).await;
    world.apply(ingress("default", "shop", &["/shop"], &[]));
    world.settle().await;
    let host = world.host("default", "shop").expect("an address");
    assert_eq!(world.observe().await.target_groups.len(), 0, "503 until there is a Service");
    let service = json!({ "apiVersion": "v1", "kind": "Service", "metadata": { "name": "web", "namespace": "default" },
        "spec": { "type": "NodePort", "selector": { "app": "web" }, "ports": [{ "port": 80, "targetPort": 8080 }] } });
    world.apply(service);
    world.settle().await;
    assert_eq!(world.observe().await.target_groups.len(), 1);
    assert_eq!(world.paths(&host).await, ["/shop"]);
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn prometheus_is_told_of_calls_queues_stacks_and_how_long_people_wait() {
    let world = World::with(&[("default", "web")]).await;
    world.settle().await;
    world.apply(ingress("default", "shop", &["/shop"], &[]));
    world.settle().await;
    // A node that is to take no traffic for a while, and then again.
    let mut excluded = node("b");
    excluded["metadata"]["labels"] = json!({ "node.kubernetes.io/exclude-from-external-load-balancers": "" });
    for node in [excluded, node("b")] {
        world.kubernetes.put(node).unwrap();
        world.settle().await;
    }
    let told = world.metrics().await;
    let elb = "service=\"Elastic Load Balancing v2\"";
    for line in [
        format!("aws_api_calls_total{{{elb},operation=\"CreateLoadBalancer\",status_code=\"200\",error_code=\"\"}} 1"),
        format!("aws_api_call_duration_seconds_count{{{elb},operation=\"CreateLoadBalancer\"}} 1"),
        format!("aws_api_call_retries_bucket{{le=\"0.0\",{elb},operation=\"CreateLoadBalancer\"}} 1"),
        "northgate_aws_reachable 1".to_owned(),
        "northgate_stacks{state=\"ready\"} 1".to_owned(),
        "northgate_stack_state{stack=\"ingress/default/shop\",state=\"ready\"} 1".to_owned(),
        "northgate_host_name_seconds_count{kind=\"Ingress\"} 1".to_owned(),
        "northgate_target_registration_seconds_count 3".to_owned(),
        "workqueue_depth{name=\"stacks\"} 0".to_owned(),
        "northgate_workqueue_oldest_change_seconds{name=\"bindings\"} 0.0".to_owned(),
        format!("northgate_build_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION")),
    ] {
        assert!(told.contains(&line), "{line} is missing in\n{}", told.join("\n"));
    }
    let passes = told.iter().find(|line| line.starts_with("workqueue_work_duration_seconds_count{name=\"stacks\"}"));
    assert!(passes.is_some_and(|line| !line.ends_with(" 0")), "{passes:?}");

    // One that cannot be used as written.
    let scheme = json!({ "metadata": { "annotations": { "alb.ingress.kubernetes.io/scheme": "public" } } });
    world.edit("default", "shop", scheme).await;
    world.settle().await;
    let told = world.metrics().await;
    let refused = "northgate_stack_state{stack=\"ingress/default/shop\",state=\"refused\"} 1".to_owned();
    assert!(told.contains(&refused), "{}", told.join("\n"));

    world.delete("default", "shop").await;
    world.settle().await;
    let told = world.metrics().await;
    assert!(!told.iter().any(|line| line.starts_with("northgate_stack_state{")), "{}", told.join("\n"));
    world.end().await;
}
