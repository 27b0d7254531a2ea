//! What must hold around every call, judged from the simulated world alone: the safety invariants S1 to S8.
//!
//! The program may act on what it last saw, so a change that was asked for within [`HINDSIGHT`] excuses it.

pub(crate) mod tags;
pub(crate) mod traffic;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use northgate_simulator::{Observed, ObservedTarget, ObservedTargetGroup};
use serde_json::Value;

use crate::call::{Call, System};
use crate::declared::{Declared, History, Stack};
use crate::gate::Moment;
use crate::view::{self, of_others, purpose, resource, stack, tagged};

use traffic::Traffic;

/// How old a view the program may act on: longer than a watch takes to come back after it broke.
pub(crate) const HINDSIGHT: Duration = Duration::from_secs(120);

/// What is known of a Service or an Ingress in the API server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Served {
    /// The stacks whose finalizers are on it.
    pub(crate) held: BTreeSet<Stack>,
    /// The host name in its status.
    pub(crate) host: Option<String>,
}

impl Served {
    /// What an object of the API server says.
    pub(crate) fn of(object: &Value) -> Self {
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let finalizers = object["metadata"]["finalizers"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let stack = |finalizer: &str| match finalizer {
            "service.k8s.aws/resources" => Some(Stack::Service(name.to_owned())),
            "ingress.k8s.aws/resources" => Some(Stack::Group(format!("default/{name}"))),
            other => other.strip_prefix("group.ingress.k8s.aws/").map(|group| Stack::Group(group.to_owned())),
        };
        let host = object["status"]["loadBalancer"]["ingress"][0]["hostname"].as_str().map(str::to_owned);
        Self { held: finalizers.filter_map(stack).collect(), host }
    }
}

/// Judges one episode.
#[derive(Debug)]
pub(crate) struct Judge {
    /// What belongs to others, as it was at first.
    foreign: Observed,
    /// The host names of load balancers that somebody else deleted.
    pub(crate) deleted_by_others: BTreeSet<String>,
    /// The account before the call that is under way.
    before: Option<Arc<Observed>>,
    /// What clients met before the call that is under way.
    traffic: Option<Traffic>,
    /// Since when each listener is there.
    listeners: BTreeMap<String, Duration>,
}

/// What the judge looks at.
pub(crate) struct Scene<'a> {
    /// The account.
    pub(crate) view: &'a Arc<Observed>,
    /// The Services that exist, by name.
    pub(crate) services: &'a BTreeMap<String, Served>,
    /// The Ingresses that exist, by name.
    pub(crate) ingresses: &'a BTreeMap<String, Served>,
    /// What was asked for.
    pub(crate) history: &'a History,
    /// Since the beginning.
    pub(crate) now: Duration,
}

impl Judge {
    /// A judge for an account that looks like this at first.
    pub(crate) fn new(first: &Observed) -> Self {
        Self {
            foreign: of_others(first),
            deleted_by_others: BTreeSet::new(),
            before: None,
            traffic: None,
            listeners: BTreeMap::new(),
        }
    }

    /// What does not hold before or after a call.
    pub(crate) fn judge(&mut self, call: &Call, moment: Moment, scene: &Scene<'_>) -> Vec<String> {
        let mut found = Vec::new();
        if moment == Moment::Before {
            if call.system == System::Aws && call.writes {
                finalizer_first(call, scene, &mut found);
                nothing_wanted_is_deleted(call, scene, &mut found);
                no_wanted_target_goes(call, scene, &mut found);
                self.before = Some(Arc::clone(scene.view));
            }
            self.traffic = may_turn_traffic(call).then(|| Traffic::of(scene.view, scene.ingresses));
            return found;
        }
        if call.writes {
            for listener in scene.view.listeners.keys().filter(|_| call.action().contains("Listener")) {
                self.listeners.entry(listener.clone()).or_insert(scene.now);
            }
            if let Some(before) = self.traffic.take() {
                let now = Traffic::of(scene.view, scene.ingresses);
                now.led_astray(&before, &self.listeners, call, scene, &mut found);
            }
            tags::everything_says_whose_it_is(scene.view, &mut found);
            self.others_are_left_alone(scene, &mut found);
            no_twins(scene.view, &mut found);
            self.serving_goes_on(call, scene, &mut found);
            self.workers_let_in(call, scene, &mut found);
            self.addresses_exist(scene, &mut found);
            nothing_is_left_of_the_released(scene, &mut found);
        }
        found
    }

    /// S2: what has not our tags is as it was.
    fn others_are_left_alone(&self, scene: &Scene<'_>, found: &mut Vec<String>) {
        let now = of_others(scene.view);
        if now != self.foreign {
            found.push(format!("S2: something of somebody else has changed\n{:#?}\n{now:#?}", self.foreign));
        }
    }

    /// S7 for targets: while targets are wanted and one was healthy, a call of ours never leaves none.
    fn serving_goes_on(&self, call: &Call, scene: &Scene<'_>, found: &mut Vec<String>) {
        let Some(before) = self.before.as_ref().filter(|_| call.action() == "DeregisterTargets") else { return };
        for (arn, group) in &scene.view.target_groups {
            let Some(purpose) = purpose(&group.tags) else { continue };
            let Some(earlier) = before.target_groups.get(arn) else { continue };
            let alive = |group: &ObservedTargetGroup| {
                let serving = group.targets.iter().filter(|target| target.state == "healthy");
                serving.filter(|target| scene.is_alive(target)).count()
            };
            let wanted = scene.always(|declared| !declared.targets(&purpose).is_empty());
            if wanted && alive(earlier) > 0 && alive(group) == 0 {
                found.push(format!("S7: {purpose} has no healthy target any more, though targets are wanted"));
            }
        }
    }

    /// S7 for rules: no call of ours shuts out the traffic or the checks of a target that serves.
    fn workers_let_in(&self, call: &Call, scene: &Scene<'_>, found: &mut Vec<String>) {
        let shuts = ["RevokeSecurityGroupIngress", "ModifyTargetGroup", "SetSecurityGroups"].contains(&call.action());
        let Some(before) = self.before.as_ref().filter(|_| shuts) else { return };
        for (arn, group) in &scene.view.target_groups {
            let Some(purpose) = purpose(&group.tags) else { continue };
            let Some(earlier) = before.target_groups.get(arn) else { continue };
            let present = scene.history.present();
            if present.is_none_or(|declared| declared.targets(&purpose).is_empty()) {
                continue;
            }
            for target in group.targets.iter().filter(|target| target.state == "healthy" && scene.is_alive(target)) {
                if view::is_let_in(before, earlier, target) && !view::is_let_in(scene.view, group, target) {
                    found.push(format!("S7: {} shuts out what {purpose} sends to {}", call.action(), target.id));
                }
            }
        }
    }

    /// S8: an address in a status is that of a load balancer that exists.
    fn addresses_exist(&self, scene: &Scene<'_>, found: &mut Vec<String>) {
        let hosts =
            scene.view.load_balancers.values().map(|load_balancer| &load_balancer.dns_name).collect::<BTreeSet<_>>();
        let present = scene.history.present();
        let stays = |kind: &str, name: &String| {
            present.is_some_and(|declared| match kind {
                "Service" => declared.wants(&Stack::Service(name.clone()), None),
                _ => declared.ingresses.contains_key(name),
            })
        };
        let services = scene.services.iter().map(|(name, served)| ("Service", name, served));
        let ingresses = scene.ingresses.iter().map(|(name, served)| ("Ingress", name, served));
        for (kind, name, served) in services.chain(ingresses) {
            let Some(host) = &served.host else { continue };
            if !hosts.contains(host) && !self.deleted_by_others.contains(host) && stays(kind, name) {
                found.push(format!("S8: the status of {kind}/{name} names {host}, which does not exist"));
            }
        }
    }
}

impl Scene<'_> {
    /// Whether something held at every time that the program may act on.
    fn always(&self, holds: impl Fn(&Declared) -> bool) -> bool {
        self.now > HINDSIGHT && self.history.since(self.now.saturating_sub(HINDSIGHT)).all(holds)
    }

    /// Whether an object carries the finalizer of a stack.
    fn is_held(&self, stack: &Stack) -> bool {
        self.services.values().chain(self.ingresses.values()).any(|served| served.held.contains(stack))
    }

    /// Whether the status of an Ingress names the load balancer of a stack.
    fn is_served_by(&self, stack: &Stack, name: &str) -> bool {
        let host = self.ingresses.get(name).and_then(|served| served.host.as_ref());
        let mut balancers = self.view.load_balancers.values();
        let is_it = |found: &northgate_simulator::ObservedLoadBalancer| {
            view::stack(&found.tags).as_ref() == Some(stack) && Some(&found.dns_name) == host
        };
        balancers.any(is_it)
    }

    /// Whether what a target stands for still exists.
    fn is_alive(&self, target: &ObservedTarget) -> bool {
        self.history.present().is_some_and(|declared| {
            let instances = declared.nodes.iter().map(|node| crate::declared::instance_of(*node));
            let addresses = declared.pods().into_iter().map(|pod| crate::declared::address_of(pod).to_string());
            instances.chain(addresses).any(|id| id == target.id)
        })
    }
}

/// Whether a call may change what becomes of requests to Ingresses.
fn may_turn_traffic(call: &Call) -> bool {
    match call.system {
        System::Kubernetes => call.operation.ends_with(" ingresses/status"),
        System::Aws => {
            let about =
                ["Rule", "Listener", "LoadBalancer", "TargetGroup"].iter().any(|what| call.action().contains(what));
            about || call.action() == "SetRulePriorities" || call.action() == "DeregisterTargets"
        }
    }
}

/// S1: the finalizer is on the object before the first resource is made for it.
fn finalizer_first(call: &Call, scene: &Scene<'_>, found: &mut Vec<String>) {
    if !call.action().starts_with("Create") {
        return;
    }
    let tags = call.list("Tags").into_iter().chain(call.list("TagSpecification.1.Tag"));
    let Some(stack) = view::stack_of_request(tags) else { return };
    let is_there = match &stack {
        Stack::Service(name) => scene.services.contains_key(name),
        Stack::Group(_) => true,
    };
    if is_there && !scene.is_held(&stack) {
        found.push(format!("S1: {} for {stack}, which has no finalizer", call.action()));
    }
}

/// S5: nothing that is asked for is deleted.
fn nothing_wanted_is_deleted(call: &Call, scene: &Scene<'_>, found: &mut Vec<String>) {
    let view = scene.view;
    let holds = |stack: &Stack, name: &str| scene.ingresses.get(name).is_some_and(|served| served.held.contains(stack));
    let is_served = |stack: &Stack, name: &str| scene.is_served_by(stack, name);
    let is_wanted = |stack: &Stack, port| {
        scene.always(|declared| declared.demands(stack, port, |name| holds(stack, name), |name| is_served(stack, name)))
    };
    let (owner, wanted) = match call.action() {
        "DeleteLoadBalancer" => {
            let arn = call.member("LoadBalancerArn").unwrap_or_default();
            let owner = view.load_balancers.get(arn).and_then(|found| stack(&found.tags));
            (owner.clone(), owner.is_some_and(|stack| is_wanted(&stack, None)))
        }
        "DeleteListener" => {
            let listener = call.member("ListenerArn").and_then(|arn| view.listeners.get(arn));
            let load_balancer = listener.and_then(|found| view.load_balancers.get(&found.load_balancer_arn));
            let owner = load_balancer.and_then(|found| stack(&found.tags));
            let port = listener.map(|listener| listener.port);
            (owner.clone(), owner.is_some_and(|stack| is_wanted(&stack, port)))
        }
        "DeleteTargetGroup" => {
            let group = call.member("TargetGroupArn").and_then(|arn| view.target_groups.get(arn));
            let purpose = group.and_then(|group| purpose(&group.tags));
            let wanted = |purpose: &crate::declared::Purpose| {
                scene.always(|declared| declared.demands_targets(purpose, |name| is_served(&purpose.stack, name)))
            };
            (purpose.clone().map(|purpose| purpose.stack), purpose.as_ref().is_some_and(wanted))
        }
        "DeleteSecurityGroup" => {
            let id = call.member("GroupId").unwrap_or_default();
            let owner = view.security_groups.get(id).and_then(|found| stack(&found.tags));
            (owner.clone(), owner.is_some_and(|stack| is_wanted(&stack, None)))
        }
        _ => return,
    };
    if let (Some(owner), true) = (owner, wanted && !twin_is_deleted(call, view)) {
        found.push(format!("S5: {} of {owner}, which is asked for", call.action()));
    }
}

/// Whether what is deleted is the second of its kind: that one may go.
fn twin_is_deleted(call: &Call, view: &Observed) -> bool {
    let Some(group) = call.member("TargetGroupArn").and_then(|arn| view.target_groups.get(arn)) else { return false };
    view.target_groups.values().filter(|other| purpose(&other.tags) == purpose(&group.tags)).count() > 1
}

/// S4: a target that was there and is still asked for stays.
fn no_wanted_target_goes(call: &Call, scene: &Scene<'_>, found: &mut Vec<String>) {
    if call.action() != "DeregisterTargets" {
        return;
    }
    let group = call.member("TargetGroupArn").and_then(|arn| scene.view.target_groups.get(arn));
    let Some(purpose) = group.and_then(|group| purpose(&group.tags)) else { return };
    for target in call.list("Targets") {
        let id = target.get("Id").copied().unwrap_or_default();
        let target_port = target.get("Port").and_then(|port| port.parse().ok()).unwrap_or_default();
        let target = (id.to_owned(), target_port);
        if scene.always(|declared| declared.targets(&purpose).contains(&target)) {
            found.push(format!("S4: {id}:{target_port} is taken from {purpose}, which wants it"));
        }
    }
}

/// S3: at most one of each, and one rule per place of a listener.
fn no_twins(view: &Observed, found: &mut Vec<String>) {
    let mut counts: BTreeMap<(&str, Stack, &str), u32> = BTreeMap::new();
    for (kind, tags) in tagged(view) {
        if let Some(stack) = stack(tags) {
            *counts.entry((kind, stack, resource(tags))).or_default() += 1;
        }
    }
    for ((kind, stack, resource), count) in counts {
        if count > 1 {
            found.push(format!("S3: {count} {kind}s are {resource} of {stack}"));
        }
    }
    let mut places = BTreeSet::new();
    for rule in view.rules.values() {
        if !places.insert((&rule.listener_arn, rule.priority)) {
            found.push(format!("S3: two rules of {} have the priority {:?}", rule.listener_arn, rule.priority));
        }
    }
}

/// S8: what carries no finalizer of ours any more has nothing left in the account.
fn nothing_is_left_of_the_released(scene: &Scene<'_>, found: &mut Vec<String>) {
    for (kind, tags) in tagged(scene.view) {
        let Some(stack) = stack(tags) else { continue };
        if !scene.is_held(&stack) {
            found.push(format!("S8: {stack} is released or gone, and its {kind} is still there"));
        }
    }
}
