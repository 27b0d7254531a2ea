//! Dry runs: everything is checked and answered, nothing kept.

use serde_json::{Value, json};

use super::sentences;
use super::world::{World, names, version};

sentences![
    a_dry_run_makes_nothing,
    a_dry_run_changes_nothing,
    a_dry_run_deletes_nothing,
    a_dry_run_is_refused_as_the_real_one,
    a_dry_run_allots_no_node_port,
    a_dry_run_of_an_apply_shows_what_it_would_take_away,
    a_dry_run_of_an_unknown_stage_is_refused,
    a_dry_run_of_a_collections_deletion_deletes_nothing,
];

fn load_balancer() -> Value {
    json!({ "apiVersion": "v1", "kind": "Service", "metadata": { "name": "a" }, "spec": {
        "type": "LoadBalancer", "ports": [{ "port": 80 }],
    } })
}

async fn a_dry_run_makes_nothing(world: World) {
    let answer =
        world.post("configmaps?dryRun=All", json!({ "metadata": { "name": "a" }, "data": { "x": "1" } })).await;
    assert_eq!((answer.code, &answer.body["data"]), (201, &json!({ "x": "1" })));
    assert!(answer.body["metadata"]["uid"].is_string());
    assert!(answer.body["metadata"]["resourceVersion"].is_null());
    world.get("configmaps/a").await.refused(404, "NotFound");
}

async fn a_dry_run_changes_nothing(world: World) {
    let made = world.config_map("a").await;
    let shown = world.merge("configmaps/a?dryRun=All", json!({ "data": { "x": "1" } })).await.ok();
    assert_eq!(shown["data"], json!({ "x": "1" }));
    assert_eq!(version(&shown), version(&made));
    assert_eq!(world.get("configmaps/a").await.ok(), made);
    let marked = json!({ "metadata": { "name": "b", "finalizers": ["example.org/a"] } });
    world.post("configmaps", marked).await.ok();
    world.delete("configmaps/b").await.ok();
    world.merge("configmaps/b?dryRun=All", json!({ "metadata": { "finalizers": null } })).await.ok();
    world.get("configmaps/b").await.ok();
}

async fn a_dry_run_deletes_nothing(world: World) {
    let made = world.config_map("a").await;
    world.delete("configmaps/a?dryRun=All").await.ok();
    world.delete_with("configmaps/a", json!({ "dryRun": ["All"] })).await.ok();
    assert_eq!(world.get("configmaps/a").await.ok(), made);
}

async fn a_dry_run_is_refused_as_the_real_one(world: World) {
    world.post("services", load_balancer()).await.ok();
    world.post("services?dryRun=All", load_balancer()).await.refused(409, "AlreadyExists");
    let patch = json!({ "spec": { "ports": [{ "port": 0, "targetPort": 1 }] } });
    world.merge("services/a?dryRun=All", patch).await.invalid(&["spec.ports[0].port"]);
    world.merge("services/b?dryRun=All", json!({})).await.refused(404, "NotFound");
    let stale = json!({ "metadata": { "resourceVersion": "1" } });
    world.merge("services/a?dryRun=All", stale).await.refused(409, "Conflict");
    let made = world.get("services/a").await.ok();
    let mut other = load_balancer();
    other["metadata"]["name"] = json!("b");
    other["spec"]["ports"][0]["nodePort"] = made["spec"]["ports"][0]["nodePort"].clone();
    world.post("services?dryRun=All", other).await.invalid(&["spec.ports[0].nodePort"]);
}

async fn a_dry_run_allots_no_node_port(world: World) {
    let mut object = load_balancer();
    object["spec"]["externalTrafficPolicy"] = json!("Local");
    object["spec"]["ports"] = json!([{ "port": 80, "name": "a" }, { "port": 81, "name": "b" }]);
    let shown = world.post("services?dryRun=All", object).await.ok();
    let spec = &shown["spec"];
    // Ports that can be nobody's.
    assert_eq!((&spec["ports"][0]["nodePort"], &spec["ports"][1]["nodePort"]), (&json!(32_769), &json!(32_770)));
    assert_eq!((&spec["healthCheckNodePort"], &spec["clusterIP"]), (&json!(32_771), &json!("10.96.0.0")));
}

async fn a_dry_run_of_an_apply_shows_what_it_would_take_away(world: World) {
    let mut full = load_balancer();
    full["metadata"]["annotations"] = json!({ "x": "1", "y": "2" });
    full["spec"]["loadBalancerSourceRanges"] = json!(["10.0.0.0/8"]);
    let path = "services/a?fieldManager=kubectl";
    world.apply(path, full).await.ok();
    let before =
        world.merge("services/a?fieldManager=other", json!({ "metadata": { "annotations": { "z": "3" } } })).await.ok();
    let mut less = load_balancer();
    less["metadata"]["annotations"] = json!({ "x": "2" });
    let shown = world.apply(&format!("{path}&dryRun=All&force=true"), less).await.ok();
    assert_eq!(shown["metadata"]["annotations"], json!({ "x": "2", "z": "3" }));
    assert!(shown["spec"]["loadBalancerSourceRanges"].is_null());
    assert_eq!(shown["spec"]["ports"], before["spec"]["ports"]);
    assert_eq!(shown["spec"]["clusterIP"], before["spec"]["clusterIP"]);
    assert_eq!(world.get("services/a").await.ok(), before);
    let new = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "b" }, "data": { "x": "1" } });
    let answer = world.apply("configmaps/b?fieldManager=kubectl&dryRun=All", new).await;
    assert_eq!((answer.code, &answer.body["data"]), (201, &json!({ "x": "1" })));
    world.get("configmaps/b").await.refused(404, "NotFound");
}

async fn a_dry_run_of_an_unknown_stage_is_refused(world: World) {
    let answer = world.post("configmaps?dryRun=Some", json!({ "metadata": { "name": "a" } })).await;
    let status = answer.invalid(&["dryRun"]);
    let words =
        "CreateOptions.meta.k8s.io \"\" is invalid: dryRun: Unsupported value: [\"Some\"]: supported values: \"All\"";
    assert_eq!(status["message"], words);
    world.config_map("a").await;
    world.merge("configmaps/a?dryRun=Some", json!({})).await.invalid(&["dryRun"]);
    world.delete("configmaps/a?dryRun=Some").await.invalid(&["dryRun"]);
}

async fn a_dry_run_of_a_collections_deletion_deletes_nothing(world: World) {
    world.config_map("a").await;
    let list = world.delete("configmaps?dryRun=All").await.ok();
    assert_eq!(names(&list), ["a"]);
    assert_eq!(world.names("configmaps").await, ["a"]);
}
