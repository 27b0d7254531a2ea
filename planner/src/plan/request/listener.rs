//! Requests about listeners and their rules.

use serde::Serialize;
use serde_json::json;

use super::TagList;
use crate::id::{CertificateArn, ListenerArn, LoadBalancerArn, Protocol, Ref, RuleArn};
use crate::model::{Action, Condition, serialize_actions};

/// Actions as AWS takes them.
fn in_order<S: serde::Serializer>(actions: &[Action], serializer: S) -> Result<S::Ok, S::Error> {
    serialize_actions(actions, serializer)
}

/// A listener's default certificate as AWS takes it: a list of one.
fn list_of_one<S: serde::Serializer>(certificate: &Option<CertificateArn>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(certificate.iter().map(|arn| json!({ "CertificateArn": arn })))
}

fn certificates<S: serde::Serializer>(certificates: &[CertificateArn], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(certificates.iter().map(|arn| json!({ "CertificateArn": arn })))
}

/// Request of CreateListener.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateListener {
    /// The load balancer.
    pub load_balancer_arn: Ref<LoadBalancerArn>,
    /// The port.
    pub port: u16,
    /// The protocol.
    pub protocol: Protocol,
    /// What it does with a request that no rule takes.
    #[serde(serialize_with = "in_order")]
    pub default_actions: Vec<Action>,
    /// Its default certificate.
    #[serde(rename = "Certificates", skip_serializing_if = "Option::is_none", serialize_with = "list_of_one")]
    pub certificate: Option<CertificateArn>,
    /// Its security policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ssl_policy: Option<String>,
    /// Tags set in the same call.
    pub tags: TagList,
}

/// Request of ModifyListener.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ModifyListener {
    /// The listener.
    pub listener_arn: ListenerArn,
    /// The port.
    pub port: u16,
    /// The protocol.
    pub protocol: Protocol,
    /// What it does with a request that no rule takes.
    #[serde(serialize_with = "in_order")]
    pub default_actions: Vec<Action>,
    /// Its default certificate.
    #[serde(rename = "Certificates", skip_serializing_if = "Option::is_none", serialize_with = "list_of_one")]
    pub certificate: Option<CertificateArn>,
    /// Its security policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ssl_policy: Option<String>,
}

/// Request of DeleteListener.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeleteListener {
    /// The listener.
    pub listener_arn: ListenerArn,
}

/// Request of AddListenerCertificates and RemoveListenerCertificates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListenerCertificates {
    /// The listener.
    pub listener_arn: Ref<ListenerArn>,
    /// One: AWS takes no more in a call.
    #[serde(serialize_with = "certificates")]
    pub certificates: Vec<CertificateArn>,
}

/// Request of ModifyListenerAttributes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ModifyListenerAttributes {
    /// The listener.
    pub listener_arn: Ref<ListenerArn>,
    /// Only the attributes that change.
    pub attributes: TagList,
}

/// Request of CreateRule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateRule {
    /// The listener.
    pub listener_arn: Ref<ListenerArn>,
    /// 1 to 50,000, taken by no other rule of the listener.
    pub priority: u16,
    /// What a request has to be.
    pub conditions: Vec<Condition>,
    /// What is done with it.
    #[serde(serialize_with = "in_order")]
    pub actions: Vec<Action>,
    /// Tags set in the same call.
    pub tags: TagList,
}

/// Request of ModifyRule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ModifyRule {
    /// The rule.
    pub rule_arn: RuleArn,
    /// What a request has to be.
    pub conditions: Vec<Condition>,
    /// What is done with it.
    #[serde(serialize_with = "in_order")]
    pub actions: Vec<Action>,
    /// Always: we never want any.
    pub reset_transforms: bool,
}

/// Request of SetRulePriorities: all of it takes effect at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct SetRulePriorities {
    /// Only the rules whose priority changes.
    pub rule_priorities: Vec<RulePriority>,
}

/// One rule and its priority.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct RulePriority {
    /// The rule; one may be made earlier in the plan.
    pub rule_arn: Ref<RuleArn>,
    /// 1 to 50,000.
    pub priority: u16,
}

/// Request of DeleteRule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeleteRule {
    /// The rule; it may be made earlier in the plan.
    pub rule_arn: Ref<RuleArn>,
}
