//! A Service port behind an Ingress, and what its target group is to be (`ingress-alb.md` §8).

use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::reading::Reading;
use super::{health_check, settings};
use crate::id::{Knowable, ObjectName, Protocol, ProtocolVersion, TargetIpAddressType, TargetType, Uid};
use crate::model::{HealthCheck, Pairs, PortRef};
use crate::problem::Problem;
use crate::spec::annotation::Annotations;
use crate::spec::annotation::ingress as annotation;

/// What the target group of a Service port is to be. One per Ingress, Service and port as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackendSettings {
    /// The Service.
    pub service: ObjectName,
    /// Its uid, part of the name; unknown for a manifest that no API server has seen.
    pub uid: Option<Uid>,
    /// The port of the Service as the Ingress writes it.
    pub port: PortRef,
    /// The port of the target group: the node port, or the pods' port when it has a number.
    pub target_group_port: Knowable<u16>,
    /// The port that targets receive traffic on, as rules name it.
    pub target_port: PortRef,
    /// The port of the pods.
    pub pod_port: PortRef,
    /// What the targets are.
    pub target_type: TargetType,
    /// HTTP or HTTPS.
    pub protocol: Protocol,
    /// The version of the protocol.
    pub protocol_version: ProtocolVersion,
    /// The family of the targets' addresses.
    pub ip_address_type: TargetIpAddressType,
    /// Labels that a node must carry to be a target; none: every node. Instance targets only.
    pub node_labels: Pairs,
    /// The health check.
    pub health_check: HealthCheck,
    /// Attributes that must have these values.
    pub attributes: Pairs,
    /// Tags, besides those that track it and the default ones.
    pub tags: Pairs,
}

/// What became of a Service port.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Backend {
    /// It can be had.
    Found(Box<BackendSettings>),
    /// There is no such Service.
    NoService,
    /// Something is wrong; it was noted.
    Refused,
}

/// Looks a Service port up. `at` is the field that names it.
pub(super) fn find(reading: &mut Reading<'_>, service: &str, port: &PortRef, at: &str) -> Backend {
    let name = ObjectName::new(reading.name.namespace.clone(), service);
    let snapshot = reading.snapshot;
    let Some(object) = snapshot.services.get(&name) else { return Backend::NoService };
    let empty = ServiceSpec::default();
    let spec = object.spec.as_ref().unwrap_or(&empty);
    if spec.type_.as_deref() == Some("ExternalName") {
        let problem = Problem::general(format!("Service {name} is of type ExternalName, which has no endpoints"))
            .at(at)
            .hint("use a Service with a selector or with EndpointSlices, or an action of type redirect");
        reading.refuse(problem);
        return Backend::Refused;
    }
    let Some((index, found)) = port_of(spec, port) else {
        let ports = spec.ports.iter().flatten().map(shown).collect::<Vec<_>>().join(", ");
        let problem = Problem::general(format!("Service {name} has no port {port}")).at(at).hint(if ports.is_empty() {
            "give the Service a port".to_owned()
        } else {
            format!("its ports: {ports}")
        });
        reading.refuse(problem);
        return Backend::Refused;
    };
    let before = reading.problems();
    let mut annotations = Annotations::of_backend(reading.ingress, object);
    let settings = read(reading, &mut annotations, object, spec, (index, found), &name, port);
    reading.take(annotations);
    match settings {
        Some(settings) if reading.problems() == before => Backend::Found(Box::new(settings)),
        _ => Backend::Refused,
    }
}

fn read(
    reading: &mut Reading<'_>,
    annotations: &mut Annotations<'_>,
    object: &Service,
    spec: &ServiceSpec,
    (index, found): (usize, &ServicePort),
    name: &ObjectName,
    port: &PortRef,
) -> Option<BackendSettings> {
    let target_type = target_type(reading, annotations);
    let protocol = protocol(annotations);
    let protocol_version = annotations.choice(&annotation::BACKEND_PROTOCOL_VERSION).unwrap_or(ProtocolVersion::Http1);
    let health_check = health_check::read(annotations, spec, target_type, protocol, protocol_version);
    let attributes = annotations.map(&annotation::TARGET_GROUP_ATTRIBUTES).unwrap_or_default();
    let tags = tags(reading, annotations, object);
    let node_labels = node_labels(annotations, target_type);
    let (number, pod_port) = pod_port(found)?;
    let (target_group_port, target_port) = match target_type {
        TargetType::Instance => {
            let node_port = node_port(reading, annotations, object, spec, (index, found), name)?;
            (node_port.clone(), PortRef::Number(node_port))
        }
        TargetType::Ip => (number, pod_port.clone()),
    };
    let is_ipv6 = spec.ip_families.iter().flatten().any(|family| family == "IPv6");
    Some(BackendSettings {
        service: name.clone(),
        uid: object.metadata.uid.clone().map(Uid::new),
        port: port.clone(),
        target_group_port,
        target_port,
        pod_port,
        target_type,
        protocol,
        protocol_version,
        ip_address_type: if is_ipv6 { TargetIpAddressType::Ipv6 } else { TargetIpAddressType::Ipv4 },
        node_labels,
        health_check: health_check?,
        attributes,
        tags,
    })
}

/// The class comes before the Service, and that before the Ingress.
fn target_type(reading: &mut Reading<'_>, annotations: &mut Annotations<'_>) -> TargetType {
    let default = reading.settings.default_target_type;
    let target_type = match reading.class().target_type.as_deref() {
        Some(text) => {
            let parsed = text.parse::<TargetType>();
            if parsed.is_err() {
                let hint = settings::allowed(&annotation::TARGET_TYPE);
                reading.refuse_class("targetType", text, "this value is unknown", hint);
            }
            parsed.ok()
        }
        None => annotations.choice(&annotation::TARGET_TYPE),
    };
    let target_type = target_type.unwrap_or(default);
    if target_type == TargetType::Ip && !reading.settings.gates.ip_target_type {
        let message = "targets of type ip are switched off (feature gate EnableIPTargetType)";
        annotations.refuse(&annotation::TARGET_TYPE, message, Some("use targets of type instance".to_owned()));
    }
    target_type
}

fn protocol(annotations: &mut Annotations<'_>) -> Protocol {
    match annotations.text(&annotation::BACKEND_PROTOCOL).as_deref() {
        None | Some("HTTP") => Protocol::Http,
        Some("HTTPS") => Protocol::Https,
        Some(_) => {
            annotations.refuse(&annotation::BACKEND_PROTOCOL, "this value is unknown", None);
            Protocol::Http
        }
    }
}

/// They mean nothing for addresses of pods, and are not looked at there.
fn node_labels(annotations: &mut Annotations<'_>, target_type: TargetType) -> Pairs {
    if target_type != TargetType::Instance {
        return Pairs::new();
    }
    annotations.map(&annotation::TARGET_NODE_LABELS).unwrap_or_default()
}

/// Key by key the class comes before the Service, and that before the Ingress.
fn tags(reading: &mut Reading<'_>, annotations: &mut Annotations<'_>, object: &Service) -> Pairs {
    let mut tags = reading.annotations.map(&annotation::TAGS).unwrap_or_default();
    let on_service = object.metadata.annotations.as_ref().is_some_and(|all| all.contains_key(annotation::TAGS.key()));
    if on_service {
        let of_service = annotations.map(&annotation::TAGS).unwrap_or_default();
        for key in of_service.keys().filter(|key| reading.settings.external_managed_tags.contains(*key)) {
            let hint = Some(format!("take {key:?} out of it"));
            annotations.refuse(&annotation::TAGS, settings::managed_elsewhere(key), hint);
        }
        tags.extend(of_service);
    }
    tags.extend(reading.class_tags());
    tags
}

/// By number or by name, the first that fits.
fn port_of<'a>(spec: &'a ServiceSpec, port: &PortRef) -> Option<(usize, &'a ServicePort)> {
    let fits = |found: &ServicePort| match port {
        PortRef::Number(number) => number.known().map(i32::from) == Some(found.port),
        PortRef::Name(name) => found.name.as_deref() == Some(name),
    };
    spec.ports.iter().flatten().enumerate().find(|(_, found)| fits(found))
}

fn shown(port: &ServicePort) -> String {
    match &port.name {
        Some(name) => format!("{} ({name})", port.port),
        None => port.port.to_string(),
    }
}

/// The port of the pods; one with a name has the number 1 in the target group, where it is cosmetic.
fn pod_port(port: &ServicePort) -> Option<(Knowable<u16>, PortRef)> {
    let number = |number: i32| u16::try_from(number).ok().filter(|port| *port != 0);
    let known = |port: u16| (Knowable::Known(port), PortRef::Number(Knowable::Known(port)));
    match &port.target_port {
        Some(IntOrString::String(name)) => Some((Knowable::Known(1), PortRef::Name(name.clone()))),
        Some(IntOrString::Int(target)) if *target != 0 => number(*target).map(known),
        Some(IntOrString::Int(_)) | None => number(port.port).map(known),
    }
}

fn node_port(
    reading: &mut Reading<'_>,
    annotations: &mut Annotations<'_>,
    object: &Service,
    spec: &ServiceSpec,
    (index, port): (usize, &ServicePort),
    name: &ObjectName,
) -> Option<Knowable<u16>> {
    if let Some(port) = port.node_port.and_then(|port| u16::try_from(port).ok()).filter(|port| *port != 0) {
        return Some(Knowable::Known(port));
    }
    let kind = spec.type_.as_deref().unwrap_or("ClusterIP");
    let gets_one =
        kind == "NodePort" || (kind == "LoadBalancer" && spec.allocate_load_balancer_node_ports != Some(false));
    if gets_one && object.metadata.uid.is_none() {
        return Some(Knowable::After(format!("spec.ports[{index}].nodePort")));
    }
    let by_class = reading.class().target_type.is_some();
    let message = format!("targets of type instance need a node port, and Service {name} of type {kind} has none");
    let hint = match by_class {
        true => format!("set spec.type: NodePort in Service {name}"),
        false => format!("set {}: ip, or spec.type: NodePort in Service {name}", annotation::TARGET_TYPE.key()),
    };
    annotations.refuse(&annotation::TARGET_TYPE, message, Some(hint));
    None
}
