//! Clients that stay with their target: by a cookie of the load balancer or of the application, or by their address.
//!
//! Source: guides of Application and Network Load Balancers, "Edit target group attributes", "Target group stickiness".

use hyper::header::{self, HeaderMap};

use crate::observed::{ObservedTarget, ObservedTargetGroup};

/// The cookie that keeps a client with its target, and the one that goes with a cookie of the application.
const BALANCER_COOKIE: &str = "AWSALB";
const APPLICATION_COOKIE: &str = "AWSALBAPP-0";

/// How clients of a target group stay with their target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stickiness {
    /// They do not.
    Off,
    /// By a cookie of the load balancer, for so many seconds.
    Balancer(u64),
    /// Once the target has set this cookie, by it and one of the load balancer, for so many seconds.
    Application(String, u64),
    /// By the address that they come from.
    Source,
}

impl Stickiness {
    pub(super) fn of(group: &ObservedTargetGroup) -> Self {
        let attribute = |key: &str| group.attributes.get(&format!("stickiness.{key}")).map(String::as_str);
        let seconds = |kind: &str| {
            attribute(&format!("{kind}.duration_seconds")).and_then(|seconds| seconds.parse().ok()).unwrap_or_default()
        };
        match (attribute("enabled"), attribute("type")) {
            (Some("true"), Some("lb_cookie")) => Self::Balancer(seconds("lb_cookie")),
            (Some("true"), Some("app_cookie")) => {
                let name = attribute("app_cookie.cookie_name").unwrap_or_default().to_owned();
                Self::Application(name, seconds("app_cookie"))
            }
            (Some("true"), Some("source_ip")) => Self::Source,
            _ => Self::Off,
        }
    }

    /// What the client's cookies say about its target, if they say anything.
    pub(super) fn remembered<'h>(&self, headers: &'h HeaderMap) -> Option<&'h str> {
        match self {
            Self::Balancer(_) => cookie(headers, BALANCER_COOKIE),
            Self::Application(name, _) => cookie(headers, name).and(cookie(headers, APPLICATION_COOKIE)),
            Self::Off | Self::Source => None,
        }
    }

    /// The cookie for a target's answer. `stayed`: the client came with what led to this target.
    pub(super) fn cookie(&self, value: &str, answer: &HeaderMap, stayed: bool) -> Option<String> {
        match self {
            Self::Balancer(seconds) => Some(keep(BALANCER_COOKIE, value, *seconds)),
            Self::Application(name, seconds) if stayed || sets(answer, name) => {
                Some(keep(APPLICATION_COOKIE, value, *seconds))
            }
            Self::Application(..) | Self::Off | Self::Source => None,
        }
    }
}

/// What a target is called in a cookie.
pub(super) fn value(group: &str, target: &ObservedTarget) -> String {
    format!("{group}/{}:{}", target.id, target.port)
}

/// A cookie that is kept for some seconds.
pub(super) fn keep(name: &str, value: &str, seconds: u64) -> String {
    format!("{name}={value}; Max-Age={seconds}; Path=/")
}

/// A cookie that a client sends.
pub(super) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let cookies = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, value)| value)
}

fn sets(answer: &HeaderMap, name: &str) -> bool {
    let mut set = answer.get_all(header::SET_COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    set.any(|cookie| cookie.split_once('=').is_some_and(|(known, _)| known.trim() == name))
}
