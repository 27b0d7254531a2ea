//! Creates: what a new object is given, and what its metadata must be.

use serde_json::json;

use super::sentences;
use super::world::World;

sentences![
    a_new_object_gets_a_uid_a_version_and_a_time,
    a_new_object_is_not_what_it_says_of_its_own_making,
    a_name_is_given_once,
    a_generated_name_ends_in_five_more_letters,
    an_object_without_a_name_is_refused,
    an_object_of_another_namespace_is_refused,
    an_object_with_a_version_is_not_created,
    an_object_of_another_kind_is_refused,
    a_body_that_is_no_object_is_refused,
    an_object_in_a_namespace_that_is_not_there_is_refused,
    names_have_limits,
    names_of_services_and_namespaces_are_single_labels,
    labels_have_limits,
    annotations_have_limits,
    finalizers_have_names,
    unknown_fields_are_dropped_unless_they_are_to_be_refused,
    a_put_of_nothing_makes_some_kinds_and_not_others,
];

async fn a_new_object_gets_a_uid_a_version_and_a_time(world: World) {
    let answer = world.post("configmaps", json!({ "metadata": { "name": "a" } })).await;
    assert_eq!(answer.code, 201);
    let metadata = &answer.body["metadata"];
    assert_eq!(metadata["uid"].as_str().unwrap().len(), 36);
    assert!(metadata["resourceVersion"].as_str().unwrap().parse::<u64>().unwrap() > 0);
    assert_eq!(metadata["creationTimestamp"].as_str().unwrap().len(), "2026-01-31T12:00:00Z".len());
    assert_eq!(metadata["namespace"], world.namespace);
    assert!(metadata["generation"].is_null());
    assert_eq!((&answer.body["kind"], &answer.body["apiVersion"]), (&json!("ConfigMap"), &json!("v1")));
    assert_eq!(world.get("configmaps/a").await.ok(), answer.body);
}

async fn a_new_object_is_not_what_it_says_of_its_own_making(world: World) {
    let object = json!({ "metadata": {
        "name": "a", "uid": "mine", "creationTimestamp": "2000-01-01T00:00:00Z",
        "deletionTimestamp": "2000-01-01T00:00:00Z", "deletionGracePeriodSeconds": 7, "selfLink": "/x",
    } });
    let made = world.post("configmaps", object).await.ok();
    let metadata = &made["metadata"];
    assert_ne!(metadata["uid"], "mine");
    assert_ne!(metadata["creationTimestamp"], "2000-01-01T00:00:00Z");
    for field in ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"] {
        assert!(metadata[field].is_null(), "{field}");
    }
}

async fn a_name_is_given_once(world: World) {
    world.config_map("a").await;
    let status = world.post("configmaps", json!({ "metadata": { "name": "a" } })).await.refused(409, "AlreadyExists");
    assert_eq!(status["message"], "configmaps \"a\" already exists");
    assert_eq!(status["details"], json!({ "name": "a", "kind": "configmaps" }));
}

async fn a_generated_name_ends_in_five_more_letters(world: World) {
    let long = "a".repeat(70);
    for (base, kept) in [("web-", "web-"), (long.as_str(), &long[..58])] {
        let made = world.post("configmaps", json!({ "metadata": { "generateName": base } })).await.ok();
        let name = made["metadata"]["name"].as_str().unwrap();
        let suffix = name.strip_prefix(kept).unwrap_or_else(|| panic!("{name}"));
        assert!(suffix.len() == 5 && suffix.chars().all(|letter| letter.is_ascii_alphanumeric()), "{name}");
        assert_eq!(made["metadata"]["generateName"], base);
    }
}

async fn an_object_without_a_name_is_refused(world: World) {
    let status = world.post("configmaps", json!({ "data": {} })).await.invalid(&["metadata.name"]);
    let words = "ConfigMap \"\" is invalid: metadata.name: Required value: name or generateName is required";
    assert_eq!(status["message"], words);
}

async fn an_object_of_another_namespace_is_refused(world: World) {
    let words = "the namespace of the provided object does not match the namespace sent on the request";
    let object = json!({ "metadata": { "name": "a", "namespace": "another" } });
    world.post("configmaps", object).await.says(400, "BadRequest", words);
}

async fn an_object_with_a_version_is_not_created(world: World) {
    let object = json!({ "metadata": { "name": "a", "resourceVersion": "5" } });
    let answer = world.post("configmaps", object).await;
    assert_eq!(
        (answer.code, &answer.body["message"]),
        (500, &json!("resourceVersion should not be set on objects to be created"))
    );
}

async fn an_object_of_another_kind_is_refused(world: World) {
    for (object, words) in [
        (
            json!({ "kind": "Secret", "apiVersion": "v1", "metadata": { "name": "a" } }),
            "Secret in version \"v1\" cannot be handled as a ConfigMap",
        ),
        (
            json!({ "kind": "ConfigMap", "apiVersion": "v2", "metadata": { "name": "a" } }),
            "ConfigMap in version \"v2\" cannot be handled as a ConfigMap",
        ),
    ] {
        let status = world.post("configmaps", object).await.refused(400, "BadRequest");
        assert!(status["message"].as_str().unwrap().contains(words), "{status}");
    }
}

async fn a_body_that_is_no_object_is_refused(world: World) {
    for object in [json!([]), json!("text"), json!({ "metadata": { "name": 5 } }), json!({ "data": ["a"] })] {
        world.post("configmaps", object).await.refused(400, "BadRequest");
    }
}

async fn an_object_in_a_namespace_that_is_not_there_is_refused(world: World) {
    let path = "/api/v1/namespaces/nowhere-at-all/configmaps";
    let status = world.post(path, json!({ "metadata": { "name": "a" } })).await.refused(404, "NotFound");
    assert_eq!(status["message"], "namespaces \"nowhere-at-all\" not found");
    assert_eq!(status["details"], json!({ "name": "nowhere-at-all", "kind": "namespaces" }));
}

async fn names_have_limits(world: World) {
    for name in ["A", "a_b", "-a", "a-", "a..b", ".a", "a b", &"a".repeat(254)] {
        let status =
            world.post("configmaps", json!({ "metadata": { "name": name } })).await.invalid(&["metadata.name"]);
        assert_eq!(status["details"]["name"], name);
    }
    for name in ["a", "0", "a.b-c.d", &"a".repeat(253)] {
        world.config_map(name).await;
    }
}

async fn names_of_services_and_namespaces_are_single_labels(world: World) {
    for (path, name) in [
        ("services", "a.b".to_owned()),
        ("services", "a".repeat(64)),
        ("services", "-a".to_owned()),
        ("/api/v1/namespaces", "a.b".to_owned()),
    ] {
        let object = json!({ "metadata": { "name": name }, "spec": { "ports": [{ "port": 1 }] } });
        world.post(path, object).await.invalid(&["metadata.name"]);
    }
    let object = json!({ "metadata": { "name": "a".repeat(64) } });
    // The name is a label too.
    world.post("/api/v1/namespaces", object).await.invalid(&["metadata.name", "metadata.labels"]);
    let object = json!({ "metadata": { "name": "a".repeat(63) }, "spec": { "ports": [{ "port": 1 }] } });
    world.post("services", object).await.ok();
}

async fn labels_have_limits(world: World) {
    let with = |key: &str, value: &str| json!({ "metadata": { "name": "a", "labels": { key: value } } });
    for (key, value) in [
        ("a b", "x"),
        ("-a", "x"),
        ("a/b/c", "x"),
        ("UPPER.example.org/a", "x"),
        ("a", "x y"),
        ("a", "-x"),
        ("a", &"x".repeat(64)),
        (&"k".repeat(64), "x"),
    ] {
        world.post("configmaps", with(key, value)).await.invalid(&["metadata.labels"]);
    }
    let good = json!({ "A-b_c.d": "", "example.org/a": "x".repeat(63) });
    let made = world.post("configmaps", json!({ "metadata": { "name": "a", "labels": good } })).await.ok();
    assert_eq!(made["metadata"]["labels"], good);
}

async fn annotations_have_limits(world: World) {
    let with = |key: &str, value: &str| json!({ "metadata": { "name": "a", "annotations": { key: value } } });
    for (key, value) in [("a b", "x"), ("-a", "x"), ("a", "x".repeat(256 * 1024).as_str())] {
        world.post("configmaps", with(key, value)).await.invalid(&["metadata.annotations"]);
    }
    world.post("configmaps", with("Example.org/A", &"x".repeat(256 * 1024 - 13))).await.ok();
}

async fn finalizers_have_names(world: World) {
    let with = |finalizer: &str| json!({ "metadata": { "generateName": "a-", "finalizers": [finalizer] } });
    world.post("configmaps", with("example.org/a")).await.ok();
    world.post("configmaps", with("orphan")).await.ok();
    let status = world.post("configmaps", with("a")).await.invalid(&["metadata.finalizers[0]"]);
    let words = "Invalid value: \"a\": name is neither a standard finalizer name nor is it fully qualified";
    assert_eq!(status["details"]["causes"][0]["message"], words);
    world.post("configmaps", with("a b")).await.invalid(&["metadata.finalizers", "metadata.finalizers[0]"]);
    world.post("configmaps", with("example.org/-")).await.invalid(&["metadata.finalizers"]);
}

async fn unknown_fields_are_dropped_unless_they_are_to_be_refused(world: World) {
    let object = json!({ "metadata": { "name": "a", "unknown": 1 }, "also": { "x": 1 } });
    let made = world.post("configmaps", object.clone()).await.ok();
    assert!(made["also"].is_null() && made["metadata"]["unknown"].is_null());
    let object = json!({ "metadata": { "name": "b" }, "also": { "x": 1 } });
    let status = world.post("configmaps?fieldValidation=Strict", object).await.refused(400, "BadRequest");
    let message = status["message"].as_str().unwrap();
    assert!(message.contains("strict decoding error: unknown field \"also\""), "{message}");
}

async fn a_put_of_nothing_makes_some_kinds_and_not_others(world: World) {
    let object = json!({ "metadata": { "name": "a" }, "spec": { "ports": [{ "port": 1 }] } });
    assert_eq!(world.put("services/a", &object).await.code, 201);
    let object = json!({ "metadata": { "name": "a" } });
    world.put("configmaps/a", &object).await.refused(404, "NotFound");
    let lease = json!({ "metadata": { "name": "a" }, "spec": { "holderIdentity": "me" } });
    let path = "/apis/coordination.k8s.io/v1/namespaces/{ns}/leases/a";
    assert_eq!(world.put(path, &lease).await.code, 201);
}
