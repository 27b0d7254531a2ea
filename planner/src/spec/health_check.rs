//! The health check that a Service asks for (`service-nlb.md` §3.15).

use k8s_openapi::api::core::v1::ServiceSpec;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::annotation::{self, Annotation, Annotations};
use crate::id::{HealthCheckProtocol, Knowable, TargetType};
use crate::model::{HealthCheck, HealthCheckPort, Matcher};

/// What holds where no annotation says otherwise.
struct Defaults {
    protocol: HealthCheckProtocol,
    port: HealthCheckPort,
    path: &'static str,
    timeout: u16,
    threshold: u16,
}

/// Reads the annotations over the defaults; `None` when one of them is wrong.
pub(super) fn read(
    annotations: &mut Annotations<'_>,
    spec: &ServiceSpec,
    target_type: TargetType,
    seen_by_api_server: bool,
) -> Option<HealthCheck> {
    let defaults = defaults(spec, target_type, seen_by_api_server);
    let protocol = protocol(annotations);
    let port = explicit_port(annotations, &annotation::HEALTH_CHECK_PORT, spec, target_type);
    let path = path(annotations);
    let matcher = matcher(annotations);
    let interval = annotations.int32(&annotation::HEALTH_CHECK_INTERVAL, 5..=300);
    let timeout = annotations.int32(&annotation::HEALTH_CHECK_TIMEOUT, 2..=120);
    let healthy = annotations.int32(&annotation::HEALTH_CHECK_HEALTHY_THRESHOLD, 2..=10);
    let unhealthy = annotations.int32(&annotation::HEALTH_CHECK_UNHEALTHY_THRESHOLD, 2..=10);
    let number =
        |given: Option<i32>, default: u16| given.and_then(|value| u16::try_from(value).ok()).unwrap_or(default);
    let protocol = protocol?.unwrap_or(defaults.protocol);
    let (interval, timeout) = (number(interval, 10), number(timeout, defaults.timeout));
    if timeout > interval {
        annotations.refuse(
            &annotation::HEALTH_CHECK_INTERVAL,
            format!("a check may take {timeout} s, and the next one begins after {interval} s"),
            Some(format!("set {} to {interval} or less", annotation::HEALTH_CHECK_TIMEOUT.key())),
        );
    }
    let speaks_http = protocol != HealthCheckProtocol::Tcp;
    for (given, annotation) in
        [(path.is_some(), &annotation::HEALTH_CHECK_PATH), (matcher.is_some(), &annotation::HEALTH_CHECK_SUCCESS_CODES)]
    {
        if given && !speaks_http {
            let hint = format!("set {} to HTTP or HTTPS", annotation::HEALTH_CHECK_PROTOCOL.key());
            annotations.warn(annotation, "a TCP health check has none; it has no effect", Some(hint));
        }
    }
    Some(HealthCheck {
        protocol,
        port: port?.unwrap_or(defaults.port),
        path: speaks_http.then(|| path.unwrap_or_else(|| defaults.path.to_owned())),
        matcher: speaks_http.then(|| Matcher::Http(matcher.unwrap_or_else(|| "200-399".to_owned()))),
        interval,
        timeout,
        healthy_threshold: number(healthy, defaults.threshold),
        unhealthy_threshold: number(unhealthy, defaults.threshold),
    })
}

/// With `externalTrafficPolicy: Local` a node passes only while it has a ready pod: kube-proxy answers on the Service's
/// health check node port.
fn defaults(spec: &ServiceSpec, target_type: TargetType, seen_by_api_server: bool) -> Defaults {
    let local = target_type == TargetType::Instance
        && spec.external_traffic_policy.as_deref() == Some("Local")
        && spec.type_.as_deref() == Some("LoadBalancer");
    if !local {
        return Defaults {
            protocol: HealthCheckProtocol::Tcp,
            port: HealthCheckPort::TrafficPort,
            path: "/",
            timeout: 10,
            threshold: 3,
        };
    }
    let port = match spec.health_check_node_port.and_then(|port| u16::try_from(port).ok()).filter(|port| *port != 0) {
        Some(port) => HealthCheckPort::Port(Knowable::Known(port)),
        None if seen_by_api_server => HealthCheckPort::TrafficPort,
        None => HealthCheckPort::Port(Knowable::After("spec.healthCheckNodePort".to_owned())),
    };
    Defaults { protocol: HealthCheckProtocol::Http, port, path: "/healthz", timeout: 6, threshold: 2 }
}

/// Outer `None`: wrong; inner `None`: not given. Upper and lower case are the same, as in LBC.
fn protocol(annotations: &mut Annotations<'_>) -> Option<Option<HealthCheckProtocol>> {
    let Some(text) = annotations.text(&annotation::HEALTH_CHECK_PROTOCOL) else { return Some(None) };
    let parsed = text.to_uppercase().parse::<HealthCheckProtocol>();
    if parsed.is_err() {
        annotations.refuse(
            &annotation::HEALTH_CHECK_PROTOCOL,
            "this is no protocol of a health check",
            Some("write TCP, HTTP or HTTPS".to_owned()),
        );
    }
    parsed.ok().map(Some)
}

/// AWS takes absolute paths of at most 1,024 characters.
pub(super) fn is_path(path: &str) -> bool {
    path.starts_with('/') && path.len() <= 1024
}

fn path(annotations: &mut Annotations<'_>) -> Option<String> {
    let path = annotations.text(&annotation::HEALTH_CHECK_PATH)?;
    if !is_path(&path) {
        let message = "a health check's path begins with a slash and has at most 1,024 characters";
        annotations.refuse(
            &annotation::HEALTH_CHECK_PATH,
            message,
            Some(format!("write /{}", path.trim_start_matches('/'))),
        );
    }
    Some(path)
}

/// Codes and ranges of codes; a Network Load Balancer takes 200 to 599 (`reliability-and-limits.md` B.11).
fn matcher(annotations: &mut Annotations<'_>) -> Option<String> {
    let codes = annotations.text(&annotation::HEALTH_CHECK_SUCCESS_CODES)?;
    let code = |text: &str| text.parse::<u16>().is_ok_and(|code| (200..=599).contains(&code));
    let fits =
        |part: &str| part.split_once('-').map_or_else(|| code(part), |(from, to)| code(from) && code(to) && from <= to);
    if !codes.split(',').all(fits) {
        annotations.refuse(
            &annotation::HEALTH_CHECK_SUCCESS_CODES,
            "these are no success codes of a Network Load Balancer",
            Some("write codes from 200 to 599, such as 200, 200,302 or 200-399".to_owned()),
        );
    }
    Some(codes)
}

/// Outer `None`: wrong; inner `None`: not given. `traffic-port`, a number, or the name of a Service port.
pub(super) fn explicit_port(
    annotations: &mut Annotations<'_>,
    annotation: &'static Annotation,
    spec: &ServiceSpec,
    target_type: TargetType,
) -> Option<Option<HealthCheckPort>> {
    let Some(text) = annotations.text(annotation) else { return Some(None) };
    if text == "traffic-port" {
        return Some(Some(HealthCheckPort::TrafficPort));
    }
    let resolved = match text.parse::<i32>() {
        Ok(number) => u16::try_from(number)
            .ok()
            .filter(|port| *port != 0)
            .map(Knowable::Known)
            .ok_or_else(|| "a port is 1 to 65535".to_owned()),
        Err(_) => named_port(&text, spec, target_type),
    };
    match resolved {
        Ok(port) => Some(Some(HealthCheckPort::Port(port))),
        Err(message) => {
            let hint = "write traffic-port, a number, or the name of one of the Service's ports".to_owned();
            annotations.refuse(annotation, message, Some(hint));
            None
        }
    }
}

fn named_port(name: &str, spec: &ServiceSpec, target_type: TargetType) -> Result<Knowable<u16>, String> {
    let ports = spec.ports.as_deref().unwrap_or_default();
    let Some((index, port)) =
        ports.iter().enumerate().find(|(_, port)| port.name.as_deref().unwrap_or_default() == name)
    else {
        return Err("no port of the Service has this name".to_owned());
    };
    let known = |number: i32| u16::try_from(number).ok().filter(|port| *port != 0);
    match (target_type, &port.target_port) {
        (TargetType::Instance, _) => Ok(match port.node_port.and_then(known) {
            Some(port) => Knowable::Known(port),
            None => Knowable::After(format!("spec.ports[{index}].nodePort")),
        }),
        (TargetType::Ip, Some(IntOrString::String(_))) => {
            Err("the port has a named targetPort, so its number may differ from pod to pod".to_owned())
        }
        (TargetType::Ip, Some(IntOrString::Int(number))) if known(*number).is_some() => {
            Ok(Knowable::Known(known(*number).unwrap_or_default()))
        }
        (TargetType::Ip, _) => known(port.port).map(Knowable::Known).ok_or_else(|| "the port has no number".to_owned()),
    }
}
