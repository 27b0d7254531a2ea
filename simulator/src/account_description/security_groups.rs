//! Security groups of a description: rules as AWS prints them, to single canonical ones.

use serde::Deserialize;

use super::error::DescriptionError;
use crate::ec2::permissions::{Direction, IpPermission, Peer, Rule, Traffic};
use crate::ec2::security_groups;
use crate::ec2::store::Account;
use crate::ec2::tags::Tags;
use crate::wire::ApiError;

/// An element of `securityGroups`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SecurityGroup {
    pub(super) group_id: String,
    group_name: Option<String>,
    #[serde(default)]
    description: String,
    pub(super) vpc_id: Option<String>,
    #[serde(default)]
    ip_permissions: Vec<IpPermission>,
    /// When absent, what AWS gives a new group.
    ip_permissions_egress: Option<Vec<IpPermission>>,
    owner_id: Option<String>,
    #[serde(default)]
    tags: Tags,
}

/// An element of `securityGroupRules`: which id and tags a rule of a described group has.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SecurityGroupRule {
    security_group_rule_id: String,
    group_id: String,
    #[serde(default)]
    is_egress: bool,
    ip_protocol: String,
    from_port: Option<i32>,
    to_port: Option<i32>,
    cidr_ipv4: Option<String>,
    cidr_ipv6: Option<String>,
    prefix_list_id: Option<String>,
    referenced_group_info: Option<ReferencedGroup>,
    #[serde(default)]
    tags: Tags,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ReferencedGroup {
    group_id: String,
    user_id: Option<String>,
}

impl SecurityGroupRule {
    /// Gives id and tags to the rule that this element describes.
    pub(super) fn name_one_of(self, account: &mut Account) -> Result<(), DescriptionError> {
        let refused = |message: String| DescriptionError::Value {
            element: format!("securityGroupRules {}", self.security_group_rule_id),
            message,
        };
        let wanted = self.rule(&account.scope.account).map_err(|error| refused(error.message))?;
        let group = account.security_groups.get_mut(&self.group_id);
        let rules = group.into_iter().flat_map(|group| &mut group.rules);
        let Some(rule) = rules.into_iter().find(|rule| rule.is(&wanted)) else {
            return Err(refused(format!("securityGroups {} has no such rule; add it there", self.group_id)));
        };
        rule.id.clone_from(&self.security_group_rule_id);
        rule.tags = self.tags;
        Ok(())
    }

    fn rule(&self, account: &str) -> Result<Rule, ApiError> {
        let direction = if self.is_egress { Direction::Egress } else { Direction::Ingress };
        let traffic = Traffic::read(&self.ip_protocol, self.from_port, self.to_port)?;
        let group = |group: &ReferencedGroup| Peer::Group {
            account: group.user_id.clone().unwrap_or_else(|| account.to_owned()),
            group_id: group.group_id.clone(),
        };
        let peer = [
            self.cidr_ipv4.as_deref().map(Peer::ipv4).transpose()?,
            self.cidr_ipv6.as_deref().map(Peer::ipv6).transpose()?,
            self.prefix_list_id.clone().map(Peer::PrefixList),
            self.referenced_group_info.as_ref().map(group),
        ];
        let peer = peer.into_iter().flatten().next().ok_or_else(|| {
            ApiError::validation("no peer: write CidrIpv4, CidrIpv6, PrefixListId or ReferencedGroupInfo")
        })?;
        Ok(Rule::new(direction, traffic, peer))
    }
}

impl SecurityGroup {
    /// The group as the account holds it.
    pub(super) fn into_group(
        self,
        vpc_id: String,
        account: &mut Account,
    ) -> Result<security_groups::SecurityGroup, DescriptionError> {
        let owner_id = self.owner_id.unwrap_or_else(|| account.scope.account.clone());
        let invalid = |error: crate::wire::ApiError| DescriptionError::Value {
            element: format!("securityGroups {}", self.group_id),
            message: error.message,
        };
        let mut rules = IpPermission::rules(&self.ip_permissions, Direction::Ingress, &owner_id).map_err(invalid)?;
        let egress = self.ip_permissions_egress.as_deref();
        rules.extend(IpPermission::rules(egress.unwrap_or_default(), Direction::Egress, &owner_id).map_err(invalid)?);
        for rule in &mut rules {
            rule.id = account.new_id("sgr");
        }
        if egress.is_none() {
            rules.extend(account.rules_of_new_group(&vpc_id));
        }
        Ok(security_groups::SecurityGroup {
            group_name: self.group_name.unwrap_or_else(|| self.group_id.clone()),
            group_id: self.group_id,
            description: self.description,
            vpc_id,
            owner_id,
            rules,
            tags: self.tags,
        })
    }
}
