//! Rules of an account description.

use serde::Deserialize;

use super::super::actions::{ActionList, Actions, Source};
use super::super::rules::{ConditionRequest, Priority, Rule, TransformRequest, read_described};
use super::super::store::Store;
use super::{AdmissionError, Pairs, put, refused, unresolved, value};

/// An element of `elbv2 describe-rules`, with its listener and its tags.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DescribedRule {
    rule_arn: Option<String>,
    listener_arn: String,
    priority: Option<DescribedPriority>,
    #[serde(default)]
    conditions: Vec<ConditionRequest>,
    actions: Option<ActionList>,
    #[serde(default)]
    transforms: Vec<TransformRequest>,
    is_default: Option<bool>,
    #[serde(default)]
    tags: Pairs,
}

/// A text to AWS, also when it is a number.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum DescribedPriority {
    Number(Priority),
    Text(String),
}

impl Store {
    pub(super) fn admit_rule(&mut self, described: DescribedRule) -> Result<(), AdmissionError> {
        let listener_arn = described.listener_arn.clone();
        let priority = described.priority();
        let element = format!("rules: {listener_arn} priority {}", priority.as_deref().unwrap_or("default"));
        if !self.listeners.contains_key(&listener_arn) {
            return Err(unresolved(&element, "ListenerArn", &listener_arn, "listeners"));
        }
        if described.is_default.unwrap_or(priority.is_none() || priority.as_deref() == Some("default")) {
            return self.admit_default_rule(&element, described);
        }
        let number = priority.as_deref().and_then(|priority| priority.parse::<Priority>().ok());
        let priority = number
            .filter(|number| (1..=50_000).contains(number))
            .ok_or_else(|| value(&element, "Priority has to be a number from 1 to 50000, or default"))?;
        if self.rules_of(&listener_arn).iter().any(|other| other.priority == priority) {
            return Err(value(&element, "another rule of the listener has the same priority"));
        }
        let actions = described.actions.ok_or_else(|| value(&element, "Actions is missing"))?;
        let (conditions, actions, transforms) =
            read_described(described.conditions, actions, described.transforms).map_err(|it| refused(&element, it))?;
        self.check_described_groups(&element, &actions)?;
        let id = self.names.id();
        let arn = described.rule_arn.unwrap_or_else(|| self.names.rule(&listener_arn, &id));
        let tags = described.tags.0;
        let rule = Rule { arn: arn.clone(), listener_arn, priority, conditions, actions, transforms, tags };
        put(&mut self.rules, "rules", arn, rule)
    }

    /// The default rule came with its listener; what is said of it here has to agree.
    fn admit_default_rule(&mut self, element: &str, described: DescribedRule) -> Result<(), AdmissionError> {
        if !described.conditions.is_empty() || !described.transforms.is_empty() {
            return Err(value(element, "a default rule has no conditions and no transforms"));
        }
        let listener = self.listeners.get_mut(&described.listener_arn).expect("the listener was looked up");
        if let Some(actions) = described.actions {
            let actions = Actions::read(actions, Source::Description).map_err(|it| refused(element, it))?;
            if actions != listener.actions {
                return Err(value(element, "the actions of a default rule are its listener's DefaultActions"));
            }
        }
        let rule = &mut listener.default_rule;
        rule.arn = described.rule_arn.unwrap_or_else(|| rule.arn.clone());
        rule.tags = described.tags.0;
        Ok(())
    }

    /// Every group that described actions name has to be described.
    pub(super) fn check_described_groups(&self, element: &str, actions: &Actions) -> Result<(), AdmissionError> {
        match actions.target_groups().find(|group| !self.target_groups.contains_key(*group)) {
            Some(group) => Err(unresolved(element, "TargetGroupArn", group, "targetGroups")),
            None => Ok(()),
        }
    }
}

impl DescribedRule {
    fn priority(&self) -> Option<String> {
        self.priority.as_ref().map(|priority| match priority {
            DescribedPriority::Number(number) => number.to_string(),
            DescribedPriority::Text(text) => text.clone(),
        })
    }
}
