//! Conditions of rules: what a request has to be, and how AWS shows it.

mod request;

use serde::Serialize;

pub(crate) use self::request::ConditionRequest;
use super::super::load_balancers::LoadBalancer;
use super::super::placement::invalid_configuration;
use super::super::protocol::Family;
use super::super::quotas::{Quota, Quotas};
use super::pattern::wildcards;
use crate::wire::ApiError;

/// One condition of a rule; a rule asks for all of its conditions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    HostHeader(Patterns),
    PathPattern(Patterns),
    HttpHeader {
        name: String,
        patterns: Patterns,
    },
    HttpRequestMethod(Vec<String>),
    QueryString(Vec<KeyValue>),
    /// Blocks in CIDR notation, as they were given.
    SourceIp(Vec<String>),
    /// The address family of the client, for network load balancers.
    SourceAddressType(AddressType),
}

/// Texts of which one has to match: with wildcards, or as regular expressions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Patterns {
    Values(Vec<String>),
    Regex(Vec<String>),
}

/// A pair that a query string has; without a key, any key's value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct KeyValue {
    pub(crate) key: Option<String>,
    pub(crate) value: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AddressType {
    Ipv4,
    Ipv6,
}

/// A condition as AWS shows it: the values of hosts and paths in both of their places.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Description {
    field: &'static str,
    values: Option<Vec<String>>,
    regex_values: Option<Vec<String>>,
    host_header_config: Option<Matching>,
    path_pattern_config: Option<Matching>,
    http_header_config: Option<HeaderMatching>,
    http_request_method_config: Option<Listed<String>>,
    query_string_config: Option<Listed<KeyValue>>,
    source_ip_config: Option<SourceMatching>,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Matching {
    values: Option<Vec<String>>,
    regex_values: Option<Vec<String>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct HeaderMatching {
    http_header_name: String,
    #[serde(flatten)]
    matching: Matching,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Listed<T> {
    values: Vec<T>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SourceMatching {
    values: Option<Vec<String>>,
    ip_address_type: Option<AddressType>,
}

/// Refuses conditions that a rule of this load balancer cannot have together.
pub(super) fn check(conditions: &[Condition], owner: &LoadBalancer, quotas: &Quotas) -> Result<(), ApiError> {
    if conditions.is_empty() {
        return Err(ApiError::validation("A condition must be specified"));
    }
    for condition in conditions {
        condition.check_family(owner)?;
    }
    for field in ["host-header", "path-pattern", "http-request-method", "source-ip"] {
        if conditions.iter().filter(|condition| condition.field() == field).count() > 1 {
            return Err(ApiError::validation(format!("A rule can only have one '{field}' condition")));
        }
    }
    quotas.check(Quota::ValuesPerRule, conditions.iter().map(Condition::values).sum())?;
    quotas.check(Quota::WildcardsPerRule, conditions.iter().map(Condition::wildcards).sum())
}

impl Condition {
    fn field(&self) -> &'static str {
        match self {
            Self::HostHeader(_) => "host-header",
            Self::PathPattern(_) => "path-pattern",
            Self::HttpHeader { .. } => "http-header",
            Self::HttpRequestMethod(_) => "http-request-method",
            Self::QueryString(_) => "query-string",
            Self::SourceIp(_) | Self::SourceAddressType(_) => "source-ip",
        }
    }

    /// Network load balancers look at the family of the client's address, and at nothing else.
    fn check_family(&self, owner: &LoadBalancer) -> Result<(), ApiError> {
        match (self, owner.family()) {
            (Self::SourceAddressType(_), Family::Network) => {
                if owner.settings.ip_address_type.has_ipv6() {
                    return Ok(());
                }
                Err(invalid_configuration("Rules of network load balancers need the IP address type 'dualstack'"))
            }
            (Self::SourceAddressType(_), Family::Application) => Err(invalid_configuration(
                "IpAddressType of a 'source-ip' condition is not supported for load balancers of type 'application'",
            )),
            (_, Family::Network) => Err(invalid_configuration(
                "Rules of load balancers of type 'network' have one condition, 'source-ip' with an IpAddressType",
            )),
            (_, Family::Application) => Ok(()),
        }
    }

    /// How many comparisons the condition makes at most.
    fn values(&self) -> usize {
        match self {
            Self::HostHeader(patterns) | Self::PathPattern(patterns) | Self::HttpHeader { patterns, .. } => {
                patterns.len()
            }
            Self::HttpRequestMethod(values) | Self::SourceIp(values) => values.len(),
            Self::QueryString(pairs) => pairs.len(),
            Self::SourceAddressType(_) => 1,
        }
    }

    fn wildcards(&self) -> usize {
        match self {
            Self::HostHeader(Patterns::Values(values))
            | Self::PathPattern(Patterns::Values(values))
            | Self::HttpHeader { patterns: Patterns::Values(values), .. } => {
                values.iter().map(|value| wildcards(value, false)).sum()
            }
            Self::QueryString(pairs) => {
                let of_pair = |pair: &KeyValue| {
                    wildcards(pair.key.as_deref().unwrap_or_default(), true) + wildcards(&pair.value, true)
                };
                pairs.iter().map(of_pair).sum()
            }
            _ => 0,
        }
    }

    pub(super) fn describe(&self) -> Description {
        let mut description = Description {
            field: self.field(),
            values: None,
            regex_values: None,
            host_header_config: None,
            path_pattern_config: None,
            http_header_config: None,
            http_request_method_config: None,
            query_string_config: None,
            source_ip_config: None,
        };
        match self.clone() {
            Self::HostHeader(patterns) => {
                let matching = description.show(patterns);
                description.host_header_config = Some(matching);
            }
            Self::PathPattern(patterns) => {
                let matching = description.show(patterns);
                description.path_pattern_config = Some(matching);
            }
            Self::HttpHeader { name, patterns } => {
                let matching = patterns.matching();
                description.http_header_config = Some(HeaderMatching { http_header_name: name, matching });
            }
            Self::HttpRequestMethod(values) => description.http_request_method_config = Some(Listed { values }),
            Self::QueryString(values) => description.query_string_config = Some(Listed { values }),
            Self::SourceIp(blocks) => {
                description.source_ip_config = Some(SourceMatching { values: Some(blocks), ip_address_type: None });
            }
            Self::SourceAddressType(kind) => {
                description.source_ip_config = Some(SourceMatching { values: None, ip_address_type: Some(kind) });
            }
        }
        description
    }
}

impl Description {
    /// Shows patterns at the top, and hands out the same for the configuration.
    fn show(&mut self, patterns: Patterns) -> Matching {
        let matching = patterns.matching();
        self.values.clone_from(&matching.values);
        self.regex_values.clone_from(&matching.regex_values);
        matching
    }
}

impl Patterns {
    fn len(&self) -> usize {
        match self {
            Self::Values(texts) | Self::Regex(texts) => texts.len(),
        }
    }

    fn matching(self) -> Matching {
        match self {
            Self::Values(values) => Matching { values: Some(values), regex_values: None },
            Self::Regex(expressions) => Matching { values: None, regex_values: Some(expressions) },
        }
    }
}
