//! Rules: priorities, transforms, default rules.

use aws_sdk_elasticloadbalancingv2::operation::create_rule::builders::CreateRuleFluentBuilder;
use aws_sdk_elasticloadbalancingv2::types::{
    HostHeaderRewriteConfig, IpAddressType, RewriteConfig, RuleCondition, RulePriorityPair, RuleTransform,
    SourceIpAddressTypeEnum, SourceIpConditionConfig, TransformTypeEnum, UrlRewriteConfig,
};

use super::super::world::{World, arn, fixed_response, forward, path};

fn rule(world: &World, listener: &str, priority: i32) -> CreateRuleFluentBuilder {
    let create = world.elb.create_rule().listener_arn(listener).priority(priority);
    create.conditions(path(&["/a"])).actions(fixed_response("200"))
}

/// A rule that AWS takes; its ARN.
async fn made(world: &World, listener: &str, priority: i32) -> String {
    arn(rule(world, listener, priority).send().await.expect("a rule").rules()[0].rule_arn())
}

async fn default_rule(world: &World, listener: &str) -> String {
    let rules = world.elb.describe_rules().listener_arn(listener).send().await.expect("rules");
    arn(rules.rules().last().expect("a default rule").rule_arn())
}

fn pair(arn: &str, priority: i32) -> RulePriorityPair {
    RulePriorityPair::builder().rule_arn(arn).priority(priority).build()
}

fn rewrite(regex: &str) -> RewriteConfig {
    RewriteConfig::builder().regex(regex).replace("$1").build()
}

fn url(rewrites: &[RewriteConfig]) -> RuleTransform {
    let config = UrlRewriteConfig::builder().set_rewrites(Some(rewrites.to_vec())).build();
    RuleTransform::builder().r#type(TransformTypeEnum::UrlRewrite).url_rewrite_config(config).build()
}

refused! {
    /// B.2; API CreateRule: Priority
    a_priority_is_at_least_1 => "ValidationError: 1 validation error detected: Value '0' at 'priority'", |world| {
        let shop = world.shop().await;
        rule(&world, &shop.http, 0).send().await
    };
    /// B.2; API CreateRule: Priority
    a_priority_is_at_most_50000 => "ValidationError: 1 validation error detected: Value '50001' at 'priority'", |world| {
        let shop = world.shop().await;
        rule(&world, &shop.http, 50_000).send().await.expect("50000");
        rule(&world, &shop.http, 50_001).send().await
    };
    /// API CreateRule: required members
    a_priority_is_needed => "ValidationError: 1 validation error detected: Value null at 'priority'", |world| {
        let shop = world.shop().await;
        rule(&world, &shop.http, 1).set_priority(None).send().await
    };
    /// B.8; API CreateRule: PriorityInUse
    the_same_rule_is_not_made_twice => "PriorityInUse: Priority '1' is currently in use", |world| {
        let shop = world.shop().await;
        rule(&world, &shop.http, 1).send().await.expect("a rule");
        rule(&world, &shop.https, 1).send().await.expect("another listener");
        rule(&world, &shop.http, 1).send().await
    };
    /// B.8; API CreateRule: ListenerNotFound
    a_rule_has_a_listener => "ListenerNotFound: ", |world| {
        let shop = world.shop().await;
        rule(&world, &format!("{}0", shop.http), 1).send().await
    };
    /// API SetRulePriorities: PriorityInUse
    new_priorities_do_not_meet => "PriorityInUse: Priority '5' is currently in use", |world| {
        let shop = world.shop().await;
        let (one, two) = (made(&world, &shop.http, 1).await, made(&world, &shop.http, 2).await);
        world.elb.set_rule_priorities().rule_priorities(pair(&one, 5)).rule_priorities(pair(&two, 5)).send().await
    };
    /// API SetRulePriorities: PriorityInUse
    rules_that_are_not_named_keep_their_priority => "PriorityInUse: Priority '2' is currently in use", |world| {
        let shop = world.shop().await;
        let one = made(&world, &shop.http, 1).await;
        made(&world, &shop.http, 2).await;
        world.elb.set_rule_priorities().rule_priorities(pair(&one, 2)).send().await
    };
    /// API SetRulePriorities
    a_rule_is_given_one_priority => "ValidationError: Rule ", |world| {
        let shop = world.shop().await;
        let one = made(&world, &shop.http, 1).await;
        world.elb.set_rule_priorities().rule_priorities(pair(&one, 2)).rule_priorities(pair(&one, 3)).send().await
    };
    /// API SetRulePriorities
    priorities_are_those_of_one_listener => "ValidationError: All rules must belong to the same listener", |world| {
        let shop = world.shop().await;
        let (one, two) = (made(&world, &shop.http, 1).await, made(&world, &shop.https, 1).await);
        world.elb.set_rule_priorities().rule_priorities(pair(&one, 2)).rule_priorities(pair(&two, 3)).send().await
    };
    /// API SetRulePriorities: RuleNotFound
    a_rule_with_a_new_priority_exists => "RuleNotFound: ", |world| {
        let shop = world.shop().await;
        let one = made(&world, &shop.http, 1).await;
        world.elb.set_rule_priorities().rule_priorities(pair(&format!("{one}0"), 2)).send().await
    };
    /// B.2; API SetRulePriorities: Priority
    a_new_priority_is_at_most_50000 => "ValidationError: 1 validation error detected: Value '50001'", |world| {
        let shop = world.shop().await;
        let one = made(&world, &shop.http, 1).await;
        world.elb.set_rule_priorities().rule_priorities(pair(&one, 50_001)).send().await
    };
    /// API SetRulePriorities: OperationNotPermitted
    a_default_rule_stays_last => "OperationNotPermitted: Default rule", |world| {
        let shop = world.shop().await;
        let default = default_rule(&world, &shop.http).await;
        world.elb.set_rule_priorities().rule_priorities(pair(&default, 1)).send().await
    };
    /// API ModifyRule: OperationNotPermitted
    a_default_rule_is_changed_with_its_listener => "OperationNotPermitted: Default rule", |world| {
        let shop = world.shop().await;
        let default = default_rule(&world, &shop.http).await;
        world.elb.modify_rule().rule_arn(default).actions(fixed_response("200")).send().await
    };
    /// API DeleteRule: OperationNotPermitted
    a_default_rule_is_deleted_with_its_listener => "OperationNotPermitted: Default rule", |world| {
        let shop = world.shop().await;
        let default = default_rule(&world, &shop.http).await;
        world.elb.delete_rule().rule_arn(default).send().await
    };
    /// B.8; API DeleteRule: RuleNotFound
    a_rule_is_deleted_once => "RuleNotFound: One or more rules not found", |world| {
        let shop = world.shop().await;
        let one = made(&world, &shop.http, 1).await;
        world.elb.delete_rule().rule_arn(&one).send().await.expect("the first time");
        world.elb.delete_rule().rule_arn(&one).send().await
    };
    /// API ModifyRule
    a_rule_is_changed_somehow => "ValidationError: Conditions, actions or transforms must be specified", |world| {
        let shop = world.shop().await;
        let one = made(&world, &shop.http, 1).await;
        world.elb.modify_rule().rule_arn(one).send().await
    };
    /// API ModifyRule: ResetTransforms
    transforms_are_given_or_reset => "ValidationError: You cannot specify Transforms and ResetTransforms", |world| {
        let shop = world.shop().await;
        let one = made(&world, &shop.http, 1).await;
        world.elb.modify_rule().rule_arn(one).transforms(url(&[rewrite("(a)")])).reset_transforms(true).send().await
    };
    /// API CreateRule: Transforms
    a_rule_has_one_transform_of_each_kind => "ValidationError: A rule can only have one transform", |world| {
        let shop = world.shop().await;
        let create = rule(&world, &shop.http, 1).transforms(url(&[rewrite("(a)")]));
        create.transforms(url(&[rewrite("(b)")])).send().await
    };
    /// API UrlRewriteConfig
    a_transform_has_one_rewrite => "ValidationError: 1 validation error detected: ", |world| {
        let shop = world.shop().await;
        rule(&world, &shop.http, 1).transforms(url(&[rewrite("(a)"), rewrite("(b)")])).send().await
    };
    /// API RuleTransform
    a_transform_has_the_configuration_of_its_type => "ValidationError: A transform needs the configuration", |world| {
        let shop = world.shop().await;
        let config = HostHeaderRewriteConfig::builder().rewrites(rewrite("(a)")).build();
        let other = RuleTransform::builder().r#type(TransformTypeEnum::UrlRewrite).host_header_rewrite_config(config);
        rule(&world, &shop.http, 1).transforms(other.build()).send().await
    };
    /// ALB "Transforms for listener rules": the dialect
    a_transform_does_not_refer_back => "ValidationError: The regular expression", |world| {
        let shop = world.shop().await;
        rule(&world, &shop.http, 1).transforms(url(&[rewrite(r"(a)\1")])).send().await
    };
    /// API RewriteConfig: Regex
    a_rewritten_text_is_matched_by_at_most_1024_characters => "ValidationError: 1 validation error detected: ", |world| {
        let shop = world.shop().await;
        rule(&world, &shop.http, 1).transforms(url(&[rewrite(&"a".repeat(1025))])).send().await
    };
    /// API CreateRule: Transforms [ALB]
    a_network_load_balancer_transforms_nothing => "InvalidConfigurationRequest: Transforms", |world| {
        let load_balancer = world.bare("net", IpAddressType::Dualstack).await;
        let group = arn(world.target_group("net").await.target_group_arn());
        let listener = world.listener(&load_balancer, 80, &group).await;
        let config = SourceIpConditionConfig::builder().ip_address_type(SourceIpAddressTypeEnum::Ipv4).build();
        let condition = RuleCondition::builder().field("source-ip").source_ip_config(config).build();
        let create = world.elb.create_rule().listener_arn(listener).priority(1).conditions(condition);
        create.actions(forward(&group)).transforms(url(&[rewrite("(a)")])).send().await
    };
    /// API DescribeRules
    rules_are_described_by_arn_or_by_listener => "ValidationError: You must specify either rule ARNs or a listener ARN", |world| {
        let shop = world.shop().await;
        let one = made(&world, &shop.http, 1).await;
        world.elb.describe_rules().listener_arn(shop.http).rule_arns(one).send().await
    };
}
