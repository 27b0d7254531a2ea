//! Replacements: versions, uids, generations, and the two parts of an object.

use serde_json::{Value, json};

use super::sentences;
use super::world::{World, version};

sentences![
    an_update_with_an_old_version_is_a_conflict,
    an_update_without_a_version_replaces_whatever_is_there,
    some_kinds_are_not_updated_without_a_version,
    an_update_that_changes_nothing_makes_no_version,
    a_replacement_for_another_uid_is_a_conflict,
    a_patch_for_another_uid_is_invalid,
    an_update_must_name_the_object_of_its_path,
    an_update_does_not_change_what_the_server_gave,
    a_generation_counts_the_changes_of_a_spec,
    services_have_no_generation,
    a_status_is_changed_through_its_own_part_alone,
    a_part_for_the_status_changes_no_spec,
    a_status_can_bring_labels_with_it,
    a_status_with_an_old_version_is_a_conflict,
    kinds_without_a_status_have_no_part_for_it,
    a_change_of_a_deployments_selector_is_refused,
];

const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/{ns}/deployments";
const MODIFIED: &str = "the object has been modified; please apply your changes to the latest version and try again";

async fn an_update_with_an_old_version_is_a_conflict(world: World) {
    let made = world.config_map("a").await;
    world.merge("configmaps/a", json!({ "data": { "x": "1" } })).await.ok();
    let message = format!("Operation cannot be fulfilled on configmaps \"a\": {MODIFIED}");
    let status = world.put("configmaps/a", &made).await.refused(409, "Conflict");
    assert_eq!(status["message"], message);
    assert_eq!(status["details"], json!({ "name": "a", "kind": "configmaps" }));
    let patch = json!({ "metadata": { "resourceVersion": made["metadata"]["resourceVersion"] }, "data": { "x": "2" } });
    world.merge("configmaps/a", patch).await.says(409, "Conflict", &message);
}

async fn an_update_without_a_version_replaces_whatever_is_there(world: World) {
    let labelled = json!({ "metadata": { "name": "a", "labels": { "x": "y" } }, "data": { "x": "1" } });
    let made = world.post("configmaps", labelled).await.ok();
    let put = world.put("configmaps/a", &json!({ "metadata": { "name": "a" }, "data": { "y": "1" } })).await.ok();
    assert_eq!(put["data"], json!({ "y": "1" }));
    assert!(put["metadata"]["labels"].is_null());
    assert_eq!(put["metadata"]["uid"], made["metadata"]["uid"]);
    assert!(version(&put) > version(&made));
}

async fn some_kinds_are_not_updated_without_a_version(world: World) {
    let leases = "/apis/coordination.k8s.io/v1/namespaces/{ns}/leases";
    world.post(leases, json!({ "metadata": { "name": "a" } })).await.ok();
    let path = format!("{leases}/a");
    let status = world.put(&path, &json!({ "metadata": { "name": "a" } })).await.invalid(&["metadata.resourceVersion"]);
    let words = "must be specified for an update";
    assert!(status["message"].as_str().unwrap().ends_with(words), "{status}");
    world.merge(&path, json!({ "spec": { "holderIdentity": "me" } })).await.ok();
}

async fn an_update_that_changes_nothing_makes_no_version(world: World) {
    let object = json!({ "metadata": { "name": "a" }, "spec": { "type": "LoadBalancer", "ports": [{ "port": 80 }] } });
    let made = world.post("services", object.clone()).await.ok();
    for same in [&made, &object] {
        let put = world.put("services/a", same).await.ok();
        assert_eq!(put, made);
    }
    for patch in [json!({}), json!({ "spec": { "type": "LoadBalancer" } }), json!({ "metadata": { "labels": null } })] {
        assert_eq!(world.merge("services/a", patch).await.ok(), made);
    }
}

async fn a_replacement_for_another_uid_is_a_conflict(world: World) {
    let made = world.config_map("a").await;
    let uid = made["metadata"]["uid"].as_str().unwrap();
    let words = format!("Precondition failed: UID in precondition: another, UID in object meta: {uid}");
    let other = json!({ "metadata": { "name": "a", "uid": "another" }, "data": { "x": "1" } });
    let status = world.put("configmaps/a", &other).await.refused(409, "Conflict");
    assert!(status["message"].as_str().unwrap().ends_with(&words), "{status}");
    let same = json!({ "metadata": { "name": "a", "uid": uid }, "data": { "x": "1" } });
    world.put("configmaps/a", &same).await.ok();
}

async fn a_patch_for_another_uid_is_invalid(world: World) {
    let made = world.config_map("a").await;
    let uid = made["metadata"]["uid"].as_str().unwrap();
    let other = json!({ "metadata": { "uid": "another" }, "data": { "x": "1" } });
    let status = world.merge("configmaps/a", other).await.invalid(&["metadata.uid"]);
    let words = "ConfigMap \"a\" is invalid: metadata.uid: Invalid value: \"another\": field is immutable";
    assert_eq!(status["message"], words);
    let same = json!({ "metadata": { "name": "a", "uid": uid }, "data": { "x": "1" } });
    world.merge("configmaps/a", same).await.ok();
}

async fn an_update_must_name_the_object_of_its_path(world: World) {
    world.config_map("a").await;
    let words = "the name of the object (b) does not match the name on the URL (a)";
    let other = json!({ "metadata": { "name": "b" } });
    world.put("configmaps/a", &other).await.says(400, "BadRequest", words);
    let words = "the namespace of the provided object does not match the namespace sent on the request";
    let other = json!({ "metadata": { "name": "a", "namespace": "another" } });
    world.put("configmaps/a", &other).await.says(400, "BadRequest", words);
}

async fn an_update_does_not_change_what_the_server_gave(world: World) {
    let made = world.config_map("a").await;
    let patch = json!({ "metadata": {
        "creationTimestamp": "2000-01-01T00:00:00Z", "generation": 5, "selfLink": "/x", "uid": null,
    } });
    let put = world.merge("configmaps/a", patch).await.ok();
    assert_eq!(put["metadata"], made["metadata"]);
    for (field, value) in
        [("deletionTimestamp", json!("2000-01-01T00:00:00Z")), ("deletionGracePeriodSeconds", json!(5))]
    {
        let answer = world.merge("configmaps/a", json!({ "metadata": { field: value } })).await;
        answer.invalid(&[&format!("metadata.{field}")]);
    }
}

fn deployment() -> Value {
    json!({ "metadata": { "name": "a" }, "spec": {
        "selector": { "matchLabels": { "app": "a" } },
        "template": { "metadata": { "labels": { "app": "a" } }, "spec": { "containers": [{ "name": "a", "image": "a:1" }] } },
    } })
}

async fn a_generation_counts_the_changes_of_a_spec(world: World) {
    let path = format!("{DEPLOYMENTS}/a");
    let made = world.post(DEPLOYMENTS, deployment()).await.ok();
    assert_eq!(made["metadata"]["generation"], 1);
    for (patch, generation) in [
        (json!({ "metadata": { "labels": { "x": "y" } } }), 1),
        (json!({ "spec": { "replicas": 2 } }), 2),
        (json!({ "spec": { "replicas": 2 } }), 2),
        (json!({ "status": { "replicas": 2 } }), 2),
        (json!({ "metadata": { "annotations": { "x": "y" } } }), 3),
    ] {
        let patched = world.merge(&path, patch.clone()).await.ok();
        assert_eq!(patched["metadata"]["generation"], generation, "{patch}");
    }
    let patched = world.merge(&format!("{path}/status"), json!({ "status": { "replicas": 2 } })).await.ok();
    assert_eq!((&patched["metadata"]["generation"], &patched["status"]["replicas"]), (&json!(3), &json!(2)));
    let ingresses = "/apis/networking.k8s.io/v1/namespaces/{ns}/ingresses";
    let backend =
        |port: i32| json!({ "spec": { "defaultBackend": { "service": { "name": "a", "port": { "number": port } } } } });
    let mut ingress = backend(1);
    ingress["metadata"] = json!({ "name": "a" });
    assert_eq!(world.post(ingresses, ingress).await.ok()["metadata"]["generation"], 1);
    let annotated = json!({ "metadata": { "annotations": { "x": "y" } } });
    let path = format!("{ingresses}/a");
    assert_eq!(world.merge(&path, annotated).await.ok()["metadata"]["generation"], 1);
    assert_eq!(world.merge(&path, backend(2)).await.ok()["metadata"]["generation"], 2);
}

async fn services_have_no_generation(world: World) {
    let object = json!({ "metadata": { "name": "a" }, "spec": { "ports": [{ "port": 80 }] } });
    world.post("services", object).await.ok();
    let patched = world.merge("services/a", json!({ "spec": { "ports": [{ "port": 81 }] } })).await.ok();
    assert!(patched["metadata"]["generation"].is_null());
}

fn load_balancer() -> Value {
    json!({ "metadata": { "name": "a" }, "spec": { "type": "LoadBalancer", "ports": [{ "port": 80 }] } })
}

fn reported() -> Value {
    json!({ "status": { "loadBalancer": { "ingress": [{ "hostname": "a.example.org" }] } } })
}

async fn a_status_is_changed_through_its_own_part_alone(world: World) {
    let mut object = load_balancer();
    object["status"] = reported()["status"].clone();
    let made = world.post("services", object).await.ok();
    assert_eq!(made["status"], json!({ "loadBalancer": {} }));
    let patched = world.merge("services/a", reported()).await.ok();
    assert_eq!(patched, made);
    let patched = world.merge("services/a/status", reported()).await.ok();
    assert_eq!(patched["status"], reported()["status"]);
    let kept = world.merge("services/a", json!({ "status": null, "metadata": { "labels": { "x": "y" } } })).await.ok();
    assert_eq!(kept["status"], reported()["status"]);
    assert_eq!(world.get("services/a/status").await.ok(), kept);
}

async fn a_part_for_the_status_changes_no_spec(world: World) {
    let made = world.post("services", load_balancer()).await.ok();
    let mut change = made.clone();
    change["spec"]["ports"][0]["port"] = json!(81);
    change["status"] = reported()["status"].clone();
    let put = world.put("services/a/status", &change).await.ok();
    assert_eq!((&put["spec"], &put["status"]), (&made["spec"], &reported()["status"]));
}

async fn a_status_can_bring_labels_with_it(world: World) {
    world.post("services", load_balancer()).await.ok();
    let patch = json!({ "metadata": { "labels": { "x": "y" }, "finalizers": ["example.org/a"] } });
    let patched = world.merge("services/a/status", patch).await.ok();
    assert_eq!(patched["metadata"]["labels"], json!({ "x": "y" }));
    assert_eq!(patched["metadata"]["finalizers"], json!(["example.org/a"]));
}

async fn a_status_with_an_old_version_is_a_conflict(world: World) {
    let made = world.post("services", load_balancer()).await.ok();
    world.merge("services/a", json!({ "metadata": { "labels": { "x": "y" } } })).await.ok();
    let mut patch = reported();
    patch["metadata"] = json!({ "resourceVersion": made["metadata"]["resourceVersion"] });
    world.merge("services/a/status", patch).await.refused(409, "Conflict");
    let mut patch = reported();
    patch["metadata"] = json!({ "uid": "another" });
    world.merge("services/a/status", patch).await.invalid(&["metadata.uid"]);
}

async fn kinds_without_a_status_have_no_part_for_it(world: World) {
    world.config_map("a").await;
    let answer = world.merge("configmaps/a/status", json!({})).await;
    assert_eq!(answer.code, 404);
    assert_eq!(world.get("configmaps/a/status").await.code, 404);
}

async fn a_change_of_a_deployments_selector_is_refused(world: World) {
    world.post(DEPLOYMENTS, deployment()).await.ok();
    let labels = json!({ "app": "b" });
    let patch = json!({ "spec": {
        "selector": { "matchLabels": labels }, "template": { "metadata": { "labels": labels } },
    } });
    world.merge(&format!("{DEPLOYMENTS}/a"), patch).await.invalid(&["spec.selector"]);
    let mut other = deployment();
    other["metadata"]["name"] = json!("b");
    other["spec"]["template"]["metadata"]["labels"] = json!({ "app": "b" });
    world.post(DEPLOYMENTS, other).await.invalid(&["spec.template.metadata.labels"]);
}
