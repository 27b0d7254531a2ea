//! What the other built-in kinds are given, and what they must be.

use serde_json::{Value, json};

use super::sentences;
use super::world::World;

sentences![
    an_event_is_the_same_in_both_groups,
    an_event_of_the_new_group_must_say_more,
    events_are_selected_by_what_they_are_about,
    an_event_can_be_counted_up,
    a_lease_is_held_by_whoever_wrote_last_in_order,
    a_lease_has_a_duration,
    a_namespace_has_its_name_as_a_label,
    a_new_node_takes_no_pods,
    a_node_keeps_the_status_it_is_made_with,
    a_pod_is_given_what_it_does_not_say,
    a_pod_is_bound_to_a_node_once,
    most_of_a_pod_cannot_be_changed,
    a_pod_must_have_containers,
    a_deployment_is_given_what_it_does_not_say,
    an_ingress_must_lead_somewhere,
    an_ingress_has_a_status,
    a_secret_takes_texts_and_keeps_bytes,
    an_endpoint_slice_keeps_its_address_type,
    an_ingress_class_is_in_no_namespace,
    an_immutable_map_stays,
];

const EVENTS: &str = "/apis/events.k8s.io/v1/namespaces/{ns}/events";
const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces/{ns}/leases";

fn event(world: &World, name: &str) -> Value {
    json!({
        "metadata": { "name": name }, "eventTime": "2026-01-31T12:00:00.000000Z", "reportingController": "example.org/a",
        "reportingInstance": "a-1", "action": "Make", "reason": "Made", "type": "Normal", "note": "It is made.",
        "regarding": { "kind": "Service", "namespace": world.namespace, "name": "web", "apiVersion": "v1" },
    })
}

async fn an_event_is_the_same_in_both_groups(world: World) {
    let made = world.post(EVENTS, event(&world, "a")).await.ok();
    assert_eq!((&made["apiVersion"], &made["note"]), (&json!("events.k8s.io/v1"), &json!("It is made.")));
    let core = world.get("events/a").await.ok();
    assert_eq!((&core["apiVersion"], &core["message"]), (&json!("v1"), &json!("It is made.")));
    assert_eq!(core["involvedObject"], made["regarding"]);
    assert_eq!(core["reportingComponent"], "example.org/a");
    assert_eq!(core["metadata"]["uid"], made["metadata"]["uid"]);
    let old = json!({
        "metadata": { "name": "b" }, "reason": "Made", "message": "It is made.", "type": "Normal", "count": 2,
        "source": { "component": "a" }, "firstTimestamp": "2026-01-31T12:00:00Z",
        "involvedObject": { "kind": "Service", "namespace": world.namespace, "name": "web" },
    });
    world.post("events", old).await.ok();
    let new = world.get(&format!("{EVENTS}/b")).await.ok();
    assert_eq!((&new["note"], &new["deprecatedCount"]), (&json!("It is made."), &json!(2)));
    assert_eq!(new["deprecatedSource"], json!({ "component": "a" }));
}

async fn an_event_of_the_new_group_must_say_more(world: World) {
    for (missing, field) in [
        ("reason", "reason"),
        ("action", "action"),
        ("reportingController", "reportingController"),
        ("reportingInstance", "reportingInstance"),
    ] {
        let mut object = event(&world, "a");
        object.as_object_mut().unwrap().remove(missing);
        world.post(EVENTS, object).await.invalid(&[field]);
    }
    let mut long = event(&world, "a");
    long["note"] = json!("x".repeat(1025));
    world.post(EVENTS, long).await.invalid(&["message"]);
}

async fn events_are_selected_by_what_they_are_about(world: World) {
    world.post(EVENTS, event(&world, "a")).await.ok();
    let mut other = event(&world, "b");
    other["regarding"]["name"] = json!("api");
    world.post(EVENTS, other).await.ok();
    assert_eq!(world.names(&format!("{EVENTS}?fieldSelector=regarding.name%3Dweb")).await, ["a"]);
    assert_eq!(world.names("events?fieldSelector=involvedObject.name%3Dapi,type%3DNormal").await, ["b"]);
}

async fn an_event_can_be_counted_up(world: World) {
    world.post(EVENTS, event(&world, "a")).await.ok();
    let series = json!({ "series": { "count": 2, "lastObservedTime": "2026-01-31T12:01:00.000000Z" } });
    let path = format!("{EVENTS}/a");
    let patched = world.strategic(&path, series.clone()).await.ok();
    assert_eq!(patched["series"], series["series"]);
    world.merge(&path, json!({ "note": "It is another." })).await.refused(422, "Invalid");
}

async fn a_lease_is_held_by_whoever_wrote_last_in_order(world: World) {
    let spec = |holder: &str| json!({ "holderIdentity": holder, "leaseDurationSeconds": 15, "renewTime": "2026-01-31T12:00:00.123456Z" });
    let made = world.post(LEASES, json!({ "metadata": { "name": "a" }, "spec": spec("one") })).await.ok();
    assert_eq!(made["spec"], spec("one"));
    let path = format!("{LEASES}/a");
    let (mut first, mut second) = (made.clone(), made);
    first["spec"] = spec("two");
    second["spec"] = spec("three");
    world.put(&path, &first).await.ok();
    world.put(&path, &second).await.refused(409, "Conflict");
    assert_eq!(world.get(&path).await.ok()["spec"]["holderIdentity"], "two");
}

async fn a_lease_has_a_duration(world: World) {
    let object = json!({ "metadata": { "name": "a" }, "spec": { "leaseDurationSeconds": 0 } });
    world.post(LEASES, object).await.invalid(&["spec.leaseDurationSeconds"]);
    let object = json!({ "metadata": { "name": "a" }, "spec": { "leaseTransitions": -1 } });
    world.post(LEASES, object).await.invalid(&["spec.leaseTransitions"]);
}

async fn a_namespace_has_its_name_as_a_label(world: World) {
    let namespace = world.get("/api/v1/namespaces/{ns}").await.ok();
    assert_eq!(namespace["metadata"]["labels"], json!({ "kubernetes.io/metadata.name": world.namespace }));
    assert_eq!(
        (&namespace["spec"], &namespace["status"]),
        (&json!({ "finalizers": ["kubernetes"] }), &json!({ "phase": "Active" }))
    );
    let patch = json!({ "metadata": { "labels": { "kubernetes.io/metadata.name": null, "x": "y" } } });
    let patched = world.merge("/api/v1/namespaces/{ns}", patch).await.ok();
    assert_eq!(patched["metadata"]["labels"], json!({ "kubernetes.io/metadata.name": world.namespace, "x": "y" }));
}

async fn a_new_node_takes_no_pods(world: World) {
    let made = world.post("/api/v1/nodes", json!({ "metadata": { "name": world.namespace } })).await.ok();
    assert_eq!(made["spec"]["taints"], json!([{ "key": "node.kubernetes.io/not-ready", "effect": "NoSchedule" }]));
    let patched = world.merge("/api/v1/nodes/{ns}", json!({ "spec": { "taints": null } })).await.ok();
    assert!(patched["spec"]["taints"].is_null());
}

async fn a_node_keeps_the_status_it_is_made_with(world: World) {
    let condition = json!({ "type": "Ready", "status": "True" });
    let addresses = json!([{ "type": "InternalIP", "address": "10.0.0.1" }]);
    let object = json!({ "metadata": { "name": world.namespace }, "spec": { "providerID": "aws:///a/i-1" }, "status": {
        "addresses": addresses, "conditions": [condition],
    } });
    let made = world.post("/api/v1/nodes", object).await.ok();
    assert_eq!(
        (&made["status"]["addresses"], &made["status"]["conditions"][0]["status"]),
        (&addresses, &json!("True"))
    );
    let patch = json!({ "status": { "conditions": [{ "type": "Ready", "status": "False" }] } });
    let patched = world.merge("/api/v1/nodes/{ns}", patch.clone()).await.ok();
    assert_eq!(patched["status"]["conditions"][0]["status"], "True");
    let patched = world.merge("/api/v1/nodes/{ns}/status", patch).await.ok();
    assert_eq!(patched["status"]["conditions"][0]["status"], "False");
    let other = json!({ "spec": { "providerID": "aws:///a/i-2" } });
    world.merge("/api/v1/nodes/{ns}", other).await.invalid(&["spec.providerID"]);
}

/// A Pod; its ServiceAccount must be there.
async fn pod(world: &World, spec: Value) -> Value {
    world.post("serviceaccounts", json!({ "metadata": { "name": "default" } })).await.ok();
    let mut object = json!({ "metadata": { "name": "a" }, "spec": {
        "containers": [{ "name": "a", "image": "a:1", "ports": [{ "containerPort": 80, "name": "web" }] }],
        "automountServiceAccountToken": false,
    } });
    for (field, value) in spec.as_object().unwrap() {
        object["spec"][field] = value.clone();
    }
    world.post("pods", object).await.ok()
}

async fn a_pod_is_given_what_it_does_not_say(world: World) {
    let made = pod(&world, json!({})).await;
    let toleration =
        |key: &str| json!({ "effect": "NoExecute", "key": key, "operator": "Exists", "tolerationSeconds": 300 });
    let expected = json!({
        "automountServiceAccountToken": false,
        "containers": [{
            "image": "a:1", "imagePullPolicy": "IfNotPresent", "name": "a",
            "ports": [{ "containerPort": 80, "name": "web", "protocol": "TCP" }], "resources": {},
            "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
        }],
        "dnsPolicy": "ClusterFirst", "enableServiceLinks": true, "preemptionPolicy": "PreemptLowerPriority", "priority": 0,
        "restartPolicy": "Always", "schedulerName": "default-scheduler", "securityContext": {},
        "serviceAccount": "default", "serviceAccountName": "default", "terminationGracePeriodSeconds": 30,
        "tolerations": [toleration("node.kubernetes.io/not-ready"), toleration("node.kubernetes.io/unreachable")],
    });
    assert_eq!(made["spec"], expected);
    assert_eq!(made["status"], json!({ "phase": "Pending", "qosClass": "BestEffort" }));
    assert_eq!(made["metadata"]["generation"], 1);
}

async fn a_pod_is_bound_to_a_node_once(world: World) {
    pod(&world, json!({})).await;
    let binding = |node: &str| json!({ "metadata": { "name": "a" }, "target": { "kind": "Node", "name": node } });
    let answer = world.post("pods/a/binding", binding("one")).await;
    assert_eq!(answer.code, 201);
    let bound = world.get("pods/a").await.ok();
    assert_eq!(bound["spec"]["nodeName"], "one");
    assert_eq!(bound["status"]["conditions"][0]["type"], "PodScheduled");
    world.post("pods/a/binding", binding("two")).await.refused(409, "Conflict");
}

async fn most_of_a_pod_cannot_be_changed(world: World) {
    pod(&world, json!({ "nodeName": "one" })).await;
    world.merge("pods/a", json!({ "spec": { "nodeName": "two" } })).await.refused(422, "Invalid");
    world.merge("pods/a", json!({ "spec": { "hostNetwork": true } })).await.refused(422, "Invalid");
    let patched =
        world.strategic("pods/a", json!({ "spec": { "containers": [{ "name": "a", "image": "a:2" }] } })).await.ok();
    assert_eq!(patched["spec"]["containers"][0]["image"], "a:2");
    let status = json!({ "status": { "phase": "Running", "podIP": "10.0.0.9", "podIPs": [{ "ip": "10.0.0.9" }], "conditions": [
        { "type": "Ready", "status": "True" },
    ] } });
    let patched = world.merge("pods/a/status", status).await.ok();
    assert_eq!(
        (&patched["status"]["podIP"], &patched["status"]["qosClass"]),
        (&json!("10.0.0.9"), &json!("BestEffort"))
    );
}

async fn a_pod_must_have_containers(world: World) {
    world.post("serviceaccounts", json!({ "metadata": { "name": "default" } })).await.ok();
    for (containers, field) in [
        (json!([]), "spec.containers"),
        (json!([{ "name": "a" }]), "spec.containers[0].image"),
        (json!([{ "name": "A", "image": "a" }]), "spec.containers[0].name"),
        (json!([{ "name": "a", "image": "a" }, { "name": "a", "image": "a" }]), "spec.containers[1].name"),
    ] {
        let object = json!({ "metadata": { "name": "a" }, "spec": { "containers": containers } });
        world.post("pods", object).await.invalid(&[field]);
    }
}

async fn a_deployment_is_given_what_it_does_not_say(world: World) {
    let path = "/apis/apps/v1/namespaces/{ns}/deployments";
    let object = json!({ "metadata": { "name": "a" }, "spec": {
        "selector": { "matchLabels": { "app": "a" } },
        "template": { "metadata": { "labels": { "app": "a" } }, "spec": { "containers": [{ "name": "a", "image": "a" }] } },
    } });
    let made = world.post(path, object).await.ok();
    let expected = json!({
        "progressDeadlineSeconds": 600, "replicas": 1, "revisionHistoryLimit": 10,
        "selector": { "matchLabels": { "app": "a" } },
        "strategy": { "type": "RollingUpdate", "rollingUpdate": { "maxSurge": "25%", "maxUnavailable": "25%" } },
        "template": { "metadata": { "labels": { "app": "a" } }, "spec": {
            "containers": [{
                "image": "a", "imagePullPolicy": "Always", "name": "a", "resources": {},
                "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
            }],
            "dnsPolicy": "ClusterFirst", "restartPolicy": "Always", "schedulerName": "default-scheduler",
            "securityContext": {}, "terminationGracePeriodSeconds": 30,
        } },
    });
    assert_eq!((&made["spec"], &made["status"]), (&expected, &json!({})));
}

const INGRESSES: &str = "/apis/networking.k8s.io/v1/namespaces/{ns}/ingresses";

fn ingress(paths: Value) -> Value {
    json!({ "metadata": { "name": "a" }, "spec": { "rules": [{ "host": "a.example.org", "http": { "paths": paths } }] } })
}

async fn an_ingress_must_lead_somewhere(world: World) {
    let backend = json!({ "service": { "name": "a", "port": { "number": 80 } } });
    for (object, field) in [
        (json!({ "metadata": { "name": "a" }, "spec": {} }), "spec"),
        (
            ingress(json!([{ "path": "/", "pathType": "Near", "backend": backend }])),
            "spec.rules[0].http.paths[0].pathType",
        ),
        (
            ingress(json!([{ "path": "a", "pathType": "Prefix", "backend": backend }])),
            "spec.rules[0].http.paths[0].path",
        ),
        (ingress(json!([{ "path": "/", "pathType": "Prefix", "backend": {} }])), "spec.rules[0].http.paths[0].backend"),
    ] {
        world.post(INGRESSES, object).await.invalid(&[field]);
    }
    let made =
        world.post(INGRESSES, ingress(json!([{ "path": "/", "pathType": "Prefix", "backend": backend }]))).await.ok();
    assert_eq!(made["status"], json!({ "loadBalancer": {} }));
}

async fn an_ingress_has_a_status(world: World) {
    let backend = json!({ "service": { "name": "a", "port": { "name": "web" } } });
    world.post(INGRESSES, ingress(json!([{ "pathType": "ImplementationSpecific", "backend": backend }]))).await.ok();
    let status = json!({ "status": { "loadBalancer": { "ingress": [{ "hostname": "a.example.org" }] } } });
    let path = format!("{INGRESSES}/a");
    assert_eq!(world.merge(&path, status.clone()).await.ok()["status"], json!({ "loadBalancer": {} }));
    assert_eq!(world.merge(&format!("{path}/status"), status.clone()).await.ok()["status"], status["status"]);
}

async fn a_secret_takes_texts_and_keeps_bytes(world: World) {
    let object = json!({ "metadata": { "name": "a" }, "stringData": { "x": "text" } });
    let made = world.post("secrets", object).await.ok();
    assert_eq!((&made["type"], &made["data"]), (&json!("Opaque"), &json!({ "x": "dGV4dA==" })));
    assert!(made["stringData"].is_null());
}

async fn an_endpoint_slice_keeps_its_address_type(world: World) {
    let path = "/apis/discovery.k8s.io/v1/namespaces/{ns}/endpointslices";
    let object = json!({ "metadata": { "name": "a" }, "addressType": "IPv4", "ports": [{ "port": 80 }], "endpoints": [
        { "addresses": ["10.0.0.1"] },
    ] });
    let made = world.post(path, object.clone()).await.ok();
    assert_eq!(made["ports"], json!([{ "name": "", "port": 80, "protocol": "TCP" }]));
    assert_eq!(made["metadata"]["generation"], 1);
    let patch = json!({ "addressType": "IPv6", "endpoints": [] });
    world.merge(&format!("{path}/a"), patch).await.invalid(&["addressType"]);
    let mut other = object;
    other["metadata"]["name"] = json!("b");
    other["endpoints"] = json!([{ "addresses": [] }]);
    world.post(path, other).await.invalid(&["endpoints[0].addresses"]);
}

async fn an_ingress_class_is_in_no_namespace(world: World) {
    let path = "/apis/networking.k8s.io/v1/ingressclasses";
    let object = json!({ "metadata": { "name": world.namespace }, "spec": { "controller": "example.org/a" } });
    let made = world.post(path, object).await.ok();
    assert_eq!((&made["metadata"]["generation"], &made["metadata"]["namespace"]), (&json!(1), &json!(null)));
    let other = json!({ "spec": { "controller": "example.org/b" } });
    world.merge(&format!("{path}/{{ns}}"), other).await.invalid(&["spec.controller"]);
    world.get("/apis/networking.k8s.io/v1/namespaces/{ns}/ingressclasses").await.refused(404, "NotFound");
}

async fn an_immutable_map_stays(world: World) {
    let object = json!({ "metadata": { "name": "a" }, "data": { "x": "1" }, "immutable": true });
    world.post("configmaps", object).await.ok();
    world.merge("configmaps/a", json!({ "data": { "x": "2" } })).await.invalid(&["data"]);
    world.merge("configmaps/a", json!({ "metadata": { "labels": { "x": "y" } } })).await.ok();
}
