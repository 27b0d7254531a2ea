//! The two doors: the binary on a loopback port, and what both answer to requests that are not in order.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use northgate_simulator::{AccountOptions, Options, Request, Scope, Service, Simulator};
use tokio::net::TcpStream;

const DESCRIPTION: &str = r#"
accountId: "111122223333"
region: us-west-2
vpcs: [{VpcId: vpc-a, CidrBlock: 10.0.0.0/16}]
subnets: [{SubnetId: subnet-a, VpcId: vpc-a, AvailabilityZone: us-west-2a, CidrBlock: 10.0.0.0/24}]
"#;

const LOAD_BALANCER: &str =
    "Action=CreateLoadBalancer&Version=2015-12-01&Name=web&Type=network&Subnets.member.1=subnet-a";

/// The binary, running; it is told to end when the test is over.
struct Process {
    child: Child,
    address: String,
}

impl Process {
    fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_northgate-simulator"));
        let mut child = command.args(arguments).stdout(Stdio::piped()).spawn().expect("the binary starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
        let address = line.trim().strip_prefix("listening on http://").expect("the address").to_owned();
        Self { child, address }
    }

    /// A request for account `111122223333` in `us-west-2`: status and body.
    async fn ask(&self, method: &str, path: &str, service: &str, body: &str) -> (u16, String) {
        let stream = TcpStream::connect(&self.address).await.expect("a connection");
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("HTTP");
        tokio::spawn(connection);
        let scope = format!("AWS4-HMAC-SHA256 Credential=111122223333/20260131/us-west-2/{service}/aws4_request");
        let request = hyper::Request::builder().method(method).uri(path).header("host", &self.address);
        let request = request.header("authorization", scope).body(Full::new(Bytes::from(body.to_owned())));
        let answer = sender.send_request(request.expect("a request")).await.expect("an answer");
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.expect("a body").to_bytes();
        (status, String::from_utf8(body.to_vec()).expect("UTF-8"))
    }

    async fn elb(&self, body: &str) -> (u16, String) {
        self.ask("POST", "/", "elasticloadbalancing", body).await
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// [`DESCRIPTION`] in a file of its own.
fn described(test: &str) -> String {
    let path = format!("{}/{test}.yaml", env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(&path, DESCRIPTION).expect("a file");
    path
}

#[tokio::test]
async fn the_binary_serves_a_described_account_and_ends_on_sigterm() {
    let file = described("binary");
    let mut process = Process::start(&["--account-description", &file, "--provisioning-delay", "0s"]);
    let (status, health) = process.ask("GET", "/_simulator/health", "-", "").await;
    assert_eq!((status, health.as_str()), (200, "{\"status\":\"running\"}\n"));
    let (status, made) = process.elb(LOAD_BALANCER).await;
    assert_eq!(status, 200, "{made}");
    assert!(made.contains("<DNSName>web-") && made.contains("<Code>active</Code>"), "{made}");
    let (_, subnets) = process.ask("POST", "/", "ec2", "Action=DescribeSubnets&Version=2016-11-15").await;
    assert!(subnets.contains("<subnetId>subnet-a</subnetId>"), "{subnets}");
    Command::new("kill").args(["-TERM", &process.child.id().to_string()]).status().expect("kill");
    let ended = tokio::time::timeout(
        Duration::from_secs(5),
        tokio::task::spawn_blocking(move || process.child.wait().map(|status| status.success())),
    );
    assert!(ended.await.expect("it ends in time").expect("no panic").expect("a status"));
}

#[tokio::test]
async fn load_balancers_may_stand_on_the_ec2_of_another_endpoint() {
    let file = described("remote");
    let ec2 = Process::start(&["--account-description", &file]);
    let elb = Process::start(&["--ec2-endpoint", &format!("http://{}", ec2.address)]);
    let (status, made) = elb.elb(LOAD_BALANCER).await;
    assert_eq!(status, 200, "{made}");
    assert!(made.contains("<VpcId>vpc-a</VpcId>"), "{made}");
    let (status, refused) = elb.elb(&LOAD_BALANCER.replace("subnet-a", "subnet-x")).await;
    assert!(status == 400 && refused.contains("<Code>SubnetNotFound</Code>"), "{refused}");
    drop(ec2);
    let (status, broken) = elb.elb(&LOAD_BALANCER.replace("web", "new")).await;
    assert!(status == 400 && broken.contains("<Code>SimulatorNetworkFailure</Code>"), "{broken}");
}

#[tokio::test]
async fn a_test_controls_an_account_while_it_runs() {
    let file = described("controls");
    let process = Process::start(&["--account-description", &file, "--health-delay", "1500ms"]);
    let options = "/_simulator/accounts/111122223333/us-west-2/options";
    let (status, before) = process.ask("GET", options, "-", "").await;
    assert!(status == 200 && before.contains("\"healthDelay\":1.5"), "{before}");
    let (status, after) =
        process.ask("PATCH", options, "-", r#"{"provisioningDelay": 0, "quotas": {"target-groups": 0}}"#).await;
    assert!(
        status == 200 && after.contains("\"provisioningDelay\":0.0") && after.contains("\"healthDelay\":1.5"),
        "{after}"
    );
    let group = "Action=CreateTargetGroup&Version=2015-12-01&Name=web&Protocol=TCP&Port=80&VpcId=vpc-a&TargetType=ip";
    let (_, refused) = process.elb(group).await;
    assert!(refused.contains("<Code>TooManyTargetGroups</Code>"), "{refused}");
    process.ask("PATCH", options, "-", r#"{"quotas": {"target-groups": 1}}"#).await;
    let (_, made) = process.elb(group).await;
    let arn = made.split_once("<TargetGroupArn>").and_then(|(_, rest)| rest.split_once('<')).expect("an ARN").0;
    let health = "/_simulator/accounts/111122223333/us-west-2/target-health";
    let force = format!(r#"{{"targetGroupArn": "{arn}", "targetId": "10.0.0.9", "state": "unhealthy"}}"#);
    assert_eq!(process.ask("PUT", health, "-", &force).await.0, 200);
    let state = "/_simulator/accounts/111122223333/us-west-2/load-balancer-state";
    let refusals = [
        ("PUT", state, r#"{"loadBalancerArn": "x", "state": null}"#, 400),
        ("PUT", state, r#"{"loadBalancerArn": "x", "state": "sleepy"}"#, 400),
        ("PUT", health, r#"{"targetGroupArn": "x", "targetId": "y", "state": null}"#, 400),
        ("PUT", health, r#"{"state": "sleepy"}"#, 400),
        ("PATCH", options, r#"{"quotas": {"networks": 1}}"#, 400),
        ("PATCH", options, r#"{"colour": "red"}"#, 400),
        ("POST", "/_simulator/reset", "", 404),
        ("GET", "/", "", 405),
    ];
    for (method, path, body, expected) in refusals {
        assert_eq!(process.ask(method, path, "-", body).await.0, expected, "{method} {path} {body}");
    }
}

#[tokio::test]
async fn a_test_reads_calls_violations_and_the_present_state() {
    let file = described("watched");
    let process = Process::start(&["--account-description", &file]);
    process.elb(LOAD_BALANCER).await;
    process.elb("Action=CreateListener&Version=2015-12-01&Port=0").await;
    let (_, calls) = process.ask("GET", "/_simulator/calls/0", "-", "").await;
    assert!(
        calls.contains("\"action\":\"CreateLoadBalancer\"") && calls.contains("\"Subnets\":[\"subnet-a\"]"),
        "{calls}"
    );
    assert_eq!(process.ask("GET", "/_simulator/calls/2", "-", "").await, (200, "[]\n".to_owned()));
    assert_eq!(process.ask("GET", "/_simulator/calls/x", "-", "").await.0, 400);
    let (_, violations) = process.ask("GET", "/_simulator/violations", "-", "").await;
    assert!(
        violations.contains("\"action\":\"CreateListener\"") && !violations.contains("LoadBalancer\""),
        "{violations}"
    );
    let (_, state) = process.ask("GET", "/_simulator/accounts/111122223333/us-west-2", "-", "").await;
    assert!(state.contains("\"name\":\"web\"") && state.contains("\"securityGroups\":{"), "{state}");
    assert_eq!(process.ask("GET", "/_simulator/data-path", "-", "").await.0, 400);
}

#[tokio::test]
async fn the_binary_opens_listeners_and_is_told_where_targets_are() {
    let file = described("data-path");
    let process = Process::start(&["--account-description", &file, "--provisioning-delay", "0s", "--data-path"]);
    let arn = |document: &str, name: &str| {
        let (_, rest) = document.split_once(&format!("<{name}>")).expect("an ARN");
        rest.split_once('<').expect("an end").0.to_owned()
    };
    let (_, made) = process.elb(LOAD_BALANCER).await;
    let group = "Action=CreateTargetGroup&Version=2015-12-01&Name=web&Protocol=TCP&Port=80&VpcId=vpc-a&TargetType=ip";
    let (_, group) = process.elb(group).await;
    let (load_balancer, group) = (arn(&made, "LoadBalancerArn"), arn(&group, "TargetGroupArn"));
    let actions = format!("DefaultActions.member.1.Type=forward&DefaultActions.member.1.TargetGroupArn={group}");
    let create =
        format!("Action=CreateListener&Version=2015-12-01&LoadBalancerArn={load_balancer}&Protocol=TCP&Port=80");
    process.elb(&format!("{create}&{actions}")).await;
    let address = loop {
        let (_, open) = process.ask("GET", "/_simulator/data-path", "-", "").await;
        let open: serde_json::Value = serde_json::from_str(&open).expect("JSON");
        match open[0]["address"].as_str() {
            Some(address) => break address.to_owned(),
            None => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    };
    assert!(TcpStream::connect(address).await.is_ok());
    let targets = "/_simulator/accounts/111122223333/us-west-2/targets";
    let table = r#"[{"target": "10.0.0.9", "port": 80, "address": "127.0.0.1:9"}]"#;
    assert_eq!(process.ask("PUT", targets, "-", table).await.0, 200);
    assert_eq!(process.ask("PUT", targets, "-", r#"[{"target": "10.0.0.9"}]"#).await.0, 400);
}

#[tokio::test]
async fn what_cannot_start_says_why() {
    let cases: [(&[&str], &str); 4] = [
        (&["--ec2-endpoint", "nowhere"], "--ec2-endpoint"),
        (&["--account-description", "/nowhere.yaml"], "/nowhere.yaml"),
        (&["--listen", "192.0.2.1:0"], "cannot listen on 192.0.2.1:0"),
        (&["--health-delay", "soon"], "--health-delay"),
    ];
    for (arguments, expected) in cases {
        let output = Command::new(env!("CARGO_BIN_EXE_northgate-simulator")).args(arguments).output().expect("it runs");
        let said = String::from_utf8(output.stderr).expect("UTF-8");
        assert!(!output.status.success() && said.contains(expected), "{said}");
        assert!(output.stdout.is_empty());
    }
}

async fn ask(simulator: &Simulator, service: Service, body: &str) -> (u16, String) {
    let scope = Scope { account: "111122223333".to_owned(), region: "us-west-2".to_owned() };
    let response = simulator.handle(Request::query(service, scope, body.as_bytes().to_vec())).await;
    (response.status, String::from_utf8(response.body).expect("UTF-8"))
}

#[tokio::test]
async fn an_action_that_is_not_modelled_is_refused_by_name() {
    let simulator = Simulator::new(Options::default());
    let (status, elb) =
        ask(&simulator, Service::ElasticLoadBalancing, "Action=ModifyTrustStore&Version=2015-12-01").await;
    assert_eq!(status, 400);
    assert!(elb.contains("<Code>InvalidAction</Code>") && elb.contains("ModifyTrustStore"), "{elb}");
    let (status, ec2) = ask(&simulator, Service::Ec2, "Action=CreateImage&Version=2016-11-15").await;
    assert_eq!(status, 400);
    assert!(
        ec2.starts_with("<Response><Errors><Error><Code>InvalidAction</Code>") && ec2.contains("CreateImage"),
        "{ec2}"
    );
    let (_, none) = ask(&simulator, Service::ElasticLoadBalancing, "Version=2015-12-01").await;
    assert!(none.contains("<Code>MissingAction</Code>"), "{none}");
}

#[tokio::test]
async fn accounts_and_regions_do_not_see_each_other() {
    let simulator = Simulator::new(Options::default());
    let scope = |account: &str, region: &str| Scope { account: account.to_owned(), region: region.to_owned() };
    let options = simulator.options(&scope("111122223333", "us-west-2")).await;
    let changed = AccountOptions { health_delay: Duration::from_secs(9), ..options.clone() };
    simulator.set_options(&scope("111122223333", "us-west-2"), changed.clone()).await;
    assert_eq!(simulator.options(&scope("111122223333", "us-west-2")).await, changed);
    assert_eq!(simulator.options(&scope("111122223333", "us-east-1")).await, options);
    assert_eq!(simulator.options(&scope("444455556666", "us-west-2")).await, options);
}

#[tokio::test]
async fn request_ids_count_so_that_a_run_can_be_repeated() {
    let simulator = Simulator::new(Options::default());
    let describe = "Action=DescribeLoadBalancers&Version=2015-12-01";
    for number in 1..=2 {
        let (_, answer) = ask(&simulator, Service::ElasticLoadBalancing, describe).await;
        let expected = format!("<RequestId>00000000-0000-4000-8000-{number:012}</RequestId>");
        assert!(answer.contains(&expected), "{answer}");
    }
}
