//! Listeners of an account description.

use serde::Deserialize;

use super::super::actions::{ActionList, Actions};
use super::super::attributes::of_listener;
use super::super::listeners::{Listener, Port};
use super::super::protocol::Protocol;
use super::super::rules::Rule;
use super::super::store::Store;
use super::super::tags::Tags;
use super::{AdmissionError, Pairs, attributes, refused, unresolved};

/// An element of `elbv2 describe-listeners`, with its tags and attributes.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DescribedListener {
    listener_arn: Option<String>,
    load_balancer_arn: String,
    port: Port,
    protocol: Protocol,
    default_actions: ActionList,
    #[serde(default)]
    tags: Pairs,
    #[serde(default)]
    attributes: Pairs,
}

impl Store {
    pub(super) fn described_listener(&mut self, described: DescribedListener) -> Result<Listener, AdmissionError> {
        let owner = described.load_balancer_arn;
        let port = described.port.get();
        let element = format!("listeners: {owner} port {port}");
        if !self.load_balancers.contains_key(&owner) {
            return Err(unresolved(&element, "LoadBalancerArn", &owner, "loadBalancers"));
        }
        let actions = Actions::read(described.default_actions).map_err(|refusal| refused(&element, refusal))?;
        if let Some(group) = actions.target_groups().find(|group| !self.target_groups.contains_key(*group)) {
            return Err(unresolved(&element, "TargetGroupArn", group, "targetGroups"));
        }
        let (listener_id, rule_id) = (self.names.id(), self.names.id());
        let arn = described.listener_arn.unwrap_or_else(|| self.names.listener(&owner, &listener_id));
        Ok(Listener {
            default_rule: Rule { arn: self.names.rule(&arn, &rule_id), tags: Tags::new() },
            arn,
            load_balancer_arn: owner,
            port,
            protocol: described.protocol,
            actions,
            attributes: attributes(&element, &of_listener(described.protocol), described.attributes)?,
            tags: described.tags.0,
        })
    }
}
