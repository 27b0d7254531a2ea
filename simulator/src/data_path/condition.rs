//! What a request must be for a rule to take it: the conditions of a rule, evaluated as AWS describes.
//!
//! Source: Application Load Balancer guide, "Condition types for listener rules"; `RuleCondition` of the API reference.

use std::net::IpAddr;

use hyper::HeaderMap;
use ipnet::IpNet;
use regex::{Regex, RegexBuilder};
use serde::Deserialize;

use crate::wildcard;

/// A request, as far as conditions look at it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen<'a> {
    pub(super) method: &'a str,
    /// The host name of the Host header, without a port.
    pub(super) host: &'a str,
    /// The path, normalized.
    pub(super) path: &'a str,
    pub(super) query: &'a str,
    pub(super) headers: &'a HeaderMap,
    pub(super) source: IpAddr,
}

/// One condition: it is met when one of its values matches.
#[derive(Debug)]
pub(super) enum Condition {
    Host(Patterns),
    Path(Patterns),
    Header {
        name: String,
        patterns: Patterns,
    },
    Method(Vec<String>),
    Query(Vec<Pair>),
    Source(Vec<IpNet>),
    /// `ipv4` or `ipv6`, which rules of network load balancers tell apart.
    SourceFamily(String),
}

/// Texts with wildcards, or regular expressions.
#[derive(Debug)]
pub(super) struct Patterns {
    wildcards: Vec<String>,
    regexes: Vec<Regex>,
    case: Case,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Case {
    Sensitive,
    Insensitive,
}

/// A pair of the query string; without a key any key will do.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Pair {
    key: Option<String>,
    value: Option<String>,
}

/// A condition as `DescribeRules` shows it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Described {
    field: String,
    #[serde(default)]
    values: Vec<String>,
    host_header_config: Option<Config<String>>,
    path_pattern_config: Option<Config<String>>,
    http_header_config: Option<Config<String>>,
    http_request_method_config: Option<Config<String>>,
    query_string_config: Option<Config<Pair>>,
    source_ip_config: Option<Config<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Config<T> {
    http_header_name: Option<String>,
    #[serde(default = "Vec::new")]
    values: Vec<T>,
    #[serde(default)]
    regex_values: Vec<String>,
    ip_address_type: Option<String>,
}

impl Condition {
    /// Reads a condition.
    ///
    /// # Errors
    /// A sentence, when it is none that a load balancer evaluates.
    pub(super) fn read(described: Described) -> Result<Self, String> {
        let Described { field, values, .. } = described;
        let plain = || Config { http_header_name: None, values, regex_values: Vec::new(), ip_address_type: None };
        Ok(match field.as_str() {
            "host-header" => {
                Self::Host(Patterns::read(described.host_header_config.unwrap_or_else(plain), Case::Insensitive)?)
            }
            "path-pattern" => {
                Self::Path(Patterns::read(described.path_pattern_config.unwrap_or_else(plain), Case::Sensitive)?)
            }
            "http-header" => {
                let mut config = described.http_header_config.ok_or("a condition on a header names none")?;
                let name = config.http_header_name.take().ok_or("a condition on a header names none")?;
                Self::Header { name, patterns: Patterns::read(config, Case::Insensitive)? }
            }
            "http-request-method" => Self::Method(described.http_request_method_config.unwrap_or_else(plain).values),
            "query-string" => {
                Self::Query(described.query_string_config.ok_or("a condition on the query string is empty")?.values)
            }
            "source-ip" => {
                let config = described.source_ip_config.unwrap_or_else(plain);
                if let Some(family) = config.ip_address_type {
                    return Ok(Self::SourceFamily(family));
                }
                let blocks = config.values;
                let block = |text: &String| text.parse().map_err(|_| format!("'{text}' is no block of addresses"));
                Self::Source(blocks.iter().map(block).collect::<Result<_, _>>()?)
            }
            other => return Err(format!("conditions on '{other}' are not evaluated here")),
        })
    }

    pub(super) fn is_met(&self, seen: &Seen<'_>) -> bool {
        match self {
            Self::Host(patterns) => patterns.match_any(seen.host),
            Self::Path(patterns) => patterns.match_any(seen.path),
            Self::Header { name, patterns } => {
                let values = seen.headers.get_all(name).into_iter();
                values.filter_map(|value| value.to_str().ok()).any(|value| patterns.match_any(value))
            }
            Self::Method(methods) => methods.iter().any(|method| method == seen.method),
            Self::Query(pairs) => pairs.iter().any(|pair| pair.is_in(seen.query)),
            Self::SourceFamily(family) => family == if seen.source.is_ipv4() { "ipv4" } else { "ipv6" },
            Self::Source(blocks) => blocks.iter().any(|block| block.contains(&seen.source)),
        }
    }
}

impl Patterns {
    fn read(config: Config<String>, case: Case) -> Result<Self, String> {
        let Config { values: wildcards, regex_values, .. } = config;
        let regex = |text: &String| {
            let regex = RegexBuilder::new(text).case_insensitive(case == Case::Insensitive).build();
            regex.map_err(|error| format!("'{text}' is no regular expression: {error}"))
        };
        Ok(Self { wildcards, regexes: regex_values.iter().map(regex).collect::<Result<_, _>>()?, case })
    }

    fn match_any(&self, text: &str) -> bool {
        self.wildcards.iter().any(|pattern| matches(pattern, text, self.case))
            || self.regexes.iter().any(|regex| regex.is_match(text))
    }
}

impl Pair {
    fn is_in(&self, query: &str) -> bool {
        let matches = |pattern: &Option<String>, text: &str| {
            pattern.as_ref().is_none_or(|pattern| matches(pattern, text, Case::Insensitive))
        };
        let mut pairs = query.split('&').filter(|pair| !pair.is_empty());
        pairs.any(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            matches(&self.key, key) && matches(&self.value, value)
        })
    }
}

fn matches(pattern: &str, text: &str, case: Case) -> bool {
    match case {
        Case::Sensitive => wildcard::matches(pattern, text),
        Case::Insensitive => wildcard::matches(&pattern.to_ascii_lowercase(), &text.to_ascii_lowercase()),
    }
}

/// The path that conditions look at: AWS evaluates them after normalization and does not say which. Taken is that of
/// RFC 3986: `.` and `..` are resolved, and letters, digits, `-`, `.`, `_` and `~` stand for themselves.
pub(super) fn normalized(path: &str) -> String {
    let path = unescaped(path);
    let mut segments = Vec::new();
    let mut rest = path.split('/').skip(1).peekable();
    while let Some(segment) = rest.next() {
        let dots = matches!(segment, "." | "..");
        if segment == ".." {
            segments.pop();
        } else if segment != "." {
            segments.push(segment);
        }
        if dots && rest.peek().is_none() {
            segments.push("");
        }
    }
    format!("/{}", segments.join("/"))
}

/// The path with those characters written out that need no escape.
fn unescaped(path: &str) -> String {
    let mut written = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(at) = rest.find('%') {
        let (before, escape) = rest.split_at(at);
        written.push_str(before);
        let code = escape.get(1..3).and_then(|digits| u8::from_str_radix(digits, 16).ok()).map(char::from);
        match code.filter(|code| code.is_ascii_alphanumeric() || "-._~".contains(*code)) {
            Some(code) => {
                written.push(code);
                rest = &escape[3..];
            }
            None => {
                written.push('%');
                rest = &escape[1..];
            }
        }
    }
    written + rest
}

#[cfg(test)]
mod tests {
    use hyper::header::{HeaderName, HeaderValue};
    use serde_json::{Value, json};

    use super::*;

    /// Whether a GET of `http://HOST/PATH` from 192.0.2.7, with `X-Env: One` and `X-Env: Two`, meets a condition.
    fn meets(condition: Value, method: &str, url: &str) -> bool {
        let described: Described = serde_json::from_value(condition).unwrap();
        let uri: hyper::Uri = url.parse().unwrap();
        let mut headers = HeaderMap::new();
        for value in ["One", "Two"] {
            headers.append(HeaderName::from_static("x-env"), HeaderValue::from_static(value));
        }
        let path = normalized(uri.path());
        let seen = Seen {
            method,
            host: uri.host().unwrap(),
            path: &path,
            query: uri.query().unwrap_or_default(),
            headers: &headers,
            source: "192.0.2.7".parse().unwrap(),
        };
        Condition::read(described).unwrap().is_met(&seen)
    }

    fn host(patterns: &[&str]) -> Value {
        json!({ "Field": "host-header", "Values": patterns, "HostHeaderConfig": { "Values": patterns } })
    }

    fn path(patterns: &[&str]) -> Value {
        json!({ "Field": "path-pattern", "PathPatternConfig": { "Values": patterns } })
    }

    fn header(name: &str, pattern: &str) -> Value {
        json!({ "Field": "http-header", "HttpHeaderConfig": { "HttpHeaderName": name, "Values": [pattern] } })
    }

    fn query(pairs: Value) -> Value {
        json!({ "Field": "query-string", "QueryStringConfig": { "Values": pairs } })
    }

    #[test]
    fn conditions_are_met_as_the_guide_says() {
        let cases = [
            (host(&["*.example.com"]), "http://test.example.com/", true),
            (host(&["*.example.com"]), "http://example.com/", false),
            (host(&["WWW.Example.com"]), "http://www.example.COM/", true),
            (host(&["a.com", "b.com"]), "http://b.com/", true),
            (json!({ "Field": "host-header", "Values": ["a.com"] }), "http://a.com/", true),
            (
                json!({ "Field": "host-header", "HostHeaderConfig": { "RegexValues": ["^(.*)\\.example\\.com$"] } }),
                "http://X.EXAMPLE.com/",
                true,
            ),
            (path(&["/img/*"]), "http://a.com/img/picture.jpg?x=/", true),
            (path(&["/img/*"]), "http://a.com/img", false),
            (path(&["/img/*/pics"]), "http://a.com/img/a/b/pics", true),
            (path(&["/img"]), "http://a.com/IMG", false),
            (path(&["/a?c"]), "http://a.com/abc", true),
            (path(&["/a?c"]), "http://a.com/ac", false),
            (path(&["/a"]), "http://a.com/b?/a", false),
            (path(&["/admin/*"]), "http://a.com/img/../admin/x", true),
            (path(&["/admin/*"]), "http://a.com/%61dmin/x", true),
            (
                json!({ "Field": "path-pattern", "PathPatternConfig": { "RegexValues": ["^/api/(.+)$"] } }),
                "http://a.com/api/",
                false,
            ),
            (
                json!({ "Field": "path-pattern", "PathPatternConfig": { "RegexValues": ["^/api/(.+)$"] } }),
                "http://a.com/API/x",
                false,
            ),
            (
                json!({ "Field": "path-pattern", "PathPatternConfig": { "RegexValues": ["/v[0-9]+/"] } }),
                "http://a.com/api/v12/x",
                true,
            ),
            (header("X-ENV", "two"), "http://a.com/", true),
            (header("x-env", "t*"), "http://a.com/", true),
            (header("x-env", "three"), "http://a.com/", false),
            (header("x-other", "*"), "http://a.com/", false),
            (query(json!([{ "Key": "version", "Value": "v1" }])), "http://a.com/?VERSION=V1", true),
            (query(json!([{ "Key": "version", "Value": "v1" }])), "http://a.com/?a=b&version=v1", true),
            (query(json!([{ "Key": "version", "Value": "v1" }])), "http://a.com/?version=v2", false),
            (query(json!([{ "Value": "*example*" }])), "http://a.com/?x=an-example-b", true),
            (query(json!([{ "Value": "*example*" }])), "http://a.com/?example=1", false),
            (query(json!([{ "Value": "what\\?" }])), "http://a.com/?x=what?", true),
            (query(json!([{ "Value": "what\\?" }])), "http://a.com/?x=whats", false),
            (query(json!([{ "Value": "*" }])), "http://a.com/", false),
            (json!({ "Field": "source-ip", "SourceIpConfig": { "Values": ["192.0.2.0/24"] } }), "http://a.com/", true),
            (
                json!({ "Field": "source-ip", "SourceIpConfig": { "Values": ["198.51.100.10/32", "::/0"] } }),
                "http://a.com/",
                false,
            ),
            (json!({ "Field": "source-ip", "SourceIpConfig": { "IpAddressType": "ipv4" } }), "http://a.com/", true),
            (json!({ "Field": "source-ip", "SourceIpConfig": { "IpAddressType": "ipv6" } }), "http://a.com/", false),
        ];
        for (condition, url, expected) in cases {
            assert_eq!(meets(condition.clone(), "GET", url), expected, "{condition} {url}");
        }
        let method =
            json!({ "Field": "http-request-method", "HttpRequestMethodConfig": { "Values": ["GET", "CUSTOM"] } });
        for (name, expected) in [("GET", true), ("CUSTOM", true), ("get", false), ("HEAD", false)] {
            assert_eq!(meets(method.clone(), name, "http://a.com/"), expected, "{name}");
        }
    }

    #[test]
    fn what_cannot_be_evaluated_is_said() {
        let cases = [
            (json!({ "Field": "moon-phase" }), "moon-phase"),
            (json!({ "Field": "host-header", "HostHeaderConfig": { "RegexValues": ["("] } }), "no regular expression"),
            (json!({ "Field": "source-ip", "Values": ["here"] }), "no block of addresses"),
            (json!({ "Field": "http-header" }), "names none"),
        ];
        for (condition, expected) in cases {
            let refusal = Condition::read(serde_json::from_value(condition).unwrap()).unwrap_err();
            assert!(refusal.contains(expected), "{refusal}");
        }
    }

    #[test]
    fn a_path_is_normalized_before_it_is_compared() {
        let cases = [
            ("/", "/"),
            ("", "/"),
            ("/a/b/", "/a/b/"),
            ("/a/./b", "/a/b"),
            ("/a/../b", "/b"),
            ("/a/..", "/"),
            ("/a/.", "/a/"),
            ("/../a", "/a"),
            ("/a//b", "/a//b"),
            ("/%7Eme/%2F%zz%", "/~me/%2F%zz%"),
        ];
        for (path, expected) in cases {
            assert_eq!(normalized(path), expected, "{path}");
        }
    }
}
