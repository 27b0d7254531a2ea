//! Services: what they are given, and what they must be. Their node ports are next door.

use serde_json::{Value, json};

use super::sentences;
use super::world::World;

sentences![
    a_service_is_given_what_it_does_not_say,
    a_load_balancer_is_given_what_it_does_not_say,
    a_headless_service_has_no_address,
    a_service_that_is_a_name_has_no_address,
    an_address_is_given_once_and_given_back,
    an_address_stays_as_long_as_the_service,
    an_address_must_be_in_the_range,
    ports_must_be_told_apart,
    ports_must_be_ports,
    a_type_must_be_known,
    affinity_has_a_default_time,
    a_load_balancer_class_stays,
    a_load_balancer_class_comes_with_the_type,
    source_ranges_must_be_blocks,
    traffic_policies_must_be_known,
    a_status_must_hold_addresses_and_names,
    a_status_is_cleared_when_the_type_changes,
    only_one_address_family_is_served,
];

fn service(name: &str, spec: Value) -> Value {
    let mut object = json!({ "metadata": { "name": name }, "spec": spec });
    if object["spec"]["ports"].is_null() {
        object["spec"]["ports"] = json!([{ "port": 80 }]);
    }
    object
}

async fn a_service_is_given_what_it_does_not_say(world: World) {
    let made = world.post("services", service("a", json!({ "selector": { "app": "a" } }))).await.ok();
    let address = &made["spec"]["clusterIP"];
    assert!(address.as_str().unwrap().starts_with("10."), "{address}");
    let expected = json!({
        "clusterIP": address, "clusterIPs": [address], "internalTrafficPolicy": "Cluster", "ipFamilies": ["IPv4"],
        "ipFamilyPolicy": "SingleStack", "ports": [{ "port": 80, "protocol": "TCP", "targetPort": 80 }],
        "selector": { "app": "a" }, "sessionAffinity": "None", "type": "ClusterIP",
    });
    assert_eq!(made["spec"], expected);
    assert_eq!(made["status"], json!({ "loadBalancer": {} }));
}

async fn a_load_balancer_is_given_what_it_does_not_say(world: World) {
    let made = world.post("services", service("a", json!({ "type": "LoadBalancer" }))).await.ok();
    let (address, port) = (&made["spec"]["clusterIP"], &made["spec"]["ports"][0]["nodePort"]);
    assert!((30_000..=32_767).contains(&port.as_i64().unwrap()));
    let expected = json!({
        "allocateLoadBalancerNodePorts": true, "clusterIP": address, "clusterIPs": [address],
        "externalTrafficPolicy": "Cluster", "internalTrafficPolicy": "Cluster", "ipFamilies": ["IPv4"],
        "ipFamilyPolicy": "SingleStack", "ports": [{ "nodePort": port, "port": 80, "protocol": "TCP", "targetPort": 80 }],
        "sessionAffinity": "None", "type": "LoadBalancer",
    });
    assert_eq!(made["spec"], expected);
}

async fn a_headless_service_has_no_address(world: World) {
    let made =
        world.post("services", service("a", json!({ "clusterIP": "None", "selector": { "a": "b" } }))).await.ok();
    assert_eq!((&made["spec"]["clusterIP"], &made["spec"]["clusterIPs"]), (&json!("None"), &json!(["None"])));
    let no_ports = json!({ "metadata": { "name": "b" }, "spec": { "clusterIP": "None", "selector": { "a": "b" } } });
    world.post("services", no_ports).await.ok();
    let object = service("c", json!({ "clusterIP": "None", "type": "LoadBalancer" }));
    world.post("services", object).await.invalid(&["spec.clusterIPs[0]"]);
}

async fn a_service_that_is_a_name_has_no_address(world: World) {
    let object =
        json!({ "metadata": { "name": "a" }, "spec": { "type": "ExternalName", "externalName": "a.example.org" } });
    let made = world.post("services", object).await.ok();
    let expected = json!({ "externalName": "a.example.org", "sessionAffinity": "None", "type": "ExternalName" });
    assert_eq!(made["spec"], expected);
    let object = json!({ "metadata": { "name": "b" }, "spec": { "type": "ExternalName" } });
    world.post("services", object).await.invalid(&["spec.externalName"]);
    let patched = world.merge(
        "services/a",
        json!({ "spec": { "type": "ClusterIP", "ports": [{ "port": 80 }], "externalName": null } }),
    );
    let address = patched.await.ok()["spec"]["clusterIP"].clone();
    assert!(address.as_str().unwrap().starts_with("10."));
    let patched =
        world.merge("services/a", json!({ "spec": { "type": "ExternalName", "externalName": "b.example.org" } }));
    assert!(patched.await.ok()["spec"]["clusterIP"].is_null());
}

async fn an_address_is_given_once_and_given_back(world: World) {
    let made = world.post("services", service("a", json!({}))).await.ok();
    let address = &made["spec"]["clusterIP"];
    let same = service("b", json!({ "clusterIP": address }));
    let status = world.post("services", same.clone()).await.invalid(&["spec.clusterIPs"]);
    let words = format!(
        "Service \"b\" is invalid: spec.clusterIPs: Invalid value: [{address}]: failed to allocate IP {}: provided IP is \
         already allocated",
        address.as_str().unwrap()
    );
    assert_eq!(status["message"], words);
    world.delete("services/a").await.ok();
    let made = world.post("services", same).await.ok();
    assert_eq!(made["spec"]["clusterIP"], *address);
}

async fn an_address_stays_as_long_as_the_service(world: World) {
    let made = world.post("services", service("a", json!({}))).await.ok();
    let patch = json!({ "spec": { "clusterIP": "10.96.200.200" } });
    world.merge("services/a", patch).await.invalid(&["spec.clusterIPs[0]"]);
    let put = world.put("services/a", &service("a", json!({ "selector": { "x": "y" } }))).await.ok();
    assert_eq!(put["spec"]["clusterIP"], made["spec"]["clusterIP"]);
}

async fn an_address_must_be_in_the_range(world: World) {
    for address in ["192.168.1.1", "nonsense"] {
        let answer = world.post("services", service("a", json!({ "clusterIP": address }))).await;
        let status = answer.refused(422, "Invalid");
        assert!(status["message"].as_str().unwrap().contains("spec.clusterIPs"), "{status}");
    }
}

async fn ports_must_be_told_apart(world: World) {
    for (ports, fields) in [
        (json!([]), vec!["spec.ports"]),
        (json!([{ "port": 1 }, { "port": 2 }]), vec!["spec.ports[0].name", "spec.ports[1].name"]),
        (json!([{ "port": 1, "name": "a" }, { "port": 2, "name": "a" }]), vec!["spec.ports[1].name"]),
        (json!([{ "port": 1, "name": "a" }, { "port": 1, "name": "b" }]), vec!["spec.ports[1]"]),
        (json!([{ "port": 1, "name": "A" }]), vec!["spec.ports[0].name"]),
    ] {
        let answer = world.post("services", service("a", json!({ "ports": ports }))).await;
        answer.invalid(&fields);
    }
    let both = json!([{ "port": 1, "name": "a", "protocol": "TCP" }, { "port": 1, "name": "b", "protocol": "UDP" }]);
    world.post("services", service("a", json!({ "ports": both }))).await.ok();
}

async fn ports_must_be_ports(world: World) {
    for (port, field) in [
        (json!({ "port": 0, "targetPort": 1 }), "spec.ports[0].port"),
        (json!({ "port": 65_536, "targetPort": 1 }), "spec.ports[0].port"),
        (json!({ "port": 1, "targetPort": 65_536 }), "spec.ports[0].targetPort"),
        (json!({ "port": 1, "targetPort": "UPPER" }), "spec.ports[0].targetPort"),
        (json!({ "port": 1, "targetPort": "123" }), "spec.ports[0].targetPort"),
        (json!({ "port": 1, "targetPort": "a-name-that-is-too-long" }), "spec.ports[0].targetPort"),
        (json!({ "port": 1, "protocol": "HTTP" }), "spec.ports[0].protocol"),
        (json!({ "port": 1, "appProtocol": "a b" }), "spec.ports[0].appProtocol"),
        (json!({ "port": 1, "nodePort": 30_001 }), "spec.ports[0].nodePort"),
    ] {
        world.post("services", service("a", json!({ "ports": [port] }))).await.invalid(&[field]);
    }
    let wrong = service("a", json!({ "ports": [{ "port": "80" }] }));
    world.post("services", wrong).await.refused(400, "BadRequest");
}

async fn a_type_must_be_known(world: World) {
    let status = world.post("services", service("a", json!({ "type": "Balanced" }))).await.invalid(&["spec.type"]);
    let words = "Service \"a\" is invalid: spec.type: Unsupported value: \"Balanced\": supported values: \"ClusterIP\", \
        \"ExternalName\", \"LoadBalancer\", \"NodePort\"";
    assert_eq!(status["message"], words);
}

async fn affinity_has_a_default_time(world: World) {
    let made = world.post("services", service("a", json!({ "sessionAffinity": "ClientIP" }))).await.ok();
    assert_eq!(made["spec"]["sessionAffinityConfig"], json!({ "clientIP": { "timeoutSeconds": 10_800 } }));
    let patched = world.merge("services/a", json!({ "spec": { "sessionAffinity": "None" } })).await.ok();
    assert!(patched["spec"]["sessionAffinityConfig"].is_null());
    world.merge("services/a", json!({ "spec": { "sessionAffinity": "X" } })).await.invalid(&["spec.sessionAffinity"]);
}

async fn a_load_balancer_class_stays(world: World) {
    let object = service("a", json!({ "type": "LoadBalancer", "loadBalancerClass": "example.org/a" }));
    world.post("services", object).await.ok();
    for class in [json!("example.org/b"), json!(null)] {
        let patch = json!({ "spec": { "loadBalancerClass": class } });
        world.merge("services/a", patch).await.invalid(&["spec.loadBalancerClass"]);
    }
    let patched = world.merge("services/a", json!({ "spec": { "type": "ClusterIP" } })).await.ok();
    assert!(patched["spec"]["loadBalancerClass"].is_null());
    let patch = json!({ "spec": { "type": "LoadBalancer", "loadBalancerClass": "example.org/b" } });
    assert_eq!(world.merge("services/a", patch).await.ok()["spec"]["loadBalancerClass"], "example.org/b");
}

async fn a_load_balancer_class_comes_with_the_type(world: World) {
    for spec in [json!({ "loadBalancerClass": "a" }), json!({ "type": "NodePort", "loadBalancerClass": "a" })] {
        world.post("services", service("a", spec)).await.invalid(&["spec.loadBalancerClass"]);
    }
    let spec = json!({ "type": "LoadBalancer", "loadBalancerClass": "a b" });
    world.post("services", service("a", spec)).await.invalid(&["spec.loadBalancerClass"]);
    let spec = json!({ "allocateLoadBalancerNodePorts": true });
    world.post("services", service("a", spec)).await.invalid(&["spec.allocateLoadBalancerNodePorts"]);
}

async fn source_ranges_must_be_blocks(world: World) {
    let with = |ranges: Value| service("a", json!({ "type": "LoadBalancer", "loadBalancerSourceRanges": ranges }));
    let answer = world.post("services", with(json!(["10.0.0.0/8", "10.0.0.0"]))).await;
    answer.invalid(&["spec.LoadBalancerSourceRanges[1]"]);
    let spec = json!({ "loadBalancerSourceRanges": ["10.0.0.0/8"] });
    world.post("services", service("a", spec)).await.invalid(&["spec.LoadBalancerSourceRanges"]);
    world.post("services", with(json!(["10.0.0.0/8"]))).await.ok();
}

async fn traffic_policies_must_be_known(world: World) {
    for (spec, field) in [
        (json!({ "externalTrafficPolicy": "Local" }), "spec.externalTrafficPolicy"),
        (json!({ "type": "LoadBalancer", "externalTrafficPolicy": "Near" }), "spec.externalTrafficPolicy"),
        (json!({ "internalTrafficPolicy": "Near" }), "spec.internalTrafficPolicy"),
    ] {
        world.post("services", service("a", spec)).await.invalid(&[field]);
    }
    let made = world.post("services", service("a", json!({ "type": "LoadBalancer" }))).await.ok();
    assert_eq!(made["spec"]["externalTrafficPolicy"], "Cluster");
    let patched = world.merge("services/a", json!({ "spec": { "type": "ClusterIP" } })).await.ok();
    assert!(patched["spec"]["externalTrafficPolicy"].is_null());
}

async fn a_status_must_hold_addresses_and_names(world: World) {
    world.post("services", service("a", json!({ "type": "LoadBalancer" }))).await.ok();
    let status = |entry: Value| json!({ "status": { "loadBalancer": { "ingress": [entry] } } });
    for (entry, field) in [
        (json!({ "ip": "nonsense" }), "status.loadBalancer.ingress[0].ip"),
        (json!({ "hostname": "a b" }), "status.loadBalancer.ingress[0].hostname"),
        (json!({ "hostname": "1.2.3.4" }), "status.loadBalancer.ingress[0].hostname"),
        (json!({ "hostname": "a", "ipMode": "VIP" }), "status.loadBalancer.ingress[0].ipMode"),
    ] {
        world.merge("services/a/status", status(entry)).await.invalid(&[field]);
    }
    let patched = world.merge("services/a/status", status(json!({ "ip": "1.2.3.4" }))).await.ok();
    let shown = json!([{ "ip": "1.2.3.4", "ipMode": "VIP" }]);
    assert_eq!(patched["status"]["loadBalancer"]["ingress"], shown);
    world.post("services", service("b", json!({}))).await.ok();
    let answer = world.merge("services/b/status", status(json!({ "ip": "1.2.3.4" }))).await;
    answer.invalid(&["status.loadBalancer.ingress"]);
}

async fn a_status_is_cleared_when_the_type_changes(world: World) {
    world.post("services", service("a", json!({ "type": "LoadBalancer" }))).await.ok();
    let condition = json!({
        "type": "example.org/a", "status": "True", "reason": "A", "message": "", "lastTransitionTime": "2026-01-31T12:00:00Z",
    });
    let status = json!({ "status": {
        "loadBalancer": { "ingress": [{ "hostname": "a.example.org" }] }, "conditions": [condition],
    } });
    world.merge("services/a/status", status).await.ok();
    let patched = world.merge("services/a", json!({ "spec": { "type": "NodePort" } })).await.ok();
    assert_eq!(patched["status"], json!({ "loadBalancer": {}, "conditions": [condition] }));
}

async fn only_one_address_family_is_served(world: World) {
    let object = service("a", json!({ "ipFamilyPolicy": "RequireDualStack" }));
    world.post("services", object).await.invalid(&["spec.ipFamilyPolicy"]);
    let object = service("a", json!({ "ipFamilies": ["IPv6"] }));
    world.post("services", object).await.invalid(&["spec.ipFamilies[0]"]);
    let made = world.post("services", service("a", json!({ "ipFamilyPolicy": "PreferDualStack" }))).await.ok();
    assert_eq!(
        (&made["spec"]["ipFamilyPolicy"], &made["spec"]["ipFamilies"]),
        (&json!("PreferDualStack"), &json!(["IPv4"]))
    );
}
