//! A Network Load Balancer for a Service.

use std::collections::BTreeMap;

use ipnet::{IpNet, Ipv4Net};

use super::{
    Desired, Listener, LoadBalancer, SecurityGroup, TargetGroup, naming, networking, subnets, tags, target_group_ref,
};
use crate::facts::{Facts, Live, LiveLoadBalancer, Needs};
use crate::id::{
    IpAddressType, IpProtocol, Knowable, LoadBalancerType, ObjectName, Protocol, Ref, ResourceKey, Scheme,
    SecurityGroupId, TargetIpAddressType, TargetType,
};
use crate::model::{Action, Binding, IngressRule, Pairs, Peer, PortRef, RuleProtocol, SubnetMapping};
use crate::problem::Problem;
use crate::spec::service::{Port, ServiceSpec, SubnetName};

const MANAGED_DESCRIPTION: &str = "[k8s] Managed SecurityGroup for LoadBalancer";

/// What has to be asked for a Service.
pub(super) fn needs(spec: &ServiceSpec, live: &Live) -> Needs {
    let mut needs = Needs::default();
    let live = live.load_balancer.as_ref();
    let with_groups = live.is_none_or(|live| !live.security_groups.is_empty());
    needs.backend_security_group = with_groups && networking::needs_shared_group(&spec.settings);
    match (&spec.subnets, live) {
        (Some(names), _) => {
            needs.availability_zones = true;
            for name in names {
                match name {
                    SubnetName::Id(id) => _ = needs.subnet_ids.insert(id.clone()),
                    SubnetName::NameTag(_) => needs.subnets = true,
                }
            }
        }
        // A live load balancer keeps its subnets: nothing is discovered for it (`service-nlb.md` §3.5).
        (None, Some(_)) => {}
        (None, None) => {
            needs.subnets = true;
            needs.availability_zones = true;
            let by_routes = spec.settings.gates.subnet_discovery_by_reachability;
            needs.route_tables_unless_tagged =
                by_routes.then(|| subnets::role_tag(wanted_scheme(spec, None)).to_owned());
        }
    }
    if let Some(live) = live.filter(|_| !with_groups) {
        // Without security groups the targets' rules name addresses.
        needs.vpc = true;
        needs.subnet_ids.extend(live.subnets.iter().cloned());
    }
    needs
}

/// Decides what should exist for a Service.
pub(super) fn decide(spec: &ServiceSpec, facts: &Facts, live: &Live) -> Result<Desired, Vec<Problem>> {
    let live = live.load_balancer.as_ref();
    let chosen = chosen_subnets(spec, facts, live).map_err(|problem| {
        let field =
            spec.subnets.as_ref().map(|_| format!("metadata.annotations[{}]", crate::spec::annotation::SUBNETS.key()));
        vec![Problem { object: Some(spec.id.object()), field: problem.field.or(field), ..problem }]
    })?;
    let with_groups = live.is_none_or(|live| !live.security_groups.is_empty());
    let (groups, backend) = networking::with_managed_group(&spec.settings, facts);
    let security_groups = if with_groups { groups } else { Vec::new() };
    let mut desired = Desired {
        holding: vec![spec.id.object()],
        untouched_tags: spec.settings.external_managed_tags.clone(),
        ..Desired::default()
    };
    if with_groups {
        desired.security_groups.insert(ResourceKey::managed_security_group().id, managed_security_group(spec));
    }
    let load_balancer = load_balancer(spec, live, chosen, security_groups);
    for port in &spec.ports {
        let id = target_group_id(&spec.name, port);
        let group = target_group(spec, port, &id);
        let networking = match with_groups {
            true if spec.settings.all_target_ports => networking::all_ports(&backend),
            true => networking::from_security_group(&backend, port, &spec.health_check),
            false => networking::from_addresses(spec, port, load_balancer.scheme, &load_balancer.subnets, facts),
        };
        desired.bindings.insert(id.clone(), binding(spec, port, &group, &id, networking));
        desired.target_groups.insert(id.clone(), group);
        desired.listeners.insert(
            port.port,
            Listener {
                protocol: Protocol::Tcp,
                default_actions: vec![Action::forward_to(target_group_ref(&id))],
                default_origin: None,
                ssl_policy: None,
                certificates: Vec::new(),
                attributes: Pairs::new(),
                rules: Vec::new(),
                tags: match spec.settings.gates.listener_rules_tagging {
                    true => resource_tags(spec, &port.port.to_string()),
                    false => Pairs::new(),
                },
            },
        );
        desired.routes.push(route(spec, port));
    }
    desired.load_balancer = Some(load_balancer);
    Ok(desired)
}

/// What an annotation says, else what is there, else the default (`service-nlb.md` §3.3).
fn wanted_scheme(spec: &ServiceSpec, live: Option<&LiveLoadBalancer>) -> Scheme {
    spec.scheme.or(live.map(|live| live.scheme)).unwrap_or(spec.default_scheme)
}

fn chosen_subnets(
    spec: &ServiceSpec,
    facts: &Facts,
    live: Option<&LiveLoadBalancer>,
) -> Result<subnets::Chosen, Problem> {
    if let Some(live) = live.filter(|live| live.scheme != wanted_scheme(spec, Some(live))) {
        // The replacement is held, and what there is stays where it is: other subnets are for the other scheme.
        let reason = "the subnets of the existing load balancer, which goes on serving".to_owned();
        return Ok(subnets::Chosen { subnets: live.subnets.clone(), reason });
    }
    match (&spec.subnets, live) {
        (Some(names), _) => subnets::named(names, facts, &wanted_subnets(spec, live)),
        (None, Some(live)) => Ok(subnets::Chosen {
            subnets: live.subnets.clone(),
            reason: "the subnets of the existing load balancer".to_owned(),
        }),
        (None, None) => subnets::discovered(facts, &wanted_subnets(spec, None)),
    }
}

fn wanted_subnets<'a>(spec: &'a ServiceSpec, live: Option<&LiveLoadBalancer>) -> subnets::Wanted<'a> {
    subnets::Wanted {
        scheme: wanted_scheme(spec, live),
        ipv6: false,
        zones: 1,
        cluster: &spec.settings.cluster_name,
        vpc: &spec.settings.vpc,
        gates: spec.settings.gates,
        annotation: crate::spec::annotation::SUBNETS.key(),
    }
}

fn load_balancer(
    spec: &ServiceSpec,
    live: Option<&LiveLoadBalancer>,
    chosen: subnets::Chosen,
    security_groups: Vec<Ref<SecurityGroupId>>,
) -> LoadBalancer {
    let wanted = wanted_scheme(spec, live);
    // A load balancer's scheme cannot be changed: the one that is there stays and serves.
    let scheme = live.map_or(wanted, |live| live.scheme);
    LoadBalancer {
        name: naming::load_balancer(&spec.settings.cluster_name, &spec.name, spec.uid.as_ref(), scheme),
        load_balancer_type: LoadBalancerType::Network,
        scheme,
        replacement_scheme: (scheme != wanted).then_some(wanted),
        ip_address_type: IpAddressType::Ipv4,
        subnets: chosen.subnets.into_iter().map(|subnet_id| SubnetMapping { subnet_id }).collect(),
        subnets_reason: chosen.reason,
        security_groups,
        attributes: Pairs::new(),
        tags: resource_tags(spec, &ResourceKey::load_balancer().id),
    }
}

fn resource_tags(spec: &ServiceSpec, resource_id: &str) -> Pairs {
    let others = tags::with_defaults(&spec.tags, &spec.settings);
    tags::of_resource(&others, &spec.settings.cluster_name, &spec.id, resource_id)
}

/// One rule per port and range (`service-nlb.md` §3.8).
fn managed_security_group(spec: &ServiceSpec) -> SecurityGroup {
    let everyone = [IpNet::V4(Ipv4Net::default())];
    let ranges = spec.source_ranges.as_deref().unwrap_or(&everyone);
    let mut rules = Vec::new();
    for port in &spec.ports {
        for range in ranges {
            rules.push(IngressRule {
                protocol: RuleProtocol::Ip(IpProtocol::Tcp),
                from_port: Knowable::Known(port.port.into()),
                to_port: Knowable::Known(port.port.into()),
                peer: Peer::Cidr(*range),
                description: String::new(),
            });
        }
    }
    rules.sort();
    rules.dedup();
    SecurityGroup {
        name: naming::managed_security_group(&spec.settings.cluster_name, &spec.name, spec.uid.as_ref()),
        description: MANAGED_DESCRIPTION,
        vpc: spec.settings.vpc.clone(),
        rules,
        tags: resource_tags(spec, &ResourceKey::managed_security_group().id),
    }
}

fn target_group_id(service: &ObjectName, port: &Port) -> String {
    format!("{service}:{}", port.port)
}

fn target_group(spec: &ServiceSpec, port: &Port, id: &str) -> TargetGroup {
    let name = naming::target_group(&naming::TargetGroupName {
        cluster: &spec.settings.cluster_name,
        service: &spec.name,
        uid: spec.uid.as_ref(),
        target_group_port: &port.target_group_port,
        service_port: port.port,
        target_type: spec.target_type,
        protocol: Protocol::Tcp,
        health_check_protocol: spec.health_check.protocol,
        health_check_interval: spec.health_check.interval,
    });
    TargetGroup {
        name,
        target_type: spec.target_type,
        protocol: Protocol::Tcp,
        protocol_version: None,
        port: port.target_group_port.clone(),
        vpc: spec.settings.vpc.clone(),
        ip_address_type: TargetIpAddressType::Ipv4,
        health_check: spec.health_check.clone(),
        attributes: BTreeMap::from([("proxy_protocol_v2.enabled".to_owned(), "false".to_owned())]),
        tags: resource_tags(spec, id),
    }
}

/// `service-nlb.md` §3.16.
fn binding(
    spec: &ServiceSpec,
    port: &Port,
    group: &TargetGroup,
    id: &str,
    networking: Vec<crate::model::NetworkingRule>,
) -> Binding {
    Binding {
        name: ObjectName::new(spec.name.namespace.clone(), group.name.clone()),
        labels: spec.id.labels(),
        target_group: target_group_ref(id),
        target_type: group.target_type,
        protocol: Some(group.protocol),
        service: spec.name.name.clone(),
        port: PortRef::Number(Knowable::Known(port.port)),
        ip_address_type: group.ip_address_type,
        vpc: Some(group.vpc.clone()),
        node_selector: None,
        networking: Some(networking),
        multi_cluster: false,
    }
}

fn route(spec: &ServiceSpec, port: &Port) -> String {
    match spec.target_type {
        TargetType::Instance => {
            format!("client → NLB:{} → node:{} → pod:{}", port.port, port.target_group_port, port.pod_port)
        }
        TargetType::Ip => format!("client → NLB:{} → pod:{}", port.port, port.pod_port),
    }
}
