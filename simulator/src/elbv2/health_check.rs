//! Health checks of target groups: defaults by protocol, and what AWS refuses.

use serde::{Deserialize, Serialize};

use super::placement::invalid_configuration;
use super::protocol::{Family, Protocol};
use super::target_groups::{ProtocolVersion, TargetType};
use crate::wire::ApiError;
use crate::wire::constraint::{Int, Text};

/// How a target group checks its targets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HealthCheck {
    pub(crate) protocol: Protocol,
    /// `traffic-port` or a port number.
    pub(crate) port: String,
    /// Of HTTP and HTTPS checks alone.
    pub(crate) path: Option<String>,
    /// Of HTTP and HTTPS checks alone.
    pub(crate) matcher: Option<Matcher>,
    pub(super) interval_seconds: i64,
    pub(super) timeout_seconds: i64,
    pub(super) healthy_threshold: i64,
    pub(super) unhealthy_threshold: i64,
}

/// The codes that a healthy target answers with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Matcher {
    #[serde(rename = "HttpCode")]
    Http(String),
    #[serde(rename = "GrpcCode")]
    Grpc(String),
}

/// What kind of group checks: defaults and ranges depend on it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Checking {
    pub(crate) family: Family,
    pub(crate) grpc: bool,
    /// Whether the target is an application load balancer.
    pub(crate) load_balancer: bool,
}

impl Checking {
    pub(crate) fn of(family: Family, version: Option<ProtocolVersion>, target_type: TargetType) -> Self {
        let grpc = version == Some(ProtocolVersion::Grpc);
        Self { family, grpc, load_balancer: target_type == TargetType::Alb }
    }
}

/// The members of `CreateTargetGroup` and `ModifyTargetGroup` that are about the health check.
#[derive(Default)]
pub(crate) struct HealthCheckRequest {
    pub(crate) protocol: Option<Protocol>,
    pub(crate) port: Option<String>,
    pub(crate) enabled: Option<bool>,
    pub(crate) path: Option<Path>,
    pub(crate) interval_seconds: Option<Interval>,
    pub(crate) timeout_seconds: Option<Timeout>,
    pub(crate) healthy_threshold: Option<Threshold>,
    pub(crate) unhealthy_threshold: Option<Threshold>,
    pub(crate) matcher: Option<MatcherRequest>,
}

pub(crate) type Path = Text<1, 1024>;
pub(crate) type Interval = Int<5, 300>;
pub(crate) type Timeout = Int<2, 120>;
pub(crate) type Threshold = Int<2, 10>;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct MatcherRequest {
    http_code: Option<String>,
    grpc_code: Option<String>,
}

impl HealthCheck {
    /// What a new group of this kind checks when nothing is said.
    /// Source: API reference, `CreateTargetGroup`: the defaults of each member.
    pub(crate) fn defaults(kind: Checking, protocol: Option<Protocol>) -> Self {
        let default = match kind.family {
            Family::Network if !kind.load_balancer => Protocol::Tcp,
            _ => Protocol::Http,
        };
        let protocol = protocol.unwrap_or(default);
        let mut check = Self {
            protocol,
            port: "traffic-port".to_owned(),
            path: None,
            matcher: None,
            interval_seconds: 30,
            timeout_seconds: match (kind.family, protocol) {
                (Family::Application, _) => 5,
                (Family::Network, Protocol::Http) => 6,
                (Family::Network, _) => 10,
            },
            healthy_threshold: 5,
            unhealthy_threshold: 2,
        };
        check.complete(kind);
        check
    }

    /// The health check with what a request says changed, if AWS takes it.
    pub(crate) fn with(&self, kind: Checking, request: HealthCheckRequest) -> Result<Self, ApiError> {
        if request.enabled == Some(false) {
            return Err(invalid_configuration(
                "Health check enabled must be true for target groups with target type 'instance', 'ip' or 'alb'",
            ));
        }
        let mut changed = self.clone();
        if let Some(protocol) = request.protocol {
            changed.protocol = check_protocol(kind, protocol)?;
        }
        if !changed.protocol.is_http() {
            refuse_http_members(&request, changed.protocol)?;
        }
        if let Some(port) = request.port {
            changed.port = check_port(port)?;
        }
        if let Some(path) = request.path {
            changed.path = Some(check_path(path.into_string())?);
        }
        if let Some(matcher) = request.matcher {
            changed.matcher = Some(check_matcher(kind, matcher)?);
        }
        set(&mut changed.interval_seconds, request.interval_seconds);
        set(&mut changed.timeout_seconds, request.timeout_seconds);
        set(&mut changed.healthy_threshold, request.healthy_threshold);
        set(&mut changed.unhealthy_threshold, request.unhealthy_threshold);
        changed.complete(kind);
        changed.check_timeout(kind.family)?;
        Ok(changed)
    }

    /// Path and matcher as the protocol has them: defaults for HTTP, none otherwise.
    fn complete(&mut self, kind: Checking) {
        if !self.protocol.is_http() {
            (self.path, self.matcher) = (None, None);
            return;
        }
        let path = if kind.grpc { "/AWS.ALB/healthcheck" } else { "/" };
        self.path.get_or_insert_with(|| path.to_owned());
        self.matcher.get_or_insert_with(|| match kind {
            Checking { grpc: true, .. } => Matcher::Grpc("12".to_owned()),
            Checking { family: Family::Network, .. } => Matcher::Http("200-399".to_owned()),
            Checking { family: Family::Application, .. } => Matcher::Http("200".to_owned()),
        });
    }

    /// A network load balancer's check may take as long as its interval, an application load balancer's may not.
    fn check_timeout(&self, family: Family) -> Result<(), ApiError> {
        let (timeout, interval) = (self.timeout_seconds, self.interval_seconds);
        let (fits, words) = match family {
            Family::Network => (timeout <= interval, "smaller than or equal to"),
            Family::Application => (timeout < interval, "smaller than"),
        };
        if fits {
            return Ok(());
        }
        Err(ApiError::validation(format!("Health check timeout '{timeout}' must be {words} the interval '{interval}'")))
    }
}

fn set<const MIN: i64, const MAX: i64>(field: &mut i64, given: Option<Int<MIN, MAX>>) {
    if let Some(given) = given {
        *field = given.get();
    }
}

fn check_protocol(kind: Checking, protocol: Protocol) -> Result<Protocol, ApiError> {
    let (fits, allowed) = match kind.family {
        Family::Network if !kind.load_balancer => (protocol.is_http() || protocol == Protocol::Tcp, "HTTP, HTTPS, TCP"),
        _ => (protocol.is_http(), "HTTP, HTTPS"),
    };
    if fits {
        return Ok(protocol);
    }
    Err(ApiError::validation(format!("Health check protocol '{protocol}' must be one of '{allowed}'")))
}

fn refuse_http_members(request: &HealthCheckRequest, protocol: Protocol) -> Result<(), ApiError> {
    if request.matcher.is_some() {
        return Err(invalid_configuration(format!(
            "Health check matchers are not supported for {protocol} health checks"
        )));
    }
    if request.path.is_some() {
        return Err(invalid_configuration(format!(
            "Health check paths are not supported for {protocol} health checks"
        )));
    }
    Ok(())
}

fn check_port(port: String) -> Result<String, ApiError> {
    if port == "traffic-port" || port.parse::<u16>().is_ok_and(|number| number > 0) {
        return Ok(port);
    }
    Err(ApiError::validation(format!("Health check port '{port}' must be 'traffic-port' or in the range 1-65535")))
}

fn check_path(path: String) -> Result<String, ApiError> {
    if path.starts_with('/') {
        return Ok(path);
    }
    Err(ApiError::validation(format!("Health check path '{path}' must begin with a '/'")))
}

/// Codes and ranges of codes: `200`, `200,302`, `200-299`.
fn check_matcher(kind: Checking, matcher: MatcherRequest) -> Result<Matcher, ApiError> {
    let (codes, words, allowed) = match (matcher.http_code, matcher.grpc_code, kind) {
        (None, Some(codes), Checking { grpc: true, .. }) => (codes, "gRPC", 0..=99),
        (Some(codes), None, Checking { grpc: false, family, .. }) => {
            (codes, "HTTP", if family == Family::Network { 200..=599 } else { 200..=499 })
        }
        (None, None, _) => {
            return Err(ApiError::validation("Health check matcher HTTP code cannot be empty"));
        }
        (Some(_), None, _) => {
            return Err(ApiError::validation(
                "Health checks of the protocol version GRPC take gRPC codes, not HTTP codes",
            ));
        }
        (_, Some(_), _) => {
            return Err(ApiError::validation("Health check matcher gRPC codes need the protocol version GRPC"));
        }
    };
    let code = |text: &str| text.parse::<u16>().is_ok_and(|code| allowed.contains(&code));
    let part = |text: &str| match text.split_once('-') {
        Some((low, high)) => code(low) && code(high) && low.parse::<u16>().ok() <= high.parse().ok(),
        None => code(text),
    };
    if codes.split(',').all(part) {
        return Ok(if kind.grpc { Matcher::Grpc(codes) } else { Matcher::Http(codes) });
    }
    Err(ApiError::validation(format!(
        "Health check matcher {words} code '{codes}' must be within '{}-{}' inclusive",
        allowed.start(),
        allowed.end()
    )))
}
