//! Rules and actions in the shape that the AWS CLI prints.

use aws_sdk_elasticloadbalancingv2::types as of;
use serde_json::{Map, Value, json};

use super::{list, members, object, word};

/// A rule of a listener.
pub(super) fn rule(listener: &str, answer: &of::Rule) -> Map<String, Value> {
    members([
        ("RuleArn", json!(answer.rule_arn)),
        ("ListenerArn", json!(listener)),
        ("Priority", json!(answer.priority)),
        ("Conditions", list(answer.conditions.as_deref(), condition)),
        ("Actions", list(answer.actions.as_deref(), action)),
        ("Transforms", list(answer.transforms.as_deref(), transform)),
        ("IsDefault", json!(answer.is_default)),
    ])
}

/// An action of a listener or a rule. Of those that ask who a client is only the kind is kept: nothing is decided from more.
pub(super) fn action(answer: &of::Action) -> Value {
    object([
        ("Type", word(answer.r#type().map(of::ActionTypeEnum::as_str))),
        ("TargetGroupArn", json!(answer.target_group_arn)),
        ("Order", json!(answer.order)),
        ("ForwardConfig", answer.forward_config().map_or(Value::Null, forward)),
        ("RedirectConfig", answer.redirect_config().map_or(Value::Null, redirect)),
        ("FixedResponseConfig", answer.fixed_response_config().map_or(Value::Null, fixed_response)),
    ])
}

fn forward(answer: &of::ForwardActionConfig) -> Value {
    let group = |group: &of::TargetGroupTuple| {
        object([("TargetGroupArn", json!(group.target_group_arn)), ("Weight", json!(group.weight))])
    };
    let stickiness = |sticky: &of::TargetGroupStickinessConfig| {
        object([("Enabled", json!(sticky.enabled)), ("DurationSeconds", json!(sticky.duration_seconds))])
    };
    object([
        ("TargetGroups", list(answer.target_groups.as_deref(), group)),
        ("TargetGroupStickinessConfig", answer.target_group_stickiness_config().map_or(Value::Null, stickiness)),
    ])
}

fn redirect(answer: &of::RedirectActionConfig) -> Value {
    object([
        ("Protocol", json!(answer.protocol)),
        ("Port", json!(answer.port)),
        ("Host", json!(answer.host)),
        ("Path", json!(answer.path)),
        ("Query", json!(answer.query)),
        ("StatusCode", word(answer.status_code().map(of::RedirectActionStatusCodeEnum::as_str))),
    ])
}

fn fixed_response(answer: &of::FixedResponseActionConfig) -> Value {
    object([
        ("MessageBody", json!(answer.message_body)),
        ("StatusCode", json!(answer.status_code)),
        ("ContentType", json!(answer.content_type)),
    ])
}

fn condition(answer: &of::RuleCondition) -> Value {
    let matching = |values: &Option<Vec<String>>, expressions: &Option<Vec<String>>| {
        object([("Values", json!(values)), ("RegexValues", json!(expressions))])
    };
    let host = answer.host_header_config().map(|config| matching(&config.values, &config.regex_values));
    let path = answer.path_pattern_config().map(|config| matching(&config.values, &config.regex_values));
    let header = answer.http_header_config().map(|config| {
        object([
            ("HttpHeaderName", json!(config.http_header_name)),
            ("Values", json!(config.values)),
            ("RegexValues", json!(config.regex_values)),
        ])
    });
    let method = answer.http_request_method_config().map(|config| object([("Values", json!(config.values))]));
    let pair = |pair: &of::QueryStringKeyValuePair| object([("Key", json!(pair.key)), ("Value", json!(pair.value))]);
    let query = answer.query_string_config().map(|config| object([("Values", list(config.values.as_deref(), pair))]));
    let source = answer.source_ip_config().map(|config| object([("Values", json!(config.values))]));
    object([
        ("Field", json!(answer.field)),
        ("Values", json!(answer.values)),
        ("RegexValues", json!(answer.regex_values)),
        ("HostHeaderConfig", json!(host)),
        ("PathPatternConfig", json!(path)),
        ("HttpHeaderConfig", json!(header)),
        ("HttpRequestMethodConfig", json!(method)),
        ("QueryStringConfig", json!(query)),
        ("SourceIpConfig", json!(source)),
    ])
}

/// That there is one is all that counts.
fn transform(answer: &of::RuleTransform) -> Value {
    object([("Type", word(answer.r#type().map(of::TransformTypeEnum::as_str)))])
}
