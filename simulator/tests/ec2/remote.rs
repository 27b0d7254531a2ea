//! Load balancers on another EC2 endpoint, over HTTP.

use aws_sdk_elasticloadbalancingv2 as elbv2;
use elbv2::error::ProvideErrorMetadata;
use elbv2::types::{LoadBalancerTypeEnum, ProtocolEnum, TargetDescription};
use northgate_simulator::{Options, RemoteEc2, Simulator, door};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::world::{ACCOUNT, REGION, simulator};

/// A client of load balancing that stands on the EC2 at this endpoint.
fn over(endpoint: &str) -> elbv2::Client {
    let ec2 = RemoteEc2::new(endpoint).unwrap();
    let simulator = Simulator::with_remote_ec2(Options::default(), ec2);
    let config = elbv2::Config::builder()
        .behavior_version(elbv2::config::BehaviorVersion::latest())
        .region(elbv2::config::Region::new(REGION))
        .credentials_provider(elbv2::config::Credentials::new(ACCOUNT, "secret", None, None, "tests"))
        .retry_config(elbv2::config::retry::RetryConfig::disabled())
        .http_client(simulator.connector());
    elbv2::Client::from_conf(config.build())
}

async fn served() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(door::http::serve(simulator().await, None, listener));
    endpoint
}

#[tokio::test]
async fn the_facts_of_the_other_endpoint_decide() {
    let client = over(&served().await);
    let create = |subnet: &str, group: &str| {
        let call = client.create_load_balancer().name("web").r#type(LoadBalancerTypeEnum::Network);
        call.subnets(subnet).security_groups(group).send()
    };
    let refusals = [
        ("SubnetNotFound", create("subnet-x", "sg-node").await.unwrap_err()),
        ("InvalidSecurityGroup", create("subnet-a", "sg-x").await.unwrap_err()),
        ("InvalidConfigurationRequest", create("subnet-a", "sg-elsewhere").await.unwrap_err()),
    ];
    for (expected, error) in refusals {
        assert_eq!(error.code(), Some(expected), "{:?}", error.message());
    }
    let made = create("subnet-a", "sg-node").await.unwrap();
    let made = &made.load_balancers()[0];
    assert_eq!(made.vpc_id(), Some("vpc-a"));
    assert_eq!(made.availability_zones()[0].zone_name(), Some("us-west-2a"));
}

#[tokio::test]
async fn instances_and_vpcs_are_asked_there_too() {
    let client = over(&served().await);
    let group = client.create_target_group().name("web").protocol(ProtocolEnum::Tcp).port(80).vpc_id("vpc-a");
    let group = group.send().await.unwrap().target_groups()[0].target_group_arn().unwrap().to_owned();
    let register = |id: &str| {
        let target = TargetDescription::builder().id(id).build();
        client.register_targets().target_group_arn(&group).targets(target).send()
    };
    register("i-1").await.unwrap();
    for id in ["i-x", "i-gone"] {
        assert_eq!(register(id).await.unwrap_err().code(), Some("InvalidTarget"), "{id}");
    }
    let elsewhere = client.create_target_group().name("two").protocol(ProtocolEnum::Tcp).port(80).vpc_id("vpc-x");
    assert!(elsewhere.send().await.is_err());
}

#[tokio::test]
async fn an_endpoint_that_cannot_be_asked_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let call = over(&endpoint).create_load_balancer().name("web").r#type(LoadBalancerTypeEnum::Network);
    let error = call.subnets("subnet-a").send().await.unwrap_err();
    let message = error.message().unwrap();
    assert!(message.contains(&endpoint) && message.contains("DescribeSubnets"), "{message}");
}

/// A server that gives these answers, one on each connection, and keeps the requests.
async fn canned(answers: Vec<String>) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let served = tokio::spawn(async move {
        let mut requests = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4096];
            let length = stream.read(&mut request).await.unwrap();
            requests.push(String::from_utf8_lossy(&request[..length]).into_owned());
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
        requests
    });
    (endpoint, served)
}

#[tokio::test]
async fn an_answer_may_end_where_the_server_closes_and_go_on_on_another_page() {
    let page =
        |content: &str| format!("HTTP/1.0 200 OK\r\n\r\n<DescribeSubnetsResponse>{content}</DescribeSubnetsResponse>");
    let subnet = "<subnetId>s</subnetId><vpcId>v</vpcId><availabilityZone>z</availabilityZone>\
                  <availableIpAddressCount>99</availableIpAddressCount><cidrBlock>10.0.0.0/24</cidrBlock>";
    let first = page("<subnetSet/><nextToken>more&amp;more</nextToken>");
    let second = page(&format!("<subnetSet><item>{subnet}</item></subnetSet>"));
    let (endpoint, served) = canned(vec![first, second]).await;
    let call = over(&endpoint).create_load_balancer().name("web").r#type(LoadBalancerTypeEnum::Network);
    let made = call.subnets("s").send().await.unwrap();
    assert_eq!(made.load_balancers()[0].vpc_id(), Some("v"));
    let requests = served.await.unwrap();
    assert!(requests[0].contains(&format!("Credential={ACCOUNT}/20260131/{REGION}/ec2/aws4_request")));
    assert!(!requests[0].contains("NextToken") && requests[1].contains("NextToken=more%26more"));
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_is_shown() {
    let document = "<Response><Errors><Error><Code>AuthFailure</Code></Error></Errors></Response>";
    let (endpoint, _served) = canned(vec![format!("HTTP/1.0 401 Unauthorized\r\n\r\n{document}")]).await;
    let call = over(&endpoint).create_load_balancer().name("web").r#type(LoadBalancerTypeEnum::Network);
    let error = call.subnets("subnet-a").send().await.unwrap_err();
    assert!(error.message().unwrap().ends_with("answered DescribeSubnets with status 401: AuthFailure"));
}

#[test]
fn an_endpoint_is_an_http_address() {
    for wrong in ["", "127.0.0.1:4566", "https://127.0.0.1:4566", "http://127.0.0.1:4566/ec2"] {
        let error = RemoteEc2::new(wrong).unwrap_err().to_string();
        assert!(error.contains("http://HOST:PORT"), "{wrong}: {error}");
    }
    RemoteEc2::new("http://localhost:4566/").unwrap();
}
