//! Rules as a load balancer carries them out: the first whose conditions are met says what becomes of a request.
//!
//! Source: Application Load Balancer guide, "Action types for listener rules" and "Transforms for listener rules".

use regex::Regex;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::condition::{self, Condition, Seen};

/// A rule of a listener.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) arn: String,
    conditions: Vec<Condition>,
    pub(super) action: Action,
    pub(super) transforms: Vec<Transform>,
}

/// What becomes of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Action {
    Forward(Forward),
    Redirect(Redirect),
    Fixed {
        status: u16,
        content_type: Option<String>,
        body: String,
    },
    /// Another party would be needed, for which the sentence says that there is none.
    Unserved(String),
}

/// Target groups, one of which gets the request.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Forward {
    pub(super) groups: Vec<Weighted>,
    /// For how many seconds a client stays with its group.
    pub(super) sticky_seconds: Option<u64>,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Weighted {
    pub(super) target_group_arn: String,
    #[serde(default = "one")]
    pub(super) weight: i64,
}

/// A URL in parts, each with `#{…}` for the request's own; a part that is absent is the request's own.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Redirect {
    protocol: Option<String>,
    host: Option<String>,
    port: Option<String>,
    path: Option<String>,
    query: Option<String>,
    status_code: String,
}

/// What a redirect may take from the request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin<'a> {
    /// `HTTP` or `HTTPS`.
    pub(super) protocol: &'a str,
    pub(super) host: &'a str,
    /// The listener's.
    pub(super) port: u16,
    pub(super) path: &'a str,
    pub(super) query: &'a str,
}

/// A change of the request before a target gets it.
#[derive(Debug)]
pub(super) struct Transform {
    pub(super) of: Part,
    rewrites: Vec<(Regex, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Host,
    PathAndQuery,
}

/// A rule as AWS shows it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DescribedRule {
    rule_arn: String,
    #[serde(default)]
    conditions: Vec<condition::Described>,
    actions: Vec<DescribedAction>,
    #[serde(default)]
    transforms: Vec<DescribedTransform>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DescribedAction {
    r#type: String,
    order: Option<i64>,
    target_group_arn: Option<String>,
    forward_config: Option<ForwardConfig>,
    redirect_config: Option<Redirect>,
    fixed_response_config: Option<FixedResponse>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ForwardConfig {
    #[serde(default)]
    target_groups: Vec<Weighted>,
    target_group_stickiness_config: Option<Stickiness>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Stickiness {
    #[serde(default)]
    enabled: bool,
    duration_seconds: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FixedResponse {
    status_code: String,
    content_type: Option<String>,
    #[serde(default)]
    message_body: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DescribedTransform {
    r#type: String,
    host_header_rewrite_config: Option<Rewrites>,
    url_rewrite_config: Option<Rewrites>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Rewrites {
    rewrites: Vec<Rewrite>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Rewrite {
    regex: String,
    replace: String,
}

fn one() -> i64 {
    1
}

impl Rule {
    /// Reads a rule as `DescribeRules` shows it.
    ///
    /// # Errors
    /// A sentence, when a load balancer could not carry it out.
    pub(super) fn read(description: &Value) -> Result<Self, String> {
        let described: DescribedRule = read(description)?;
        Ok(Self {
            arn: described.rule_arn,
            conditions: described.conditions.into_iter().map(Condition::read).collect::<Result<_, _>>()?,
            action: Action::of(described.actions)?,
            transforms: described.transforms.into_iter().map(Transform::read).collect::<Result<_, _>>()?,
        })
    }

    /// Whether the rule takes a request: all of its conditions are met.
    pub(super) fn takes(&self, seen: &Seen<'_>) -> bool {
        self.conditions.iter().all(|condition| condition.is_met(seen))
    }
}

impl Action {
    /// The last of the actions decides, unless one before it needs another party.
    fn of(mut described: Vec<DescribedAction>) -> Result<Self, String> {
        described.sort_by_key(|action| action.order);
        let last = described.pop().ok_or("a rule without an action")?;
        if let Some(first) = described.first() {
            return Ok(Self::Unserved(format!("actions of type '{}' need another party", first.r#type)));
        }
        let missing = || format!("an action of type '{}' without its configuration", last.r#type);
        Ok(match last.r#type.as_str() {
            "forward" => Self::Forward(Forward::read(last.target_group_arn, last.forward_config)),
            "redirect" => Self::Redirect(last.redirect_config.ok_or_else(missing)?),
            "fixed-response" => {
                let config = last.fixed_response_config.ok_or_else(missing)?;
                let status = config.status_code.parse().map_err(|_| format!("no status: '{}'", config.status_code))?;
                let body = config.message_body.unwrap_or_default();
                Self::Fixed { status, content_type: config.content_type, body }
            }
            other => Self::Unserved(format!("actions of type '{other}' need another party")),
        })
    }
}

impl Forward {
    fn read(arn: Option<String>, config: Option<ForwardConfig>) -> Self {
        let single = arn.map(|target_group_arn| Weighted { target_group_arn, weight: 1 });
        let Some(config) = config else {
            return Self { groups: single.into_iter().collect(), sticky_seconds: None };
        };
        let sticky = config.target_group_stickiness_config.filter(|stickiness| stickiness.enabled);
        let groups = if config.target_groups.is_empty() { single.into_iter().collect() } else { config.target_groups };
        Self { groups, sticky_seconds: sticky.and_then(|stickiness| stickiness.duration_seconds) }
    }
}

impl Redirect {
    /// The status and the location.
    pub(super) fn answer(&self, origin: &Origin<'_>) -> (u16, String) {
        let status = if self.status_code == "HTTP_301" { 301 } else { 302 };
        let fill = |part: &Option<String>, own: &str| {
            let text = part.as_deref().unwrap_or(own).replace("#{protocol}", origin.protocol);
            text.replace("#{host}", origin.host)
                .replace("#{port}", &origin.port.to_string())
                .replace("#{path}", origin.path.strip_prefix('/').unwrap_or(origin.path))
                .replace("#{query}", origin.query)
        };
        let protocol = fill(&self.protocol, "#{protocol}").to_ascii_lowercase();
        let (host, port) = (fill(&self.host, "#{host}"), fill(&self.port, "#{port}"));
        let (path, query) = (fill(&self.path, "/#{path}"), fill(&self.query, "#{query}"));
        let query = if query.is_empty() { query } else { format!("?{query}") };
        (status, format!("{protocol}://{host}:{port}{path}{query}"))
    }
}

impl Transform {
    fn read(described: DescribedTransform) -> Result<Self, String> {
        let (of, config) = match described.r#type.as_str() {
            "host-header-rewrite" => (Part::Host, described.host_header_rewrite_config),
            "url-rewrite" => (Part::PathAndQuery, described.url_rewrite_config),
            other => return Err(format!("transforms of type '{other}' are not carried out here")),
        };
        let rewrites = config.map(|config| config.rewrites).unwrap_or_default();
        let read = |Rewrite { regex, replace }: Rewrite| {
            let regex = Regex::new(&regex).map_err(|error| format!("'{regex}' is no regular expression: {error}"))?;
            Ok((regex, replacement(&replace)))
        };
        Ok(Self { of, rewrites: rewrites.into_iter().map(read).collect::<Result<_, String>>()? })
    }

    /// The text with the first match replaced; the text itself when nothing matches.
    pub(super) fn apply(&self, text: &str) -> String {
        self.rewrites
            .iter()
            .fold(text.to_owned(), |text, (regex, replace)| regex.replace(&text, replace.as_str()).into_owned())
    }
}

/// Reads what AWS shows; a member that is null is one that is absent.
fn read<T: DeserializeOwned>(described: &Value) -> Result<T, String> {
    serde_json::from_value(without_nulls(described)).map_err(|error| error.to_string())
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let present = members.iter().filter(|(_, member)| !member.is_null());
            present.map(|(name, member)| (name.clone(), without_nulls(member))).collect()
        }
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        other => other.clone(),
    }
}

/// `$1` with whatever follows it, in the way that the regular expressions here take it: `${1}`.
fn replacement(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(next) = rest.next() {
        match (next, rest.peek().copied()) {
            ('$', Some(digit)) if digit.is_ascii_digit() => {
                rest.next();
                written.push_str(&format!("${{{digit}}}"));
            }
            ('$', _) => written.push_str("$$"),
            _ => written.push(next),
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read_actions(actions: Value) -> Result<Action, String> {
        Rule::read(&json!({ "RuleArn": "rule", "Actions": actions })).map(|rule| rule.action)
    }

    fn action(described: Value) -> Action {
        read_actions(described).unwrap()
    }

    #[test]
    fn a_forward_names_its_groups_in_either_form() {
        let group = |arn: &str, weight| Weighted { target_group_arn: arn.to_owned(), weight };
        let cases = [
            (json!([{ "Type": "forward", "TargetGroupArn": "a" }]), vec![group("a", 1)], None),
            (
                json!([{ "Type": "forward", "TargetGroupArn": "a", "ForwardConfig": { "TargetGroups": [{ "TargetGroupArn": "a", "Weight": 3 }],
                    "TargetGroupStickinessConfig": { "Enabled": false, "DurationSeconds": 60 } } }]),
                vec![group("a", 3)],
                None,
            ),
            (
                json!([{ "Type": "forward", "ForwardConfig": { "TargetGroups": [{ "TargetGroupArn": "a" }, { "TargetGroupArn": "b", "Weight": 0 }],
                    "TargetGroupStickinessConfig": { "Enabled": true, "DurationSeconds": 60 } } }]),
                vec![group("a", 1), group("b", 0)],
                Some(60),
            ),
        ];
        for (described, groups, sticky_seconds) in cases {
            assert_eq!(action(described), Action::Forward(Forward { groups, sticky_seconds }));
        }
    }

    #[test]
    fn a_redirect_fills_in_the_parts_of_the_request() {
        let origin = Origin { protocol: "HTTP", host: "a.com", port: 80, path: "/x/y", query: "q=1" };
        let bare = Origin { path: "/", query: "", ..origin };
        let cases = [
            (
                json!({ "Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301" }),
                origin,
                301,
                "https://a.com:443/x/y?q=1",
            ),
            (
                json!({ "Protocol": "#{protocol}", "Host": "#{host}", "Port": "#{port}", "Path": "/#{path}", "Query": "#{query}", "StatusCode": "HTTP_302" }),
                origin,
                302,
                "http://a.com:80/x/y?q=1",
            ),
            (
                json!({ "Host": "new.#{host}", "Path": "/new/#{path}/#{port}", "Query": "#{query}&v=2", "StatusCode": "HTTP_302" }),
                origin,
                302,
                "http://new.a.com:80/new/x/y/80?q=1&v=2",
            ),
            (json!({ "Query": "", "StatusCode": "HTTP_302" }), origin, 302, "http://a.com:80/x/y"),
            (json!({ "Port": "8080", "StatusCode": "HTTP_302" }), bare, 302, "http://a.com:8080/"),
        ];
        for (config, origin, status, location) in cases {
            let Action::Redirect(redirect) = action(json!([{ "Type": "redirect", "RedirectConfig": config }])) else {
                panic!("a redirect");
            };
            assert_eq!(redirect.answer(&origin), (status, location.to_owned()), "{config}");
        }
    }

    #[test]
    fn fixed_responses_and_actions_of_others_are_told_apart() {
        let fixed = json!([{ "Type": "fixed-response", "FixedResponseConfig": { "StatusCode": "404", "ContentType": "text/plain", "MessageBody": "no" } }]);
        let expected =
            Action::Fixed { status: 404, content_type: Some("text/plain".to_owned()), body: "no".to_owned() };
        assert_eq!(action(fixed), expected);
        let login = json!([{ "Type": "forward", "Order": 2, "TargetGroupArn": "a" }, { "Type": "authenticate-oidc", "Order": 1 }]);
        assert!(matches!(action(login), Action::Unserved(sentence) if sentence.contains("authenticate-oidc")));
        assert!(read_actions(json!([{ "Type": "redirect" }])).unwrap_err().contains("without its configuration"));
        assert!(read_actions(json!([])).unwrap_err().contains("without an action"));
    }

    #[test]
    fn transforms_rewrite_what_matches() {
        let cases = [
            (
                "url-rewrite",
                "^/dp/([A-Za-z0-9]+)/?$",
                "/product.php?id=$1",
                "/dp/B09G3HRMW",
                "/product.php?id=B09G3HRMW",
            ),
            ("url-rewrite", "^/api/(.*)$", "/$1x", "/api/a?b=c", "/a?b=cx"),
            ("url-rewrite", "^/api/", "/$", "/other", "/other"),
            (
                "host-header-rewrite",
                "^mywebsite-(.+).com$",
                "internal.dev.$1.myweb.com",
                "mywebsite-example.com",
                "internal.dev.example.myweb.com",
            ),
        ];
        for (kind, regex, replace, text, expected) in cases {
            let config = if kind == "url-rewrite" { "UrlRewriteConfig" } else { "HostHeaderRewriteConfig" };
            let described = json!({ "Type": kind, config: { "Rewrites": [{ "Regex": regex, "Replace": replace }] } });
            let transform = Transform::read(serde_json::from_value(described).unwrap()).unwrap();
            assert_eq!(transform.apply(text), expected, "{kind} {regex}");
        }
    }
}
