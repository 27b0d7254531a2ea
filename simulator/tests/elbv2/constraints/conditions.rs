//! Conditions of rules.

use aws_sdk_elasticloadbalancingv2::error::SdkError;
use aws_sdk_elasticloadbalancingv2::operation::create_rule::CreateRuleError;
use aws_sdk_elasticloadbalancingv2::types::{
    HostHeaderConditionConfig, HttpHeaderConditionConfig, HttpRequestMethodConditionConfig, IpAddressType,
    PathPatternConditionConfig, QueryStringConditionConfig, QueryStringKeyValuePair, RuleCondition,
    SourceIpAddressTypeEnum, SourceIpConditionConfig,
};

use super::super::world::{World, arn, fixed_response, forward, path};

/// Makes a rule with these conditions on an application load balancer.
async fn rule(world: &World, conditions: Vec<RuleCondition>) -> Result<(), SdkError<CreateRuleError>> {
    let listener = world.shop().await.http;
    let create = world.elb.create_rule().listener_arn(listener).priority(1).actions(fixed_response("200"));
    create.set_conditions(Some(conditions)).send().await.map(|_| ())
}

/// Makes a rule with this condition on a network load balancer.
async fn network_rule(
    world: &World,
    kind: IpAddressType,
    condition: RuleCondition,
) -> Result<(), SdkError<CreateRuleError>> {
    let load_balancer = world.bare("net", kind).await;
    let group = arn(world.target_group("net").await.target_group_arn());
    let listener = world.listener(&load_balancer, 80, &group).await;
    let create = world.elb.create_rule().listener_arn(listener).priority(1).actions(forward(&group));
    create.conditions(condition).send().await.map(|_| ())
}

fn hosts(values: &[&str]) -> RuleCondition {
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    let config = HostHeaderConditionConfig::builder().set_values(Some(values)).build();
    RuleCondition::builder().field("host-header").host_header_config(config).build()
}

fn header(name: &str, values: &[&str]) -> RuleCondition {
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    let config = HttpHeaderConditionConfig::builder().http_header_name(name).set_values(Some(values)).build();
    RuleCondition::builder().field("http-header").http_header_config(config).build()
}

fn method(name: &str) -> RuleCondition {
    let config = HttpRequestMethodConditionConfig::builder().values(name).build();
    RuleCondition::builder().field("http-request-method").http_request_method_config(config).build()
}

fn query(key: Option<&str>, value: Option<&str>) -> RuleCondition {
    let pair = QueryStringKeyValuePair::builder().set_key(key.map(str::to_owned)).set_value(value.map(str::to_owned));
    let config = QueryStringConditionConfig::builder().values(pair.build()).build();
    RuleCondition::builder().field("query-string").query_string_config(config).build()
}

fn source(block: &str) -> RuleCondition {
    let config = SourceIpConditionConfig::builder().values(block).build();
    RuleCondition::builder().field("source-ip").source_ip_config(config).build()
}

fn source_type(kind: SourceIpAddressTypeEnum) -> RuleCondition {
    let config = SourceIpConditionConfig::builder().ip_address_type(kind).build();
    RuleCondition::builder().field("source-ip").source_ip_config(config).build()
}

fn path_regex(expression: &str) -> RuleCondition {
    let config = PathPatternConditionConfig::builder().regex_values(expression).build();
    RuleCondition::builder().field("path-pattern").path_pattern_config(config).build()
}

refused! {
    /// API CreateRule: Conditions
    a_rule_has_a_condition => "ValidationError: A condition must be specified", |world| rule(&world, Vec::new()).await;
    /// API RuleCondition: Field
    a_condition_is_on_a_known_field => "ValidationError: Condition field 'colour' must be one of",
        |world| rule(&world, vec![RuleCondition::builder().field("colour").values("red").build()]).await;
    /// API RuleCondition
    a_condition_has_a_value => "ValidationError: A condition value must be specified for the field 'host-header'",
        |world| rule(&world, vec![RuleCondition::builder().field("host-header").build()]).await;
    /// B.1; ALB "Condition basics", quotas
    a_rule_has_five_condition_values => "ValidationError: A rule can only have '5' condition values", |world| {
        let five = vec![hosts(&["a.example.com", "b.example.com"]), path(&["/a", "/b", "/c"])];
        rule(&world, five).await.expect("five values");
        rule(&world, vec![hosts(&["a.example.com", "b.example.com", "c.example.com"]), path(&["/a", "/b", "/c"])]).await
    };
    /// Seen in AWS, where the user guide says three
    a_condition_has_as_many_values_as_a_rule => "ValidationError: A rule can only have '5' condition values", |world| {
        rule(&world, vec![path(&["/a", "/b", "/c", "/d", "/e"])]).await.expect("five values");
        rule(&world, vec![path(&["/a", "/b", "/c", "/d", "/e", "/f"])]).await
    };
    /// B.1, B.14; ALB quotas: six, where the text says five
    a_rule_has_six_wildcards => "ValidationError: A rule can only have '6' condition wildcards", |world| {
        rule(&world, vec![path(&["/*/*/*", "/?/?/?"])]).await.expect("six wildcards");
        rule(&world, vec![path(&["/*/*/*", "/?/?/?"]), hosts(&["*.example.com"])]).await
    };
    /// B.2; API Rule: Conditions
    a_rule_has_one_condition_on_the_host => "ValidationError: A rule can only have one 'host-header' condition",
        |world| rule(&world, vec![hosts(&["a.example.com"]), hosts(&["b.example.com"])]).await;
    /// B.2; API Rule: Conditions
    a_rule_has_one_condition_on_the_path => "ValidationError: A rule can only have one 'path-pattern' condition",
        |world| rule(&world, vec![path(&["/a"]), path_regex("^/b")]).await;
    /// B.2; API Rule: Conditions
    a_rule_has_one_condition_on_the_method => "ValidationError: A rule can only have one 'http-request-method'",
        |world| rule(&world, vec![method("GET"), method("HEAD")]).await;
    /// B.2; API Rule: Conditions
    a_rule_has_one_condition_on_the_source => "ValidationError: A rule can only have one 'source-ip' condition", |world| {
        let several = vec![header("A", &["1"]), header("B", &["1"]), query(None, Some("1")), query(None, Some("2"))];
        rule(&world, several).await.expect("several on headers and the query");
        rule(&world, vec![source("10.0.0.0/8"), source("192.0.2.0/24")]).await
    };
    /// B.2; API HostHeaderConditionConfig
    a_host_has_at_most_128_characters => "ValidationError: Condition values of the field 'host-header'",
        |world| rule(&world, vec![hosts(&[&format!("{}.com", "a".repeat(125))])]).await;
    /// B.2; API HostHeaderConditionConfig
    a_host_has_a_dot => "ValidationError: Condition value 'localhost' must contain at least one '.'",
        |world| rule(&world, vec![hosts(&["localhost"])]).await;
    /// B.2; API HostHeaderConditionConfig
    a_host_ends_in_letters => "ValidationError: Condition value '10.0.0.1' can have only alphabetical",
        |world| rule(&world, vec![hosts(&["10.0.0.1"])]).await;
    /// API RuleCondition: Values
    a_host_has_characters_of_hosts => "ValidationError: Condition value 'a_b.example.com' contains a character",
        |world| rule(&world, vec![hosts(&["a_b.example.com"])]).await;
    /// B.2; API PathPatternConditionConfig
    a_path_has_at_most_128_characters => "ValidationError: Condition values of the field 'path-pattern'", |world| {
        rule(&world, vec![path(&[&"/".repeat(128)])]).await.expect("128 characters");
        rule(&world, vec![path(&[&"/".repeat(129)])]).await
    };
    /// API RuleCondition: Values
    a_path_has_characters_of_paths => "ValidationError: Condition value '/a b' contains a character",
        |world| rule(&world, vec![path(&["/a b"])]).await;
    /// B.2; API HttpHeaderConditionConfig
    a_header_name_has_at_most_40_characters => "ValidationError: The HTTP header name",
        |world| rule(&world, vec![header(&"a".repeat(41), &["1"])]).await;
    /// API HttpHeaderConditionConfig
    a_header_name_is_a_token => "ValidationError: The HTTP header name 'X Y'",
        |world| rule(&world, vec![header("X Y", &["1"])]).await;
    /// API HttpHeaderConditionConfig
    the_host_header_has_a_condition_of_its_own => "ValidationError: The host header needs a condition",
        |world| rule(&world, vec![header("Host", &["a.example.com"])]).await;
    /// B.2; API HttpRequestMethodConditionConfig
    a_method_has_at_most_40_characters => "ValidationError: ",
        |world| rule(&world, vec![method(&"A".repeat(41))]).await;
    /// API HttpRequestMethodConditionConfig
    a_method_has_capital_letters => "ValidationError: The HTTP request method 'get' is not valid",
        |world| rule(&world, vec![method("get")]).await;
    /// API QueryStringConditionConfig
    a_query_pair_has_a_value => "ValidationError: A query string condition needs a value",
        |world| rule(&world, vec![query(Some("v"), None)]).await;
    /// API QueryStringConditionConfig
    a_query_value_has_at_most_128_characters => "ValidationError: Condition values of the field 'query-string'",
        |world| rule(&world, vec![query(None, Some(&"a".repeat(129)))]).await;
    /// API SourceIpConditionConfig
    a_source_is_a_block_of_addresses => "ValidationError: Condition value '10.0.0.1' must be a valid CIDR block",
        |world| rule(&world, vec![source("10.0.0.1")]).await;
    /// B.2; ALB "Source IP address conditions"
    the_last_address_is_no_source => "ValidationError: Condition value '255.255.255.255/32' cannot be specified",
        |world| rule(&world, vec![source("255.255.255.255/32")]).await;
    /// API RuleCondition: Values
    values_are_given_in_one_of_two_places => "ValidationError: You cannot specify both Values and a configuration", |world| {
        let mut both = hosts(&["a.example.com"]);
        both.values = Some(vec!["a.example.com".to_owned()]);
        rule(&world, vec![both]).await
    };
    /// API RuleCondition: Values
    the_short_spelling_has_one_value => "ValidationError: A condition with the field 'host-header' can only have one",
        |world| rule(&world, vec![RuleCondition::builder().field("host-header").values("a.b").values("c.d").build()]).await;
    /// API RuleCondition
    a_configuration_is_that_of_its_field => "ValidationError: The configuration of 'host-header' cannot be specified", |world| {
        let mut other = hosts(&["a.example.com"]);
        other.field = Some("path-pattern".to_owned());
        rule(&world, vec![other]).await
    };
    /// ALB "Condition basics"
    values_and_expressions_are_not_mixed => "ValidationError: You cannot specify both Values and RegexValues", |world| {
        let config = PathPatternConditionConfig::builder().values("/a").regex_values("^/b").build();
        rule(&world, vec![RuleCondition::builder().field("path-pattern").path_pattern_config(config).build()]).await
    };
    /// API PathPatternConditionConfig: RegexValues
    an_expression_can_be_parsed => "ValidationError: The regular expression '(' is not valid",
        |world| rule(&world, vec![path_regex("(")]).await;
    /// ALB "Transforms for listener rules": the dialect
    an_expression_does_not_look_ahead => "ValidationError: The regular expression '(?=a)' is not valid",
        |world| rule(&world, vec![path_regex("(?=a)")]).await;
    /// B.2; API PathPatternConditionConfig: RegexValues
    an_expression_has_at_most_128_characters => "ValidationError: Condition values of the field 'path-pattern'",
        |world| rule(&world, vec![path_regex(&"a".repeat(129))]).await;
    /// API SourceIpConditionConfig: IpAddressType
    an_application_load_balancer_does_not_ask_for_the_address_family => "InvalidConfigurationRequest: IpAddressType",
        |world| rule(&world, vec![source_type(SourceIpAddressTypeEnum::Ipv4)]).await;
    /// NLB "Listener rules"
    a_network_load_balancer_asks_for_the_address_family_only => "InvalidConfigurationRequest: Rules of load balancers",
        |world| network_rule(&world, IpAddressType::Dualstack, path(&["/a"])).await;
    /// NLB "Listener rules": prerequisites
    rules_of_a_network_load_balancer_need_dual_stack => "InvalidConfigurationRequest: Rules of network load balancers",
        |world| network_rule(&world, IpAddressType::Ipv4, source_type(SourceIpAddressTypeEnum::Ipv4)).await;
}
