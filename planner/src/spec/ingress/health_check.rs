//! The health check of a Service port behind an Ingress (`ingress-alb.md` §8.4).

use k8s_openapi::api::core::v1::ServiceSpec;

use crate::id::{HealthCheckProtocol, Protocol, ProtocolVersion, TargetType};
use crate::model::{HealthCheck, HealthCheckPort, Matcher};
use crate::spec::annotation::Annotations;
use crate::spec::annotation::ingress as annotation;
use crate::spec::health_check::{explicit_port, is_path};

/// Reads the annotations over the defaults; `None` when one of them is wrong.
pub(super) fn read(
    annotations: &mut Annotations<'_>,
    spec: &ServiceSpec,
    target_type: TargetType,
    protocol: Protocol,
    version: ProtocolVersion,
) -> Option<HealthCheck> {
    let before = annotations.problems();
    let grpc = version == ProtocolVersion::Grpc;
    let check_protocol = check_protocol(annotations, protocol);
    let port = explicit_port(annotations, &annotation::HEALTH_CHECK_PORT, spec, target_type);
    let path = annotations.text(&annotation::HEALTH_CHECK_PATH);
    if path.as_deref().is_some_and(|path| !is_path(path)) {
        let message = "a health check's path begins with a slash and has at most 1,024 characters";
        let hint = path.as_deref().map(|path| format!("write /{}", path.trim_start_matches('/')));
        annotations.refuse(&annotation::HEALTH_CHECK_PATH, message, hint);
    }
    let matcher = matcher(annotations, grpc);
    let interval = annotations.int32(&annotation::HEALTH_CHECK_INTERVAL, 5..=300);
    let timeout = annotations.int32(&annotation::HEALTH_CHECK_TIMEOUT, 2..=120);
    let healthy = annotations.int32(&annotation::HEALTHY_THRESHOLD, 2..=10);
    let unhealthy = annotations.int32(&annotation::UNHEALTHY_THRESHOLD, 2..=10);
    let number =
        |given: Option<i32>, default: u16| given.and_then(|value| u16::try_from(value).ok()).unwrap_or(default);
    let (interval, timeout) = (number(interval, 15), number(timeout, 5));
    if timeout >= interval {
        annotations.refuse(
            &annotation::HEALTH_CHECK_INTERVAL,
            format!("a check may take {timeout} s, and the next one begins after {interval} s"),
            Some(format!("set {} to less than {interval}", annotation::HEALTH_CHECK_TIMEOUT.key())),
        );
    }
    let default_path = if grpc { "/AWS.ALB/healthcheck" } else { "/" };
    (annotations.problems() == before).then(|| HealthCheck {
        protocol: check_protocol,
        port: port.flatten().unwrap_or(HealthCheckPort::TrafficPort),
        path: Some(path.unwrap_or_else(|| default_path.to_owned())),
        matcher: Some(matcher),
        interval,
        timeout,
        healthy_threshold: number(healthy, 2),
        unhealthy_threshold: number(unhealthy, 2),
    })
}

/// That of the target group, unless it is given.
fn check_protocol(annotations: &mut Annotations<'_>, protocol: Protocol) -> HealthCheckProtocol {
    let default = match protocol {
        Protocol::Https => HealthCheckProtocol::Https,
        _ => HealthCheckProtocol::Http,
    };
    match annotations.text(&annotation::HEALTH_CHECK_PROTOCOL).as_deref() {
        None => default,
        Some("HTTP") => HealthCheckProtocol::Http,
        Some("HTTPS") => HealthCheckProtocol::Https,
        Some(_) => {
            annotations.refuse(&annotation::HEALTH_CHECK_PROTOCOL, "this value is unknown", None);
            default
        }
    }
}

/// Codes and ranges of codes: 200 to 499 of HTTP, 0 to 99 of gRPC (API reference, `Matcher`).
fn matcher(annotations: &mut Annotations<'_>, grpc: bool) -> Matcher {
    let codes = annotations.text(&annotation::SUCCESS_CODES);
    let range = if grpc { 0..=99 } else { 200..=499 };
    let code = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u16>().ok().filter(|code| digits && range.contains(code))
    };
    let fits = |part: &str| match part.split_once('-') {
        None => code(part).is_some(),
        Some((from, to)) => code(from).zip(code(to)).is_some_and(|(from, to)| from <= to),
    };
    if codes.as_deref().is_some_and(|codes| !codes.split(',').all(fits)) {
        let hint = match grpc {
            true => "write codes of gRPC from 0 to 99, such as 12 or 0-5",
            false => "write codes from 200 to 499, such as 200, 200,302 or 200-399",
        };
        annotations.refuse(&annotation::SUCCESS_CODES, "these are no success codes", Some(hint.to_owned()));
    }
    match grpc {
        true => Matcher::Grpc(codes.unwrap_or_else(|| "12".to_owned())),
        false => Matcher::Http(codes.unwrap_or_else(|| "200".to_owned())),
    }
}
