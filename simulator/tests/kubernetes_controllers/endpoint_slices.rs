//! EndpointSlices.

use kube::api::DeleteParams;
use serde_json::{Value, json};

use super::world::World;

fn service(ports: Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Service", "metadata": { "name": "web", "labels": { "team": "shop" } },
        "spec": { "selector": { "app": "web" }, "ports": ports },
    })
}

/// Address, node, zone, ready, serving and terminating of each endpoint.
fn endpoints(slice: &Value) -> Vec<String> {
    let all = slice["endpoints"].as_array().unwrap().iter().map(|endpoint| {
        let text = |value: &Value| value.as_str().unwrap_or("none").to_owned();
        let conditions = ["ready", "serving", "terminating"].map(|field| match endpoint["conditions"][field] {
            Value::Bool(true) => field,
            _ => "-",
        });
        let (address, node, zone) = (&endpoint["addresses"][0], &endpoint["nodeName"], &endpoint["zone"]);
        format!("{} {} {} {}", text(address), text(node), text(zone), conditions.join(" "))
    });
    let mut all = all.collect::<Vec<_>>();
    all.sort();
    all
}

#[tokio::test(start_paused = true)]
async fn endpoints_follow_their_pods_from_start_to_end() {
    let world = World::new().await;
    world.put(service(json!([{ "port": 80, "targetPort": "web" }])));
    world.settle().await;
    assert_eq!(world.only("endpointslices")["endpoints"], json!([]), "that there are none is said");
    world.deployment("web", 2, "web:1");
    world.settle().await;
    let slice = world.only("endpointslices");
    assert_eq!(endpoints(&slice), ["10.0.1.2 a us-west-2a - - -", "10.0.2.2 b us-west-2b - - -"]);
    assert_eq!(slice["ports"], json!([{ "name": "", "port": 8080, "protocol": "TCP" }]));
    let labels = &slice["metadata"]["labels"];
    assert_eq!((&labels["kubernetes.io/service-name"], &labels["team"]), (&json!("web"), &json!("shop")));
    let name = world.pods()[0].metadata.name.clone().unwrap();
    assert_eq!(slice["endpoints"][0]["targetRef"]["name"], json!(name));
    world.pass(2.0).await;
    let ready = ["10.0.1.2 a us-west-2a ready serving -", "10.0.2.2 b us-west-2b ready serving -"];
    assert_eq!(endpoints(&world.only("endpointslices")), ready);
    world.deployment("web", 0, "web:1");
    world.settle().await;
    let going = ["10.0.1.2 a us-west-2a - serving terminating", "10.0.2.2 b us-west-2b - serving terminating"];
    assert_eq!(endpoints(&world.only("endpointslices")), going);
    world.pass(3.0).await;
    assert_eq!(world.only("endpointslices")["endpoints"], json!([]));
    world.delete("v1", "Service", "web", &DeleteParams::default()).await;
    assert!(world.objects("endpointslices").is_empty(), "they go with their Service");
}

#[tokio::test(start_paused = true)]
async fn ports_are_found_by_number_and_by_name_on_each_pod() {
    let world = World::new().await;
    world.put(service(json!([
        { "name": "plain", "port": 80 },
        { "name": "numbered", "port": 81, "targetPort": 9000 },
        { "name": "named", "port": 82, "targetPort": "web" },
    ])));
    for (name, ports) in [
        ("one", json!([{ "name": "web", "containerPort": 8080 }])),
        ("other", json!([{ "name": "web", "containerPort": 8081 }])),
        ("third", json!([{ "name": "web", "containerPort": 8080, "protocol": "UDP" }])),
    ] {
        world.put(json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": { "name": name, "labels": { "app": "web" } },
            "spec": { "containers": [{ "name": "main", "image": "web", "ports": ports }] },
        }));
    }
    world.pass(3.0).await;
    let mut found: Vec<(String, Vec<i64>)> = Vec::new();
    for slice in world.objects("endpointslices") {
        let numbers: Vec<i64> =
            slice["ports"].as_array().unwrap().iter().map(|port| port["port"].as_i64().unwrap()).collect();
        for endpoint in slice["endpoints"].as_array().unwrap() {
            found.push((endpoint["targetRef"]["name"].as_str().unwrap().to_owned(), numbers.clone()));
        }
    }
    found.sort();
    let expected = [("one", vec![80, 9000, 8080]), ("other", vec![80, 9000, 8081]), ("third", vec![80, 9000])];
    assert_eq!(found, expected.map(|(name, ports)| (name.to_owned(), ports)));
}

#[tokio::test(start_paused = true)]
async fn services_without_a_selector_are_left_alone_and_all_may_be_published() {
    let world = World::new().await;
    world.put(json!({
        "apiVersion": "v1", "kind": "Service", "metadata": { "name": "elsewhere" },
        "spec": { "ports": [{ "port": 80 }] },
    }));
    world.settle().await;
    assert!(world.objects("endpointslices").is_empty());
    let mut early = service(json!([{ "port": 80 }]));
    early["spec"]["publishNotReadyAddresses"] = json!(true);
    world.put(early);
    world.deployment("web", 1, "web:1");
    world.settle().await;
    assert_eq!(endpoints(&world.only("endpointslices")), ["10.0.1.2 a us-west-2a ready - -"]);
}

#[tokio::test(start_paused = true)]
async fn a_slice_holds_a_hundred() {
    let world = World::new().await;
    world.put(json!({
        "apiVersion": "v1", "kind": "Node", "metadata": { "name": "large" }, "spec": { "podCIDR": "10.1.0.0/16" },
    }));
    world.put(service(json!([{ "port": 80 }])));
    world.deployment("web", 130, "web:1");
    world.pass(3.0).await;
    // The small nodes' blocks hold 13 each; what gets no address is no endpoint.
    let counts = world.objects("endpointslices");
    let counts: Vec<usize> = counts.iter().map(|slice| slice["endpoints"].as_array().unwrap().len()).collect();
    assert!(counts.iter().all(|count| *count <= 100), "{counts:?}");
    let placed = world.pods().iter().filter(|pod| pod.status.as_ref().unwrap().pod_ip.is_some()).count();
    assert_eq!(counts.iter().sum::<usize>(), placed);
}
