//! Nodes that exist only as objects.

use serde_json::{Value, json};

use crate::Error;
use crate::kubectl::Kubectl;
use crate::world::Instance;

/// A Node on one of the world's machines.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// The machine behind it.
    pub instance: Instance,
    /// Labels besides the zone's.
    pub labels: Vec<(String, String)>,
}

impl Node {
    /// The Node of a machine, named after its address as EC2 names machines.
    #[must_use]
    pub fn of(instance: &Instance) -> Self {
        Self {
            name: format!("ip-{}", instance.address.replace('.', "-")),
            instance: instance.clone(),
            labels: Vec::new(),
        }
    }

    fn manifest(&self) -> Value {
        let Instance { id, zone, address, .. } = &self.instance;
        let mut labels = json!({ "topology.kubernetes.io/zone": zone, "kubernetes.io/hostname": self.name });
        for (key, value) in &self.labels {
            labels[key] = json!(value);
        }
        json!({
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": { "name": self.name, "labels": labels },
            "spec": { "providerID": format!("aws:///{zone}/{id}") },
            "status": {
                "addresses": [
                    { "type": "InternalIP", "address": address },
                    { "type": "Hostname", "address": self.name },
                ],
                "conditions": [ready(true)],
            },
        })
    }
}

/// Creates ready, untainted Nodes.
pub async fn create(kubectl: &Kubectl, nodes: &[Node]) -> Result<(), Error> {
    let items: Vec<Value> = nodes.iter().map(Node::manifest).collect();
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": items });
    kubectl.run_with(&["create", "-f", "-"], &list.to_string()).await?;
    // Admission taints every new Node as not ready, and the controller that would take that back does not run here.
    let mut untaint = vec!["patch", "node"];
    untaint.extend(nodes.iter().map(|node| node.name.as_str()));
    untaint.extend(["--type=json", "--patch", r#"[{"op":"remove","path":"/spec/taints"}]"#]);
    kubectl.run(&untaint).await?;
    Ok(())
}

/// Says whether a Node is Ready.
pub async fn set_ready(kubectl: &Kubectl, name: &str, is_ready: bool) -> Result<(), Error> {
    let patch = json!({ "status": { "conditions": [ready(is_ready)] } }).to_string();
    let args = ["patch", "node", name, "--subresource=status", "--type=strategic", "--patch", &patch];
    kubectl.run(&args).await?;
    Ok(())
}

/// Deletes a Node.
pub async fn delete(kubectl: &Kubectl, name: &str) -> Result<(), Error> {
    kubectl.run(&["delete", "node", name]).await?;
    Ok(())
}

fn ready(is_ready: bool) -> Value {
    let status = if is_ready { "True" } else { "False" };
    json!({ "type": "Ready", "status": status, "reason": "Test", "message": "" })
}
