//! Rules. A listener of a network load balancer has its default rule and no other.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::actions::ActionDescription;
use super::arn::Resource;
use super::listeners::Listener;
use super::paging::{PageSize, Paging};
use super::store::Store;
use super::tags::Tags;
use crate::wire::ApiError;

/// A listener's default rule; its actions are the listener's default actions.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
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
pub(crate) struct DescribeRulesResult {
    rules: Vec<Description>,
    next_marker: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Description {
    rule_arn: String,
    priority: &'static str,
    conditions: [(); 0],
    actions: Vec<ActionDescription>,
    is_default: bool,
}

/// `DescribeRules`: of one listener, or those named.
pub(crate) fn describe(store: &Store, request: DescribeRules) -> Result<DescribeRulesResult, ApiError> {
    let found = match (&request.listener_arn, request.rule_arns.as_deref()) {
        (Some(arn), None) => BTreeMap::from([describe_default(store.listener(arn)?)]),
        (None, Some(arns)) if !arns.is_empty() => {
            arns.iter().try_for_each(|arn| Resource::Rule.check(arn))?;
            let of_arn = |arn: &String| {
                let mut listeners = store.listeners.values();
                let listener = listeners.find(|listener| listener.default_rule.arn == *arn);
                listener.map(describe_default).ok_or_else(|| Resource::Rule.not_found())
            };
            arns.iter().map(of_arn).collect::<Result<_, _>>()?
        }
        _ => {
            return Err(ApiError::validation("You must specify either rule ARNs or a listener ARN"));
        }
    };
    let (rules, next_marker) =
        Paging { marker: request.marker, size: request.page_size }.page(found.into_iter().collect())?;
    Ok(DescribeRulesResult { rules, next_marker })
}

pub(super) fn describe_default(listener: &Listener) -> (String, Description) {
    let rule_arn = listener.default_rule.arn.clone();
    let description = Description {
        rule_arn: rule_arn.clone(),
        priority: "default",
        conditions: [],
        actions: listener.actions.describe(),
        is_default: true,
    };
    (rule_arn, description)
}
