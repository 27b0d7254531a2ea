//! Elastic IP addresses.

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Members;
use super::describe::{Described, Filters, Selection};
use super::error::{Kind, refused};
use super::request::{self, read};
use super::store::Account;
use super::tags::Tags;
use crate::wire::{self, ApiError, Tree};

/// An Elastic IP address as AWS prints it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Address {
    pub(crate) allocation_id: String,
    pub(crate) public_ip: Option<Ipv4Addr>,
    #[serde(default = "vpc")]
    pub(crate) domain: String,
    /// When it is associated.
    pub(crate) association_id: Option<String>,
    pub(crate) instance_id: Option<String>,
    pub(crate) network_interface_id: Option<String>,
    pub(crate) network_interface_owner_id: Option<String>,
    pub(crate) private_ip_address: Option<String>,
    #[serde(default = "amazon")]
    pub(crate) public_ipv4_pool: String,
    #[serde(default)]
    pub(crate) network_border_group: String,
    #[serde(default)]
    pub(crate) tags: Tags,
    #[serde(flatten)]
    pub(crate) more: Members,
}

fn vpc() -> String {
    "vpc".to_owned()
}

fn amazon() -> String {
    "amazon".to_owned()
}

impl Described for Address {
    const KIND: Kind = Kind::Address;
    const FILTERS: Filters<Self> = &[
        ("allocation-id", |address| vec![address.allocation_id.clone()]),
        ("association-id", |address| super::texts(address.association_id.as_ref())),
        ("domain", |address| vec![address.domain.clone()]),
        ("instance-id", |address| super::texts(address.instance_id.as_ref())),
        ("network-border-group", |address| vec![address.network_border_group.clone()]),
        ("network-interface-id", |address| super::texts(address.network_interface_id.as_ref())),
        ("network-interface-owner-id", |address| super::texts(address.network_interface_owner_id.as_ref())),
        ("private-ip-address", |address| super::texts(address.private_ip_address.as_ref())),
        ("public-ip", |address| super::texts(address.public_ip)),
    ];

    fn id(&self) -> &str {
        &self.allocation_id
    }

    fn tags(&self) -> &Tags {
        &self.tags
    }
}

impl Account {
    /// DescribeAddresses. It has no pages.
    pub(super) fn describe_addresses(&self, params: &Tree) -> Result<Value, ApiError> {
        let mut selection = Selection::default();
        for (name, value) in request::members(params)? {
            match name {
                "AllocationId" => selection.ids.extend(read::<Vec<String>>(value)?),
                "Filter" => selection.filters = read(value)?,
                "PublicIp" => selection.ids.extend(self.allocations_of(&read::<Vec<String>>(value)?)?),
                _ => return Err(request::not_recognized(name)),
            }
        }
        let addresses = selection.of::<Address, _>(self.addresses.values())?;
        Ok(json!({ "Addresses": wire::answer(&addresses.items) }))
    }

    fn allocations_of(&self, public: &[String]) -> Result<Vec<String>, ApiError> {
        let allocation = |public: &String| {
            let this = |address: &&Address| address.public_ip.is_some_and(|known| known.to_string() == *public);
            let found = self.addresses.values().find(this).map(|address| address.allocation_id.clone());
            found.ok_or_else(|| refused("InvalidAddress.NotFound", format!("Address '{public}' not found.")))
        };
        public.iter().map(allocation).collect()
    }
}
