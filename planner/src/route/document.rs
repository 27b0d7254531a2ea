//! Everything that there is to say about a request, for people and programs alike.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use serde::Serialize;

use crate::actual::TargetHealth;
use crate::id::{Key, ObjectRef, Protocol, Scheme, TargetType};
use crate::model::{Condition, Target};
use crate::plan::Header;
use crate::problem::Problem;

/// Everything one run of `northgate route` has to say. Its JSON is a promise: members are added, never renamed.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Document {
    /// The version of this format: 1.
    pub format_version: u32,
    /// What was decided for.
    #[serde(flatten)]
    pub header: Header,
    /// The request.
    pub request: Asked,
    /// The load balancers that could serve its host, each with the way of the request; where none could, all of them.
    pub load_balancers: Vec<Way>,
    /// Load balancers that would serve any host, while others name this one.
    pub others: Vec<Key>,
    /// Why Ingresses that ask for such requests do not get it.
    pub aside: Vec<Problem>,
    /// What could not be read.
    pub problems: Vec<Problem>,
}

/// A request as it was given.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Asked {
    /// The method.
    pub method: String,
    /// The host, its path and query; the scheme and the port where they were given.
    pub address: String,
    /// Its headers but for Host, `Name: value`.
    pub headers: Vec<String>,
    /// Where it comes from; `null`: from anywhere.
    pub source_ip: Option<IpAddr>,
}

/// A request's way through one load balancer.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Way {
    /// What the load balancer is made for.
    pub key: Key,
    /// Its name.
    pub name: String,
    /// Whether it has public addresses.
    pub scheme: Scheme,
    /// Its host name; `null`: it is not made yet.
    pub dns_name: Option<String>,
    /// The URL of the request here.
    pub url: String,
    /// The listener that takes it; `null`: none does.
    pub listener: Option<OpenPort>,
    /// The listeners that there are.
    pub listeners: Vec<OpenPort>,
    /// The rules that do not take it, in their order.
    pub passed: Vec<PassedRule>,
    /// The rule that takes it; `null`: no rule does, and the listener's default action is performed.
    pub rule: Option<TakenRule>,
    /// The object that asks for what is done; `null`: none does, or one of `keptFor` did.
    pub object: Option<ObjectRef>,
    /// Its field.
    pub field: Option<String>,
    /// The members of the group that may have asked for what is done and are set aside: it is kept as it is in AWS.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kept_for: Vec<ObjectRef>,
    /// What is done with it; `null`: no listener takes it.
    pub answer: Option<Answer>,
    /// The command that sends it.
    pub curl: String,
    /// What is odd about it.
    pub warnings: Vec<Problem>,
}

/// A listener.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpenPort {
    /// Its port.
    pub port: u16,
    /// Its protocol.
    pub protocol: Protocol,
}

/// A rule that does not take the request.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PassedRule {
    /// Its priority.
    pub priority: u16,
    /// The object that asks for it; `null`: one of `keptFor` did.
    pub object: Option<ObjectRef>,
    /// The object's field.
    pub field: Option<String>,
    /// The members of the group that may have asked for it and are set aside: it is kept as it is in AWS.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kept_for: Vec<ObjectRef>,
    /// The first of its conditions that the request does not meet, as AWS has it.
    pub not_met: Condition,
}

/// The rule that takes the request.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TakenRule {
    /// Its priority.
    pub priority: u16,
    /// Its conditions, as AWS has them.
    pub conditions: Vec<Condition>,
}

/// What is done with the request.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Answer {
    /// It goes to one of these target groups.
    Forward {
        /// The target groups, each with its share.
        target_groups: Vec<Share>,
        /// For how many seconds a client stays with the one it got; `null`: it does not.
        sticky_seconds: Option<u32>,
    },
    /// The client is sent elsewhere.
    Redirect {
        /// 301 or 302.
        status: u16,
        /// Where.
        location: String,
    },
    /// The load balancer answers by itself.
    FixedResponse {
        /// The status.
        status: String,
        /// The type of the body.
        content_type: Option<String>,
        /// The body.
        body: Option<String>,
    },
    /// Something that is not ours to write.
    Other {
        /// The type of the action.
        action: String,
    },
}

/// One target group of a forward action.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Share {
    /// Its resource id inside the stack; the ARN of one that is somebody else's.
    pub target_group: String,
    /// Of all requests that are forwarded here, in percent; rounded to tenths.
    pub percent: f64,
    /// Of one of ours, what it is.
    #[serde(flatten)]
    pub own: Option<TargetGroupOf>,
    /// Its targets.
    #[serde(flatten)]
    pub targets: Targets,
}

/// A target group of ours.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TargetGroupOf {
    /// Its name in AWS.
    pub name: String,
    /// What its targets are.
    pub target_type: TargetType,
    /// Its protocol.
    pub protocol: Protocol,
    /// The Service whose endpoints it holds, and its port by number or by name; left out where the object that says it is
    /// not there.
    #[serde(flatten)]
    pub service: Option<ServicePort>,
}

/// A port of a Service.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServicePort {
    /// The Service.
    pub service: ObjectRef,
    /// The port, by number or by name.
    pub service_port: String,
}

/// The targets of a target group.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Targets {
    /// These, as far as the plan goes.
    #[serde(rename = "targets")]
    Known(Vec<Target>),
    /// These are registered, and so they are: it is not for the plan to say which.
    #[serde(rename = "registeredTargets")]
    Registered(Vec<RegisteredTarget>),
    /// Nobody can tell here, and why.
    #[serde(rename = "targetsUnknown")]
    Unknown(String),
}

/// A target as it is in AWS.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RegisteredTarget {
    /// The target.
    #[serde(flatten)]
    pub target: Target,
    /// `healthy`, `unhealthy`, `initial`, `draining`, `unused` or another word of AWS's.
    #[serde(rename = "State")]
    pub state: String,
    /// AWS's reason code, where the target is not healthy.
    #[serde(rename = "Reason", skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl fmt::Display for RegisteredTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { target, state, reason } = self;
        match reason {
            Some(reason) => write!(f, "{target} ({state}: {reason})"),
            None => write!(f, "{target} ({state})"),
        }
    }
}

impl Targets {
    /// What AWS answered.
    pub fn registered(found: &BTreeMap<Target, TargetHealth>) -> Self {
        let one = |(target, health): (&Target, &TargetHealth)| RegisteredTarget {
            target: target.clone(),
            state: health.state.as_str().to_owned(),
            reason: health.reason.clone(),
        };
        Self::Registered(found.iter().map(one).collect())
    }
}

impl Document {
    /// The JSON, indented, with a line end.
    pub fn to_json(&self) -> String {
        let mut json = serde_json::to_string_pretty(self).expect("every map of a document has text keys");
        json.push('\n');
        json
    }

    /// Whether some load balancer does with the request what an object asks for.
    pub fn is_answered(&self) -> bool {
        self.load_balancers.iter().any(Way::is_answered)
    }
}

impl Way {
    /// Whether an object asks for what is done with the request, or one did that is set aside.
    pub fn is_answered(&self) -> bool {
        self.object.is_some() || !self.kept_for.is_empty()
    }
}
