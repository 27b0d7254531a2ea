//! Security groups of a description: rules as AWS prints them, to single canonical ones.

use serde::Deserialize;

use super::error::DescriptionError;
use crate::ec2::permissions::{Direction, IpPermission};
use crate::ec2::security_groups;
use crate::ec2::store::Account;
use crate::ec2::tags::Tags;

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
