//! `actions.<name>`: what is done with a request in place of a plain Service (`ingress-alb.md` §4.3, §7.4).

use super::json::{self, Json};
use super::rules::GroupRef;
use crate::id::{Knowable, RedirectStatusCode, TargetGroupArn};
use crate::model::{Action, FixedResponse, PortRef, Redirect, Stickiness};

/// AWS's limit of target groups in one action.
const MOST_TARGET_GROUPS: usize = 5;
/// AWS's limits for texts of actions.
const LONGEST_BODY: usize = 1024;
const LONGEST_REDIRECT_PART: usize = 128;
const CONTENT_TYPES: [&str; 5] = ["text/plain", "text/css", "text/html", "application/javascript", "application/json"];

/// What the annotation says, with Services still to be looked up.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Written {
    /// An answer that needs no target.
    Answer(Action),
    /// Target groups.
    Forward { groups: Vec<Group>, stickiness: Option<Stickiness> },
}

/// One target group of a forward action.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Group {
    pub(super) target: Target,
    pub(super) weight: Option<u16>,
}

/// How a target group is named.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Target {
    Arn(TargetGroupArn),
    Name(String),
    Service { name: String, port: PortRef },
}

/// Reads the annotation.
///
/// # Errors
///
/// The first thing that is wrong with it.
pub(super) fn parse(text: &str) -> Result<Written, String> {
    let json = json::parse(text)?;
    let config = |name: &str| json.structure(name)?.ok_or_else(|| format!("{name} is missing"));
    match json.required_text("type")?.as_str() {
        "fixed-response" => fixed_response(config("fixedResponseConfig")?),
        "redirect" => redirect(config("redirectConfig")?),
        "forward" => forward(&json),
        other @ ("authenticate-cognito" | "authenticate-oidc" | "jwt-validation") => {
            Err(format!("actions of type {other} are not supported yet"))
        }
        other => Err(format!("type {other:?} is none of fixed-response, redirect, forward")),
    }
}

/// An example of the type that the annotation asks for: what is wrong is easier to see beside it.
pub(super) fn example(text: &str) -> &'static str {
    let action_type = json::parse(text).ok().and_then(|json| json.text("type").ok().flatten());
    match action_type.as_deref() {
        Some("redirect") => {
            r##"{"type": "redirect", "redirectConfig": {"protocol": "HTTPS", "port": "443", "statusCode": "HTTP_301"}}"##
        }
        Some("forward") => {
            r#"{"type": "forward", "forwardConfig": {"targetGroups": [{"serviceName": "web", "servicePort": 80, "weight": 1}]}}"#
        }
        _ => r#"{"type": "fixed-response", "fixedResponseConfig": {"contentType": "text/plain", "statusCode": "503"}}"#,
    }
}

fn fixed_response(config: &Json) -> Result<Written, String> {
    let status_code = config.required_text("statusCode")?;
    let is_code = status_code.len() == 3
        && status_code.bytes().all(|byte| byte.is_ascii_digit())
        && matches!(status_code.as_bytes()[0], b'2' | b'4' | b'5');
    if !is_code {
        return Err(format!("statusCode {status_code:?} is none of 2xx, 4xx, 5xx"));
    }
    let content_type = config.text("contentType")?;
    if let Some(other) = content_type.as_deref().filter(|text| !text.is_empty() && !CONTENT_TYPES.contains(text)) {
        return Err(format!("contentType {other:?} is none of {}", CONTENT_TYPES.join(", ")));
    }
    let message_body = config.text("messageBody")?;
    let length = message_body.as_ref().map_or(0, |body| body.chars().count());
    if length > LONGEST_BODY {
        return Err(format!("messageBody has {length} characters, {LONGEST_BODY} are allowed"));
    }
    Ok(Written::Answer(Action::FixedResponse(FixedResponse { content_type, message_body, status_code })))
}

fn redirect(config: &Json) -> Result<Written, String> {
    let status_code = config.required_text("statusCode")?;
    let status_code = status_code.parse::<RedirectStatusCode>().map_err(|error| format!("statusCode {error}"))?;
    let part = |name: &str| -> Result<Option<String>, String> {
        let text = config.text(name)?;
        match text.as_ref().map(|text| text.chars().count()) {
            Some(length) if length > LONGEST_REDIRECT_PART => {
                Err(format!("{name} has {length} characters, {LONGEST_REDIRECT_PART} are allowed"))
            }
            _ => Ok(text),
        }
    };
    let redirect = Redirect {
        protocol: part("protocol")?,
        port: part("port")?,
        host: part("host")?,
        path: part("path")?,
        query: part("query")?,
        status_code,
    };
    if let Some(protocol) = redirect.protocol.as_deref()
        && !["HTTP", "HTTPS", Redirect::PROTOCOL].contains(&protocol)
    {
        return Err(format!("protocol {protocol:?} is none of HTTP, HTTPS, {}", Redirect::PROTOCOL));
    }
    if let Some(path) = redirect.path.as_deref().filter(|path| !path.starts_with('/')) {
        return Err(format!("path {path:?} must begin with a slash"));
    }
    let is_port = |port: &str| port == Redirect::PORT || port.parse::<u16>().is_ok_and(|port| port != 0);
    if let Some(port) = redirect.port.as_deref().filter(|port| !is_port(port)) {
        return Err(format!("port {port:?} is none of 1 to 65535, {}", Redirect::PORT));
    }
    Ok(Written::Answer(Action::Redirect(redirect)))
}

/// The simple form is a single target group.
fn forward(json: &Json) -> Result<Written, String> {
    let simple = named(json)?;
    let config = json.structure("forwardConfig")?;
    let Some(config) = config else {
        let target = simple.ok_or("forwardConfig, targetGroupARN or targetGroupName is missing")?;
        return Ok(Written::Forward { groups: vec![Group { target, weight: None }], stickiness: None });
    };
    if simple.is_some() {
        return Err("targetGroupARN or targetGroupName, and forwardConfig cannot be together".to_owned());
    }
    let entries = config.list("targetGroups")?;
    let group = |(index, entry): (usize, &Json)| {
        group(entry).map_err(|message| format!("targetGroups entry {}: {message}", index + 1))
    };
    let groups = entries.iter().enumerate().map(group).collect::<Result<Vec<_>, _>>()?;
    if groups.is_empty() {
        return Err("targetGroups is empty".to_owned());
    }
    if groups.len() > MOST_TARGET_GROUPS {
        return Err(format!("there are {} targetGroups, {MOST_TARGET_GROUPS} are allowed", groups.len()));
    }
    if groups.len() > 1 && groups.iter().any(|group| group.weight.is_none()) {
        return Err("with several targetGroups each needs its weight".to_owned());
    }
    let stickiness = config.structure("targetGroupStickinessConfig")?.map(stickiness).transpose()?;
    Ok(Written::Forward { groups, stickiness })
}

/// The ARN comes before the name.
fn named(json: &Json) -> Result<Option<Target>, String> {
    let arn = json.text("targetGroupARN")?.map(|arn| Target::Arn(TargetGroupArn::new(arn)));
    Ok(arn.or(json.text("targetGroupName")?.map(Target::Name)))
}

fn group(entry: &Json) -> Result<Group, String> {
    let weight = match entry.int32("weight")? {
        None => None,
        Some(weight) => match u16::try_from(weight) {
            Ok(weight @ 0..=999) => Some(weight),
            _ => return Err(format!("weight {weight} is out of range; it must be 0 to 999")),
        },
    };
    let target = match (named(entry)?, entry.text("serviceName")?) {
        (Some(_), Some(_)) => return Err("a target group is named by ARN, by name or by Service, not twice".to_owned()),
        (Some(target), None) => target,
        (None, Some(name)) => Target::Service { name, port: service_port(entry)? },
        (None, None) => return Err("targetGroupARN, targetGroupName or serviceName is missing".to_owned()),
    };
    Ok(Group { target, weight })
}

/// A number, a number as text, or a name.
fn service_port(entry: &Json) -> Result<PortRef, String> {
    match entry.member("servicePort") {
        None => Err("servicePort is missing".to_owned()),
        Some(Json::Whole(number)) => port_number(*number),
        Some(Json::Text(text)) => match text.parse::<i32>() {
            Ok(number) => port_number(number.into()),
            Err(_) => Ok(PortRef::Name(text.clone())),
        },
        Some(other) => Err(format!("servicePort must be a number or a name, not {}", other.kind())),
    }
}

fn port_number(number: i64) -> Result<PortRef, String> {
    let port = u16::try_from(number).ok().filter(|port| *port != 0);
    port.map(|port| PortRef::Number(Knowable::Known(port))).ok_or_else(|| format!("servicePort {number} is not a port"))
}

fn stickiness(config: &Json) -> Result<Stickiness, String> {
    let duration_seconds = match config.int32("durationSeconds")? {
        None => None,
        Some(seconds @ 1..=604_800) => u32::try_from(seconds).ok(),
        Some(other) => return Err(format!("durationSeconds {other} is out of range; it must be 1 to 604800")),
    };
    let enabled = config.boolean("enabled")?;
    if enabled == Some(true) && duration_seconds.is_none() {
        return Err("durationSeconds is missing; stickiness that is enabled lasts 1 to 604800 seconds".to_owned());
    }
    Ok(Stickiness { enabled, duration_seconds })
}

/// What AWS does not take together in one action, and what to do.
pub(super) fn together(
    groups: &[(GroupRef, Option<u16>)],
    stickiness: Option<Stickiness>,
    is_sticky: impl Fn(&str) -> bool,
) -> Result<(), (String, &'static str)> {
    for (place, (group, _)) in groups.iter().enumerate() {
        if groups[..place].iter().any(|(other, _)| other == group) {
            let message = format!("targetGroups entry {}: it is named before", place + 1);
            return Err((message, "name each target group once"));
        }
    }
    let sticks = groups.iter().any(|(group, _)| matches!(group, GroupRef::Own(id) if is_sticky(id)));
    let rule_sticks = stickiness.is_some_and(|stickiness| stickiness.enabled == Some(true));
    if groups.len() > 1 && sticks && !rule_sticks {
        let message = "several target groups, one of them with stickiness.enabled=true, go together only where clients \
                       stay with their group too";
        return Err((message.to_owned(), "enable targetGroupStickinessConfig with durationSeconds"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(name: &str, port: PortRef, weight: Option<u16>) -> Group {
        Group { target: Target::Service { name: name.to_owned(), port }, weight }
    }

    #[test]
    fn every_form_of_the_contract_is_read() {
        let number = |port| PortRef::Number(Knowable::Known(port));
        let forward = |groups, stickiness| Written::Forward { groups, stickiness };
        for (text, expected) in [
            (
                r#"{"type":"forward","targetGroupARN":"arn:a","targetGroupName":"b"}"#,
                forward(vec![Group { target: Target::Arn(TargetGroupArn::new("arn:a")), weight: None }], None),
            ),
            (
                r#"{"Type":"forward","TargetGroupName":"b"}"#,
                forward(vec![Group { target: Target::Name("b".to_owned()), weight: None }], None),
            ),
            (
                r#"{"type":"forward","forwardConfig":{"targetGroups":[{"serviceName":"a","servicePort":"80"}]}}"#,
                forward(vec![service("a", number(80), None)], None),
            ),
            (
                r#"{"Type":"forward","ForwardConfig":{"TargetGroups":[
                    {"ServiceName":"a","ServicePort":80,"Weight":90},{"serviceName":"b","servicePort":"http","weight":10}],
                    "TargetGroupStickinessConfig":{"Enabled":true,"DurationSeconds":200}}}"#,
                forward(
                    vec![service("a", number(80), Some(90)), service("b", PortRef::Name("http".to_owned()), Some(10))],
                    Some(Stickiness { enabled: Some(true), duration_seconds: Some(200) }),
                ),
            ),
        ] {
            assert_eq!(parse(text), Ok(expected), "{text}");
        }
        let Ok(Written::Answer(answer)) =
            parse(r#"{"type":"redirect","redirectConfig":{"port":"443","protocol":"HTTPS","statusCode":"HTTP_301"}}"#)
        else {
            panic!("a redirect")
        };
        assert_eq!(answer.to_string(), "redirect to protocol HTTPS, port 443 (HTTP_301)");
        let Ok(Written::Answer(answer)) =
            parse(r#"{"type":"fixed-response","fixedResponseConfig":{"contentType":"text/plain","statusCode":"503"}}"#)
        else {
            panic!("a fixed response")
        };
        assert_eq!(answer.to_string(), "fixed response 503");
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, wrong) in [
            ("{", "this is not JSON: "),
            ("{}", "type is missing"),
            (r#"{"type":"teapot"}"#, "type \"teapot\" is none of fixed-response, redirect, forward"),
            (r#"{"type":"authenticate-oidc"}"#, "actions of type authenticate-oidc are not supported yet"),
            (r#"{"type":"redirect"}"#, "redirectConfig is missing"),
            (r#"{"type":"redirect","redirectConfig":{"statusCode":""}}"#, "statusCode is missing"),
            (r#"{"type":"redirect","redirectConfig":{"statusCode":"301"}}"#, "statusCode \"301\" is none of HTTP_301"),
            (r#"{"type":"fixed-response","fixedResponseConfig":{"statusCode":503}}"#, "statusCode must be a text"),
            (r#"{"type":"fixed-response","fixedResponseConfig":{"statusCode":"301"}}"#, "statusCode \"301\" is none"),
            (r#"{"type":"forward"}"#, "forwardConfig, targetGroupARN or targetGroupName is missing"),
            (r#"{"type":"forward","targetGroupARN":"a","forwardConfig":{}}"#, "targetGroupARN or targetGroupName, and"),
            (r#"{"type":"forward","forwardConfig":{"targetGroups":[]}}"#, "targetGroups is empty"),
            (r#"{"type":"forward","forwardConfig":{"targetGroups":[{}]}}"#, "targetGroups entry 1: targetGroupARN, "),
            (
                r#"{"type":"forward","forwardConfig":{"targetGroups":[{"serviceName":"a"}]}}"#,
                "targetGroups entry 1: servicePort is missing",
            ),
            (
                r#"{"type":"forward","forwardConfig":{"targetGroups":[{"targetGroupName":"a","weight":1},
                    {"targetGroupName":"b"}]}}"#,
                "with several targetGroups each needs its weight",
            ),
            (
                r#"{"type":"forward","forwardConfig":{"targetGroups":[{"targetGroupName":"a","weight":1000}]}}"#,
                "targetGroups entry 1: weight 1000 is out of range",
            ),
            (
                r#"{"type":"forward","forwardConfig":{"targetGroups":[{"targetGroupName":"a"}],
                    "targetGroupStickinessConfig":{"enabled":true}}}"#,
                "durationSeconds is missing",
            ),
            (
                r#"{"type":"redirect","redirectConfig":{"port":"0","statusCode":"HTTP_301"}}"#,
                "port \"0\" is none of 1 to",
            ),
            (r#"{"type":"redirect","redirectConfig":{"path":"a","statusCode":"HTTP_301"}}"#, "path \"a\" must begin"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.starts_with(wrong), "{text}: {error}");
        }
    }
}
