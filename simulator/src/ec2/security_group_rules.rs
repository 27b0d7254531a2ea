//! Rules put into security groups and taken out.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::error::{Kind, invalid_parameter, missing, refused};
use super::permissions::{Direction, IpPermission, Peer, Rule};
use super::request::read;
use super::security_groups::SecurityGroup;
use super::store::Account;
use super::tags::Tags;
use crate::wire::{self, ApiError, Tree};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Authorize {
    group_id: Option<String>,
    #[serde(default)]
    ip_permissions: Vec<IpPermission>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Revoke {
    group_id: Option<String>,
    #[serde(default)]
    ip_permissions: Vec<IpPermission>,
    #[serde(default, rename = "SecurityGroupRuleId")]
    rule_ids: Vec<String>,
}

/// A rule as AWS prints it.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Printed {
    security_group_rule_id: String,
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

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ReferencedGroup {
    group_id: String,
    user_id: String,
}

impl Account {
    /// AuthorizeSecurityGroupIngress and AuthorizeSecurityGroupEgress: all of the rules, or none.
    pub(super) fn authorize(&mut self, params: &Tree, direction: Direction) -> Result<Value, ApiError> {
        let request: Authorize = read(params)?;
        let mut group = self.group(request.group_id)?;
        let mut added = self.rules_asked_for(&request.ip_permissions, direction)?;
        for rule in &mut added {
            if group.rules.iter().any(|existing| existing.is(rule)) {
                return Err(refused("InvalidPermission.Duplicate", already_exists(rule)));
            }
            self.check_peer(&group, rule)?;
            rule.id = self.new_id("sgr");
            group.rules.push(rule.clone());
        }
        self.check_quota(&group, direction)?;
        let rules: Vec<Printed> = added.into_iter().map(|rule| printed(&group, rule)).collect();
        self.security_groups.insert(group.group_id.clone(), group);
        Ok(json!({ "Return": true, "SecurityGroupRules": wire::answer(&rules) }))
    }

    /// RevokeSecurityGroupIngress and RevokeSecurityGroupEgress: all of the rules, or none; in a default VPC those
    /// that exist.
    pub(super) fn revoke(&mut self, params: &Tree, direction: Direction) -> Result<Value, ApiError> {
        let request: Revoke = read(params)?;
        let mut group = self.group(request.group_id)?;
        let mut unknown = Vec::new();
        let mut revoked = Vec::new();
        if request.rule_ids.is_empty() {
            for rule in self.rules_asked_for(&request.ip_permissions, direction)? {
                match group.rules.iter().position(|existing| existing.is(&rule)) {
                    Some(position) => revoked.push(group.rules.remove(position)),
                    None => unknown.push(rule),
                }
            }
        } else if !request.ip_permissions.is_empty() {
            return Err(refused("InvalidParameterCombination", "Give permissions or rule ids, not both"));
        }
        for id in &request.rule_ids {
            let this = |rule: &Rule| rule.id == *id && rule.direction == direction;
            let not_found = || {
                refused(
                    "InvalidSecurityGroupRuleId.NotFound",
                    format!("The security group rule ID '{id}' does not exist"),
                )
            };
            revoked.push(group.rules.remove(group.rules.iter().position(this).ok_or_else(not_found)?));
        }
        let in_default_vpc = self.vpcs.get(&group.vpc_id).is_some_and(|vpc| vpc.is_default);
        if !(unknown.is_empty() || in_default_vpc) {
            let message = "The specified rule does not exist in this security group.";
            return Err(refused("InvalidPermission.NotFound", message));
        }
        let rules: Vec<Printed> = revoked.into_iter().map(|rule| printed(&group, rule)).collect();
        self.security_groups.insert(group.group_id.clone(), group);
        Ok(json!({
            "Return": true,
            "RevokedSecurityGroupRules": wire::answer(&rules),
            "UnknownIpPermissions": wire::answer(&IpPermission::bundle(unknown.iter())),
        }))
    }

    fn group(&self, id: Option<String>) -> Result<SecurityGroup, ApiError> {
        let id = id.ok_or_else(|| missing("groupId"))?;
        self.security_groups.get(&id).cloned().ok_or_else(|| Kind::SecurityGroup.not_found(&id))
    }

    fn rules_asked_for(&self, permissions: &[IpPermission], direction: Direction) -> Result<Vec<Rule>, ApiError> {
        let rules = IpPermission::rules(permissions, direction, &self.scope.account)?;
        if rules.is_empty() {
            return Err(missing("ipPermissions"));
        }
        let twice = rules.iter().enumerate().any(|(at, rule)| rules[..at].iter().any(|earlier| earlier.is(rule)));
        if twice {
            return Err(invalid_parameter("The same permission must not appear multiple times"));
        }
        Ok(rules)
    }

    /// What a rule names has to be there, and a group in the same VPC.
    fn check_peer(&self, group: &SecurityGroup, rule: &Rule) -> Result<(), ApiError> {
        match &rule.peer {
            Peer::Ipv4(_) | Peer::Ipv6(_) => Ok(()),
            Peer::PrefixList(id) if self.prefix_lists.contains_key(id) => Ok(()),
            Peer::PrefixList(id) => {
                Err(refused("InvalidPrefixListID.NotFound", format!("The prefix list ID '{id}' does not exist")))
            }
            Peer::Group { group_id, .. } => match self.security_groups.get(group_id) {
                Some(peer) if peer.vpc_id == group.vpc_id => Ok(()),
                Some(_) => {
                    let message = "You have specified two resources that belong to different networks.";
                    Err(refused("InvalidGroup.NotFound", message))
                }
                None => Err(Kind::SecurityGroup.not_found(group_id)),
            },
        }
    }

    /// Rules are counted for each address family; a group counts in both, a prefix list with its maximum of entries.
    fn check_quota(&self, group: &SecurityGroup, direction: Direction) -> Result<(), ApiError> {
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
        if ipv4.max(ipv6) > self.rules_per_group {
            let message = "The maximum number of rules per security group has been reached.";
            return Err(refused("RulesPerSecurityGroupLimitExceeded", message));
        }
        Ok(())
    }
}

fn already_exists(rule: &Rule) -> String {
    let protocol = match rule.traffic.protocol.as_str() {
        "-1" => "ALL".to_owned(),
        protocol => protocol.to_ascii_uppercase(),
    };
    let ports = rule.traffic.ports.map(|(from, to)| format!(" from port: {from}, to port: {to},")).unwrap_or_default();
    format!("the specified rule \"peer: {}, {protocol},{ports} ALLOW\" already exists", rule.peer.text())
}

fn printed(group: &SecurityGroup, rule: Rule) -> Printed {
    let (from_port, to_port) = rule.traffic.ports.unwrap_or((-1, -1));
    let mut printed = Printed {
        security_group_rule_id: rule.id,
        group_id: group.group_id.clone(),
        group_owner_id: group.owner_id.clone(),
        is_egress: rule.direction == Direction::Egress,
        ip_protocol: rule.traffic.protocol,
        from_port,
        to_port,
        cidr_ipv4: None,
        cidr_ipv6: None,
        prefix_list_id: None,
        referenced_group_info: None,
        description: rule.description,
        tags: Tags::default(),
    };
    match rule.peer {
        Peer::Ipv4(cidr) => printed.cidr_ipv4 = Some(cidr.to_string()),
        Peer::Ipv6(cidr) => printed.cidr_ipv6 = Some(cidr.to_string()),
        Peer::PrefixList(id) => printed.prefix_list_id = Some(id),
        Peer::Group { account: user_id, group_id } => {
            printed.referenced_group_info = Some(ReferencedGroup { group_id, user_id });
        }
    }
    printed
}
