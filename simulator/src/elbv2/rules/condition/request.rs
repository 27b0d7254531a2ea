//! Conditions as requests and account descriptions have them, and what AWS asks of their values.

use ipnet::IpNet;
use serde::Deserialize;

use super::super::pattern::{LONGEST_VALUE, check_regex};
use super::{AddressType, Condition, KeyValue, Patterns};
use crate::wire::ApiError;
use crate::wire::constraint::Text;

/// The longest header name and method. Source: API reference.
const LONGEST_NAME: usize = 40;
/// A block that matches no client. Source: guide, "Source IP address conditions".
const FORBIDDEN_BLOCK: &str = "255.255.255.255/32";

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ConditionRequest {
    field: Text<1, 64>,
    values: Option<Vec<String>>,
    regex_values: Option<Vec<String>>,
    host_header_config: Option<MatchingRequest>,
    path_pattern_config: Option<MatchingRequest>,
    http_header_config: Option<HeaderRequest>,
    http_request_method_config: Option<ListRequest<String>>,
    query_string_config: Option<ListRequest<PairRequest>>,
    source_ip_config: Option<SourceRequest>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct MatchingRequest {
    values: Option<Vec<String>>,
    regex_values: Option<Vec<String>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct HeaderRequest {
    http_header_name: Option<String>,
    values: Option<Vec<String>>,
    regex_values: Option<Vec<String>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListRequest<T> {
    values: Option<Vec<T>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PairRequest {
    key: Option<String>,
    value: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct SourceRequest {
    values: Option<Vec<String>>,
    ip_address_type: Option<AddressType>,
}

impl ConditionRequest {
    /// Reads a condition that a call gives: hosts and paths in one of their two places.
    pub(in super::super) fn read(self) -> Result<Condition, ApiError> {
        let field = self.field.clone();
        let top = self.values.is_some() || self.regex_values.is_some();
        let config = self.configs().into_iter().any(|(_, given)| given);
        if top && config {
            let message = format!("You cannot specify both Values and a configuration for the field '{field}'");
            return Err(ApiError::validation(message));
        }
        if self.values.as_ref().is_some_and(|values| values.len() > 1) {
            let message = format!("A condition with the field '{field}' can only have one value in Values");
            return Err(ApiError::validation(message));
        }
        self.read_described()
    }

    /// Reads a condition as answers show it: hosts and paths in both of their places.
    pub(in super::super) fn read_described(self) -> Result<Condition, ApiError> {
        let field = self.field.as_str().to_owned();
        if let Some((other, _)) = self.configs().into_iter().find(|(name, given)| *given && *name != field) {
            let message = format!("The configuration of '{other}' cannot be specified for the field '{field}'");
            return Err(ApiError::validation(message));
        }
        let (values, regex_values) = (self.values, self.regex_values);
        let top = MatchingRequest { values, regex_values };
        let missing = || ApiError::validation(format!("A condition value must be specified for the field '{field}'"));
        match field.as_str() {
            "host-header" => {
                Ok(Condition::HostHeader(self.host_header_config.unwrap_or(top).read(&field, check_host)?))
            }
            "path-pattern" => {
                Ok(Condition::PathPattern(self.path_pattern_config.unwrap_or(top).read(&field, check_path)?))
            }
            "http-header" => self.http_header_config.ok_or_else(missing)?.read(),
            "http-request-method" => {
                let methods = self.http_request_method_config.and_then(|config| config.values).ok_or_else(missing)?;
                Ok(Condition::HttpRequestMethod(checked(&field, methods, check_method)?))
            }
            "query-string" => {
                let pairs = self.query_string_config.and_then(|config| config.values).ok_or_else(missing)?;
                let pairs = pairs.into_iter().map(PairRequest::read).collect::<Result<Vec<_>, _>>()?;
                if pairs.is_empty() { Err(missing()) } else { Ok(Condition::QueryString(pairs)) }
            }
            "source-ip" => self.source_ip_config.ok_or_else(missing)?.read(),
            _ => Err(ApiError::validation(format!(
                "Condition field '{field}' must be one of '[host-header, http-header, http-request-method, \
                 path-pattern, query-string, source-ip]'"
            ))),
        }
    }

    fn configs(&self) -> [(&'static str, bool); 6] {
        [
            ("host-header", self.host_header_config.is_some()),
            ("path-pattern", self.path_pattern_config.is_some()),
            ("http-header", self.http_header_config.is_some()),
            ("http-request-method", self.http_request_method_config.is_some()),
            ("query-string", self.query_string_config.is_some()),
            ("source-ip", self.source_ip_config.is_some()),
        ]
    }
}

impl MatchingRequest {
    fn read(self, field: &str, check: fn(&str) -> Result<(), ApiError>) -> Result<Patterns, ApiError> {
        let given = |texts: &Vec<String>| !texts.is_empty();
        match (self.values.filter(given), self.regex_values.filter(given)) {
            (Some(values), None) => Ok(Patterns::Values(checked(field, values, check)?)),
            (None, Some(expressions)) => Ok(Patterns::Regex(checked(field, expressions, check_regex)?)),
            (None, None) => {
                Err(ApiError::validation(format!("A condition value must be specified for the field '{field}'")))
            }
            (Some(_), Some(_)) => Err(ApiError::validation(format!(
                "You cannot specify both Values and RegexValues for the field '{field}'"
            ))),
        }
    }
}

impl HeaderRequest {
    fn read(self) -> Result<Condition, ApiError> {
        let name = self.http_header_name.filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| ApiError::validation("An HttpHeaderName must be specified"))?;
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.len() > LONGEST_NAME || !name.bytes().all(token) {
            return Err(ApiError::validation(format!(
                "The HTTP header name '{name}' is not valid; it can have up to {LONGEST_NAME} characters of RFC 7230"
            )));
        }
        if name.eq_ignore_ascii_case("host") {
            return Err(ApiError::validation("The host header needs a condition with the field 'host-header'"));
        }
        let matching = MatchingRequest { values: self.values, regex_values: self.regex_values };
        Ok(Condition::HttpHeader { name, patterns: matching.read("http-header", check_visible)? })
    }
}

impl PairRequest {
    fn read(self) -> Result<KeyValue, ApiError> {
        let value = self.value.filter(|value| !value.is_empty());
        let value = value.ok_or_else(|| ApiError::validation("A query string condition needs a value in each pair"))?;
        let key = self.key.filter(|key| !key.is_empty());
        for text in key.iter().chain([&value]) {
            check_length("query-string", text)?;
            check_visible(text)?;
        }
        Ok(KeyValue { key, value })
    }
}

impl SourceRequest {
    fn read(self) -> Result<Condition, ApiError> {
        match (self.values.filter(|values| !values.is_empty()), self.ip_address_type) {
            (Some(blocks), None) => Ok(Condition::SourceIp(checked("source-ip", blocks, check_block)?)),
            (None, Some(kind)) => Ok(Condition::SourceAddressType(kind)),
            _ => Err(ApiError::validation(
                "A condition with the field 'source-ip' needs either Values or an IpAddressType",
            )),
        }
    }
}

fn checked(field: &str, values: Vec<String>, check: fn(&str) -> Result<(), ApiError>) -> Result<Vec<String>, ApiError> {
    for value in &values {
        check_length(field, value)?;
        check(value)?;
    }
    if values.is_empty() {
        return Err(ApiError::validation(format!("A condition value must be specified for the field '{field}'")));
    }
    Ok(values)
}

fn check_length(field: &str, value: &str) -> Result<(), ApiError> {
    if (1..=LONGEST_VALUE).contains(&value.chars().count()) {
        return Ok(());
    }
    Err(ApiError::validation(format!(
        "Condition values of the field '{field}' must have 1 to {LONGEST_VALUE} characters: '{value}'"
    )))
}

/// Letters, digits, hyphens, dots and wildcards; a dot, and only letters after the last one.
fn check_host(host: &str) -> Result<(), ApiError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-.*?".contains(&byte);
    if !host.bytes().all(allowed) {
        return Err(ApiError::validation(format!("Condition value '{host}' contains a character that is not valid")));
    }
    match host.rsplit_once('.') {
        None => Err(ApiError::validation(format!("Condition value '{host}' must contain at least one '.' character"))),
        Some((_, last)) if !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_alphabetic()) => Ok(()),
        Some(_) => Err(ApiError::validation(format!(
            "Condition value '{host}' can have only alphabetical characters after the final '.' character"
        ))),
    }
}

fn check_path(path: &str) -> Result<(), ApiError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.$/~\"'@:+&*?".contains(&byte);
    if path.bytes().all(allowed) {
        return Ok(());
    }
    Err(ApiError::validation(format!("Condition value '{path}' contains a character that is not valid")))
}

fn check_visible(text: &str) -> Result<(), ApiError> {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return Ok(());
    }
    Err(ApiError::validation(format!("Condition value '{text}' contains a character that is not valid")))
}

fn check_method(method: &str) -> Result<(), ApiError> {
    let allowed = |byte: u8| byte.is_ascii_uppercase() || b"-_".contains(&byte);
    if method.len() <= LONGEST_NAME && method.bytes().all(allowed) {
        return Ok(());
    }
    Err(ApiError::validation(format!(
        "The HTTP request method '{method}' is not valid; it can have up to {LONGEST_NAME} characters of A-Z, hyphen \
         (-) and underscore (_)"
    )))
}

fn check_block(block: &str) -> Result<(), ApiError> {
    if block.parse::<IpNet>().is_err() {
        return Err(ApiError::validation(format!("Condition value '{block}' must be a valid CIDR block")));
    }
    if block == FORBIDDEN_BLOCK {
        return Err(ApiError::validation(format!("Condition value '{block}' cannot be specified")));
    }
    Ok(())
}
