//! IPAM pools: described only.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Members;
use super::describe::{Described, Filters, describe};
use super::error::Kind;
use super::store::Account;
use super::tags::Tags;
use crate::wire::{ApiError, Tree};

/// An IPAM pool as AWS prints it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct IpamPool {
    pub(crate) ipam_pool_id: String,
    pub(crate) ipam_pool_arn: Option<String>,
    #[serde(default = "ipv4")]
    pub(crate) address_family: String,
    pub(crate) ipam_scope_arn: Option<String>,
    pub(crate) locale: Option<String>,
    #[serde(default)]
    pub(crate) owner_id: String,
    #[serde(default = "complete")]
    pub(crate) state: String,
    #[serde(default)]
    pub(crate) tags: Tags,
    #[serde(flatten)]
    pub(crate) more: Members,
}

fn ipv4() -> String {
    "ipv4".to_owned()
}

fn complete() -> String {
    "create-complete".to_owned()
}

impl Described for IpamPool {
    const KIND: Kind = Kind::IpamPool;
    const FILTERS: Filters<Self> = &[
        ("address-family", |pool| vec![pool.address_family.clone()]),
        ("ipam-pool-arn", |pool| super::texts(pool.ipam_pool_arn.as_ref())),
        ("ipam-pool-id", |pool| vec![pool.ipam_pool_id.clone()]),
        ("ipam-scope-arn", |pool| super::texts(pool.ipam_scope_arn.as_ref())),
        ("locale", |pool| super::texts(pool.locale.as_ref())),
        ("owner-id", |pool| vec![pool.owner_id.clone()]),
        ("state", |pool| vec![pool.state.clone()]),
    ];

    fn id(&self) -> &str {
        &self.ipam_pool_id
    }

    fn tags(&self) -> &Tags {
        &self.tags
    }
}

impl Account {
    /// DescribeIpamPools
    pub(super) fn describe_ipam_pools(&self, params: &Tree) -> Result<Value, ApiError> {
        describe(params, "IpamPoolId", "IpamPools", self.ipam_pools.values())
    }
}
