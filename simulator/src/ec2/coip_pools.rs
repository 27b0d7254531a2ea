//! Pools of customer-owned addresses, of Outposts: described only.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Members;
use super::describe::{Described, Filters, describe, describe_as};
use super::error::{Kind, missing};
use super::request;
use super::store::Account;
use super::tags::Tags;
use crate::wire::{self, ApiError, Tree};

/// A pool as AWS prints it, with the usages that GetCoipPoolUsage prints.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CoipPool {
    pub(crate) pool_id: String,
    #[serde(default)]
    pub(crate) pool_cidrs: Vec<String>,
    pub(crate) local_gateway_route_table_id: Option<String>,
    pub(crate) pool_arn: Option<String>,
    #[serde(default)]
    pub(crate) tags: Tags,
    #[serde(default)]
    pub(crate) coip_address_usages: Vec<CoipAddressUsage>,
    #[serde(flatten)]
    pub(crate) more: Members,
}

/// One address of a pool that is in use.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CoipAddressUsage {
    allocation_id: Option<String>,
    aws_account_id: Option<String>,
    aws_service: Option<String>,
    co_ip: String,
    /// A usage has none.
    #[serde(skip)]
    no_tags: Tags,
}

impl Described for CoipPool {
    const KIND: Kind = Kind::CoipPool;
    const FILTERS: Filters<Self> = &[
        ("coip-pool.local-gateway-route-table-id", |pool| super::texts(pool.local_gateway_route_table_id.as_ref())),
        ("coip-pool.pool-id", |pool| vec![pool.pool_id.clone()]),
    ];

    fn id(&self) -> &str {
        &self.pool_id
    }

    fn tags(&self) -> &Tags {
        &self.tags
    }
}

impl Described for CoipAddressUsage {
    const KIND: Kind = Kind::CoipPool;
    const FILTERS: Filters<Self> = &[
        ("coip-address-usage.allocation-id", |usage| super::texts(usage.allocation_id.as_ref())),
        ("coip-address-usage.aws-account-id", |usage| super::texts(usage.aws_account_id.as_ref())),
        ("coip-address-usage.aws-service", |usage| super::texts(usage.aws_service.as_ref())),
        ("coip-address-usage.co-ip", |usage| vec![usage.co_ip.clone()]),
    ];

    fn id(&self) -> &str {
        &self.co_ip
    }

    fn tags(&self) -> &Tags {
        &self.no_tags
    }
}

impl CoipPool {
    /// As DescribeCoipPools shows it.
    fn shown(&self) -> Value {
        wire::without(wire::answer(self), "CoipAddressUsages")
    }
}

impl Account {
    /// DescribeCoipPools
    pub(super) fn describe_coip_pools(&self, params: &Tree) -> Result<Value, ApiError> {
        describe_as(params, "PoolId", "CoipPools", self.coip_pools.values(), CoipPool::shown)
    }

    /// GetCoipPoolUsage
    pub(super) fn get_coip_pool_usage(&self, params: &Tree) -> Result<Value, ApiError> {
        let mut params = params.clone();
        let id: String = request::take(&mut params, "PoolId")?.ok_or_else(|| missing("PoolId"))?;
        let pool = self.coip_pools.get(&id).ok_or_else(|| Kind::CoipPool.not_found(&id))?;
        let mut answer = describe(&params, "", "CoipAddressUsages", &pool.coip_address_usages)?;
        answer["CoipPoolId"] = Value::from(pool.pool_id.clone());
        answer["LocalGatewayRouteTableId"] = Value::from(pool.local_gateway_route_table_id.clone());
        Ok(answer)
    }
}
