//! An application load balancer at work: each request goes where the first rule that takes it says.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{Either, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, Uri, Version};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::condition::{Seen, normalized};
use super::rule::{Action, Forward, Origin, Part, Rule, Transform};
use super::stickiness::{Stickiness, cookie, keep, value};
use super::{Path, Way};
use crate::network::Scope;
use crate::observed::{ObservedTarget, ObservedTargetGroup};

/// How long a load balancer waits for a connection to a target.
/// Source: Application Load Balancer guide, "HTTP 504: Gateway timeout".
const CONNECT: Duration = Duration::from_secs(10);

/// How long it waits for an answer unless its attribute says otherwise.
const IDLE_SECONDS: u64 = 60;

/// The cookie that keeps a client with its target group.
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

/// Where a request goes, and what lets the next one go there too.
struct Chosen {
    target: ObservedTarget,
    /// The version of HTTP that the target speaks.
    version: Version,
    /// The cookie of the target group.
    group_cookie: Option<String>,
    stickiness: Stickiness,
    /// What the target is called in a cookie.
    value: String,
    /// Whether the client came with what led to this target.
    stayed: bool,
}

/// The versions of HTTP that a listener's clients may speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Versions {
    /// HTTP/1.1 alone.
    One,
    /// HTTP/2 too, which takes TLS.
    OneAndTwo,
}

impl Versions {
    /// Those of the listener that a way begins at.
    /// Source: Application Load Balancer guide, "Listener configuration", and the attribute `routing.http2.enabled`.
    pub(super) fn of(way: &Way) -> Self {
        let secure = way.listener().is_some_and(|listener| listener.protocol == "HTTPS");
        let attribute = way.load_balancer().and_then(|owner| owner.attributes.get("routing.http2.enabled"));
        if secure && attribute.is_none_or(|enabled| enabled == "true") { Self::OneAndTwo } else { Self::One }
    }

    /// As TLS names them, the preferred one first.
    pub(super) fn names(self) -> Vec<Vec<u8>> {
        match self {
            Self::One => vec![b"http/1.1".to_vec()],
            Self::OneAndTwo => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        }
    }
}

impl Path {
    /// Serves the requests of one connection.
    pub(super) async fn serve_http(
        self: Arc<Self>,
        scope: Scope,
        listener: String,
        versions: Versions,
        client: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        from: SocketAddr,
    ) {
        let of = listener.clone();
        let service = service_fn(move |request| {
            let (path, scope, listener) = (Arc::clone(&self), scope.clone(), listener.clone());
            async move {
                let Some(way) = path.way(&scope, &listener).await else {
                    return Ok::<_, Infallible>(said(503, "the listener is gone"));
                };
                let mut answer = path.answer(&way, request, from).await;
                add_headers(&way, answer.headers_mut());
                Ok(answer)
            }
        });
        let mut server = auto::Builder::new(TokioExecutor::new());
        if versions == Versions::One {
            server = server.http1_only();
        }
        server.http1().timer(TokioTimer::new());
        if let Err(error) = server.serve_connection(TokioIo::new(client), service).await {
            tracing::debug!(listener = of, %error, "a connection ended early");
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
        let chosen = match self.choose(way, &rule.arn, forward, &request) {
            Ok(chosen) => chosen,
            Err(refusal) => return refusal,
        };
        if let Err(sentence) = rewrite(&mut request, &rule.transforms) {
            return said(500, &sentence);
        }
        pass_on(&mut request, way, from, chosen.version);
        let target = &chosen.target;
        let name = format!("{}:{}", target.id, target.port);
        let connection = match timeout(CONNECT, self.connect(&way.scope, target)).await {
            Ok(Ok(connection)) => connection,
            Ok(Err(error)) => return said(502, &format!("the target {name} cannot be reached: {error}")),
            Err(_) => return said(504, &format!("the target {name} takes no connection")),
        };
        match timeout(idle(way), exchange(connection, request)).await {
            Ok(Ok(mut answer)) => {
                let headers = answer.headers_mut();
                strip(headers);
                let cookie = chosen.stickiness.cookie(&chosen.value, headers, chosen.stayed);
                for cookie in chosen.group_cookie.into_iter().chain(cookie) {
                    headers.extend(HeaderValue::from_str(&cookie).ok().map(|cookie| (header::SET_COOKIE, cookie)));
                }
                answer.map(Either::Right)
            }
            Ok(Err(error)) => said(502, &format!("the target {name} broke off: {error}")),
            Err(_) => said(504, &format!("the target {name} does not answer")),
        }
    }

    fn choose(
        &self,
        way: &Way,
        rule: &str,
        forward: &Forward,
        request: &Request<Incoming>,
    ) -> Result<Chosen, Response<Body>> {
        let headers = request.headers();
        let group_cookie = cookie(headers, GROUP_COOKIE);
        let mut rotation = self.rotation();
        let had = |arn: &str| group_cookie.is_some_and(|value| value == id(arn));
        let arn = rotation.group(rule, forward, had).ok_or_else(|| said(503, "no target group has a weight"))?;
        let group = way.observed.target_groups.get(arn).ok_or_else(|| said(503, "the target group is gone"))?;
        let version = spoken(group, request)?;
        let stickiness = Stickiness::of(group);
        let remembered = stickiness.remembered(headers);
        let had = |target: &ObservedTarget| remembered.is_some_and(|had| had == value(id(arn), target));
        let target = rotation.target(arn, group, had);
        let target = target.ok_or_else(|| said(503, &format!("no target of {} takes requests", group.name)))?.clone();
        Ok(Chosen {
            version,
            group_cookie: forward.sticky_seconds.map(|seconds| keep(GROUP_COOKIE, id(arn), seconds)),
            value: value(id(arn), &target),
            stayed: had(&target),
            stickiness,
            target,
        })
    }
}

/// What the attributes of a listener add to every answer, and take away.
/// Source: Application Load Balancer guide, "HTTP header modification".
fn add_headers(way: &Way, headers: &mut HeaderMap) {
    let attributes = way.listener().into_iter().flat_map(|listener| &listener.attributes);
    for (key, value) in attributes.filter(|(_, value)| !value.is_empty()) {
        let Some(name) = key.strip_prefix("routing.http.response.") else { continue };
        let header = name.strip_suffix(".header_value").map(|name| HeaderName::try_from(name.replace('_', "-")));
        match header {
            Some(Ok(header)) => set(headers, header, value),
            _ if name == "server.enabled" && value == "false" => drop(headers.remove(header::SERVER)),
            _ => {}
        }
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

/// The version of HTTP that a group's targets speak, where a request can be brought to them in it.
/// Source: Application Load Balancer guide, "HTTP 464".
fn spoken(group: &ObservedTargetGroup, request: &Request<Incoming>) -> Result<Version, Response<Body>> {
    if group.target_type == "lambda" {
        return Err(said(501, &format!("the targets of {} are functions, which are not called here", group.name)));
    }
    let content = request.headers().get(header::CONTENT_TYPE).and_then(|content| content.to_str().ok());
    let is_grpc = content.is_some_and(|content| content.starts_with("application/grpc"));
    let is_two = request.version() == Version::HTTP_2;
    let incompatible = |how: &str| Err(said(464, &format!("the targets of {} speak {how}", group.name)));
    match group.protocol_version.as_deref() {
        Some("GRPC") if !is_two => incompatible("gRPC, the request is HTTP/1.1"),
        Some("GRPC") if request.method() != Method::POST => incompatible("gRPC, the request is no POST"),
        Some("HTTP2") if !is_two => incompatible("HTTP/2, the request is HTTP/1.1"),
        Some("GRPC" | "HTTP2") => Ok(Version::HTTP_2),
        _ if is_grpc => incompatible("HTTP/1.1, the request is gRPC"),
        _ => Ok(Version::HTTP_11),
    }
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

/// Makes a client's request the load balancer's own: what its target is told about the client, in the target's version.
fn pass_on(request: &mut Request<Incoming>, way: &Way, from: SocketAddr, version: Version) {
    let listener = way.listener().expect("a way begins at a listener");
    let mode = way.load_balancer().and_then(|owner| owner.attributes.get("routing.http.xff_header_processing.mode"));
    address(request, version);
    let trailers = request.headers().get(header::TE).is_some_and(|te| te == "trailers");
    let headers = request.headers_mut();
    strip(headers);
    if trailers && version == Version::HTTP_2 {
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
    }
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

/// Says in the way of a version of HTTP which host is asked for what.
fn address(request: &mut Request<Incoming>, version: Version) {
    let named = request.uri().authority().map(|authority| authority.as_str().to_owned());
    let header = || request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).map(str::to_owned);
    let host = header().or(named).unwrap_or_default();
    let path = request.uri().path_and_query().map_or("/", |url| url.as_str()).to_owned();
    let whole = (version == Version::HTTP_2).then(|| format!("http://{host}{path}").parse::<Uri>().ok()).flatten();
    *request.version_mut() = version;
    match whole {
        Some(whole) => {
            *request.uri_mut() = whole;
            request.headers_mut().remove(header::HOST);
        }
        None => {
            *request.uri_mut() = path.parse().expect("a part of a URL");
            set(request.headers_mut(), header::HOST, &host);
        }
    }
}

/// Sends a request on a connection of its own, in its version.
async fn exchange(connection: TcpStream, request: Request<Incoming>) -> hyper::Result<Response<Incoming>> {
    let connection = TokioIo::new(connection);
    if request.version() == Version::HTTP_2 {
        let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), connection).await?;
        tokio::spawn(connection);
        return sender.send_request(request).await;
    }
    let (mut sender, connection) = hyper::client::conn::http1::handshake(connection).await?;
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
