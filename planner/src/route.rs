//! Which listener, rule and target groups a request reaches, and why the rules before it do not take it.

mod condition;
mod curl;
mod document;
mod redirect;
mod text;
mod way;

use std::net::IpAddr;

use crate::desired::{Desired, Listener, Origin, Rule};
use crate::id::Protocol;
use crate::model::{Action, Condition};

pub use condition::is_met;
pub use document::{Answer, Asked, Document, OpenPort, PassedRule, Share, TakenRule, TargetGroupOf, Targets, Way};
pub use redirect::redirected;
pub use text::render;
pub use way::{Decided, Standing, standing, way};

/// A request to a load balancer, as far as rules look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Whether it comes over TLS.
    pub protocol: Protocol,
    /// The port; `None`: the lowest on which a listener speaks the protocol.
    pub port: Option<u16>,
    /// The host, without its port.
    pub host: String,
    /// The path, beginning with a slash, without the query.
    pub path: String,
    /// The query, without the question mark.
    pub query: String,
    /// The method.
    pub method: String,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// Where the connection comes from; `None`: from anywhere, so that conditions on it are not met.
    pub source: Option<IpAddr>,
}

/// Where a request goes.
#[derive(Debug, Clone, PartialEq)]
pub struct Route<'a> {
    /// The listener's port.
    pub port: u16,
    /// The listener.
    pub listener: &'a Listener,
    /// The rules that do not take the request, in their order, and the first condition that each does not find met.
    pub passed: Vec<Passed<'a>>,
    /// The rule that takes it, with its priority; `None`: no rule does, and the listener's own actions are performed.
    pub rule: Option<(u16, &'a Rule)>,
    /// What is done with it.
    pub actions: &'a [Action],
    /// Where that is asked for.
    pub origin: Option<&'a Origin>,
}

/// A rule that does not take a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Passed<'a> {
    /// Its priority.
    pub priority: u16,
    /// The rule.
    pub rule: &'a Rule,
    /// The first of its conditions that is not met.
    pub because: &'a Condition,
}

/// Why a request goes nowhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoRoute {
    /// There is no load balancer.
    #[error("there is no load balancer")]
    NoLoadBalancer,
    /// No listener takes its connection.
    #[error("no listener speaks {protocol} on {}; there are {listeners}", .port.map_or("any port".to_owned(), |port| format!("port {port}")))]
    NoListener {
        /// What the request speaks.
        protocol: Protocol,
        /// The port that it asks for.
        port: Option<u16>,
        /// The listeners that there are.
        listeners: String,
    },
}

/// Follows a request to its actions.
///
/// # Errors
///
/// Where it does not even reach a listener.
pub fn route<'a>(desired: &'a Desired, request: &Request) -> Result<Route<'a>, NoRoute> {
    desired.load_balancer.as_ref().ok_or(NoRoute::NoLoadBalancer)?;
    let fits = |(port, listener): &(&u16, &Listener)| {
        // Network load balancers hand on whatever comes to their port.
        let takes_all = matches!(listener.protocol, Protocol::Tcp | Protocol::Tls | Protocol::TcpUdp);
        (takes_all || listener.protocol == request.protocol) && request.port.is_none_or(|wanted| wanted == **port)
    };
    let Some((port, listener)) = desired.listeners.iter().find(fits) else {
        let listeners = desired.listeners.iter().map(|(port, listener)| format!("{}:{port}", listener.protocol));
        return Err(NoRoute::NoListener {
            protocol: request.protocol,
            port: request.port,
            listeners: match listeners.collect::<Vec<_>>().join(", ") {
                none if none.is_empty() => "none".to_owned(),
                some => some,
            },
        });
    };
    let mut passed = Vec::new();
    for (priority, rule) in (1..).zip(&listener.rules) {
        match rule.conditions.iter().find(|condition| !is_met(condition, request)) {
            Some(because) => passed.push(Passed { priority, rule, because }),
            None => {
                let (actions, origin) = (rule.actions.as_slice(), Some(&rule.origin));
                return Ok(Route { port: *port, listener, passed, rule: Some((priority, rule)), actions, origin });
            }
        }
    }
    let (actions, origin) = (listener.default_actions.as_slice(), listener.default_origin.as_ref());
    Ok(Route { port: *port, listener, passed, rule: None, actions, origin })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desired::LoadBalancer;
    use crate::id::{
        IpAddressType, LoadBalancerType, ObjectName, ObjectRef, RedirectStatusCode, Ref, ResourceKey, ResourceKind,
        Scheme,
    };
    use crate::model::{FixedResponse, Pairs, Patterns, QueryParameter, Redirect};

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    fn host(host: &str) -> Condition {
        Condition::HostHeader(Patterns::Values(texts(&[host])))
    }

    fn paths(paths: &[&str]) -> Condition {
        Condition::PathPattern(Patterns::Values(texts(paths)))
    }

    fn forward(name: &str) -> Vec<Action> {
        vec![Action::forward_to(Ref::Made(ResourceKey::new(ResourceKind::TargetGroup, name)))]
    }

    fn origin(field: &str) -> Origin {
        Origin { object: ObjectRef::new("Ingress", &ObjectName::new("shop", "web")), field: field.to_owned() }
    }

    fn rule(conditions: Vec<Condition>, target_group: &str) -> Rule {
        Rule { conditions, actions: forward(target_group), origin: origin(target_group), tags: Pairs::new() }
    }

    fn listener(protocol: Protocol, rules: Vec<Rule>) -> Listener {
        let not_found = FixedResponse { content_type: None, message_body: None, status_code: "404".to_owned() };
        Listener {
            protocol,
            default_actions: vec![Action::FixedResponse(not_found)],
            default_origin: None,
            ssl_policy: None,
            certificates: Vec::new(),
            attributes: Pairs::new(),
            rules,
            tags: Pairs::new(),
        }
    }

    fn desired(rules: Vec<Rule>) -> Desired {
        let load_balancer = LoadBalancer {
            name: "web".to_owned(),
            load_balancer_type: LoadBalancerType::Application,
            scheme: Scheme::Internal,
            replacement_scheme: None,
            ip_address_type: IpAddressType::Ipv4,
            subnets: Vec::new(),
            subnets_reason: String::new(),
            security_groups: Vec::new(),
            attributes: Pairs::new(),
            tags: Pairs::new(),
        };
        let listeners = [(80, listener(Protocol::Http, rules))].into();
        Desired { load_balancer: Some(load_balancer), listeners, ..Desired::default() }
    }

    pub(super) fn get(host: &str, path: &str) -> Request {
        Request {
            protocol: Protocol::Http,
            port: None,
            host: host.to_owned(),
            path: path.to_owned(),
            query: String::new(),
            method: "GET".to_owned(),
            headers: Vec::new(),
            source: None,
        }
    }

    #[test]
    fn the_first_rule_whose_conditions_are_all_met_takes_the_request() {
        let desired = desired(vec![
            rule(vec![host("a.example.com"), paths(&["/api", "/api/*"])], "api"),
            rule(vec![host("a.example.com")], "site"),
            rule(vec![host("*.example.com")], "rest"),
        ]);
        for (host, path, expected) in [
            ("a.example.com", "/api", Some("api")),
            ("a.example.com", "/api/v1", Some("api")),
            ("a.example.com", "/API", Some("site")),
            ("A.Example.com", "/api", Some("api")),
            ("b.example.com", "/api", Some("rest")),
            ("example.com", "/", None),
        ] {
            let request = get(host, path);
            let route = route(&desired, &request).unwrap();
            let taken = route.rule.map(|(_, rule)| rule.origin.field.as_str());
            assert_eq!(taken, expected, "{host}{path}");
            assert_eq!(route.passed.len(), route.rule.map_or(3, |(priority, _)| usize::from(priority) - 1));
        }
    }

    #[test]
    fn a_rule_that_is_passed_says_which_condition_it_misses() {
        let desired = desired(vec![rule(vec![host("a.example.com"), paths(&["/api"])], "api")]);
        for (host_asked, path, because) in
            [("a.example.com", "/", paths(&["/api"])), ("b.example.com", "/", host("a.example.com"))]
        {
            let request = get(host_asked, path);
            let route = route(&desired, &request).unwrap();
            assert_eq!(route.passed[0].because, &because);
            assert_eq!((route.rule, route.origin), (None, None));
            assert_eq!(route.actions[0].to_string(), "fixed response 404");
        }
    }

    #[test]
    fn every_kind_of_condition_is_met_as_aws_says() {
        let header = |value: &str| Condition::HttpHeader {
            name: "X-Canary".to_owned(),
            patterns: Patterns::Values(texts(&[value])),
        };
        let query = |key: Option<&str>, value: &str| {
            Condition::QueryString(vec![QueryParameter { key: key.map(str::to_owned), value: value.to_owned() }])
        };
        let request = Request {
            query: "v=2&Beta=Yes&flag".to_owned(),
            headers: vec![("x-canary".to_owned(), "Always".to_owned())],
            source: Some("10.1.2.3".parse().unwrap()),
            ..get("a.example.com", "/Api/v1")
        };
        for (condition, expected) in [
            (header("always"), true),
            (header("al*"), true),
            (header("never"), false),
            (query(Some("V"), "2"), true),
            (query(None, "yes"), true),
            (query(Some("beta"), "no"), false),
            (query(Some("flag"), ""), true),
            (Condition::HttpRequestMethod(texts(&["GET"])), true),
            (Condition::HttpRequestMethod(texts(&["get"])), false),
            (Condition::SourceIp(vec!["10.0.0.0/8".parse().unwrap()]), true),
            (Condition::SourceIp(vec!["192.168.0.0/16".parse().unwrap()]), false),
            (Condition::PathPattern(Patterns::Regex(texts(&["^/Api/v[0-9]+$"]))), true),
            (Condition::PathPattern(Patterns::Regex(texts(&["^/api/"]))), false),
            (Condition::HostHeader(Patterns::Regex(texts(&["^A\\.example"]))), true),
            (Condition::Other("source-ip".to_owned()), false),
        ] {
            assert_eq!(is_met(&condition, &request), expected, "{condition}");
        }
        let nowhere = Request { source: None, ..request };
        assert!(!is_met(&Condition::SourceIp(vec!["0.0.0.0/0".parse().unwrap()]), &nowhere));
    }

    #[test]
    fn a_request_that_no_listener_takes_says_which_there_are() {
        let error = route(&desired(Vec::new()), &Request { port: Some(8080), ..get("a", "/") }).unwrap_err();
        assert_eq!(error.to_string(), "no listener speaks HTTP on port 8080; there are HTTP:80");
        let error = route(&desired(Vec::new()), &Request { protocol: Protocol::Https, ..get("a", "/") }).unwrap_err();
        assert_eq!(error.to_string(), "no listener speaks HTTPS on any port; there are HTTP:80");
        assert_eq!(route(&Desired::default(), &get("a", "/")), Err(NoRoute::NoLoadBalancer));
    }

    #[test]
    fn a_redirect_fills_in_what_it_leaves_as_it_was() {
        let desired = desired(Vec::new());
        let request = Request { query: "q=1".to_owned(), ..get("a.example.com", "/x/y") };
        let route = route(&desired, &request).unwrap();
        let redirect = |protocol: Option<&str>, port: Option<&str>, path: Option<&str>| Redirect {
            protocol: protocol.map(str::to_owned),
            port: port.map(str::to_owned),
            host: None,
            path: path.map(str::to_owned),
            query: None,
            status_code: RedirectStatusCode::Http301,
        };
        for (redirect, expected) in [
            (redirect(Some("HTTPS"), Some("443"), None), "https://a.example.com/x/y?q=1"),
            (redirect(None, Some("8080"), Some("/new/#{path}")), "http://a.example.com:8080/new/x/y?q=1"),
        ] {
            assert_eq!(redirected(&redirect, &route, &request), expected);
        }
    }
}
