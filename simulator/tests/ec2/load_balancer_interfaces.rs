//! The interfaces that load balancers have in EC2: made, moved and left behind for a while.

use std::time::Duration;

use aws_sdk_ec2::types::NetworkInterface;
use aws_sdk_elasticloadbalancingv2 as elbv2;
use elbv2::types::LoadBalancerTypeEnum;
use northgate_simulator::Simulator;

use super::world::{client_of, filter, refusal, simulator};

fn load_balancing(simulator: &Simulator) -> elbv2::Client {
    let ec2 = client_of(simulator);
    let config = elbv2::Config::builder()
        .behavior_version(elbv2::config::BehaviorVersion::latest())
        .region(ec2.config().region().cloned())
        .credentials_provider(elbv2::config::Credentials::new(super::world::ACCOUNT, "secret", None, None, "tests"))
        .http_client(simulator.connector());
    elbv2::Client::from_conf(config.build())
}

/// An internal NLB in subnet-a with the group sg-free; its ARN.
async fn create(client: &elbv2::Client) -> String {
    let call = client.create_load_balancer().name("web").r#type(LoadBalancerTypeEnum::Network);
    let made = call.subnets("subnet-a").security_groups("sg-free").send().await.unwrap();
    made.load_balancers()[0].load_balancer_arn().unwrap().to_owned()
}

async fn interfaces(simulator: &Simulator) -> Vec<NetworkInterface> {
    let call = client_of(simulator).describe_network_interfaces().filters(filter("requester-id", &["amazon-elb"]));
    call.send().await.unwrap().network_interfaces().to_vec()
}

async fn free_addresses(simulator: &Simulator, subnet: &str) -> i32 {
    let answer = client_of(simulator).describe_subnets().subnet_ids(subnet).send().await.unwrap();
    answer.subnets()[0].available_ip_address_count().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_load_balancer_has_an_interface_in_each_subnet() {
    let simulator = simulator().await;
    let before = free_addresses(&simulator, "subnet-a").await;
    let arn = create(&load_balancing(&simulator)).await;
    let [only] = &interfaces(&simulator).await[..] else { panic!("one interface") };
    let described_as = format!("ELB {}", arn.split_once('/').unwrap().1);
    assert_eq!(only.description(), Some(described_as.as_str()));
    assert_eq!(only.requester_managed(), Some(true));
    assert_eq!((only.subnet_id(), only.vpc_id()), (Some("subnet-a"), Some("vpc-a")));
    assert_eq!(only.groups()[0].group_id(), Some("sg-free"));
    assert_eq!(only.private_ip_address(), Some("10.0.0.4"), "the first address that AWS does not keep");
    assert_eq!(free_addresses(&simulator, "subnet-a").await, before - 1);
}

#[tokio::test(start_paused = true)]
async fn the_interfaces_hold_the_security_group_until_they_are_gone() {
    let simulator = simulator().await;
    let before = free_addresses(&simulator, "subnet-a").await;
    let (client, load_balancing) = (client_of(&simulator), load_balancing(&simulator));
    let arn = create(&load_balancing).await;
    let delete = || client.delete_security_group().group_id("sg-free").send();
    let in_use = "DependencyViolation: resource sg-free has a dependent object";
    assert_eq!(refusal(delete().await), in_use);
    load_balancing.delete_load_balancer().load_balancer_arn(arn).send().await.unwrap();
    assert_eq!(interfaces(&simulator).await.len(), 1, "they outlive the load balancer");
    assert_eq!(refusal(delete().await), in_use);
    tokio::time::advance(Duration::from_secs(2)).await;
    assert!(interfaces(&simulator).await.is_empty());
    assert_eq!(free_addresses(&simulator, "subnet-a").await, before);
    delete().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn interfaces_follow_subnets_and_security_groups() {
    let simulator = simulator().await;
    let load_balancing = load_balancing(&simulator);
    let arn = create(&load_balancing).await;
    let move_to = |subnet: &str| load_balancing.set_subnets().load_balancer_arn(&arn).subnets(subnet).send();
    move_to("subnet-b").await.unwrap();
    let groups = load_balancing.set_security_groups().load_balancer_arn(&arn).security_groups("sg-node");
    groups.send().await.unwrap();
    tokio::time::advance(Duration::from_secs(2)).await;
    let [only] = &interfaces(&simulator).await[..] else { panic!("one interface") };
    assert_eq!((only.subnet_id(), only.groups()[0].group_id()), (Some("subnet-b"), Some("sg-node")));
    move_to("subnet-a").await.unwrap();
    move_to("subnet-b").await.unwrap();
    tokio::time::advance(Duration::from_secs(2)).await;
    let [same] = &interfaces(&simulator).await[..] else { panic!("one interface") };
    assert_eq!(same.network_interface_id(), only.network_interface_id(), "moved back in time, it stays");
}
