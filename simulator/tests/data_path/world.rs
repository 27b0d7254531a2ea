//! A simulated account with a data path, targets that answer with their name, and clients.

use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::HeaderMap;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use northgate_simulator::account_description::AccountDescription;
use northgate_simulator::{AccountOptions, DataPath, Options, Request, Scope, Service, Simulator, TargetAddress};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

const WORLD: &str = r#"
accountId: "111122223333"
region: us-west-2
vpcs: [{VpcId: vpc-a, CidrBlock: 10.0.0.0/16}]
subnets:
- {SubnetId: subnet-a, VpcId: vpc-a, AvailabilityZone: us-west-2a, CidrBlock: 10.0.0.0/24}
- {SubnetId: subnet-b, VpcId: vpc-a, AvailabilityZone: us-west-2b, CidrBlock: 10.0.1.0/24}
securityGroups: [{GroupId: sg-one, GroupName: one, VpcId: vpc-a}]
instances:
- {InstanceId: i-a, SubnetId: subnet-a, PrivateIpAddress: 10.0.0.10}
- {InstanceId: i-b, SubnetId: subnet-b, PrivateIpAddress: 10.0.1.10}
"#;
/// `one` without its key; `two` for two.example.com and `wild` for *.wild.example.com with theirs.
pub(crate) const CERTIFICATES: &str = include_str!("certificates.yaml");

/// No step of a test takes longer.
pub(crate) const LONG: Duration = Duration::from_secs(5);

pub(crate) struct World {
    pub(crate) simulator: Simulator,
    pub(crate) data_path: DataPath,
    table: Vec<TargetAddress>,
}

impl World {
    /// Load balancers are active and targets healthy at once; what drains does so for a minute.
    pub(crate) async fn new() -> Self {
        let account = AccountOptions {
            provisioning_delay: Duration::ZERO,
            health_delay: Duration::ZERO,
            drain_cap: Duration::from_secs(60),
            ..AccountOptions::default()
        };
        let simulator = Simulator::new(Options { account, ..Options::default() });
        let description =
            AccountDescription::parse(&format!("{WORLD}{CERTIFICATES}")).expect("a description that can be read");
        description.load(&simulator).await.expect("a description that loads");
        let data_path = DataPath::serve(&simulator);
        Self { simulator, data_path, table: Vec::new() }
    }

    pub(crate) fn scope() -> Scope {
        Scope { account: "111122223333".to_owned(), region: "us-west-2".to_owned() }
    }

    /// The document that a call is answered with. The call is `ACTION&PARAMETERS`.
    pub(crate) async fn call(&self, call: &str) -> String {
        let body = format!("Action={call}&Version=2015-12-01").into_bytes();
        let request = Request::query(Service::ElasticLoadBalancing, Self::scope(), body);
        let response = self.simulator.handle(request).await;
        let document = String::from_utf8(response.body).expect("UTF-8");
        assert_eq!(response.status, 200, "{call}: {document}");
        document
    }

    /// Makes something, and gives its ARN.
    pub(crate) async fn made(&self, call: &str, arn: &str) -> String {
        element(&self.call(call).await, arn).to_owned()
    }

    /// A target group with targets `ID` or `ID:PORT`; its ARN.
    pub(crate) async fn group(&self, name: &str, settings: &str, targets: &[&str]) -> String {
        let create = format!("CreateTargetGroup&Name={name}&Port=80&VpcId=vpc-a&{settings}");
        let arn = self.made(&create, "TargetGroupArn").await;
        self.register("RegisterTargets", &arn, targets).await;
        arn
    }

    pub(crate) async fn register(&self, action: &str, group: &str, targets: &[&str]) {
        let mut call = format!("{action}&TargetGroupArn={group}");
        for (at, target) in (1..).zip(targets) {
            let (id, port) = target.split_once(':').unwrap_or((target, "80"));
            call.push_str(&format!("&Targets.member.{at}.Id={id}&Targets.member.{at}.Port={port}"));
        }
        if !targets.is_empty() {
            self.call(&call).await;
        }
    }

    /// Says where a target is reached.
    pub(crate) fn reach(&mut self, target: &str, address: SocketAddr) {
        let (target, port) = target.split_once(':').unwrap_or((target, "80"));
        let port = port.parse().expect("a port");
        self.table.push(TargetAddress { target: target.to_owned(), port, address });
        self.data_path.set_targets(&Self::scope(), self.table.iter().cloned().collect());
    }

    /// Where a port of a load balancer is reached, once it is open.
    pub(crate) async fn address(&self, dns_name: &str, port: u16) -> SocketAddr {
        timeout(LONG, self.data_path.address(dns_name, port)).await.expect("the port opens")
    }
}

/// A target that says its name to whoever connects, and sends back what it is sent.
pub(crate) async fn echo(name: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.expect("a client");
            tokio::spawn(async move {
                client.write_all(format!("{name}\n").as_bytes()).await?;
                let (mut read, mut write) = client.split();
                tokio::io::copy(&mut read, &mut write).await
            });
        }
    });
    address
}

/// What a client hears that sends `text` and is done.
pub(crate) async fn say(address: SocketAddr, text: &str) -> String {
    let exchange = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(text.as_bytes()).await?;
        stream.shutdown().await?;
        let mut heard = String::new();
        stream.read_to_string(&mut heard).await.map(|_| heard)
    };
    timeout(LONG, exchange).await.expect("an answer in time").unwrap_or_default()
}

/// An HTTP answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    /// The name of the [`website`] that answered; none when the load balancer did itself.
    pub(crate) fn target(&self) -> Option<String> {
        let (name, _) = self.body.split_once(' ')?;
        self.headers.contains_key("x-target").then(|| name.to_owned())
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    /// The value of a cookie that is set.
    pub(crate) fn cookie(&self, name: &str) -> String {
        let mut set = self.headers.get_all("set-cookie").into_iter().filter_map(|value| value.to_str().ok());
        let cookie = set.find_map(|cookie| cookie.strip_prefix(&format!("{name}="))).expect("a cookie");
        cookie.split(';').next().unwrap_or_default().to_owned()
    }
}

/// A target that answers with its name, what it was asked, and every header.
pub(crate) async fn website(name: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        loop {
            let (client, _) = listener.accept().await.expect("a client");
            let server = hyper::server::conn::http1::Builder::new();
            tokio::spawn(
                server.serve_connection(TokioIo::new(client), service_fn(move |request| described(name, request))),
            );
        }
    });
    address
}

pub(crate) async fn described(
    name: &str,
    request: hyper::Request<Incoming>,
) -> Result<hyper::Response<Full<Bytes>>, hyper::Error> {
    let (head, body) = request.into_parts();
    let size = body.collect().await?.to_bytes().len();
    let mut text = format!("{name} {} {}\nbody: {size}\n", head.method, head.uri);
    for (name, value) in &head.headers {
        text.push_str(&format!("{name}: {}\n", value.to_str().unwrap_or_default()));
    }
    let answer = hyper::Response::builder().header("x-target", name).body(Full::new(Bytes::from(text)));
    Ok(answer.expect("an answer"))
}

pub(crate) async fn get(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Answer {
    request(address, "GET", path, headers).await
}

/// One request on a connection of its own; the header `x-body` is its body instead.
pub(crate) async fn request(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let exchange = async {
        let stream = TcpStream::connect(address).await.expect("a connection");
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("HTTP");
        tokio::spawn(connection);
        let mut request = hyper::Request::builder().method(method).uri(path);
        let mut body = "";
        for (name, value) in headers {
            match *name {
                "x-body" => body = value,
                name => request = request.header(name, *value),
            }
        }
        let request = request.body(Full::new(Bytes::from(body.to_owned()))).expect("a request");
        let (head, body) = sender.send_request(request).await.expect("an answer").into_parts();
        let body = body.collect().await.expect("a body").to_bytes().to_vec();
        Answer { status: head.status.as_u16(), headers: head.headers, body: String::from_utf8(body).expect("UTF-8") }
    };
    timeout(LONG, exchange).await.expect("an answer in time")
}

/// The text of the first element with this name.
pub(crate) fn element<'d>(document: &'d str, name: &str) -> &'d str {
    let rest = document.split_once(&format!("<{name}>")).map_or("", |(_, rest)| rest);
    rest.split_once(&format!("</{name}>")).map_or("", |(text, _)| text)
}
