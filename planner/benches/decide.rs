//! How long a group of 100 Ingresses with 100 rules takes to understand and decide, against the limit that it has to keep
//! (`cargo xtask measure decide`).
#![expect(clippy::print_stdout, reason = "a measurement is printed")]
#![allow(clippy::unwrap_used, reason = "a measurement that cannot be made fails")]

#[path = "../tests/route/account.rs"]
mod account;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use northgate_planner::actual::{Actual, ActualStack};
use northgate_planner::facts::Facts;
use northgate_planner::id::{Key, ObjectName, StackId};
use northgate_planner::pipeline;
use northgate_planner::plan::Plan;
use northgate_planner::snapshot::Snapshot;
use serde_json::json;

const INGRESSES: usize = 100;
const LIMIT: Duration = Duration::from_millis(20);
/// The shortest counts: what else the machine does only ever adds.
const RUNS: usize = 20;

fn main() -> ExitCode {
    let (snapshot, facts) = (snapshot(), account::facts());
    let mut best = Duration::MAX;
    for _ in 0..RUNS {
        let start = Instant::now();
        let plan = decide(&snapshot, &facts);
        best = best.min(start.elapsed());
        let rules = plan.changes().filter(|change| change.call() == "elasticloadbalancing:CreateRule").count();
        assert_eq!((rules, plan.problems), (INGRESSES, Vec::new()));
    }
    println!(
        "{INGRESSES} Ingresses, {INGRESSES} rules: {:.1} ms, at most {} ms",
        best.as_secs_f64() * 1e3,
        LIMIT.as_millis()
    );
    if best > LIMIT { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn decide(snapshot: &Snapshot, facts: &Facts) -> Plan {
    let accepted = pipeline::accept(snapshot, &Key::Stack(StackId::Group("front".to_owned()))).unwrap();
    pipeline::decide(&accepted, facts, &Actual::Stack(ActualStack::default()))
}

/// One Ingress and one Service for each of 100 teams, with a host, a path and a health check of its own.
fn snapshot() -> Snapshot {
    let mut snapshot = account::cluster();
    for number in 0..INGRESSES {
        let (namespace, name) = (format!("team-{number}"), "web");
        let service = json!({
            "metadata": { "namespace": namespace, "name": name, "uid": format!("service-{number}") },
            "spec": { "type": "NodePort", "ports": [{ "port": 80, "targetPort": 8080, "nodePort": 30_000 + number }] }
        });
        let backend = json!({ "service": { "name": name, "port": { "number": 80 } } });
        let ingress = json!({
            "metadata": {
                "namespace": namespace, "name": name, "uid": format!("ingress-{number}"),
                "creationTimestamp": "2026-01-01T00:00:00Z",
                "annotations": {
                    "alb.ingress.kubernetes.io/group.name": "front",
                    "alb.ingress.kubernetes.io/scheme": "internet-facing",
                    "alb.ingress.kubernetes.io/healthcheck-path": format!("/health/{number}"),
                    "alb.ingress.kubernetes.io/tags": "product=front",
                }
            },
            "spec": { "ingressClassName": "alb", "rules": [{ "host": format!("team-{number}.example.com"), "http": {
                "paths": [{ "path": format!("/app-{number}"), "pathType": "Prefix", "backend": backend }]
            } }] }
        });
        let full = ObjectName::new(namespace.as_str(), name);
        snapshot.services.insert(full.clone(), Arc::new(serde_json::from_value(service).unwrap()));
        snapshot.ingresses.insert(full, Arc::new(serde_json::from_value(ingress).unwrap()));
    }
    snapshot
}
