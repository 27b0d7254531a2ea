//! A Service of type LoadBalancer, understood: typed intent, or every problem of it at once.

use ipnet::IpNet;
use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec as KubeServiceSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::annotation::{self, Annotations};
use super::class::Claim;
use super::health_check;
use crate::id::{Knowable, ObjectName, Scheme, StackId, TargetType, Uid};
use crate::model::{HealthCheck, Pairs, PortRef};
use crate::problem::{Problem, Refusal};
use crate::snapshot::Settings;

/// What a Service asks for. What follows from AWS's facts (the subnets, the security groups) is decided later.
#[derive(Debug, Clone)]
pub struct ServiceSpec {
    /// The stack.
    pub id: StackId,
    /// The Service.
    pub name: ObjectName,
    /// The uid, part of every name; unknown for a manifest that no API server has seen.
    pub uid: Option<Uid>,
    /// The flags it was understood with.
    pub settings: std::sync::Arc<Settings>,
    /// The scheme that an annotation asks for.
    pub scheme: Option<Scheme>,
    /// The scheme when neither an annotation nor an existing load balancer decides.
    pub default_scheme: Scheme,
    /// The subnets that the annotation names; `None`: discovered, or those of the existing load balancer.
    pub subnets: Option<Vec<SubnetName>>,
    /// Who may reach the load balancer; `None`: everyone.
    pub source_ranges: Option<Vec<IpNet>>,
    /// Tags of every resource, besides those that track it and the default ones.
    pub tags: Pairs,
    /// What the targets are.
    pub target_type: TargetType,
    /// The health check of every target group.
    pub health_check: HealthCheck,
    /// The ports, in the Service's order.
    pub ports: Vec<Port>,
    /// What is odd but does no harm.
    pub warnings: Vec<Problem>,
}

/// A subnet as the annotation names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubnetName {
    /// By id.
    Id(crate::id::SubnetId),
    /// By its `Name` tag.
    NameTag(String),
}

/// One port of a Service: one listener and one target group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// The port of the listener, and of the Service.
    pub port: u16,
    /// The port of the target group: the node port, or the pods' port when it has a number.
    pub target_group_port: Knowable<u16>,
    /// The port that targets receive traffic on, as rules name it.
    pub target_port: PortRef,
    /// The port of the pods.
    pub pod_port: PortRef,
}

/// Understands a Service that is ours.
pub(super) fn accept(
    service: &Service,
    claim: Claim,
    settings: &std::sync::Arc<Settings>,
) -> Result<ServiceSpec, Refusal> {
    let name = ObjectName::of(&service.metadata);
    let id = StackId::Service(name.clone());
    let empty = KubeServiceSpec::default();
    let mut reading = Reading {
        annotations: Annotations::of(service),
        spec: service.spec.as_ref().unwrap_or(&empty),
        seen_by_api_server: service.metadata.uid.is_some(),
        settings,
        problems: Vec::new(),
    };
    let scheme = reading.scheme();
    let subnets = reading.subnets();
    let source_ranges = reading.source_ranges();
    let tags = reading.tags();
    let target_type = reading.target_type();
    let ports = reading.ports(target_type);
    reading.address_family();
    let health_check =
        health_check::read(&mut reading.annotations, reading.spec, target_type, reading.seen_by_api_server);
    let Reading { annotations, mut problems, .. } = reading;
    let object = id.object();
    for problem in &mut problems {
        problem.object.get_or_insert_with(|| object.clone());
    }
    let (of_annotations, warnings) = annotations.finish();
    problems.extend(of_annotations);
    match (health_check, problems.is_empty()) {
        (Some(health_check), true) => Ok(ServiceSpec {
            id,
            name,
            uid: service.metadata.uid.clone().map(Uid::new),
            settings: settings.clone(),
            scheme,
            default_scheme: default_scheme(claim, settings),
            subnets,
            source_ranges,
            tags,
            target_type,
            health_check,
            ports,
            warnings,
        }),
        _ => Err(Refusal { object, problems, warnings }),
    }
}

/// `decisions.md`, "default scheme".
fn default_scheme(claim: Claim, settings: &Settings) -> Scheme {
    settings.default_load_balancer_scheme.unwrap_or(match claim {
        Claim::Class | Claim::Annotation => Scheme::Internal,
        Claim::Classless => Scheme::InternetFacing,
    })
}

struct Reading<'a> {
    annotations: Annotations<'a>,
    spec: &'a KubeServiceSpec,
    seen_by_api_server: bool,
    settings: &'a Settings,
    problems: Vec<Problem>,
}

impl Reading<'_> {
    fn scheme(&mut self) -> Option<Scheme> {
        let internal = self.annotations.boolean(&annotation::INTERNAL);
        let scheme = self.annotations.choice::<Scheme>(&annotation::SCHEME);
        scheme.or(internal.map(|internal| if internal { Scheme::Internal } else { Scheme::InternetFacing }))
    }

    fn subnets(&mut self) -> Option<Vec<SubnetName>> {
        let names = self.annotations.list(&annotation::SUBNETS)?;
        if names.is_empty() {
            self.annotations.refuse(
                &annotation::SUBNETS,
                "no subnet is named",
                Some("name at least one subnet, or take the annotation away to have them discovered".to_owned()),
            );
        }
        let subnet = |name: String| match name.starts_with("subnet-") {
            true => SubnetName::Id(crate::id::SubnetId::new(name)),
            false => SubnetName::NameTag(name),
        };
        Some(names.into_iter().map(subnet).collect())
    }

    /// The field comes before the annotation; neither means everyone (`service-nlb.md` §3.8).
    fn source_ranges(&mut self) -> Option<Vec<IpNet>> {
        let of_annotation = self.annotations.list(&annotation::SOURCE_RANGES).unwrap_or_default();
        let of_spec = self.spec.load_balancer_source_ranges.clone().unwrap_or_default();
        let from_spec = !of_spec.is_empty();
        let mut ranges = Vec::new();
        for (index, text) in if from_spec { of_spec } else { of_annotation }.into_iter().enumerate() {
            let problem = match text.trim().parse::<IpNet>() {
                Ok(IpNet::V6(_)) => "an IPv6 range needs a dual-stack load balancer, which is not supported yet",
                Ok(range) => {
                    ranges.push(range.trunc());
                    continue;
                }
                Err(_) => "this is not a CIDR range",
            };
            let hint = "write an IPv4 range such as 203.0.113.0/24".to_owned();
            if from_spec {
                let field = format!("spec.loadBalancerSourceRanges[{index}]");
                self.problems.push(Problem::general(problem).at(field).value(text).hint(hint));
            } else {
                self.annotations.refuse(&annotation::SOURCE_RANGES, format!("{text:?}: {problem}"), Some(hint));
            }
        }
        ranges.sort();
        ranges.dedup();
        (!ranges.is_empty()).then_some(ranges)
    }

    /// Those of the annotation.
    fn tags(&mut self) -> Pairs {
        let tags = self.annotations.map(&annotation::ADDITIONAL_RESOURCE_TAGS).unwrap_or_default();
        for key in
            tags.keys().filter(|key| self.settings.external_managed_tags.contains(*key)).cloned().collect::<Vec<_>>()
        {
            self.annotations.refuse(
                &annotation::ADDITIONAL_RESOURCE_TAGS,
                format!("the tag {key:?} is managed elsewhere (--external-managed-tags)"),
                Some(format!("take {key:?} out of the annotation")),
            );
        }
        tags
    }

    /// Anything but `ip` means `instance`, as in LBC (`service-nlb.md` §3.14); a probable slip is told.
    fn target_type(&mut self) -> TargetType {
        let value = self.annotations.text(&annotation::TARGET_TYPE);
        let by_type = self.annotations.text(&annotation::TYPE);
        let default = self.settings.default_target_type;
        let says_ip = value.as_deref().map_or(default == TargetType::Ip, |value| value == "ip");
        if says_ip && !self.settings.gates.ip_target_type {
            let message = "targets of type ip are switched off (feature gate EnableIPTargetType)";
            let hint = "use targets of type instance".to_owned();
            self.annotations.refuse(&annotation::TARGET_TYPE, message, Some(hint));
        }
        if by_type.as_deref() == Some("nlb-ip") {
            return TargetType::Ip;
        }
        match value.as_deref() {
            None => default,
            Some("ip") => TargetType::Ip,
            Some("instance") => TargetType::Instance,
            Some(_) => {
                self.annotations.warn(
                    &annotation::TARGET_TYPE,
                    "this is neither \"instance\" nor \"ip\"; it is taken as \"instance\"",
                    Some("write \"instance\" or \"ip\"".to_owned()),
                );
                TargetType::Instance
            }
        }
    }

    fn ports(&mut self, target_type: TargetType) -> Vec<Port> {
        let kind = self.spec.type_.as_deref().unwrap_or("ClusterIP");
        if target_type == TargetType::Instance && kind == "ClusterIP" {
            self.problems.push(
                Problem::general("targets of type instance need node ports, which a Service of type ClusterIP has not")
                    .at("spec.type")
                    .value(kind)
                    .hint(format!(
                        "set spec.type: LoadBalancer, or the annotation {}: ip",
                        annotation::TARGET_TYPE.key()
                    )),
            );
            return Vec::new();
        }
        let ports = self.spec.ports.as_deref().unwrap_or_default();
        if ports.is_empty() {
            self.problems.push(Problem::general("the Service has no port").at("spec.ports"));
        }
        ports.iter().enumerate().filter_map(|(index, port)| self.port(index, port, target_type)).collect()
    }

    fn port(&mut self, index: usize, port: &ServicePort, target_type: TargetType) -> Option<Port> {
        let field = format!("spec.ports[{index}]");
        let protocol = port.protocol.as_deref().unwrap_or("TCP");
        if protocol != "TCP" {
            let message = match protocol {
                "UDP" => {
                    "UDP listeners are not supported yet; the Service is refused so that no port is silently left out"
                }
                _ => "a Network Load Balancer has no listener of this protocol",
            };
            self.problems.push(Problem::general(message).at(format!("{field}.protocol")).value(protocol));
            return None;
        }
        let Ok(number) = u16::try_from(port.port) else {
            let field = format!("{field}.port");
            self.problems.push(Problem::general("a port is 1 to 65535").at(field).value(port.port.to_string()));
            return None;
        };
        let (pod_number, pod_port) = pod_port(port, number);
        let (target_group_port, target_port) = match target_type {
            TargetType::Instance => {
                let node_port = self.node_port(&field, port)?;
                (node_port.clone(), PortRef::Number(node_port))
            }
            TargetType::Ip => (pod_number, pod_port.clone()),
        };
        Some(Port { port: number, target_group_port, target_port, pod_port })
    }

    fn node_port(&mut self, field: &str, port: &ServicePort) -> Option<Knowable<u16>> {
        let field = format!("{field}.nodePort");
        match port.node_port.and_then(|port| u16::try_from(port).ok()).filter(|port| *port != 0) {
            Some(port) => Some(Knowable::Known(port)),
            None if self.spec.allocate_load_balancer_node_ports == Some(false) => {
                self.problems.push(
                    Problem::general("targets of type instance need a node port, and none is allocated")
                        .at(field)
                        .hint(format!(
                            "set spec.allocateLoadBalancerNodePorts: true, or the annotation {}: ip",
                            annotation::TARGET_TYPE.key()
                        )),
                );
                None
            }
            None if self.seen_by_api_server => {
                self.problems
                    .push(Problem::general("the port has no node port").at(field).hint("set spec.type: LoadBalancer"));
                None
            }
            None => Some(Knowable::After(field)),
        }
    }

    /// Only IPv4 target groups exist until load balancers can be dual-stack.
    fn address_family(&mut self) {
        let families = self.spec.ip_families.as_deref().unwrap_or_default();
        if let Some(index) = families.iter().position(|family| family == "IPv6") {
            self.problems.push(
                Problem::general("IPv6 targets need a dual-stack load balancer, which is not supported yet")
                    .at(format!("spec.ipFamilies[{index}]"))
                    .value("IPv6"),
            );
        }
    }
}

/// The port of the pods; one with a name has the number 1 in the target group, where it is cosmetic
/// (`service-nlb.md` §3.14).
fn pod_port(port: &ServicePort, number: u16) -> (Knowable<u16>, PortRef) {
    match &port.target_port {
        Some(IntOrString::String(name)) => (Knowable::Known(1), PortRef::Name(name.clone())),
        Some(IntOrString::Int(target)) if *target != 0 => {
            let target = u16::try_from(*target).unwrap_or(number);
            (Knowable::Known(target), PortRef::Number(Knowable::Known(target)))
        }
        Some(IntOrString::Int(_)) | None => (Knowable::Known(number), PortRef::Number(Knowable::Known(number))),
    }
}
