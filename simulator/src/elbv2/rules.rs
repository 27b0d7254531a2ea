//! Rules: what one is; describe.

mod change;
pub(crate) mod condition;
mod pattern;
mod priorities;
pub(crate) mod transform;

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

pub(crate) use self::change::{create, delete, modify, read_described};
pub(crate) use self::condition::{Condition, ConditionRequest};
pub(crate) use self::priorities::set_priorities;
pub(crate) use self::transform::{Transform, TransformRequest};
use super::actions::{ActionDescription, Actions};
use super::arn::Resource;
use super::listeners::Listener;
use super::paging::{PageSize, Paging};
use super::store::Store;
use super::tags::Tags;
use crate::wire::ApiError;
use crate::wire::constraint::Int;

/// A rule that is not a default rule.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) arn: String,
    pub(super) listener_arn: String,
    pub(crate) priority: Priority,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) actions: Actions,
    pub(crate) transforms: Vec<Transform>,
    pub(super) tags: Tags,
}

/// Where a rule stands among those of its listener: lower numbers are tried first.
pub(crate) type Priority = i64;

/// A priority in a request.
pub(crate) type PriorityRequest = Int<1, 50000>;

/// A listener's default rule; its actions are the listener's default actions.
#[derive(Clone, Debug)]
pub(crate) struct DefaultRule {
    pub(super) arn: String,
    pub(super) tags: Tags,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeRules {
    listener_arn: Option<String>,
    rule_arns: Option<Vec<String>>,
    marker: Option<String>,
    page_size: Option<PageSize>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RulesResult {
    rules: Vec<Description>,
    next_marker: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Description {
    rule_arn: String,
    priority: ShownPriority,
    conditions: Vec<condition::Description>,
    actions: Vec<ActionDescription>,
    transforms: Vec<transform::Description>,
    is_default: bool,
}

/// A priority in an answer: a text, `default` for the default rule, which comes last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum ShownPriority {
    Number(Priority),
    Default,
}

/// `DescribeRules`: of one listener, or those named; in the order of their priorities, the default rule last.
pub(crate) fn describe(store: &Store, request: DescribeRules) -> Result<RulesResult, ApiError> {
    let mut found = match (&request.listener_arn, request.rule_arns.as_deref()) {
        (Some(arn), None) => {
            let listener = store.listener(arn)?;
            let rules = store.rules_of(arn).into_iter().map(Rule::describe);
            rules.chain([listener.describe_default_rule()]).collect::<Vec<_>>()
        }
        (None, Some(arns)) if !arns.is_empty() => {
            arns.iter().map(|arn| store.describe_rule(arn)).collect::<Result<_, _>>()?
        }
        _ => {
            return Err(ApiError::validation("You must specify either rule ARNs or a listener ARN"));
        }
    };
    found.sort_by(|one, other| (one.priority, &one.rule_arn).cmp(&(other.priority, &other.rule_arn)));
    found.dedup_by(|one, other| one.rule_arn == other.rule_arn);
    let keyed = found.into_iter().map(|rule| (rule.sort_key(), rule)).collect();
    let (rules, next_marker) = Paging { marker: request.marker, size: request.page_size }.page(keyed)?;
    Ok(RulesResult { rules, next_marker })
}

impl Store {
    fn describe_rule(&self, arn: &str) -> Result<Description, ApiError> {
        if let Some(rule) = self.rules.get(arn) {
            return Ok(rule.describe());
        }
        let listener = self.listeners.values().find(|listener| listener.default_rule.arn == arn);
        listener.map(Listener::describe_default_rule).ok_or_else(|| Resource::Rule.missing(arn))
    }

    /// A rule that can be changed; refused for a default rule, which goes with its listener.
    fn changeable_rule(&self, arn: &str, change: &str) -> Result<&Rule, ApiError> {
        if self.listeners.values().any(|listener| listener.default_rule.arn == arn) {
            return Err(ApiError::new("OperationNotPermitted", format!("Default rule '{arn}' cannot be {change}")));
        }
        self.rules.get(arn).ok_or_else(|| Resource::Rule.missing(arn))
    }
}

impl Rule {
    pub(super) fn describe(&self) -> Description {
        Description {
            rule_arn: self.arn.clone(),
            priority: ShownPriority::Number(self.priority),
            conditions: self.conditions.iter().map(Condition::describe).collect(),
            actions: self.actions.describe(),
            transforms: self.transforms.iter().map(Transform::describe).collect(),
            is_default: false,
        }
    }
}

impl Listener {
    pub(super) fn describe_default_rule(&self) -> Description {
        Description {
            rule_arn: self.default_rule.arn.clone(),
            priority: ShownPriority::Default,
            conditions: Vec::new(),
            actions: self.actions.describe(),
            transforms: Vec::new(),
            is_default: true,
        }
    }
}

impl Description {
    /// Sorts as the rules do, so that a marker can name a rule.
    fn sort_key(&self) -> String {
        match self.priority {
            ShownPriority::Number(number) => format!("{number:05} {}", self.rule_arn),
            ShownPriority::Default => format!("default {}", self.rule_arn),
        }
    }
}

impl fmt::Display for ShownPriority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Default => f.write_str("default"),
        }
    }
}

impl Serialize for ShownPriority {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
