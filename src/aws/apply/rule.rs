//! Writes to rules.

use aws_sdk_elasticloadbalancingv2::types as elb;
use northgate_planner::plan::{CreateRule, DeleteRule, ModifyRule, RulePriority, SetRulePriorities};

use super::{done, done_or_gone};
use crate::aws::error::{AwsError, Call, failed};
use crate::aws::to_sdk::{actions, conditions, elb_tags, id};
use crate::aws::{Inner, Performed};

/// Makes a rule. Unlike other creates a second one with the same settings is refused: its priority is in use.
pub(super) async fn create(account: &Inner, request: &CreateRule) -> Result<Performed, AwsError> {
    let CreateRule { listener_arn, priority, conditions: wanted, actions: done_with, tags } = request;
    let listener = id(listener_arn);
    let call = account.clients.elb.create_rule().listener_arn(&listener).priority(i32::from(*priority));
    let call = call.set_conditions(Some(conditions(wanted))).set_actions(Some(actions(done_with)));
    let answer = call.set_tags(Some(elb_tags(&tags.0))).send().await;
    let answer = answer.map_err(failed(Call::elb("CreateRule")))?;
    let Some(arn) = answer.rules().first().and_then(|rule| rule.rule_arn()) else {
        return Err(AwsError::Unreadable { resource: listener, member: "RuleArn", value: None });
    };
    Ok(Performed { physical_id: Some(arn.to_owned()), ..done(&answer) })
}

pub(super) async fn modify(account: &Inner, request: &ModifyRule) -> Result<Performed, AwsError> {
    let ModifyRule { rule_arn, conditions: wanted, actions: done_with, reset_transforms } = request;
    let call = account.clients.elb.modify_rule().rule_arn(rule_arn.as_str());
    let call = call.set_conditions(Some(conditions(wanted))).set_actions(Some(actions(done_with)));
    let answer = call.reset_transforms(*reset_transforms).send().await;
    Ok(done(&answer.map_err(failed(Call::elb("ModifyRule")))?))
}

pub(super) async fn set_priorities(account: &Inner, request: &SetRulePriorities) -> Result<Performed, AwsError> {
    let one = |RulePriority { rule_arn, priority }: &RulePriority| {
        elb::RulePriorityPair::builder().rule_arn(id(rule_arn)).priority(i32::from(*priority)).build()
    };
    let pairs = request.rule_priorities.iter().map(one).collect();
    let answer = account.clients.elb.set_rule_priorities().set_rule_priorities(Some(pairs)).send().await;
    Ok(done(&answer.map_err(failed(Call::elb("SetRulePriorities")))?))
}

pub(super) async fn delete(account: &Inner, request: &DeleteRule) -> Result<Performed, AwsError> {
    let DeleteRule { rule_arn } = request;
    let rule_arn = id(rule_arn);
    let answer = account.clients.elb.delete_rule().rule_arn(&rule_arn).send().await;
    let performed = done_or_gone(answer.map_err(failed(Call::elb("DeleteRule"))), &["RuleNotFound"])?;
    account.tags.forget(&rule_arn);
    Ok(performed)
}
