//! What a listener or a rule does with a request.

use std::fmt;

use serde::Serialize;
use serde::ser::SerializeStruct as _;
use serde_json::json;

use crate::id::{RedirectStatusCode, Ref, TargetGroupArn};

/// One action. The wire's `Order` is its place in the list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// Hands the request to a target group.
    Forward(Forward),
    /// Sends the client elsewhere.
    Redirect(Redirect),
    /// Answers in the targets' place.
    FixedResponse(FixedResponse),
    /// One that is there and that we do not write, by its type (`authenticate-oidc`). Never wanted.
    Other(String),
}

/// Target groups by weight, and whether a client stays with the one it got.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Forward {
    /// At least one; at most five on an Application Load Balancer.
    pub target_groups: Vec<TargetGroupTuple>,
    /// Left out: off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_group_stickiness_config: Option<Stickiness>,
}

/// One target group of a forward action.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct TargetGroupTuple {
    /// The target group.
    pub target_group_arn: Ref<TargetGroupArn>,
    /// 0 to 999; AWS's default is 1. It means nothing for a single group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<u16>,
}

/// Whether a client stays with the target group it got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Stickiness {
    /// Left out: off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Seconds, 1 to 604,800; AWS asks for it when stickiness is on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<u32>,
}

/// Where a client is sent. What is left out stays as it was in the request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Redirect {
    /// `HTTP`, `HTTPS` or `#{protocol}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    /// 1 to 65535 or `#{port}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<String>,
    /// May hold `#{host}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Begins with a slash; may hold `#{host}`, `#{path}` and `#{port}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Without the question mark; may hold `#{query}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// For ever or for now.
    pub status_code: RedirectStatusCode,
}

/// An answer that needs no target.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct FixedResponse {
    /// `text/plain`, `text/css`, `text/html`, `application/javascript` or `application/json`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// At most 1,024 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_body: Option<String>,
    /// `2xx`, `4xx` or `5xx`.
    pub status_code: String,
}

impl Action {
    /// Forwards to one target group.
    pub fn forward_to(target_group_arn: Ref<TargetGroupArn>) -> Self {
        let target_groups = vec![TargetGroupTuple { target_group_arn, weight: None }];
        Self::Forward(Forward { target_groups, target_group_stickiness_config: None })
    }

    /// The answer to requests that nobody asks for.
    pub(crate) fn not_found() -> Self {
        Self::FixedResponse(FixedResponse {
            content_type: Some("text/plain".to_owned()),
            message_body: None,
            status_code: "404".to_owned(),
        })
    }

    /// LBC's own answers where the Service or the action is missing that an Ingress names, to the letter.
    pub(crate) fn unavailable(what: &str) -> Self {
        Self::FixedResponse(FixedResponse {
            content_type: Some("text/plain".to_owned()),
            message_body: Some(format!("Backend {what} does not exist")),
            status_code: "503".to_owned(),
        })
    }

    /// Whether it is one of these: it stands where nobody answers.
    pub(crate) fn is_unavailable(&self) -> bool {
        ["service", "action"].iter().any(|what| *self == Self::unavailable(what))
    }

    /// The type as AWS spells it.
    pub fn action_type(&self) -> &str {
        match self {
            Self::Forward(_) => "forward",
            Self::Redirect(_) => "redirect",
            Self::FixedResponse(_) => "fixed-response",
            Self::Other(action_type) => action_type,
        }
    }

    /// The target groups that it forwards to.
    pub fn target_groups(&self) -> impl Iterator<Item = &Ref<TargetGroupArn>> {
        let tuples = match self {
            Self::Forward(forward) => forward.target_groups.as_slice(),
            Self::Redirect(_) | Self::FixedResponse(_) | Self::Other(_) => &[],
        };
        tuples.iter().map(|tuple| &tuple.target_group_arn)
    }

    /// The same with every reference replaced.
    #[must_use]
    pub fn with_target_groups(&self, replace: impl Fn(&Ref<TargetGroupArn>) -> Ref<TargetGroupArn>) -> Self {
        let mut action = self.clone();
        if let Self::Forward(forward) = &mut action {
            for tuple in &mut forward.target_groups {
                tuple.target_group_arn = replace(&tuple.target_group_arn);
            }
        }
        action
    }

    /// The one form of all spellings that AWS treats alike: with its defaults filled in, and without order where there is
    /// none. Only for comparing.
    #[must_use]
    pub fn canonical(&self) -> Self {
        match self {
            Self::Forward(forward) => Self::Forward(forward.canonical()),
            Self::Redirect(redirect) => Self::Redirect(redirect.canonical()),
            Self::FixedResponse(response) => Self::FixedResponse(response.canonical()),
            Self::Other(_) => self.clone(),
        }
    }
}

impl Forward {
    /// Whether a client stays with the group it got.
    pub fn is_sticky(&self) -> bool {
        self.target_group_stickiness_config.is_some_and(|stickiness| stickiness.enabled == Some(true))
    }

    fn canonical(&self) -> Self {
        let Self { target_groups, target_group_stickiness_config } = self;
        let single = target_groups.len() == 1;
        let weight = |tuple: &TargetGroupTuple| if single { None } else { Some(tuple.weight.unwrap_or(1)) };
        let mut target_groups = target_groups
            .iter()
            .map(|tuple| TargetGroupTuple { weight: weight(tuple), ..tuple.clone() })
            .collect::<Vec<_>>();
        target_groups.sort();
        // Switched off, its duration means nothing.
        let sticky = target_group_stickiness_config.filter(|stickiness| stickiness.enabled == Some(true));
        Self { target_groups, target_group_stickiness_config: sticky }
    }
}

impl Redirect {
    /// The placeholder of the protocol as it was.
    pub const PROTOCOL: &'static str = "#{protocol}";
    /// The placeholder of the port as it was.
    pub const PORT: &'static str = "#{port}";
    /// The placeholder of the host as it was.
    pub const HOST: &'static str = "#{host}";
    /// The path as it was.
    pub const PATH: &'static str = "/#{path}";
    /// The placeholder of the query as it was.
    pub const QUERY: &'static str = "#{query}";

    /// With AWS's defaults filled in.
    #[must_use]
    pub fn canonical(&self) -> Self {
        let Self { protocol, port, host, path, query, status_code } = self.clone();
        let filled = |part: Option<String>, default: &str| Some(part.unwrap_or_else(|| default.to_owned()));
        Self {
            protocol: filled(protocol, Self::PROTOCOL),
            port: filled(port, Self::PORT),
            host: filled(host, Self::HOST),
            path: filled(path, Self::PATH),
            query: filled(query, Self::QUERY),
            status_code,
        }
    }
}

impl FixedResponse {
    /// No text and an empty one are the same answer.
    fn canonical(&self) -> Self {
        let Self { content_type, message_body, status_code } = self.clone();
        let given = |text: &String| !text.is_empty();
        Self { content_type: content_type.filter(given), message_body: message_body.filter(given), status_code }
    }
}

/// Whether two lists of actions do the same.
pub fn same_actions(one: &[Action], other: &[Action]) -> bool {
    one.iter().map(Action::canonical).eq(other.iter().map(Action::canonical))
}

/// A list of actions as requests carry it: with the `Order` of each.
pub(crate) fn serialize_actions<S: serde::Serializer>(actions: &[Action], serializer: S) -> Result<S::Ok, S::Error> {
    let ordered = actions.iter().enumerate().map(|(place, action)| Ordered { order: place + 1, action });
    serializer.collect_seq(ordered)
}

struct Ordered<'a> {
    order: usize,
    action: &'a Action,
}

impl Serialize for Ordered<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut action = serializer.serialize_struct("Action", 3)?;
        action.serialize_field("Type", self.action.action_type())?;
        action.serialize_field("Order", &self.order)?;
        match self.action {
            Action::Forward(config) => action.serialize_field("ForwardConfig", config)?,
            Action::Redirect(config) => action.serialize_field("RedirectConfig", config)?,
            Action::FixedResponse(config) => action.serialize_field("FixedResponseConfig", &json!(config))?,
            Action::Other(_) => {}
        }
        action.end()
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forward(forward) => forward.fmt(f),
            Self::Redirect(redirect) => redirect.fmt(f),
            Self::FixedResponse(response) => write!(f, "fixed response {}", response.status_code),
            Self::Other(action_type) => f.write_str(action_type),
        }
    }
}

impl fmt::Display for Forward {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("forward to ")?;
        let single = self.target_groups.len() == 1;
        for (place, tuple) in self.target_groups.iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            match &tuple.target_group_arn {
                Ref::Known(arn) => write!(f, "{comma}{arn}")?,
                Ref::Made(key) => write!(f, "{comma}{}", key.id)?,
            }
            if !single {
                write!(f, " (weight {})", tuple.weight.unwrap_or(1))?;
            }
        }
        match self.canonical().target_group_stickiness_config {
            Some(Stickiness { duration_seconds: Some(seconds), .. }) => write!(f, ", sticky for {seconds} s"),
            Some(_) => f.write_str(", sticky"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Redirect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kept = Self { protocol: None, port: None, host: None, path: None, query: None, ..self.clone() }.canonical();
        let Self { protocol, port, host, path, query, status_code } = self.canonical();
        // What stays as it was in the request goes without saying.
        let parts = [
            ("protocol", protocol, kept.protocol),
            ("port", port, kept.port),
            ("host", host, kept.host),
            ("path", path, kept.path),
            ("query", query, kept.query),
        ];
        let changed = parts.into_iter().filter(|(_, to, kept)| to != kept);
        let changed = changed.map(|(part, to, _)| format!("{part} {}", to.unwrap_or_default()));
        write!(f, "redirect to {} ({status_code})", changed.collect::<Vec<_>>().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{ResourceKey, ResourceKind};

    fn group(name: &str, weight: Option<u16>) -> TargetGroupTuple {
        TargetGroupTuple { target_group_arn: Ref::Known(TargetGroupArn::new(name)), weight }
    }

    fn forward(target_groups: Vec<TargetGroupTuple>, stickiness: Option<Stickiness>) -> Action {
        Action::Forward(Forward { target_groups, target_group_stickiness_config: stickiness })
    }

    fn sticky(enabled: Option<bool>, duration_seconds: Option<u32>) -> Option<Stickiness> {
        Some(Stickiness { enabled, duration_seconds })
    }

    fn redirect(port: Option<&str>, host: Option<&str>) -> Action {
        let text = |text: Option<&str>| text.map(str::to_owned);
        Action::Redirect(Redirect {
            protocol: Some("HTTPS".to_owned()),
            port: text(port),
            host: text(host),
            path: None,
            query: None,
            status_code: RedirectStatusCode::Http301,
        })
    }

    fn answer(body: Option<&str>) -> Action {
        Action::FixedResponse(FixedResponse {
            content_type: Some("text/plain".to_owned()),
            message_body: body.map(str::to_owned),
            status_code: "404".to_owned(),
        })
    }

    #[test]
    fn what_aws_fills_in_is_no_difference() {
        for (wanted, shown) in [
            (forward(vec![group("a", None)], None), forward(vec![group("a", Some(1))], sticky(Some(false), None))),
            (forward(vec![group("a", Some(7))], None), forward(vec![group("a", Some(1))], sticky(Some(false), None))),
            (
                forward(vec![group("b", Some(3)), group("a", None)], None),
                forward(vec![group("a", Some(1)), group("b", Some(3))], sticky(None, None)),
            ),
            (redirect(Some("443"), None), redirect(Some("443"), Some("#{host}"))),
            (answer(None), answer(Some(""))),
        ] {
            assert!(same_actions(std::slice::from_ref(&wanted), std::slice::from_ref(&shown)), "{wanted} and {shown}");
        }
    }

    #[test]
    fn what_clients_notice_is_a_difference() {
        let two = |weight| vec![group("a", Some(weight)), group("b", Some(1))];
        for (one, other) in [
            (forward(two(1), None), forward(two(2), None)),
            (forward(two(1), None), forward(two(1), sticky(Some(true), Some(60)))),
            (forward(two(1), sticky(Some(true), Some(60))), forward(two(1), sticky(Some(true), Some(61)))),
            (forward(vec![group("a", None)], None), forward(vec![group("b", None)], None)),
            (redirect(Some("443"), None), redirect(Some("8443"), None)),
            (redirect(Some("443"), None), redirect(Some("443"), Some("example.com"))),
            (answer(None), answer(Some("no"))),
            (answer(None), Action::Other("authenticate-oidc".to_owned())),
        ] {
            assert!(!same_actions(std::slice::from_ref(&one), std::slice::from_ref(&other)), "{one} and {other}");
        }
    }

    #[test]
    fn actions_are_sent_with_their_order_and_only_what_was_given() {
        struct List(Vec<Action>);
        impl Serialize for List {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serialize_actions(&self.0, serializer)
            }
        }
        let web = Ref::Made(ResourceKey::new(ResourceKind::TargetGroup, "default/web:80"));
        let list = List(vec![Action::forward_to(web), redirect(Some("443"), None), answer(None)]);
        assert_eq!(
            serde_json::to_value(&list).unwrap(),
            json!([
                { "Type": "forward", "Order": 1, "ForwardConfig": { "TargetGroups": [
                    { "TargetGroupArn": { "ref": "AWS::ElasticLoadBalancingV2::TargetGroup/default/web:80" } }
                ] } },
                { "Type": "redirect", "Order": 2, "RedirectConfig": {
                    "Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"
                } },
                { "Type": "fixed-response", "Order": 3, "FixedResponseConfig": {
                    "ContentType": "text/plain", "StatusCode": "404"
                } },
            ])
        );
    }
}
