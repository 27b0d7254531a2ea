//! Who may reach the targets: the networking part of a TargetGroupBinding (`service-nlb.md` §3.16,
//! `ingress-alb.md` §8.7).

use ipnet::{IpNet, Ipv4Net};

use crate::facts::Facts;
use crate::id::{IpProtocol, Ref, ResourceKey, Scheme, SecurityGroupId, TargetType};
use crate::model::{HealthCheck, HealthCheckPort, NetworkingPort, NetworkingRule, Peer, PortRef, SubnetMapping};
use crate::snapshot::{BackendSecurityGroup, Settings};
use crate::spec::service::{Port, ServiceSpec};

/// Whether the cluster's shared security group is used at all.
pub(super) fn needs_shared_group(settings: &Settings) -> bool {
    settings.backend_security_group == BackendSecurityGroup::Shared
}

/// The security group that load balancers carry towards their targets; `None`: there is none of its own.
pub(super) fn backend_group(settings: &Settings, facts: &Facts) -> Option<Ref<SecurityGroupId>> {
    match (&settings.backend_security_group, &facts.backend_security_group) {
        (BackendSecurityGroup::Off, _) => None,
        (BackendSecurityGroup::Given(id), _) | (BackendSecurityGroup::Shared, Some(id)) => Some(Ref::Known(id.clone())),
        (BackendSecurityGroup::Shared, None) => Some(Ref::Made(ResourceKey::backend_security_group())),
    }
}

/// The security groups of a load balancer whose first one is made for it, and the one that its targets let in.
pub(super) fn with_managed_group(
    settings: &Settings,
    facts: &Facts,
) -> (Vec<Ref<SecurityGroupId>>, Ref<SecurityGroupId>) {
    let managed = Ref::Made(ResourceKey::managed_security_group());
    match backend_group(settings, facts) {
        Some(backend) => (vec![managed, backend.clone()], backend),
        None => (vec![managed.clone()], managed),
    }
}

/// A load balancer with security groups: everything comes from the shared one.
pub(super) fn from_security_group(
    source: &Ref<SecurityGroupId>,
    port: &Port,
    check: &HealthCheck,
) -> Vec<NetworkingRule> {
    let mut ports = vec![tcp(port.target_port.clone())];
    if let HealthCheckPort::Port(number) = &check.port {
        let check_port = PortRef::Number(number.clone());
        if check_port != port.target_port {
            ports.push(tcp(check_port));
        }
    }
    vec![NetworkingRule { from: vec![Peer::SecurityGroup(source.clone())], ports }]
}

/// The targets of an Ingress: one rule per port, as LBC writes them (`ingress-alb.md` §8.7).
pub(super) fn port_by_port(
    source: &Ref<SecurityGroupId>,
    target_port: &PortRef,
    check: &HealthCheck,
) -> Vec<NetworkingRule> {
    let mut ports = vec![target_port.clone()];
    if let HealthCheckPort::Port(number) = &check.port {
        ports.push(PortRef::Number(number.clone()));
    }
    let rule = |port| NetworkingRule { from: vec![Peer::SecurityGroup(source.clone())], ports: vec![tcp(port)] };
    ports.into_iter().map(rule).collect()
}

/// Every TCP port (`--disable-restricted-sg-rules`).
pub(super) fn all_ports(source: &Ref<SecurityGroupId>) -> Vec<NetworkingRule> {
    let ports = vec![NetworkingPort { protocol: IpProtocol::Tcp, port: None }];
    vec![NetworkingRule { from: vec![Peer::SecurityGroup(source.clone())], ports }]
}

/// A load balancer that was made without security groups: traffic comes from its subnets, or from the clients themselves
/// where their addresses are preserved (instance targets).
pub(super) fn from_addresses(
    spec: &ServiceSpec,
    port: &Port,
    scheme: Scheme,
    subnets: &[SubnetMapping],
    facts: &Facts,
) -> Vec<NetworkingRule> {
    let of_subnets = subnets
        .iter()
        .filter_map(|mapping| facts.subnets.get(&mapping.subnet_id)?.cidr)
        .map(Peer::Cidr)
        .collect::<Vec<_>>();
    let preserves_client_ip = spec.target_type == TargetType::Instance;
    let everyone = IpNet::V4(Ipv4Net::default());
    let sources = match (preserves_client_ip, &spec.source_ranges, scheme) {
        (false, _, _) => of_subnets.clone(),
        (true, Some(ranges), _) => ranges.iter().copied().map(Peer::Cidr).collect(),
        (true, None, Scheme::Internal) => {
            facts.vpc.iter().flat_map(|vpc| vpc.cidrs.iter().copied()).map(Peer::Cidr).collect()
        }
        (true, None, Scheme::InternetFacing) => vec![Peer::Cidr(everyone)],
    };
    let check_port = match &spec.health_check.port {
        HealthCheckPort::TrafficPort => port.target_port.clone(),
        HealthCheckPort::Port(number) => PortRef::Number(number.clone()),
    };
    let checks_reach_it = check_port == port.target_port
        && (!preserves_client_ip || spec.source_ranges.is_none() || sources.contains(&Peer::Cidr(everyone)));
    let mut rules = vec![NetworkingRule { from: sources, ports: vec![tcp(port.target_port.clone())] }];
    if !checks_reach_it {
        rules.push(NetworkingRule { from: of_subnets, ports: vec![tcp(check_port)] });
    }
    rules
}

fn tcp(port: PortRef) -> NetworkingPort {
    NetworkingPort { protocol: IpProtocol::Tcp, port: Some(port) }
}
