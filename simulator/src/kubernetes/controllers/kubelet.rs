//! What the Nodes do: Pods get an address, run, become ready, and end.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::time::Duration;

use ipnet::Ipv4Net;
use k8s_openapi::api::core::v1::{
    ContainerState, ContainerStateRunning, ContainerStatus, HostIP, Node, NodeCondition, Pod, PodIP,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use tokio::time::Instant;

use super::{Controller, Hand, nodes, pod};
use crate::kubernetes::target::Part;

/// The Nodes' agents, all of them, and what they remember of each Pod by its uid.
#[derive(Default)]
pub(super) struct Kubelet {
    lives: BTreeMap<String, Life>,
}

struct Life {
    began: Instant,
    /// Its containers were found ready; after that only others say that they are not.
    is_up: bool,
    /// It was told to end.
    ends: Option<Instant>,
}

impl Controller for Kubelet {
    fn look(&mut self, hand: &mut Hand<'_>) -> Option<Instant> {
        let nodes = hand.all::<Node>();
        for node in nodes.iter().filter(|node| nodes::is_ready(node).is_none()) {
            report_ready(hand, node);
        }
        let by_name: BTreeMap<&str, &Node> =
            nodes.iter().filter_map(|node| Some((node.metadata.name.as_deref()?, node))).collect();
        let pods = hand.all::<Pod>();
        let mut addresses: BTreeSet<String> = pods.iter().filter_map(pod::address).map(str::to_owned).collect();
        let mut next = None;
        for pod in pods.iter().filter(|pod| !pod::has_ended(pod)) {
            let Some(name) = pod::node(pod) else { continue };
            let due = match by_name.get(name) {
                // Nobody is left to end it.
                None => {
                    hand.delete::<Pod>(&pod.metadata, Some(0));
                    None
                }
                Some(_) if pod::is_going(pod) => self.end(hand, pod),
                Some(node) => self.run(hand, pod, node, &mut addresses),
            };
            next = [next, due].into_iter().flatten().min();
        }
        self.lives.retain(|uid, _| pods.iter().any(|pod| pod.metadata.uid.as_ref() == Some(uid)));
        next
    }
}

impl Kubelet {
    /// Ends a Pod when its containers have ended: after the usual time, at the end of its grace at the latest.
    fn end(&mut self, hand: &mut Hand<'_>, pod: &Pod) -> Option<Instant> {
        let grace = pod.metadata.deletion_grace_period_seconds.unwrap_or_default();
        // It is kept by finalizers, then.
        let grace = u64::try_from(grace).ok().filter(|grace| *grace > 0)?;
        let usual = hand.options().pods_end_after;
        let now = hand.now();
        let life = self.life(pod, now);
        let ends = *life.ends.get_or_insert(now + usual.min(Duration::from_secs(grace)));
        if now < ends {
            return Some(ends);
        }
        hand.delete::<Pod>(&pod.metadata, Some(0));
        None
    }

    fn run(
        &mut self,
        hand: &mut Hand<'_>,
        pod: &Pod,
        node: &Node,
        addresses: &mut BTreeSet<String>,
    ) -> Option<Instant> {
        let (now, time) = (hand.now(), hand.time());
        if pod::phase(pod) != "Running" {
            let address = address_for(pod, node, addresses)?;
            addresses.insert(address.clone());
            hand.edit(Part::Status, &pod.metadata, |pod: &mut Pod| begin(pod, node, address, &time));
        }
        let after = hand.options().pods_ready_after;
        let life = self.life(pod, now);
        // So far away that it never comes: the Pod stays as it is.
        let ready = life.began.checked_add(after)?;
        if !life.is_up && now < ready {
            return Some(ready);
        }
        let comes_up = !std::mem::replace(&mut life.is_up, true);
        let are_up = comes_up || pod::holds(pod, "ContainersReady");
        let mut gates = pod.spec.iter().flat_map(|spec| spec.readiness_gates.iter().flatten());
        let is_ready = are_up && gates.all(|gate| pod::holds(pod, &gate.condition_type));
        if comes_up || is_ready != pod::is_ready(pod) {
            hand.edit(Part::Status, &pod.metadata, |pod: &mut Pod| {
                pod::set_condition(pod, "ContainersReady", are_up, &time);
                pod::set_condition(pod, "Ready", is_ready, &time);
                let status = pod.status.get_or_insert_default();
                for container in status.container_statuses.iter_mut().flatten() {
                    container.ready = are_up;
                }
            });
        }
        None
    }

    fn life(&mut self, pod: &Pod, now: Instant) -> &mut Life {
        let uid = pod.metadata.uid.clone().unwrap_or_default();
        self.lives.entry(uid).or_insert(Life { began: now, is_up: pod::holds(pod, "ContainersReady"), ends: None })
    }
}

/// The first address of the Node's block that no Pod has (the very first is the Node's own); for Pods on the Node's
/// network the Node's.
fn address_for(pod: &Pod, node: &Node, taken: &BTreeSet<String>) -> Option<String> {
    if pod.spec.as_ref().is_some_and(|spec| spec.host_network == Some(true)) {
        return internal_address(node);
    }
    let block: Ipv4Net = node.spec.as_ref()?.pod_cidr.as_ref()?.parse().ok()?;
    block.hosts().skip(1).map(|address: Ipv4Addr| address.to_string()).find(|address| !taken.contains(address))
}

fn internal_address(node: &Node) -> Option<String> {
    let mut addresses = node.status.iter().flat_map(|status| status.addresses.iter().flatten());
    addresses.find(|address| address.type_ == "InternalIP").map(|address| address.address.clone())
}

fn begin(pod: &mut Pod, node: &Node, address: String, time: &Time) {
    for (condition, holds) in [
        ("PodReadyToStartContainers", true),
        ("Initialized", true),
        ("Ready", false),
        ("ContainersReady", false),
        ("PodScheduled", true),
    ] {
        pod::set_condition(pod, condition, holds, time);
    }
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers).map(|container| ContainerStatus {
        name: container.name.clone(),
        image: container.image.clone().unwrap_or_default(),
        started: Some(true),
        state: Some(ContainerState {
            running: Some(ContainerStateRunning { started_at: Some(time.clone()) }),
            ..ContainerState::default()
        }),
        ..ContainerStatus::default()
    });
    let containers = containers.collect();
    let status = pod.status.get_or_insert_default();
    status.phase = Some("Running".to_owned());
    status.start_time = Some(time.clone());
    status.container_statuses = Some(containers);
    status.host_ip = internal_address(node);
    status.host_ips = status.host_ip.clone().map(|ip| vec![HostIP { ip }]);
    status.pod_ips = Some(vec![PodIP { ip: address.clone() }]);
    status.pod_ip = Some(address);
}

fn report_ready(hand: &mut Hand<'_>, node: &Node) {
    let time = hand.time();
    hand.edit(Part::Status, &node.metadata, |node: &mut Node| {
        let conditions = node.status.get_or_insert_default().conditions.get_or_insert_default();
        conditions.push(NodeCondition {
            type_: "Ready".to_owned(),
            status: "True".to_owned(),
            reason: Some("KubeletReady".to_owned()),
            message: Some("kubelet is posting ready status".to_owned()),
            last_heartbeat_time: Some(time.clone()),
            last_transition_time: Some(time),
        });
    });
}
