//! An account in which a stack is exactly as it should be.

use crate::actual::{
    ActualBinding, ActualListener, ActualLoadBalancer, ActualRule, ActualSecurityGroup, ActualStack, ActualTargetGroup,
    LoadBalancerState, Owned,
};
use crate::desired::Desired;
use crate::diff::object;
use crate::id::{ListenerArn, LoadBalancerArn, Ref, ResourceKey, RuleArn, SecurityGroupId, StackId, TargetGroupArn};
use crate::model::{Action, Binding, Pairs};

/// What would be observed of the stack, with the TargetGroupBindings of the cluster.
pub(crate) fn of(desired: &Desired, id: &StackId) -> (ActualStack, Vec<ActualBinding>) {
    let stack = ActualStack {
        load_balancers: vec![owned(load_balancer(desired), id, |one| &one.tags)],
        target_groups: desired
            .target_groups
            .iter()
            .map(|(resource, group)| {
                let found = ActualTargetGroup {
                    arn: target_group_arn(resource),
                    name: group.name.clone(),
                    target_type: group.target_type,
                    protocol: group.protocol,
                    protocol_version: group.protocol_version,
                    ip_address_type: group.ip_address_type,
                    health_check: group.health_check.clone(),
                    attributes: Some(group.attributes.clone()),
                    load_balancers: vec![arn()],
                    tags: group.tags.clone(),
                };
                owned(found, id, |one| &one.tags)
            })
            .collect(),
        security_groups: desired
            .security_groups
            .values()
            .map(|group| {
                let (rules, tags) = (group.rules.clone(), group.tags.clone());
                let id_of = security_group(&Ref::Made(ResourceKey::managed_security_group()));
                owned(ActualSecurityGroup { id: id_of, name: group.name.clone(), rules, tags }, id, |one| &one.tags)
            })
            .collect(),
        ..ActualStack::default()
    };
    (stack, desired.bindings.values().map(binding).collect())
}

fn owned<T: std::fmt::Debug>(value: T, id: &StackId, tags: impl Fn(&T) -> &Pairs) -> Owned<T> {
    let tags = tags(&value).clone();
    Owned::claim(value, &tags, "demo", id).unwrap()
}

fn arn() -> LoadBalancerArn {
    LoadBalancerArn::new("arn:aws:elasticloadbalancing:us-west-2:123456789012:loadbalancer/app/live/1")
}

fn target_group_arn(resource: &str) -> TargetGroupArn {
    TargetGroupArn::new(format!("arn:group/{resource}"))
}

fn security_group(reference: &Ref<SecurityGroupId>) -> SecurityGroupId {
    match reference {
        Ref::Known(id) => id.clone(),
        Ref::Made(key) => SecurityGroupId::new(format!("sg-{}", key.id)),
    }
}

fn known(reference: &Ref<TargetGroupArn>) -> Ref<TargetGroupArn> {
    match reference {
        Ref::Known(_) => reference.clone(),
        Ref::Made(key) => Ref::Known(target_group_arn(&key.id)),
    }
}

fn actions(actions: &[Action]) -> Vec<Action> {
    actions.iter().map(|action| action.with_target_groups(known)).collect()
}

fn load_balancer(desired: &Desired) -> ActualLoadBalancer {
    let wanted = desired.load_balancer.as_ref().unwrap();
    let listener = |(port, listener): (&u16, &crate::desired::Listener)| ActualListener {
        arn: ListenerArn::new(format!("arn:listener/{port}")),
        port: *port,
        protocol: listener.protocol,
        default_actions: actions(&listener.default_actions),
        ssl_policy: listener.ssl_policy.clone(),
        default_certificate: listener.certificates.first().cloned(),
        certificates: listener.certificates.iter().cloned().collect(),
        attributes: Some(listener.attributes.clone()),
        rules: (1..)
            .zip(&listener.rules)
            .map(|(priority, rule)| ActualRule {
                arn: RuleArn::new(format!("arn:rule/{port}/{priority}")),
                priority,
                conditions: rule.conditions.clone(),
                actions: actions(&rule.actions),
                has_transforms: false,
                tags: rule.tags.clone(),
            })
            .collect(),
        tags: listener.tags.clone(),
    };
    ActualLoadBalancer {
        arn: arn(),
        name: wanted.name.clone(),
        dns_name: "live.elb.amazonaws.com".to_owned(),
        load_balancer_type: wanted.load_balancer_type.to_string(),
        scheme: wanted.scheme,
        state: LoadBalancerState::Active,
        ip_address_type: wanted.ip_address_type,
        subnets: wanted.subnets.iter().map(|mapping| mapping.subnet_id.clone()).collect(),
        security_groups: wanted.security_groups.iter().map(security_group).collect(),
        tags: wanted.tags.clone(),
        attributes: Some(wanted.attributes.clone()),
        listeners: desired.listeners.iter().map(listener).collect(),
    }
}

fn binding(binding: &Binding) -> ActualBinding {
    let binding = Binding { target_group: known(&binding.target_group), ..binding.clone() };
    let spec = object(&binding)["spec"].clone();
    ActualBinding { binding, spec, resource_version: Some("1".to_owned()), deleting: false, targets: None }
}
