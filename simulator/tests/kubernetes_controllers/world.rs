//! A cluster whose controllers run, on a clock that jumps.

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::DeleteParams;
use kube::core::DynamicObject;
use kube::core::{ApiResource, GroupVersionKind};
use northgate_simulator::kubernetes::{Kubernetes, KubernetesOptions, controllers};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

pub(crate) struct World {
    pub(crate) kubernetes: Kubernetes,
    running: JoinHandle<()>,
}

impl World {
    /// Two nodes; Pods are ready after two seconds and end after three.
    pub(crate) async fn new() -> Self {
        let kubernetes = Kubernetes::new(KubernetesOptions {
            pods_ready_after: Duration::from_secs(2),
            pods_end_after: Duration::from_secs(3),
            ..KubernetesOptions::default()
        });
        let its = kubernetes.clone();
        let running = tokio::spawn(async move {
            controllers::run(&its).await;
        });
        let world = Self { kubernetes, running };
        for (name, zone, block) in [("a", "us-west-2a", "10.0.1.0/28"), ("b", "us-west-2b", "10.0.2.0/28")] {
            world.put(json!({
                "apiVersion": "v1", "kind": "Node",
                "metadata": { "name": name, "labels": { "topology.kubernetes.io/zone": zone } },
                "spec": { "podCIDR": block },
                "status": { "addresses": [{ "type": "InternalIP", "address": format!("10.0.0.{}", name.as_bytes()[0]) }] },
            }));
        }
        world.settle().await;
        world
    }

    pub(crate) fn put(&self, object: Value) {
        self.kubernetes.put(object).unwrap();
    }

    /// Lets everything happen that happens at once.
    pub(crate) async fn settle(&self) {
        self.pass(0.0).await;
    }

    /// Lets so many seconds pass, and what follows from them.
    pub(crate) async fn pass(&self, seconds: f64) {
        tokio::time::sleep(Duration::from_secs_f64(seconds) + Duration::from_millis(1)).await;
    }

    pub(crate) fn deployment(&self, name: &str, replicas: i64, image: &str) {
        self.put(json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": name },
            "spec": {
                "replicas": replicas,
                "selector": { "matchLabels": { "app": name } },
                "template": {
                    "metadata": { "labels": { "app": name } },
                    "spec": { "containers": [{ "name": "main", "image": image, "ports": [{ "name": "web", "containerPort": 8080 }] }] },
                },
            },
        }));
    }

    pub(crate) fn pods(&self) -> Vec<Pod> {
        self.kubernetes.list().unwrap()
    }

    pub(crate) fn objects(&self, resource: &str) -> Vec<Value> {
        self.kubernetes.objects(resource).iter().map(|object| Value::clone(object)).collect()
    }

    pub(crate) fn only(&self, resource: &str) -> Value {
        let objects = self.objects(resource);
        assert_eq!(objects.len(), 1, "{objects:#?}");
        objects[0].clone()
    }

    pub(crate) async fn delete(&self, api_version: &str, kind: &str, name: &str, params: &DeleteParams) {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        let client = self.kubernetes.client();
        let api: Api<DynamicObject> = match kind {
            "Node" | "Namespace" => Api::all_with(client, &resource),
            _ => Api::default_namespaced_with(client, &resource),
        };
        api.delete(name, params).await.unwrap();
        self.settle().await;
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.running.abort();
    }
}
