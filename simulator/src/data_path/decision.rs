//! What becomes of a request, without sending it: the rules of a listener, read once and asked as often as one likes.

use std::net::{IpAddr, Ipv4Addr};

use hyper::HeaderMap;

use super::condition::{Seen, normalized};
use super::rule::{Action, Origin, Rule};
use crate::observed::{Observed, ObservedRule};

/// A request without headers of its own, from a client somewhere.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// `GET`.
    pub method: &'a str,
    /// The host name, without a port.
    pub host: &'a str,
    /// The path, without a query string.
    pub path: &'a str,
}

/// What a load balancer does with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// One of these target groups gets it, by their weights.
    Forward(Vec<(String, i64)>),
    /// The client is sent elsewhere: status and location.
    Redirect(u16, String),
    /// The load balancer answers with this status itself.
    Respond(u16),
    /// The sentence says why it cannot be told.
    Unserved(String),
}

/// The rules of a listener, in their order.
#[derive(Debug)]
pub struct ListenerRules {
    protocol: String,
    port: u16,
    rules: Vec<Rule>,
}

impl Observed {
    /// The rules of a listener; `None`: there is no such listener.
    ///
    /// # Errors
    /// A sentence, when a load balancer could not carry a rule out.
    pub fn rules_of(&self, listener_arn: &str) -> Result<Option<ListenerRules>, String> {
        let Some(listener) = self.listeners.get(listener_arn) else { return Ok(None) };
        let rules = in_order(self, listener_arn).into_iter().map(|rule| Rule::read(&rule.description));
        let (protocol, port) = (listener.protocol.clone(), listener.port);
        Ok(Some(ListenerRules { protocol, port, rules: rules.collect::<Result<_, _>>()? }))
    }
}

impl ListenerRules {
    /// What becomes of a request.
    pub fn decide(&self, asked: &Asked<'_>) -> Decision {
        let (path, headers) = (normalized(asked.path), HeaderMap::new());
        let source = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let seen = Seen { method: asked.method, host: asked.host, path: &path, query: "", headers: &headers, source };
        let Some(rule) = self.rules.iter().find(|rule| rule.takes(&seen)) else {
            return Decision::Unserved("the listener has no default rule".to_owned());
        };
        match &rule.action {
            Action::Forward(forward) => {
                let groups = forward.groups.iter().map(|group| (group.target_group_arn.clone(), group.weight));
                Decision::Forward(groups.collect())
            }
            Action::Redirect(redirect) => {
                let origin =
                    Origin { protocol: &self.protocol, host: asked.host, port: self.port, path: asked.path, query: "" };
                let (status, location) = redirect.answer(&origin);
                Decision::Redirect(status, location)
            }
            Action::Fixed { status, .. } => Decision::Respond(*status),
            Action::Unserved(sentence) => Decision::Unserved(sentence.clone()),
        }
    }
}

/// The rules of a listener by priority; the default rule comes last.
pub(super) fn in_order<'o>(observed: &'o Observed, listener_arn: &str) -> Vec<&'o ObservedRule> {
    let rules = observed.rules.values().filter(|rule| rule.listener_arn == listener_arn);
    let mut rules = rules.collect::<Vec<_>>();
    rules.sort_by_key(|rule| rule.priority.unwrap_or(u32::MAX));
    rules
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::*;
    use crate::observed::ObservedListener;

    fn rule(arn: &str, priority: Option<u32>, conditions: &Value, action: &Value) -> (String, ObservedRule) {
        let description = json!({ "RuleArn": arn, "Conditions": conditions, "Actions": [action] });
        (arn.to_owned(), ObservedRule { listener_arn: "l".to_owned(), priority, description, tags: BTreeMap::new() })
    }

    #[test]
    fn the_first_rule_that_takes_a_request_decides() {
        let listener = ObservedListener {
            load_balancer_arn: "b".to_owned(),
            protocol: "HTTP".to_owned(),
            port: 80,
            default_actions: Value::Null,
            attributes: BTreeMap::new(),
            certificates: Vec::new(),
            tags: BTreeMap::new(),
        };
        let path = |path: &str| json!([{ "Field": "path-pattern", "Values": [path] }]);
        let forward = json!({ "Type": "forward", "TargetGroupArn": "a" });
        let redirect = json!({ "Type": "redirect", "RedirectConfig":
            { "Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301" } });
        let none =
            json!({ "Type": "fixed-response", "FixedResponseConfig": { "StatusCode": "404", "ContentType": null } });
        let observed = Observed {
            listeners: [("l".to_owned(), listener)].into(),
            rules: [
                rule("default", None, &json!([]), &none),
                rule("second", Some(20), &path("/new"), &forward),
                rule("first", Some(10), &path("/old"), &redirect),
            ]
            .into(),
            ..Observed::default()
        };
        let rules = observed.rules_of("l").unwrap().unwrap();
        let asked = |path| rules.decide(&Asked { method: "GET", host: "a.example.com", path });
        assert_eq!(asked("/old"), Decision::Redirect(301, "https://a.example.com:443/old".to_owned()));
        assert_eq!(asked("/new"), Decision::Forward(vec![("a".to_owned(), 1)]));
        assert_eq!(asked("/other"), Decision::Respond(404));
        assert!(observed.rules_of("other").unwrap().is_none());
    }
}
