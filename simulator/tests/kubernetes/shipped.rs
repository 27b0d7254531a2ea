//! The custom resources that are shipped, as the controller writes them.

use std::path::Path;

use kube::Api;
use kube::api::{DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::{ApiResource, GroupVersionKind};
use northgate_simulator::kubernetes::{Kubernetes, KubernetesOptions};
use serde_json::{Value, json};

fn with_definitions() -> Kubernetes {
    let kubernetes = Kubernetes::new(KubernetesOptions::default());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crds");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files {
        let text = std::fs::read_to_string(file).unwrap();
        kubernetes.put(serde_saphyr::from_str(&text).unwrap()).unwrap();
    }
    kubernetes
}

fn bindings(kubernetes: &Kubernetes, version: &str) -> Api<DynamicObject> {
    let kind = GroupVersionKind::gvk("elbv2.k8s.aws", version, "TargetGroupBinding");
    Api::namespaced_with(kubernetes.client(), "default", &ApiResource::from_gvk(&kind))
}

fn binding(spec: Value) -> DynamicObject {
    serde_json::from_value(json!({
        "apiVersion": "elbv2.k8s.aws/v1beta1", "kind": "TargetGroupBinding",
        "metadata": { "name": "web" }, "spec": spec
    }))
    .unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_binding_is_made_marked_reported_on_and_deleted() {
    let kubernetes = with_definitions();
    let api = bindings(&kubernetes, "v1beta1");
    let spec = json!({ "targetGroupARN": "arn:1", "serviceRef": { "name": "web", "port": 80 }, "unknown": 1 });
    let made = api.create(&PostParams::default(), &binding(spec)).await.unwrap();
    assert_eq!(made.metadata.generation, Some(1));
    assert!(made.data["spec"]["unknown"].is_null());

    let mark = json!({ "metadata": {
        "resourceVersion": made.metadata.resource_version, "finalizers": ["elbv2.k8s.aws/resources"] } });
    let marked = api.patch_metadata("web", &PatchParams::default(), &Patch::Merge(&mark)).await.unwrap();
    assert_eq!(marked.metadata.finalizers.unwrap(), ["elbv2.k8s.aws/resources"]);
    assert_eq!(marked.metadata.generation, Some(1));

    let status = json!({ "metadata": { "uid": made.metadata.uid }, "status": {
        "observedGeneration": 1, "readyTargets": 0, "totalTargets": 2, "conditions": [{
            "type": "Ready", "status": "True", "reason": "Reconciled", "message": "", "observedGeneration": 1,
            "lastTransitionTime": "2026-01-31T12:00:00Z" }] } });
    let reported = api.patch_status("web", &PatchParams::default(), &Patch::Merge(&status)).await.unwrap();
    assert_eq!(reported.data["status"]["totalTargets"], 2);
    let stale = json!({ "metadata": { "resourceVersion": made.metadata.resource_version }, "status": {} });
    let refused = api.patch_status("web", &PatchParams::default(), &Patch::Merge(&stale)).await.unwrap_err();
    assert!(matches!(refused, kube::Error::Api(status) if status.code == 409));

    let old = bindings(&kubernetes, "v1alpha1").get("web").await.unwrap();
    assert_eq!(old.types.unwrap().api_version, "elbv2.k8s.aws/v1alpha1");

    api.delete("web", &DeleteParams::default()).await.unwrap().left().unwrap();
    let none = json!({ "metadata": { "finalizers": null } });
    api.patch_metadata("web", &PatchParams::default(), &Patch::Merge(&none)).await.unwrap();
    assert!(kubernetes.objects("targetgroupbindings").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_binding_is_held_to_its_schema() {
    let kubernetes = with_definitions();
    let api = bindings(&kubernetes, "v1beta1");
    for (field, spec) in [
        ("spec.serviceRef", json!({ "targetGroupARN": "arn:1" })),
        (
            "spec.targetType",
            json!({ "targetGroupARN": "arn:1", "serviceRef": { "name": "a", "port": 1 }, "targetType": "x" }),
        ),
        ("spec.vpcID", json!({ "targetGroupARN": "arn:1", "serviceRef": { "name": "a", "port": 1 }, "vpcID": "vpc" })),
        ("spec.serviceRef.port", json!({ "targetGroupARN": "arn:1", "serviceRef": { "name": "a", "port": 0 } })),
        ("spec.serviceRef.name", json!({ "targetGroupARN": "arn:1", "serviceRef": { "name": 1, "port": 1 } })),
    ] {
        match api.create(&PostParams::default(), &binding(spec)).await {
            Err(kube::Error::Api(status)) => {
                assert_eq!(status.code, 422);
                assert!(status.message.contains(&format!("is invalid: {field}: ")), "{}", status.message);
            }
            other => panic!("{field}: {other:?}"),
        }
    }
}
