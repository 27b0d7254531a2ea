//! The index over the tags of all services.

use std::time::Duration;

use northgate_simulator::{AccountOptions, Lag, LagKind, Service};
use serde_json::{Value, json};

use super::world::{APPLICATION, ISSUED, LISTENER, NETWORK, World, each, pass, texts};

const GROUP: &str = "arn:aws:elasticloadbalancing:us-west-2:111122223333:targetgroup/web/0123456789abcdef";
const SUBNET: &str = "arn:aws:ec2:us-west-2:111122223333:subnet/subnet-a";
const SECURITY_GROUP: &str = "arn:aws:ec2:us-west-2:111122223333:security-group/sg-a";

async fn found(world: &World, params: Value) -> Vec<String> {
    let answer = world.tagging("GetResources", params).await.expect("an answer");
    each(&answer["ResourceTagMappingList"], "ResourceARN").into_iter().map(str::to_owned).collect()
}

async fn tags(world: &World, arn: &str) -> Option<Value> {
    let answer = world.tagging("GetResources", json!({ "ResourceARNList": [arn] })).await.expect("an answer");
    answer["ResourceTagMappingList"].get(0).map(|mapping| mapping["Tags"].clone())
}

#[tokio::test(start_paused = true)]
async fn resources_are_found_by_tags_and_types() {
    let world = World::new().await;
    let team = |values: Value| json!({ "TagFilters": [{ "Key": "team", "Values": values }] });
    let of_type = |kind: &str| json!({ "ResourceTypeFilters": [kind] });
    let cluster = json!({ "Key": "elbv2.k8s.aws/cluster", "Values": ["demo"] });
    let cases = [
        ("everything that has tags", json!({}), vec![ISSUED, SECURITY_GROUP, SUBNET, NETWORK, GROUP]),
        ("by key", team(json!([])), vec![ISSUED, SECURITY_GROUP, SUBNET, NETWORK, GROUP]),
        ("by any of several values", team(json!(["data", "x"])), vec![GROUP]),
        (
            "by all of several filters",
            json!({ "TagFilters": [cluster, { "Key": "team", "Values": ["web"] }] }),
            vec![NETWORK],
        ),
        ("by service", of_type("elasticloadbalancing"), vec![NETWORK, GROUP]),
        ("by type", of_type("elasticloadbalancing:targetgroup"), vec![GROUP]),
        ("by subtype", of_type("elasticloadbalancing:loadbalancer/net"), vec![NETWORK]),
        ("by another subtype", of_type("elasticloadbalancing:loadbalancer/app"), vec![]),
        ("of EC2", of_type("ec2:subnet"), vec![SUBNET]),
    ];
    for (how, params, expected) in cases {
        assert_eq!(found(&world, params).await, expected, "{how}");
    }
}

#[tokio::test(start_paused = true)]
async fn pages_together_are_everything_once_and_a_token_lives_for_fifteen_minutes() {
    let world = World::new().await;
    let page =
        |token: String| world.tagging("GetResources", json!({ "ResourcesPerPage": 2, "PaginationToken": token }));
    let (mut seen, mut token) = (Vec::new(), String::new());
    let mut first_token = None;
    loop {
        let answer = page(token).await.unwrap();
        seen.extend(each(&answer["ResourceTagMappingList"], "ResourceARN").into_iter().map(str::to_owned));
        token = answer["PaginationToken"].as_str().unwrap().to_owned();
        first_token.get_or_insert_with(|| token.clone());
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, [ISSUED, SECURITY_GROUP, SUBNET, NETWORK, GROUP]);
    pass(900).await;
    page(first_token.clone().unwrap()).await.unwrap();
    pass(1).await;
    let refused = page(first_token.unwrap()).await.unwrap_err();
    assert!(refused.starts_with("PaginationTokenExpiredException: "), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn what_lost_its_tags_is_still_listed_and_what_never_had_any_is_not() {
    let world = World::new().await;
    let answer =
        world.tagging("UntagResources", json!({ "ResourceARNList": [SUBNET], "TagKeys": ["team"] })).await.unwrap();
    assert_eq!(answer["FailedResourcesMap"], json!({}));
    assert_eq!(tags(&world, SUBNET).await, Some(json!([])));
    assert_eq!(tags(&world, "arn:aws:ec2:us-west-2:111122223333:vpc/vpc-a").await, None);
}

#[tokio::test(start_paused = true)]
async fn tags_are_put_on_resources_of_every_service_and_failures_are_named() {
    let world = World::new().await;
    let nobody = "arn:aws:s3:::bucket";
    let gone = GROUP.replace("/web/", "/gone/");
    let params = json!({ "ResourceARNList": [NETWORK, SUBNET, ISSUED, nobody, gone], "Tags": { "new": "1" } });
    let answer = world.tagging("TagResources", params).await.unwrap();
    let failed: Vec<&String> = answer["FailedResourcesMap"].as_object().unwrap().keys().collect();
    assert_eq!(failed, [&gone, &nobody.to_owned()]);
    for arn in [NETWORK, SUBNET, ISSUED] {
        assert!(tags(&world, arn).await.unwrap().to_string().contains(r#""Key":"new""#), "{arn}");
    }
    let keys = world.tagging("GetTagKeys", json!({})).await.unwrap();
    assert_eq!(texts(&keys["TagKeys"]), ["elbv2.k8s.aws/cluster", "kubernetes.io/cluster/demo", "new", "team"]);
    let values = world.tagging("GetTagValues", json!({ "Key": "team" })).await.unwrap();
    assert_eq!(texts(&values["TagValues"]), ["data", "web"]);
}

#[tokio::test(start_paused = true)]
async fn a_resource_that_is_made_and_deleted_comes_and_goes() {
    let world = World::new().await;
    let create = "Action=CreateTargetGroup&Version=2015-12-01&Name=new&Protocol=TCP&Port=80&VpcId=vpc-a\
                  &Tags.member.1.Key=team&Tags.member.1.Value=new";
    let made = world.query(Service::ElasticLoadBalancing, create).await.unwrap();
    let (_, rest) = made.split_once("<TargetGroupArn>").unwrap();
    let arn = rest.split_once('<').unwrap().0;
    assert_eq!(tags(&world, arn).await, Some(json!([{ "Key": "team", "Value": "new" }])));
    let delete = format!("Action=DeleteTargetGroup&Version=2015-12-01&TargetGroupArn={arn}");
    world.query(Service::ElasticLoadBalancing, &delete).await.unwrap();
    assert_eq!(tags(&world, arn).await, None);
}

#[tokio::test(start_paused = true)]
async fn with_a_load_balancer_go_its_listeners_and_rules() {
    let world = World::new().await;
    let params = json!({ "ResourceARNList": [APPLICATION, LISTENER], "Tags": { "new": "1" } });
    assert_eq!(world.tagging("TagResources", params).await.unwrap()["FailedResourcesMap"], json!({}));
    let new = json!({ "TagFilters": [{ "Key": "new" }] });
    assert_eq!(found(&world, new.clone()).await, [LISTENER, APPLICATION]);
    let delete = format!("Action=DeleteLoadBalancer&Version=2015-12-01&LoadBalancerArn={APPLICATION}");
    world.query(Service::ElasticLoadBalancing, &delete).await.unwrap();
    assert!(found(&world, new).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_index_may_lag_behind() {
    let lag = Lag::default().with(LagKind::TagIndex, Duration::from_secs(300));
    let world = World::with(AccountOptions { lag, ..AccountOptions::default() }).await;
    let tag = "Action=CreateTags&Version=2016-11-15&ResourceId.1=subnet-a&Tag.1.Key=team&Tag.1.Value=late";
    world.query(Service::Ec2, tag).await.unwrap();
    pass(299).await;
    assert_eq!(tags(&world, SUBNET).await, Some(json!([{ "Key": "team", "Value": "web" }])));
    pass(1).await;
    assert_eq!(tags(&world, SUBNET).await, Some(json!([{ "Key": "team", "Value": "late" }])));
}
