//! Target groups and their TargetGroupBindings (`ingress-alb.md` §8).

use std::collections::BTreeSet;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::super::{naming, networking};
use super::{Culprits, Deciding, blame};
use crate::desired::{Desired, TargetGroup, target_group_ref};
use crate::id::{IpAddressType, ObjectName, Ref, SecurityGroupId, TargetIpAddressType};
use crate::model::{Binding, Pairs};
use crate::problem::Problem;
use crate::spec::annotation::ingress as annotation;
use crate::spec::ingress::{BackendSettings, Member};

/// What the facts and the load balancer's address type forbid.
pub(super) fn check(deciding: Deciding<'_>, culprits: &mut Culprits) {
    let is_dualstack = super::balancer::ip_address_type(deciding) != IpAddressType::Ipv4;
    for member in &deciding.group.good {
        for (name, field) in &member.rules.named_groups {
            if !deciding.facts.target_groups.contains_key(name) {
                let problem = Problem::general(format!("there is no target group named {name:?}")).at(field.clone());
                blame(culprits, member, problem.hint("name one that exists in the Region, or its ARN"));
            }
        }
        let ipv6 = member.rules.backends.values().find(|one| one.ip_address_type == TargetIpAddressType::Ipv6);
        if let Some(backend) = ipv6.filter(|_| !is_dualstack) {
            let message =
                format!("Service {} has IPv6 targets, which need a dual-stack load balancer", backend.service);
            let hint = format!("set {}: dualstack", annotation::IP_ADDRESS_TYPE.key());
            blame(culprits, member, Problem::general(message).hint(hint));
        }
    }
}

/// Adds the target groups that the listeners use, with their bindings. `source` is the security group that the targets
/// let in; without one their rules are not managed.
pub(super) fn decide(
    deciding: Deciding<'_>,
    used: &BTreeSet<String>,
    source: Option<&Ref<SecurityGroupId>>,
    desired: &mut Desired,
) {
    for member in &deciding.group.good {
        for (id, backend) in member.rules.backends.iter().filter(|(id, _)| used.contains(*id)) {
            let group = target_group(deciding, member, id, backend);
            desired.bindings.insert(id.clone(), binding(deciding, id, backend, &group, source));
            desired.target_groups.insert(id.clone(), group);
        }
    }
}

fn target_group(deciding: Deciding<'_>, member: &Member, id: &str, backend: &BackendSettings) -> TargetGroup {
    let settings = &deciding.spec.settings;
    let name = naming::backend_target_group(&naming::BackendName {
        cluster: &settings.cluster_name,
        group: &deciding.spec.id,
        ingress: &member.name,
        service: &backend.service,
        uid: backend.uid.as_ref(),
        port: &backend.port,
        target_group_port: &backend.target_group_port,
        target_type: backend.target_type,
        protocol: backend.protocol,
        protocol_version: backend.protocol_version,
    });
    TargetGroup {
        name,
        target_type: backend.target_type,
        protocol: backend.protocol,
        protocol_version: Some(backend.protocol_version),
        port: backend.target_group_port.clone(),
        vpc: settings.vpc.clone(),
        ip_address_type: backend.ip_address_type,
        health_check: backend.health_check.clone(),
        attributes: backend.attributes.clone(),
        tags: deciding.tags(&backend.tags, id),
    }
}

fn node_selector(labels: &Pairs) -> Option<LabelSelector> {
    (!labels.is_empty()).then(|| LabelSelector { match_labels: Some(labels.clone()), match_expressions: None })
}

fn binding(
    deciding: Deciding<'_>,
    id: &str,
    backend: &BackendSettings,
    group: &TargetGroup,
    source: Option<&Ref<SecurityGroupId>>,
) -> Binding {
    let all_ports = deciding.spec.settings.all_target_ports;
    let networking = source.map(|source| match all_ports {
        true => networking::all_ports(source),
        false => networking::port_by_port(source, &backend.target_port, &backend.health_check),
    });
    Binding {
        name: ObjectName::new(backend.service.namespace.clone(), group.name.clone()),
        labels: deciding.spec.id.labels(),
        target_group: target_group_ref(id),
        target_type: backend.target_type,
        protocol: Some(backend.protocol),
        service: backend.service.name.clone(),
        port: backend.port.clone(),
        ip_address_type: backend.ip_address_type,
        vpc: Some(deciding.spec.settings.vpc.clone()),
        node_selector: node_selector(&backend.node_labels),
        networking,
        multi_cluster: false,
    }
}
