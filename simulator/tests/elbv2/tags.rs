//! AddTags, RemoveTags, DescribeTags.

use std::collections::BTreeMap;

use aws_sdk_elasticloadbalancingv2::types::LoadBalancerTypeEnum;

use super::world::{World, arn, refusal, tag};

#[tokio::test]
async fn every_kind_of_resource_has_tags() {
    let world = World::new().await;
    let web = world.web().await;
    let rules = world.elb.describe_rules().listener_arn(&web.listener).send().await.unwrap();
    let rule = arn(rules.rules()[0].rule_arn());
    let all = [&web.load_balancer, &web.listener, &web.group, &rule];
    let add = world.elb.add_tags().set_resource_arns(Some(all.iter().map(|arn| (*arn).clone()).collect()));
    add.tags(tag("team", "a")).tags(tag("keep", "")).send().await.unwrap();
    world.elb.add_tags().resource_arns(&rule).tags(tag("team", "b")).send().await.unwrap();
    let remove = world.elb.remove_tags().resource_arns(&web.group).resource_arns(&web.listener);
    remove.tag_keys("team").tag_keys("absent").send().await.unwrap();
    let expected = [
        (&web.load_balancer, vec![("keep", ""), ("team", "a")]),
        (&web.listener, vec![("keep", "")]),
        (&web.group, vec![("keep", "")]),
        (&rule, vec![("keep", ""), ("team", "b")]),
    ];
    for (arn, tags) in expected {
        let tags = tags.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(world.tags(arn).await, tags.collect::<BTreeMap<_, _>>(), "{arn}");
    }
}

#[tokio::test]
async fn tags_given_at_creation_are_there() {
    let world = World::new().await;
    let create = world.elb.create_load_balancer().name("web").r#type(LoadBalancerTypeEnum::Network);
    let made = create.subnets("subnet-a").tags(tag("a/b:c", "d e")).send().await.unwrap();
    let tags = world.tags(made.load_balancers()[0].load_balancer_arn().unwrap()).await;
    assert_eq!(tags, BTreeMap::from([("a/b:c".to_owned(), "d e".to_owned())]));
}

#[tokio::test]
async fn a_resource_has_at_most_fifty_tags_and_a_refusal_changes_nothing() {
    let world = World::new().await;
    let (full, empty) = (world.target_group("full").await, world.target_group("empty").await);
    let (full, empty) = (arn(full.target_group_arn()), arn(empty.target_group_arn()));
    let fifty = (0..50).map(|n| tag(&format!("key-{n}"), "")).collect();
    world.elb.add_tags().resource_arns(&full).set_tags(Some(fifty)).send().await.unwrap();
    let refused = world.elb.add_tags().resource_arns(&empty).resource_arns(&full).tags(tag("one", "more")).send().await;
    assert!(refusal(&refused.unwrap_err()).starts_with("TooManyTags: "));
    assert!(world.tags(&empty).await.is_empty());
    world.elb.add_tags().resource_arns(&full).tags(tag("key-1", "changed")).send().await.unwrap();
    let create = format!(
        "Name=new&Protocol=TCP&Port=80&VpcId=vpc-a{}",
        (1..=51).map(|n| format!("&Tags.member.{n}.Key=k{n}")).collect::<String>()
    );
    world.refuses("CreateTargetGroup", &[(&create, "TooManyTags: ")]).await;
}

#[tokio::test]
async fn tags_that_aws_would_not_take_are_refused() {
    let world = World::new().await;
    let arn = arn(world.target_group("web").await.target_group_arn());
    let add = |tags: &str| format!("ResourceArns.member.1={arn}&{tags}");
    let long = add(&format!("Tags.member.1.Key={}", "k".repeat(129)));
    let value = add(&format!("Tags.member.1.Key=k&Tags.member.1.Value={}", "v".repeat(257)));
    let cases = [
        (add("Tags.member.1.Key=aws:x"), "ValidationError: Tag key 'aws:x' is not valid"),
        (add("Tags.member.1.Key=a&Tags.member.2.Key=a"), "DuplicateTagKeys: "),
        (add("Tags.member.1.Key="), "ValidationError: 1 validation error detected: Value '' at 'tags.1.member.key'"),
        (add("Tags.member.1.Key=a%23b"), "ValidationError: 1 validation error detected: Value 'a#b' at 'tags'"),
        (
            add("Tags.member.1.Value=v"),
            "ValidationError: 1 validation error detected: Value null at 'tags.1.member.key'",
        ),
        (long, "ValidationError: 1 validation error detected: Value 'kkk"),
        (value, "ValidationError: 1 validation error detected: Value 'vvv"),
        (add(""), "ValidationError: 1 validation error detected: Value null at 'tags'"),
    ];
    for (parameters, expected) in &cases {
        world.refuses("AddTags", &[(parameters, expected)]).await;
    }
}

#[tokio::test]
async fn tags_of_what_is_not_there_are_refused_with_the_code_of_its_kind() {
    let world = World::new().await;
    let web = world.web().await;
    let ask = |arn: String| format!("ResourceArns.member.1={}&ResourceArns.member.2={arn}", web.load_balancer);
    let many = (1..=21).map(|n| format!("ResourceArns.member.{n}={}&", web.group)).collect::<String>();
    let rule = web.listener.replace(":listener/", ":listener-rule/");
    let cases = [
        (ask(format!("{}0", web.load_balancer)), "LoadBalancerNotFound: "),
        (ask(format!("{}0", web.group)), "TargetGroupNotFound: "),
        (ask(format!("{}0", web.listener)), "ListenerNotFound: "),
        (ask(format!("{rule}/0")), "RuleNotFound: "),
        (ask("web".to_owned()), "ValidationError: 'web' is not a valid ARN"),
        (many, "ValidationError: 1 validation error detected: Value '[arn"),
    ];
    for (parameters, expected) in &cases {
        world.refuses("DescribeTags", &[(parameters, expected)]).await;
    }
}
