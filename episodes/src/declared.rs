//! What is asked for, as the one who asks knows it: the truth that the world is judged by.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::time::Duration;

use crate::workload::{Node, Pod};

/// The port that the pods of all Services listen on.
pub(crate) const POD_PORT: u16 = 8080;

/// A Service as it was last asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Service {
    /// Its uid, from the API server.
    pub(crate) uid: String,
    /// Its ports and their node ports.
    pub(crate) ports: BTreeMap<u16, u16>,
    /// Whether its targets are pod addresses.
    pub(crate) ip: bool,
    /// The pods behind it.
    pub(crate) pods: BTreeSet<Pod>,
    /// Whether it is of type LoadBalancer and is not going.
    pub(crate) wanted: bool,
    /// The annotations whose values are refused.
    pub(crate) refused: BTreeSet<String>,
}

impl Service {
    /// Whether it is to have what it asks for: a load balancer, and nothing that is refused.
    pub(crate) fn is_served(&self) -> bool {
        self.wanted && self.refused.is_empty()
    }
}

/// Everything that is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Declared {
    /// By name.
    pub(crate) services: BTreeMap<String, Service>,
    /// The nodes.
    pub(crate) nodes: BTreeSet<Node>,
}

/// A target: an instance id or an address, and a port.
pub(crate) type Target = (String, u16);

impl Declared {
    /// The targets that a port of a Service is to have.
    pub(crate) fn targets(&self, service: &str, port: u16) -> BTreeSet<Target> {
        let Some(service) = self.services.get(service).filter(|service| service.wanted) else { return BTreeSet::new() };
        let Some(node_port) = service.ports.get(&port) else { return BTreeSet::new() };
        if service.ip {
            let alive = service.pods.iter().filter(|pod| self.nodes.contains(&node_of(**pod)));
            alive.map(|pod| (address_of(*pod).to_string(), POD_PORT)).collect()
        } else {
            self.nodes.iter().map(|node| (instance_of(*node), *node_port)).collect()
        }
    }

    /// Whether a port of a Service is to have a listener.
    pub(crate) fn wants(&self, service: &str, port: Option<u16>) -> bool {
        let wanted = self.services.get(service).filter(|service| service.wanted);
        wanted.is_some_and(|service| port.is_none_or(|port| service.ports.contains_key(&port)))
    }

    /// The pods that run.
    pub(crate) fn pods(&self) -> BTreeSet<Pod> {
        let pods = self.services.values().flat_map(|service| service.pods.iter().copied());
        pods.filter(|pod| self.nodes.contains(&node_of(*pod))).collect()
    }
}

/// What was asked for, and since when.
#[derive(Debug, Default)]
pub(crate) struct History(Vec<(Duration, Declared)>);

impl History {
    /// Something else is asked for from now on.
    pub(crate) fn push(&mut self, at: Duration, declared: Declared) {
        self.0.push((at, declared));
    }

    /// What is asked for now.
    pub(crate) fn present(&self) -> Option<&Declared> {
        self.0.last().map(|(_, declared)| declared)
    }

    /// What was asked for at any time since then, the present included.
    pub(crate) fn since(&self, then: Duration) -> impl Iterator<Item = &Declared> {
        let first = self.0.partition_point(|(at, _)| *at <= then).saturating_sub(1);
        self.0[first..].iter().map(|(_, declared)| declared)
    }
}

/// The node that a pod runs on: odd ones on the first.
pub(crate) fn node_of(pod: Pod) -> Node {
    if pod % 2 == 1 { 1 } else { 2 }
}

/// A pod's address: one of its node's network interface.
pub(crate) fn address_of(pod: Pod) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, if node_of(pod) == 1 { 0 } else { 16 }, 20 + pod)
}

/// A node's instance.
pub(crate) fn instance_of(node: Node) -> String {
    format!("i-{node:017x}")
}

/// A node's name.
pub(crate) fn node_name(node: Node) -> String {
    format!("node-{node}")
}

/// A node's zone.
pub(crate) fn zone_of(node: Node) -> &'static str {
    if node % 2 == 1 { "us-west-2a" } else { "us-west-2b" }
}
