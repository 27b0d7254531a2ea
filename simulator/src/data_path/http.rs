//! An application load balancer at work: each request goes where the first rule that takes it says.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::{Either, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::condition::{Seen, normalized};
use super::rule::{Action, Forward, Origin, Part, Rule, Transform};
use super::{Path, Way};
use crate::network::Scope;
use crate::observed::{ObservedTarget, ObservedTargetGroup};

/// How long a load balancer waits for a connection to a target.
/// Source: Application Load Balancer guide, "HTTP 504: Gateway timeout".
const CONNECT: Duration = Duration::from_secs(10);

/// How long it waits for an answer unless its attribute says otherwise.
const IDLE_SECONDS: u64 = 60;

/// The cookies that keep a client with its target, and with its target group.
const TARGET_COOKIE: &str = "AWSALB";
const GROUP_COOKIE: &str = "AWSALBTG";

/// Headers of one connection, which are not passed on. Source: RFC 9110, "Connection".
const HOP_BY_HOP: &[HeaderName] = &[
    header::CONNECTION,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

type Body = Either<Full<Bytes>, Incoming>;

/// Where a request goes, and the cookies that let the next one go there too.
struct Chosen {
    target: ObservedTarget,
    cookies: Vec<String>,
}

impl Path {
    /// Serves the requests of one connection.
    pub(super) async fn serve_http(&self, scope: &Scope, listener: &str, client: TcpStream, from: SocketAddr) {
        let service = service_fn(|request| async move {
            let answer = match self.way(scope, listener).await {
                Some(way) => self.answer(&way, request, from).await,
                None => said(503, "the listener is gone"),
            };
            Ok::<_, Infallible>(answer)
        });
        let mut server = hyper::server::conn::http1::Builder::new();
        let connection = server.timer(TokioTimer::new()).serve_connection(TokioIo::new(client), service);
        if let Err(error) = connection.await {
            tracing::debug!(listener, %error, "a connection ended early");
        }
    }

    async fn answer(&self, way: &Way, request: Request<Incoming>, from: SocketAddr) -> Response<Body> {
        let rule = match deciding_rule(way, &request, from) {
            Ok(rule) => rule,
            Err(sentence) => return said(501, &sentence),
        };
        match &rule.action {
            Action::Forward(forward) => self.forward(way, &rule, forward, request, from).await,
            Action::Redirect(redirect) => {
                let (status, location) = redirect.answer(&origin(way, &request));
                let mut answer = said(status, "");
                set(answer.headers_mut(), header::LOCATION, &location);
                answer
            }
            Action::Fixed { status, content_type, body } => {
                let mut answer = said(*status, body);
                if let Some(content_type) = content_type {
                    set(answer.headers_mut(), header::CONTENT_TYPE, content_type);
                }
                answer
            }
            Action::Unserved(sentence) => said(501, sentence),
        }
    }

    async fn forward(
        &self,
        way: &Way,
        rule: &Rule,
        forward: &Forward,
        mut request: Request<Incoming>,
        from: SocketAddr,
    ) -> Response<Body> {
        let Chosen { target, cookies } = match self.choose(way, &rule.arn, forward, request.headers()) {
            Ok(chosen) => chosen,
            Err(refusal) => return refusal,
        };
        if let Err(sentence) = rewrite(&mut request, &rule.transforms) {
            return said(500, &sentence);
        }
        pass_on(&mut request, way, from);
        let name = format!("{}:{}", target.id, target.port);
        let connection = match timeout(CONNECT, self.connect(&way.scope, &target)).await {
            Ok(Ok(connection)) => connection,
            Ok(Err(error)) => return said(502, &format!("the target {name} cannot be reached: {error}")),
            Err(_) => return said(504, &format!("the target {name} takes no connection")),
        };
        match timeout(idle(way), exchange(connection, request)).await {
            Ok(Ok(mut answer)) => {
                strip(answer.headers_mut());
                for cookie in cookies.iter().filter_map(|cookie| HeaderValue::from_str(cookie).ok()) {
                    answer.headers_mut().append(header::SET_COOKIE, cookie);
                }
                answer.map(Either::Right)
            }
            Ok(Err(error)) => said(502, &format!("the target {name} broke off: {error}")),
            Err(_) => said(504, &format!("the target {name} does not answer")),
        }
    }

    fn choose(&self, way: &Way, rule: &str, forward: &Forward, headers: &HeaderMap) -> Result<Chosen, Response<Body>> {
        let (group_cookie, target_cookie) = (cookie(headers, GROUP_COOKIE), cookie(headers, TARGET_COOKIE));
        let mut rotation = self.rotation();
        let had = |arn: &str| group_cookie.is_some_and(|value| value == id(arn));
        let arn = rotation.group(rule, forward, had).ok_or_else(|| said(503, "no target group has a weight"))?;
        let group = way.observed.target_groups.get(arn).ok_or_else(|| said(503, "the target group is gone"))?;
        if let Some(sentence) = unserved(group) {
            return Err(said(501, &sentence));
        }
        let sticky = sticky_seconds(group);
        let value = |target: &ObservedTarget| format!("{}/{}:{}", id(arn), target.id, target.port);
        let had = |target: &ObservedTarget| sticky.is_some() && target_cookie.is_some_and(|had| had == value(target));
        let target = rotation.target(arn, group, had);
        let target = target.ok_or_else(|| said(503, &format!("no target of {} takes requests", group.name)))?.clone();
        let keep = |name: &str, value: &str, seconds: u64| format!("{name}={value}; Max-Age={seconds}; Path=/");
        let mut cookies = Vec::new();
        cookies.extend(forward.sticky_seconds.map(|seconds| keep(GROUP_COOKIE, id(arn), seconds)));
        cookies.extend(sticky.map(|seconds| keep(TARGET_COOKIE, &value(&target), seconds)));
        Ok(Chosen { target, cookies })
    }
}

/// The rule that takes the request.
fn deciding_rule(way: &Way, request: &Request<Incoming>, from: SocketAddr) -> Result<Rule, String> {
    way.deciding_rule(&Seen {
        method: request.method().as_str(),
        host: host(request),
        path: &normalized(request.uri().path()),
        query: request.uri().query().unwrap_or_default(),
        headers: request.headers(),
        source: from.ip(),
    })
}

/// Why a group cannot be served, if it cannot.
fn unserved(group: &ObservedTargetGroup) -> Option<String> {
    match (group.target_type.as_str(), group.protocol_version.as_deref()) {
        ("lambda", _) => Some(format!("the targets of {} are functions, which are not called here", group.name)),
        (_, Some(version @ ("HTTP2" | "GRPC"))) => {
            Some(format!("the targets of {} speak {version}, which is not spoken here", group.name))
        }
        _ => None,
    }
}

/// For how long a client stays with its target: the group's stickiness with the load balancer's own cookie.
fn sticky_seconds(group: &ObservedTargetGroup) -> Option<u64> {
    let attribute = |key: &str| group.attributes.get(key).map(String::as_str);
    if attribute("stickiness.enabled") != Some("true") || attribute("stickiness.type") != Some("lb_cookie") {
        return None;
    }
    attribute("stickiness.lb_cookie.duration_seconds")?.parse().ok()
}

fn idle(way: &Way) -> Duration {
    let attribute = way.load_balancer().and_then(|owner| owner.attributes.get("idle_timeout.timeout_seconds"));
    Duration::from_secs(attribute.and_then(|seconds| seconds.parse().ok()).unwrap_or(IDLE_SECONDS))
}

fn origin<'a>(way: &'a Way, request: &'a Request<Incoming>) -> Origin<'a> {
    let listener = way.listener().expect("a way begins at a listener");
    Origin {
        protocol: &listener.protocol,
        host: host(request),
        port: listener.port,
        path: request.uri().path(),
        query: request.uri().query().unwrap_or_default(),
    }
}

/// The host name that the client asked for, without a port.
fn host(request: &Request<Incoming>) -> &str {
    let header = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let host = request.uri().authority().map(|authority| authority.as_str()).or(header).unwrap_or_default();
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

fn rewrite(request: &mut Request<Incoming>, transforms: &[Transform]) -> Result<(), String> {
    for transform in transforms {
        match transform.of {
            Part::Host => {
                let host = transform.apply(host(request));
                set(request.headers_mut(), header::HOST, &host);
            }
            Part::PathAndQuery => {
                let url = transform.apply(request.uri().path_and_query().map_or("/", |url| url.as_str()));
                *request.uri_mut() = url.parse::<Uri>().map_err(|error| format!("'{url}' is no URL: {error}"))?;
            }
        }
    }
    Ok(())
}

/// Makes a client's request the load balancer's own: what its target is told about the client.
fn pass_on(request: &mut Request<Incoming>, way: &Way, from: SocketAddr) {
    let listener = way.listener().expect("a way begins at a listener");
    let mode = way.load_balancer().and_then(|owner| owner.attributes.get("routing.http.xff_header_processing.mode"));
    let target = request.uri().path_and_query().map_or("/", |url| url.as_str()).parse().expect("a part of a URL");
    *request.uri_mut() = target;
    let headers = request.headers_mut();
    strip(headers);
    let before = headers.get("x-forwarded-for").and_then(|value| value.to_str().ok()).map(str::to_owned);
    match mode.map(String::as_str) {
        Some("preserve") => {}
        Some("remove") => drop(headers.remove("x-forwarded-for")),
        _ => {
            let client = from.ip().to_string();
            let clients = before.map_or(client.clone(), |before| format!("{before}, {client}"));
            set(headers, HeaderName::from_static("x-forwarded-for"), &clients);
        }
    }
    set(headers, HeaderName::from_static("x-forwarded-proto"), &listener.protocol.to_ascii_lowercase());
    set(headers, HeaderName::from_static("x-forwarded-port"), &listener.port.to_string());
}

/// Sends a request on a connection of its own.
async fn exchange(connection: TcpStream, request: Request<Incoming>) -> hyper::Result<Response<Incoming>> {
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(connection)).await?;
    tokio::spawn(connection);
    sender.send_request(request).await
}

fn strip(headers: &mut HeaderMap) {
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    match HeaderValue::from_str(value) {
        Ok(value) => drop(headers.insert(name, value)),
        Err(_) => drop(headers.remove(name)),
    }
}

fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let cookies = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, value)| value)
}

/// The last part of an ARN, which no other has.
fn id(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// An answer of the load balancer itself.
fn said(status: u16, sentence: &str) -> Response<Body> {
    let mut answer = Response::new(Either::Left(Full::new(Bytes::from(sentence.to_owned()))));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    answer.headers_mut().insert(header::SERVER, HeaderValue::from_static("awselb/2.0"));
    answer
}
