//! Merge patches, JSON patches, strategic merge patches.

use http::Method;
use serde_json::{Value, json};

use super::sentences;
use super::world::World;

sentences![
    a_merge_patch_sets_removes_and_replaces_lists,
    a_merge_patch_of_nothing_is_not_found,
    a_merge_patch_cannot_rename,
    a_merge_patch_that_cannot_be_read_is_refused,
    a_json_patch_does_its_operations_in_order,
    a_json_patch_whose_test_fails_changes_nothing,
    a_json_patch_can_test_that_a_field_is_absent,
    a_json_patch_that_does_not_fit_is_refused,
    a_json_patch_may_replace_what_is_not_there,
    a_json_patch_guards_itself_with_a_version,
    a_patch_in_an_unknown_form_is_refused,
    a_strategic_patch_merges_ports_of_services_by_number,
    a_strategic_patch_merges_containers_by_name,
    a_strategic_patch_takes_entries_away_and_replaces_lists,
    a_strategic_patch_merges_finalizers,
    a_strategic_patch_that_names_no_entry_is_refused,
    an_invalid_result_of_a_patch_is_refused,
];

async fn made(world: &World) -> Value {
    let object =
        json!({ "metadata": { "name": "a", "labels": { "x": "1", "y": "2" } }, "data": { "a": "1", "b": "2" } });
    world.post("configmaps", object).await.ok()
}

async fn a_merge_patch_sets_removes_and_replaces_lists(world: World) {
    made(&world).await;
    let patch =
        json!({ "metadata": { "labels": { "x": null, "z": "3" } }, "data": { "a": null, "c": "3", "d": null } });
    let patched = world.merge("configmaps/a", patch).await.ok();
    assert_eq!(patched["metadata"]["labels"], json!({ "y": "2", "z": "3" }));
    assert_eq!(patched["data"], json!({ "b": "2", "c": "3" }));
    let patched = world.merge("configmaps/a", json!({ "data": null, "metadata": { "labels": null } })).await.ok();
    assert!(patched["data"].is_null() && patched["metadata"]["labels"].is_null());
    let ports = |ports: Value| json!({ "metadata": { "name": "a" }, "spec": { "ports": ports } });
    world.post("services", ports(json!([{ "port": 1, "name": "a" }, { "port": 2, "name": "b" }]))).await.ok();
    let patched = world.merge("services/a", ports(json!([{ "port": 3 }]))).await.ok();
    assert_eq!(patched["spec"]["ports"], json!([{ "port": 3, "protocol": "TCP", "targetPort": 3 }]));
}

async fn a_merge_patch_of_nothing_is_not_found(world: World) {
    world.merge("configmaps/a", json!({})).await.says(404, "NotFound", "configmaps \"a\" not found");
    world.merge("services/a/status", json!({})).await.says(404, "NotFound", "services \"a\" not found");
}

async fn a_merge_patch_cannot_rename(world: World) {
    made(&world).await;
    let answer = world.merge("configmaps/a", json!({ "metadata": { "name": "b" } })).await;
    answer.says(400, "BadRequest", "the name of the object (b) does not match the name on the URL (a)");
    let answer = world.merge("configmaps/a", json!({ "metadata": { "namespace": "b" } })).await;
    let words = "the namespace of the provided object does not match the namespace sent on the request";
    answer.says(400, "BadRequest", words);
}

async fn a_merge_patch_that_cannot_be_read_is_refused(world: World) {
    made(&world).await;
    let kind = "application/merge-patch+json";
    let answer = world.ask(Method::PATCH, "configmaps/a", kind, b"{".to_vec()).await;
    answer.refused(400, "BadRequest");
    let answer = world.merge("configmaps/a", json!({ "data": ["a"] })).await;
    assert!([400, 422].contains(&answer.code), "{answer:?}");
}

async fn a_json_patch_does_its_operations_in_order(world: World) {
    made(&world).await;
    let operations = json!([
        { "op": "test", "path": "/data/a", "value": "1" },
        { "op": "add", "path": "/data/c", "value": "3" },
        { "op": "replace", "path": "/data/c", "value": "4" },
        { "op": "copy", "from": "/data/c", "path": "/data/d" },
        { "op": "move", "from": "/data/b", "path": "/data/e" },
        { "op": "remove", "path": "/data/a" },
        { "op": "add", "path": "/metadata/annotations", "value": {} },
        { "op": "add", "path": "/metadata/annotations/example.org~1a", "value": "1" },
    ]);
    let patched = world.json_patch("configmaps/a", operations).await.ok();
    assert_eq!(patched["data"], json!({ "c": "4", "d": "4", "e": "2" }));
    assert_eq!(patched["metadata"]["annotations"], json!({ "example.org/a": "1" }));
}

async fn a_json_patch_whose_test_fails_changes_nothing(world: World) {
    let before = made(&world).await;
    let operations = json!([
        { "op": "add", "path": "/data/c", "value": "3" },
        { "op": "test", "path": "/data/a", "value": "2" },
    ]);
    world.json_patch("configmaps/a", operations).await.refused(422, "Invalid");
    assert_eq!(world.get("configmaps/a").await.ok(), before);
}

async fn a_json_patch_can_test_that_a_field_is_absent(world: World) {
    made(&world).await;
    let absent = |path: &str| json!([{ "op": "test", "path": path, "value": null }]);
    for path in ["/data/c", "/metadata/finalizers", "/metadata/deletionTimestamp"] {
        world.json_patch("configmaps/a", absent(path)).await.ok();
    }
    for path in ["/data/a", "/metadata/labels"] {
        world.json_patch("configmaps/a", absent(path)).await.refused(422, "Invalid");
    }
    let operations = json!([
        { "op": "test", "path": "/metadata/finalizers", "value": null },
        { "op": "add", "path": "/metadata/finalizers", "value": ["example.org/a"] },
    ]);
    let patched = world.json_patch("configmaps/a", operations.clone()).await.ok();
    assert_eq!(patched["metadata"]["finalizers"], json!(["example.org/a"]));
    world.json_patch("configmaps/a", operations).await.refused(422, "Invalid");
}

async fn a_json_patch_that_does_not_fit_is_refused(world: World) {
    made(&world).await;
    for operation in [
        json!({ "op": "remove", "path": "/data/c" }),
        json!({ "op": "replace", "path": "/nothing/here", "value": "1" }),
        json!({ "op": "add", "path": "/nothing/here", "value": "1" }),
        json!({ "op": "move", "from": "/data/c", "path": "/data/d" }),
        json!({ "op": "test", "path": "/data/c", "value": "1" }),
    ] {
        let answer = world.json_patch("configmaps/a", json!([operation])).await;
        assert_eq!((answer.code, &answer.body["reason"]), (422, &json!("Invalid")), "{operation}");
    }
    let unknown = json!([{ "op": "unknown", "path": "/data" }]);
    let words = "the server rejected our request due to an error in our request";
    world.json_patch("configmaps/a", unknown).await.says(422, "Invalid", words);
    world.json_patch("configmaps/a", json!({})).await.refused(400, "BadRequest");
}

async fn a_json_patch_may_replace_what_is_not_there(world: World) {
    made(&world).await;
    let operations = json!([
        { "op": "replace", "path": "/data/c", "value": "3" },
    ]);
    let patched = world.json_patch("configmaps/a", operations).await.ok();
    assert_eq!(patched["data"], json!({ "a": "1", "b": "2", "c": "3" }));
}

async fn a_json_patch_guards_itself_with_a_version(world: World) {
    let before = made(&world).await;
    let guarded = |value: &str| {
        json!([
            { "op": "test", "path": "/metadata/resourceVersion", "value": before["metadata"]["resourceVersion"] },
            { "op": "add", "path": "/data/c", "value": value },
        ])
    };
    world.json_patch("configmaps/a", guarded("1")).await.ok();
    world.json_patch("configmaps/a", guarded("2")).await.refused(422, "Invalid");
    let replaced = json!([
        { "op": "replace", "path": "/metadata/resourceVersion", "value": before["metadata"]["resourceVersion"] },
        { "op": "add", "path": "/data/c", "value": "2" },
    ]);
    world.json_patch("configmaps/a", replaced).await.refused(409, "Conflict");
}

async fn a_patch_in_an_unknown_form_is_refused(world: World) {
    made(&world).await;
    let answer = world.ask(Method::PATCH, "configmaps/a", "application/json", b"{}".to_vec()).await;
    answer.refused(415, "UnsupportedMediaType");
}

async fn a_strategic_patch_merges_ports_of_services_by_number(world: World) {
    let object = json!({ "metadata": { "name": "a" }, "spec": { "type": "LoadBalancer", "ports": [
        { "port": 80, "name": "http" }, { "port": 443, "name": "https" },
    ] } });
    let made = world.post("services", object).await.ok();
    let patch = json!({ "spec": { "ports": [{ "port": 443, "targetPort": 8443 }, { "port": 8080, "name": "more" }] } });
    let patched = world.strategic("services/a", patch).await.ok();
    let shown: Vec<(&Value, &Value, &Value)> = patched["spec"]["ports"]
        .as_array()
        .unwrap()
        .iter()
        .map(|port| (&port["port"], &port["name"], &port["targetPort"]))
        .collect();
    let expected = [
        (&json!(80), &json!("http"), &json!(80)),
        (&json!(443), &json!("https"), &json!(8443)),
        (&json!(8080), &json!("more"), &json!(8080)),
    ];
    assert_eq!(shown, expected);
    let of_https = |service: &Value| {
        let ports = service["spec"]["ports"].as_array().unwrap();
        ports.iter().find(|port| port["port"] == 443).unwrap()["nodePort"].clone()
    };
    assert_eq!(of_https(&patched), of_https(&made));
    let ordered = json!({ "spec": {
        "$setElementOrder/ports": [{ "port": 80 }, { "port": 443 }, { "port": 8080 }],
        "ports": [{ "port": 80, "name": "web" }],
    } });
    let patched = world.strategic("services/a", ordered).await.ok();
    let ports: Vec<&Value> = patched["spec"]["ports"].as_array().unwrap().iter().map(|port| &port["port"]).collect();
    assert_eq!(ports, [80, 443, 8080]);
    assert_eq!(patched["spec"]["ports"][0]["name"], "web");
}

async fn a_strategic_patch_merges_containers_by_name(world: World) {
    let path = "/apis/apps/v1/namespaces/{ns}/deployments";
    let container =
        |name: &str| json!({ "name": name, "image": format!("{name}:1"), "env": [{ "name": "x", "value": "1" }] });
    let object = json!({ "metadata": { "name": "a" }, "spec": {
        "selector": { "matchLabels": { "app": "a" } },
        "template": { "metadata": { "labels": { "app": "a" } }, "spec": { "containers": [container("a"), container("b")] } },
    } });
    world.post(path, object).await.ok();
    let patch = json!({ "spec": { "template": { "spec": { "containers": [
        { "name": "b", "image": "b:2", "env": [{ "name": "y", "value": "2" }] },
    ] } } } });
    let patched = world.strategic(&format!("{path}/a"), patch).await.ok();
    let containers = patched["spec"]["template"]["spec"]["containers"].as_array().unwrap();
    let named = |name: &str| containers.iter().find(|container| container["name"] == name).unwrap();
    assert_eq!((containers.len(), &named("a")["image"], &named("b")["image"]), (2, &json!("a:1"), &json!("b:2")));
    let mut env = named("b")["env"].as_array().unwrap().clone();
    env.sort_by_key(|entry| entry["name"].to_string());
    assert_eq!(env, [json!({ "name": "x", "value": "1" }), json!({ "name": "y", "value": "2" })]);
}

async fn a_strategic_patch_takes_entries_away_and_replaces_lists(world: World) {
    let object = json!({ "metadata": { "name": "a", "labels": { "x": "1" } }, "spec": { "ports": [
        { "port": 80, "name": "http" }, { "port": 443, "name": "https" },
    ] } });
    world.post("services", object).await.ok();
    let patch = json!({ "spec": { "ports": [{ "port": 80, "$patch": "delete" }] } });
    let patched = world.strategic("services/a", patch).await.ok();
    assert_eq!(
        (&patched["spec"]["ports"][0]["port"], patched["spec"]["ports"].as_array().unwrap().len()),
        (&json!(443), 1)
    );
    let patch = json!({ "spec": { "ports": [{ "$patch": "replace" }, { "port": 1 }] } });
    let patched = world.strategic("services/a", patch).await.ok();
    assert_eq!(
        (&patched["spec"]["ports"][0]["port"], patched["spec"]["ports"].as_array().unwrap().len()),
        (&json!(1), 1)
    );
    let patch = json!({ "metadata": { "labels": { "$patch": "replace", "y": "2" } } });
    let patched = world.strategic("services/a", patch).await.ok();
    assert_eq!(patched["metadata"]["labels"], json!({ "y": "2" }));
    let patched =
        world.strategic("services/a", json!({ "metadata": { "labels": { "y": null, "z": "3" } } })).await.ok();
    assert_eq!(patched["metadata"]["labels"], json!({ "z": "3" }));
}

async fn a_strategic_patch_merges_finalizers(world: World) {
    let finalizers = |names: Value| json!({ "metadata": { "name": "a", "finalizers": names } });
    world.post("configmaps", finalizers(json!(["example.org/a"]))).await.ok();
    let patched = world.strategic("configmaps/a", finalizers(json!(["example.org/b"]))).await.ok();
    assert_eq!(patched["metadata"]["finalizers"], json!(["example.org/b", "example.org/a"]));
    let patch = json!({ "metadata": { "$deleteFromPrimitiveList/finalizers": ["example.org/a"] } });
    let patched = world.strategic("configmaps/a", patch).await.ok();
    assert_eq!(patched["metadata"]["finalizers"], json!(["example.org/b"]));
}

async fn a_strategic_patch_that_names_no_entry_is_refused(world: World) {
    world.post("services", json!({ "metadata": { "name": "a" }, "spec": { "ports": [{ "port": 80 }] } })).await.ok();
    let answer = world.strategic("services/a", json!({ "spec": { "ports": [{ "name": "x" }] } })).await;
    assert!(answer.code >= 400, "{answer:?}");
}

async fn an_invalid_result_of_a_patch_is_refused(world: World) {
    world.post("services", json!({ "metadata": { "name": "a" }, "spec": { "ports": [{ "port": 80 }] } })).await.ok();
    world
        .merge("services/a", json!({ "spec": { "ports": [{ "port": 0, "targetPort": 1 }] } }))
        .await
        .invalid(&["spec.ports[0].port"]);
    let wrong = json!([{ "op": "replace", "path": "/spec/ports/0/port", "value": 70_000 }]);
    world.json_patch("services/a", wrong).await.invalid(&["spec.ports[0].port"]);
}
