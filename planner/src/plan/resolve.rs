//! References to what earlier steps made, replaced by the ids that AWS gave.

use std::collections::BTreeMap;

use serde_json::Value;

use super::change::{AwsChange, Change, KubeChange, Write};
use crate::id::{ListenerArn, LoadBalancerArn, Ref, ResourceKey, RuleArn, SecurityGroupId, TargetGroupArn};
use crate::model::{Action, Peer};

/// What creates returned so far: the ARN or physical id of each resource.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Made(BTreeMap<ResourceKey, String>);

impl Made {
    /// Notes what a create returned.
    pub fn note(&mut self, key: ResourceKey, physical_id: String) {
        self.0.insert(key, physical_id);
    }

    /// Adds what another plan made; its ids win over those noted before.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The id of a resource that an earlier step made.
    pub fn get(&self, key: &ResourceKey) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }
}

/// A write in which every reference is known. Made by [`resolve`] only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved<T>(T);

impl<T> std::ops::Deref for Resolved<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl Resolved<Write> {
    /// The write, by where it goes.
    pub fn split(self) -> Result<Resolved<AwsChange>, Resolved<KubeChange>> {
        match self.0 {
            Write::Aws(change) => Ok(Resolved(change)),
            Write::Kube(change) => Err(Resolved(change)),
        }
    }
}

/// A reference to a resource that no step has made, `TYPE/ID`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} has not been made yet")]
pub struct Unresolved(pub String);

/// Replaces every reference of a change by the id that AWS gave.
///
/// # Errors
///
/// The first resource that has not been made.
pub fn resolve(change: &Change, made: &Made) -> Result<Resolved<Write>, Unresolved> {
    let mut write = change.write.clone();
    match &mut write {
        Write::Aws(change) => aws(change, made)?,
        Write::Kube(KubeChange::Create(create)) => json(&mut create.object, made)?,
        Write::Kube(KubeChange::Patch(patch)) => json(&mut patch.patch, made)?,
        Write::Kube(KubeChange::Delete(_)) => {}
    }
    Ok(Resolved(write))
}

fn aws(change: &mut AwsChange, made: &Made) -> Result<(), Unresolved> {
    match change {
        AwsChange::AuthorizeSecurityGroupIngress(request) | AwsChange::RevokeSecurityGroupIngress(request) => {
            fill(&mut request.group_id, made)?;
            for rule in &mut request.ip_permissions {
                if let Peer::SecurityGroup(group) = &mut rule.peer {
                    fill(group, made)?;
                }
            }
        }
        AwsChange::ModifyTargetGroupAttributes(request) => fill(&mut request.target_group_arn, made)?,
        AwsChange::CreateLoadBalancer(request) => {
            for group in &mut request.security_groups {
                fill(group, made)?;
            }
        }
        AwsChange::SetSecurityGroups(request) => {
            for group in &mut request.security_groups {
                fill(group, made)?;
            }
        }
        AwsChange::CreateListener(request) => {
            fill(&mut request.load_balancer_arn, made)?;
            fill_actions(&mut request.default_actions, made)?;
        }
        AwsChange::ModifyListener(request) => fill_actions(&mut request.default_actions, made)?,
        AwsChange::ModifyLoadBalancerAttributes(request) => fill(&mut request.load_balancer_arn, made)?,
        AwsChange::ModifyListenerAttributes(request) => fill(&mut request.listener_arn, made)?,
        AwsChange::AddListenerCertificates(request) | AwsChange::RemoveListenerCertificates(request) => {
            fill(&mut request.listener_arn, made)?;
        }
        AwsChange::CreateRule(request) => {
            fill(&mut request.listener_arn, made)?;
            fill_actions(&mut request.actions, made)?;
        }
        AwsChange::ModifyRule(request) => fill_actions(&mut request.actions, made)?,
        AwsChange::SetRulePriorities(request) => {
            for rule in &mut request.rule_priorities {
                fill(&mut rule.rule_arn, made)?;
            }
        }
        AwsChange::DeleteRule(request) => fill(&mut request.rule_arn, made)?,
        AwsChange::RegisterTargets(request) | AwsChange::DeregisterTargets(request) => {
            fill(&mut request.target_group_arn, made)?;
        }
        // In full: a request with a new reference must not be forgotten here.
        AwsChange::CreateSecurityGroup(_)
        | AwsChange::DeleteSecurityGroup(_)
        | AwsChange::CreateTags(_)
        | AwsChange::DeleteTags(_)
        | AwsChange::CreateTargetGroup(_)
        | AwsChange::ModifyTargetGroup(_)
        | AwsChange::DeleteTargetGroup(_)
        | AwsChange::SetSubnets(_)
        | AwsChange::SetIpAddressType(_)
        | AwsChange::DeleteLoadBalancer(_)
        | AwsChange::DeleteListener(_)
        | AwsChange::AddTags(_)
        | AwsChange::RemoveTags(_) => {}
    }
    Ok(())
}

fn fill_actions(actions: &mut [Action], made: &Made) -> Result<(), Unresolved> {
    for action in actions {
        if let Action::Forward(forward) = action {
            for tuple in &mut forward.target_groups {
                fill(&mut tuple.target_group_arn, made)?;
            }
        }
    }
    Ok(())
}

trait FromText {
    fn from_text(text: &str) -> Self;
}

macro_rules! from_text {
    ($($name:ident)*) => {$(
        impl FromText for $name {
            fn from_text(text: &str) -> Self {
                Self::new(text)
            }
        }
    )*};
}

from_text! { SecurityGroupId TargetGroupArn LoadBalancerArn ListenerArn RuleArn }

fn fill<Id: FromText>(reference: &mut Ref<Id>, made: &Made) -> Result<(), Unresolved> {
    if let Ref::Made(key) = reference {
        let id = made.get(key).ok_or_else(|| Unresolved(key.to_string()))?;
        *reference = Ref::Known(Id::from_text(id));
    }
    Ok(())
}

/// References inside an object stand as `{"ref": "TYPE/ID"}`.
fn json(value: &mut Value, made: &Made) -> Result<(), Unresolved> {
    match value {
        Value::Object(map) => {
            if let (1, Some(Value::String(text))) = (map.len(), map.get("ref")) {
                let found = made.0.iter().find(|(key, _)| key.to_string() == *text);
                let (_, id) = found.ok_or_else(|| Unresolved(text.clone()))?;
                *value = Value::String(id.clone());
                return Ok(());
            }
            for entry in map.values_mut() {
                json(entry, made)?;
            }
        }
        Value::Array(list) => {
            for entry in list {
                json(entry, made)?;
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    Ok(())
}
