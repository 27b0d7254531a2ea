//! What is asked for, as the one who asks knows it: the truth that the world is judged by.

mod routing;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::Ipv4Addr;
use std::time::Duration;

use crate::workload::{Node, Pod, ingress};

pub(crate) use routing::{Answer, Request};

/// The port that the pods of all Services listen on.
pub(crate) const POD_PORT: u16 = 8080;

/// What shares a load balancer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stack {
    /// A Service, by name.
    Service(String),
    /// A group of Ingresses, by the value of its tag.
    Group(String),
}

/// What a target group is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Purpose {
    /// Whose it is.
    pub(crate) stack: Stack,
    /// The Ingress that sends requests there.
    pub(crate) ingress: Option<String>,
    /// The Service whose endpoints it holds.
    pub(crate) service: String,
    /// The Service's port.
    pub(crate) port: u16,
}

/// A Service as it was last asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Service {
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
    /// The tags that it asks for.
    pub(crate) tags: BTreeMap<String, String>,
}

/// An Ingress as it was last asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ingress {
    /// What it says.
    pub(crate) asked: ingress::Ingress,
    /// What it said at any time when nothing was wrong with it.
    pub(crate) earlier: BTreeSet<ingress::Ingress>,
    /// Of that, what it said last.
    pub(crate) last: Option<ingress::Ingress>,
    /// What was left of all that when somebody else had deleted a rule: it comes back when nothing is wrong any more.
    pub(crate) robbed: BTreeSet<ingress::Ingress>,
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
    /// By name.
    pub(crate) ingresses: BTreeMap<String, Ingress>,
    /// Whether the class of the Ingresses is there.
    pub(crate) class: bool,
    /// The nodes.
    pub(crate) nodes: BTreeSet<Node>,
    /// Of them, those whose pods had to go.
    pub(crate) drained: BTreeSet<Node>,
}

/// A target: an instance id or an address, and a port.
pub(crate) type Target = (String, u16);

impl Declared {
    /// The targets that a target group is to have.
    pub(crate) fn targets(&self, purpose: &Purpose) -> BTreeSet<Target> {
        let Some(service) = self.services.get(&purpose.service) else { return BTreeSet::new() };
        let ip = match &purpose.ingress {
            None => service.wanted.then_some(service.ip),
            Some(name) => self.forms_of(purpose, name).first().map(|form| form.ip),
        };
        let (Some(ip), Some(node_port)) = (ip, service.ports.get(&purpose.port)) else { return BTreeSet::new() };
        if ip {
            let alive = service.pods.iter().filter(|pod| self.runs(**pod));
            alive.map(|pod| (address_of(*pod).to_string(), POD_PORT)).collect()
        } else {
            self.nodes.iter().map(|node| (instance_of(*node), *node_port)).collect()
        }
    }

    /// Whether a stack is to have a load balancer, and a listener on a port.
    pub(crate) fn wants(&self, stack: &Stack, port: Option<u16>) -> bool {
        match stack {
            Stack::Service(name) => {
                let wanted = self.services.get(name).filter(|service| service.wanted);
                wanted.is_some_and(|service| port.is_none_or(|port| service.ports.contains_key(&port)))
            }
            Stack::Group(id) => self.ingresses.iter().any(|(name, ingress)| {
                let mut here = self.forms(ingress).into_iter().filter(|form| group(name, form) == *id);
                here.any(|form| port.is_none_or(|port| form.ports().contains(&port)))
            }),
        }
    }

    /// Whether a stack must not lose its load balancer, or its listener on a port: an Ingress that is set aside goes on to want
    /// what it wanted last, where it has something (`holds`); in a group that it does not name any more, while it is served
    /// there (`is_served`).
    pub(crate) fn demands(
        &self,
        stack: &Stack,
        port: Option<u16>,
        holds: impl Fn(&str) -> bool,
        is_served: impl Fn(&str) -> bool,
    ) -> bool {
        let Stack::Group(id) = stack else { return self.wants(stack, port) };
        self.ingresses.iter().any(|(name, ingress)| {
            let form = self.form(ingress).filter(|form| group(name, form) == *id);
            let stays = || holds(name) && (group(name, &ingress.asked) == *id || is_served(name));
            let form = form.filter(|_| self.is_sound(&ingress.asked) || stays());
            form.is_some_and(|form| port.is_none_or(|port| form.ports().contains(&port)))
        })
    }

    /// What an Ingress says, or, when something is wrong with it, what it said last.
    fn form<'i>(&self, ingress: &'i Ingress) -> Option<&'i ingress::Ingress> {
        if self.is_sound(&ingress.asked) { Some(&ingress.asked) } else { ingress.last.as_ref() }
    }

    /// Whether a target group must not be lost; `is_served` as above.
    pub(crate) fn demands_targets(&self, purpose: &Purpose, is_served: impl Fn(&str) -> bool) -> bool {
        let is_there = self.services.get(&purpose.service).is_some_and(|one| one.ports.contains_key(&purpose.port));
        match &purpose.ingress {
            None => self.wants(&purpose.stack, Some(purpose.port)),
            Some(name) => {
                let Some(ingress) = self.ingresses.get(name) else { return false };
                let names_it = Stack::Group(group(name, &ingress.asked)) == purpose.stack;
                let form = self.form(ingress).filter(|_| names_it || is_served(name));
                is_there && form.is_some_and(|form| sends(purpose, name, form))
            }
        }
    }

    /// The target groups that Ingresses with nothing wrong are to have.
    pub(crate) fn purposes(&self) -> BTreeSet<Purpose> {
        let mut all = BTreeSet::new();
        for (name, ingress) in self.ingresses.iter().filter(|(_, ingress)| self.is_sound(&ingress.asked)) {
            let services = ingress.asked.backends().flat_map(|backend| backend.services());
            all.extend(services.filter(|service| self.services.contains_key(*service)).map(|service| Purpose {
                stack: Stack::Group(group(name, &ingress.asked)),
                ingress: Some(name.clone()),
                service: service.to_owned(),
                port: 80,
            }));
        }
        all
    }

    /// The groups with a member that nothing is wrong with, and those members.
    pub(crate) fn groups(&self) -> BTreeMap<String, Vec<(&String, &ingress::Ingress)>> {
        let mut groups = BTreeMap::<String, Vec<_>>::new();
        for (name, ingress) in self.ingresses.iter().filter(|(_, ingress)| self.is_sound(&ingress.asked)) {
            groups.entry(group(name, &ingress.asked)).or_default().push((name, &ingress.asked));
        }
        groups
    }

    /// The group that each Ingress names.
    pub(crate) fn groups_by_member(&self) -> BTreeMap<String, String> {
        self.ingresses.iter().map(|(name, ingress)| (name.clone(), group(name, &ingress.asked))).collect()
    }

    /// Whether a group has a member that something is wrong with: nobody can say then what it still has.
    pub(crate) fn has_set_aside(&self, id: &str) -> bool {
        let broken = self.ingresses.iter().filter(|(_, ingress)| !self.is_sound(&ingress.asked));
        broken.into_iter().any(|(name, ingress)| self.groups_of(name, ingress).contains(id))
    }

    /// Whether nothing is wrong with an Ingress.
    pub(crate) fn is_sound(&self, ingress: &ingress::Ingress) -> bool {
        let is_there = |service: &&str| self.services.contains_key(*service);
        let weighted = ingress.backends().filter(|backend| matches!(backend, ingress::Backend::Weighted(_)));
        ingress.mistake.is_none() && self.class && weighted.flat_map(|one| one.services()).all(|one| is_there(&one))
    }

    /// How an Ingress may stand: as it says, or, when something is wrong with it, in any of the ways in which it was good.
    fn forms<'i>(&self, ingress: &'i Ingress) -> Vec<&'i ingress::Ingress> {
        if self.is_sound(&ingress.asked) {
            return vec![&ingress.asked];
        }
        ingress.earlier.iter().collect()
    }

    /// Notes what every Ingress says with which nothing is wrong: it may have that for as long as it is there. `class`: whether
    /// the class may be taken to be there.
    pub(crate) fn remember_what_was_good(&mut self, class: bool) {
        let seen = Self { class: self.class || class, ..self.clone() };
        let sound = self.ingresses.iter().filter(|(_, ingress)| seen.is_sound(&ingress.asked));
        for name in sound.map(|(name, _)| name.clone()).collect::<Vec<_>>() {
            if let Some(ingress) = self.ingresses.get_mut(&name) {
                ingress.earlier.insert(ingress.asked.clone());
                ingress.last = Some(ingress.asked.clone());
            }
        }
    }

    /// Somebody else deletes a rule of a group: that of these routes.
    pub(crate) fn rob(&mut self, owner: &Stack, is_of: impl Fn(&ingress::Route) -> bool) {
        for (name, ingress) in &mut self.ingresses {
            let forms = ingress.earlier.iter().chain(&ingress.robbed).chain([&ingress.asked]);
            let here = forms.filter(|form| Stack::Group(group(name, form)) == *owner && form.routes.iter().any(&is_of));
            let rest = |form: &ingress::Ingress| {
                let routes = form.routes.iter().filter(|route| !is_of(route)).cloned().collect();
                ingress::Ingress { routes, mistake: None, ..form.clone() }
            };
            let robbed = here.map(rest).collect::<Vec<_>>();
            ingress.robbed.extend(robbed);
        }
    }

    /// The groups that an Ingress is in, or may be.
    pub(crate) fn groups_of(&self, name: &str, ingress: &Ingress) -> BTreeSet<String> {
        let forms = self.forms(ingress).into_iter().chain([&ingress.asked]);
        forms.map(|form| group(name, form)).collect()
    }

    /// In which forms an Ingress sends requests to a target group.
    fn forms_of<'i>(&'i self, purpose: &Purpose, name: &str) -> Vec<&'i ingress::Ingress> {
        let Some(ingress) = self.ingresses.get(name) else { return Vec::new() };
        self.forms(ingress).into_iter().filter(|form| sends(purpose, name, form)).collect()
    }

    /// The pods that run.
    pub(crate) fn pods(&self) -> BTreeSet<Pod> {
        let pods = self.services.values().flat_map(|service| service.pods.iter().copied());
        pods.filter(|pod| self.runs(*pod)).collect()
    }

    fn runs(&self, pod: Pod) -> bool {
        self.nodes.contains(&node_of(pod)) && !self.drained.contains(&node_of(pod))
    }
}

fn sends(purpose: &Purpose, name: &str, form: &ingress::Ingress) -> bool {
    let mut services = form.backends().flat_map(|backend| backend.services());
    Stack::Group(group(name, form)) == purpose.stack && services.any(|service| service == purpose.service)
}

/// The group of an Ingress, as its tag has it.
pub(crate) fn group(name: &str, ingress: &ingress::Ingress) -> String {
    ingress.group.map_or_else(|| format!("default/{name}"), str::to_owned)
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

impl fmt::Display for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(name) => write!(f, "Service/{name}"),
            Self::Group(id) => write!(f, "group {id}"),
        }
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stack, ingress, service, port } = self;
        match ingress {
            None => write!(f, "{service}:{port}"),
            Some(ingress) => write!(f, "{service}:{port} for Ingress/{ingress} in {stack}"),
        }
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
