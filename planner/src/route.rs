//! Which listener, rule and target groups a request reaches, and why the rules before it do not take it.

mod condition;
mod curl;
mod document;
mod redirect;
mod text;
mod way;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::LazyLock;

use crate::desired::{Desired, Listener, Origin};
use crate::id::{ObjectName, Protocol};
use crate::model::{Action, Condition};
use crate::plan::{Kept, KeptListener};

pub use condition::is_met;
pub use document::{
    Answer, Asked, Document, OpenPort, PassedRule, RegisteredTarget, ServicePort, Share, TakenRule, TargetGroupOf,
    Targets, Way,
};
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

/// What a load balancer does with requests once its plan is carried out.
#[derive(Debug, Clone, Copy)]
pub struct Serving<'a> {
    /// What is asked for.
    pub desired: &'a Desired,
    /// What stays as it is for members that are set aside.
    pub kept: &'a Kept,
}

/// Where a request goes.
#[derive(Debug, Clone, PartialEq)]
pub struct Route<'a> {
    /// The listener's port.
    pub port: u16,
    /// What the listener speaks.
    pub protocol: Protocol,
    /// The rules that do not take the request, in their order, and the first condition that each does not find met.
    pub passed: Vec<Passed<'a>>,
    /// The rule that takes it; `None`: no rule does, and the listener's own actions are performed.
    pub rule: Option<Rule<'a>>,
    /// What is done with it.
    pub actions: &'a [Action],
    /// Who asks for that.
    pub asker: Asker<'a>,
}

/// A rule as a request comes to it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule<'a> {
    /// Its priority.
    pub priority: u16,
    /// What a request has to be.
    pub conditions: &'a [Condition],
    /// What is done with it.
    pub actions: &'a [Action],
    /// Who asks for that.
    pub asker: Asker<'a>,
}

/// Who asks for what is done with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asker<'a> {
    /// Nobody: it is the contract's default.
    Nobody,
    /// A part of an object.
    Origin(&'a Origin),
    /// It is kept as it is in AWS for these members, which are set aside: one of them asked for it.
    SetAside(&'a BTreeSet<ObjectName>),
}

/// A rule that does not take a request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Passed<'a> {
    /// The rule.
    pub rule: Rule<'a>,
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

/// Follows a request to its actions, where nothing is kept for anybody.
///
/// # Errors
///
/// Where it does not even reach a listener.
pub fn route<'a>(desired: &'a Desired, request: &Request) -> Result<Route<'a>, NoRoute> {
    static NOTHING: Kept = Kept { listeners: BTreeMap::new(), target_groups: BTreeMap::new() };
    Serving { desired, kept: &NOTHING }.route(request)
}

impl<'a> Serving<'a> {
    /// What the listeners speak, by port.
    pub fn listeners(self) -> BTreeMap<u16, Protocol> {
        let kept = self.kept.listeners.iter().map(|(port, listener)| (*port, listener.protocol));
        let wanted = self.desired.listeners.iter().map(|(port, listener)| (*port, listener.protocol));
        kept.chain(wanted).collect()
    }

    /// Follows a request to its actions.
    ///
    /// # Errors
    ///
    /// Where it does not even reach a listener.
    pub fn route(self, request: &Request) -> Result<Route<'a>, NoRoute> {
        self.desired.load_balancer.as_ref().ok_or(NoRoute::NoLoadBalancer)?;
        let listeners = self.listeners();
        let fits = |(port, speaks): &(&u16, &Protocol)| {
            // Network load balancers hand on whatever comes to their port.
            let takes_all = matches!(speaks, Protocol::Tcp | Protocol::Tls | Protocol::TcpUdp);
            (takes_all || **speaks == request.protocol) && request.port.is_none_or(|wanted| wanted == **port)
        };
        let Some((port, protocol)) = listeners.iter().find(fits).map(|(port, protocol)| (*port, *protocol)) else {
            return Err(none_of(&listeners, request));
        };
        let mut passed = Vec::new();
        for rule in self.rules(port) {
            match rule.conditions.iter().find(|condition| !is_met(condition, request)) {
                Some(because) => passed.push(Passed { rule, because }),
                None => {
                    let Rule { actions, asker, .. } = rule;
                    return Ok(Route { port, protocol, passed, rule: Some(rule), actions, asker });
                }
            }
        }
        let (actions, asker) = self.default_actions(port);
        Ok(Route { port, protocol, passed, rule: None, actions, asker })
    }

    /// The rules of a listener in their order: those that are kept have their places, and the others fill those between.
    pub fn rules(self, port: u16) -> impl Iterator<Item = Rule<'a>> {
        let mut wanted = self.desired.listeners.get(&port).into_iter().flat_map(|listener| &listener.rules);
        let mut kept = self.kept.listeners.get(&port).into_iter().flat_map(|listener| &listener.rules).peekable();
        let mut next = 1;
        std::iter::from_fn(move || {
            let own = if kept.peek().is_some_and(|(place, _)| **place <= next) { None } else { wanted.next() };
            let rule = match own {
                Some(rule) => Rule {
                    priority: next,
                    conditions: &rule.conditions,
                    actions: &rule.actions,
                    asker: Asker::Origin(&rule.origin),
                },
                None => {
                    let (priority, rule) = kept.next()?;
                    Rule {
                        priority: *priority,
                        conditions: &rule.conditions,
                        actions: &rule.actions,
                        asker: Asker::SetAside(&rule.members),
                    }
                }
            };
            next = rule.priority.saturating_add(1);
            Some(rule)
        })
    }

    /// What a listener does with a request that no rule takes, and who asks for it.
    pub fn default_actions(self, port: u16) -> (&'a [Action], Asker<'a>) {
        static NOT_FOUND: LazyLock<[Action; 1]> = LazyLock::new(|| [Action::not_found()]);
        let kept: Option<&'a KeptListener> = self.kept.listeners.get(&port);
        let wanted: Option<&'a Listener> = self.desired.listeners.get(&port);
        match (kept.and_then(|kept| kept.default_actions.as_ref()), wanted) {
            (Some((actions, members)), _) => (actions, Asker::SetAside(members)),
            (None, Some(wanted)) => {
                (&wanted.default_actions, wanted.default_origin.as_ref().map_or(Asker::Nobody, Asker::Origin))
            }
            (None, None) => (&*NOT_FOUND, Asker::Nobody),
        }
    }
}

fn none_of(listeners: &BTreeMap<u16, Protocol>, request: &Request) -> NoRoute {
    let listeners = listeners.iter().map(|(port, protocol)| format!("{protocol}:{port}"));
    NoRoute::NoListener {
        protocol: request.protocol,
        port: request.port,
        listeners: match listeners.collect::<Vec<_>>().join(", ") {
            none if none.is_empty() => "none".to_owned(),
            some => some,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desired::{self, LoadBalancer};
    use crate::id::{
        IpAddressType, LoadBalancerType, ObjectName, ObjectRef, RedirectStatusCode, Ref, ResourceKey, ResourceKind,
        Scheme,
    };
    use crate::model::{FixedResponse, Pairs, Patterns, QueryParameter, Redirect};
    use crate::plan::KeptRule;

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

    fn rule(conditions: Vec<Condition>, target_group: &str) -> desired::Rule {
        desired::Rule { conditions, actions: forward(target_group), origin: origin(target_group), tags: Pairs::new() }
    }

    fn listener(protocol: Protocol, rules: Vec<desired::Rule>) -> Listener {
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

    fn desired(rules: Vec<desired::Rule>) -> Desired {
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
            let taken = match route.asker {
                Asker::Origin(origin) => Some(origin.field.as_str()),
                Asker::SetAside(_) | Asker::Nobody => None,
            };
            assert_eq!(taken, expected, "{host}{path}");
            assert_eq!(route.passed.len(), route.rule.map_or(3, |rule| usize::from(rule.priority) - 1));
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
            assert_eq!((route.rule, route.asker), (None, Asker::Nobody));
            assert_eq!(route.actions[0].to_string(), "fixed response 404");
        }
    }

    #[test]
    fn kept_rules_have_their_places_among_the_others() {
        let members = BTreeSet::from([ObjectName::new("blog", "door")]);
        let kept_rule = |condition| KeptRule {
            conditions: vec![condition],
            actions: vec![Action::not_found()],
            members: members.clone(),
        };
        let rules = BTreeMap::from([(2, kept_rule(paths(&["/a"]))), (4, kept_rule(paths(&["/b"])))]);
        let closed = FixedResponse { content_type: None, message_body: None, status_code: "403".to_owned() };
        let default_actions = Some((vec![Action::FixedResponse(closed)], members.clone()));
        let listeners = [
            (80, KeptListener { protocol: Protocol::Http, default_actions: None, rules }),
            (8080, KeptListener { protocol: Protocol::Http, default_actions, rules: BTreeMap::new() }),
        ];
        let kept = Kept { listeners: listeners.into(), target_groups: BTreeMap::new() };
        let desired = desired(vec![
            rule(vec![host("a.example.com")], "first"),
            rule(vec![paths(&["/a", "/b"])], "second"),
            rule(vec![host("b.example.com")], "third"),
        ]);
        let serving = Serving { desired: &desired, kept: &kept };
        assert_eq!(serving.listeners().into_keys().collect::<Vec<_>>(), [80, 8080]);
        for (port, host, path, priority, is_kept) in [
            (80, "a.example.com", "/a", Some(1), false),
            (80, "x", "/a", Some(2), true),
            (80, "x", "/b", Some(3), false),
            (80, "b.example.com", "/", Some(5), false),
            (80, "x", "/", None, false),
            (8080, "x", "/", None, true),
        ] {
            let request = Request { port: Some(port), ..get(host, path) };
            let route = serving.route(&request).unwrap();
            let found = (route.rule.map(|rule| rule.priority), route.asker == Asker::SetAside(&members));
            assert_eq!(found, (priority, is_kept), "{port} {host}{path}");
        }
        assert_eq!(serving.rules(80).map(|rule| rule.priority).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
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
