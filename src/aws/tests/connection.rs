//! How the account is reached, and what of it cannot be reached.

use std::error::Error as _;

use aws_sdk_ec2::config::ProvideCredentials;

use super::*;
use crate::aws::error::{Call, Class};
use crate::aws::{ConnectOptions, apply};
use northgate_planner::actual::LoadBalancerState;
use northgate_planner::facts::Needs;
use northgate_planner::id::InstanceId;
use northgate_planner::plan::DeleteLoadBalancer;

#[tokio::test]
async fn a_region_from_a_flag_needs_no_environment() {
    let options = ConnectOptions { region: Some(Region::new("eu-west-1")), ..ConnectOptions::default() };
    assert_eq!(Connection::connect(options).await.unwrap().region().as_str(), "eu-west-1");
}

#[tokio::test]
async fn the_vpc_of_a_node_and_its_account_can_be_asked_before_there_is_an_account() {
    let bed = Bed::new().await;
    let connection = &bed.connection;
    let vpc = connection.vpc_of_instances(&[InstanceId::new("i-none"), InstanceId::new("i-1")]).await.unwrap();
    assert_eq!(vpc, Some(VpcId::new(VPC)));
    assert_eq!(connection.vpc_of_instances(&[InstanceId::new("i-none")]).await.unwrap(), None);
    assert_eq!(connection.account_of_vpc(&vpc.unwrap()).await.unwrap(), Some(AccountId::new(ACCOUNT)));
    assert_eq!(connection.account_of_vpc(&VpcId::new("vpc-none")).await.unwrap(), None);
}

#[tokio::test]
async fn clients_for_reading_refuse_to_write_before_anything_is_sent() {
    let bed = Bed::new().await;
    let account = bed.connection.read_only_account(ClusterName::new(CLUSTER), VpcId::new(VPC));
    account.observe(&Scope::Stack { id: web(), purpose: Purpose::Keep }).await.unwrap();
    assert!(!bed.wire.calls().is_empty());
    let change = AwsChange::CreateLoadBalancer(load_balancer("web"));
    let error = apply::perform(&account.account.inner, &change).await.unwrap_err();
    assert_eq!(error.class(), Class::Invalid);
    assert_eq!(error.to_string(), "elasticloadbalancing:CreateLoadBalancer: the request was not sent");
    assert!(chain(&error).contains("CreateLoadBalancer may write, and this client only reads"), "{}", chain(&error));
    assert_eq!(bed.wire.calls(), Vec::<String>::new());
    let answer = account.account.inner.clients.ec2.create_tags().send().await;
    assert!(answer.is_err() && bed.wire.calls().is_empty());
}

#[tokio::test]
async fn missing_credentials_are_not_a_broken_connection() {
    #[derive(Debug)]
    struct Nobody;

    impl ProvideCredentials for Nobody {
        fn provide_credentials<'a>(&'a self) -> aws_credential_types::provider::future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            let error = aws_credential_types::provider::error::CredentialsError::not_loaded("nobody gave any");
            aws_credential_types::provider::future::ProvideCredentials::ready(Err(error))
        }
    }

    let bed = Bed::new().await;
    let config = bed.account.inner.clients.ec2.config().to_builder().credentials_provider(Nobody).build();
    let answer = aws_sdk_ec2::Client::from_conf(config).describe_vpcs().send().await;
    let error = answer.map_err(crate::aws::error::failed(Call::ec2("DescribeVpcs"))).unwrap_err();
    assert_eq!(error.class(), Class::Denied);
    assert_eq!(error.to_string(), "ec2:DescribeVpcs: no AWS credentials");
    assert!(error.hint().unwrap().contains("AWS_PROFILE"));
    assert!(chain(&error).contains("nobody gave any"), "{}", chain(&error));
}

#[tokio::test(start_paused = true)]
async fn what_passes_is_tried_again_and_what_stays_says_how_to_go_on() {
    let bed = Bed::new().await;
    bed.wire.refuse("DescribeVpcs", 400, "Throttling");
    bed.wire.break_under("DescribeVpcs");
    bed.connection.account_of_vpc(&VpcId::new(VPC)).await.unwrap();
    assert_eq!(bed.wire.calls(), ["DescribeVpcs"; 3]);
    for (status, code, class, sent) in [
        (503, "RequestLimitExceeded", Class::Throttle, 3),
        (500, "InternalError", Class::Transient, 3),
        (403, "UnauthorizedOperation", Class::Denied, 1),
    ] {
        for _ in 0..sent {
            bed.wire.refuse("DescribeVpcs", status, code);
        }
        let error = bed.connection.account_of_vpc(&VpcId::new(VPC)).await.unwrap_err();
        assert_eq!((error.class(), error.request_id()), (class, Some("req-7")), "{error}");
        assert_eq!(error.to_string(), format!("ec2:DescribeVpcs: {code}: said so (request req-7)"));
        assert_eq!(bed.wire.calls().len(), sent);
    }
    for _ in 0..3 {
        bed.wire.break_under("DescribeVpcs");
    }
    let error = bed.connection.account_of_vpc(&VpcId::new(VPC)).await.unwrap_err();
    assert_eq!(error.class(), Class::Transient);
    assert!(chain(&error).contains("the connection was reset"), "{}", chain(&error));
}

#[tokio::test(start_paused = true)]
async fn an_account_in_trouble_leaves_others_their_retries() {
    let (troubled, calm) = (Bed::new().await, Bed::new().await);
    let needs = Needs { vpc: true, ..Needs::default() };
    for _ in 0..300 {
        troubled.wire.break_under("DescribeVpcs");
    }
    for _ in 0..100 {
        troubled.account.lookup(&needs).await.unwrap_err();
    }
    assert!(troubled.wire.calls().len() < 200, "its own retries are used up");
    calm.wire.break_under("DescribeVpcs");
    calm.account.lookup(&needs).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn load_balancers_that_are_waited_for_come_in_few_calls_without_those_that_are_gone() {
    let bed = Bed::new().await;
    let mut arns = Vec::new();
    for number in 0..25 {
        let create = load_balancer(&format!("web-{number}"));
        let made = bed.perform(AwsChange::CreateLoadBalancer(create)).await.unwrap();
        arns.push(LoadBalancerArn::new(made.physical_id.unwrap()));
    }
    bed.wire.calls();
    let states = bed.account.states(&arns).await.unwrap();
    assert_eq!(bed.wire.calls(), ["DescribeLoadBalancers"; 2]);
    assert!(
        states
            .values()
            .all(|(state, name)| *state == LoadBalancerState::Provisioning && name.ends_with(".amazonaws.com"))
    );
    assert_eq!(states.len(), 25);

    let gone = arns[3].clone();
    bed.perform(AwsChange::DeleteLoadBalancer(DeleteLoadBalancer { load_balancer_arn: gone.clone() })).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(60)).await;
    let states = bed.account.states(&arns).await.unwrap();
    assert!(states.values().all(|(state, _)| *state == LoadBalancerState::Active));
    assert_eq!((states.len(), states.contains_key(&gone)), (24, false));
}

/// The error with everything that caused it.
fn chain(error: &AwsError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
