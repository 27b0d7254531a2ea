//! What people and the cluster do in an episode: a list of events with their times, written down or drawn from a seed.

mod drawn;
mod hardship;
pub(crate) mod ingress;
mod named;

use std::fmt;
use std::time::Duration;

use crate::declared::Stack;

pub(crate) use drawn::{drawn, drawn_with_ingresses};
pub(crate) use hardship::with_hardships;
pub(crate) use ingress::{Backend, Ingress, Listen, Route};
pub(crate) use named::{all, of_limits};

/// The annotation that picks the target type.
pub(crate) const TARGET_TYPE: &str = "service.beta.kubernetes.io/aws-load-balancer-nlb-target-type";
/// The annotation of the health check's interval.
pub(crate) const INTERVAL: &str = "service.beta.kubernetes.io/aws-load-balancer-healthcheck-interval";
/// The annotation of the health check's port.
pub(crate) const CHECK_PORT: &str = "service.beta.kubernetes.io/aws-load-balancer-healthcheck-port";
/// The annotation of the sources that are let in.
pub(crate) const SOURCE_RANGES: &str = "service.beta.kubernetes.io/load-balancer-source-ranges";
/// The annotation of further tags.
pub(crate) const TAGS: &str = "service.beta.kubernetes.io/aws-load-balancer-additional-resource-tags";

/// A pod of a Service, by number: it has an address and a node of its own.
pub(crate) type Pod = u8;
/// A node, by number.
pub(crate) type Node = u8;

/// Something that happens from outside of the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    /// A Service of type LoadBalancer is made.
    Create {
        /// Its name.
        service: String,
        /// Its ports.
        ports: Vec<u16>,
        /// Whether its targets are pod addresses.
        ip: bool,
        /// The pods behind it.
        pods: Vec<Pod>,
    },
    /// A Service of type NodePort with port 80 is made, for Ingresses to send requests to.
    Backend(String, Vec<Pod>),
    /// An Ingress is made, or becomes this.
    Ingress(String, Box<Ingress>),
    /// An Ingress is deleted.
    DeleteIngress(String),
    /// The class of the Ingresses is made, or deleted.
    Class(bool),
    /// Its ports become these.
    Ports(String, Vec<u16>),
    /// An annotation is set, or taken away.
    Annotate(String, &'static str, Option<String>),
    /// It becomes one of type LoadBalancer, or of type NodePort.
    Type(String, bool),
    /// It is deleted.
    Delete(String),
    /// Its pods become these.
    Pods(String, Vec<Pod>),
    /// A node joins.
    NodeJoins(Node),
    /// A node leaves: its pods are gone with it.
    NodeLeaves(Node),
    /// A node is drained: its pods are gone, and it stays.
    NodeDrains(Node),
    /// Everything in the namespace is deleted (F15).
    NamespaceEmptied,
    /// An operation is not permitted any more (F12).
    Denied(&'static str),
    /// Everything is permitted.
    Permitted,
    /// The credentials expire, or are renewed (F12).
    CredentialsExpire(bool),
    /// Load balancers that are made from now on stay in this state (F13).
    Provisioning(Hitch),
    /// No target is healthy any more, or each is again (F13).
    NeverHealthy(bool),
    /// The calendar jumps by so many seconds (F9).
    ClockJumps(i64),
    /// The program does not run for so many seconds (F9).
    Paused(u64),
    /// Somebody changes something in AWS, or deletes what is the controller's in Kubernetes.
    Drift(Drift),
    /// Every watch breaks, and what it has not told is gone (F6).
    WatchesBreak,
    /// The watches tell nothing from now on (F6).
    WatchesPause,
    /// They tell everything again, what they missed included.
    WatchesResume,
    /// They break and list again: what was overwritten meanwhile is never told (F6).
    WatchesRelist,
    /// A replica answers that learns of everything so many seconds later; 0: none does (F6).
    ViewsLag(u64),
    /// The same, and every watch breaks: who comes back sees less than before (F6).
    ViewsBreakLate(u64),
    /// The last events are told once more (F6).
    EventsAgain(usize),
    /// The API server has forgotten its history: who asks for it has to list again (F6).
    HistoryForgotten,
}

/// What hinders new load balancers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hitch {
    /// They are never ready.
    Slow,
    /// They fail.
    Failed,
    /// Nothing; those that did not get ready do, and those that failed are deleted by somebody.
    None,
}

/// A change by somebody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Drift {
    /// A load balancer is deleted.
    LoadBalancer(Stack),
    /// A listener is deleted.
    Listener(Stack, u16),
    /// A rule is deleted.
    Rule(Stack),
    /// A target is deregistered.
    Target(Stack),
    /// A target that nobody asked for is registered.
    ForeignTarget(Stack),
    /// The health check of a target group is changed.
    HealthCheck(Stack),
    /// The tags of a load balancer are changed: one that is asked for is gone, another is there.
    Tags(Stack),
    /// The rules of the workers' security group are revoked.
    WorkerRules,
    /// A TargetGroupBinding of a Service is deleted.
    Binding(String),
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create { service, ports, ip, pods } => {
                let targets = if *ip { "ip" } else { "instance" };
                write!(f, "create Service/{service} with ports {ports:?}, {targets} targets, pods {pods:?}")
            }
            Self::Backend(service, pods) => write!(f, "create Service/{service} for Ingresses, pods {pods:?}"),
            Self::Ingress(name, ingress) => write!(f, "apply Ingress/{name}: {ingress:?}"),
            Self::DeleteIngress(name) => write!(f, "delete Ingress/{name}"),
            Self::Class(true) => f.write_str("the class of the Ingresses is made"),
            Self::Class(false) => f.write_str("the class of the Ingresses is deleted"),
            Self::Ports(service, ports) => write!(f, "Service/{service} has ports {ports:?}"),
            Self::Annotate(service, key, Some(value)) => write!(f, "annotate Service/{service} {key}={value}"),
            Self::Annotate(service, key, None) => write!(f, "annotate Service/{service} {key}-"),
            Self::Type(service, true) => write!(f, "Service/{service} is of type LoadBalancer"),
            Self::Type(service, false) => write!(f, "Service/{service} is of type NodePort"),
            Self::Delete(service) => write!(f, "delete Service/{service}"),
            Self::Pods(service, pods) => write!(f, "Service/{service} has pods {pods:?}"),
            Self::NodeJoins(node) => write!(f, "node {node} joins"),
            Self::NodeLeaves(node) => write!(f, "node {node} leaves"),
            Self::NodeDrains(node) => write!(f, "node {node} is drained"),
            Self::NamespaceEmptied => f.write_str("everything in the namespace is deleted"),
            Self::Denied(operation) => write!(f, "{operation} is not permitted any more"),
            Self::Permitted => f.write_str("everything is permitted"),
            Self::CredentialsExpire(true) => f.write_str("the credentials expire"),
            Self::CredentialsExpire(false) => f.write_str("the credentials are renewed"),
            Self::Provisioning(hitch) => write!(f, "new load balancers: {hitch:?}"),
            Self::NeverHealthy(true) => f.write_str("no target is healthy any more"),
            Self::NeverHealthy(false) => f.write_str("targets are healthy again"),
            Self::ClockJumps(seconds) => write!(f, "the calendar jumps by {seconds} s"),
            Self::Paused(seconds) => write!(f, "the program does not run for {seconds} s"),
            Self::Drift(drift) => write!(f, "somebody else: {drift:?}"),
            Self::WatchesBreak => f.write_str("every watch breaks"),
            Self::WatchesPause => f.write_str("the watches tell nothing"),
            Self::WatchesResume => f.write_str("the watches tell again"),
            Self::WatchesRelist => f.write_str("the watches break and list again"),
            Self::ViewsLag(seconds) => write!(f, "what is seen of the cluster is {seconds} s old"),
            Self::ViewsBreakLate(seconds) => write!(f, "every watch breaks, and what is seen then is {seconds} s old"),
            Self::EventsAgain(count) => write!(f, "the last {count} events are told once more"),
            Self::HistoryForgotten => f.write_str("the API server forgets its history"),
        }
    }
}

/// What happens in an episode, by the time after its beginning.
#[derive(Debug, Clone)]
pub(crate) struct Workload {
    /// Its name.
    pub(crate) name: String,
    /// Its events, in the order of their times.
    pub(crate) events: Vec<(Duration, Event)>,
}

impl Workload {
    /// Whether somebody else changes what is the program's.
    pub(crate) fn drifts(&self) -> bool {
        // Those who delete load balancers that failed are somebody else too.
        let drifts = |event: &Event| matches!(event, Event::Drift(_) | Event::Provisioning(Hitch::Failed));
        self.events.iter().any(|(_, event)| drifts(event))
    }
}
