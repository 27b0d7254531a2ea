//! Metadata: names, uids, versions, finalizers.

use kube::api::{DeleteParams, Patch, PatchParams};
use serde_json::json;

use super::{World, create, refusal, sentences};

sentences![
    an_object_is_made_with_a_uid_and_a_version,
    a_name_is_given_once,
    a_patch_with_an_old_version_is_refused,
    a_patch_that_changes_nothing_makes_no_version,
    an_object_with_a_finalizer_is_kept_until_it_is_gone,
];

async fn an_object_is_made_with_a_uid_and_a_version(world: World) {
    let made = create(&world.config_maps(), json!({ "metadata": { "name": "a" } })).await.unwrap();
    assert_eq!(made["metadata"]["uid"].as_str().unwrap().len(), 36);
    assert!(made["metadata"]["resourceVersion"].as_str().unwrap().parse::<u64>().unwrap() > 0);
    assert!(made["metadata"]["generation"].is_null());
}

async fn a_name_is_given_once(world: World) {
    let maps = world.config_maps();
    create(&maps, json!({ "metadata": { "name": "a" } })).await.unwrap();
    let status = refusal(create(&maps, json!({ "metadata": { "name": "a" } })).await);
    assert_eq!((status.code, status.reason.as_str()), (409, "AlreadyExists"));
    assert_eq!(status.message, "configmaps \"a\" already exists");
}

async fn a_patch_with_an_old_version_is_refused(world: World) {
    let maps = world.config_maps();
    let made = create(&maps, json!({ "metadata": { "name": "a" } })).await.unwrap();
    let old = &made["metadata"]["resourceVersion"];
    let patch = |value: &str| Patch::Merge(json!({ "metadata": { "resourceVersion": old }, "data": { "a": value } }));
    maps.patch("a", &PatchParams::default(), &patch("1")).await.unwrap();
    let status = refusal(maps.patch("a", &PatchParams::default(), &patch("2")).await);
    assert_eq!((status.code, status.reason.as_str()), (409, "Conflict"));
}

async fn a_patch_that_changes_nothing_makes_no_version(world: World) {
    let maps = world.config_maps();
    let made = create(&maps, json!({ "metadata": { "name": "a" }, "data": { "a": "1" } })).await.unwrap();
    let patch = Patch::Merge(json!({ "data": { "a": "1", "b": null } }));
    let patched = maps.patch("a", &PatchParams::default(), &patch).await.unwrap();
    assert_eq!(patched.metadata.resource_version.as_deref(), made["metadata"]["resourceVersion"].as_str());
}

async fn an_object_with_a_finalizer_is_kept_until_it_is_gone(world: World) {
    let maps = world.config_maps();
    create(&maps, json!({ "metadata": { "name": "a", "finalizers": ["x.y/z"] } })).await.unwrap();
    let going = maps.delete("a", &DeleteParams::default()).await.unwrap().left().unwrap();
    assert!(going.metadata.deletion_timestamp.is_some());
    let more = Patch::Merge(json!({ "metadata": { "finalizers": ["x.y/z", "x.y/more"] } }));
    assert_eq!(refusal(maps.patch("a", &PatchParams::default(), &more).await).code, 422);
    let none = Patch::Merge(json!({ "metadata": { "finalizers": [] } }));
    maps.patch("a", &PatchParams::default(), &none).await.unwrap();
    assert!(maps.get_opt("a").await.unwrap().is_none());
}
