//! An account that does as it is told, and what is wanted of it.

use std::collections::BTreeSet;

use crate::actual::{
    ActualBinding, ActualListener, ActualLoadBalancer, ActualRule, ActualStack, ActualTargetGroup, LoadBalancerState,
    Owned,
};
use crate::desired::{Desired, Listener, LoadBalancer, Origin, Rule, TargetGroup};
use crate::diff;
use crate::id::{
    HealthCheckProtocol, IpAddressType, Knowable, ListenerArn, LoadBalancerArn, LoadBalancerType, ObjectName,
    ObjectRef, Protocol, ProtocolVersion, Ref, ResourceKey, ResourceKind, RuleArn, Scheme, StackId, SubnetId,
    TargetGroupArn, TargetIpAddressType, TargetType, VpcId,
};
use crate::model::{Action, Condition, FixedResponse, HealthCheck, HealthCheckPort, Pairs, Patterns, SubnetMapping};
use crate::plan::{AwsChange, Change, CreateListener, Made, Plan, Step, Write, resolve};
use crate::spec::{GoneSpec, StackSpec};

pub(super) const CLUSTER: &str = "demo";
pub(super) const GROUPS: [&str; 3] = ["shop/web-api:80", "shop/web-site:80", "shop/cart-cart:80"];

pub(super) fn id() -> StackId {
    StackId::Service(ObjectName::new("shop", "web"))
}

pub(super) fn plan(wanted: &Desired, found: &ActualStack) -> Plan {
    plan_with(wanted, found, &[])
}

pub(super) fn plan_with(wanted: &Desired, found: &ActualStack, bindings: &[ActualBinding]) -> Plan {
    let spec = StackSpec::Gone(GoneSpec {
        id: id(),
        unprotected: false,
        leaving: Vec::new(),
        ingresses: Vec::new(),
        last_of_cluster: false,
    });
    diff::stack(&spec, wanted, found, bindings)
}

pub(super) fn tags(resource: &str) -> Pairs {
    [("elbv2.k8s.aws/cluster", CLUSTER), ("service.k8s.aws/stack", "shop/web"), ("service.k8s.aws/resource", resource)]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
}

pub(super) fn owned<T>(value: T, resource: &str) -> Owned<T> {
    let Ok(owned) = Owned::claim(value, &tags(resource), CLUSTER, &id()) else { panic!("the tags are the stack's") };
    owned
}

pub(super) fn group_arn(resource: &str) -> TargetGroupArn {
    TargetGroupArn::new(format!(
        "arn:aws:elasticloadbalancing:us-west-2:1:targetgroup/{}/1",
        resource.replace([':', '/'], "-")
    ))
}

pub(super) fn forward_to(resource: &str) -> Action {
    Action::forward_to(Ref::Made(ResourceKey::new(ResourceKind::TargetGroup, resource)))
}

pub(super) fn found_forward_to(resource: &str) -> Action {
    Action::forward_to(Ref::Known(group_arn(resource)))
}

pub(super) fn answer(status: &str) -> Action {
    Action::FixedResponse(FixedResponse {
        content_type: Some("text/plain".to_owned()),
        message_body: None,
        status_code: status.to_owned(),
    })
}

pub(super) fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

pub(super) fn host(host: &str) -> Condition {
    Condition::HostHeader(Patterns::Values(texts(&[host])))
}

pub(super) fn paths(values: &[&str]) -> Condition {
    Condition::PathPattern(Patterns::Values(texts(values)))
}

pub(super) fn rule(place: usize, conditions: Vec<Condition>, action: Action) -> Rule {
    let object = ObjectRef::new("Ingress", &ObjectName::new("shop", "web"));
    let origin = Origin { object, field: format!("spec.rules[0].http.paths[{place}]") };
    Rule { conditions, actions: vec![action], origin, tags: tags(&format!("80:{}", place + 1)) }
}

pub(super) fn listener(rules: Vec<(Vec<Condition>, Action)>) -> Listener {
    let rules = rules.into_iter().enumerate().map(|(place, (conditions, action))| rule(place, conditions, action));
    Listener {
        protocol: Protocol::Http,
        default_actions: vec![answer("404")],
        default_origin: None,
        ssl_policy: None,
        certificates: Vec::new(),
        attributes: Pairs::new(),
        rules: rules.collect(),
        tags: tags("80"),
    }
}

pub(super) fn health_check() -> HealthCheck {
    HealthCheck {
        protocol: HealthCheckProtocol::Http,
        port: HealthCheckPort::TrafficPort,
        path: Some("/".to_owned()),
        matcher: None,
        interval: 15,
        timeout: 5,
        healthy_threshold: 2,
        unhealthy_threshold: 2,
    }
}

pub(super) fn wanted(listeners: Vec<(u16, Listener)>) -> Desired {
    let load_balancer = LoadBalancer {
        name: "web".to_owned(),
        load_balancer_type: LoadBalancerType::Application,
        scheme: Scheme::Internal,
        replacement_scheme: None,
        ip_address_type: IpAddressType::Ipv4,
        subnets: vec![SubnetMapping { subnet_id: SubnetId::new("subnet-a") }],
        subnets_reason: String::new(),
        security_groups: Vec::new(),
        attributes: Pairs::new(),
        tags: tags("LoadBalancer"),
    };
    let group = |resource: &str| TargetGroup {
        name: resource.to_owned(),
        target_type: TargetType::Ip,
        protocol: Protocol::Http,
        protocol_version: Some(ProtocolVersion::Http1),
        port: Knowable::Known(80),
        vpc: VpcId::new("vpc-1"),
        ip_address_type: TargetIpAddressType::Ipv4,
        health_check: health_check(),
        attributes: Pairs::new(),
        tags: tags(resource),
    };
    Desired {
        load_balancer: Some(load_balancer),
        target_groups: GROUPS.iter().map(|resource| ((*resource).to_owned(), group(resource))).collect(),
        listeners: listeners.into_iter().collect(),
        ..Desired::default()
    }
}

/// An account in which everything of [`wanted`] exists but for the listeners.
pub(super) fn found() -> ActualStack {
    let load_balancer = ActualLoadBalancer {
        arn: LoadBalancerArn::new("arn:lb"),
        name: "web".to_owned(),
        dns_name: "web.example".to_owned(),
        load_balancer_type: "application".to_owned(),
        scheme: Scheme::Internal,
        state: LoadBalancerState::Active,
        ip_address_type: IpAddressType::Ipv4,
        subnets: vec![SubnetId::new("subnet-a")],
        security_groups: Vec::new(),
        tags: tags("LoadBalancer"),
        attributes: Some(Pairs::new()),
        listeners: Vec::new(),
    };
    let group = |resource: &str| ActualTargetGroup {
        arn: group_arn(resource),
        name: resource.to_owned(),
        target_type: TargetType::Ip,
        protocol: Protocol::Http,
        protocol_version: Some(ProtocolVersion::Http1),
        ip_address_type: TargetIpAddressType::Ipv4,
        health_check: health_check(),
        attributes: Some(Pairs::new()),
        load_balancers: Vec::new(),
        tags: tags(resource),
    };
    ActualStack {
        load_balancers: vec![owned(load_balancer, "LoadBalancer")],
        target_groups: GROUPS.iter().map(|resource| owned(group(resource), resource)).collect(),
        ..ActualStack::default()
    }
}

pub(super) fn found_rule(priority: u16, conditions: Vec<Condition>, action: Action) -> ActualRule {
    ActualRule {
        arn: RuleArn::new(format!("arn:rule/{priority}")),
        priority,
        conditions,
        actions: vec![action],
        has_transforms: false,
        tags: tags(&format!("80:{priority}")),
    }
}

pub(super) fn found_listener(port: u16, rules: Vec<ActualRule>) -> ActualListener {
    ActualListener {
        arn: ListenerArn::new(format!("arn:listener/{port}")),
        port,
        protocol: Protocol::Http,
        default_actions: vec![answer("404")],
        ssl_policy: None,
        default_certificate: None,
        certificates: BTreeSet::new(),
        attributes: Some(Pairs::new()),
        rules,
        tags: tags(&port.to_string()),
    }
}

/// The account with these listeners.
pub(super) fn account(listeners: Vec<ActualListener>) -> ActualStack {
    let mut stack = found();
    let load_balancer = ActualLoadBalancer { listeners, ..ActualLoadBalancer::clone(&stack.load_balancers[0]) };
    stack.load_balancers = vec![owned(load_balancer, "LoadBalancer")];
    stack
}

/// Does what a change says, as AWS does: a priority is taken once, and a move is one for all.
pub(super) fn make(stack: &mut ActualStack, change: &Change, made: &mut Made, count: &mut usize) {
    let Write::Aws(_) = &change.write else { panic!("only AWS is written to") };
    let Ok(resolved) = resolve(change, made).unwrap().split() else { panic!("only AWS is written to") };
    let mut listeners = stack.load_balancers[0].listeners.clone();
    *count += 1;
    match &*resolved {
        AwsChange::CreateListener(request) => {
            let CreateListener { port, protocol, default_actions, certificate, ssl_policy, tags, .. } = request;
            let found = ActualListener {
                protocol: *protocol,
                default_actions: default_actions.clone(),
                default_certificate: certificate.clone(),
                ssl_policy: ssl_policy.clone(),
                tags: tags.0.clone(),
                ..found_listener(*port, Vec::new())
            };
            made.note(change.resource.key.clone(), found.arn.to_string());
            listeners.push(found);
            listeners.sort_by_key(|listener| listener.port);
        }
        AwsChange::DeleteListener(request) => listeners.retain(|found| found.arn != request.listener_arn),
        AwsChange::ModifyListener(request) => {
            let found = listeners.iter_mut().find(|found| found.arn == request.listener_arn).unwrap();
            found.protocol = request.protocol;
            found.default_actions.clone_from(&request.default_actions);
            found.default_certificate.clone_from(&request.certificate);
            found.ssl_policy.clone_from(&request.ssl_policy);
        }
        AwsChange::AddListenerCertificates(request) => {
            let found = listeners.iter_mut().find(|found| Some(&found.arn) == request.listener_arn.known()).unwrap();
            found.certificates.extend(request.certificates.clone());
        }
        AwsChange::RemoveListenerCertificates(request) => {
            let found = listeners.iter_mut().find(|found| Some(&found.arn) == request.listener_arn.known()).unwrap();
            found.certificates.retain(|one| !request.certificates.contains(one));
        }
        AwsChange::CreateRule(request) => {
            let found = listeners.iter_mut().find(|found| Some(&found.arn) == request.listener_arn.known()).unwrap();
            assert!(found.rules.iter().all(|rule| rule.priority != request.priority), "PriorityInUse");
            let rule = ActualRule {
                arn: RuleArn::new(format!("arn:rule/made-{count}-{}", found.rules.len())),
                tags: request.tags.0.clone(),
                ..found_rule(request.priority, request.conditions.clone(), request.actions[0].clone())
            };
            made.note(change.resource.key.clone(), rule.arn.to_string());
            found.rules.push(rule);
        }
        AwsChange::ModifyRule(request) => {
            let mut rules = listeners.iter_mut().flat_map(|found| &mut found.rules);
            let rule = rules.find(|rule| rule.arn == request.rule_arn).unwrap();
            rule.conditions.clone_from(&request.conditions);
            rule.actions.clone_from(&request.actions);
            rule.has_transforms = false;
        }
        AwsChange::SetRulePriorities(request) => {
            for wanted in &request.rule_priorities {
                let mut rules = listeners.iter_mut().flat_map(|found| &mut found.rules);
                rules.find(|rule| Some(&rule.arn) == wanted.rule_arn.known()).unwrap().priority = wanted.priority;
            }
        }
        AwsChange::DeleteRule(request) => {
            listeners
                .iter_mut()
                .for_each(|found| found.rules.retain(|rule| Some(&rule.arn) != request.rule_arn.known()));
        }
        AwsChange::AddTags(request) => {
            let rules = listeners.iter_mut().flat_map(|found| &mut found.rules);
            let named = rules.filter(|rule| request.resource_arns.contains(&rule.arn.to_string()));
            named.for_each(|rule| rule.tags.extend(request.tags.0.clone()));
        }
        AwsChange::DeleteTargetGroup(gone) => {
            let mut used = listeners.iter().flat_map(ActualListener::target_groups);
            assert!(!used.any(|arn| *arn == gone.target_group_arn), "it is in use");
            stack.target_groups.retain(|group| group.arn != gone.target_group_arn);
        }
        other => panic!("{} is not expected", other.operation()),
    }
    for listener in &mut listeners {
        listener.rules.sort_by_key(|rule| rule.priority);
        assert!(listener.rules.windows(2).all(|pair| pair[0].priority < pair[1].priority), "PriorityInUse");
    }
    let load_balancer = ActualLoadBalancer { listeners, ..ActualLoadBalancer::clone(&stack.load_balancers[0]) };
    stack.load_balancers = vec![owned(load_balancer, "LoadBalancer")];
}

/// The account after each of the plan's changes, and the calls.
pub(super) fn carried_out(wanted: &Desired, start: &ActualStack) -> (Vec<ActualStack>, Vec<&'static str>, Plan) {
    let plan = plan(wanted, start);
    let (mut states, mut made, mut count) = (vec![start.clone()], Made::default(), 0);
    let mut calls = Vec::new();
    for step in &plan.steps {
        let Step::Change(change) = step else { panic!("nothing waits: {step:?}") };
        let mut state = states.last().unwrap().clone();
        make(&mut state, change, &mut made, &mut count);
        let Write::Aws(write) = &change.write else { panic!("only AWS is written to") };
        calls.push(write.operation());
        states.push(state);
    }
    (states, calls, plan)
}

pub(super) fn expect_agreement(wanted: &Desired, found: &ActualStack) {
    let plan = plan(wanted, found);
    assert!(plan.steps.is_empty(), "{:?}", plan.steps);
}
