//! Watches.

use std::time::Duration;

use serde_json::json;

use super::custom_resources::{WIDGETS, define};
use super::sentences;
use super::world::{World, version};

sentences![
    a_watch_from_zero_begins_with_what_is_there,
    a_watch_from_nowhere_begins_with_what_is_there,
    a_watch_from_a_version_tells_what_came_after,
    a_deletion_is_told_with_a_version_of_its_own,
    a_watch_follows_objects_into_its_selector_and_out_of_it,
    a_watch_can_be_of_one_name,
    a_watch_can_be_of_one_namespace_or_of_all,
    a_watch_can_begin_with_the_state_and_mark_its_end,
    a_watch_that_allows_bookmarks_gets_one_before_it_ends,
    a_watch_ends_when_its_time_is_over,
    a_watch_from_before_the_memory_of_the_server_is_told_so,
    a_write_that_changes_nothing_is_not_told,
    metadata_can_be_watched_alone,
    parameters_of_watches_that_do_not_fit_together_are_refused,
];

async fn a_watch_from_zero_begins_with_what_is_there(world: World) {
    world.config_map("b").await;
    world.caught_up(&world.config_map("a").await).await;
    let mut watch = world.watch("configmaps?resourceVersion=0").await;
    watch.expect(&["ADDED a", "ADDED b"]).await;
    world.merge("configmaps/a", json!({ "data": { "x": "1" } })).await.ok();
    world.delete("configmaps/b").await.ok();
    world.config_map("c").await;
    watch.expect(&["MODIFIED a", "DELETED b", "ADDED c"]).await;
}

async fn a_watch_from_nowhere_begins_with_what_is_there(world: World) {
    let made = world.config_map("a").await;
    let mut watch = world.watch("configmaps?timeoutSeconds=60").await;
    let told = watch.expect(&["ADDED a"]).await;
    assert_eq!(told["metadata"], made["metadata"]);
    assert_eq!((&told["kind"], &told["apiVersion"]), (&json!("ConfigMap"), &json!("v1")));
}

async fn a_watch_from_a_version_tells_what_came_after(world: World) {
    let then = version(&world.config_map("a").await);
    world.config_map("b").await;
    let last = world.merge("configmaps/a", json!({ "data": { "x": "1" } })).await.ok();
    let mut watch = world.watch(&format!("configmaps?resourceVersion={then}")).await;
    let told = watch.expect(&["ADDED b", "MODIFIED a"]).await;
    assert_eq!(version(&told), version(&last));
    world.config_map("c").await;
    watch.expect(&["ADDED c"]).await;
}

async fn a_deletion_is_told_with_a_version_of_its_own(world: World) {
    let made = world.post("configmaps", json!({ "metadata": { "name": "a" }, "data": { "x": "1" } })).await.ok();
    let mut watch = world.watch(&format!("configmaps?resourceVersion={}", version(&made))).await;
    world.delete("configmaps/a").await.ok();
    let told = watch.expect(&["DELETED a"]).await;
    assert!(version(&told) > version(&made));
    assert_eq!((&told["data"], &told["metadata"]["uid"]), (&made["data"], &made["metadata"]["uid"]));
}

async fn a_watch_follows_objects_into_its_selector_and_out_of_it(world: World) {
    let then = version(&world.config_map("a").await);
    let mut watch = world.watch(&format!("configmaps?resourceVersion={then}&labelSelector=in%3Dyes")).await;
    let label = |value: &str| json!({ "metadata": { "labels": { "in": value } } });
    world.merge("configmaps/a", label("yes")).await.ok();
    world.merge("configmaps/a", json!({ "data": { "x": "1" } })).await.ok();
    let out = world.merge("configmaps/a", label("no")).await.ok();
    world.delete("configmaps/a").await.ok();
    world.config_map("b").await;
    world.merge("configmaps/b", label("yes")).await.ok();
    let told = watch.expect(&["ADDED a", "MODIFIED a", "DELETED a"]).await;
    assert_eq!(version(&told), version(&out));
    assert_eq!(told["metadata"]["labels"]["in"], "yes", "as it was last in sight");
    watch.expect(&["ADDED b"]).await;
}

async fn a_watch_can_be_of_one_name(world: World) {
    let then = version(&world.config_map("a").await);
    let selected = format!("configmaps?resourceVersion={then}&fieldSelector=metadata.name%3Db");
    let mut watch = world.watch(&selected).await;
    world.config_map("c").await;
    world.config_map("b").await;
    world.delete("configmaps/b").await.ok();
    watch.expect(&["ADDED b", "DELETED b"]).await;
    world.get("configmaps/a?watch=true").await.ok();
}

async fn a_watch_can_be_of_one_namespace_or_of_all(world: World) {
    let then = version(&world.config_map("a").await);
    let mut of_another =
        world.watch(&format!("/api/v1/namespaces/nowhere/configmaps?resourceVersion={then}&timeoutSeconds=2")).await;
    let mut of_all = world.watch(&format!("/api/v1/configmaps?resourceVersion={then}&labelSelector=of={{ns}}")).await;
    world.post("configmaps", json!({ "metadata": { "name": "b", "labels": { "of": world.namespace } } })).await.ok();
    of_all.expect(&["ADDED b"]).await;
    assert_eq!(of_another.event().await, None);
}

async fn a_watch_can_begin_with_the_state_and_mark_its_end(world: World) {
    let then = version(&world.config_map("a").await);
    let path = "configmaps?sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    let mut watch = world.watch(path).await;
    let mark = watch.expect(&["ADDED a", "BOOKMARK "]).await;
    assert_eq!(mark["metadata"]["annotations"], json!({ "k8s.io/initial-events-end": "true" }));
    assert_eq!((&mark["kind"], &mark["apiVersion"]), (&json!("ConfigMap"), &json!("v1")));
    assert!(version(&mark) >= then);
    world.config_map("b").await;
    // More bookmarks may come at any time.
    let mut next = watch.event().await.unwrap();
    while next.0 == "BOOKMARK" {
        next = watch.event().await.unwrap();
    }
    assert_eq!((next.0.as_str(), &next.1["metadata"]["name"]), ("ADDED", &json!("b")));
}

async fn a_watch_that_allows_bookmarks_gets_one_before_it_ends(world: World) {
    let then = version(&world.config_map("a").await);
    let path = format!("configmaps?resourceVersion={then}&allowWatchBookmarks=true&timeoutSeconds=4");
    let mut watch = world.watch(&path).await;
    let mark = watch.expect(&["BOOKMARK "]).await;
    assert!(version(&mark) >= then);
    assert!(mark["metadata"]["annotations"].is_null());
    let path = format!("configmaps?resourceVersion={then}&timeoutSeconds=4");
    assert_eq!(world.watch(&path).await.event().await, None);
}

async fn a_watch_ends_when_its_time_is_over(world: World) {
    let mut watch = world.watch("configmaps?timeoutSeconds=1").await;
    let begin = tokio::time::Instant::now();
    assert_eq!(watch.event().await, None);
    assert!(begin.elapsed() < Duration::from_secs(10));
}

async fn a_watch_from_before_the_memory_of_the_server_is_told_so(world: World) {
    let then = version(&world.config_map("a").await);
    define(&world, json!({ "type": "object" })).await;
    let mut watch = world.watch(&format!("{WIDGETS}?resourceVersion={then}")).await;
    let (kind, status) = watch.event().await.unwrap();
    assert_eq!(kind, "ERROR");
    assert_eq!(
        (&status["kind"], &status["code"], &status["reason"]),
        (&json!("Status"), &json!(410), &json!("Expired"))
    );
    let words = format!("too old resource version: {then} (");
    assert!(status["message"].as_str().unwrap().starts_with(&words), "{status}");
    assert_eq!(watch.event().await, None);
}

async fn a_write_that_changes_nothing_is_not_told(world: World) {
    let made = world.config_map("a").await;
    let mut watch = world.watch(&format!("configmaps?resourceVersion={}", version(&made))).await;
    let same = world.merge("configmaps/a", json!({ "data": null })).await.ok();
    assert_eq!(version(&same), version(&made));
    world.config_map("b").await;
    watch.expect(&["ADDED b"]).await;
}

async fn metadata_can_be_watched_alone(world: World) {
    world.post("configmaps", json!({ "metadata": { "name": "a" }, "data": { "b": "c" } })).await.ok();
    let accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
    let mut watch = world.watch_as("configmaps?timeoutSeconds=60", accept).await;
    let told = watch.expect(&["ADDED a"]).await;
    assert_eq!((&told["kind"], &told["data"]), (&json!("PartialObjectMetadata"), &json!(null)));
}

async fn parameters_of_watches_that_do_not_fit_together_are_refused(world: World) {
    for parameters in ["resourceVersionMatch=NotOlderThan&resourceVersion=5", "sendInitialEvents=true"] {
        world.get(&format!("configmaps?watch=true&{parameters}")).await.invalid(&["resourceVersionMatch"]);
    }
}
