//! Pods that exist only as objects: bound to a Node, their status written by the test instead of a kubelet.

use serde_json::{Value, json};

use crate::Error;
use crate::kubectl::Kubectl;

/// A Pod.
#[derive(Clone, Debug)]
pub struct Pod {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its labels: what Services select.
    pub labels: Vec<(String, String)>,
    /// The Node it is bound to.
    pub node: String,
    /// Its address.
    pub address: String,
    /// Ports by name, for Services that name their target port.
    pub ports: Vec<(String, u16)>,
    /// Condition types of readiness gates.
    pub readiness_gates: Vec<String>,
    /// How long it stays terminating: without a kubelet for ever, unless this is 0 or the deletion says 0.
    pub grace_seconds: u32,
}

impl Pod {
    /// A Pod of the namespace `default` with one label `app`, gone at once when it is deleted.
    #[must_use]
    pub fn new(name: &str, app: &str, node: &str, address: &str) -> Self {
        Self {
            namespace: "default".to_owned(),
            name: name.to_owned(),
            labels: vec![("app".to_owned(), app.to_owned())],
            node: node.to_owned(),
            address: address.to_owned(),
            ports: Vec::new(),
            readiness_gates: Vec::new(),
            grace_seconds: 0,
        }
    }

    fn metadata(&self) -> Value {
        let labels: serde_json::Map<String, Value> =
            self.labels.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
        json!({ "namespace": self.namespace, "name": self.name, "labels": labels })
    }

    fn manifest(&self) -> Value {
        let ports: Vec<Value> =
            self.ports.iter().map(|(name, port)| json!({ "name": name, "containerPort": port })).collect();
        let gates: Vec<Value> = self.readiness_gates.iter().map(|gate| json!({ "conditionType": gate })).collect();
        json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": self.metadata(),
            "spec": {
                "nodeName": self.node,
                "terminationGracePeriodSeconds": self.grace_seconds,
                "containers": [{ "name": "app", "image": "app", "ports": ports }],
                "readinessGates": gates,
            },
        })
    }

    /// Written by server-side apply, so that conditions of other writers (readiness gates) stay.
    fn status(&self, is_ready: bool) -> Value {
        let conditions: Vec<Value> = ["PodScheduled", "Initialized", "ContainersReady", "Ready"]
            .iter()
            .map(|condition| {
                let holds = is_ready || matches!(*condition, "PodScheduled" | "Initialized");
                json!({ "type": condition, "status": if holds { "True" } else { "False" } })
            })
            .collect();
        json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": { "namespace": self.namespace, "name": self.name },
            "status": {
                "phase": "Running",
                "podIP": self.address,
                "podIPs": [{ "ip": self.address }],
                "conditions": conditions,
            },
        })
    }
}

/// Creates Pods that run and are ready.
pub async fn create(kubectl: &Kubectl, pods: &[Pod]) -> Result<(), Error> {
    let manifests: Vec<Value> = pods.iter().map(Pod::manifest).collect();
    kubectl.run_with(&["create", "-f", "-"], &list(&manifests)).await?;
    set_ready(kubectl, pods, true).await
}

/// Says whether Pods are ready. (A Pod with readiness gates is ready when the test says so.)
pub async fn set_ready(kubectl: &Kubectl, pods: &[Pod], is_ready: bool) -> Result<(), Error> {
    let statuses: Vec<Value> = pods.iter().map(|pod| pod.status(is_ready)).collect();
    let args = ["apply", "--server-side", "--subresource=status", "--force-conflicts"];
    let args = [&args[..], &["--field-manager=kubelet", "-f", "-"]].concat();
    kubectl.run_with(&args, &list(&statuses)).await?;
    Ok(())
}

/// Deletes a Pod; it stays terminating when its grace period is not 0.
pub async fn delete(kubectl: &Kubectl, pod: &Pod) -> Result<(), Error> {
    let Pod { namespace, name, .. } = pod;
    kubectl.run(&["delete", "pod", name, "-n", namespace, "--wait=false"]).await?;
    Ok(())
}

/// Ends a terminating Pod, as its kubelet would.
pub async fn finish(kubectl: &Kubectl, pod: &Pod) -> Result<(), Error> {
    let Pod { namespace, name, .. } = pod;
    let args = ["delete", "pod", name, "-n", namespace, "--grace-period=0", "--force"];
    kubectl.run(&args).await?;
    Ok(())
}

fn list(items: &[Value]) -> String {
    json!({ "apiVersion": "v1", "kind": "List", "items": items }).to_string()
}
