//! Gets and lists.

use serde_json::json;

use super::sentences;
use super::world::{World, names, version};

sentences![
    an_object_that_is_not_there_is_not_found,
    a_group_that_nobody_serves_is_not_found_without_a_status,
    a_resource_that_its_group_does_not_have_is_not_found,
    a_list_is_in_order_of_names_and_says_its_version,
    a_list_of_all_namespaces_shows_the_objects_of_each,
    a_list_comes_in_pages,
    later_pages_show_what_was_there_at_the_first,
    a_page_of_selected_objects_does_not_say_how_many_remain,
    a_continue_token_that_is_none_is_refused,
    a_list_that_is_too_old_cannot_be_continued_but_inconsistently,
    a_list_can_be_of_an_exact_version,
    a_list_can_be_no_older_than_a_version,
    a_version_that_does_not_exist_yet_is_waited_for_in_vain,
    parameters_of_lists_that_do_not_fit_together_are_refused,
    objects_are_selected_by_labels,
    a_label_selector_that_cannot_be_read_is_refused,
    objects_are_selected_by_fields,
    a_field_by_which_nothing_can_be_selected_is_refused,
    metadata_can_be_read_alone,
    an_answer_in_an_unknown_form_is_not_acceptable,
];

async fn an_object_that_is_not_there_is_not_found(world: World) {
    let status = world.get("configmaps/a").await.refused(404, "NotFound");
    assert_eq!(status["message"], "configmaps \"a\" not found");
    assert_eq!(status["details"], json!({ "name": "a", "kind": "configmaps" }));
    let status = world.get("/apis/apps/v1/namespaces/{ns}/deployments/a").await.refused(404, "NotFound");
    assert_eq!(status["message"], "deployments.apps \"a\" not found");
    assert_eq!(status["details"], json!({ "name": "a", "group": "apps", "kind": "deployments" }));
}

async fn a_group_that_nobody_serves_is_not_found_without_a_status(world: World) {
    for path in ["/apis/nobody.example.org/v1/things", "/nowhere"] {
        let answer = world.get(path).await;
        assert_eq!((answer.code, &answer.body), (404, &json!("404 page not found\n")), "{path}");
    }
}

async fn a_resource_that_its_group_does_not_have_is_not_found(world: World) {
    let words = "the server could not find the requested resource";
    for path in ["/api/v1/things", "/apis/apps/v9/deployments", "/apis/apps/v1/things/a", "configmaps/a/status"] {
        world.get(path).await.says(404, "NotFound", words);
    }
}

async fn a_list_is_in_order_of_names_and_says_its_version(world: World) {
    let mut last = 0;
    for name in ["b", "a.b", "a", "a-b", "c1"] {
        last = version(&world.config_map(name).await);
    }
    let list = world.get("configmaps").await.ok();
    assert_eq!(names(&list), ["a", "a-b", "a.b", "b", "c1"]);
    assert_eq!((&list["kind"], &list["apiVersion"]), (&json!("ConfigMapList"), &json!("v1")));
    assert!(version(&list) >= last);
    let item = &list["items"][0];
    assert!(item["kind"].is_null() && item["apiVersion"].is_null(), "the list says what its items are: {item}");
    let list = world.get("secrets").await.ok();
    assert_eq!(list["items"], json!([]));
}

async fn a_list_of_all_namespaces_shows_the_objects_of_each(world: World) {
    let label = json!({ "metadata": { "name": "a", "labels": { "of": world.namespace } } });
    world.post("configmaps", label).await.ok();
    assert_eq!(world.names("/api/v1/configmaps?labelSelector=of={ns}").await, ["a"]);
    assert_eq!(world.names("/api/v1/namespaces/nowhere/configmaps").await, [""; 0]);
}

async fn a_list_comes_in_pages(world: World) {
    for name in ["a", "b", "c", "d", "e"] {
        world.config_map(name).await;
    }
    let first = world.get("configmaps?limit=2").await.ok();
    assert_eq!((names(&first), &first["metadata"]["remainingItemCount"]), (vec!["a".into(), "b".into()], &json!(3)));
    let next = |list: &serde_json::Value| {
        let token = list["metadata"]["continue"].as_str().unwrap_or_default();
        format!("configmaps?limit=2&continue={}", form_urlencoded::byte_serialize(token.as_bytes()).collect::<String>())
    };
    let second = world.get(&next(&first)).await.ok();
    assert_eq!((names(&second), &second["metadata"]["remainingItemCount"]), (vec!["c".into(), "d".into()], &json!(1)));
    let last = world.get(&next(&second)).await.ok();
    assert_eq!(names(&last), ["e"]);
    assert!(last["metadata"]["continue"].as_str().unwrap_or_default().is_empty());
    assert!(last["metadata"]["remainingItemCount"].is_null());
    assert_eq!(names(&world.get("configmaps?limit=5").await.ok()).len(), 5);
    assert!(world.get("configmaps?limit=5").await.ok()["metadata"]["continue"].is_null());
}

async fn later_pages_show_what_was_there_at_the_first(world: World) {
    for name in ["a", "b", "c"] {
        world.config_map(name).await;
    }
    let first = world.get("configmaps?limit=1").await.ok();
    world.config_map("b2").await;
    world.delete("configmaps/c").await.ok();
    let token = first["metadata"]["continue"].as_str().unwrap();
    let token: String = form_urlencoded::byte_serialize(token.as_bytes()).collect();
    let rest = world.get(&format!("configmaps?continue={token}")).await.ok();
    assert_eq!(names(&rest), ["b", "c"]);
    assert_eq!(version(&rest), version(&first));
    world.get(&format!("configmaps?continue={token}&resourceVersion={}", version(&first))).await.says(
        400,
        "BadRequest",
        "specifying resource version is not allowed when using continue",
    );
}

async fn a_page_of_selected_objects_does_not_say_how_many_remain(world: World) {
    for name in ["a", "b", "c"] {
        world.post("configmaps", json!({ "metadata": { "name": name, "labels": { "x": "y" } } })).await.ok();
    }
    let list = world.get("configmaps?limit=1&labelSelector=x%3Dy").await.ok();
    assert_eq!(names(&list), ["a"]);
    assert!(list["metadata"]["continue"].is_string());
    assert!(list["metadata"]["remainingItemCount"].is_null());
}

async fn a_continue_token_that_is_none_is_refused(world: World) {
    let status = world.get("configmaps?continue=nonsense").await.refused(400, "BadRequest");
    let words = "invalid continue token: continue key is not valid: ";
    assert!(status["message"].as_str().unwrap().starts_with(words), "{status}");
}

async fn a_list_that_is_too_old_cannot_be_continued_but_inconsistently(world: World) {
    for name in ["a", "b", "c"] {
        world.config_map(name).await;
    }
    let first = world.get("configmaps?limit=1").await.ok();
    world.config_map("b2").await;
    (world.forget)().await;
    let next = |token: &serde_json::Value| {
        let token = token["metadata"]["continue"].as_str().unwrap();
        format!("configmaps?continue={}", form_urlencoded::byte_serialize(token.as_bytes()).collect::<String>())
    };
    let status = world.until_writes_tell(&next(&first), 410).await.refused(410, "Expired");
    let words = "The provided continue parameter is too old to display a consistent list result. You can start a new list \
        without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. \
        Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted \
        between the time the first chunk was returned and now may show up in the list.";
    assert_eq!(status["message"], words);
    assert_eq!(world.names(&next(&status)).await, ["b", "b2", "c"]);
    let version = version(&first);
    let path = format!("configmaps?resourceVersion={version}&resourceVersionMatch=Exact");
    world.get(&path).await.refused(410, "Expired");
}

async fn a_list_can_be_of_an_exact_version(world: World) {
    world.config_map("a").await;
    let then = version(&world.config_map("b").await);
    world.delete("configmaps/a").await.ok();
    world.config_map("c").await;
    let path = format!("configmaps?resourceVersion={then}&resourceVersionMatch=Exact");
    let list = world.get(&path).await.ok();
    assert_eq!(names(&list), ["a", "b"]);
    assert_eq!(version(&list), then);
}

async fn a_list_can_be_no_older_than_a_version(world: World) {
    let then = version(&world.config_map("a").await);
    let path = format!("configmaps?resourceVersion={then}&resourceVersionMatch=NotOlderThan");
    assert_eq!(world.names(&path).await, ["a"]);
    assert_eq!(world.names(&format!("configmaps?resourceVersion={then}")).await, ["a"]);
    let object = world.get(&format!("configmaps/a?resourceVersion={then}")).await.ok();
    assert_eq!(version(&object), then);
}

async fn a_version_that_does_not_exist_yet_is_waited_for_in_vain(world: World) {
    let future = version(&world.config_map("a").await) + 1_000_000;
    for path in ["configmaps?", "configmaps/a?"] {
        let status = world.get(&format!("{path}resourceVersion={future}")).await.refused(504, "Timeout");
        let words = format!("Timeout: Too large resource version: {future}, current: ");
        assert!(status["message"].as_str().unwrap().starts_with(&words), "{status}");
        assert_eq!(status["details"]["causes"][0]["reason"], "ResourceVersionTooLarge");
    }
}

async fn parameters_of_lists_that_do_not_fit_together_are_refused(world: World) {
    for (parameters, words) in [
        ("resourceVersionMatch=Exact", "resourceVersionMatch is forbidden unless resourceVersion is provided"),
        (
            "resourceVersion=0&resourceVersionMatch=Exact",
            "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"",
        ),
        ("sendInitialEvents=true", "sendInitialEvents is forbidden for list"),
        (
            "resourceVersion=5&resourceVersionMatch=Nearly",
            "Unsupported value: \"Nearly\": supported values: \"Exact\", \"NotOlderThan\", \"\"",
        ),
    ] {
        let status = world.get(&format!("configmaps?{parameters}")).await.refused(422, "Invalid");
        let message = status["message"].as_str().unwrap();
        assert!(
            message.starts_with("ListOptions.meta.k8s.io \"\" is invalid: ") && message.contains(words),
            "{message}"
        );
    }
    world.get("configmaps?resourceVersion=x").await.refused(400, "BadRequest");
}

async fn objects_are_selected_by_labels(world: World) {
    for (name, labels) in [
        ("a", json!({ "app": "web", "tier": "1" })),
        ("b", json!({ "app": "api", "tier": "2" })),
        ("c", json!({ "example.org/app": "web" })),
    ] {
        world.post("configmaps", json!({ "metadata": { "name": name, "labels": labels } })).await.ok();
    }
    for (selector, expected) in [
        ("app=web", "a"),
        ("app==web", "a"),
        ("app!=web", "b c"),
        ("app in (web, api),tier!=2", "a"),
        ("app notin (web)", "b c"),
        ("app", "a b"),
        ("!app", "c"),
        ("example.org/app=web", "c"),
        ("tier>1", "b"),
        ("app=", ""),
        ("", "a b c"),
    ] {
        let encoded: String = form_urlencoded::byte_serialize(selector.as_bytes()).collect();
        let found = world.names(&format!("configmaps?labelSelector={encoded}")).await.join(" ");
        assert_eq!(found, expected, "{selector}");
    }
}

async fn a_label_selector_that_cannot_be_read_is_refused(world: World) {
    for selector in ["a%20b", "a%20in%20b", "%3Dx", "a%3D-x-"] {
        world.get(&format!("configmaps?labelSelector={selector}")).await.refused(400, "BadRequest");
    }
}

async fn objects_are_selected_by_fields(world: World) {
    world.config_map("a").await;
    world.config_map("b").await;
    assert_eq!(world.names("configmaps?fieldSelector=metadata.name%3Da").await, ["a"]);
    assert_eq!(world.names("configmaps?fieldSelector=metadata.name!%3Da").await, ["b"]);
    let none = "configmaps?fieldSelector=metadata.name%3Da,metadata.name%3Db";
    assert_eq!(world.names(none).await, [""; 0]);
    world.post("services", json!({ "metadata": { "name": "a" }, "spec": { "ports": [{ "port": 1 }] } })).await.ok();
    let outside = json!({ "metadata": { "name": "b" }, "spec": { "type": "LoadBalancer", "ports": [{ "port": 1 }] } });
    world.post("services", outside).await.ok();
    assert_eq!(world.names("services?fieldSelector=spec.type%3DLoadBalancer").await, ["b"]);
    let found = world.names("/api/v1/namespaces?fieldSelector=metadata.name%3D{ns}").await;
    assert_eq!(found.join(" "), world.namespace);
}

async fn a_field_by_which_nothing_can_be_selected_is_refused(world: World) {
    let words = "\"data.a\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"";
    world.get("configmaps?fieldSelector=data.a%3Db").await.says(400, "BadRequest", words);
    let words = "field label not supported: data.a";
    world.get("services?fieldSelector=data.a%3Db").await.says(400, "BadRequest", words);
}

async fn metadata_can_be_read_alone(world: World) {
    world.post("configmaps", json!({ "metadata": { "name": "a" }, "data": { "b": "c" } })).await.ok();
    let accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
    let object = world.get_as("configmaps/a", accept).await.ok();
    assert_eq!((&object["kind"], &object["apiVersion"]), (&json!("PartialObjectMetadata"), &json!("meta.k8s.io/v1")));
    assert_eq!(object["metadata"]["name"], "a");
    assert!(object["data"].is_null());
    let accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
    let list = world.get_as("configmaps", accept).await.ok();
    assert_eq!((&list["kind"], &list["apiVersion"]), (&json!("PartialObjectMetadataList"), &json!("meta.k8s.io/v1")));
    assert_eq!(names(&list), ["a"]);
    assert!(list["items"][0]["data"].is_null());
}

async fn an_answer_in_an_unknown_form_is_not_acceptable(world: World) {
    world.get_as("configmaps", "text/html").await.refused(406, "NotAcceptable");
}
