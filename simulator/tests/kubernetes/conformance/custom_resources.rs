//! Custom resources and their definitions.

use serde_json::{Value, json};

use super::sentences;
use super::world::World;

sentences![
    a_definition_is_established_and_served,
    a_definition_must_be_named_after_what_it_defines,
    a_definition_must_have_one_stored_version_and_schemas,
    what_a_schema_does_not_know_is_pruned,
    what_a_schema_lets_through_is_kept,
    defaults_are_filled_in,
    a_custom_resource_is_held_to_its_schema,
    a_custom_resource_that_is_refused_is_told_why,
    a_custom_resource_counts_its_changes,
    a_custom_resource_has_a_status_of_its_own,
    a_custom_resource_without_a_status_has_no_part_for_it,
    a_version_that_is_not_served_is_not_found,
    a_custom_resource_is_the_same_in_every_version,
    a_custom_resource_takes_no_strategic_patch,
    a_custom_resource_is_not_replaced_without_a_version,
    a_custom_resource_must_say_its_kind,
    a_custom_resource_is_applied_as_its_schema_says,
    what_was_wrong_before_may_stay_wrong,
    a_definition_that_goes_takes_its_objects_with_it,
];

const CRDS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
pub(super) const WIDGETS: &str = "/apis/{ns}.example.org/v1/namespaces/{ns}/widgets";

fn version(name: &str, spec: &Value) -> Value {
    json!({
        "name": name, "served": true, "storage": name == "v1", "subresources": { "status": {} },
        "schema": { "openAPIV3Schema": { "type": "object", "properties": {
            "spec": spec,
            "status": { "type": "object", "properties": { "phase": { "type": "string" }, "count": { "type": "integer" } } },
        } } },
    })
}

fn definition(world: &World, versions: Value) -> Value {
    let group = format!("{}.example.org", world.namespace);
    json!({
        "metadata": { "name": format!("widgets.{group}") },
        "spec": {
            "group": group, "scope": "Namespaced", "names": { "plural": "widgets", "kind": "Widget" }, "versions": versions,
        },
    })
}

/// Widgets whose spec has this schema.
pub(super) async fn define(world: &World, spec: Value) {
    define_versions(world, json!([version("v1", &spec)])).await;
}

async fn define_versions(world: &World, versions: Value) {
    world.post(CRDS, definition(world, versions)).await.ok();
    world.until(WIDGETS, |answer| answer.code == 200).await;
}

pub(super) fn widget(world: &World, spec: Value) -> Value {
    json!({
        "apiVersion": format!("{}.example.org/v1", world.namespace), "kind": "Widget",
        "metadata": { "name": "a" }, "spec": spec,
    })
}

fn text() -> Value {
    json!({ "type": "object", "properties": { "text": { "type": "string" }, "more": { "type": "string" } } })
}

async fn a_definition_is_established_and_served(world: World) {
    let made = world.post(CRDS, definition(&world, json!([version("v1", &text())]))).await.ok();
    assert_eq!(
        made["spec"]["names"],
        json!({ "plural": "widgets", "kind": "Widget", "singular": "widget", "listKind": "WidgetList" })
    );
    assert_eq!(made["spec"]["conversion"], json!({ "strategy": "None" }));
    let list = world.until(WIDGETS, |answer| answer.code == 200).await.ok();
    assert_eq!((&list["kind"], &list["items"]), (&json!("WidgetList"), &json!([])));
    let path = format!("{CRDS}/widgets.{{ns}}.example.org");
    let is_established = |definition: &Value| {
        let conditions = definition["status"]["conditions"].as_array().into_iter().flatten();
        conditions.filter(|condition| condition["status"] == "True").any(|condition| condition["type"] == "Established")
    };
    let definition = world.until(&path, |answer| is_established(&answer.body)).await.ok();
    assert_eq!(definition["status"]["storedVersions"], json!(["v1"]));
    assert_eq!(definition["status"]["acceptedNames"], definition["spec"]["names"]);
    let resources = world.until("/apis/{ns}.example.org/v1", |answer| answer.code == 200).await.ok();
    let names: Vec<&str> =
        resources["resources"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["widgets", "widgets/status"]);
}

async fn a_definition_must_be_named_after_what_it_defines(world: World) {
    let mut object = definition(&world, json!([version("v1", &text())]));
    object["metadata"]["name"] = json!("gadgets.example.org");
    world.post(CRDS, object).await.invalid(&["metadata.name"]);
}

async fn a_definition_must_have_one_stored_version_and_schemas(world: World) {
    let mut none = version("v1", &text());
    none["storage"] = json!(false);
    world.post(CRDS, definition(&world, json!([none]))).await.refused(422, "Invalid");
    let mut no_schema = version("v1", &text());
    no_schema.as_object_mut().unwrap().remove("schema");
    world.post(CRDS, definition(&world, json!([no_schema]))).await.refused(422, "Invalid");
}

async fn what_a_schema_does_not_know_is_pruned(world: World) {
    define(&world, text()).await;
    let mut object = widget(&world, json!({ "text": "a", "unknown": { "x": 1 } }));
    object["other"] = json!(1);
    let made = world.post(WIDGETS, object.clone()).await.ok();
    assert_eq!(made["spec"], json!({ "text": "a" }));
    assert!(made["other"].is_null());
    object["metadata"]["name"] = json!("b");
    let status = world.post(&format!("{WIDGETS}?fieldValidation=Strict"), object).await.refused(400, "BadRequest");
    let message = status["message"].as_str().unwrap();
    assert!(
        message.contains("strict decoding error: unknown field \"other\", unknown field \"spec.unknown\""),
        "{message}"
    );
}

async fn what_a_schema_lets_through_is_kept(world: World) {
    let open = json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": {
        "inner": { "type": "object", "properties": { "known": { "type": "string" } } },
        "labels": { "type": "object", "additionalProperties": { "type": "string" } },
        "either": { "x-kubernetes-int-or-string": true },
    } });
    define(&world, open).await;
    let spec = json!({ "unknown": { "x": [1] }, "inner": { "known": "a", "unknown": 1 }, "labels": { "x": "y" }, "either": 5 });
    let made = world.post(WIDGETS, widget(&world, spec)).await.ok();
    let kept = json!({ "unknown": { "x": [1] }, "inner": { "known": "a" }, "labels": { "x": "y" }, "either": 5 });
    assert_eq!(made["spec"], kept);
    let patched = world.merge(&format!("{WIDGETS}/a"), json!({ "spec": { "either": "x" } })).await.ok();
    assert_eq!(patched["spec"]["either"], "x");
}

async fn defaults_are_filled_in(world: World) {
    let schema = json!({ "type": "object", "properties": {
        "text": { "type": "string", "default": "x" },
        "number": { "type": "integer", "default": 5, "nullable": true },
        "inner": { "type": "object", "default": {}, "properties": { "text": { "type": "string", "default": "y" } } },
        "list": { "type": "array", "items": { "type": "object", "properties": { "text": { "type": "string", "default": "z" } } } },
    } });
    define(&world, schema).await;
    let made = world.post(WIDGETS, widget(&world, json!({ "list": [{}, { "text": "a" }] }))).await.ok();
    let list = json!([{ "text": "z" }, { "text": "a" }]);
    assert_eq!(made["spec"], json!({ "text": "x", "number": 5, "inner": { "text": "y" }, "list": list }));
    let mut object = widget(&world, json!({ "text": null, "number": null, "inner": { "text": "a" } }));
    object["metadata"]["name"] = json!("b");
    let made = world.post(WIDGETS, object).await.ok();
    assert_eq!(made["spec"], json!({ "text": "x", "number": null, "inner": { "text": "a" } }));
}

fn limited() -> Value {
    json!({ "type": "object", "required": ["name"], "properties": {
        "name": { "type": "string", "minLength": 2, "maxLength": 4, "pattern": "^[a-z]+$" },
        "kind": { "type": "string", "enum": ["one", "two"] },
        "number": { "type": "integer", "format": "int32", "minimum": 1, "maximum": 9 },
        "flag": { "type": "boolean" },
        "list": { "type": "array", "maxItems": 2, "items": { "type": "string" } },
        "set": { "type": "array", "x-kubernetes-list-type": "set", "items": { "type": "string" } },
        "map": {
            "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["key"],
            "items": { "type": "object", "required": ["key"], "properties": { "key": { "type": "string" } } },
        },
        "choice": { "type": "object", "properties": { "a": { "type": "string" }, "b": { "type": "string" } },
            "oneOf": [{ "required": ["a"] }, { "required": ["b"] }] },
    } })
}

async fn a_custom_resource_is_held_to_its_schema(world: World) {
    define(&world, limited()).await;
    for (spec, field) in [
        (json!({}), "spec.name"),
        (json!({ "name": 5 }), "spec.name"),
        (json!({ "name": "a" }), "spec.name"),
        (json!({ "name": "abcde" }), "spec.name"),
        (json!({ "name": "ABC" }), "spec.name"),
        (json!({ "name": "abc", "kind": "three" }), "spec.kind"),
        (json!({ "name": "abc", "number": 0 }), "spec.number"),
        (json!({ "name": "abc", "number": 10 }), "spec.number"),
        (json!({ "name": "abc", "number": 1.5 }), "spec.number"),
        (json!({ "name": "abc", "flag": "yes" }), "spec.flag"),
        (json!({ "name": "abc", "list": ["a", "b", "c"] }), "spec.list"),
        (json!({ "name": "abc", "list": [1] }), "spec.list[0]"),
        (json!({ "name": "abc", "set": ["a", "a"] }), "spec.set[1]"),
        (json!({ "name": "abc", "map": [{ "key": "a" }, { "key": "a" }] }), "spec.map[1]"),
        (json!({ "name": "abc", "map": [{}] }), "spec.map[0].key"),
        (json!({ "name": "abc", "choice": { "a": "x", "b": "y" } }), "<nil>"),
        (json!({ "name": "abc", "choice": {} }), "<nil>"),
    ] {
        let answer = world.post(WIDGETS, widget(&world, spec.clone())).await;
        let status = answer.refused(422, "Invalid");
        let causes = status["details"]["causes"].as_array().unwrap();
        assert!(causes.iter().any(|cause| cause["field"] == field), "{spec}: {status}");
    }
    let good =
        json!({ "name": "abc", "kind": "one", "number": 9, "list": ["a"], "set": ["a", "b"], "choice": { "a": "x" } });
    world.post(WIDGETS, widget(&world, good)).await.ok();
    world.merge(&format!("{WIDGETS}/a"), json!({ "spec": { "kind": "x" } })).await.invalid(&["spec.kind"]);
}

async fn a_custom_resource_that_is_refused_is_told_why(world: World) {
    define(&world, limited()).await;
    for (spec, words) in [
        (json!({}), "spec.name: Required value"),
        (
            json!({ "name": 5 }),
            "spec.name: Invalid value: \"integer\": spec.name in body must be of type string: \"integer\"",
        ),
        (json!({ "name": "ABC" }), "spec.name: Invalid value: \"ABC\": spec.name in body should match '^[a-z]+$'"),
        (
            json!({ "name": "abc", "kind": "x" }),
            "spec.kind: Unsupported value: \"x\": supported values: \"one\", \"two\"",
        ),
        (
            json!({ "name": "abc", "number": 0 }),
            "spec.number: Invalid value: 0: spec.number in body should be greater than or equal to 1",
        ),
        (
            json!({ "name": "abc", "number": 10 }),
            "spec.number: Invalid value: 10: spec.number in body should be less than or equal to 9",
        ),
        (json!({ "name": "abcde" }), "spec.name: Too long: may not be more than 4 bytes"),
        (json!({ "name": "a" }), "spec.name: Invalid value: \"a\": spec.name in body should be at least 2 chars long"),
        (json!({ "name": "abc", "list": ["a", "b", "c"] }), "spec.list: Too many: 3: must have at most 2 items"),
        (json!({ "name": "abc", "set": ["a", "a"] }), "spec.set[1]: Duplicate value: \"a\""),
        (
            json!({ "name": "abc", "map": [{ "key": "a" }, { "key": "a" }] }),
            "spec.map[1]: Duplicate value: {\"key\":\"a\"}",
        ),
    ] {
        let status = world.post(WIDGETS, widget(&world, spec)).await.refused(422, "Invalid");
        let prefix = format!("Widget.{}.example.org \"a\" is invalid: ", world.namespace);
        let message = status["message"].as_str().unwrap();
        assert_eq!(message.strip_prefix(&prefix), Some(words), "{message}");
    }
}

async fn a_custom_resource_counts_its_changes(world: World) {
    define(&world, text()).await;
    let made = world.post(WIDGETS, widget(&world, json!({ "text": "a" }))).await.ok();
    assert_eq!(made["metadata"]["generation"], 1);
    let path = format!("{WIDGETS}/a");
    for (path, patch, generation) in [
        (path.clone(), json!({ "metadata": { "labels": { "x": "y" }, "annotations": { "x": "y" } } }), 1),
        (path.clone(), json!({ "spec": { "text": "b" } }), 2),
        (path.clone(), json!({ "spec": { "unknown": "b" } }), 2),
        (format!("{path}/status"), json!({ "status": { "phase": "a" } }), 2),
        (path, json!({ "status": { "phase": "b" } }), 2),
    ] {
        assert_eq!(world.merge(&path, patch.clone()).await.ok()["metadata"]["generation"], generation, "{patch}");
    }
}

async fn a_custom_resource_has_a_status_of_its_own(world: World) {
    define(&world, text()).await;
    let mut object = widget(&world, json!({ "text": "a" }));
    object["status"] = json!({ "phase": "a" });
    let made = world.post(WIDGETS, object).await.ok();
    assert!(made["status"].is_null());
    let path = format!("{WIDGETS}/a/status");
    let patch = json!({ "spec": { "text": "b" }, "metadata": { "labels": { "x": "y" } }, "status": { "phase": "b", "unknown": 1 } });
    let patched = world.merge(&path, patch).await.ok();
    assert_eq!((&patched["spec"], &patched["status"]), (&json!({ "text": "a" }), &json!({ "phase": "b" })));
    assert!(patched["metadata"]["labels"].is_null());
    let other = json!({ "metadata": { "uid": "another" }, "status": { "phase": "b" } });
    world.merge(&path, other).await.ok();
    let stale =
        json!({ "metadata": { "resourceVersion": made["metadata"]["resourceVersion"] }, "status": { "phase": "c" } });
    world.merge(&path, stale).await.refused(409, "Conflict");
    world.merge(&path, json!({ "status": { "phase": 5 } })).await.invalid(&["status.phase"]);
    let patched = world.merge(&format!("{WIDGETS}/a"), json!({ "status": { "phase": "c" } })).await.ok();
    assert_eq!(patched["status"], json!({ "phase": "b" }));
}

async fn a_custom_resource_without_a_status_has_no_part_for_it(world: World) {
    let mut version = version("v1", &text());
    version.as_object_mut().unwrap().remove("subresources");
    define_versions(&world, json!([version])).await;
    let mut object = widget(&world, json!({ "text": "a" }));
    object["status"] = json!({ "phase": "a" });
    let made = world.post(WIDGETS, object).await.ok();
    assert_eq!(made["status"], json!({ "phase": "a" }));
    let answer = world.merge(&format!("{WIDGETS}/a/status"), json!({ "status": { "phase": "b" } })).await;
    assert_eq!(answer.code, 404);
    let patched = world.merge(&format!("{WIDGETS}/a"), json!({ "status": { "phase": "b" } })).await.ok();
    assert_eq!((&patched["status"], &patched["metadata"]["generation"]), (&json!({ "phase": "b" }), &json!(2)));
}

async fn a_version_that_is_not_served_is_not_found(world: World) {
    let mut old = version("v0", &text());
    old["served"] = json!(false);
    define_versions(&world, json!([version("v1", &text()), old])).await;
    for version in ["v0", "v2"] {
        let answer = world.get(&WIDGETS.replace("v1", version)).await;
        assert_eq!((answer.code, &answer.body), (404, &json!("404 page not found\n")), "{version}");
    }
}

async fn a_custom_resource_is_the_same_in_every_version(world: World) {
    define_versions(&world, json!([version("v1", &text()), version("v1beta1", &text())])).await;
    let made = world.post(WIDGETS, widget(&world, json!({ "text": "a" }))).await.ok();
    let beta = WIDGETS.replace("v1", "v1beta1");
    let shown = world.until(&format!("{beta}/a"), |answer| answer.code == 200).await.ok();
    let group = format!("{}.example.org", world.namespace);
    assert_eq!(shown["apiVersion"], format!("{group}/v1beta1"));
    assert_eq!((&shown["spec"], &shown["metadata"]["uid"]), (&made["spec"], &made["metadata"]["uid"]));
    let answer = world.post(&beta, widget(&world, json!({}))).await;
    let words =
        format!("the API version in the data ({group}/v1) does not match the expected API version ({group}/v1beta1)");
    answer.says(400, "BadRequest", &words);
    let patched = world.merge(&format!("{beta}/a"), json!({ "spec": { "text": "b" } })).await.ok();
    assert_eq!(patched["apiVersion"], format!("{group}/v1beta1"));
    assert_eq!(world.get(&format!("{WIDGETS}/a")).await.ok()["spec"], json!({ "text": "b" }));
}

async fn a_custom_resource_takes_no_strategic_patch(world: World) {
    define(&world, text()).await;
    world.post(WIDGETS, widget(&world, json!({}))).await.ok();
    world.strategic(&format!("{WIDGETS}/a"), json!({})).await.refused(415, "UnsupportedMediaType");
}

async fn a_custom_resource_is_not_replaced_without_a_version(world: World) {
    define(&world, text()).await;
    world.post(WIDGETS, widget(&world, json!({}))).await.ok();
    let status = world.put(&format!("{WIDGETS}/a"), &widget(&world, json!({ "text": "a" }))).await;
    let status = status.invalid(&["metadata.resourceVersion"]);
    assert!(status["message"].as_str().unwrap().ends_with("must be specified for an update"), "{status}");
    world.merge(&format!("{WIDGETS}/a"), json!({ "spec": { "text": "a" } })).await.ok();
}

async fn a_custom_resource_must_say_its_kind(world: World) {
    define(&world, text()).await;
    let mut object = widget(&world, json!({}));
    object["kind"] = json!("Gadget");
    let status = world.post(WIDGETS, object).await.invalid(&["kind"]);
    let group = format!("{}.example.org", world.namespace);
    let words = format!("Gadget.{group} \"a\" is invalid: kind: Invalid value: \"Gadget\": must be Widget");
    assert_eq!(status["message"], words);
    let mut object = widget(&world, json!({}));
    object.as_object_mut().unwrap().remove("kind");
    world.post(WIDGETS, object).await.refused(400, "BadRequest");
}

async fn a_custom_resource_is_applied_as_its_schema_says(world: World) {
    define(&world, limited()).await;
    let by = |manager: &str| format!("{WIDGETS}/a?fieldManager={manager}");
    let spec = json!({ "name": "abc", "list": ["a"], "set": ["a"], "map": [{ "key": "a" }] });
    world.apply(&by("one"), widget(&world, spec)).await.ok();
    let more = json!({ "set": ["b"], "map": [{ "key": "b" }] });
    let both = world.apply(&by("two"), widget(&world, more)).await.ok();
    assert_eq!(both["spec"]["set"], json!(["a", "b"]));
    assert_eq!(both["spec"]["map"], json!([{ "key": "a" }, { "key": "b" }]));
    let status = world.apply(&by("two"), widget(&world, json!({ "list": ["b"] }))).await.refused(409, "Conflict");
    assert_eq!(status["message"], "Apply failed with 1 conflict: conflict with \"one\": .spec.list");
    let less = world.apply(&by("one"), widget(&world, json!({ "name": "abc", "list": ["a"] }))).await.ok();
    assert_eq!((&less["spec"]["set"], &less["spec"]["map"]), (&json!(["b"]), &json!([{ "key": "b" }])));
    world.apply(&by("one"), widget(&world, json!({ "name": "abc", "kind": "x" }))).await.invalid(&["spec.kind"]);
}

async fn what_was_wrong_before_may_stay_wrong(world: World) {
    define(&world, text()).await;
    world.post(WIDGETS, widget(&world, json!({ "text": "abc" }))).await.ok();
    let path = format!("{CRDS}/widgets.{{ns}}.example.org");
    let mut stricter = text();
    stricter["properties"]["text"]["maxLength"] = json!(1);
    world.merge(&path, json!({ "spec": { "versions": [version("v1", &stricter)] } })).await.ok();
    let mut other = widget(&world, json!({ "text": "abc" }));
    other["metadata"]["name"] = json!("b");
    // Until the server has taken notice of the new schema.
    for _ in 0..100 {
        let answer = world.post(&format!("{WIDGETS}?dryRun=All"), other.clone()).await;
        if answer.code == 422 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    world.post(WIDGETS, other).await.invalid(&["spec.text"]);
    let path = format!("{WIDGETS}/a");
    world.merge(&path, json!({ "spec": { "more": "x" } })).await.ok();
    world.merge(&path, json!({ "spec": { "text": "abcd" } })).await.invalid(&["spec.text"]);
}

async fn a_definition_that_goes_takes_its_objects_with_it(world: World) {
    define(&world, text()).await;
    world.post(WIDGETS, widget(&world, json!({}))).await.ok();
    world.delete(&format!("{CRDS}/widgets.{{ns}}.example.org")).await.ok();
    world.until(WIDGETS, |answer| answer.code == 404).await;
    world.until(&format!("{CRDS}/widgets.{{ns}}.example.org"), |answer| answer.code == 404).await;
    define(&world, text()).await;
    assert_eq!(world.names(WIDGETS).await, [""; 0]);
}
