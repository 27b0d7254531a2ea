//! What listeners and rules do with requests, as the SDK's requests.

use aws_sdk_elasticloadbalancingv2::types as elb;
use northgate_planner::id::CertificateArn;
use northgate_planner::model::{
    Action, Condition, FixedResponse, Forward, Pairs, Patterns, QueryParameter, Redirect, TargetGroupTuple,
};

use super::{id, texts};

/// Actions, in their order.
pub(in crate::aws) fn actions(actions: &[Action]) -> Vec<elb::Action> {
    (1..).zip(actions).map(|(order, one)| action(order, one)).collect()
}

fn action(order: i32, action: &Action) -> elb::Action {
    let builder = elb::Action::builder().r#type(action.action_type().into()).order(order);
    match action {
        Action::Forward(config) => builder.forward_config(forward(config)),
        Action::Redirect(config) => builder.redirect_config(redirect(config)),
        Action::FixedResponse(config) => builder.fixed_response_config(fixed_response(config)),
        Action::Other(_) => unreachable!("only actions that we write are ever wanted"),
    }
    .build()
}

fn forward(Forward { target_groups, target_group_stickiness_config }: &Forward) -> elb::ForwardActionConfig {
    let one = |TargetGroupTuple { target_group_arn, weight }: &TargetGroupTuple| {
        let weight = weight.map(i32::from);
        elb::TargetGroupTuple::builder().target_group_arn(id(target_group_arn)).set_weight(weight).build()
    };
    let sticky = target_group_stickiness_config.map(|sticky| {
        // At most 604,800, as the spec asks.
        let seconds = sticky.duration_seconds.map(|seconds| i32::try_from(seconds).unwrap_or(i32::MAX));
        let config = elb::TargetGroupStickinessConfig::builder().set_enabled(sticky.enabled);
        config.set_duration_seconds(seconds).build()
    });
    elb::ForwardActionConfig::builder()
        .set_target_groups(Some(target_groups.iter().map(one).collect()))
        .set_target_group_stickiness_config(sticky)
        .build()
}

fn redirect(config: &Redirect) -> elb::RedirectActionConfig {
    let Redirect { protocol, port, host, path, query, status_code } = config.clone();
    elb::RedirectActionConfig::builder()
        .set_protocol(protocol)
        .set_port(port)
        .set_host(host)
        .set_path(path)
        .set_query(query)
        .status_code(status_code.as_str().into())
        .build()
}

fn fixed_response(config: &FixedResponse) -> elb::FixedResponseActionConfig {
    let FixedResponse { content_type, message_body, status_code } = config.clone();
    elb::FixedResponseActionConfig::builder()
        .set_content_type(content_type)
        .set_message_body(message_body)
        .status_code(status_code)
        .build()
}

/// Conditions, by their typed configurations.
pub(in crate::aws) fn conditions(conditions: &[Condition]) -> Vec<elb::RuleCondition> {
    conditions.iter().map(condition).collect()
}

fn condition(condition: &Condition) -> elb::RuleCondition {
    let builder = elb::RuleCondition::builder().field(condition.field());
    match condition {
        Condition::HostHeader(patterns) => {
            let (values, expressions) = split(patterns);
            let config = elb::HostHeaderConditionConfig::builder().set_values(values).set_regex_values(expressions);
            builder.host_header_config(config.build())
        }
        Condition::PathPattern(patterns) => {
            let (values, expressions) = split(patterns);
            let config = elb::PathPatternConditionConfig::builder().set_values(values).set_regex_values(expressions);
            builder.path_pattern_config(config.build())
        }
        Condition::HttpHeader { name, patterns } => {
            let (values, expressions) = split(patterns);
            let config = elb::HttpHeaderConditionConfig::builder().http_header_name(name);
            builder.http_header_config(config.set_values(values).set_regex_values(expressions).build())
        }
        Condition::HttpRequestMethod(methods) => {
            let config = elb::HttpRequestMethodConditionConfig::builder().set_values(Some(methods.clone()));
            builder.http_request_method_config(config.build())
        }
        Condition::QueryString(parameters) => {
            let one = |QueryParameter { key, value }: &QueryParameter| {
                elb::QueryStringKeyValuePair::builder().set_key(key.clone()).value(value).build()
            };
            let values = parameters.iter().map(one).collect();
            let config = elb::QueryStringConditionConfig::builder().set_values(Some(values)).build();
            builder.query_string_config(config)
        }
        Condition::SourceIp(blocks) => {
            let config = elb::SourceIpConditionConfig::builder().set_values(Some(texts(blocks))).build();
            builder.source_ip_config(config)
        }
        Condition::Other(_) => unreachable!("only conditions that we write are ever wanted"),
    }
    .build()
}

/// Values and regular expressions; one of both.
fn split(patterns: &Patterns) -> (Option<Vec<String>>, Option<Vec<String>>) {
    match patterns {
        Patterns::Values(values) => (Some(values.clone()), None),
        Patterns::Regex(expressions) => (None, Some(expressions.clone())),
    }
}

/// A certificate.
pub(in crate::aws) fn certificate(arn: &CertificateArn) -> elb::Certificate {
    elb::Certificate::builder().certificate_arn(arn.as_str()).build()
}

/// Attributes of a listener.
pub(in crate::aws) fn listener_attributes(attributes: &Pairs) -> Vec<elb::ListenerAttribute> {
    let one = |(key, value)| elb::ListenerAttribute::builder().key(key).value(value).build();
    attributes.iter().map(one).collect()
}
