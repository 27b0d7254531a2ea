//! Listeners that end TLS, and what clients speak through it: HTTP/1.1, HTTP/2, gRPC.

use std::net::SocketAddr;
use std::sync::Arc;

use futures::stream;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::HeaderMap;
use hyper::body::{Bytes, Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use northgate_simulator::Observed;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::application::{Web, forward, to};
use super::world::{CERTIFICATES, LONG, World, described, echo, element};

const CERTIFICATE: &str = "arn:aws:acm:us-west-2:111122223333:certificate";

/// A connection that believes the certificates of the tests, and offers these protocols.
async fn connect(address: SocketAddr, name: &str, protocols: &[&str]) -> Result<TlsStream<TcpStream>, String> {
    let mut roots = RootCertStore::empty();
    let text = CERTIFICATES.lines().map(str::trim).collect::<Vec<_>>().join("\n");
    for certificate in CertificateDer::pem_slice_iter(text.as_bytes()) {
        roots.add(certificate.expect("PEM")).expect("a certificate");
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().expect("versions").with_root_certificates(roots);
    let mut config = config.with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    let stream = TcpStream::connect(address).await.expect("a connection");
    let name = ServerName::try_from(name.to_owned()).expect("a name");
    let connected = timeout(LONG, TlsConnector::from(Arc::new(config)).connect(name, stream)).await;
    connected.expect("an answer in time").map_err(|error| error.to_string())
}

/// An HTTPS listener on port 443 beside the one that is there, with the certificates `two` and `wild`.
async fn secured(web: &mut Web, group: &str) -> SocketAddr {
    let create = format!(
        "CreateListener&LoadBalancerArn={}&Protocol=HTTPS&Port=443&Certificates.member.1.CertificateArn={CERTIFICATE}/two&{}",
        web.arn,
        forward("DefaultActions.member.1", &[(group, 1)])
    );
    web.listener = web.world.made(&create, "ListenerArn").await;
    let add = format!("AddListenerCertificates&ListenerArn={}", web.listener);
    web.world.call(&format!("{add}&Certificates.member.1.CertificateArn={CERTIFICATE}/wild")).await;
    web.world.address(&web.dns_name, 443).await
}

/// The status, the body and the trailers of an answer to an HTTP/2 request.
async fn ask(stream: TlsStream<TcpStream>, method: &str, path: &str, content: &str) -> (u16, String, HeaderMap) {
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.expect("HTTP/2");
    tokio::spawn(connection);
    let request = hyper::Request::builder().method(method).uri(format!("https://two.example.com{path}"));
    let request = request.header("content-type", content).header("te", "trailers");
    let request = request.body(Full::new(Bytes::from("hello"))).expect("a request");
    let (head, body) =
        timeout(LONG, sender.send_request(request)).await.expect("in time").expect("an answer").into_parts();
    let body = body.collect().await.expect("a body");
    let trailers = body.trailers().cloned().unwrap_or_default();
    (head.status.as_u16(), String::from_utf8(body.to_bytes().to_vec()).expect("UTF-8"), trailers)
}

/// A target that speaks HTTP/2 only, and ends its answers with trailers.
async fn website2(name: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        loop {
            let (client, _) = listener.accept().await.expect("a client");
            let service = service_fn(move |request: hyper::Request<Incoming>| async move {
                let (head, body) = described(name, request).await?.into_parts();
                let trailers =
                    HeaderMap::from_iter([("grpc-status".parse().expect("a name"), "0".parse().expect("a value"))]);
                let body = body.collect().await.expect("what is there").to_bytes();
                let frames = [Ok::<_, hyper::Error>(Frame::data(body)), Ok(Frame::trailers(trailers))];
                Ok::<_, hyper::Error>(hyper::Response::from_parts(head, StreamBody::new(stream::iter(frames))))
            });
            let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            tokio::spawn(server.serve_connection(TokioIo::new(client), service));
        }
    });
    address
}

async fn observed(world: &World) -> Arc<Observed> {
    world.simulator.observe(&World::scope()).await.expect("an account")
}

#[tokio::test]
async fn with_its_key_a_listener_ends_tls_with_the_certificate_for_the_name() {
    let mut web = Web::new().await;
    let group = web.world.group("more", "Protocol=HTTP&TargetType=ip", &["10.0.0.9"]).await;
    web.world.reach("10.0.0.9", super::world::website("more").await);
    let address = secured(&mut web, &group).await;
    let open = web.world.data_path.listeners();
    let open = open.iter().find(|open| open.port == 443).expect("an open listener");
    assert_eq!((open.tls, open.note), (true, None));
    for (name, believed) in
        [("two.example.com", true), ("a.wild.example.com", true), ("other.example.com", false), ("127.0.0.1", false)]
    {
        let connected = connect(address, name, &["http/1.1"]).await;
        match believed {
            true => assert_eq!(connected.err(), None, "{name}"),
            // The default certificate is shown, which is for another name.
            false => assert!(connected.err().is_some_and(|error| error.contains("not valid for name")), "{name}"),
        }
    }
    let mut stream = connect(address, "a.wild.example.com", &[]).await.expect("TLS");
    stream.write_all(b"GET /x HTTP/1.1\r\nhost: a.wild.example.com\r\nconnection: close\r\n\r\n").await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.contains("more GET /x") && answer.contains("x-forwarded-proto: https"), "{answer}");
    let account = observed(&web.world).await;
    let arns = &account.listeners[&web.listener].certificates;
    assert_eq!(*arns, [format!("{CERTIFICATE}/two"), format!("{CERTIFICATE}/wild")]);
}

#[tokio::test]
async fn clients_may_speak_http_2_unless_the_load_balancer_is_told_otherwise() {
    let mut web = Web::new().await;
    let group = web.world.group("more", "Protocol=HTTP&TargetType=ip", &["10.0.0.9"]).await;
    web.world.reach("10.0.0.9", super::world::website("more").await);
    let address = secured(&mut web, &group).await;
    let stream = connect(address, "two.example.com", &["h2", "http/1.1"]).await.expect("TLS");
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (status, body, _) = ask(stream, "GET", "/one", "text/plain").await;
    assert_eq!(status, 200, "{body}");
    assert!(body.starts_with("more GET /one\n") && body.contains("host: two.example.com\n"), "{body}");
    let modify = format!("ModifyLoadBalancerAttributes&LoadBalancerArn={}", web.arn);
    web.attribute(&modify, "routing.http2.enabled", "false").await;
    let stream = connect(address, "two.example.com", &["h2", "http/1.1"]).await.expect("TLS");
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
}

#[tokio::test]
async fn targets_may_speak_http_2_and_grpc_and_get_nothing_else() {
    let mut web = Web::new().await;
    let two = web.world.group("two", "Protocol=HTTP&ProtocolVersion=HTTP2&TargetType=ip", &["10.0.0.9"]).await;
    web.world.reach("10.0.0.9", website2("two").await);
    let grpc = web.world.group("grpc", "Protocol=HTTP&ProtocolVersion=GRPC&TargetType=ip", &["10.0.0.7"]).await;
    web.world.reach("10.0.0.7", website2("grpc").await);
    let one = web.world.group("one", "Protocol=HTTP&TargetType=ip", &["10.0.0.6"]).await;
    web.world.reach("10.0.0.6", super::world::website("one").await);
    let address = secured(&mut web, &two).await;
    web.rule(1, &[("path-pattern", "/shop.Cart/*")], &to(&grpc)).await;
    web.rule(2, &[("path-pattern", "/one")], &to(&one)).await;
    let cases = [
        ("GET", "/", "text/plain", 200, "two GET http://two.example.com/"),
        ("POST", "/shop.Cart/Add", "application/grpc", 200, "grpc POST http://two.example.com/shop.Cart/Add"),
        ("GET", "/shop.Cart/Add", "application/grpc", 464, "no POST"),
        ("POST", "/one", "application/grpc", 464, "the request is gRPC"),
        ("POST", "/one", "text/plain", 200, "one POST /one"),
    ];
    for (method, path, content, expected, begins) in cases {
        let stream = connect(address, "two.example.com", &["h2"]).await.expect("TLS");
        let (status, body, trailers) = ask(stream, method, path, content).await;
        assert_eq!(status, expected, "{method} {path}: {body}");
        assert!(body.contains(begins), "{method} {path}: {body}");
        if status == 200 && path != "/one" {
            assert!(body.contains("te: trailers\n") && body.contains("x-forwarded-port: 443\n"), "{body}");
            assert_eq!(trailers["grpc-status"], "0", "{method} {path}");
        }
    }
    let mut stream = connect(address, "two.example.com", &["http/1.1"]).await.expect("TLS");
    stream.write_all(b"GET / HTTP/1.1\r\nhost: two.example.com\r\nconnection: close\r\n\r\n").await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 464 "), "{answer}");
}

#[tokio::test]
async fn a_network_load_balancer_ends_tls_too() {
    let mut world = World::new().await;
    let made = world.call("CreateLoadBalancer&Name=web&Type=network&Subnets.member.1=subnet-a").await;
    let (arn, dns_name) = (element(&made, "LoadBalancerArn"), element(&made, "DNSName"));
    let group = world.group("web", "Protocol=TCP&TargetType=ip", &["10.0.0.8"]).await;
    world.reach("10.0.0.8", echo("one").await);
    let create = format!(
        "CreateListener&LoadBalancerArn={arn}&Protocol=TLS&Port=443&Certificates.member.1.CertificateArn={CERTIFICATE}/two&{}",
        forward("DefaultActions.member.1", &[(&group, 1)])
    );
    world.call(&create).await;
    let address = world.address(dns_name, 443).await;
    let mut stream = connect(address, "two.example.com", &[]).await.expect("TLS");
    stream.write_all(b"hello").await.expect("sent");
    stream.shutdown().await.expect("done");
    let mut heard = Vec::new();
    // The end of TLS is not told: who forwards bytes has nothing to say about it.
    _ = stream.read_to_end(&mut heard).await;
    assert_eq!(String::from_utf8(heard).expect("UTF-8"), "one\nhello");
}
