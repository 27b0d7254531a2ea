//! Server-side apply, and who owns which field.

use http::Method;
use serde_json::{Value, json};

use super::sentences;
use super::world::{World, version};

sentences![
    an_apply_makes_what_is_not_there,
    an_apply_of_the_same_changes_nothing,
    an_apply_says_who_applies,
    an_apply_may_be_yaml,
    a_field_that_is_applied_no_more_goes,
    a_field_that_another_applies_too_stays,
    a_field_that_nobody_applied_stays,
    an_apply_of_anothers_value_is_a_conflict,
    an_apply_of_fields_that_were_updated_is_a_conflict,
    several_conflicts_are_told_one_by_one,
    a_forced_apply_takes_fields_over,
    an_apply_of_the_same_value_shares_it,
    an_update_takes_fields_over_without_asking,
    applied_ports_are_told_apart_by_number_and_protocol,
    a_list_that_is_one_value_is_one_managers,
    applied_finalizers_are_a_set,
    an_apply_for_an_old_version_is_a_conflict,
    an_apply_that_brings_managed_fields_is_refused,
    an_apply_must_name_its_kind,
    a_status_is_applied_through_its_own_part,
    an_update_is_noted_with_its_manager,
    the_notes_on_managers_can_be_thrown_away,
];

const KIND: &str = "application/apply-patch+yaml";

fn map(data: Value) -> Value {
    json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "a" }, "data": data })
}

fn by(manager: &str) -> String {
    format!("configmaps/a?fieldManager={manager}")
}

/// The entry of one manager.
fn entry(object: &Value, manager: &str, operation: &str) -> Option<Value> {
    let entries = object["metadata"]["managedFields"].as_array().into_iter().flatten();
    let mut own = entries.filter(|entry| entry["manager"] == manager && entry["operation"] == operation);
    own.next().cloned()
}

fn fields(object: &Value, manager: &str, operation: &str) -> Value {
    entry(object, manager, operation).map(|mut entry| entry["fieldsV1"].take()).unwrap_or_default()
}

async fn an_apply_makes_what_is_not_there(world: World) {
    let answer = world.apply(&by("one"), map(json!({ "x": "1" }))).await;
    assert_eq!((answer.code, &answer.body["data"]), (201, &json!({ "x": "1" })));
    let entry = entry(&answer.body, "one", "Apply").unwrap();
    assert_eq!(entry["fieldsV1"], json!({ "f:data": { "f:x": {} } }));
    assert_eq!((&entry["apiVersion"], &entry["fieldsType"]), (&json!("v1"), &json!("FieldsV1")));
    assert!(entry["time"].is_string() && entry["subresource"].is_null());
    assert_eq!(answer.body["metadata"]["managedFields"].as_array().unwrap().len(), 1);
}

async fn an_apply_of_the_same_changes_nothing(world: World) {
    let made = world.apply(&by("one"), map(json!({ "x": "1" }))).await.ok();
    let answer = world.apply(&by("one"), map(json!({ "x": "1" }))).await;
    assert_eq!((answer.code, &answer.body), (200, &made));
}

async fn an_apply_says_who_applies(world: World) {
    let status = world.apply("configmaps/a", map(json!({}))).await.refused(422, "Invalid");
    let words = "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch";
    assert_eq!(status["message"], words);
}

async fn an_apply_may_be_yaml(world: World) {
    let yaml = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  x: '1'\n";
    let made = world.ask(Method::PATCH, &by("one"), KIND, yaml.as_bytes().to_vec()).await.ok();
    assert_eq!(made["data"], json!({ "x": "1" }));
}

async fn a_field_that_is_applied_no_more_goes(world: World) {
    let mut full = map(json!({ "x": "1", "y": "2" }));
    full["metadata"]["labels"] = json!({ "l": "1" });
    full["metadata"]["annotations"] = json!({ "b": "1", "c": "1" });
    world.apply(&by("one"), full).await.ok();
    let mut less = map(json!({ "x": "1" }));
    less["metadata"]["annotations"] = json!({ "b": "1" });
    let applied = world.apply(&by("one"), less).await.ok();
    assert_eq!(applied["data"], json!({ "x": "1" }));
    assert!(applied["metadata"]["labels"].is_null());
    assert_eq!(applied["metadata"]["annotations"], json!({ "b": "1" }));
    let nothing = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "a" } });
    let applied = world.apply(&by("one"), nothing).await.ok();
    assert!(applied["data"].is_null());
}

async fn a_field_that_another_applies_too_stays(world: World) {
    world.apply(&by("one"), map(json!({ "x": "1", "y": "2" }))).await.ok();
    world.apply(&by("two"), map(json!({ "y": "2" }))).await.ok();
    let applied = world.apply(&by("one"), map(json!({ "x": "1" }))).await.ok();
    assert_eq!(applied["data"], json!({ "x": "1", "y": "2" }));
    assert_eq!(fields(&applied, "one", "Apply"), json!({ "f:data": { "f:x": {} } }));
    assert_eq!(fields(&applied, "two", "Apply"), json!({ "f:data": { "f:y": {} } }));
}

async fn a_field_that_nobody_applied_stays(world: World) {
    world.post("configmaps?fieldManager=maker", map(json!({ "x": "1", "y": "2" }))).await.ok();
    world.apply(&by("one"), map(json!({ "z": "3" }))).await.ok();
    let applied = world.apply(&by("one"), map(json!({ "w": "4" }))).await.ok();
    assert_eq!(applied["data"], json!({ "x": "1", "y": "2", "w": "4" }));
}

async fn an_apply_of_anothers_value_is_a_conflict(world: World) {
    let before = world.apply(&by("one"), map(json!({ "x": "1", "y": "2" }))).await.ok();
    let status = world.apply(&by("two"), map(json!({ "x": "2" }))).await.refused(409, "Conflict");
    assert_eq!(status["message"], "Apply failed with 1 conflict: conflict with \"one\": .data.x");
    let cause = json!({ "reason": "FieldManagerConflict", "message": "conflict with \"one\"", "field": ".data.x" });
    assert_eq!(status["details"]["causes"], json!([cause]));
    assert_eq!(world.get("configmaps/a").await.ok(), before);
}

async fn an_apply_of_fields_that_were_updated_is_a_conflict(world: World) {
    world.post("configmaps?fieldManager=maker", map(json!({ "x": "1" }))).await.ok();
    let status = world.apply(&by("two"), map(json!({ "x": "2" }))).await.refused(409, "Conflict");
    let message = status["message"].as_str().unwrap();
    let words = "Apply failed with 1 conflict: conflict with \"maker\" using v1";
    assert!(message.starts_with(words) && message.ends_with(": .data.x"), "{message}");
}

async fn several_conflicts_are_told_one_by_one(world: World) {
    world.apply(&by("one"), map(json!({ "x": "1", "y": "2" }))).await.ok();
    world.apply(&by("two"), map(json!({ "z": "3" }))).await.ok();
    let status = world.apply(&by("three"), map(json!({ "x": "9", "y": "9", "z": "9" }))).await.refused(409, "Conflict");
    let words = "Apply failed with 3 conflicts: conflicts with \"one\":\n- .data.x\n- .data.y\nconflicts with \"two\":\n- .data.z";
    assert_eq!(status["message"], words);
    assert_eq!(status["details"]["causes"].as_array().unwrap().len(), 3);
}

async fn a_forced_apply_takes_fields_over(world: World) {
    world.apply(&by("one"), map(json!({ "x": "1", "y": "2" }))).await.ok();
    let applied = world.apply(&format!("{}&force=true", by("two")), map(json!({ "x": "2" }))).await.ok();
    assert_eq!(applied["data"], json!({ "x": "2", "y": "2" }));
    assert_eq!(fields(&applied, "one", "Apply"), json!({ "f:data": { "f:y": {} } }));
    assert_eq!(fields(&applied, "two", "Apply"), json!({ "f:data": { "f:x": {} } }));
    let applied = world.apply(&by("one"), map(json!({ "y": "2" }))).await.ok();
    assert_eq!(applied["data"], json!({ "x": "2", "y": "2" }));
}

async fn an_apply_of_the_same_value_shares_it(world: World) {
    world.apply(&by("one"), map(json!({ "x": "1" }))).await.ok();
    let shared = world.apply(&by("two"), map(json!({ "x": "1" }))).await.ok();
    for manager in ["one", "two"] {
        assert_eq!(fields(&shared, manager, "Apply"), json!({ "f:data": { "f:x": {} } }));
    }
    let status = world.apply(&by("one"), map(json!({ "x": "2" }))).await.refused(409, "Conflict");
    assert_eq!(status["message"], "Apply failed with 1 conflict: conflict with \"two\": .data.x");
}

async fn an_update_takes_fields_over_without_asking(world: World) {
    world.apply(&by("one"), map(json!({ "x": "1", "y": "2" }))).await.ok();
    let patched = world.merge(&by("patcher"), json!({ "data": { "x": "2" } })).await.ok();
    assert_eq!(fields(&patched, "one", "Apply"), json!({ "f:data": { "f:y": {} } }));
    assert_eq!(fields(&patched, "patcher", "Update"), json!({ "f:data": { "f:x": {} } }));
    let status = world.apply(&by("one"), map(json!({ "x": "1", "y": "2" }))).await.refused(409, "Conflict");
    assert!(status["message"].as_str().unwrap().contains("conflict with \"patcher\" using v1"), "{status}");
    // What it does not say any more it does not own any more either, and so it stays.
    let applied = world.apply(&by("one"), map(json!({ "y": "2" }))).await.ok();
    assert_eq!(applied["data"], json!({ "x": "2", "y": "2" }));
}

fn service(ports: Value) -> Value {
    json!({ "apiVersion": "v1", "kind": "Service", "metadata": { "name": "a" }, "spec": { "ports": ports } })
}

async fn applied_ports_are_told_apart_by_number_and_protocol(world: World) {
    let (one, two) = ("services/a?fieldManager=one", "services/a?fieldManager=two");
    let http = json!({ "port": 80, "name": "http", "protocol": "TCP" });
    let made = world.apply(one, service(json!([http]))).await.ok();
    let key = "k:{\"port\":80,\"protocol\":\"TCP\"}";
    let owned = json!({ "f:spec": { "f:ports": { key: { ".": {}, "f:name": {}, "f:port": {}, "f:protocol": {} } } } });
    assert_eq!(fields(&made, "one", "Apply"), owned);
    let more = service(json!([
        { "port": 80, "name": "dns", "protocol": "UDP" },
        { "port": 81, "name": "more", "protocol": "TCP", "targetPort": "web" },
    ]));
    let both = world.apply(two, more).await.ok();
    let shown: Vec<String> = both["spec"]["ports"]
        .as_array()
        .unwrap()
        .iter()
        .map(|port| {
            format!("{} {} {}", port["port"], port["protocol"].as_str().unwrap(), port["name"].as_str().unwrap())
        })
        .collect();
    assert_eq!(shown, ["80 TCP http", "80 UDP dns", "81 TCP more"]);
    let status = world.apply(two, service(json!([{ "port": 80, "name": "web", "protocol": "TCP" }]))).await;
    let status = status.refused(409, "Conflict");
    let words = "Apply failed with 1 conflict: conflict with \"one\": .spec.ports[port=80,protocol=\"TCP\"].name";
    assert_eq!(status["message"], words);
    let less = world.apply(two, service(json!([{ "port": 81, "name": "more", "protocol": "TCP" }]))).await.ok();
    assert_eq!(less["spec"]["ports"].as_array().unwrap().len(), 2);
    assert_eq!(less["spec"]["ports"][1]["targetPort"], 81);
}

async fn a_list_that_is_one_value_is_one_managers(world: World) {
    let with = |selector: Value, ranges: Value| {
        let mut object = service(json!([{ "port": 80, "protocol": "TCP" }]));
        object["spec"]["type"] = json!("LoadBalancer");
        object["spec"]["selector"] = selector;
        object["spec"]["loadBalancerSourceRanges"] = ranges;
        object
    };
    world.apply("services/a?fieldManager=one", with(json!({ "app": "a" }), json!(["10.0.0.0/8"]))).await.ok();
    let other = with(json!({ "app": "a", "x": "y" }), json!(["10.0.0.0/8", "192.168.0.0/16"]));
    let status = world.apply("services/a?fieldManager=two", other).await.refused(409, "Conflict");
    let words =
        "Apply failed with 2 conflicts: conflicts with \"one\":\n- .spec.loadBalancerSourceRanges\n- .spec.selector";
    assert_eq!(status["message"], words);
}

async fn applied_finalizers_are_a_set(world: World) {
    let with = |finalizers: Value| {
        let metadata = json!({ "name": "a", "finalizers": finalizers });
        json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata })
    };
    world.apply(&by("one"), with(json!(["example.org/a"]))).await.ok();
    let both = world.apply(&by("two"), with(json!(["example.org/b"]))).await.ok();
    assert_eq!(both["metadata"]["finalizers"], json!(["example.org/a", "example.org/b"]));
    let owned = &fields(&both, "two", "Apply")["f:metadata"];
    assert_eq!(*owned, json!({ "f:finalizers": { "v:\"example.org/b\"": {} } }));
    let one = world.apply(&by("one"), with(json!([]))).await.ok();
    assert_eq!(one["metadata"]["finalizers"], json!(["example.org/b"]));
}

async fn an_apply_for_an_old_version_is_a_conflict(world: World) {
    let made = world.apply(&by("one"), map(json!({ "x": "1" }))).await.ok();
    world.merge(&by("two"), json!({ "data": { "y": "1" } })).await.ok();
    let mut stale = map(json!({ "x": "2" }));
    stale["metadata"]["resourceVersion"] = made["metadata"]["resourceVersion"].clone();
    world.apply(&by("one"), stale).await.refused(409, "Conflict");
    let mut other = map(json!({ "x": "2" }));
    other["metadata"]["uid"] = json!("another");
    world.apply(&by("one"), other.clone()).await.invalid(&["metadata.uid"]);
    other["metadata"]["name"] = json!("b");
    world.apply("configmaps/b?fieldManager=one", other).await.refused(409, "Conflict");
}

async fn an_apply_that_brings_managed_fields_is_refused(world: World) {
    let mut object = map(json!({}));
    object["metadata"]["managedFields"] = json!([{ "manager": "x" }]);
    let answer = world.apply(&by("one"), object).await;
    answer.says(400, "BadRequest", "metadata.managedFields must be nil");
}

async fn an_apply_must_name_its_kind(world: World) {
    for missing in ["kind", "apiVersion"] {
        let mut object = map(json!({}));
        object.as_object_mut().unwrap().remove(missing);
        let answer = world.apply(&by("one"), object).await;
        assert!([400, 422, 500].contains(&answer.code), "{answer:?}");
    }
    let mut object = map(json!({}));
    object["metadata"]["name"] = json!("b");
    world.apply(&by("one"), object).await.refused(400, "BadRequest");
}

async fn a_status_is_applied_through_its_own_part(world: World) {
    let mut object = service(json!([{ "port": 80, "protocol": "TCP" }]));
    object["spec"]["type"] = json!("LoadBalancer");
    world.apply("services/a?fieldManager=one", object).await.ok();
    let status = json!({ "apiVersion": "v1", "kind": "Service", "metadata": { "name": "a" }, "status": {
        "loadBalancer": { "ingress": [{ "hostname": "a.example.org" }] },
    } });
    let applied = world.apply("services/a/status?fieldManager=one", status.clone()).await.ok();
    assert_eq!(applied["status"]["loadBalancer"], status["status"]["loadBalancer"]);
    let entries = applied["metadata"]["managedFields"].as_array().unwrap();
    let of_status = entries.iter().find(|entry| entry["subresource"] == "status").unwrap();
    assert_eq!(of_status["fieldsV1"], json!({ "f:status": { "f:loadBalancer": { "f:ingress": {} } } }));
    let status = world.apply("services/a/status?fieldManager=two", {
        let mut other = status;
        other["status"]["loadBalancer"]["ingress"][0]["hostname"] = json!("b.example.org");
        other
    });
    let status = status.await.refused(409, "Conflict");
    let words = "conflict with \"one\" with subresource \"status\": .status.loadBalancer.ingress";
    assert!(status["message"].as_str().unwrap().ends_with(words), "{status}");
}

async fn an_update_is_noted_with_its_manager(world: World) {
    let made = world.post("configmaps?fieldManager=maker", map(json!({ "x": "1" }))).await.ok();
    let entry = entry(&made, "maker", "Update").unwrap();
    assert_eq!(entry["fieldsV1"], json!({ "f:data": { ".": {}, "f:x": {} } }));
    let patch = json!({ "data": { "x": null, "y": "1" }, "metadata": { "labels": { "l": "1" } } });
    let patched = world.merge(&by("patcher"), patch).await.ok();
    assert_eq!(fields(&patched, "maker", "Update"), json!({ "f:data": {} }));
    let owned = json!({ "f:data": { "f:y": {} }, "f:metadata": { "f:labels": { ".": {}, "f:l": {} } } });
    assert_eq!(fields(&patched, "patcher", "Update"), owned);
    assert!(version(&patched) > version(&made));
}

async fn the_notes_on_managers_can_be_thrown_away(world: World) {
    world.apply(&by("one"), map(json!({ "x": "1" }))).await.ok();
    let patched = world.merge(&by("two"), json!({ "metadata": { "managedFields": [{}] } })).await.ok();
    assert!(patched["metadata"]["managedFields"].is_null());
    let status = world.apply(&by("three"), map(json!({ "x": "2" }))).await.refused(409, "Conflict");
    let words = "conflict with \"before-first-apply\" using v1: .data.x";
    assert!(status["message"].as_str().unwrap().ends_with(words), "{status}");
    world.apply(&by("three"), map(json!({ "x": "1" }))).await.ok();
}
