//! Attributes of the account: DescribeAccountAttributes.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};

use super::error::invalid_parameter;
use super::request::read;
use super::store::Account;
use crate::wire::{ApiError, Tree};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DescribeAccountAttributes {
    #[serde(default, rename = "AttributeName")]
    names: BTreeSet<String>,
}

impl Account {
    /// DescribeAccountAttributes
    pub(super) fn describe_account_attributes(&self, params: &Tree) -> Result<Value, ApiError> {
        let DescribeAccountAttributes { names } = read(params)?;
        let default_vpc = self.vpcs.values().find(|vpc| vpc.is_default).map(|vpc| vpc.vpc_id.clone());
        let elastic_ips = self.quotas.elastic_ips.to_string();
        let attributes = [
            ("default-vpc", default_vpc.unwrap_or_else(|| "none".to_owned())),
            ("max-elastic-ips", elastic_ips.clone()),
            ("max-instances", "20".to_owned()),
            ("supported-platforms", "VPC".to_owned()),
            ("vpc-max-elastic-ips", elastic_ips),
            ("vpc-max-security-groups-per-interface", self.quotas.groups_per_interface.to_string()),
        ];
        if let Some(unknown) = names.iter().find(|name| !attributes.iter().any(|(known, _)| known == name)) {
            return Err(invalid_parameter(format!("Invalid value '{unknown}' for attribute name.")));
        }
        let asked = attributes.iter().filter(|(name, _)| names.is_empty() || names.contains(*name));
        let shown = asked
            .map(|(name, value)| json!({ "AttributeName": name, "AttributeValues": [{ "AttributeValue": value }] }));
        Ok(json!({ "AccountAttributes": shown.collect::<Vec<_>>() }))
    }
}
