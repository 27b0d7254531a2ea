//! S6 and S7 for rules: at no write does a request that was answered rightly go astray, whoever's mistake stands in the group.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use northgate_simulator::{
    Asked, Decision, ListenerRules, Observed, ObservedListener, ObservedRule, ObservedTargetGroup,
};

use super::{Scene, Served};
use crate::call::Call;
use crate::declared::{Answer, Declared, Request, Stack};
use crate::view::purpose;

/// What clients of Ingresses meet: the account, and the addresses that they know.
#[derive(Debug, Clone)]
pub(super) struct Traffic {
    view: Arc<Observed>,
    hosts: BTreeMap<String, String>,
}

/// The listeners of load balancers by host name and port, their rules read.
type Listeners<'v> = BTreeMap<(&'v str, u16), Result<ListenerRules, String>>;

impl Traffic {
    pub(super) fn of(view: &Arc<Observed>, ingresses: &BTreeMap<String, Served>) -> Self {
        let host = |(name, served): (&String, &Served)| Some((name.clone(), served.host.clone()?));
        Self { view: Arc::clone(view), hosts: ingresses.iter().filter_map(host).collect() }
    }

    /// Requests that were answered rightly before, and now are not. `since`: since when each listener is there.
    pub(super) fn led_astray(
        &self,
        before: &Self,
        since: &BTreeMap<String, Duration>,
        call: &Call,
        scene: &Scene<'_>,
        found: &mut Vec<String>,
    ) {
        let Some(present) = scene.history.present() else { return };
        let known = self.hosts.iter().filter(|(name, _)| present.ingresses.contains_key(*name));
        let known = known.filter_map(|(name, host)| Some((name, before.hosts.get(name)?, host))).collect::<Vec<_>>();
        if known.is_empty() {
            return;
        }
        let (old, new) = (listeners(&before.view), listeners(&self.view));
        for (name, host_before, host_now) in known {
            for request in present.requests(name) {
                let then = answer(&before.view, &old, host_before, &request);
                let now = answer(&self.view, &new, host_now, &request);
                if !then.0.is_one() || (then.0 == now.0 && then.1 <= now.1) {
                    continue;
                }
                let Some(right) = right(name, &request, scene, scene.now.saturating_sub(super::HINDSIGHT)) else {
                    continue;
                };
                // A new listener gives to its own backend what its rules are to take, until they are made.
                let was_right = || {
                    let since = before.listener(host_before, request.port).and_then(|arn| since.get(arn)).copied();
                    let right = self::right(name, &request, scene, since.unwrap_or_default());
                    right.is_none_or(|right| right.contains(&then.0))
                };
                let Request { port, host, path } = &request;
                // Where nobody is to answer, whether a listener says so makes no difference.
                let is_none = !now.0.is_one() && right.iter().any(|answer| !answer.is_one());
                let may_be_left = || present.may_be_left_of(name, &now.0) || scene.may_be_left_of_moving(name, &now.0);
                let is_left = || may_be_left() && has_rule(&before.view, host_now, &now.0);
                let is_excused = || is_left() || scene.is_taken_over(name, &request, &now.0);
                if right.contains(&then.0) && !right.contains(&now.0) && !is_none && !is_excused() {
                    found.push(format!(
                        "S7: Ingress/{name}: {host}:{port}{path} was answered by {:?}, and now by {:?}; right is {right:?}",
                        then.0, now.0
                    ));
                } else if call.action() != "DeregisterTargets"
                    && right.contains(&now.0)
                    && then.1
                    && !now.1
                    && has_targets(scene, &now.0)
                    && was_right()
                {
                    found.push(format!("S7: Ingress/{name}: {host}:{port}{path} finds no healthy target any more"));
                }
            }
        }
    }
}

impl Scene<'_> {
    /// Whether an answer may come from a rule that stays for an Ingress which is on its way to another group: one that is no
    /// forward does not tell whose it is.
    fn may_be_left_of_moving(&self, name: &str, answer: &Answer) -> bool {
        let Some(present) = self.history.present().filter(|_| answer.is_own()) else { return false };
        let Some(ingress) = present.ingresses.get(name) else { return false };
        let groups = present.groups_of(name, ingress);
        let leaves_one = |(other, served): (&String, &Served)| {
            let own = present.ingresses.get(other).map(|one| present.groups_of(other, one)).unwrap_or_default();
            let is_left = |stack: &Stack| matches!(stack, Stack::Group(id) if groups.contains(id) && !own.contains(id));
            other != name && served.host.is_some() && served.held.iter().any(is_left)
        };
        self.ingresses.iter().any(leaves_one)
    }

    /// Whether an Ingress is on its way to another group, and a member of the one that it leaves has come to ask for a request of
    /// it meanwhile.
    fn is_taken_over(&self, name: &str, request: &Request, answer: &Answer) -> bool {
        let groups = |declared: &Declared| {
            declared.ingresses.get(name).map(|ingress| declared.groups_of(name, ingress)).unwrap_or_default()
        };
        let Some(present) = self.history.present() else { return false };
        let then = || self.history.since(self.now.saturating_sub(super::HINDSIGHT));
        let now = groups(present);
        let left = then().flat_map(groups).filter(|group| !now.contains(group)).collect::<BTreeSet<_>>();
        let gives = |declared: &Declared, group: &str| {
            declared.answers(group, request, true).is_some_and(|answers| answers.contains(answer))
        };
        left.iter().any(|group| gives(present, group) && then().next().is_some_and(|first| !gives(first, group)))
    }
}

impl Traffic {
    /// The listener that a host's clients come to.
    fn listener(&self, host: &str, port: u16) -> Option<&String> {
        let is_it = |listener: &ObservedListener| {
            let owner = self.view.load_balancers.get(&listener.load_balancer_arn);
            listener.port == port && owner.is_some_and(|owner| owner.dns_name.eq_ignore_ascii_case(host))
        };
        self.view.listeners.iter().find(|(_, listener)| is_it(listener)).map(|(arn, _)| arn)
    }
}

/// What becomes of a request in truth: the answer, and whether a healthy target could give it.
pub(crate) fn answer_now(view: &Observed, host: &str, request: &Request) -> Answer {
    answer(view, &listeners(view), host, request).0
}

/// Whether a load balancer has a rule that gives this answer itself: what is left was there before.
fn has_rule(view: &Observed, host: &str, answer: &Answer) -> bool {
    let Answer::Status(status) = answer else { return false };
    let status = status.to_string();
    let is_here = |rule: &ObservedRule| {
        let listener = view.listeners.get(&rule.listener_arn);
        let owner = listener.and_then(|listener| view.load_balancers.get(&listener.load_balancer_arn));
        owner.is_some_and(|owner| owner.dns_name.eq_ignore_ascii_case(host))
    };
    let gives_it = |rule: &ObservedRule| {
        let mut actions = rule.description["Actions"].as_array().into_iter().flatten();
        actions.any(|action| action["FixedResponseConfig"]["StatusCode"] == status.as_str())
    };
    view.rules.values().any(|rule| gives_it(rule) && is_here(rule))
}

/// Answers that were right at any time since then; `None`: too many could be.
fn right(name: &str, request: &Request, scene: &Scene<'_>, then: Duration) -> Option<BTreeSet<Answer>> {
    let existed = |declared: &&Declared| declared.ingresses.contains_key(name);
    let mut right = BTreeSet::new();
    // The program may know the one change and not yet the other.
    let seen = || scene.history.since(then).filter(existed);
    let others = seen().map(|declared| (declared.class, &declared.services)).collect::<Vec<_>>();
    let mut known = Vec::<Declared>::new();
    for declared in seen() {
        for (class, services) in &others {
            let mixed = Declared { class: *class, services: (*services).clone(), ..declared.clone() };
            if !known.iter().any(|one| one.is_alike(&mixed)) {
                known.push(mixed);
            }
        }
    }
    for declared in &known {
        right.extend(declared.answers_for(name, request, true)?);
    }
    Some(right)
}

/// Whether the Services that answer are to have targets, whenever one may have looked.
fn has_targets(scene: &Scene<'_>, answer: &Answer) -> bool {
    let Answer::To(services) = answer else { return false };
    scene.always(|declared| {
        let pods = declared.pods();
        let has = |name: &String| {
            declared.services.get(name).is_some_and(|service| service.pods.iter().any(|pod| pods.contains(pod)))
        };
        services.keys().all(has)
    })
}

fn listeners(view: &Observed) -> Listeners<'_> {
    let mut all = BTreeMap::new();
    for (arn, listener) in &view.listeners {
        let owner = view.load_balancers.get(&listener.load_balancer_arn);
        let Some(owner) = owner.filter(|owner| owner.r#type == "application") else { continue };
        let rules = view.rules_of(arn).and_then(|rules| rules.ok_or_else(|| "the listener is gone".to_owned()));
        all.insert((owner.dns_name.as_str(), listener.port), rules);
    }
    all
}

fn answer(view: &Observed, listeners: &Listeners<'_>, host: &str, request: &Request) -> (Answer, bool) {
    let asked = Asked { method: "GET", host: &request.host, path: &request.path };
    let mut rules =
        listeners.iter().filter(|((known, port), _)| known.eq_ignore_ascii_case(host) && *port == request.port);
    let decision = match rules.next() {
        None => return (Answer::Nothing, false),
        Some((_, Err(sentence))) => return (Answer::Astray(sentence.clone()), false),
        Some((_, Ok(rules))) => rules.decide(&asked),
    };
    match decision {
        Decision::Respond(status) => (Answer::Status(status), false),
        Decision::Redirect(_, location) if location.starts_with("https://") => (Answer::Redirected, false),
        Decision::Redirect(_, elsewhere) | Decision::Unserved(elsewhere) => (Answer::Astray(elsewhere), false),
        Decision::Forward(groups) => forwarded(view, &groups),
    }
}

fn forwarded(view: &Observed, groups: &[(String, i64)]) -> (Answer, bool) {
    let mut services = Vec::new();
    let mut is_healthy = false;
    for (arn, weight) in groups.iter().filter(|(_, weight)| *weight > 0) {
        let group = view.target_groups.get(arn);
        let Some((group, purpose)) = group.and_then(|group| Some((group, purpose(&group.tags)?))) else {
            return (Answer::Astray(arn.clone()), false);
        };
        is_healthy |= serves(group);
        services.push((purpose.service, u16::try_from(*weight).unwrap_or_default()));
    }
    (Answer::to(services.iter().map(|(service, weight)| (service.as_str(), *weight))), is_healthy)
}

fn serves(group: &ObservedTargetGroup) -> bool {
    group.targets.iter().any(|target| target.state == "healthy")
}
