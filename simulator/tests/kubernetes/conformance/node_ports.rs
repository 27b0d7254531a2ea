//! Node ports of Services: given, taken, kept, given back.

use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};

use super::sentences;
use super::world::World;

sentences![
    a_node_port_can_be_chosen,
    a_node_port_is_given_once,
    a_node_port_is_given_back_by_a_deletion,
    a_node_port_must_be_in_the_range,
    a_node_port_that_is_not_repeated_is_kept,
    a_port_that_is_added_gets_a_node_port,
    a_node_port_follows_the_name_of_its_port,
    a_node_port_can_be_changed,
    tcp_and_udp_share_a_node_port,
    node_ports_go_when_the_type_changes,
    a_load_balancer_can_do_without_node_ports,
    a_load_balancer_that_stops_allotting_keeps_the_node_ports_it_repeats,
    a_refused_service_keeps_no_node_port,
    a_local_load_balancer_gets_a_port_for_health_checks,
    a_port_for_health_checks_stays,
    a_port_for_health_checks_goes_with_its_reason,
    a_port_for_health_checks_needs_a_reason,
];

fn load_balancer(name: &str, ports: Value) -> Value {
    json!({ "metadata": { "name": name }, "spec": { "type": "LoadBalancer", "ports": ports } })
}

fn ports(service: &Value) -> Vec<i64> {
    let ports = service["spec"]["ports"].as_array().unwrap().iter();
    ports.map(|port| port["nodePort"].as_i64().unwrap_or_default()).collect()
}

/// A port that nobody has: the server deals out the first 86 of its range last, so only checks choose them.
fn free() -> i64 {
    static CHOSEN: AtomicI64 = AtomicI64::new(0);
    30_000 + CHOSEN.fetch_add(1, Ordering::Relaxed) % 86
}

async fn a_node_port_can_be_chosen(world: World) {
    let port = free();
    let made = world.post("services", load_balancer("a", json!([{ "port": 80, "nodePort": port }]))).await.ok();
    assert_eq!(ports(&made), [port]);
}

async fn a_node_port_is_given_once(world: World) {
    let made = world.post("services", load_balancer("a", json!([{ "port": 80 }]))).await.ok();
    let port = ports(&made)[0];
    let answer = world.post("services", load_balancer("b", json!([{ "port": 80, "nodePort": port }]))).await;
    let status = answer.invalid(&["spec.ports[0].nodePort"]);
    let words = format!(
        "Service \"b\" is invalid: spec.ports[0].nodePort: Invalid value: {port}: provided port is already allocated"
    );
    assert_eq!(status["message"], words);
    world.post("services", load_balancer("c", json!([{ "port": 80 }]))).await.ok();
    let taken = json!({ "spec": { "ports": [{ "port": 80, "nodePort": port }] } });
    world.merge("services/c", taken).await.invalid(&["spec.ports[0].nodePort"]);
}

async fn a_node_port_is_given_back_by_a_deletion(world: World) {
    let mut object = load_balancer("a", json!([{ "port": 80, "nodePort": free() }]));
    object["metadata"]["finalizers"] = json!(["example.org/a"]);
    let made = world.post("services", object).await.ok();
    let again = load_balancer("b", json!([{ "port": 80, "nodePort": ports(&made)[0] }]));
    world.delete("services/a").await.ok();
    world.post("services", again.clone()).await.invalid(&["spec.ports[0].nodePort"]);
    world.merge("services/a", json!({ "metadata": { "finalizers": null } })).await.ok();
    world.post("services", again).await.ok();
}

async fn a_node_port_must_be_in_the_range(world: World) {
    for port in [29_999, 32_768, 80] {
        let answer = world.post("services", load_balancer("a", json!([{ "port": 80, "nodePort": port }]))).await;
        let status = answer.invalid(&["spec.ports[0].nodePort"]);
        let words = "provided port is not in the valid range. The range of valid ports is 30000-32767";
        assert!(status["message"].as_str().unwrap().ends_with(words), "{status}");
    }
}

async fn a_node_port_that_is_not_repeated_is_kept(world: World) {
    let object = load_balancer("a", json!([{ "port": 80 }]));
    let made = world.post("services", object.clone()).await.ok();
    assert_eq!(ports(&world.put("services/a", &object).await.ok()), ports(&made));
    let other = json!({ "spec": { "ports": [{ "port": 81 }] } });
    assert_eq!(ports(&world.merge("services/a", other).await.ok()), ports(&made));
}

async fn a_port_that_is_added_gets_a_node_port(world: World) {
    let made = world.post("services", load_balancer("a", json!([{ "port": 80, "name": "a" }]))).await.ok();
    let both = json!({ "spec": { "ports": [{ "port": 80, "name": "a" }, { "port": 81, "name": "b" }] } });
    let patched = world.merge("services/a", both).await.ok();
    assert_eq!(ports(&patched)[0], ports(&made)[0]);
    assert!(ports(&patched)[1] >= 30_000 && ports(&patched)[1] != ports(&made)[0]);
}

async fn a_node_port_follows_the_name_of_its_port(world: World) {
    let object = load_balancer("a", json!([{ "port": 80, "name": "a" }, { "port": 81, "name": "b" }]));
    let made = world.post("services", object).await.ok();
    let swapped = json!({ "spec": { "ports": [{ "port": 80, "name": "b" }, { "port": 82, "name": "a" }] } });
    let patched = world.merge("services/a", swapped).await.ok();
    assert_eq!(ports(&patched), [ports(&made)[1], ports(&made)[0]]);
}

async fn a_node_port_can_be_changed(world: World) {
    let made = world.post("services", load_balancer("a", json!([{ "port": 80, "nodePort": free() }]))).await.ok();
    let port = free();
    let patch = json!({ "spec": { "ports": [{ "port": 80, "nodePort": port }] } });
    assert_eq!(ports(&world.merge("services/a", patch).await.ok()), [port]);
    let old = load_balancer("b", json!([{ "port": 80, "nodePort": ports(&made)[0] }]));
    world.post("services", old).await.ok();
}

async fn tcp_and_udp_share_a_node_port(world: World) {
    let both = json!([{ "port": 53, "name": "a", "protocol": "TCP" }, { "port": 53, "name": "b", "protocol": "UDP" }]);
    let made = world.post("services", load_balancer("a", both)).await.ok();
    assert_eq!(ports(&made)[0], ports(&made)[1]);
}

async fn node_ports_go_when_the_type_changes(world: World) {
    let made = world.post("services", load_balancer("a", json!([{ "port": 80, "nodePort": free() }]))).await.ok();
    let node_port = world.merge("services/a", json!({ "spec": { "type": "NodePort" } })).await.ok();
    assert_eq!(ports(&node_port), ports(&made));
    assert!(node_port["spec"]["allocateLoadBalancerNodePorts"].is_null());
    let inside = world.merge("services/a", json!({ "spec": { "type": "ClusterIP" } })).await.ok();
    assert_eq!(ports(&inside), [0]);
    let again = load_balancer("b", json!([{ "port": 80, "nodePort": ports(&made)[0] }]));
    world.post("services", again).await.ok();
    let outside = world.merge("services/a", json!({ "spec": { "type": "LoadBalancer" } })).await.ok();
    assert!(ports(&outside)[0] >= 30_000);
}

async fn a_load_balancer_can_do_without_node_ports(world: World) {
    let mut object = load_balancer("a", json!([{ "port": 80 }]));
    object["spec"]["allocateLoadBalancerNodePorts"] = json!(false);
    let made = world.post("services", object).await.ok();
    assert_eq!((ports(&made), &made["spec"]["allocateLoadBalancerNodePorts"]), (vec![0], &json!(false)));
    let port = free();
    let mut object =
        load_balancer("b", json!([{ "port": 80, "nodePort": port, "name": "a" }, { "port": 81, "name": "b" }]));
    object["spec"]["allocateLoadBalancerNodePorts"] = json!(false);
    assert_eq!(ports(&world.post("services", object).await.ok()), [port, 0]);
}

async fn a_load_balancer_that_stops_allotting_keeps_the_node_ports_it_repeats(world: World) {
    let made = world.post("services", load_balancer("a", json!([{ "port": 80, "nodePort": free() }]))).await.ok();
    let patch = json!({ "spec": { "allocateLoadBalancerNodePorts": false } });
    let patched = world.merge("services/a", patch).await.ok();
    assert_eq!(ports(&patched), ports(&made));
    let given_up = json!([{ "op": "remove", "path": "/spec/ports/0/nodePort" }]);
    let patched = world.json_patch("services/a", given_up).await.ok();
    assert_eq!(ports(&patched), [0]);
    let again = load_balancer("b", json!([{ "port": 80, "nodePort": ports(&made)[0] }]));
    world.post("services", again).await.ok();
    let mut silent = load_balancer("b", json!([{ "port": 80 }]));
    silent["spec"]["allocateLoadBalancerNodePorts"] = json!(false);
    assert_eq!(ports(&world.put("services/b", &silent).await.ok()), [0]);
}

async fn a_refused_service_keeps_no_node_port(world: World) {
    let port = free();
    let mut object = load_balancer("a", json!([{ "port": 80, "nodePort": port }]));
    object["spec"]["loadBalancerSourceRanges"] = json!(["nonsense"]);
    world.post("services", object).await.refused(422, "Invalid");
    world.post("services", load_balancer("a", json!([{ "port": 80, "nodePort": port }]))).await.ok();
}

fn local(name: &str) -> Value {
    let mut object = load_balancer(name, json!([{ "port": 80 }]));
    object["spec"]["externalTrafficPolicy"] = json!("Local");
    object
}

async fn a_local_load_balancer_gets_a_port_for_health_checks(world: World) {
    let made = world.post("services", local("a")).await.ok();
    let port = made["spec"]["healthCheckNodePort"].as_i64().unwrap();
    assert!((30_000..=32_767).contains(&port) && port != ports(&made)[0]);
    let free = free();
    let mut chosen = local("b");
    chosen["spec"]["healthCheckNodePort"] = json!(free);
    assert_eq!(world.post("services", chosen).await.ok()["spec"]["healthCheckNodePort"], free);
    let mut taken = local("c");
    taken["spec"]["healthCheckNodePort"] = json!(port);
    let words = format!(
        "Internal error occurred: failed to allocate requested HealthCheck NodePort {port}: provided port is already allocated"
    );
    world.post("services", taken).await.says(500, "InternalError", &words);
    world.post("services", load_balancer("d", json!([{ "port": 80 }]))).await.ok();
    let patched = world.merge("services/d", json!({ "spec": { "externalTrafficPolicy": "Local" } })).await.ok();
    assert!(patched["spec"]["healthCheckNodePort"].is_i64());
}

async fn a_port_for_health_checks_stays(world: World) {
    let made = world.post("services", local("a")).await.ok();
    let port = &made["spec"]["healthCheckNodePort"];
    assert_eq!(world.put("services/a", &local("a")).await.ok()["spec"]["healthCheckNodePort"], *port);
    let other = free();
    let patch = json!({ "spec": { "healthCheckNodePort": other } });
    world.merge("services/a", patch).await.invalid(&["spec.healthCheckNodePort"]);
}

async fn a_port_for_health_checks_goes_with_its_reason(world: World) {
    let mut object = local("a");
    object["spec"]["healthCheckNodePort"] = json!(free());
    let made = world.post("services", object).await.ok();
    let patched = world.merge("services/a", json!({ "spec": { "externalTrafficPolicy": "Cluster" } })).await.ok();
    assert!(patched["spec"]["healthCheckNodePort"].is_null());
    let again = load_balancer("b", json!([{ "port": 80, "nodePort": made["spec"]["healthCheckNodePort"] }]));
    world.post("services", again).await.ok();
    world.post("services", local("c")).await.ok();
    let patched = world.merge("services/c", json!({ "spec": { "type": "ClusterIP" } })).await.ok();
    assert!(patched["spec"]["healthCheckNodePort"].is_null() && patched["spec"]["externalTrafficPolicy"].is_null());
}

async fn a_port_for_health_checks_needs_a_reason(world: World) {
    let port = free();
    let mut object = load_balancer("a", json!([{ "port": 80 }]));
    object["spec"]["healthCheckNodePort"] = json!(port);
    world.post("services", object).await.invalid(&["spec.healthCheckNodePort"]);
}
