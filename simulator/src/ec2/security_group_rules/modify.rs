//! Rules that are changed where they are: ModifySecurityGroupRules and the descriptions.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::error::{Kind, invalid_combination, missing};
use super::super::permissions::{Direction, IpPermission, Peer, Rule, Traffic, check_description};
use super::super::request::read;
use super::super::store::Account;
use super::{already_exists, does_not_exist};
use crate::wire::{ApiError, Tree};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Modify {
    group_id: String,
    #[serde(rename = "SecurityGroupRule")]
    rules: Vec<Update>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Update {
    security_group_rule_id: String,
    #[serde(rename = "SecurityGroupRule")]
    rule: Option<Wanted>,
}

/// What a rule is to be: all of it, for what is left out is gone.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Wanted {
    ip_protocol: Option<String>,
    from_port: Option<i32>,
    to_port: Option<i32>,
    cidr_ipv4: Option<String>,
    cidr_ipv6: Option<String>,
    prefix_list_id: Option<String>,
    referenced_group_id: Option<String>,
    description: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Descriptions {
    group_id: Option<String>,
    group_name: Option<String>,
    #[serde(default)]
    ip_permissions: Vec<IpPermission>,
    #[serde(default, rename = "SecurityGroupRuleDescription")]
    by_id: Vec<RuleDescription>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RuleDescription {
    security_group_rule_id: String,
    description: Option<String>,
}

impl Account {
    /// ModifySecurityGroupRules: all of them, or none.
    pub(in super::super) fn modify_security_group_rules(&mut self, params: &Tree) -> Result<Value, ApiError> {
        let request: Modify = read(params)?;
        let mut group = self.group(Some(request.group_id), None)?;
        for Update { security_group_rule_id: id, rule: wanted } in request.rules {
            let wanted = wanted.ok_or_else(|| missing("SecurityGroupRule"))?;
            let position = group.rules.iter().position(|rule| rule.id == id);
            let position = position.ok_or_else(|| Kind::SecurityGroupRule.not_found(&id))?;
            let rule = wanted.in_place_of(&group.rules[position], &self.scope.account)?;
            if group.rules.iter().any(|other| other.id != id && other.is(&rule)) {
                return Err(already_exists(&rule));
            }
            self.check_peer(&group, &rule)?;
            group.rules[position] = rule;
        }
        self.check_quota(&group, Direction::Ingress)?;
        self.check_quota(&group, Direction::Egress)?;
        self.security_groups.insert(group.group_id.clone(), group);
        Ok(json!({ "Return": true }))
    }

    /// UpdateSecurityGroupRuleDescriptionsIngress and UpdateSecurityGroupRuleDescriptionsEgress
    pub(in super::super) fn update_descriptions(
        &mut self,
        params: &Tree,
        direction: Direction,
    ) -> Result<Value, ApiError> {
        let request: Descriptions = read(params)?;
        let mut group = self.group(request.group_id, request.group_name)?;
        match (request.ip_permissions.is_empty(), request.by_id.is_empty()) {
            (false, false) => return Err(invalid_combination("Give permissions or rule ids, not both")),
            (true, true) => return Err(missing("ipPermissions")),
            (false, true) => {
                for wanted in self.rules_asked_for(&group, request.ip_permissions, direction)? {
                    let rule = group.rules.iter_mut().find(|rule| rule.is(&wanted)).ok_or_else(does_not_exist)?;
                    rule.description = wanted.description;
                }
            }
            (true, false) => {
                for RuleDescription { security_group_rule_id: id, description } in request.by_id {
                    check_description("rule description", description.as_deref().unwrap_or_default())?;
                    let this = |rule: &&mut Rule| rule.id == id && rule.direction == direction;
                    let rule = group.rules.iter_mut().find(this);
                    rule.ok_or_else(|| Kind::SecurityGroupRule.not_found(&id))?.description = description;
                }
            }
        }
        self.security_groups.insert(group.group_id.clone(), group);
        Ok(json!({ "Return": true }))
    }
}

impl Wanted {
    /// The rule that `existing` becomes; its id, direction and tags stay.
    fn in_place_of(self, existing: &Rule, account: &str) -> Result<Rule, ApiError> {
        let group = |group_id| Peer::Group { account: account.to_owned(), group_id };
        let peers = [
            self.cidr_ipv4.as_deref().map(Peer::ipv4).transpose()?,
            self.cidr_ipv6.as_deref().map(Peer::ipv6).transpose()?,
            self.prefix_list_id.map(Peer::PrefixList),
            self.referenced_group_id.map(group),
        ];
        let mut peers = peers.into_iter().flatten();
        let (Some(peer), None) = (peers.next(), peers.next()) else {
            let message = "A rule has exactly one of CidrIpv4, CidrIpv6, PrefixListId and ReferencedGroupId";
            return Err(invalid_combination(message));
        };
        let protocol = self.ip_protocol.as_deref().ok_or_else(|| missing("IpProtocol"))?;
        let traffic = Traffic::read(protocol, self.from_port, self.to_port)?;
        check_description("rule description", self.description.as_deref().unwrap_or_default())?;
        let (id, tags) = (existing.id.clone(), existing.tags.clone());
        Ok(Rule { id, tags, description: self.description, ..Rule::new(existing.direction, traffic, peer) })
    }
}
