//! Rules, their conditions and actions out of the SDK's types. What we do not write is taken by its name: a rule that
//! somebody else made is no error.

use aws_sdk_elasticloadbalancingv2::types as elb;
use northgate_planner::actual::ActualRule;
use northgate_planner::id::{Ref, RuleArn, TargetGroupArn};
use northgate_planner::model::{
    Action, Condition, FixedResponse, Forward, Pairs, Patterns, QueryParameter, Redirect, Stickiness, TargetGroupTuple,
};

use super::Members;
use crate::aws::error::AwsError;

/// The ARN of a rule; `None`: it is its listener's default one, which the listener itself tells of.
pub(in crate::aws) fn rule_arn(answer: &elb::Rule) -> Result<Option<&str>, AwsError> {
    let arn = Members::of("rule").required("RuleArn", answer.rule_arn())?;
    Ok((answer.is_default() != Some(true)).then_some(arn))
}

/// A rule with its tags.
pub(in crate::aws) fn rule(arn: &str, answer: &elb::Rule, tags: Pairs) -> Result<ActualRule, AwsError> {
    let members = Members::of(arn);
    Ok(ActualRule {
        arn: RuleArn::new(arn),
        priority: members.parsed("Priority", answer.priority())?,
        conditions: answer.conditions().iter().map(|one| condition(&members, one)).collect::<Result<_, _>>()?,
        actions: actions(&members, answer.actions())?,
        has_transforms: !answer.transforms().is_empty(),
        tags,
    })
}

/// Actions in the order in which they are performed.
pub(super) fn actions(members: &Members<'_>, answers: &[elb::Action]) -> Result<Vec<Action>, AwsError> {
    let mut answers = answers.iter().collect::<Vec<_>>();
    answers.sort_by_key(|answer| answer.order());
    answers.into_iter().map(|answer| action(members, answer)).collect()
}

fn action(members: &Members<'_>, answer: &elb::Action) -> Result<Action, AwsError> {
    match members.required("Action.Type", answer.r#type())? {
        elb::ActionTypeEnum::Forward => forward(members, answer).map(Action::Forward),
        elb::ActionTypeEnum::Redirect => {
            let config = members.required("RedirectConfig", answer.redirect_config())?;
            redirect(members, config).map(Action::Redirect)
        }
        elb::ActionTypeEnum::FixedResponse => {
            let config = members.required("FixedResponseConfig", answer.fixed_response_config())?;
            Ok(Action::FixedResponse(FixedResponse {
                content_type: config.content_type().map(str::to_owned),
                message_body: config.message_body().map(str::to_owned),
                status_code: members.text("FixedResponseConfig.StatusCode", config.status_code())?,
            }))
        }
        other => Ok(Action::Other(other.as_str().to_owned())),
    }
}

fn forward(members: &Members<'_>, answer: &elb::Action) -> Result<Forward, AwsError> {
    let Some(config) = answer.forward_config() else {
        let arn = members.text("Action.TargetGroupArn", answer.target_group_arn())?;
        let tuple = TargetGroupTuple { target_group_arn: Ref::Known(TargetGroupArn::new(arn)), weight: None };
        return Ok(Forward { target_groups: vec![tuple], target_group_stickiness_config: None });
    };
    let tuple = |tuple: &elb::TargetGroupTuple| {
        let arn = members.text("ForwardConfig.TargetGroups.TargetGroupArn", tuple.target_group_arn())?;
        let weight = tuple.weight().map(|weight| members.number("Weight", Some(weight))).transpose()?;
        Ok(TargetGroupTuple { target_group_arn: Ref::Known(TargetGroupArn::new(arn)), weight })
    };
    let sticky = config.target_group_stickiness_config().map(|sticky| {
        let seconds = sticky.duration_seconds();
        let seconds = seconds.map(|seconds| members.number("DurationSeconds", Some(seconds))).transpose()?;
        Ok(Stickiness { enabled: sticky.enabled(), duration_seconds: seconds })
    });
    Ok(Forward {
        target_groups: config.target_groups().iter().map(tuple).collect::<Result<_, _>>()?,
        target_group_stickiness_config: sticky.transpose()?,
    })
}

fn redirect(members: &Members<'_>, config: &elb::RedirectActionConfig) -> Result<Redirect, AwsError> {
    let text = |text: Option<&str>| text.map(str::to_owned);
    Ok(Redirect {
        protocol: text(config.protocol()),
        port: text(config.port()),
        host: text(config.host()),
        path: text(config.path()),
        query: text(config.query()),
        status_code: members
            .parsed("RedirectConfig.StatusCode", config.status_code().map(elb::RedirectActionStatusCodeEnum::as_str))?,
    })
}

fn condition(members: &Members<'_>, answer: &elb::RuleCondition) -> Result<Condition, AwsError> {
    let field = members.required("Conditions.Field", answer.field())?;
    Ok(match field {
        "host-header" => {
            let config = answer.host_header_config();
            let given = config.map(|config| (config.values(), config.regex_values()));
            Condition::HostHeader(patterns(given, answer))
        }
        "path-pattern" => {
            let config = answer.path_pattern_config();
            let given = config.map(|config| (config.values(), config.regex_values()));
            Condition::PathPattern(patterns(given, answer))
        }
        "http-header" => {
            let config = members.required("HttpHeaderConfig", answer.http_header_config())?;
            Condition::HttpHeader {
                name: members.text("HttpHeaderConfig.HttpHeaderName", config.http_header_name())?,
                patterns: patterns(Some((config.values(), config.regex_values())), answer),
            }
        }
        "http-request-method" => {
            let config = members.required("HttpRequestMethodConfig", answer.http_request_method_config())?;
            Condition::HttpRequestMethod(config.values().to_vec())
        }
        "query-string" => {
            let config = members.required("QueryStringConfig", answer.query_string_config())?;
            let one = |pair: &elb::QueryStringKeyValuePair| {
                let value = members.text("QueryStringConfig.Values.Value", pair.value())?;
                Ok(QueryParameter { key: pair.key().map(str::to_owned), value })
            };
            Condition::QueryString(config.values().iter().map(one).collect::<Result<_, _>>()?)
        }
        "source-ip" => source_ip(field, answer),
        other => Condition::Other(other.to_owned()),
    })
}

/// AWS also takes what is no block of addresses (a kind of address): nothing that we write.
fn source_ip(field: &str, answer: &elb::RuleCondition) -> Condition {
    let blocks = answer.source_ip_config().map(|config| config.values()).unwrap_or_default();
    let parsed = blocks.iter().map(|block| block.parse()).collect::<Result<Vec<_>, _>>();
    match parsed {
        Ok(blocks) if !blocks.is_empty() => Condition::SourceIp(blocks),
        _ => Condition::Other(field.to_owned()),
    }
}

/// From the condition's own configuration, else from the legacy members beside it.
fn patterns(config: Option<(&[String], &[String])>, answer: &elb::RuleCondition) -> Patterns {
    let (values, expressions) = config.unwrap_or((answer.values(), answer.regex_values()));
    match expressions {
        [] => Patterns::Values(values.to_vec()),
        expressions => Patterns::Regex(expressions.to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use northgate_planner::id::RedirectStatusCode;
    use northgate_planner::model::{same_actions, same_conditions};

    use super::*;
    use crate::aws::to_sdk;

    const RULE: &str = "arn:aws:elasticloadbalancing:us-west-2:1:listener-rule/app/web/1/2/3";
    const GROUP: &str = "arn:aws:elasticloadbalancing:us-west-2:1:targetgroup/web/1";

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    fn tuple(weight: Option<u16>) -> TargetGroupTuple {
        TargetGroupTuple { target_group_arn: Ref::Known(TargetGroupArn::new(GROUP)), weight }
    }

    /// Every kind of action and condition that we write.
    fn everything() -> (Vec<Vec<Action>>, Vec<Condition>) {
        let sticky = Some(Stickiness { enabled: Some(true), duration_seconds: Some(60) });
        let redirect = Redirect {
            protocol: Some("HTTPS".to_owned()),
            port: Some("443".to_owned()),
            host: None,
            path: Some("/new/#{path}".to_owned()),
            query: Some("a=1".to_owned()),
            status_code: RedirectStatusCode::Http302,
        };
        let response = FixedResponse {
            content_type: Some("text/html".to_owned()),
            message_body: Some("gone".to_owned()),
            status_code: "410".to_owned(),
        };
        let actions = vec![
            vec![Action::forward_to(Ref::Known(TargetGroupArn::new(GROUP)))],
            vec![Action::Forward(Forward {
                target_groups: vec![tuple(Some(0)), tuple(Some(999))],
                target_group_stickiness_config: sticky,
            })],
            vec![Action::Redirect(redirect)],
            vec![Action::FixedResponse(response)],
        ];
        let query = [("v", "2"), ("", "beta")]
            .map(|(key, value)| QueryParameter {
                key: (!key.is_empty()).then(|| key.to_owned()),
                value: value.to_owned(),
            })
            .to_vec();
        let conditions = vec![
            Condition::HostHeader(Patterns::Values(texts(&["*.example.com"]))),
            Condition::PathPattern(Patterns::Regex(texts(&["^/a"]))),
            Condition::HttpHeader { name: "X-Canary".to_owned(), patterns: Patterns::Values(texts(&["1", "2"])) },
            Condition::HttpRequestMethod(texts(&["GET"])),
            Condition::QueryString(query),
            Condition::SourceIp(vec!["10.0.0.0/8".parse().unwrap()]),
        ];
        (actions, conditions)
    }

    #[test]
    fn whatever_we_write_is_read_as_the_same() {
        let members = Members::of(RULE);
        let (lists, wanted) = everything();
        for list in lists {
            let found = actions(&members, &to_sdk::actions(&list)).unwrap();
            assert!(same_actions(&list, &found), "{list:?} and {found:?}");
        }
        let sent = to_sdk::conditions(&wanted);
        let found = sent.iter().map(|one| condition(&members, one)).collect::<Result<Vec<_>, _>>().unwrap();
        assert!(same_conditions(&wanted, &found), "{found:?}");
    }

    #[test]
    fn what_somebody_else_wrote_is_taken_by_its_name() {
        let members = Members::of(RULE);
        let kind = |kind: &str, order| elb::Action::builder().r#type(kind.into()).order(order);
        let found = actions(
            &members,
            &[kind("forward", 2).target_group_arn(GROUP).build(), kind("authenticate-oidc", 1).build()],
        );
        let group = Action::forward_to(Ref::Known(TargetGroupArn::new(GROUP)));
        assert_eq!(found.unwrap(), [Action::Other("authenticate-oidc".to_owned()), group]);
        let field = |field: &str| elb::RuleCondition::builder().field(field);
        for (found, expected) in [
            (field("source-ip").build(), Condition::Other("source-ip".to_owned())),
            (field("something-new").build(), Condition::Other("something-new".to_owned())),
            (field("path-pattern").values("/a").build(), Condition::PathPattern(Patterns::Values(texts(&["/a"])))),
        ] {
            assert_eq!(condition(&members, &found).unwrap(), expected);
        }
    }

    #[test]
    fn a_rule_that_cannot_be_understood_is_named_with_the_member() {
        let action = |action: elb::Action| elb::Rule::builder().rule_arn(RULE).priority("1").actions(action).build();
        let kind = |kind: &str| elb::Action::builder().r#type(kind.into());
        for (answer, message) in [
            (elb::Rule::builder().rule_arn(RULE).build(), "Priority is missing in AWS's answer"),
            (elb::Rule::builder().rule_arn(RULE).priority("first").build(), "Priority has the unknown value \"first\""),
            (action(elb::Action::builder().build()), "Action.Type is missing in AWS's answer"),
            (action(kind("forward").build()), "Action.TargetGroupArn is missing in AWS's answer"),
            (action(kind("redirect").build()), "RedirectConfig is missing in AWS's answer"),
            (action(kind("fixed-response").build()), "FixedResponseConfig is missing in AWS's answer"),
        ] {
            let error = rule(RULE, &answer, Pairs::new()).unwrap_err().to_string();
            assert_eq!(error, format!("{RULE}: {message}"));
        }
    }

    #[test]
    fn the_default_rule_is_its_listeners() {
        let rule = |default| elb::Rule::builder().rule_arn(RULE).is_default(default).build();
        assert_eq!(rule_arn(&rule(false)).unwrap(), Some(RULE));
        assert_eq!(rule_arn(&rule(true)).unwrap(), None);
    }
}
