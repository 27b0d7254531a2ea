//! The rules of security groups: put in and taken out, each one of them described and tagged.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::describe::{Described, Filters, describe};
use super::error::{Kind, invalid_combination, invalid_parameter, missing, refused};
use super::permissions::{Direction, IpPermission, Peer, Rule};
use super::request::read;
use super::security_groups::SecurityGroup;
use super::store::Account;
use super::tags::{TagSpecification, Tags};
use crate::wire::{self, ApiError, Tree};

mod modify;

/// The type of a rule in `TagSpecification` and in DescribeTags.
pub(super) const RESOURCE_TYPE: &str = "security-group-rule";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Authorize {
    group_id: Option<String>,
    group_name: Option<String>,
    #[serde(default)]
    ip_permissions: Vec<IpPermission>,
    #[serde(default, rename = "TagSpecification")]
    tag_specifications: Vec<TagSpecification>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Revoke {
    group_id: Option<String>,
    group_name: Option<String>,
    #[serde(default)]
    ip_permissions: Vec<IpPermission>,
    #[serde(default, rename = "SecurityGroupRuleId")]
    rule_ids: Vec<String>,
}

/// A rule as AWS prints it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct SecurityGroupRule {
    security_group_rule_id: String,
    security_group_rule_arn: String,
    group_id: String,
    group_owner_id: String,
    is_egress: bool,
    ip_protocol: String,
    /// -1 where the protocol has no ports.
    from_port: i32,
    to_port: i32,
    cidr_ipv4: Option<String>,
    cidr_ipv6: Option<String>,
    prefix_list_id: Option<String>,
    referenced_group_info: Option<ReferencedGroup>,
    description: Option<String>,
    tags: Tags,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct ReferencedGroup {
    group_id: String,
    user_id: String,
    peering_status: Option<String>,
    vpc_id: Option<String>,
    vpc_peering_connection_id: Option<String>,
}

impl Described for SecurityGroupRule {
    const KIND: Kind = Kind::SecurityGroupRule;
    const FILTERS: Filters<Self> = &[
        ("group-id", |rule| vec![rule.group_id.clone()]),
        ("security-group-rule-id", |rule| vec![rule.security_group_rule_id.clone()]),
    ];

    fn id(&self) -> &str {
        &self.security_group_rule_id
    }

    fn tags(&self) -> &Tags {
        &self.tags
    }
}

impl Account {
    /// DescribeSecurityGroupRules
    pub(super) fn describe_security_group_rules(&self, params: &Tree) -> Result<Value, ApiError> {
        let groups = self.security_groups.values();
        let mut rules: Vec<SecurityGroupRule> =
            groups.flat_map(|group| group.rules.iter().map(|rule| self.rule_shown(group, rule))).collect();
        rules.sort_by(|one, other| one.security_group_rule_id.cmp(&other.security_group_rule_id));
        describe(params, "SecurityGroupRuleId", "SecurityGroupRules", &rules)
    }

    /// AuthorizeSecurityGroupIngress and AuthorizeSecurityGroupEgress: all of the rules, or none.
    pub(super) fn authorize(&mut self, params: &Tree, direction: Direction) -> Result<Value, ApiError> {
        let request: Authorize = read(params)?;
        let mut group = self.group(request.group_id, request.group_name)?;
        let tags = Tags::specified(&request.tag_specifications, RESOURCE_TYPE)?;
        let mut added = self.rules_asked_for(&group, request.ip_permissions, direction)?;
        for rule in &mut added {
            if group.rules.iter().any(|existing| existing.is(rule)) {
                return Err(already_exists(rule));
            }
            self.check_peer(&group, rule)?;
            rule.id = self.new_id("sgr");
            rule.tags = tags.clone();
            group.rules.push(rule.clone());
        }
        self.check_quota(&group, direction)?;
        let rules: Vec<_> = added.iter().map(|rule| self.rule_shown(&group, rule)).collect();
        self.security_groups.insert(group.group_id.clone(), group);
        Ok(json!({ "Return": true, "SecurityGroupRules": wire::answer(&rules) }))
    }

    /// RevokeSecurityGroupIngress and RevokeSecurityGroupEgress: all of the rules, or none; in a default VPC those
    /// that exist.
    pub(super) fn revoke(&mut self, params: &Tree, direction: Direction) -> Result<Value, ApiError> {
        let request: Revoke = read(params)?;
        let mut group = self.group(request.group_id, request.group_name)?;
        let mut unknown = Vec::new();
        let mut revoked = Vec::new();
        if request.rule_ids.is_empty() {
            for rule in self.rules_asked_for(&group, request.ip_permissions, direction)? {
                match group.rules.iter().position(|existing| existing.is(&rule)) {
                    Some(position) => revoked.push(group.rules.remove(position)),
                    None => unknown.push(rule),
                }
            }
        } else if !request.ip_permissions.is_empty() {
            return Err(invalid_combination("Give permissions or rule ids, not both"));
        }
        for id in &request.rule_ids {
            let this = |rule: &Rule| rule.id == *id && rule.direction == direction;
            let position = group.rules.iter().position(this);
            revoked.push(group.rules.remove(position.ok_or_else(|| Kind::SecurityGroupRule.not_found(id))?));
        }
        let in_default_vpc = self.vpcs.get(&group.vpc_id).is_some_and(|vpc| vpc.is_default);
        if !(unknown.is_empty() || in_default_vpc) {
            return Err(does_not_exist());
        }
        let rules: Vec<Value> = revoked.iter().map(|rule| self.rule_shown(&group, rule).revoked()).collect();
        self.security_groups.insert(group.group_id.clone(), group);
        Ok(json!({
            "Return": true,
            "RevokedSecurityGroupRules": rules,
            "UnknownIpPermissions": wire::answer(&IpPermission::bundle(unknown.iter())),
        }))
    }

    /// The rules that have tags.
    pub(crate) fn tagged_rules(&self) -> Vec<Value> {
        let all = self.security_groups.values().flat_map(|group| group.rules.iter().map(move |rule| (group, rule)));
        let tagged = all.filter(|(_, rule)| !rule.tags.is_empty());
        tagged.map(|(group, rule)| wire::answer(&self.rule_shown(group, rule))).collect()
    }

    /// The group with this id; in a default VPC its name will do.
    fn group(&self, id: Option<String>, name: Option<String>) -> Result<SecurityGroup, ApiError> {
        let id = match (id, name) {
            (Some(id), _) => id,
            (None, Some(name)) => {
                let default = self.vpcs.values().find(|vpc| vpc.is_default);
                self.group_named(&name, default.map(|vpc| vpc.vpc_id.as_str()).unwrap_or_default())?
            }
            (None, None) => return Err(missing("groupId")),
        };
        self.security_groups.get(&id).cloned().ok_or_else(|| Kind::SecurityGroup.not_found(&id))
    }

    fn group_named(&self, name: &str, vpc_id: &str) -> Result<String, ApiError> {
        let this = |group: &&SecurityGroup| group.vpc_id == vpc_id && group.group_name == name;
        let found = self.security_groups.values().find(this).map(|group| group.group_id.clone());
        found.ok_or_else(|| Kind::SecurityGroup.not_found(name))
    }

    fn rules_asked_for(
        &self,
        group: &SecurityGroup,
        mut permissions: Vec<IpPermission>,
        direction: Direction,
    ) -> Result<Vec<Rule>, ApiError> {
        for permission in &mut permissions {
            permission.resolve_names(|name| self.group_named(name, &group.vpc_id))?;
        }
        let rules = IpPermission::rules(&permissions, direction, &self.scope.account)?;
        if rules.is_empty() {
            return Err(missing("ipPermissions"));
        }
        let twice = rules.iter().enumerate().any(|(at, rule)| rules[..at].iter().any(|earlier| earlier.is(rule)));
        if twice {
            return Err(invalid_parameter("The same permission must not appear multiple times"));
        }
        Ok(rules)
    }

    /// What a rule names has to be there: a group in the same VPC, or in one that is peered with it.
    fn check_peer(&self, group: &SecurityGroup, rule: &Rule) -> Result<(), ApiError> {
        match &rule.peer {
            Peer::Ipv4(_) | Peer::Ipv6(_) => Ok(()),
            Peer::PrefixList(id) if self.prefix_lists.contains_key(id) => Ok(()),
            Peer::PrefixList(id) => Err(Kind::PrefixList.not_found(id)),
            Peer::Group { account, group_id } if *account != self.scope.account => {
                if self.is_peered_with_account(&group.vpc_id, account) {
                    return Ok(());
                }
                Err(Kind::SecurityGroup.not_found(group_id))
            }
            Peer::Group { group_id, .. } => match self.security_groups.get(group_id) {
                Some(peer) if peer.vpc_id == group.vpc_id => Ok(()),
                Some(peer) if self.is_peered(&group.vpc_id, &peer.vpc_id) => Ok(()),
                Some(_) => {
                    let message = "You have specified two resources that belong to different networks.";
                    Err(refused("InvalidGroup.NotFound", message))
                }
                None => Err(Kind::SecurityGroup.not_found(group_id)),
            },
        }
    }

    /// Rules are counted for each address family; a group counts in both, a prefix list with its maximum of entries.
    pub(super) fn check_quota(&self, group: &SecurityGroup, direction: Direction) -> Result<(), ApiError> {
        let (mut ipv4, mut ipv6) = (0_u32, 0_u32);
        for rule in group.rules(direction) {
            let (in_ipv4, in_ipv6) = match &rule.peer {
                Peer::Ipv4(_) => (1, 0),
                Peer::Ipv6(_) => (0, 1),
                Peer::Group { .. } => (1, 1),
                Peer::PrefixList(id) => self.prefix_lists.get(id).map_or((1, 1), |list| list.weight()),
            };
            ipv4 = ipv4.saturating_add(in_ipv4);
            ipv6 = ipv6.saturating_add(in_ipv6);
        }
        if ipv4.max(ipv6) > self.quotas.rules_per_group {
            let message = "The maximum number of rules per security group has been reached.";
            return Err(refused("RulesPerSecurityGroupLimitExceeded", message));
        }
        Ok(())
    }

    fn rule_shown(&self, group: &SecurityGroup, rule: &Rule) -> SecurityGroupRule {
        let (from_port, to_port) = rule.traffic.ports.unwrap_or((-1, -1));
        let mut shown = SecurityGroupRule {
            security_group_rule_arn: self.arn(RESOURCE_TYPE, &rule.id),
            security_group_rule_id: rule.id.clone(),
            group_id: group.group_id.clone(),
            group_owner_id: group.owner_id.clone(),
            is_egress: rule.direction == Direction::Egress,
            ip_protocol: rule.traffic.protocol.clone(),
            from_port,
            to_port,
            cidr_ipv4: None,
            cidr_ipv6: None,
            prefix_list_id: None,
            referenced_group_info: None,
            description: rule.description.clone(),
            tags: rule.tags.clone(),
        };
        match &rule.peer {
            Peer::Ipv4(cidr) => shown.cidr_ipv4 = Some(cidr.to_string()),
            Peer::Ipv6(cidr) => shown.cidr_ipv6 = Some(cidr.to_string()),
            Peer::PrefixList(id) => shown.prefix_list_id = Some(id.clone()),
            Peer::Group { account, group_id } => {
                shown.referenced_group_info = Some(ReferencedGroup {
                    group_id: group_id.clone(),
                    user_id: account.clone(),
                    peering_status: rule.peering.peering_status.clone(),
                    vpc_id: rule.peering.vpc_id.clone(),
                    vpc_peering_connection_id: rule.peering.vpc_peering_connection_id.clone(),
                });
            }
        }
        shown
    }
}

impl SecurityGroupRule {
    /// As the answer of a revocation shows it.
    fn revoked(&self) -> Value {
        let mut revoked = crate::service_model::EC2.trim("RevokedSecurityGroupRule", wire::answer(self));
        revoked["ReferencedGroupId"] = json!(self.referenced_group_info.as_ref().map(|group| &group.group_id));
        revoked
    }
}

fn already_exists(rule: &Rule) -> ApiError {
    let protocol = match rule.traffic.protocol.as_str() {
        "-1" => "ALL".to_owned(),
        protocol => protocol.to_ascii_uppercase(),
    };
    let ports = rule.traffic.ports.map(|(from, to)| format!(" from port: {from}, to port: {to},")).unwrap_or_default();
    let peer = rule.peer.text();
    let message = format!("the specified rule \"peer: {peer}, {protocol},{ports} ALLOW\" already exists");
    refused("InvalidPermission.Duplicate", message)
}

fn does_not_exist() -> ApiError {
    refused("InvalidPermission.NotFound", "The specified rule does not exist in this security group.")
}
