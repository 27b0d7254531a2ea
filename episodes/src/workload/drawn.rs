//! Events drawn from a seed.

use std::time::Duration;

use super::ingress::{Backend, Ingress, Listen, Mistake, Route};
use super::{Drift, Event, INTERVAL, Node, Pod, SOURCE_RANGES, TAGS, Workload};
use crate::declared::Stack;

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
        let stack = Stack::Service(service.clone());
        match self.random.u8(0..7) {
            0 => Drift::LoadBalancer(stack),
            1 => Drift::Listener(stack, 80),
            2 => Drift::Target(stack),
            3 => Drift::ForeignTarget(stack),
            4 => Drift::HealthCheck(stack),
            5 => Drift::WorkerRules,
            _ => Drift::Binding(service),
        }
    }
}

/// The Services that Ingresses send requests to, the Ingresses, the groups that they share, and where they are asked for.
const BACKENDS: [&str; 3] = ["one", "two", "three"];
const INGRESSES: [&str; 4] = ["ada", "bob", "cid", "dot"];
const GROUPS: [&str; 2] = ["front", "back"];
const HOSTS: [&str; 4] = ["a.example.com", "b.example.com", "*.example.com", ""];
const PATHS: [&str; 4] = ["/", "/a", "/a/b", "/b"];

/// Events drawn from a seed: Services behind Ingresses, of which `ingresses` exist at the beginning, and `events` further
/// events.
pub(crate) fn drawn_with_ingresses(seed: u64, ingresses: u8, events: u32) -> Workload {
    let mut random = fastrand::Rng::with_seed(seed ^ 0x1a9e55);
    let mut draw = DrawIngresses { forms: Vec::new(), random: &mut random };
    let mut list = Vec::new();
    for (index, service) in BACKENDS.into_iter().enumerate() {
        let pods = draw.pods();
        list.push((Duration::from_millis(1_000 + 100 * index as u64), Event::Backend(service.to_owned(), pods)));
    }
    let mut time = Duration::from_secs(2);
    for name in INGRESSES.into_iter().take(usize::from(ingresses)) {
        list.push((time, draw.apply(name)));
        time += Duration::from_millis(500);
    }
    for _ in 0..events {
        time += Duration::from_millis(draw.random.u64(100..30_000));
        list.push((time, draw.event()));
    }
    // What is asked for by mistake is mended in half of the seeds.
    if draw.random.bool() {
        for (name, form) in draw.forms.clone().into_iter().filter(|(_, form)| form.mistake.is_some()) {
            time += Duration::from_secs(1);
            list.push((time, Event::Ingress(name.to_owned(), Box::new(Ingress { mistake: None, ..form }))));
        }
        list.push((time + Duration::from_secs(1), Event::Class(true)));
    }
    Workload { name: format!("seed {seed}"), events: list }
}

/// What exists while events are drawn.
struct DrawIngresses<'r> {
    forms: Vec<(&'static str, Ingress)>,
    random: &'r mut fastrand::Rng,
}

impl DrawIngresses<'_> {
    fn event(&mut self) -> Event {
        let name = INGRESSES[self.random.usize(..INGRESSES.len())];
        let service = BACKENDS[self.random.usize(..BACKENDS.len())].to_owned();
        match self.random.u8(0..24) {
            0..=6 => self.apply(name),
            7 | 8 => self.move_to_another_group(name),
            9..=11 => self.mistake(name),
            12 | 13 => {
                self.forms.retain(|(known, _)| *known != name);
                Event::DeleteIngress(name.to_owned())
            }
            14..=16 => Event::Pods(service, self.pods()),
            17 => Event::Delete(service),
            18 | 19 => Event::Backend(service, self.pods()),
            20 => Event::Class(self.random.bool()),
            21 => Event::Ports(service, vec![80]),
            _ => Event::Drift(self.drift(name)),
        }
    }

    fn apply(&mut self, name: &'static str) -> Event {
        let known = self.forms.iter().find(|(known, _)| *known == name).map(|(_, form)| form.clone());
        let group = if self.random.u8(..3) == 0 { None } else { self.random.choice(GROUPS) };
        let group = known.as_ref().map_or(group, |known| known.group);
        let listen = if self.random.u8(..4) == 0 { Listen::Https } else { Listen::Http };
        let mut form = Ingress {
            group,
            order: self.random.i8(0..3),
            ip: name < "c",
            listen,
            routes: Vec::new(),
            fallback: None,
            tag: self.random.bool().then(|| self.random.u8(..3)),
            mistake: None,
        };
        for _ in 0..self.random.usize(1..=3) {
            let route = self.route(listen);
            form.routes.push(route);
        }
        if group.is_none() && self.random.u8(..4) == 0 {
            form.fallback = Some(self.backend());
        }
        self.keep(name, form)
    }

    fn route(&mut self, listen: Listen) -> Route {
        // Certificates are found by hosts.
        let hosts = if listen == Listen::Https { &HOSTS[..3] } else { &HOSTS[..] };
        let host = hosts[self.random.usize(..hosts.len())];
        let path = PATHS[self.random.usize(..PATHS.len())].to_owned();
        Route { host, path, exact: self.random.u8(..3) == 0, to: self.backend() }
    }

    fn backend(&mut self) -> Backend {
        let service = BACKENDS[self.random.usize(..BACKENDS.len())];
        match self.random.u8(..8) {
            0 => Backend::Fixed(410),
            1 | 2 => {
                let share = self.random.u16(1..100);
                Backend::Weighted(vec![("one", share), ("two", 100 - share)])
            }
            _ => Backend::Service(service),
        }
    }

    fn move_to_another_group(&mut self, name: &'static str) -> Event {
        let Some((_, form)) = self.forms.iter().find(|(known, _)| *known == name).cloned() else {
            return self.apply(name);
        };
        let group = if self.random.bool() { self.random.choice(GROUPS) } else { None };
        let fallback = form.fallback.filter(|_| group.is_none());
        self.keep(name, Ingress { group, fallback, ..form })
    }

    fn mistake(&mut self, name: &'static str) -> Event {
        let Some((_, form)) = self.forms.iter().find(|(known, _)| *known == name).cloned() else {
            return self.apply(name);
        };
        let mistake = if form.mistake.is_some() { None } else { self.random.choice(Mistake::ALL) };
        self.keep(name, Ingress { mistake, ..form })
    }

    fn keep(&mut self, name: &'static str, form: Ingress) -> Event {
        self.forms.retain(|(known, _)| *known != name);
        self.forms.push((name, form.clone()));
        Event::Ingress(name.to_owned(), Box::new(form))
    }

    fn pods(&mut self) -> Vec<Pod> {
        let count = self.random.usize(1..=3);
        let mut pods = self.random.choose_multiple(1..=6, count);
        pods.sort_unstable();
        pods
    }

    fn drift(&mut self, name: &'static str) -> Drift {
        let group = self.forms.iter().find(|(known, _)| *known == name).and_then(|(_, form)| form.group);
        let stack = Stack::Group(group.map_or_else(|| format!("default/{name}"), str::to_owned));
        match self.random.u8(0..8) {
            0 => Drift::LoadBalancer(stack),
            1 => Drift::Listener(stack, 80),
            2 => Drift::Target(stack),
            3 => Drift::ForeignTarget(stack),
            4 => Drift::HealthCheck(stack),
            5 => Drift::WorkerRules,
            6 => Drift::Tags(stack),
            _ => Drift::Rule(stack),
        }
    }
}
