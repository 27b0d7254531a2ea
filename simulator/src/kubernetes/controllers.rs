//! The small controllers of a cluster: what makes Pods of Deployments, runs them on Nodes, and tells EndpointSlices of them.
//!
//! Each looks at everything that it is about whenever something of that has changed, and does what there is to do at once; all
//! pauses are slept on tokio's clock. They run when [`run`] is polled: a Kubernetes API without them keeps what it is given.
//!
//! - `hand`: how they read and write; `pod`: what they know of Pods
//! - `deployments`: Deployments to Pods; there are no ReplicaSets between them
//! - `scheduler`: Pods to Nodes
//! - `kubelet`: Pods run, become ready and end; Nodes become ready
//! - `nodes`: the taint of Nodes that are not ready
//! - `endpoint_slices`: Services and Pods to EndpointSlices (IPv4)
//! - `garbage`: what goes with its owner
//! - `namespaces`: what goes with its namespace

mod deployments;
mod endpoint_slices;
mod garbage;
mod hand;
mod kubelet;
mod namespaces;
mod nodes;
mod pod;
mod scheduler;

use std::convert::Infallible;

use tokio::time::{Instant, timeout_at};

use self::hand::Hand;
use super::Kubernetes;
use super::state::State;

/// Runs the controllers of a Kubernetes API until the future is dropped.
pub async fn run(kubernetes: &Kubernetes) -> Infallible {
    let mut changes = kubernetes.changes();
    let mut members = members();
    loop {
        changes.mark_unchanged();
        for member in &mut members {
            kubernetes.locked(|state| member.look(state));
        }
        // Whoever waits for what was written has a turn before the next round.
        tokio::task::yield_now().await;
        let changed = changes.changed();
        match members.iter().filter_map(|member| member.next).min() {
            // In time or not: there is something to look at.
            Some(next) => _ = timeout_at(next, changed).await,
            None => changed.await.expect("the API keeps the sender"),
        }
    }
}

/// What one controller does.
trait Controller: Send {
    /// Does what there is to do now; gives when to look again though nothing changes.
    fn look(&mut self, hand: &mut Hand<'_>) -> Option<Instant>;
}

struct Member {
    /// Who it is in `managedFields`.
    name: &'static str,
    /// The resources that it looks at; none stands for all.
    looks_at: &'static [&'static str],
    controller: Box<dyn Controller>,
    /// The writes that it knows of.
    seen: usize,
    next: Option<Instant>,
}

impl Member {
    fn look(&mut self, state: &mut State) {
        let mut news = state.log[self.seen..].iter();
        let concerns = |resource: &str| self.looks_at.is_empty() || self.looks_at.contains(&resource);
        let is_first = self.seen == 0;
        let is_due = self.next.is_some_and(|next| Instant::now() >= next);
        if is_first || is_due || news.any(|written| concerns(&written.resource)) {
            self.seen = state.log.len();
            self.next = self.controller.look(&mut Hand::new(state, self.name));
        }
    }
}

fn members() -> Vec<Member> {
    const MANAGER: &str = "kube-controller-manager";
    const DEPLOYMENTS: &[&str] = &["deployments.apps", "pods"];
    const SLICES: &[&str] = &["services", "pods", "nodes", "endpointslices.discovery.k8s.io"];
    let member = |name, looks_at, controller| Member { name, looks_at, controller, seen: 0, next: None };
    vec![
        member("kubelet", &["nodes", "pods"], Box::<kubelet::Kubelet>::default()),
        member(MANAGER, &["nodes"], Box::new(nodes::Nodes)),
        member(MANAGER, DEPLOYMENTS, Box::new(deployments::Deployments)),
        member("kube-scheduler", &["nodes", "pods"], Box::new(scheduler::Scheduler)),
        member(MANAGER, SLICES, Box::new(endpoint_slices::EndpointSlices)),
        member(MANAGER, &[], Box::new(garbage::Garbage)),
        member(MANAGER, &[], Box::new(namespaces::Namespaces)),
    ]
}
