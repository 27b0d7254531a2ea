//! What people and the cluster do in an episode: a list of events with their times, written down or drawn from a seed.

use std::fmt;
use std::time::Duration;

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

/// A change by somebody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Drift {
    /// The load balancer of a Service is deleted.
    LoadBalancer(String),
    /// A listener is deleted.
    Listener(String, u16),
    /// A target is deregistered.
    Target(String),
    /// A target that nobody asked for is registered.
    ForeignTarget(String),
    /// The health check of a target group is changed.
    HealthCheck(String),
    /// The rules of the workers' security group are revoked.
    WorkerRules,
    /// A TargetGroupBinding is deleted.
    Binding(String),
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create { service, ports, ip, pods } => {
                let targets = if *ip { "ip" } else { "instance" };
                write!(f, "create Service/{service} with ports {ports:?}, {targets} targets, pods {pods:?}")
            }
            Self::Ports(service, ports) => write!(f, "Service/{service} has ports {ports:?}"),
            Self::Annotate(service, key, Some(value)) => write!(f, "annotate Service/{service} {key}={value}"),
            Self::Annotate(service, key, None) => write!(f, "annotate Service/{service} {key}-"),
            Self::Type(service, true) => write!(f, "Service/{service} is of type LoadBalancer"),
            Self::Type(service, false) => write!(f, "Service/{service} is of type NodePort"),
            Self::Delete(service) => write!(f, "delete Service/{service}"),
            Self::Pods(service, pods) => write!(f, "Service/{service} has pods {pods:?}"),
            Self::NodeJoins(node) => write!(f, "node {node} joins"),
            Self::NodeLeaves(node) => write!(f, "node {node} leaves"),
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
        self.events.iter().any(|(_, event)| matches!(event, Event::Drift(_)))
    }
}

fn at(seconds: u64, event: Event) -> (Duration, Event) {
    (Duration::from_secs(seconds), event)
}

fn create(service: &str, ports: &[u16], ip: bool, pods: &[Pod]) -> Event {
    Event::Create { service: service.to_owned(), ports: ports.to_vec(), ip, pods: pods.to_vec() }
}

fn annotate(service: &str, key: &'static str, value: &str) -> Event {
    Event::Annotate(service.to_owned(), key, Some(value.to_owned()))
}

/// The workloads of the exhaustive sweep: short, each about one thing.
pub(crate) fn all() -> Vec<Workload> {
    let web = || "web".to_owned();
    let cases: Vec<(&str, Vec<(Duration, Event)>)> = vec![
        ("created", vec![at(1, create("web", &[80], false, &[1, 2]))]),
        ("two-ports", vec![at(1, create("a-service-with-a-name-of-some-length", &[80, 443], false, &[1, 2]))]),
        ("ip-targets", vec![at(1, create("web", &[80], true, &[1, 2]))]),
        ("deleted", vec![at(1, create("web", &[80], false, &[1])), at(60, Event::Delete(web()))]),
        ("deleted-while-made", vec![at(1, create("web", &[80], false, &[1])), at(2, Event::Delete(web()))]),
        (
            "port-swapped",
            vec![at(1, create("web", &[80, 81], false, &[1])), at(60, Event::Ports(web(), vec![81, 443]))],
        ),
        ("rolled", vec![at(1, create("web", &[80], true, &[1, 2])), at(60, Event::Pods(web(), vec![3, 4]))]),
        (
            "pods-come-and-go",
            vec![
                at(1, create("web", &[80], true, &[1, 2])),
                at(60, Event::Pods(web(), vec![1, 2, 3])),
                at(90, Event::Pods(web(), vec![2, 3])),
                at(120, Event::Pods(web(), vec![])),
            ],
        ),
        (
            "nodes-come-and-go",
            vec![at(1, create("web", &[80], false, &[1])), at(60, Event::NodeJoins(3)), at(90, Event::NodeLeaves(1))],
        ),
        (
            "node-port-and-back",
            vec![
                at(1, create("web", &[80], false, &[1])),
                at(60, Event::Type(web(), false)),
                at(150, Event::Type(web(), true)),
            ],
        ),
        (
            "settings-changed",
            vec![
                at(1, create("web", &[80], false, &[1])),
                at(60, annotate("web", INTERVAL, "15")),
                at(80, annotate("web", SOURCE_RANGES, "10.0.0.0/8")),
                at(100, annotate("web", TAGS, "team=shop")),
            ],
        ),
        (
            "mended",
            vec![
                at(1, create("web", &[80], false, &[1])),
                at(60, annotate("web", SOURCE_RANGES, "everybody")),
                at(62, Event::Ports(web(), vec![80, 443])),
                at(400, annotate("web", SOURCE_RANGES, "10.0.0.0/8")),
            ],
        ),
        (
            "checks-moved",
            vec![
                at(1, create("web", &[80], false, &[1])),
                at(60, annotate("web", CHECK_PORT, "9000")),
                at(120, annotate("web", CHECK_PORT, "traffic-port")),
            ],
        ),
        (
            "two-services-share-rules",
            vec![
                at(1, create("cart", &[80], false, &[1])),
                at(2, create("web", &[80], true, &[1, 2])),
                at(90, Event::Delete("cart".to_owned())),
            ],
        ),
        (
            "recreated-at-once",
            vec![
                at(1, create("web", &[80], false, &[1])),
                at(60, Event::Delete(web())),
                at(61, create("web", &[80], false, &[1])),
                at(160, create("web", &[80], false, &[1])),
            ],
        ),
        (
            "drift",
            vec![
                at(1, create("web", &[80], false, &[1])),
                at(60, Event::Drift(Drift::Target(web()))),
                at(61, Event::Drift(Drift::Listener(web(), 80))),
                at(62, Event::Drift(Drift::HealthCheck(web()))),
            ],
        ),
    ];
    cases.into_iter().map(|(name, events)| Workload { name: name.to_owned(), events }).collect()
}

/// Events drawn from a seed: Services of which `services` exist at the beginning, and `events` further events.
pub(crate) fn drawn(seed: u64, services: u8, events: u32) -> Workload {
    let mut random = fastrand::Rng::with_seed(seed ^ 0x5eed);
    let mut draw = Draw { alive: Vec::new(), nodes: vec![1, 2], made: 0, random: &mut random };
    let mut list = Vec::new();
    let mut time = Duration::from_secs(1);
    for _ in 0..services {
        list.push((time, draw.create()));
        time += Duration::from_millis(500);
    }
    for _ in 0..events {
        time += Duration::from_millis(draw.random.u64(100..20_000));
        list.push((time, draw.event()));
    }
    Workload { name: format!("seed {seed}"), events: list }
}

/// What exists while events are drawn.
struct Draw<'r> {
    alive: Vec<String>,
    nodes: Vec<Node>,
    made: u32,
    random: &'r mut fastrand::Rng,
}

impl Draw<'_> {
    fn event(&mut self) -> Event {
        let Some(service) = self.random.choice(&self.alive).cloned() else { return self.create() };
        match self.random.u8(0..20) {
            0 | 1 => self.create(),
            2 => {
                self.alive.retain(|alive| *alive != service);
                Event::Delete(service)
            }
            3..=5 => Event::Ports(service, self.ports()),
            6..=10 => Event::Pods(service, self.pods()),
            11 => Event::Annotate(service, INTERVAL, Some(self.random.u8(5..60).to_string())),
            12 => Event::Annotate(service, TAGS, Some(format!("team=t{}", self.random.u8(0..9)))),
            13 => {
                // A value that is refused, and later perhaps mended.
                let value = if self.random.bool() { "10.0.0.0/8" } else { "everybody" };
                Event::Annotate(service, SOURCE_RANGES, Some(value.to_owned()))
            }
            14 => Event::Annotate(service, SOURCE_RANGES, None),
            15 => Event::Type(service, self.random.bool()),
            16 => self.node(),
            _ => Event::Drift(self.drift(service)),
        }
    }

    fn create(&mut self) -> Event {
        self.made += 1;
        let service = format!("s{}", self.made);
        self.alive.push(service.clone());
        Event::Create { service, ports: self.ports(), ip: self.random.bool(), pods: self.pods() }
    }

    fn ports(&mut self) -> Vec<u16> {
        let all: [u16; 4] = [80, 81, 443, 9000];
        let count = self.random.usize(1..=2);
        let mut ports = self.random.choose_multiple(all, count);
        ports.sort_unstable();
        ports
    }

    fn pods(&mut self) -> Vec<Pod> {
        let count = self.random.usize(0..=3);
        let mut pods = self.random.choose_multiple(1..=6, count);
        pods.sort_unstable();
        pods
    }

    fn node(&mut self) -> Event {
        let node = self.random.u8(1..=4);
        if self.nodes.contains(&node) && self.nodes.len() > 1 {
            self.nodes.retain(|known| *known != node);
            Event::NodeLeaves(node)
        } else {
            let missing = (1..=4).find(|node| !self.nodes.contains(node)).unwrap_or(1);
            self.nodes.push(missing);
            Event::NodeJoins(missing)
        }
    }

    fn drift(&mut self, service: String) -> Drift {
        match self.random.u8(0..7) {
            0 => Drift::LoadBalancer(service),
            1 => Drift::Listener(service, 80),
            2 => Drift::Target(service),
            3 => Drift::ForeignTarget(service),
            4 => Drift::HealthCheck(service),
            5 => Drift::WorkerRules,
            _ => Drift::Binding(service),
        }
    }
}
