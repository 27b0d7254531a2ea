//! What a request has to be for a rule: host, path, and what `conditions.<name>` adds (`ingress-alb.md` §4.4, §7.2).

use ipnet::IpNet;

use super::json::{self, Json};
use crate::model::{Condition, Patterns, QueryParameter};

/// AWS's limit of values in all conditions of one rule ("Quotas for your Application Load Balancers"). The user guide's three
/// per condition are not enforced: rules with five hosts in one condition exist.
const MOST_VALUES: usize = 5;
/// AWS's limit of wildcards in all conditions of one rule.
const MOST_WILDCARDS: usize = 6;
/// AWS's limit for a pattern (`…ConditionConfig` in the API reference).
const LONGEST_PATTERN: usize = 128;
/// AWS's limit for names of headers and for methods.
const LONGEST_NAME: usize = 40;

/// Conditions while they are gathered: those on host and path become one each.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Conditions {
    others: Vec<Condition>,
    hosts: Gathered,
    paths: Gathered,
    /// Fields that LBC drops without a word.
    pub(super) unknown: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Gathered {
    values: Vec<String>,
    expressions: Vec<String>,
}

impl Conditions {
    /// Reads `conditions.<name>`.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let entries = match json::parse(text)? {
            Json::List(entries) => entries,
            Json::Null => Vec::new(),
            other => return Err(format!("this must be a list, not {}", other.kind())),
        };
        let mut conditions = Self::default();
        for (index, entry) in entries.iter().enumerate() {
            conditions.read(entry).map_err(|message| format!("entry {}: {message}", index + 1))?;
        }
        Ok(conditions)
    }

    fn read(&mut self, entry: &Json) -> Result<(), String> {
        let field = entry.required_text("field")?;
        let config = |name: &str| entry.structure(name)?.ok_or_else(|| format!("{name} is missing"));
        match field.as_str() {
            "host-header" => self.hosts.add(config("hostHeaderConfig")?)?,
            "path-pattern" => self.paths.add(config("pathPatternConfig")?)?,
            "http-header" => {
                let config = config("httpHeaderConfig")?;
                let mut gathered = Gathered::default();
                gathered.add(config)?;
                let name = config.required_text("httpHeaderName")?;
                // Either values or expressions, as was checked.
                let patterns = gathered.patterns().unwrap_or_default();
                self.others.extend(patterns.map(|patterns| Condition::HttpHeader { name, patterns }));
            }
            "http-request-method" => {
                self.others.push(Condition::HttpRequestMethod(values(config("httpRequestMethodConfig")?)?));
            }
            "query-string" => self.others.push(query_string(config("queryStringConfig")?)?),
            "source-ip" => self.others.push(source_ip(config("sourceIPConfig")?)?),
            other => self.unknown.push(other.to_owned()),
        }
        Ok(())
    }

    /// The conditions of a rule: these, with its own host and path before them.
    ///
    /// # Errors
    ///
    /// What AWS, or Kubernetes, does not allow.
    pub(super) fn of_rule(&self, host: &str, path: Path<'_>) -> Result<Vec<Condition>, Unfit> {
        let mut hosts = self.hosts.clone();
        if !host.is_empty() {
            hosts.values.insert(0, host.to_owned());
        }
        let mut paths = path.gathered()?;
        paths.values.extend(self.paths.values.iter().cloned());
        paths.expressions.extend(self.paths.expressions.iter().cloned());
        let mut conditions = self.others.clone();
        let mixed = |what: &str| {
            let message = format!("{what}: plain values and regular expressions cannot be in one rule");
            Unfit { message, hint: "the rule's own host and path come together with those of conditions.<name>" }
        };
        conditions.extend(hosts.patterns().map_err(|()| mixed("hosts"))?.map(Condition::HostHeader));
        conditions.extend(paths.patterns().map_err(|()| mixed("paths"))?.map(Condition::PathPattern));
        if conditions.is_empty() {
            conditions.push(Condition::PathPattern(Patterns::Values(vec!["/*".to_owned()])));
        }
        match check(&conditions) {
            Ok(()) => Ok(conditions),
            Err(message) => {
                Err(Unfit { message, hint: "AWS takes no more in one rule: write several, or shorter ones" })
            }
        }
    }
}

/// Why there cannot be such a rule, and what to do.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Unfit {
    pub(super) message: String,
    pub(super) hint: &'static str,
}

impl Gathered {
    /// Either values or expressions, never both, never neither.
    fn add(&mut self, config: &Json) -> Result<(), String> {
        let (values, expressions) = (config.texts("values")?, config.texts("regexValues")?);
        match (values.is_empty(), expressions.is_empty()) {
            (true, true) => Err("values or regexValues are missing".to_owned()),
            (false, false) => Err("values and regexValues cannot be together".to_owned()),
            _ => {
                self.values.extend(values);
                self.expressions.extend(expressions);
                Ok(())
            }
        }
    }

    /// Plain values and expressions cannot be together.
    fn patterns(self) -> Result<Option<Patterns>, ()> {
        match (self.values.is_empty(), self.expressions.is_empty()) {
            (true, true) => Ok(None),
            (false, true) => Ok(Some(Patterns::Values(self.values))),
            (true, false) => Ok(Some(Patterns::Regex(self.expressions))),
            (false, false) => Err(()),
        }
    }
}

fn values(config: &Json) -> Result<Vec<String>, String> {
    let values = config.texts("values")?;
    if values.is_empty() { Err("values are missing".to_owned()) } else { Ok(values) }
}

fn query_string(config: &Json) -> Result<Condition, String> {
    let parameter = |entry: &Json| Ok(QueryParameter { key: entry.text("key")?, value: entry.required_text("value")? });
    let parameters = config.list("values")?.iter().map(parameter).collect::<Result<Vec<_>, String>>()?;
    if parameters.is_empty() { Err("values are missing".to_owned()) } else { Ok(Condition::QueryString(parameters)) }
}

fn source_ip(config: &Json) -> Result<Condition, String> {
    let block = |text: String| text.parse::<IpNet>().map_err(|_| format!("{text:?} is not a CIDR range"));
    Ok(Condition::SourceIp(values(config)?.into_iter().map(block).collect::<Result<_, _>>()?))
}

/// A path as an Ingress writes it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Path<'a> {
    pub(super) text: &'a str,
    pub(super) path_type: PathType,
}

/// How a path is meant. The order is that of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PathType {
    Exact,
    Prefix,
    /// As the load balancer has it: wildcards are wildcards.
    ImplementationSpecific,
    /// A regular expression, after its first character.
    Regex,
}

impl Path<'_> {
    /// The patterns that stand for it; none: every path.
    ///
    /// # Errors
    ///
    /// What Kubernetes does not allow.
    pub(super) fn patterns(self) -> Result<Vec<String>, Unfit> {
        Ok(self.gathered()?.values)
    }

    fn gathered(self) -> Result<Gathered, Unfit> {
        let Self { text, path_type } = self;
        let values = |values: Vec<String>| Gathered { values, expressions: Vec::new() };
        let has_wildcard = || text.contains(['*', '?']);
        if text.is_empty() {
            return Ok(Gathered::default());
        }
        match path_type {
            PathType::Exact | PathType::Prefix if has_wildcard() => {
                let message = format!("a path of type {path_type:?} has no wildcards: {text:?}");
                Err(Unfit { message, hint: "write pathType: ImplementationSpecific, where * and ? are wildcards" })
            }
            PathType::Exact => Ok(values(vec![text.to_owned()])),
            PathType::Prefix if text == "/" => Ok(values(vec!["/*".to_owned()])),
            PathType::Prefix => {
                let prefix = text.strip_suffix('/').unwrap_or(text);
                Ok(values(vec![prefix.to_owned(), format!("{prefix}/*")]))
            }
            PathType::ImplementationSpecific => Ok(values(vec![text.to_owned()])),
            PathType::Regex => {
                let expression = text.chars().skip(1).collect();
                Ok(Gathered { values: Vec::new(), expressions: vec![expression] })
            }
        }
    }
}

/// Whether AWS takes these conditions in one rule.
pub(crate) fn fits_in_one_rule(conditions: &[Condition]) -> bool {
    check(conditions).is_ok()
}

/// What AWS takes in one rule.
fn check(conditions: &[Condition]) -> Result<(), String> {
    let values = conditions.iter().map(Condition::values).sum::<usize>();
    if values > MOST_VALUES {
        let all = conditions.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        return Err(format!("the rule has {values} condition values, {MOST_VALUES} are allowed: {all}"));
    }
    let wildcards = conditions.iter().map(Condition::wildcards).sum::<usize>();
    if wildcards > MOST_WILDCARDS {
        return Err(format!("the rule has {wildcards} wildcards, {MOST_WILDCARDS} are allowed"));
    }
    for condition in conditions {
        let (texts, longest) = texts(condition);
        if let Some(long) = texts.iter().find(|text| text.chars().count() > longest) {
            let length = long.chars().count();
            let what = condition.field();
            return Err(format!("a {what} has at most {longest} characters; this one has {length}: {long:?}"));
        }
        if let Condition::HttpHeader { name, .. } = condition
            && name.chars().count() > LONGEST_NAME
        {
            return Err(format!("httpHeaderName has at most {LONGEST_NAME} characters: {name:?}"));
        }
    }
    for field in ["http-request-method", "source-ip"] {
        if conditions.iter().filter(|condition| condition.field() == field).count() > 1 {
            return Err(format!("a rule has at most one {field} condition"));
        }
    }
    Ok(())
}

/// The texts of a condition, and how long each may be.
fn texts(condition: &Condition) -> (Vec<&str>, usize) {
    match condition {
        Condition::HostHeader(patterns) | Condition::PathPattern(patterns) | Condition::HttpHeader { patterns, .. } => {
            (patterns.texts().iter().map(String::as_str).collect(), LONGEST_PATTERN)
        }
        Condition::QueryString(parameters) => {
            let texts = parameters.iter().flat_map(|one| one.key.as_deref().into_iter().chain([one.value.as_str()]));
            (texts.collect(), LONGEST_PATTERN)
        }
        Condition::HttpRequestMethod(methods) => (methods.iter().map(String::as_str).collect(), LONGEST_NAME),
        Condition::SourceIp(_) | Condition::Other(_) => (Vec::new(), LONGEST_PATTERN),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str, path_type: PathType) -> Path<'_> {
        Path { text, path_type }
    }

    fn shown(conditions: &Result<Vec<Condition>, Unfit>) -> Vec<String> {
        conditions.as_ref().unwrap().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn hosts_and_paths_become_patterns_as_in_the_contract() {
        use PathType::{Exact, ImplementationSpecific, Prefix, Regex};
        for (host, text, path_type, expected) in [
            ("", "", ImplementationSpecific, vec!["path /*"]),
            ("a.example.com", "", Prefix, vec!["host a.example.com"]),
            ("*.example.com", "/foo", Exact, vec!["host *.example.com", "path /foo"]),
            ("", "/foo/", Exact, vec!["path /foo/"]),
            ("", "/", Prefix, vec!["path /*"]),
            ("", "/foo", Prefix, vec!["path /foo or /foo/*"]),
            ("", "/foo/", Prefix, vec!["path /foo or /foo/*"]),
            ("", "/foo//", Prefix, vec!["path /foo/ or /foo//*"]),
            ("", "/*", ImplementationSpecific, vec!["path /*"]),
            ("", "/^/api/(.+)$", Regex, vec!["path like ^/api/(.+)$"]),
            ("", "/", Regex, vec!["path like "]),
        ] {
            let conditions = Conditions::default().of_rule(host, path(text, path_type));
            assert_eq!(shown(&conditions), expected, "{host} {text} {path_type:?}");
        }
        for path_type in [Exact, Prefix] {
            assert!(
                Conditions::default().of_rule("", path("/a*", path_type)).unwrap_err().message.contains("no wildcards")
            );
        }
    }

    #[test]
    fn annotations_add_to_host_and_path_and_put_the_others_first() {
        let conditions = Conditions::parse(
            r#"[{"field":"host-header","hostHeaderConfig":{"values":["b.example.com"]}},
                {"field":"http-header","httpHeaderConfig":{"httpHeaderName":"X-Canary","Values":["1"]}},
                {"Field":"query-string","QueryStringConfig":{"values":[{"key":"v","value":"2"}]}},
                {"field":"source-ip","sourceIpConfig":{"values":["10.0.0.0/8"]}}]"#,
        )
        .unwrap();
        assert_eq!(
            shown(&conditions.of_rule("a.example.com", path("", PathType::Exact))),
            ["header X-Canary 1", "query v=2", "source 10.0.0.0/8", "host a.example.com or b.example.com"]
        );
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, wrong) in [
            ("{}", "this must be a list, not an object"),
            (r#"[{}]"#, "entry 1: field is missing"),
            (r#"[{"field":"host-header"}]"#, "entry 1: hostHeaderConfig is missing"),
            (r#"[{"field":"host-header","hostHeaderConfig":{}}]"#, "entry 1: values or regexValues are missing"),
            (
                r#"[{"field":"path-pattern","pathPatternConfig":{"values":["a"],"regexValues":["b"]}}]"#,
                "entry 1: values and regexValues cannot be together",
            ),
            (r#"[{"field":"http-header","httpHeaderConfig":{"values":["a"]}}]"#, "entry 1: httpHeaderName is missing"),
            (
                r#"[{"field":"http-request-method","httpRequestMethodConfig":{"values":[]}}]"#,
                "entry 1: values are missing",
            ),
            (r#"[{"field":"query-string","queryStringConfig":{"values":[{"key":"a"}]}}]"#, "entry 1: value is missing"),
            (
                r#"[{"field":"source-ip","sourceIPConfig":{"values":["10.0.0.0"]}}]"#,
                "entry 1: \"10.0.0.0\" is not a CIDR range",
            ),
        ] {
            assert_eq!(Conditions::parse(text).unwrap_err(), wrong, "{text}");
        }
        assert_eq!(Conditions::parse(r#"[{"field":"cookie"}]"#).unwrap().unknown, ["cookie"]);
    }

    #[test]
    fn a_rule_keeps_to_what_aws_takes() {
        let hosts = |count: usize| {
            let hosts = (0..count).map(|n| format!("\"h{n}.example.com\"")).collect::<Vec<_>>().join(",");
            Conditions::parse(&format!(r#"[{{"field":"host-header","hostHeaderConfig":{{"values":[{hosts}]}}}}]"#))
                .unwrap()
        };
        assert!(hosts(4).of_rule("", path("/a", PathType::Exact)).is_ok());
        let error = hosts(5).of_rule("", path("/a", PathType::Exact)).unwrap_err().message;
        assert!(error.starts_with("the rule has 6 condition values, 5 are allowed: host h0.example.com or"), "{error}");
        let long = format!("{}.example.com", "a".repeat(120));
        let error = Conditions::default().of_rule(&long, path("/", PathType::Prefix)).unwrap_err().message;
        assert!(error.starts_with("a host-header has at most 128 characters; this one has 132"), "{error}");
        for (entry, wrong) in [
            (
                r#"{"field":"http-request-method","httpRequestMethodConfig":{"values":["LONG"]}}"#,
                "a http-request-method has",
            ),
            (
                r#"{"field":"query-string","queryStringConfig":{"values":[{"key":"LONG","value":"a"}]}}"#,
                "a query-string has",
            ),
            (
                r#"{"field":"http-header","httpHeaderConfig":{"httpHeaderName":"LONG","values":["a"]}}"#,
                "httpHeaderName has",
            ),
        ] {
            let conditions = Conditions::parse(&format!("[{}]", entry.replace("LONG", &"a".repeat(129)))).unwrap();
            let error = conditions.of_rule("", path("/a", PathType::Exact)).unwrap_err().message;
            assert!(error.starts_with(wrong), "{error}");
        }
        let mixed =
            Conditions::parse(r#"[{"field":"path-pattern","pathPatternConfig":{"regexValues":["^/b"]}}]"#).unwrap();
        assert!(mixed.of_rule("", path("/a", PathType::Exact)).unwrap_err().message.contains("cannot be in one rule"));
    }
}
