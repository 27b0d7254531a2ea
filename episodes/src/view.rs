//! The account as it is, seen without a request, sorted by whose it is.

use std::collections::BTreeMap;

use northgate_simulator::{Observed, ObservedPermission, ObservedTarget, ObservedTargetGroup};

/// Tags by key.
pub(crate) type Tags = BTreeMap<String, String>;

/// How the rules that we write into workers' security groups are described.
const OUR_RULE: &str = "elbv2.k8s.aws/targetGroupBinding=shared";
/// The security group of every worker.
const WORKERS: &str = "sg-worker";
const CLUSTER: (&str, &str) = ("elbv2.k8s.aws/cluster", "demo");
const STACK: &str = "service.k8s.aws/stack";
const RESOURCE: &str = "service.k8s.aws/resource";

/// Whether something carries our cluster's tag.
pub(crate) fn is_ours(tags: &Tags) -> bool {
    tags.get(CLUSTER.0).map(String::as_str) == Some(CLUSTER.1)
}

/// The Service whose stack something belongs to.
pub(crate) fn service(tags: &Tags) -> Option<&str> {
    if is_ours(tags) { tags.get(STACK)?.strip_prefix("default/") } else { None }
}

/// The Service and the port that a target group is for.
pub(crate) fn service_port(tags: &Tags) -> Option<(&str, u16)> {
    let service = service(tags)?;
    let (_, port) = tags.get(RESOURCE)?.rsplit_once(':')?;
    Some((service, port.parse().ok()?))
}

/// The stack's tag in the tags of a request, if it has one.
pub(crate) fn service_of_request<'a>(tags: impl Iterator<Item = BTreeMap<&'a str, &'a str>>) -> Option<&'a str> {
    let mut stacks = tags.filter(|tag| tag.get("Key") == Some(&STACK));
    stacks.next()?.get("Value")?.strip_prefix("default/")
}

/// What has tags, with its kind and what it is in its stack.
pub(crate) fn tagged(view: &Observed) -> impl Iterator<Item = (&'static str, &Tags)> {
    let load_balancers = view.load_balancers.values().map(|found| ("load balancer", &found.tags));
    let target_groups = view.target_groups.values().map(|found| ("target group", &found.tags));
    let security_groups = view.security_groups.values().map(|found| ("security group", &found.tags));
    load_balancers.chain(target_groups).chain(security_groups)
}

/// The id of something in its stack.
pub(crate) fn resource(tags: &Tags) -> &str {
    tags.get(RESOURCE).map_or("", String::as_str)
}

/// Whether the workers let a load balancer reach a target, for traffic and for checks.
pub(crate) fn is_let_in(view: &Observed, group: &ObservedTargetGroup, target: &ObservedTarget) -> bool {
    let checked = group.health_check["HealthCheckPort"].as_str().and_then(|port| port.parse().ok());
    let ports = [target.port, checked.unwrap_or(target.port)].map(i32::from);
    let rules = view.security_groups.get(WORKERS).map_or(&[][..], |workers| &workers.ingress);
    group.load_balancer_arns.iter().filter_map(|arn| view.load_balancers.get(arn)).all(|load_balancer| {
        let from_here = |rule: &&ObservedPermission| load_balancer.security_groups.contains(&rule.peer);
        let covers = |rule: &ObservedPermission, port| rule.ports.is_some_and(|(from, to)| from <= port && port <= to);
        ports.iter().all(|port| rules.iter().filter(from_here).any(|rule| covers(rule, *port)))
    })
}

/// Whether a rule is described as ours.
pub(crate) fn is_our_rule(rule: &ObservedPermission) -> bool {
    rule.description.as_deref() == Some(OUR_RULE)
}

/// What is not ours. Of the security groups of others, the rules that are described as ours are left out.
pub(crate) fn of_others(view: &Observed) -> Observed {
    let mut others = view.clone();
    others.load_balancers.retain(|_, found| !is_ours(&found.tags));
    others.listeners.retain(|_, found| others.load_balancers.contains_key(&found.load_balancer_arn));
    others.rules.retain(|_, found| others.listeners.contains_key(&found.listener_arn));
    others.target_groups.retain(|_, found| !is_ours(&found.tags));
    others.security_groups.retain(|_, found| !is_ours(&found.tags));
    for group in others.security_groups.values_mut() {
        group.ingress.retain(|rule| !is_our_rule(rule));
    }
    others
}

/// Whether a target gets new connections: it is registered, and does not drain.
pub(crate) fn is_registered(target: &ObservedTarget) -> bool {
    !target.state.ends_with("draining")
}
