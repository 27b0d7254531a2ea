//! What a request has to be for a rule to take it.

use std::fmt;

use ipnet::IpNet;
use serde::Serialize;
use serde::ser::{SerializeMap as _, SerializeStruct as _};
use serde_json::json;

use super::pattern;

/// One condition. All conditions of a rule must hold; of its values one must.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Condition {
    /// The host, in any case. At most one condition of a rule.
    HostHeader(Patterns),
    /// The path, case counts. At most one condition of a rule.
    PathPattern(Patterns),
    /// A header.
    HttpHeader {
        /// Its name, in any case; without wildcards.
        name: String,
        /// Its value, in any case.
        patterns: Patterns,
    },
    /// The method, case counts, no wildcards. At most one condition of a rule.
    HttpRequestMethod(Vec<String>),
    /// A parameter of the query, in any case; wildcards, `\` takes them literally.
    QueryString(Vec<QueryParameter>),
    /// The address of the connection's other end. At most one condition of a rule.
    SourceIp(Vec<IpNet>),
    /// One that is there and that we do not write, by its field. Never wanted.
    Other(String),
}

/// Texts to match.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Patterns {
    /// `*` is any text, `?` any character.
    Values(Vec<String>),
    /// Regular expressions.
    Regex(Vec<String>),
}

/// One parameter of a query.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct QueryParameter {
    /// Left out: any key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The value.
    pub value: String,
}

impl Condition {
    /// The texts of conditions on hosts or paths, plain ones and expressions alike.
    pub(crate) fn texts<'a>(conditions: &'a [Self], field: &str) -> Vec<&'a str> {
        let of_field = conditions.iter().filter(|condition| condition.field() == field);
        let patterns = of_field.filter_map(|condition| match condition {
            Self::HostHeader(patterns) | Self::PathPattern(patterns) => Some(patterns),
            _ => None,
        });
        patterns.flat_map(Patterns::texts).map(String::as_str).collect()
    }

    /// The field as AWS spells it.
    pub fn field(&self) -> &str {
        match self {
            Self::HostHeader(_) => "host-header",
            Self::PathPattern(_) => "path-pattern",
            Self::HttpHeader { .. } => "http-header",
            Self::HttpRequestMethod(_) => "http-request-method",
            Self::QueryString(_) => "query-string",
            Self::SourceIp(_) => "source-ip",
            Self::Other(field) => field,
        }
    }

    /// How many values it has: a rule may have five in all of its conditions together.
    pub fn values(&self) -> usize {
        match self {
            Self::HostHeader(patterns) | Self::PathPattern(patterns) | Self::HttpHeader { patterns, .. } => {
                patterns.texts().len()
            }
            Self::HttpRequestMethod(methods) => methods.len(),
            Self::QueryString(parameters) => parameters.len(),
            Self::SourceIp(blocks) => blocks.len(),
            Self::Other(_) => 0,
        }
    }

    /// How many wildcards its values have.
    pub fn wildcards(&self) -> usize {
        match self {
            Self::HostHeader(Patterns::Values(values))
            | Self::PathPattern(Patterns::Values(values))
            | Self::HttpHeader { patterns: Patterns::Values(values), .. } => {
                values.iter().map(|value| value.chars().filter(|c| matches!(c, '*' | '?')).count()).sum()
            }
            Self::QueryString(parameters) => parameters
                .iter()
                .map(|parameter| {
                    unescaped_wildcards(parameter.key.as_deref().unwrap_or_default())
                        + unescaped_wildcards(&parameter.value)
                })
                .sum(),
            Self::HostHeader(_)
            | Self::PathPattern(_)
            | Self::HttpHeader { .. }
            | Self::HttpRequestMethod(_)
            | Self::SourceIp(_)
            | Self::Other(_) => 0,
        }
    }

    /// Whether a request may meet both lists of conditions: `false` is certain, `true` is not. Hosts and paths tell.
    pub fn may_overlap(one: &[Self], other: &[Self]) -> bool {
        let apart = |(one, other): (&Self, &Self)| match (one, other) {
            (Self::HostHeader(Patterns::Values(one)), Self::HostHeader(Patterns::Values(other))) => {
                let (one, other) = (lower(one), lower(other));
                !one.iter().any(|one| other.iter().any(|other| pattern::may_overlap(one, other)))
            }
            (Self::PathPattern(Patterns::Values(one)), Self::PathPattern(Patterns::Values(other))) => {
                !one.iter().any(|one| other.iter().any(|other| pattern::may_overlap(one, other)))
            }
            _ => false,
        };
        !one.iter().flat_map(|one| other.iter().map(move |other| (one, other))).any(apart)
    }

    /// The one form of all that match the same requests by their values' order alone. Only for comparing.
    #[must_use]
    pub fn canonical(&self) -> Self {
        match self {
            Self::HostHeader(patterns) => Self::HostHeader(patterns.sorted()),
            Self::PathPattern(patterns) => Self::PathPattern(patterns.sorted()),
            Self::HttpHeader { name, patterns } => {
                Self::HttpHeader { name: name.to_lowercase(), patterns: patterns.sorted() }
            }
            Self::HttpRequestMethod(methods) => Self::HttpRequestMethod(sorted(methods)),
            Self::QueryString(parameters) => Self::QueryString(sorted(parameters)),
            Self::SourceIp(blocks) => Self::SourceIp(sorted(blocks)),
            Self::Other(_) => self.clone(),
        }
    }
}

impl Patterns {
    /// The texts, whatever they mean.
    pub fn texts(&self) -> &[String] {
        match self {
            Self::Values(texts) | Self::Regex(texts) => texts,
        }
    }

    fn sorted(&self) -> Self {
        match self {
            Self::Values(values) => Self::Values(sorted(values)),
            Self::Regex(expressions) => Self::Regex(sorted(expressions)),
        }
    }

    fn member(&self) -> &'static str {
        match self {
            Self::Values(_) => "Values",
            Self::Regex(_) => "RegexValues",
        }
    }
}

/// Whether two lists of conditions match the same requests, as far as order alone decides.
pub fn same_conditions(one: &[Condition], other: &[Condition]) -> bool {
    canonical_conditions(one) == canonical_conditions(other)
}

/// The one form of all lists that differ in order only.
pub fn canonical_conditions(conditions: &[Condition]) -> Vec<Condition> {
    sorted(&conditions.iter().map(Condition::canonical).collect::<Vec<_>>())
}

fn sorted<T: Ord + Clone>(list: &[T]) -> Vec<T> {
    let mut list = list.to_vec();
    list.sort();
    list.dedup();
    list
}

fn lower(texts: &[String]) -> Vec<String> {
    texts.iter().map(|text| text.to_lowercase()).collect()
}

fn unescaped_wildcards(text: &str) -> usize {
    let mut escaped = false;
    let mut count = 0;
    for c in text.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '*' | '?' => count += 1,
            _ => {}
        }
    }
    count
}

/// As requests carry it: the typed configuration only, never the legacy `Values`.
impl Serialize for Condition {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut condition = serializer.serialize_struct("RuleCondition", 2)?;
        condition.serialize_field("Field", self.field())?;
        match self {
            Self::HostHeader(patterns) => condition.serialize_field("HostHeaderConfig", patterns)?,
            Self::PathPattern(patterns) => condition.serialize_field("PathPatternConfig", patterns)?,
            Self::HttpHeader { name, patterns } => {
                let config = json!({ "HttpHeaderName": name, patterns.member(): patterns.texts() });
                condition.serialize_field("HttpHeaderConfig", &config)?;
            }
            Self::HttpRequestMethod(methods) => {
                condition.serialize_field("HttpRequestMethodConfig", &json!({ "Values": methods }))?;
            }
            Self::QueryString(parameters) => {
                condition.serialize_field("QueryStringConfig", &json!({ "Values": parameters }))?;
            }
            Self::SourceIp(blocks) => {
                condition.serialize_field(
                    "SourceIpConfig",
                    &json!({ "Values": blocks.iter().map(ToString::to_string).collect::<Vec<_>>() }),
                )?;
            }
            Self::Other(_) => {}
        }
        condition.end()
    }
}

impl Serialize for Patterns {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut config = serializer.serialize_map(Some(1))?;
        config.serialize_entry(self.member(), self.texts())?;
        config.end()
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HostHeader(patterns) => write!(f, "host {patterns}"),
            Self::PathPattern(patterns) => write!(f, "path {patterns}"),
            Self::HttpHeader { name, patterns } => write!(f, "header {name} {patterns}"),
            Self::HttpRequestMethod(methods) => write!(f, "method {}", methods.join(" or ")),
            Self::QueryString(parameters) => {
                let one = |parameter: &QueryParameter| match &parameter.key {
                    Some(key) => format!("{key}={}", parameter.value),
                    None => parameter.value.clone(),
                };
                write!(f, "query {}", parameters.iter().map(one).collect::<Vec<_>>().join(" or "))
            }
            Self::SourceIp(blocks) => {
                write!(f, "source {}", blocks.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or "))
            }
            Self::Other(field) => f.write_str(field),
        }
    }
}

impl fmt::Display for Patterns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Values(values) => f.write_str(&values.join(" or ")),
            Self::Regex(expressions) => write!(f, "like {}", expressions.join(" or ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    fn paths(values: &[&str]) -> Condition {
        Condition::PathPattern(Patterns::Values(texts(values)))
    }

    fn hosts(values: &[&str]) -> Condition {
        Condition::HostHeader(Patterns::Values(texts(values)))
    }

    #[test]
    fn order_alone_is_no_difference() {
        let one = [hosts(&["a", "b"]), paths(&["/x", "/y"])];
        assert!(same_conditions(&one, &[paths(&["/y", "/x"]), hosts(&["b", "a"])]));
        for other in [
            vec![hosts(&["a", "b"])],
            vec![hosts(&["a"]), paths(&["/x", "/y"])],
            vec![hosts(&["a", "b"]), Condition::PathPattern(Patterns::Regex(texts(&["/x", "/y"])))],
        ] {
            assert!(!same_conditions(&one, &other), "{other:?}");
        }
    }

    #[test]
    fn a_header_is_the_same_in_any_case_of_its_name() {
        let header =
            |name: &str| Condition::HttpHeader { name: name.to_owned(), patterns: Patterns::Values(texts(&["1"])) };
        assert!(same_conditions(&[header("X-Canary")], &[header("x-canary")]));
    }

    #[test]
    fn values_and_wildcards_are_counted_as_aws_counts_them() {
        let query = |key: Option<&str>, value: &str| {
            Condition::QueryString(vec![QueryParameter { key: key.map(str::to_owned), value: value.to_owned() }])
        };
        for (condition, values, wildcards) in [
            (paths(&["/a", "/a/*"]), 2, 1),
            (hosts(&["*.example.com", "?.example.*"]), 2, 3),
            (Condition::HostHeader(Patterns::Regex(texts(&[".*"]))), 1, 0),
            (query(Some("k*"), r"\*v?"), 1, 2),
            (Condition::HttpRequestMethod(texts(&["GET", "PUT"])), 2, 0),
            (Condition::SourceIp(vec!["10.0.0.0/8".parse().unwrap()]), 1, 0),
        ] {
            assert_eq!((condition.values(), condition.wildcards()), (values, wildcards), "{condition}");
        }
    }

    #[test]
    fn conditions_are_sent_as_their_typed_configurations() {
        let header = Condition::HttpHeader { name: "X-Canary".to_owned(), patterns: Patterns::Values(texts(&["1"])) };
        let query = Condition::QueryString(vec![
            QueryParameter { key: Some("v".to_owned()), value: "2".to_owned() },
            QueryParameter { key: None, value: "beta".to_owned() },
        ]);
        let source = Condition::SourceIp(vec!["10.0.0.0/8".parse().unwrap()]);
        let regex = Condition::PathPattern(Patterns::Regex(texts(&["^/a$"])));
        let method = Condition::HttpRequestMethod(texts(&["GET"]));
        assert_eq!(
            serde_json::to_value([header, query, source, hosts(&["a"]), regex, method]).unwrap(),
            json!([
                { "Field": "http-header", "HttpHeaderConfig": { "HttpHeaderName": "X-Canary", "Values": ["1"] } },
                { "Field": "query-string", "QueryStringConfig": { "Values": [
                    { "Key": "v", "Value": "2" }, { "Value": "beta" }
                ] } },
                { "Field": "source-ip", "SourceIpConfig": { "Values": ["10.0.0.0/8"] } },
                { "Field": "host-header", "HostHeaderConfig": { "Values": ["a"] } },
                { "Field": "path-pattern", "PathPatternConfig": { "RegexValues": ["^/a$"] } },
                { "Field": "http-request-method", "HttpRequestMethodConfig": { "Values": ["GET"] } },
            ])
        );
    }
}
