//! The account as it is, seen without a request, sorted by whose it is.

use std::collections::BTreeMap;

use northgate_simulator::{Observed, ObservedPermission, ObservedTarget, ObservedTargetGroup};

use crate::declared::{Purpose, Stack};

/// Tags by key.
pub(crate) type Tags = BTreeMap<String, String>;

/// How the rules that we write into workers' security groups are described.
const OUR_RULE: &str = "elbv2.k8s.aws/targetGroupBinding=shared";
/// The security group of every worker.
const WORKERS: &str = "sg-worker";
const CLUSTER: (&str, &str) = ("elbv2.k8s.aws/cluster", "demo");
/// The tags that name the stack and what something is in it: of Services, and of groups of Ingresses.
const STACKS: [(&str, &str); 2] =
    [("service.k8s.aws/stack", "service.k8s.aws/resource"), ("ingress.k8s.aws/stack", "ingress.k8s.aws/resource")];
/// What the security group that all load balancers share is tagged with instead.
const SHARED: (&str, &str) = ("elbv2.k8s.aws/resource", "backend-sg");

/// Whether something carries our cluster's tag.
pub(crate) fn is_ours(tags: &Tags) -> bool {
    tags.get(CLUSTER.0).map(String::as_str) == Some(CLUSTER.1)
}

/// Whether something says whose it is in full: the cluster, and the stack and what it is there, or that all share it.
pub(crate) fn is_owned(tags: &Tags) -> bool {
    let has = |(key, value): (&str, &str)| tags.get(key).map(String::as_str) == Some(value);
    let of_stack = STACKS.iter().any(|(stack, resource)| tags.contains_key(*stack) && tags.contains_key(*resource));
    has(CLUSTER) && (of_stack || has(SHARED))
}

/// The tags that say whose something is: the cluster's, and those of a resource of a stack.
pub(crate) fn ownership(stack: &Stack, resource: &str) -> Tags {
    let (index, value) = match stack {
        Stack::Service(name) => (0, format!("default/{name}")),
        Stack::Group(id) => (1, id.clone()),
    };
    let (stack_tag, resource_tag) = STACKS[index];
    let all = [(CLUSTER.0, CLUSTER.1.to_owned()), (stack_tag, value), (resource_tag, resource.to_owned())];
    all.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// The tags of what all load balancers share.
pub(crate) fn shared_ownership() -> Tags {
    [CLUSTER, SHARED].into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// The stack that something belongs to.
pub(crate) fn stack(tags: &Tags) -> Option<Stack> {
    if is_ours(tags) { stack_named(|key| tags.get(key).map(String::as_str)) } else { None }
}

fn stack_named<'a>(tag: impl Fn(&str) -> Option<&'a str>) -> Option<Stack> {
    let service = tag(STACKS[0].0).and_then(|value| value.strip_prefix("default/"));
    let group = || tag(STACKS[1].0).map(|value| Stack::Group(value.to_owned()));
    service.map(|name| Stack::Service(name.to_owned())).or_else(group)
}

/// What a target group is for. The names of Ingresses in episodes have no dashes, so that they can be told from a resource's.
pub(crate) fn purpose(tags: &Tags) -> Option<Purpose> {
    let stack = stack(tags)?;
    let (named, port) = resource(tags).rsplit_once(':')?;
    let port = port.parse().ok()?;
    let (ingress, service) = match &stack {
        Stack::Service(name) => (None, name.clone()),
        Stack::Group(_) => {
            let (ingress, service) = named.strip_prefix("default/")?.split_once('-')?;
            (Some(ingress.to_owned()), service.to_owned())
        }
    };
    Some(Purpose { stack, ingress, service, port })
}

/// The stack that the tags of a request name, if they name one.
pub(crate) fn stack_of_request<'a>(tags: impl Iterator<Item = BTreeMap<&'a str, &'a str>>) -> Option<Stack> {
    let pairs = tags.filter_map(|tag| Some((*tag.get("Key")?, *tag.get("Value")?))).collect::<BTreeMap<_, _>>();
    stack_named(|key| pairs.get(key).copied())
}

/// What has tags, with its kind.
pub(crate) fn tagged(view: &Observed) -> impl Iterator<Item = (&'static str, &Tags)> {
    let load_balancers = view.load_balancers.values().map(|found| ("load balancer", &found.tags));
    let target_groups = view.target_groups.values().map(|found| ("target group", &found.tags));
    let security_groups = view.security_groups.values().map(|found| ("security group", &found.tags));
    load_balancers.chain(target_groups).chain(security_groups)
}

/// The listeners and rules of load balancers that are ours, with their kind, without the default rules.
pub(crate) fn tagged_parts(view: &Observed) -> impl Iterator<Item = (&'static str, &Tags)> {
    let ours = |listener: &str| {
        let owner = view.listeners.get(listener).and_then(|found| view.load_balancers.get(&found.load_balancer_arn));
        owner.is_some_and(|owner| is_ours(&owner.tags))
    };
    let listeners = view.listeners.iter().filter(move |(arn, _)| ours(arn)).map(|(_, found)| ("listener", &found.tags));
    let rules = view.rules.values().filter(move |rule| rule.priority.is_some() && ours(&rule.listener_arn));
    listeners.chain(rules.map(|rule| ("rule", &rule.tags)))
}

/// The id of something in its stack.
pub(crate) fn resource(tags: &Tags) -> &str {
    STACKS.iter().find_map(|(_, key)| tags.get(*key)).map_or("", String::as_str)
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
