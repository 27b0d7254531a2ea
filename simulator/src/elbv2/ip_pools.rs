//! The IPAM pools of application load balancers: modify.

use serde::{Deserialize, Serialize};

use super::load_balancers::{IpamPools, ipam_pool};
use super::protocol::Family;
use super::store::Store;
use crate::wire::ApiError;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ModifyIpPools {
    load_balancer_arn: String,
    ipam_pools: Option<IpamPools>,
    remove_ipam_pools: Option<Vec<RemovedPool>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RemovedPool {
    Ipv4,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ModifyIpPoolsResult {
    ipam_pools: Option<IpamPools>,
}

/// `ModifyIpPools`: another pool, or none any more.
pub(crate) fn modify(store: &mut Store, request: ModifyIpPools) -> Result<ModifyIpPoolsResult, ApiError> {
    let load_balancer = store.load_balancer_mut(&request.load_balancer_arn)?;
    load_balancer.require(Family::Application, "IpamPools")?;
    let settings = &mut load_balancer.settings;
    let removed = request.remove_ipam_pools.unwrap_or_default().contains(&RemovedPool::Ipv4);
    let wanted = ipam_pool(settings.family, settings.scheme, request.ipam_pools)?;
    settings.ipv4_ipam_pool = match (wanted, removed) {
        (Some(pool), false) => Some(pool),
        (None, true) => None,
        _ => {
            return Err(ApiError::validation("You must specify either IpamPools or RemoveIpamPools, but not both"));
        }
    };
    let pool = settings.ipv4_ipam_pool.clone();
    Ok(ModifyIpPoolsResult { ipam_pools: pool.map(|pool| IpamPools { ipv4_ipam_pool_id: Some(pool) }) })
}
