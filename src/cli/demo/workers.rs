//! The Nodes of the demo: instances of the account, each with secondary addresses for its Pods.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use serde_json::{Value, json};

use super::DemoError;

/// As many instances of an account become Nodes.
const MOST: usize = 2;
/// The block of addresses for Pods on one Node.
const BLOCK_LENGTH: u8 = 28;

/// An instance that is a Node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Worker {
    pub(super) node: String,
    pub(super) instance: String,
    pub(super) address: String,
    pub(super) zone: String,
    pub(super) pods: Ipv4Net,
}

/// The first instances of an account description, which is given their Pods' addresses.
pub(super) fn settle(account: &mut Value) -> Result<Vec<Worker>, DemoError> {
    let instances = account["instances"].as_array().cloned().unwrap_or_default();
    let mut workers = Vec::new();
    for (at, instance) in instances.iter().take(MOST).enumerate() {
        let id = text(&instance["InstanceId"]);
        let lacks = |what: &str| DemoError::Worker { instance: id.to_owned(), what: what.to_owned() };
        let subnets = account["subnets"].as_array().into_iter().flatten();
        let subnet = subnets.clone().find(|subnet| subnet["SubnetId"] == instance["SubnetId"]);
        let subnet = subnet.ok_or_else(|| lacks("a SubnetId that is described"))?;
        let block: Ipv4Net = text(&subnet["CidrBlock"]).parse().map_err(|_| lacks("a subnet with an IPv4 block"))?;
        let address: Ipv4Addr = text(&instance["PrivateIpAddress"]).parse().map_err(|_| lacks("a PrivateIpAddress"))?;
        let pods = blocks(block).rev().nth(at).ok_or_else(|| lacks("a subnet that is large enough for Pods"))?;
        workers.push(Worker {
            node: format!("node-{}", ["a", "b"][at]),
            instance: id.to_owned(),
            address: address.to_string(),
            zone: text(&subnet["AvailabilityZone"]).to_owned(),
            pods,
        });
    }
    for worker in &workers {
        let interface = interface(account, worker)?;
        if interface["PrivateIpAddress"].is_null() {
            interface["PrivateIpAddress"] = json!(worker.address);
        }
        let mut addresses = interface["PrivateIpAddresses"].as_array().cloned().unwrap_or_default();
        let secondary = worker.pods.hosts().map(|address| json!({ "PrivateIpAddress": address, "Primary": false }));
        addresses.extend(secondary);
        interface["PrivateIpAddresses"] = json!(addresses);
    }
    if workers.is_empty() { Err(DemoError::NoInstances) } else { Ok(workers) }
}

/// The blocks of a subnet; the last ones are farthest from the addresses that are given out first.
fn blocks(subnet: Ipv4Net) -> impl DoubleEndedIterator<Item = Ipv4Net> {
    let all: Vec<Ipv4Net> = match subnet.prefix_len() {
        8..=BLOCK_LENGTH => subnet.subnets(BLOCK_LENGTH).into_iter().flatten().collect(),
        _ => Vec::new(),
    };
    all.into_iter()
}

/// A worker's first interface, which is made when none is described.
fn interface<'a>(account: &'a mut Value, worker: &Worker) -> Result<&'a mut Value, DemoError> {
    let is_first = |interface: &Value| interface["Attachment"]["DeviceIndex"].as_u64().unwrap_or_default() == 0;
    let is_its = |interface: &Value| interface["Attachment"]["InstanceId"] == *worker.instance;
    let apart = account["networkInterfaces"].as_array().cloned().unwrap_or_default();
    if let Some(at) = apart.iter().position(|interface| is_its(interface) && is_first(interface)) {
        return Ok(&mut account["networkInterfaces"][at]);
    }
    let instances = account["instances"].as_array_mut().ok_or(DemoError::NoInstances)?;
    let instance = instances.iter_mut().find(|instance| instance["InstanceId"] == *worker.instance);
    let instance = instance.ok_or(DemoError::NoInstances)?;
    let groups = instance["SecurityGroups"].clone();
    if instance["NetworkInterfaces"].as_array().is_none_or(Vec::is_empty) {
        instance["NetworkInterfaces"] = json!([{
            "NetworkInterfaceId": format!("eni-{}", worker.node),
            "Attachment": { "DeviceIndex": 0 },
            "PrivateIpAddress": worker.address,
            "Groups": groups.as_array().cloned().unwrap_or_default(),
        }]);
    }
    let interfaces = instance["NetworkInterfaces"].as_array().cloned().unwrap_or_default();
    let at = interfaces.iter().position(is_first).unwrap_or_default();
    Ok(&mut instance["NetworkInterfaces"][at])
}

impl Worker {
    /// The Node as its kubelet and its cloud describe it.
    pub(super) fn object(&self) -> Value {
        let Self { node, instance, address, zone, pods } = self;
        json!({
            "apiVersion": "v1", "kind": "Node",
            "metadata": { "name": node, "labels": {
                "kubernetes.io/hostname": node, "topology.kubernetes.io/zone": zone,
            } },
            "spec": { "providerID": format!("aws:///{zone}/{instance}"), "podCIDR": pods.to_string() },
            "status": { "addresses": [{ "type": "InternalIP", "address": address }] },
        })
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_become_nodes_and_their_interfaces_hold_the_pods_addresses() {
        let mut account = json!({
            "subnets": [{ "SubnetId": "s", "CidrBlock": "10.0.0.0/24", "AvailabilityZone": "z" }],
            "instances": [
                { "InstanceId": "i-1", "SubnetId": "s", "PrivateIpAddress": "10.0.0.4", "SecurityGroups": [{ "GroupId": "g" }] },
                { "InstanceId": "i-2", "SubnetId": "s", "PrivateIpAddress": "10.0.0.5" },
                { "InstanceId": "i-3", "SubnetId": "elsewhere" },
            ],
            "networkInterfaces": [{ "NetworkInterfaceId": "e", "Attachment": { "InstanceId": "i-2", "DeviceIndex": 0 } }],
        });
        let workers = settle(&mut account).unwrap();
        let found: Vec<_> = workers.iter().map(|worker| (worker.node.as_str(), worker.pods.to_string())).collect();
        assert_eq!(found, [("node-a", "10.0.0.240/28".to_owned()), ("node-b", "10.0.0.224/28".to_owned())]);
        let made = &account["instances"][0]["NetworkInterfaces"][0];
        assert_eq!((&made["PrivateIpAddress"], &made["Groups"][0]["GroupId"]), (&json!("10.0.0.4"), &json!("g")));
        assert_eq!(made["PrivateIpAddresses"][1]["PrivateIpAddress"], "10.0.0.242");
        assert_eq!(account["networkInterfaces"][0]["PrivateIpAddresses"][0]["PrivateIpAddress"], "10.0.0.225");
    }

    #[test]
    fn an_account_without_instances_has_no_nodes() {
        assert!(matches!(settle(&mut json!({})), Err(DemoError::NoInstances)));
        let mut astray = json!({ "instances": [{ "InstanceId": "i-1", "SubnetId": "nowhere" }] });
        assert!(settle(&mut astray).unwrap_err().to_string().contains("i-1"));
    }
}
