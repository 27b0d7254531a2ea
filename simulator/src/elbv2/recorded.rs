//! Load balancing that was recorded: what was seen is answered as it was seen, whatever the model would make of it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::admission::Pairs;
use super::arn::Resource;
use crate::wire::{ApiError, Tree, request};

/// What a description adds to the members that AWS itself lists.
const ADDED: &[&str] = &["Tags", "Attributes", "Targets"];

/// Elements in the shape that the AWS CLI prints. One that was never listed holds only what was asked of it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Recorded {
    load_balancers: Vec<Map<String, Value>>,
    target_groups: Vec<Map<String, Value>>,
    listeners: Vec<Map<String, Value>>,
    rules: Vec<Map<String, Value>>,
}

/// What narrows a question, whichever call it is.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Narrowed {
    names: Option<Vec<String>>,
    load_balancer_arn: Option<String>,
    load_balancer_arns: Option<Vec<String>>,
    target_group_arn: Option<String>,
    target_group_arns: Option<Vec<String>>,
    listener_arn: Option<String>,
    listener_arns: Option<Vec<String>>,
    rule_arns: Option<Vec<String>>,
    resource_arns: Option<Vec<String>>,
}

/// One kind of element: its list, and the members that identify it.
struct Kind<'r> {
    resource: Resource,
    elements: &'r [Map<String, Value>],
    arn: &'static str,
    /// A member that every element has that was listed.
    listed: &'static str,
}

impl Recorded {
    /// Answers a call that reads; nothing can be written.
    pub(crate) fn answer(&self, action: &str, params: &Tree) -> Result<Value, ApiError> {
        let narrowed: Narrowed = request(params)?;
        let of_load_balancer = ("LoadBalancerArn", narrowed.load_balancer_arn.clone());
        match action {
            "DescribeLoadBalancers" => {
                let names = ("LoadBalancerName", narrowed.names);
                let found =
                    self.load_balancers().listed(narrowed.load_balancer_arns, names, (of_load_balancer.0, None))?;
                Ok(json!({ "LoadBalancers": found }))
            }
            "DescribeTargetGroups" => {
                let names = ("TargetGroupName", narrowed.names);
                let of = ("LoadBalancerArns", narrowed.load_balancer_arn);
                Ok(json!({ "TargetGroups": self.target_groups().listed(narrowed.target_group_arns, names, of)? }))
            }
            "DescribeListeners" => {
                let found = self.listeners().listed(narrowed.listener_arns, ("", None), of_load_balancer)?;
                Ok(json!({ "Listeners": found }))
            }
            "DescribeRules" => {
                let of = ("ListenerArn", narrowed.listener_arn);
                Ok(json!({ "Rules": self.rules().listed(narrowed.rule_arns, ("", None), of)? }))
            }
            "DescribeTags" => self.tags(&narrowed.resource_arns.unwrap_or_default()),
            "DescribeLoadBalancerAttributes" => attributes(self.load_balancers().one(narrowed.load_balancer_arn)?),
            "DescribeTargetGroupAttributes" => attributes(self.target_groups().one(narrowed.target_group_arn)?),
            "DescribeListenerAttributes" => attributes(self.listeners().one(narrowed.listener_arn)?),
            "DescribeListenerCertificates" => {
                let listener = self.listeners().one(narrowed.listener_arn)?;
                let certificates = listener.get("Certificates").cloned().unwrap_or_else(|| json!([]));
                Ok(json!({ "Certificates": certificates }))
            }
            "DescribeTargetHealth" => {
                let group = self.target_groups().one(narrowed.target_group_arn)?;
                Ok(json!({ "TargetHealthDescriptions": group.get("Targets").cloned().unwrap_or_else(|| json!([])) }))
            }
            _ => Err(ApiError::validation(format!("A recorded account answers what was read of it, and no {action}"))),
        }
    }

    fn load_balancers(&self) -> Kind<'_> {
        let elements = &self.load_balancers;
        Kind { resource: Resource::LoadBalancer, elements, arn: "LoadBalancerArn", listed: "LoadBalancerName" }
    }

    fn target_groups(&self) -> Kind<'_> {
        let elements = &self.target_groups;
        Kind { resource: Resource::TargetGroup, elements, arn: "TargetGroupArn", listed: "TargetGroupName" }
    }

    fn listeners(&self) -> Kind<'_> {
        let elements = &self.listeners;
        Kind { resource: Resource::Listener, elements, arn: "ListenerArn", listed: "LoadBalancerArn" }
    }

    fn rules(&self) -> Kind<'_> {
        Kind { resource: Resource::Rule, elements: &self.rules, arn: "RuleArn", listed: "Priority" }
    }

    fn tags(&self, arns: &[String]) -> Result<Value, ApiError> {
        let kinds = [self.load_balancers(), self.target_groups(), self.listeners(), self.rules()];
        let described = arns.iter().map(|arn| {
            let found = kinds.iter().find_map(|kind| kind.find(arn));
            let found = found.ok_or_else(|| Resource::of(arn).unwrap_or(Resource::LoadBalancer).not_found())?;
            Ok(json!({ "ResourceArn": arn, "Tags": key_values(found.get("Tags"))? }))
        });
        Ok(json!({ "TagDescriptions": described.collect::<Result<Vec<_>, ApiError>>()? }))
    }
}

impl<'r> Kind<'r> {
    fn find(&self, arn: &str) -> Option<&'r Map<String, Value>> {
        self.elements.iter().find(|element| element.get(self.arn).and_then(Value::as_str) == Some(arn))
    }

    fn one(&self, arn: Option<String>) -> Result<&'r Map<String, Value>, ApiError> {
        arn.and_then(|arn| self.find(&arn)).ok_or_else(|| self.resource.not_found())
    }

    /// What was listed, as AWS lists it: with these ARNs, these names and this owner, where they are given.
    fn listed(
        &self,
        arns: Option<Vec<String>>,
        names: (&str, Option<Vec<String>>),
        owner: (&str, Option<String>),
    ) -> Result<Vec<Map<String, Value>>, ApiError> {
        let mut found = self.elements.iter().filter(|element| element.contains_key(self.listed)).collect::<Vec<_>>();
        for (member, wanted) in [(self.arn, arns), names] {
            if let Some(wanted) = wanted {
                found.retain(|element| wanted.iter().any(|value| holds(element, member, value)));
                if found.len() < wanted.len() {
                    return Err(self.resource.not_found());
                }
            }
        }
        if let (member, Some(owner)) = owner {
            found.retain(|element| holds(element, member, &owner));
        }
        let own = |element: &Map<String, Value>| {
            let members = element.iter().filter(|(member, _)| !ADDED.contains(&member.as_str()));
            members.map(|(member, value)| (member.clone(), value.clone())).collect()
        };
        Ok(found.into_iter().map(own).collect())
    }
}

/// Whether a member is this text, or a list with it.
fn holds(element: &Map<String, Value>, member: &str, text: &str) -> bool {
    match element.get(member) {
        Some(Value::Array(items)) => items.iter().any(|item| item == text),
        Some(value) => value == text,
        None => false,
    }
}

fn attributes(element: &Map<String, Value>) -> Result<Value, ApiError> {
    Ok(json!({ "Attributes": key_values(element.get("Attributes"))? }))
}

/// Pairs in either form, as AWS answers them.
fn key_values(pairs: Option<&Value>) -> Result<Vec<BTreeMap<&'static str, String>>, ApiError> {
    let Some(pairs) = pairs else { return Ok(Vec::new()) };
    let pairs = Pairs::deserialize(pairs).map_err(|error| ApiError::validation(error.to_string()))?;
    Ok(pairs.0.into_iter().map(|(key, value)| BTreeMap::from([("Key", key), ("Value", value)])).collect())
}
