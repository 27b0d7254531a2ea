//! What Ingresses mean, written straight from the contract (`ingress-alb.md` §2, §4, §6, §7) and from what AWS says of
//! conditions: plain, slow, and without a line of the planner. It knows no limits of AWS but that of values in a rule.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;
use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::networking::v1::{HTTPIngressPath, Ingress, IngressBackend};
use regex::RegexBuilder;
use serde_json::Value;

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(crate) https: bool,
    pub(crate) port: u16,
    pub(crate) host: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) method: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) source: IpAddr,
}

/// What becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// No listener takes it.
    NoListener,
    /// It goes to one of these target groups, by resource id and weight.
    Forward(Vec<(String, u64)>),
    /// The client is sent elsewhere. The usual ports are left out.
    Redirect(u16, String),
    /// The load balancer answers by itself.
    Fixed(u16, String),
}

/// A rule, or a default action.
struct Rule {
    hosts: Vec<String>,
    host_expressions: Vec<String>,
    paths: Vec<String>,
    path_expressions: Vec<String>,
    /// Entries of `conditions.*` on anything else.
    others: Vec<Value>,
    action: Action,
}

#[derive(Clone)]
enum Action {
    Forward(Vec<(String, u64)>),
    Redirect(Value),
    Fixed(u16, String),
}

/// What is wrong with an Ingress; it is set aside then, and the others go on (`decisions.md`, Ingress 4).
struct Wrong;

/// What a group of Ingresses does with a request.
pub(crate) fn answer(ingresses: &[Ingress], services: &[Service], ask: &Ask) -> Outcome {
    let members = members(ingresses, services);
    let mut listeners = BTreeMap::new();
    for member in &members {
        listeners.extend(ports(member));
    }
    if listeners.get(&ask.port) != Some(&ask.https) {
        return Outcome::NoListener;
    }
    if let Some(port) = members.iter().find_map(|member| annotation(member, "ssl-redirect"))
        && !ask.https
    {
        let location = url("https", &ask.host, port, &ask.path, &ask.query);
        return Outcome::Redirect(301, location);
    }
    let listening = members.iter().filter(|member| ports(member).contains_key(&ask.port)).collect::<Vec<_>>();
    for member in &listening {
        for rule in rules(member, services).unwrap_or_default() {
            if !loops(&rule, ask) && takes(&rule, ask) {
                return outcome(&rule.action, ask);
            }
        }
    }
    let default = listening.iter().find_map(|member| {
        let backend = member.spec.as_ref()?.default_backend.as_ref()?;
        action(member, backend, services).ok()
    });
    default.map_or(Outcome::Fixed(404, String::new()), |action| outcome(&action, ask))
}

/// The members that are right, in the group's order.
fn members<'a>(ingresses: &'a [Ingress], services: &[Service]) -> Vec<&'a Ingress> {
    let order = |ingress: &Ingress| {
        let order = annotation(ingress, "group.order").map_or(0, |order| order.parse::<i32>().unwrap());
        (order, full_name(ingress))
    };
    let is_right = |ingress: &&Ingress| {
        let default = ingress.spec.as_ref().and_then(|spec| spec.default_backend.as_ref());
        rules(ingress, services).is_ok() && default.is_none_or(|backend| action(ingress, backend, services).is_ok())
    };
    let mut members = ingresses.iter().filter(is_right).collect::<Vec<_>>();
    // Of several default backends of a port the one that was made first holds; the drawn ones listen on the same ports.
    let has_default = |ingress: &&Ingress| ingress.spec.as_ref().is_some_and(|spec| spec.default_backend.is_some());
    let age = |ingress: &Ingress| ingress.metadata.creation_timestamp.clone();
    let oldest = members.iter().copied().filter(has_default).min_by_key(|ingress| age(ingress)).map(full_name);
    members.retain(|ingress| !has_default(ingress) || Some(full_name(ingress)) == oldest);
    members.sort_by_key(|ingress| order(ingress));
    members
}

/// The ports of an Ingress, and whether each is HTTPS.
fn ports(ingress: &Ingress) -> BTreeMap<u16, bool> {
    let Some(text) = annotation(ingress, "listen-ports") else {
        let https = annotation(ingress, "certificate-arn").is_some_and(|arns| !arns.is_empty());
        return BTreeMap::from([if https { (443, true) } else { (80, false) }]);
    };
    let entries: Vec<BTreeMap<String, u16>> = serde_json::from_str(text).unwrap();
    entries.into_iter().flatten().map(|(protocol, port)| (port, protocol == "HTTPS")).collect()
}

/// Exact paths, then prefixes with the longest first, then the others; rule by rule (§7.1).
fn rules(ingress: &Ingress, services: &[Service]) -> Result<Vec<Rule>, Wrong> {
    let mut rules = Vec::new();
    for rule in ingress.spec.iter().flat_map(|spec| spec.rules.iter().flatten()) {
        let paths = rule.http.iter().flat_map(|http| http.paths.iter()).collect::<Vec<_>>();
        let of_type = |wanted: &'static str| paths.iter().copied().filter(move |path| path.path_type == wanted);
        let exact = of_type("Exact");
        let mut prefixes = of_type("Prefix").collect::<Vec<_>>();
        prefixes.sort_by_key(|path| std::cmp::Reverse(path.path.as_deref().unwrap_or_default().len()));
        let others = of_type("ImplementationSpecific");
        for path in exact.chain(prefixes).chain(others) {
            rules.push(one_rule(ingress, rule.host.as_deref().unwrap_or_default(), path, services)?);
        }
    }
    Ok(rules)
}

fn one_rule(ingress: &Ingress, host: &str, path: &HTTPIngressPath, services: &[Service]) -> Result<Rule, Wrong> {
    let service = &path.backend.service.as_ref().unwrap().name;
    let mut rule = Rule {
        hosts: Vec::new(),
        host_expressions: Vec::new(),
        paths: Vec::new(),
        path_expressions: Vec::new(),
        others: Vec::new(),
        action: action(ingress, &path.backend, services)?,
    };
    if !host.is_empty() {
        rule.hosts.push(host.to_owned());
    }
    let text = path.path.as_deref().unwrap_or_default();
    let regex = annotation(ingress, "use-regex-path-match") == Some("true");
    match path.path_type.as_str() {
        _ if text.is_empty() => {}
        "Exact" | "Prefix" if text.contains(['*', '?']) => return Err(Wrong),
        "Exact" => rule.paths.push(text.to_owned()),
        "Prefix" if text == "/" => rule.paths.push("/*".to_owned()),
        "Prefix" => {
            let prefix = text.strip_suffix('/').unwrap_or(text);
            rule.paths.extend([prefix.to_owned(), format!("{prefix}/*")]);
        }
        _ if regex => rule.path_expressions.push(text[1..].to_owned()),
        _ => rule.paths.push(text.to_owned()),
    }
    let added = annotation(ingress, &format!("conditions.{service}")).unwrap_or("[]");
    for entry in serde_json::from_str::<Vec<Value>>(added).unwrap() {
        let texts = |config: &str, name: &str| texts(field(&entry, config).and_then(|config| field(config, name)));
        match field(&entry, "field").unwrap().as_str().unwrap() {
            "host-header" => {
                rule.hosts.extend(texts("hostHeaderConfig", "values"));
                rule.host_expressions.extend(texts("hostHeaderConfig", "regexValues"));
            }
            "path-pattern" => {
                rule.paths.extend(texts("pathPatternConfig", "values"));
                rule.path_expressions.extend(texts("pathPatternConfig", "regexValues"));
            }
            _ => rule.others.push(entry),
        }
    }
    let mixed = |values: &[String], expressions: &[String]| !values.is_empty() && !expressions.is_empty();
    if mixed(&rule.hosts, &rule.host_expressions) || mixed(&rule.paths, &rule.path_expressions) {
        return Err(Wrong);
    }
    let own = rule.hosts.len() + rule.host_expressions.len() + rule.paths.len() + rule.path_expressions.len();
    let others = rule.others.iter().map(|entry| values_of(entry).len()).sum::<usize>();
    if own + others > 5 { Err(Wrong) } else { Ok(rule) }
}

/// What is done for a backend (§7.4).
fn action(ingress: &Ingress, backend: &IngressBackend, services: &[Service]) -> Result<Action, Wrong> {
    let backend = backend.service.as_ref().unwrap();
    let port = backend.port.as_ref().unwrap();
    let port = port.name.clone().unwrap_or_else(|| port.number.unwrap().to_string());
    if port != "use-annotation" {
        return forward(ingress, &[(backend.name.clone(), port, 1)], services);
    }
    let Some(text) = annotation(ingress, &format!("actions.{}", backend.name)) else {
        return Ok(Action::Fixed(503, "Backend action does not exist".to_owned()));
    };
    let json: Value = serde_json::from_str(text).unwrap();
    let text_of = |json: &Value, name: &str| field(json, name).and_then(Value::as_str).map(str::to_owned);
    match text_of(&json, "type").unwrap().as_str() {
        "fixed-response" => {
            let config = field(&json, "fixedResponseConfig").unwrap();
            let status = text_of(config, "statusCode").unwrap().parse().unwrap();
            Ok(Action::Fixed(status, text_of(config, "messageBody").unwrap_or_default()))
        }
        "redirect" => Ok(Action::Redirect(field(&json, "redirectConfig").unwrap().clone())),
        "forward" => {
            let groups = field(&json, "forwardConfig").and_then(|config| field(config, "targetGroups")).unwrap();
            let group = |group: &Value| {
                let port = field(group, "servicePort").unwrap();
                let port = port.as_str().map_or_else(|| port.to_string(), str::to_owned);
                let weight = field(group, "weight").and_then(Value::as_u64).unwrap_or(1);
                (text_of(group, "serviceName").unwrap(), port, weight)
            };
            forward(ingress, &groups.as_array().unwrap().iter().map(group).collect::<Vec<_>>(), services)
        }
        other => unreachable!("no {other} is drawn"),
    }
}

/// A Service that is missing answers 503 where it is the only one; a port that is missing is an error.
fn forward(ingress: &Ingress, to: &[(String, String, u64)], services: &[Service]) -> Result<Action, Wrong> {
    let mut groups = Vec::new();
    for (name, port, weight) in to {
        let is_it = |service: &&Service| {
            service.metadata.namespace == ingress.metadata.namespace && service.metadata.name.as_ref() == Some(name)
        };
        let Some(service) = services.iter().find(is_it) else {
            let only = to.len() == 1;
            return if only { Ok(Action::Fixed(503, "Backend service does not exist".to_owned())) } else { Err(Wrong) };
        };
        let mut ports = service.spec.iter().flat_map(|spec| spec.ports.iter().flatten());
        if !ports.any(|one| one.name.as_ref() == Some(port) || one.port.to_string() == *port) {
            return Err(Wrong);
        }
        groups.push((format!("{}-{name}:{port}", full_name(ingress)), *weight));
    }
    if let [(_, weight)] = groups.as_mut_slice() {
        *weight = 1;
    }
    Ok(Action::Forward(groups))
}

/// Whether a rule redirects to where it is, and is left out (§7.9, 1).
fn loops(rule: &Rule, ask: &Ask) -> bool {
    let Action::Redirect(config) = &rule.action else { return false };
    let set = |name: &str| field(config, name).and_then(Value::as_str);
    let same = |name: &str, unchanged: &str, own: &[String]| {
        set(name).is_none_or(|text| text == unchanged || own.iter().any(|own| own == text))
    };
    let protocol = if ask.https { "HTTPS" } else { "HTTP" };
    rule.path_expressions.is_empty()
        && same("host", "#{host}", &[rule.hosts.as_slice(), &rule.host_expressions].concat())
        && same("path", "/#{path}", &rule.paths)
        && same("port", "#{port}", &[ask.port.to_string()])
        && same("protocol", "#{protocol}", &[protocol.to_owned()])
        && same("query", "#{query}", &[])
}

/// Whether every condition of a rule is met.
fn takes(rule: &Rule, ask: &Ask) -> bool {
    let path = normal(&ask.path);
    let of = |values: &[String], expressions: &[String], text: &str, any_case: bool| {
        values.is_empty() && expressions.is_empty()
            || values.iter().any(|value| like(value, text, any_case))
            || expressions.iter().any(|expression| is_match(expression, text, any_case))
    };
    of(&rule.hosts, &rule.host_expressions, &ask.host, true)
        && of(&rule.paths, &rule.path_expressions, &path, false)
        && rule.others.iter().all(|entry| is_met(entry, ask))
}

fn is_met(entry: &Value, ask: &Ask) -> bool {
    let values = values_of(entry);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match field(entry, "field").unwrap().as_str().unwrap() {
        "http-header" => {
            let name = field(field(entry, "httpHeaderConfig").unwrap(), "httpHeaderName").map(text).unwrap();
            let mut sent = ask.headers.iter().filter(|(header, _)| header.eq_ignore_ascii_case(&name));
            sent.any(|(_, sent)| values.iter().any(|value| like(&text(value), sent, true)))
        }
        "http-request-method" => values.iter().any(|value| text(value) == ask.method),
        "source-ip" => values.iter().any(|value| text(value).parse::<IpNet>().unwrap().contains(&ask.source)),
        "query-string" => values.iter().any(|pair| {
            let mut sent = ask.query.split('&').filter(|sent| !sent.is_empty());
            sent.any(|sent| {
                let (key, value) = sent.split_once('=').unwrap_or((sent, ""));
                field(pair, "key").is_none_or(|wanted| like(&text(wanted), key, true))
                    && like(&field(pair, "value").map(text).unwrap(), value, true)
            })
        }),
        other => unreachable!("no {other} is drawn"),
    }
}

/// The values of an entry that is on neither host nor path.
fn values_of(entry: &Value) -> Vec<Value> {
    let configs = ["httpHeaderConfig", "httpRequestMethodConfig", "queryStringConfig", "sourceIPConfig"];
    let values = configs.iter().find_map(|config| field(field(entry, config)?, "values"));
    values.and_then(Value::as_array).cloned().unwrap_or_default()
}

fn outcome(action: &Action, ask: &Ask) -> Outcome {
    match action {
        Action::Forward(groups) => Outcome::Forward(groups.clone()),
        Action::Fixed(status, body) => Outcome::Fixed(*status, body.clone()),
        Action::Redirect(config) => {
            let own_path = ask.path.strip_prefix('/').unwrap_or(&ask.path);
            let protocol = if ask.https { "HTTPS" } else { "HTTP" };
            let part = |name: &str, default: &str| {
                let text = field(config, name).and_then(Value::as_str).unwrap_or(default);
                let text = text.replace("#{protocol}", protocol).replace("#{port}", &ask.port.to_string());
                text.replace("#{host}", &ask.host).replace("#{path}", own_path).replace("#{query}", &ask.query)
            };
            let status = if part("statusCode", "") == "HTTP_301" { 301 } else { 302 };
            let scheme = part("protocol", "#{protocol}").to_lowercase();
            let (host, port) = (part("host", "#{host}"), part("port", "#{port}"));
            let (path, query) = (part("path", "/#{path}"), part("query", "#{query}"));
            Outcome::Redirect(status, url(&scheme, &host, &port, &path, &query))
        }
    }
}

fn url(scheme: &str, host: &str, port: &str, path: &str, query: &str) -> String {
    let usual = matches!((scheme, port), ("http", "80") | ("https", "443"));
    let port = if usual { String::new() } else { format!(":{port}") };
    let query = if query.is_empty() { String::new() } else { format!("?{query}") };
    format!("{scheme}://{host}{port}{path}{query}")
}

fn annotation<'a>(ingress: &'a Ingress, suffix: &str) -> Option<&'a str> {
    let annotations = ingress.metadata.annotations.as_ref()?;
    annotations.get(&format!("alb.ingress.kubernetes.io/{suffix}")).map(String::as_str)
}

fn full_name(ingress: &Ingress) -> String {
    let metadata = &ingress.metadata;
    format!("{}/{}", metadata.namespace.as_deref().unwrap(), metadata.name.as_deref().unwrap())
}

/// A member of a structure, in any case (§0.4).
fn field<'a>(json: &'a Value, name: &str) -> Option<&'a Value> {
    json.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn texts(list: Option<&Value>) -> Vec<String> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// `*` is any text, `?` is one character.
fn like(pattern: &str, text: &str, any_case: bool) -> bool {
    fn from(pattern: &[char], text: &[char]) -> bool {
        match (pattern.first(), text.first()) {
            (None, None) => true,
            (Some('*'), _) => from(&pattern[1..], text) || (!text.is_empty() && from(pattern, &text[1..])),
            (Some('?'), Some(_)) => from(&pattern[1..], &text[1..]),
            (Some(one), Some(other)) if one == other => from(&pattern[1..], &text[1..]),
            _ => false,
        }
    }
    let characters =
        |text: &str| if any_case { text.to_lowercase() } else { text.to_owned() }.chars().collect::<Vec<_>>();
    from(&characters(pattern), &characters(text))
}

fn is_match(expression: &str, text: &str, any_case: bool) -> bool {
    RegexBuilder::new(expression).case_insensitive(any_case).build().unwrap().is_match(text)
}

/// The path that conditions look at, as far as drawn paths go: dots are resolved, letters need no escape.
fn normal(path: &str) -> String {
    let path = path.replace("%61", "a");
    let mut segments: Vec<&str> = Vec::new();
    for segment in path[1..].split('/') {
        match segment {
            ".." => _ = segments.pop(),
            other => segments.push(other),
        }
    }
    format!("/{}", segments.join("/"))
}
