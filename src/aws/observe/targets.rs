//! The targets of a target group with their health.

use std::collections::BTreeMap;

use northgate_planner::actual::{ActualTargets, TargetGroupRef};

use crate::aws::Inner;
use crate::aws::error::AwsError;
use crate::aws::from_sdk::load_balancing::{listed_target_group, summary, targets};

pub(super) async fn observe(account: &Inner, group: &TargetGroupRef) -> Result<ActualTargets, AwsError> {
    let group = match group {
        TargetGroupRef::Arn(arn) => {
            let health = account.clients.target_health(arn.as_str()).await?;
            return Ok(match health {
                Some(health) => ActualTargets::Found { group: None, targets: targets(arn.as_str(), &health)? },
                None => ActualTargets::Missing,
            });
        }
        TargetGroupRef::Name(name) => account.clients.target_group_named(name).await?,
    };
    let Some(group) = group else { return Ok(ActualTargets::Missing) };
    let group = summary(&listed_target_group(group)?)?;
    if group.target_type.is_none() {
        // Its targets are functions or load balancers, which no binding looks at.
        return Ok(ActualTargets::Found { group: Some(group), targets: BTreeMap::new() });
    }
    let Some(health) = account.clients.target_health(group.arn.as_str()).await? else {
        return Ok(ActualTargets::Missing);
    };
    let targets = targets(group.arn.as_str(), &health)?;
    Ok(ActualTargets::Found { group: Some(group), targets })
}
