//! Rules of application load balancers, and those of network load balancers.

use aws_sdk_elasticloadbalancingv2::operation::create_rule::builders::CreateRuleFluentBuilder;
use aws_sdk_elasticloadbalancingv2::types::{
    HostHeaderConditionConfig, HostHeaderRewriteConfig, HttpHeaderConditionConfig, HttpRequestMethodConditionConfig,
    IpAddressType, ProtocolEnum, QueryStringConditionConfig, QueryStringKeyValuePair, RewriteConfig, Rule,
    RuleCondition, RulePriorityPair, RuleTransform, SourceIpAddressTypeEnum, SourceIpConditionConfig, TargetTypeEnum,
    TransformTypeEnum, UrlRewriteConfig,
};

use super::world::{Shop, World, arn, fixed_response, forward, path, refusal, tag};

impl World {
    fn rule(&self, listener: &str, priority: i32) -> CreateRuleFluentBuilder {
        self.elb.create_rule().listener_arn(listener).priority(priority)
    }

    /// A rule on one path; its ARN.
    async fn path_rule(&self, listener: &str, priority: i32, pattern: &str) -> String {
        let create = self.rule(listener, priority).conditions(path(&[pattern])).actions(fixed_response("200"));
        arn(create.send().await.expect("a rule").rules()[0].rule_arn())
    }

    /// The paths of a listener's rules, in their order, with their priorities.
    async fn order(&self, listener: &str) -> Vec<String> {
        let rules = self.elb.describe_rules().listener_arn(listener).send().await.expect("rules");
        let line = |rule: &Rule| {
            let pattern = rule.conditions().first().map(|condition| condition.values().join(","));
            format!("{} {}", rule.priority().unwrap_or_default(), pattern.unwrap_or_default())
        };
        rules.rules().iter().map(line).collect()
    }

    async fn set_priorities(&self, pairs: &[(&str, i32)]) -> Result<(), String> {
        let pair =
            |(arn, priority): &(&str, i32)| RulePriorityPair::builder().rule_arn(*arn).priority(*priority).build();
        let call = self.elb.set_rule_priorities().set_rule_priorities(Some(pairs.iter().map(pair).collect()));
        call.send().await.map(|_| ()).map_err(|error| refusal(&error))
    }
}

#[tokio::test]
async fn rules_are_described_in_the_order_in_which_they_are_tried() {
    let world = World::new().await;
    let Shop { http, .. } = world.shop().await;
    for (priority, pattern) in [(100, "/c"), (9, "/b"), (1, "/a")] {
        world.path_rule(&http, priority, pattern).await;
    }
    assert_eq!(world.order(&http).await, ["1 /a", "9 /b", "100 /c", "default "]);
    let mut pages = world.elb.describe_rules().listener_arn(&http).page_size(3).into_paginator().send();
    let mut sizes = Vec::new();
    while let Some(page) = pages.next().await {
        sizes.push(page.unwrap().rules().len());
    }
    assert_eq!(sizes, [3, 1]);
}

#[tokio::test]
async fn a_rule_has_an_arn_under_its_listener_and_tags_of_its_own() {
    let world = World::new().await;
    let Shop { http, .. } = world.shop().await;
    let create = world.rule(&http, 1).conditions(path(&["/a"])).actions(fixed_response("200")).tags(tag("k", "v"));
    let rule = arn(create.send().await.unwrap().rules()[0].rule_arn());
    assert!(rule.starts_with(&format!("{}/", http.replace(":listener/", ":listener-rule/"))), "{rule}");
    assert_eq!(world.tags(&rule).await["k"], "v");
    let found = world.elb.describe_rules().rule_arns(&rule).send().await.unwrap();
    assert_eq!(found.rules()[0].is_default(), Some(false));
    world.elb.delete_rule().rule_arn(&rule).send().await.unwrap();
    let gone = world.elb.describe_tags().resource_arns(&rule).send().await.unwrap_err();
    assert_eq!(refusal(&gone), "RuleNotFound: One or more rules not found");
}

#[tokio::test]
async fn priorities_are_judged_on_the_order_that_comes_of_them() {
    let world = World::new().await;
    let Shop { http, .. } = world.shop().await;
    let (a, b, c) = (
        world.path_rule(&http, 1, "/a").await,
        world.path_rule(&http, 2, "/b").await,
        world.path_rule(&http, 3, "/c").await,
    );
    world.set_priorities(&[(&a, 2), (&b, 1)]).await.expect("two rules change places");
    assert_eq!(world.order(&http).await, ["1 /b", "2 /a", "3 /c", "default "]);
    world.set_priorities(&[(&c, 50_000), (&a, 3)]).await.expect("one takes the place that another leaves");
    assert_eq!(world.order(&http).await, ["1 /b", "3 /a", "50000 /c", "default "]);
    let taken = world.set_priorities(&[(&c, 2), (&a, 1)]).await.unwrap_err();
    assert_eq!(taken, "PriorityInUse: Priority '1' is currently in use");
    assert_eq!(world.order(&http).await, ["1 /b", "3 /a", "50000 /c", "default "], "all or nothing");
}

#[tokio::test]
async fn hosts_and_paths_are_taken_in_both_spellings_and_shown_in_both() {
    let world = World::new().await;
    let Shop { http, .. } = world.shop().await;
    let short = RuleCondition::builder().field("host-header").values("a.example.com").build();
    let config = HostHeaderConditionConfig::builder().values("a.example.com").build();
    let long = RuleCondition::builder().field("host-header").host_header_config(config).build();
    for (priority, condition) in [(1, short), (2, long)] {
        let made =
            world.rule(&http, priority).conditions(condition).actions(fixed_response("200")).send().await.unwrap();
        let shown = &made.rules()[0].conditions()[0];
        assert_eq!(shown.values(), ["a.example.com"]);
        assert_eq!(shown.host_header_config().unwrap().values(), ["a.example.com"]);
    }
    let config = HostHeaderConditionConfig::builder().regex_values(r"^(.+)\.example\.com$").build();
    let regex = RuleCondition::builder().field("host-header").host_header_config(config).build();
    let made = world.rule(&http, 3).conditions(regex).actions(fixed_response("200")).send().await.unwrap();
    let shown = &made.rules()[0].conditions()[0];
    assert_eq!(shown.regex_values(), [r"^(.+)\.example\.com$"]);
    assert!(shown.values().is_empty());
}

#[tokio::test]
async fn every_other_condition_is_shown_as_it_was_given() {
    let world = World::new().await;
    let Shop { http, .. } = world.shop().await;
    let header = HttpHeaderConditionConfig::builder().http_header_name("User-Agent").values("*curl*").build();
    let methods = HttpRequestMethodConditionConfig::builder().values("GET").build();
    let pair = QueryStringKeyValuePair::builder().key("v").value("1").build();
    let queries = QueryStringConditionConfig::builder().values(pair).build();
    let sources = SourceIpConditionConfig::builder().values("192.0.2.0/24").values("2001:db8::/32").build();
    let create = world
        .rule(&http, 1)
        .conditions(RuleCondition::builder().field("http-header").http_header_config(header.clone()).build())
        .conditions(
            RuleCondition::builder().field("http-request-method").http_request_method_config(methods.clone()).build(),
        )
        .conditions(RuleCondition::builder().field("query-string").query_string_config(queries.clone()).build())
        .conditions(RuleCondition::builder().field("source-ip").source_ip_config(sources.clone()).build())
        .actions(fixed_response("200"));
    let made = create.send().await.unwrap();
    let [by_header, by_method, by_query, by_source] = made.rules()[0].conditions() else { panic!("four conditions") };
    assert_eq!(by_header.http_header_config(), Some(&header));
    assert_eq!(by_method.http_request_method_config(), Some(&methods));
    assert_eq!(by_query.query_string_config(), Some(&queries));
    assert_eq!(by_source.source_ip_config(), Some(&sources));
    assert!(by_header.values().is_empty(), "only hosts and paths have values at the top");
}

fn rewrite(regex: &str, replace: &str) -> RewriteConfig {
    RewriteConfig::builder().regex(regex).replace(replace).build()
}

#[tokio::test]
async fn transforms_stay_until_they_are_reset() {
    let world = World::new().await;
    let Shop { http, .. } = world.shop().await;
    let url = UrlRewriteConfig::builder().rewrites(rewrite("^/api/(.*)$", "/$1")).build();
    let url = RuleTransform::builder().r#type(TransformTypeEnum::UrlRewrite).url_rewrite_config(url).build();
    let host = HostHeaderRewriteConfig::builder().rewrites(rewrite("^(.+)$", "$1.internal")).build();
    let host =
        RuleTransform::builder().r#type(TransformTypeEnum::HostHeaderRewrite).host_header_rewrite_config(host).build();
    let create = world.rule(&http, 1).conditions(path(&["/api/*"])).actions(fixed_response("200"));
    let made = create.transforms(url.clone()).transforms(host.clone()).send().await.unwrap();
    let rule = arn(made.rules()[0].rule_arn());
    assert_eq!(made.rules()[0].transforms(), [url, host]);
    let changed = world.elb.modify_rule().rule_arn(&rule).actions(fixed_response("404")).send().await.unwrap();
    assert_eq!(changed.rules()[0].transforms().len(), 2, "what is not given stays");
    let reset = world.elb.modify_rule().rule_arn(&rule).reset_transforms(true).send().await.unwrap();
    assert!(reset.rules()[0].transforms().is_empty());
}

#[tokio::test]
async fn a_modified_rule_keeps_its_place_and_what_was_not_given() {
    let world = World::new().await;
    let Shop { http, group, .. } = world.shop().await;
    let rule = world.path_rule(&http, 7, "/a").await;
    let changed = world.elb.modify_rule().rule_arn(&rule).conditions(path(&["/b", "/c"])).send().await.unwrap();
    let changed = &changed.rules()[0];
    assert_eq!(
        (changed.priority(), changed.conditions()[0].values()),
        (Some("7"), ["/b".to_owned(), "/c".to_owned()].as_slice())
    );
    assert_eq!(changed.actions()[0].fixed_response_config().unwrap().status_code(), Some("200"));
    let changed = world.elb.modify_rule().rule_arn(&rule).actions(forward(&group)).send().await.unwrap();
    assert_eq!(changed.rules()[0].actions()[0].target_group_arn(), Some(group.as_str()));
}

#[tokio::test]
async fn a_group_is_in_use_while_a_rule_forwards_to_it() {
    let world = World::new().await;
    let Shop { http, load_balancer, .. } = world.shop().await;
    let second = world.http_group("second").await;
    let create = world.rule(&http, 1).conditions(path(&["/a"])).actions(forward(&second));
    let rule = arn(create.send().await.unwrap().rules()[0].rule_arn());
    let groups = world.elb.describe_target_groups().load_balancer_arn(&load_balancer).send().await.unwrap();
    assert_eq!(groups.target_groups().len(), 2);
    let used = world.elb.delete_target_group().target_group_arn(&second).send().await.unwrap_err();
    assert!(refusal(&used).starts_with("ResourceInUse: "));
    world.elb.delete_rule().rule_arn(&rule).send().await.unwrap();
    world.elb.delete_target_group().target_group_arn(&second).send().await.unwrap();
}

#[tokio::test]
async fn rules_go_with_their_listener_and_with_their_load_balancer() {
    let world = World::new().await;
    let Shop { http, https, load_balancer, .. } = world.shop().await;
    let (one, two) = (world.path_rule(&http, 1, "/a").await, world.path_rule(&https, 1, "/a").await);
    world.elb.delete_listener().listener_arn(&http).send().await.unwrap();
    let gone = world.elb.describe_rules().rule_arns(&one).send().await.unwrap_err();
    assert!(refusal(&gone).starts_with("RuleNotFound: "));
    world.elb.delete_load_balancer().load_balancer_arn(&load_balancer).send().await.unwrap();
    let gone = world.elb.describe_rules().rule_arns(&two).send().await.unwrap_err();
    assert!(refusal(&gone).starts_with("RuleNotFound: "));
}

#[tokio::test]
async fn a_dual_stack_network_load_balancer_sends_each_address_family_to_its_own_targets() {
    let world = World::new().await;
    let load_balancer = world.bare("net", IpAddressType::Dualstack).await;
    let v4 = arn(world.target_group_of("v4", ProtocolEnum::Tcp, TargetTypeEnum::Ip).await.target_group_arn());
    let create = world.elb.create_target_group().name("v6").protocol(ProtocolEnum::Tcp).port(80).vpc_id("vpc-a");
    let create = create.target_type(TargetTypeEnum::Ip);
    let create = create.ip_address_type(aws_sdk_elasticloadbalancingv2::types::TargetGroupIpAddressTypeEnum::Ipv6);
    let v6 = arn(create.send().await.unwrap().target_groups()[0].target_group_arn());
    let listener = world.listener(&load_balancer, 80, &v4).await;
    let config = SourceIpConditionConfig::builder().ip_address_type(SourceIpAddressTypeEnum::Ipv6).build();
    let condition = RuleCondition::builder().field("source-ip").source_ip_config(config.clone()).build();
    let made = world.rule(&listener, 10).conditions(condition).actions(forward(&v6)).send().await.unwrap();
    assert_eq!(made.rules()[0].conditions()[0].source_ip_config(), Some(&config));
    assert_eq!(world.elb.describe_rules().listener_arn(&listener).send().await.unwrap().rules().len(), 2);
}
