//! Deletion: finalizers, preconditions, grace, propagation.

use serde_json::{Value, json};

use super::sentences;
use super::world::{World, version};

sentences![
    an_object_without_finalizers_is_gone_at_once,
    some_kinds_answer_a_deletion_with_the_object,
    a_deletion_of_nothing_is_not_found,
    an_object_with_finalizers_is_kept_and_marked,
    a_marked_object_can_be_changed_but_for_new_finalizers,
    a_marked_object_is_gone_with_its_last_finalizer,
    a_second_deletion_changes_nothing,
    a_deletion_can_be_of_one_uid_or_version_only,
    an_object_made_again_is_another,
    a_collection_is_deleted_as_selected,
    a_deletion_in_the_foreground_leaves_a_finalizer,
    a_deletion_by_an_unknown_policy_is_refused,
    a_generation_counts_the_mark_of_deletion,
    a_pod_on_a_node_is_given_grace,
    a_pod_on_no_node_is_given_none,
    a_namespace_that_goes_takes_nothing_new_and_waits_for_its_keeper,
    a_namespace_that_every_cluster_needs_cannot_be_deleted,
];

fn with_finalizers(finalizers: Value) -> Value {
    json!({ "metadata": { "name": "a", "finalizers": finalizers } })
}

async fn an_object_without_finalizers_is_gone_at_once(world: World) {
    let made = world.config_map("a").await;
    let status = world.delete("configmaps/a").await.ok();
    assert_eq!((&status["kind"], &status["status"]), (&json!("Status"), &json!("Success")));
    let details = json!({ "name": "a", "kind": "configmaps", "uid": made["metadata"]["uid"] });
    assert_eq!(status["details"], details);
    world.get("configmaps/a").await.refused(404, "NotFound");
    let path = "/apis/coordination.k8s.io/v1/namespaces/{ns}/leases";
    world.post(path, json!({ "metadata": { "name": "a" } })).await.ok();
    let status = world.delete(&format!("{path}/a")).await.ok();
    assert_eq!(status["details"]["group"], "coordination.k8s.io");
}

async fn some_kinds_answer_a_deletion_with_the_object(world: World) {
    let object = json!({ "metadata": { "name": "a" }, "spec": { "ports": [{ "port": 1 }] } });
    let made = world.post("services", object).await.ok();
    let gone = world.delete("services/a").await.ok();
    assert_eq!((&gone["kind"], &gone["metadata"]["uid"]), (&json!("Service"), &made["metadata"]["uid"]));
    world.get("services/a").await.refused(404, "NotFound");
}

async fn a_deletion_of_nothing_is_not_found(world: World) {
    world.delete("configmaps/a").await.says(404, "NotFound", "configmaps \"a\" not found");
}

async fn an_object_with_finalizers_is_kept_and_marked(world: World) {
    let made = world.post("configmaps", with_finalizers(json!(["example.org/a"]))).await.ok();
    let going = world.delete("configmaps/a").await.ok();
    assert_eq!(going["kind"], "ConfigMap");
    assert!(going["metadata"]["deletionTimestamp"].is_string());
    assert_eq!(going["metadata"]["deletionGracePeriodSeconds"], 0);
    assert!(version(&going) > version(&made));
    assert_eq!(world.get("configmaps/a").await.ok(), going);
}

async fn a_marked_object_can_be_changed_but_for_new_finalizers(world: World) {
    world.post("configmaps", with_finalizers(json!(["example.org/a"]))).await.ok();
    let going = world.delete("configmaps/a").await.ok();
    let changed = world.merge("configmaps/a", json!({ "data": { "x": "1" } })).await.ok();
    assert_eq!(changed["metadata"]["deletionTimestamp"], going["metadata"]["deletionTimestamp"]);
    let more = json!({ "metadata": { "finalizers": ["example.org/a", "example.org/b"] } });
    let status = world.merge("configmaps/a", more).await.invalid(&["metadata.finalizers"]);
    let words = "ConfigMap \"a\" is invalid: metadata.finalizers: Forbidden: no new finalizers can be added if the object is \
        being deleted, found new finalizers []string{\"example.org/b\"}";
    assert_eq!(status["message"], words);
    let undone = world.merge("configmaps/a", json!({ "metadata": { "deletionTimestamp": null } })).await.ok();
    assert_eq!(undone["metadata"]["deletionTimestamp"], going["metadata"]["deletionTimestamp"]);
}

async fn a_marked_object_is_gone_with_its_last_finalizer(world: World) {
    world.post("configmaps", with_finalizers(json!(["example.org/a", "example.org/b"]))).await.ok();
    let going = world.delete("configmaps/a").await.ok();
    let mut watch = world.watch(&format!("configmaps?resourceVersion={}", version(&going))).await;
    let one = json!({ "metadata": { "finalizers": ["example.org/b"] } });
    world.merge("configmaps/a", one).await.ok();
    world.get("configmaps/a").await.ok();
    let last = world.merge("configmaps/a", json!({ "metadata": { "finalizers": [] } })).await.ok();
    assert!(last["metadata"]["finalizers"].is_null());
    world.get("configmaps/a").await.refused(404, "NotFound");
    let told = watch.expect(&["MODIFIED a", "DELETED a"]).await;
    assert!(told["metadata"]["deletionTimestamp"].is_string());
}

async fn a_second_deletion_changes_nothing(world: World) {
    world.post("configmaps", with_finalizers(json!(["example.org/a"]))).await.ok();
    let going = world.delete("configmaps/a").await.ok();
    assert_eq!(world.delete("configmaps/a").await.ok(), going);
}

async fn a_deletion_can_be_of_one_uid_or_version_only(world: World) {
    let made = world.config_map("a").await;
    let (uid, version) = (&made["metadata"]["uid"], &made["metadata"]["resourceVersion"]);
    for preconditions in [json!({ "uid": "another" }), json!({ "resourceVersion": "1" })] {
        let options = json!({ "preconditions": preconditions });
        world.delete_with("configmaps/a", options).await.refused(409, "Conflict");
    }
    let options = json!({ "preconditions": { "uid": uid, "resourceVersion": version } });
    world.delete_with("configmaps/a", options).await.ok();
}

async fn an_object_made_again_is_another(world: World) {
    let first = world.config_map("a").await;
    world.delete("configmaps/a").await.ok();
    let second = world.config_map("a").await;
    assert_ne!(first["metadata"]["uid"], second["metadata"]["uid"]);
    let stale =
        json!({ "metadata": { "resourceVersion": first["metadata"]["resourceVersion"] }, "data": { "x": "1" } });
    world.merge("configmaps/a", stale).await.refused(409, "Conflict");
}

async fn a_collection_is_deleted_as_selected(world: World) {
    for (name, label) in [("a", "yes"), ("b", "no"), ("c", "yes")] {
        let object = json!({ "metadata": { "name": name, "labels": { "go": label } } });
        world.post("configmaps", object).await.ok();
    }
    let list = world.delete("configmaps?labelSelector=go%3Dyes").await.ok();
    assert_eq!((&list["kind"], super::world::names(&list)), (&json!("ConfigMapList"), vec!["a".into(), "c".into()]));
    assert_eq!(world.names("configmaps").await, ["b"]);
    world.delete("configmaps").await.ok();
    assert_eq!(world.names("configmaps").await, [""; 0]);
    world.delete("/api/v1/configmaps").await.refused(405, "MethodNotAllowed");
}

async fn a_deletion_in_the_foreground_leaves_a_finalizer(world: World) {
    for (policy, finalizer) in [("Foreground", "foregroundDeletion"), ("Orphan", "orphan")] {
        world.config_map("a").await;
        let going = world.delete_with("configmaps/a", json!({ "propagationPolicy": policy })).await.ok();
        assert_eq!(going["metadata"]["finalizers"], json!([finalizer]));
        world.merge("configmaps/a", json!({ "metadata": { "finalizers": null } })).await.ok();
        world.get("configmaps/a").await.refused(404, "NotFound");
    }
    world.config_map("b").await;
    world.delete_with("configmaps/b", json!({ "propagationPolicy": "Background" })).await.ok();
    world.get("configmaps/b").await.refused(404, "NotFound");
}

async fn a_deletion_by_an_unknown_policy_is_refused(world: World) {
    world.config_map("a").await;
    let answer = world.delete_with("configmaps/a", json!({ "propagationPolicy": "Sometimes" })).await;
    answer.invalid(&["propagationPolicy"]);
}

async fn a_generation_counts_the_mark_of_deletion(world: World) {
    let path = "/apis/networking.k8s.io/v1/namespaces/{ns}/ingresses";
    let backend = json!({ "service": { "name": "a", "port": { "number": 1 } } });
    let metadata = json!({ "name": "a", "finalizers": ["example.org/a"] });
    world.post(path, json!({ "metadata": metadata, "spec": { "defaultBackend": backend } })).await.ok();
    let going = world.delete(&format!("{path}/a")).await.ok();
    assert_eq!(going["metadata"]["generation"], 2);
}

/// A Pod; its ServiceAccount must be there.
async fn pod(world: &World, spec: Value) -> Value {
    let account = json!({ "metadata": { "name": "default" } });
    let made = world.post("serviceaccounts", account).await;
    assert!(made.code == 201 || made.code == 409, "{made:?}");
    let mut object = json!({ "metadata": { "name": "a" }, "spec": {
        "containers": [{ "name": "a", "image": "a:1" }], "automountServiceAccountToken": false,
    } });
    for (field, value) in spec.as_object().unwrap() {
        object["spec"][field] = value.clone();
    }
    world.post("pods", object).await.ok()
}

async fn a_pod_on_a_node_is_given_grace(world: World) {
    pod(&world, json!({ "nodeName": "one" })).await;
    let going = world.delete("pods/a").await.ok();
    assert_eq!((&going["kind"], &going["metadata"]["deletionGracePeriodSeconds"]), (&json!("Pod"), &json!(30)));
    assert_eq!(world.delete("pods/a").await.ok(), going);
    let sooner = world.delete_with("pods/a", json!({ "gracePeriodSeconds": 5 })).await.ok();
    assert_eq!(sooner["metadata"]["deletionGracePeriodSeconds"], 5);
    world.delete_with("pods/a", json!({ "gracePeriodSeconds": 0 })).await.ok();
    world.get("pods/a").await.refused(404, "NotFound");
    pod(&world, json!({ "nodeName": "one", "terminationGracePeriodSeconds": 0 })).await;
    world.delete("pods/a").await.ok();
    world.get("pods/a").await.refused(404, "NotFound");
}

async fn a_pod_on_no_node_is_given_none(world: World) {
    pod(&world, json!({})).await;
    let gone = world.delete("pods/a").await.ok();
    assert_eq!(gone["kind"], "Pod");
    world.get("pods/a").await.refused(404, "NotFound");
}

async fn a_namespace_that_goes_takes_nothing_new_and_waits_for_its_keeper(world: World) {
    let going = world.delete("/api/v1/namespaces/{ns}").await.ok();
    assert_eq!((&going["kind"], &going["status"]["phase"]), (&json!("Namespace"), &json!("Terminating")));
    assert_eq!(going["spec"]["finalizers"], json!(["kubernetes"]));
    let status = world.post("configmaps", json!({ "metadata": { "name": "a" } })).await.refused(403, "Forbidden");
    let namespace = &world.namespace;
    let words = format!(
        "configmaps \"a\" is forbidden: unable to create new content in namespace {namespace} because it is being terminated"
    );
    assert_eq!(status["message"], words);
    assert_eq!(status["details"]["causes"][0]["reason"], "NamespaceTerminating");
    let mut released = going.clone();
    released["spec"]["finalizers"] = json!([]);
    world.put("/api/v1/namespaces/{ns}/finalize", &released).await.ok();
    world.get("/api/v1/namespaces/{ns}").await.refused(404, "NotFound");
    let status = world.post("configmaps", json!({ "metadata": { "name": "a" } })).await.refused(404, "NotFound");
    assert_eq!(status["message"], format!("namespaces \"{namespace}\" not found"));
}

async fn a_namespace_that_every_cluster_needs_cannot_be_deleted(world: World) {
    for name in ["default", "kube-system", "kube-public"] {
        let words = format!("namespaces \"{name}\" is forbidden: this namespace may not be deleted");
        world.delete(&format!("/api/v1/namespaces/{name}")).await.says(403, "Forbidden", &words);
    }
}
