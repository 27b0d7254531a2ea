//! A Service port behind a binding: which targets it has, and which rules they need.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Service, ServicePort};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::address::{self, Backend};
use super::opening::{self, Opening};
use super::{Declared, View, node, object_ref};
use crate::id::{InstanceId, Knowable, Protocol, TargetIpAddressType, TargetType};
use crate::model::{IngressRule, NetworkingRule, PortRef, Target, TargetId};
use crate::problem::Problem;

/// What a binding's targets are, if they are of this type and family.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    pub(crate) target_type: TargetType,
    pub(crate) ip_address_type: TargetIpAddressType,
    /// `None`: nobody knows, and nothing is to be done. Unknown is not empty.
    pub(crate) wanted: Option<BTreeSet<Target>>,
    /// The rules of the targets that are known.
    pub(crate) openings: Vec<Opening>,
    /// Rules that may be needed by targets that are not known; they open nothing, but keep what is open.
    pub(crate) doubtful: Vec<IngressRule>,
    /// What is wrong with the Service, as far as this binding goes.
    pub(crate) problems: Vec<Problem>,
    pub(crate) warnings: Vec<Problem>,
    /// The instances that the pods of address targets run on, where they are known.
    pub(super) hosts: BTreeMap<IpAddr, InstanceId>,
    pub(super) alive: Option<Arc<BTreeSet<TargetId>>>,
    pub(super) node_port: Option<u16>,
    /// The number at which the Service itself says its targets receive traffic; `None`: each pod has its own, or nobody
    /// knows.
    pub(super) traffic_port: Option<u16>,
}

impl Candidate {
    pub(super) fn of(
        view: &View<'_>,
        declared: &Declared,
        target_type: TargetType,
        ip_address_type: TargetIpAddressType,
    ) -> Self {
        let networking = declared.networking.as_deref().unwrap_or_default();
        let mut candidate = Self {
            target_type,
            ip_address_type,
            wanted: None,
            openings: Vec::new(),
            doubtful: opening::at_most(networking),
            problems: Vec::new(),
            warnings: Vec::new(),
            hosts: BTreeMap::new(),
            alive: None,
            node_port: None,
            traffic_port: None,
        };
        match view.snapshot.services.get(&declared.service_name()) {
            None => candidate.without_service(view, declared),
            Some(service) => match port_of(service, &declared.port, declared.protocol) {
                None => candidate.problems.push(no_such_port(declared, service)),
                Some(port) if target_type == TargetType::Instance => {
                    candidate.instances(view, declared, service, port);
                }
                Some(port) => candidate.addresses(view, declared, service, port),
            },
        }
        candidate
    }

    /// Whether a target that is no longer wanted may still take traffic: a ready pod, a node that is up.
    pub(super) fn may_still_serve(&self, target: &Target) -> bool {
        self.node_port.is_none_or(|port| port == target.port) && self.is_alive(target)
    }

    /// Whether a target's pod or node may be up, whatever it listens to.
    pub(super) fn is_alive(&self, target: &Target) -> bool {
        self.alive.as_ref().is_none_or(|alive| alive.contains(&target.id))
    }

    /// The Service is not in the cache while its binding is there.
    ///
    /// Its endpoints are gone with it, and LBC takes every target out. That empties a target group on the word of one
    /// absence, so it must be a fact: "never emptied unless the desired set is empty and that was read from a synced
    /// cache". A synced cache can still be old: after a restart each watch may be answered by another API server, and
    /// the one for Services may be behind the one for bindings. EndpointSlices come by a watch of their own and are
    /// deleted after the Service that owns them, so both must say the same: while an EndpointSlice that belongs to the
    /// Service is there, nothing is done, and its deletion is what brings us back here. Slices that no Service owns
    /// (orphaned, or written by hand) say nothing, and do not hold this up for ever.
    fn without_service(&mut self, view: &View<'_>, declared: &Declared) {
        let service = declared.service_name();
        let slices = address::slices_of(view.snapshot, &service);
        let nodes_known = self.target_type == TargetType::Ip || view.nodes.is_some();
        match slices {
            _ if view.snapshot.files_alone => {
                self.decided_when_running(declared, &format!("Service {service} is not among the files"));
            }
            Some(slices) if nodes_known => {
                if slices.iter().any(|slice| address::belongs_to_service(slice)) {
                    self.warn(
                        declared,
                        format!("Service {service} was not found, but EndpointSlices of it are: its targets stay"),
                    );
                } else {
                    self.wanted = Some(BTreeSet::new());
                    self.doubtful.clear();
                    self.warn(declared, format!("Service {service} does not exist: no targets are wanted"));
                }
            }
            Some(_) | None => {
                self.decided_when_running(declared, &format!("Service {service} and its endpoints are not known"));
            }
        }
    }

    fn instances(&mut self, view: &View<'_>, declared: &Declared, service: &Service, port: &ServicePort) {
        let name = declared.service_name();
        let spec = service.spec.as_ref();
        let kind = spec.and_then(|spec| spec.type_.as_deref()).unwrap_or("ClusterIP");
        if !matches!(kind, "NodePort" | "LoadBalancer") {
            let message =
                format!("Service {name} is of type {kind} and has no node ports, which instance targets need");
            self.problems.push(
                Problem::of(object_ref(&declared.name), message)
                    .at("spec.serviceRef.name")
                    .value(declared.service.clone())
                    .hint("give the Service the type NodePort, or use a target group of type ip"),
            );
            return;
        }
        let Some(node_port) = number(port.node_port).filter(|port| *port != 0) else {
            if spec.and_then(|spec| spec.allocate_load_balancer_node_ports) == Some(false) {
                let message =
                    format!("port {} of Service {name} has no node port, which instance targets need", port.port);
                self.problems.push(
                    Problem::of(object_ref(&declared.name), message)
                        .at("spec.serviceRef.port")
                        .value(declared.port.to_string())
                        .hint("set allocateLoadBalancerNodePorts of the Service to true"),
                );
            } else {
                self.decided_when_running(declared, "the node port is only known after apply");
            }
            return;
        };
        let Some(nodes) = &view.nodes else {
            self.decided_when_running(declared, "Nodes are not known here");
            return;
        };
        let selector = declared.node_selector.as_ref();
        let ids = nodes.matching(selector);
        self.wanted = Some(ids.iter().map(|id| target(id.clone(), node_port)).collect());
        self.alive = Some(nodes.alive());
        self.node_port = Some(node_port);
        self.traffic_port = Some(node_port);
        for message in nodes.odd(selector) {
            self.warn(declared, message.to_owned());
        }
        self.open(declared, ids, Vec::new());
    }

    fn addresses(&mut self, view: &View<'_>, declared: &Declared, service: &Service, port: &ServicePort) {
        let snapshot = view.snapshot;
        let Some(slices) = address::slices_of(snapshot, &declared.service_name()) else {
            self.decided_when_running(declared, "EndpointSlices are not known here");
            return;
        };
        // Kubernetes keeps an EndpointSlice, if an empty one, for every family of a Service that selects pods. None at
        // all is no answer: it was not made yet, or the watch for EndpointSlices is behind the one for Services.
        let family = self.ip_address_type;
        if address::expects_slices(service, family) && !slices.iter().any(|slice| address::is_of_family(slice, family))
        {
            let name = declared.service_name();
            self.warn(declared, format!("Service {name} has no EndpointSlice for {family} yet: its targets stay"));
            return;
        }
        let (backends, odd) = address::backends(snapshot, &slices, port, self.ip_address_type);
        self.wanted = Some(backends.keys().map(|(address, port)| target(TargetId::Ip(*address), *port)).collect());
        let hosts =
            backends.values().filter_map(|backend| Some((backend.address, backend.node.and_then(node::instance)?)));
        self.hosts = hosts.collect();
        self.alive = address::serving(snapshot, &declared.name.namespace);
        self.traffic_port = match &port.target_port {
            None => number(Some(port.port)),
            Some(IntOrString::Int(target_port)) => number(Some(*target_port)),
            Some(IntOrString::String(_)) => None,
        };
        for message in odd {
            self.warn(declared, message);
        }
        let ids = backends.keys().map(|(address, _)| TargetId::Ip(*address)).collect::<BTreeSet<_>>();
        let named = backends.into_values().map(|backend| (backend, port.target_port.clone())).collect::<Vec<_>>();
        self.open(declared, Arc::new(ids), named);
    }

    /// Notes which rules the targets need. `backends` serve where ports are named: each pod has its own numbers.
    fn open(
        &mut self,
        declared: &Declared,
        ids: Arc<BTreeSet<TargetId>>,
        backends: Vec<(Backend<'_>, Option<IntOrString>)>,
    ) {
        let networking = declared.networking.as_deref().unwrap_or_default();
        if let Some(rules) = opening::rules(networking, |_| None) {
            if !rules.is_empty() && !ids.is_empty() {
                self.openings.push(Opening { rules, targets: ids });
            }
            self.doubtful.clear();
            return;
        }
        let (mut by_rules, mut unknown) = (BTreeMap::<_, BTreeSet<_>>::new(), Vec::new());
        for (backend, target_port) in backends {
            match rules_of(networking, &backend, target_port.as_ref()) {
                Some(rules) => {
                    by_rules.entry(rules).or_default().insert(TargetId::Ip(backend.address));
                }
                None => unknown.push(backend.address),
            }
        }
        for (rules, targets) in by_rules {
            self.openings.push(Opening { rules, targets: Arc::new(targets) });
        }
        if unknown.is_empty() {
            self.doubtful.clear();
        }
        for address in unknown {
            self.warn(
                declared,
                format!("target {address}: spec.networking names a port that its pod does not have: it is not opened"),
            );
        }
    }

    fn decided_when_running(&mut self, declared: &Declared, why: &str) {
        self.warn(declared, format!("targets are decided when running: {why}"));
    }

    fn warn(&mut self, declared: &Declared, message: String) {
        self.warnings.push(Problem::of(object_ref(&declared.name), message));
    }
}

/// The EndpointSlice has the number of the Service's own target port; any other name is the pod's to tell.
fn rules_of(
    networking: &[NetworkingRule],
    backend: &Backend<'_>,
    target_port: Option<&IntOrString>,
) -> Option<Vec<IngressRule>> {
    opening::rules(networking, |name| match target_port {
        Some(IntOrString::String(of_service)) if of_service == name => Some(backend.port),
        _ => address::container_port(backend.pod?, name),
    })
}

/// The Service port of a number or a name. Of two with one number, the one that speaks the target group's protocol.
fn port_of<'a>(service: &'a Service, wanted: &PortRef, protocol: Option<Protocol>) -> Option<&'a ServicePort> {
    let ports = service.spec.as_ref()?.ports.as_ref()?;
    match wanted {
        PortRef::Name(name) => ports.iter().find(|port| port.name.as_ref() == Some(name)),
        PortRef::Number(Knowable::Known(wanted)) => {
            let of_number = || ports.iter().filter(|port| number(Some(port.port)) == Some(*wanted));
            of_number().find(|port| speaks(port, protocol)).or_else(|| of_number().next())
        }
        PortRef::Number(Knowable::After(_)) => None,
    }
}

fn speaks(port: &ServicePort, protocol: Option<Protocol>) -> bool {
    let is_udp = port.protocol.as_deref() == Some("UDP");
    match protocol {
        None | Some(Protocol::TcpUdp | Protocol::TcpQuic) => true,
        Some(Protocol::Udp | Protocol::Quic) => is_udp,
        Some(Protocol::Tcp | Protocol::Tls | Protocol::Http | Protocol::Https) => !is_udp,
    }
}

fn no_such_port(declared: &Declared, service: &Service) -> Problem {
    let ports = service.spec.iter().filter_map(|spec| spec.ports.as_ref()).flatten();
    let ports = ports
        .map(|port| match &port.name {
            Some(name) => format!("{} ({name})", port.port),
            None => port.port.to_string(),
        })
        .collect::<Vec<_>>();
    Problem::of(object_ref(&declared.name), format!("Service {} has no such port", declared.service_name()))
        .at("spec.serviceRef.port")
        .value(declared.port.to_string())
        .hint(if ports.is_empty() { "it has no ports".to_owned() } else { format!("it has {}", ports.join(", ")) })
}

fn number(port: Option<i32>) -> Option<u16> {
    port.and_then(|port| u16::try_from(port).ok())
}

fn target(id: TargetId, port: u16) -> Target {
    Target { id, port, availability_zone: None }
}
