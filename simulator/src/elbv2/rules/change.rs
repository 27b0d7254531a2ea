//! Rules made, changed and deleted.

use serde::Deserialize;

use super::condition::{self, ConditionRequest};
use super::transform::{self, TransformRequest};
use super::{Condition, PriorityRequest, Rule, RulesResult};
use crate::clock::Moment;
use crate::elbv2::Done;
use crate::elbv2::actions::{ActionList, Actions, Source};
use crate::elbv2::protocol::Family;
use crate::elbv2::quotas::Quota;
use crate::elbv2::store::Store;
use crate::elbv2::tags::{self, TagList};
use crate::wire::ApiError;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct CreateRule {
    listener_arn: String,
    conditions: Vec<ConditionRequest>,
    priority: PriorityRequest,
    actions: ActionList,
    tags: Option<TagList>,
    transforms: Option<Vec<TransformRequest>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ModifyRule {
    rule_arn: String,
    conditions: Option<Vec<ConditionRequest>>,
    actions: Option<ActionList>,
    transforms: Option<Vec<TransformRequest>>,
    reset_transforms: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DeleteRule {
    rule_arn: String,
}

/// `CreateRule`: never the same rule twice, a taken priority is refused.
pub(crate) fn create(store: &mut Store, request: CreateRule, now: Moment) -> Result<RulesResult, ApiError> {
    let tags = tags::of_new_resource(request.tags)?;
    let listener = store.listener(&request.listener_arn)?;
    let (listener_arn, owner_arn) = (listener.arn.clone(), listener.load_balancer_arn.clone());
    let priority = request.priority.get();
    let rule = Rule {
        arn: String::new(),
        listener_arn,
        priority,
        conditions: request.conditions.into_iter().map(ConditionRequest::read).collect::<Result<_, _>>()?,
        actions: Actions::read(request.actions, Source::Call { standing: None })?,
        transforms: transform::read(request.transforms.unwrap_or_default())?,
        tags,
    };
    rule.check(store)?;
    if store.rules_of(&rule.listener_arn).iter().any(|other| other.priority == priority) {
        return Err(ApiError::new("PriorityInUse", format!("Priority '{priority}' is currently in use")));
    }
    if store.load_balancer(&owner_arn)?.family() == Family::Application {
        let standing = store.listeners_of(&owner_arn).map(|listener| store.rules_of(&listener.arn).len());
        store.options().quotas.check(Quota::RulesPerLoadBalancer, standing.sum::<usize>() + 1)?;
    }
    let id = store.names.id();
    let arn = store.names.rule(&rule.listener_arn, &id);
    store.put_rule(Rule { arn, ..rule }, now)
}

/// `ModifyRule`: what is not given stays; lists are replaced whole.
pub(crate) fn modify(store: &mut Store, request: ModifyRule, now: Moment) -> Result<RulesResult, ApiError> {
    let mut rule = store.changeable_rule(&request.rule_arn, "modified")?.clone();
    let reset = request.reset_transforms.unwrap_or(false);
    if reset && request.transforms.is_some() {
        return Err(ApiError::validation("You cannot specify Transforms and ResetTransforms at the same time"));
    }
    if request.conditions.is_none() && request.actions.is_none() && request.transforms.is_none() && !reset {
        return Err(ApiError::validation("Conditions, actions or transforms must be specified"));
    }
    if let Some(conditions) = request.conditions {
        rule.conditions = conditions.into_iter().map(ConditionRequest::read).collect::<Result<_, _>>()?;
    }
    if let Some(actions) = request.actions {
        rule.actions = Actions::read(actions, Source::Call { standing: Some(&rule.actions) })?;
    }
    if let Some(transforms) = request.transforms {
        rule.transforms = transform::read(transforms)?;
    } else if reset {
        rule.transforms.clear();
    }
    rule.check(store)?;
    store.put_rule(rule, now)
}

/// `DeleteRule`.
pub(crate) fn delete(store: &mut Store, request: DeleteRule, now: Moment) -> Result<Done, ApiError> {
    store.changeable_rule(&request.rule_arn, "deleted")?;
    store.rules.remove(&request.rule_arn);
    store.settle_usage(now);
    Ok(Done {})
}

/// Reads the conditions, actions and transforms of a described rule.
pub(crate) fn read_described(
    conditions: Vec<ConditionRequest>,
    actions: ActionList,
    transforms: Vec<TransformRequest>,
) -> Result<(Vec<Condition>, Actions, Vec<super::Transform>), ApiError> {
    Ok((
        conditions.into_iter().map(ConditionRequest::read_described).collect::<Result<_, _>>()?,
        Actions::read(actions, Source::Description)?,
        transform::read(transforms)?,
    ))
}

impl Rule {
    fn check(&self, store: &Store) -> Result<(), ApiError> {
        let listener = store.listener(&self.listener_arn)?;
        let owner = store.load_balancer(&listener.load_balancer_arn)?;
        condition::check(&self.conditions, owner, &store.options().quotas)?;
        if !self.transforms.is_empty() {
            owner.require(Family::Application, "Transforms")?;
        }
        self.actions.check(store, owner, listener.listening())
    }
}

impl Store {
    /// Puts a rule in its place, unless its load balancer would have too much with it.
    fn put_rule(&mut self, rule: Rule, now: Moment) -> Result<RulesResult, ApiError> {
        let description = rule.describe();
        let arn = rule.arn.clone();
        let owner = self.listener(&rule.listener_arn)?.load_balancer_arn.clone();
        let before = self.rules.insert(arn.clone(), rule);
        if let Err(refusal) = self.check_load_balancer(&owner) {
            match before {
                Some(before) => self.rules.insert(arn, before),
                None => self.rules.remove(&arn),
            };
            return Err(refusal);
        }
        self.settle_usage(now);
        Ok(RulesResult { rules: vec![description], next_marker: None })
    }
}
