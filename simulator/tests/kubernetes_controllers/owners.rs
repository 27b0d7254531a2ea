//! What goes with its owner, and with its namespace.

use kube::api::{DeleteParams, PropagationPolicy};
use serde_json::json;

use super::world::World;

#[tokio::test(start_paused = true)]
async fn pods_go_with_their_deployment() {
    let world = World::new().await;
    world.deployment("web", 2, "web:1");
    world.pass(3.0).await;
    world.delete("apps/v1", "Deployment", "web", &DeleteParams::default()).await;
    assert!(world.objects("deployments").is_empty());
    assert!(world.pods().iter().all(|pod| pod.metadata.deletion_timestamp.is_some()));
    world.pass(3.0).await;
    assert_eq!(world.pods(), []);
}

#[tokio::test(start_paused = true)]
async fn a_deletion_in_the_foreground_waits_for_the_pods() {
    let world = World::new().await;
    world.deployment("web", 2, "web:1");
    world.pass(3.0).await;
    let params = DeleteParams { propagation_policy: Some(PropagationPolicy::Foreground), ..DeleteParams::default() };
    world.delete("apps/v1", "Deployment", "web", &params).await;
    world.pass(2.9).await;
    assert_eq!((world.objects("deployments").len(), world.pods().len()), (1, 2));
    world.pass(0.2).await;
    assert_eq!((world.objects("deployments").len(), world.pods().len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn orphans_stay() {
    let world = World::new().await;
    world.deployment("web", 2, "web:1");
    world.pass(3.0).await;
    let params = DeleteParams { propagation_policy: Some(PropagationPolicy::Orphan), ..DeleteParams::default() };
    world.delete("apps/v1", "Deployment", "web", &params).await;
    world.pass(10.0).await;
    assert!(world.objects("deployments").is_empty());
    assert_eq!(world.pods().len(), 2);
    assert!(world.pods().iter().all(|pod| pod.metadata.owner_references.is_none()));
}

#[tokio::test(start_paused = true)]
async fn an_object_stays_while_one_of_its_owners_does_and_when_its_owners_kind_is_unknown() {
    let world = World::new().await;
    let map = |name: &str| json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name } });
    world.put(map("one"));
    world.put(map("other"));
    let uid = |name: &str| {
        let object = world.kubernetes.object("configmaps", "default", name).unwrap();
        json!({ "apiVersion": "v1", "kind": "ConfigMap", "name": name, "uid": object["metadata"]["uid"] })
    };
    let mut both = map("both");
    both["metadata"]["ownerReferences"] = json!([uid("one"), uid("other")]);
    world.put(both);
    let mut strange = map("strange");
    strange["metadata"]["ownerReferences"] =
        json!([{ "apiVersion": "example.com/v1", "kind": "Gadget", "name": "x", "uid": "x" }]);
    world.put(strange);
    world.delete("v1", "ConfigMap", "one", &DeleteParams::default()).await;
    assert!(world.kubernetes.object("configmaps", "default", "both").is_some());
    world.delete("v1", "ConfigMap", "other", &DeleteParams::default()).await;
    assert!(world.kubernetes.object("configmaps", "default", "both").is_none());
    assert!(world.kubernetes.object("configmaps", "default", "strange").is_some());
}

#[tokio::test(start_paused = true)]
async fn a_namespace_is_emptied_and_gone_once_nothing_is_held() {
    let world = World::new().await;
    world.put(json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "shop" } }));
    let held = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": { "name": "held", "namespace": "shop", "finalizers": ["example.com/hold"] },
    });
    world.put(held.clone());
    world.put(json!({
        "apiVersion": "v1", "kind": "Service", "metadata": { "name": "web", "namespace": "shop" },
        "spec": { "selector": { "app": "web" }, "ports": [{ "port": 80 }] },
    }));
    world.settle().await;
    assert_eq!(world.objects("endpointslices").len(), 1);
    world.delete("v1", "Namespace", "shop", &DeleteParams::default()).await;
    assert!(world.objects("services").is_empty() && world.objects("endpointslices").is_empty());
    assert!(world.kubernetes.object("namespaces", "", "shop").is_some());
    let mut released = Clone::clone(&*world.kubernetes.object("configmaps", "shop", "held").unwrap());
    released["metadata"]["finalizers"] = json!([]);
    world.put(released);
    world.settle().await;
    assert!(world.kubernetes.object("namespaces", "", "shop").is_none());
}
