//! Deployments, Pods and Nodes.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Pod;
use kube::api::DeleteParams;
use serde_json::json;

use super::world::World;

fn is_ready(pod: &Pod) -> bool {
    let mut conditions = pod.status.iter().flat_map(|status| status.conditions.iter().flatten());
    conditions.any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

fn addresses(pods: &[Pod]) -> Vec<String> {
    let mut all: Vec<String> = pods.iter().filter_map(|pod| pod.status.as_ref()?.pod_ip.clone()).collect();
    all.sort();
    all
}

#[tokio::test(start_paused = true)]
async fn a_new_node_becomes_ready_and_loses_its_taint() {
    let world = World::new().await;
    for node in world.objects("nodes") {
        assert_eq!(node["status"]["conditions"][0]["status"], "True");
        assert!(node["spec"]["taints"].is_null(), "{node:#}");
    }
    world.put(json!({
        "apiVersion": "v1", "kind": "Node", "metadata": { "name": "c" },
        "status": { "conditions": [{ "type": "Ready", "status": "False" }] },
    }));
    world.settle().await;
    assert_eq!(world.objects("nodes")[2]["spec"]["taints"][0]["key"], "node.kubernetes.io/not-ready");
}

#[tokio::test(start_paused = true)]
async fn a_deployments_pods_are_spread_run_and_become_ready() {
    let world = World::new().await;
    world.deployment("web", 4, "web:1");
    world.settle().await;
    let pods = world.pods();
    let mut nodes: BTreeMap<String, usize> = BTreeMap::new();
    for pod in &pods {
        *nodes.entry(pod.spec.as_ref().unwrap().node_name.clone().unwrap()).or_default() += 1;
    }
    assert_eq!(nodes, BTreeMap::from([("a".to_owned(), 2), ("b".to_owned(), 2)]));
    assert_eq!(addresses(&pods), ["10.0.1.2", "10.0.1.3", "10.0.2.2", "10.0.2.3"]);
    assert!(!pods.iter().any(is_ready));
    world.pass(1.9).await;
    assert!(!world.pods().iter().any(is_ready));
    world.pass(0.2).await;
    assert!(world.pods().iter().all(is_ready));
    let status = &world.only("deployments")["status"];
    assert_eq!((&status["readyReplicas"], &status["conditions"][0]["status"]), (&json!(4), &json!("True")));
}

#[tokio::test(start_paused = true)]
async fn a_new_template_takes_over_step_by_step() {
    let world = World::new().await;
    world.deployment("web", 4, "web:1");
    world.pass(3.0).await;
    world.deployment("web", 4, "web:2");
    for _ in 0..60 {
        world.pass(0.5).await;
        let pods = world.pods();
        let live = pods.iter().filter(|pod| pod.metadata.deletion_timestamp.is_none());
        assert!(live.clone().count() <= 5, "one more at most");
        assert!(live.filter(|pod| is_ready(pod)).count() >= 3, "one less at least");
    }
    let images = world.pods().into_iter().map(|pod| pod.spec.unwrap().containers[0].image.clone().unwrap());
    assert_eq!(images.collect::<Vec<_>>(), ["web:2"; 4]);
}

#[tokio::test(start_paused = true)]
async fn fewer_replicas_end_within_their_grace_and_a_lost_pod_is_made_again() {
    let world = World::new().await;
    world.deployment("web", 4, "web:1");
    world.pass(3.0).await;
    world.deployment("web", 1, "web:1");
    world.pass(2.9).await;
    assert_eq!(world.pods().len(), 4);
    world.pass(0.2).await;
    assert_eq!(world.pods().len(), 1);
    let name = world.pods()[0].metadata.name.clone().unwrap();
    world.delete("v1", "Pod", &name, &DeleteParams { grace_period_seconds: Some(1), ..DeleteParams::default() }).await;
    assert_eq!(world.pods().len(), 2);
    world.pass(1.1).await;
    assert_eq!(world.pods().len(), 1, "the grace of the deletion is the most");
    assert_ne!(world.pods()[0].metadata.name.as_ref(), Some(&name));
}

#[tokio::test(start_paused = true)]
async fn a_pod_waits_for_its_readiness_gates_and_stays_as_others_say() {
    let world = World::new().await;
    let pod = |conditions| {
        json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "web" },
            "spec": {
                "containers": [{ "name": "main", "image": "web" }],
                "readinessGates": [{ "conditionType": "example.com/gate" }],
            },
            "status": conditions,
        })
    };
    world.put(pod(json!(null)));
    world.pass(3.0).await;
    let mut live = world.only("pods");
    let status = |pod: &serde_json::Value, kind: &str| {
        let all = pod["status"]["conditions"].as_array().unwrap().clone();
        all.into_iter().find(|condition| condition["type"] == kind).map(|condition| condition["status"].clone())
    };
    assert_eq!((status(&live, "ContainersReady"), status(&live, "Ready")), (Some(json!("True")), Some(json!("False"))));
    live["status"]["conditions"].as_array_mut().unwrap().push(json!({ "type": "example.com/gate", "status": "True" }));
    world.put(live);
    world.settle().await;
    let mut live = world.only("pods");
    assert_eq!(status(&live, "Ready"), Some(json!("True")));
    for condition in live["status"]["conditions"].as_array_mut().unwrap() {
        if condition["type"] == "ContainersReady" {
            condition["status"] = json!("False");
        }
    }
    world.put(live);
    world.pass(10.0).await;
    assert_eq!(status(&world.only("pods"), "Ready"), Some(json!("False")));
}

#[tokio::test(start_paused = true)]
async fn pods_wait_for_a_node_and_go_with_it() {
    let world = World::new().await;
    world.put(json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "web" },
        "spec": { "nodeSelector": { "disk": "fast" }, "containers": [{ "name": "main", "image": "web" }] },
    }));
    world.pass(5.0).await;
    assert!(world.only("pods")["spec"]["nodeName"].is_null());
    world.put(json!({
        "apiVersion": "v1", "kind": "Node", "metadata": { "name": "c", "labels": { "disk": "fast" } },
        "spec": { "podCIDR": "10.0.3.0/28" },
    }));
    world.pass(3.0).await;
    assert_eq!(world.only("pods")["spec"]["nodeName"], "c");
    world.delete("v1", "Node", "c", &DeleteParams::default()).await;
    assert_eq!(world.pods(), []);
}
