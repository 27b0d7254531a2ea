//! What must hold around every call, judged from the simulated world alone: the safety invariants S1 to S8.
//!
//! The program may act on what it last saw, so a change that was asked for within [`HINDSIGHT`] excuses it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use northgate_simulator::{Observed, ObservedTarget, ObservedTargetGroup};
use serde_json::Value;

use crate::call::{Call, System};
use crate::declared::{Declared, History};
use crate::gate::Moment;
use crate::view::{self, of_others, resource, service, service_port, tagged};

/// How old a view the program may act on: longer than a watch takes to come back after it broke.
pub(crate) const HINDSIGHT: Duration = Duration::from_secs(120);

/// What is known of a Service in the API server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Served {
    /// Whether our finalizer is on it.
    pub(crate) finalizer: bool,
    /// The host name in its status.
    pub(crate) host: Option<String>,
}

impl Served {
    /// What an object of the API server says.
    pub(crate) fn of(service: &Value) -> Self {
        let finalizers = service["metadata"]["finalizers"].as_array();
        let finalizer = finalizers.is_some_and(|all| all.iter().any(|name| name == "service.k8s.aws/resources"));
        let host = service["status"]["loadBalancer"]["ingress"][0]["hostname"].as_str().map(str::to_owned);
        Self { finalizer, host }
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
    before: Option<Observed>,
}

/// What the judge looks at.
pub(crate) struct Scene<'a> {
    /// The account.
    pub(crate) view: &'a Observed,
    /// The Services that exist, by name.
    pub(crate) services: &'a BTreeMap<String, Served>,
    /// What was asked for.
    pub(crate) history: &'a History,
    /// Since the beginning.
    pub(crate) now: Duration,
}

impl Judge {
    /// A judge for an account that looks like this at first.
    pub(crate) fn new(first: &Observed) -> Self {
        Self { foreign: of_others(first), deleted_by_others: BTreeSet::new(), before: None }
    }

    /// What does not hold before or after a call.
    pub(crate) fn judge(&mut self, call: &Call, moment: Moment, scene: &Scene<'_>) -> Vec<String> {
        let mut found = Vec::new();
        if moment == Moment::Before {
            if call.system == System::Aws && call.writes {
                finalizer_first(call, scene, &mut found);
                nothing_wanted_is_deleted(call, scene, &mut found);
                no_wanted_target_goes(call, scene, &mut found);
                self.before = Some(scene.view.clone());
            }
            return found;
        }
        if call.writes {
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
            let Some((service, port)) = service_port(&group.tags) else { continue };
            let Some(earlier) = before.target_groups.get(arn) else { continue };
            let alive = |group: &ObservedTargetGroup| {
                let serving = group.targets.iter().filter(|target| target.state == "healthy");
                serving.filter(|target| scene.is_alive(target)).count()
            };
            let wanted = scene.always(|declared| !declared.targets(service, port).is_empty());
            if wanted && alive(earlier) > 0 && alive(group) == 0 {
                found.push(format!("S7: {service}:{port} has no healthy target any more, though targets are wanted"));
            }
        }
    }

    /// S7 for rules: no call of ours shuts out the traffic or the checks of a target that serves.
    fn workers_let_in(&self, call: &Call, scene: &Scene<'_>, found: &mut Vec<String>) {
        let shuts = ["RevokeSecurityGroupIngress", "ModifyTargetGroup", "SetSecurityGroups"].contains(&call.action());
        let Some(before) = self.before.as_ref().filter(|_| shuts) else { return };
        for (arn, group) in &scene.view.target_groups {
            let Some((service, port)) = service_port(&group.tags) else { continue };
            let Some(earlier) = before.target_groups.get(arn) else { continue };
            let present = scene.history.present();
            if present.is_none_or(|declared| declared.targets(service, port).is_empty()) {
                continue;
            }
            for target in group.targets.iter().filter(|target| target.state == "healthy" && scene.is_alive(target)) {
                if view::is_let_in(before, earlier, target) && !view::is_let_in(scene.view, group, target) {
                    found.push(format!(
                        "S7: {} shuts out what {}:{port} sends to {}",
                        call.action(),
                        service,
                        target.id
                    ));
                }
            }
        }
    }

    /// S8: an address in a status is that of a load balancer that exists.
    fn addresses_exist(&self, scene: &Scene<'_>, found: &mut Vec<String>) {
        let hosts =
            scene.view.load_balancers.values().map(|load_balancer| &load_balancer.dns_name).collect::<BTreeSet<_>>();
        for (name, service) in scene.services {
            let Some(host) = &service.host else { continue };
            let going = !scene.history.present().is_some_and(|declared| declared.wants(name, None));
            if !hosts.contains(host) && !self.deleted_by_others.contains(host) && !going {
                found.push(format!("S8: the status of Service/{name} names {host}, which does not exist"));
            }
        }
    }
}

impl Scene<'_> {
    /// Whether something held at every time that the program may act on.
    fn always(&self, holds: impl Fn(&Declared) -> bool) -> bool {
        self.now > HINDSIGHT && self.history.since(self.now.saturating_sub(HINDSIGHT)).all(holds)
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

/// S1: the finalizer is on the object before the first resource is made for it.
fn finalizer_first(call: &Call, scene: &Scene<'_>, found: &mut Vec<String>) {
    if !call.action().starts_with("Create") {
        return;
    }
    let tags = call.list("Tags").into_iter().chain(call.list("TagSpecification.1.Tag"));
    if let Some(name) = view::service_of_request(tags)
        && let Some(service) = scene.services.get(name)
        && !service.finalizer
    {
        found.push(format!("S1: {} for Service/{name}, which has no finalizer", call.action()));
    }
}

/// S5: nothing that is asked for is deleted.
fn nothing_wanted_is_deleted(call: &Call, scene: &Scene<'_>, found: &mut Vec<String>) {
    let view = scene.view;
    let wanted = match call.action() {
        "DeleteLoadBalancer" => {
            let arn = call.member("LoadBalancerArn").unwrap_or_default();
            view.load_balancers.get(arn).and_then(|found| Some((service(&found.tags)?, None)))
        }
        "DeleteListener" => call.member("ListenerArn").and_then(|arn| {
            let listener = view.listeners.get(arn)?;
            let tags = &view.load_balancers.get(&listener.load_balancer_arn)?.tags;
            Some((service(tags)?, Some(listener.port)))
        }),
        "DeleteTargetGroup" => call.member("TargetGroupArn").and_then(|arn| {
            let (service, port) = service_port(&view.target_groups.get(arn)?.tags)?;
            Some((service, Some(port)))
        }),
        "DeleteSecurityGroup" => {
            let id = call.member("GroupId").unwrap_or_default();
            view.security_groups.get(id).and_then(|found| Some((service(&found.tags)?, None)))
        }
        _ => None,
    };
    if let Some((service, port)) = wanted
        && scene.always(|declared| declared.wants(service, port))
        && !twin_is_deleted(call, view)
    {
        found.push(format!("S5: {} of Service/{service}, which is asked for", call.action()));
    }
}

/// Whether what is deleted is the second of its kind: that one may go.
fn twin_is_deleted(call: &Call, view: &Observed) -> bool {
    let Some(group) = call.member("TargetGroupArn").and_then(|arn| view.target_groups.get(arn)) else { return false };
    view.target_groups.values().filter(|other| service_port(&other.tags) == service_port(&group.tags)).count() > 1
}

/// S4: a target that was there and is still asked for stays.
fn no_wanted_target_goes(call: &Call, scene: &Scene<'_>, found: &mut Vec<String>) {
    if call.action() != "DeregisterTargets" {
        return;
    }
    let group = call.member("TargetGroupArn").and_then(|arn| scene.view.target_groups.get(arn));
    let Some((service, port)) = group.and_then(|group| service_port(&group.tags)) else { return };
    for target in call.list("Targets") {
        let id = target.get("Id").copied().unwrap_or_default();
        let target_port = target.get("Port").and_then(|port| port.parse().ok()).unwrap_or_default();
        let target = (id.to_owned(), target_port);
        if scene.always(|declared| declared.targets(service, port).contains(&target)) {
            found.push(format!("S4: {id}:{target_port} is taken from {service}:{port}, which wants it"));
        }
    }
}

/// S3: at most one of each.
fn no_twins(view: &Observed, found: &mut Vec<String>) {
    let mut counts: BTreeMap<(&str, &str, &str), u32> = BTreeMap::new();
    for (kind, tags) in tagged(view) {
        if let Some(service) = service(tags) {
            *counts.entry((kind, service, resource(tags))).or_default() += 1;
        }
    }
    for ((kind, service, resource), count) in counts {
        if count > 1 {
            found.push(format!("S3: {count} {kind}s are {resource} of Service/{service}"));
        }
    }
}

/// S8: a Service without our finalizer has nothing left in the account.
fn nothing_is_left_of_the_released(scene: &Scene<'_>, found: &mut Vec<String>) {
    for (kind, tags) in tagged(scene.view) {
        let Some(name) = service(tags) else { continue };
        let held = scene.services.get(name).is_some_and(|service| service.finalizer);
        if !held {
            found.push(format!("S8: Service/{name} is released or gone, and its {kind} is still there"));
        }
    }
}
