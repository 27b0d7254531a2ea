//! A simulated account with a data path, targets that answer with their name, and clients.

use std::net::SocketAddr;
use std::time::Duration;

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
        let description = AccountDescription::parse(WORLD).expect("a description that can be read");
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
        let request = Request { service: Service::ElasticLoadBalancing, scope: Self::scope(), body };
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

/// The text of the first element with this name.
pub(crate) fn element<'d>(document: &'d str, name: &str) -> &'d str {
    let rest = document.split_once(&format!("<{name}>")).map_or("", |(_, rest)| rest);
    rest.split_once(&format!("</{name}>")).map_or("", |(text, _)| text)
}
