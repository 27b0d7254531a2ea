//! What the cluster shares: the backend security group, and what may still hold it.

use std::collections::BTreeSet;

use northgate_planner::actual::{ActualCluster, ActualSecurityGroup, BACKEND_SECURITY_GROUP, SHARED_RESOURCE_TAG};
use northgate_planner::id::{SecurityGroupId, StackId};

use crate::aws::Inner;
use crate::aws::describe::filter;
use crate::aws::error::AwsError;
use crate::aws::from_sdk::ec2::{security_group, security_group_id};

/// Observes the cluster's shared group with the cluster's other groups, which say what stacks there are, in one call.
pub(super) async fn observe(account: &Inner) -> Result<ActualCluster, AwsError> {
    let answer = account.cluster_security_groups().await?;
    let groups = answer.iter().map(security_group).collect::<Result<Vec<_>, _>>()?;
    let stack = |group: &ActualSecurityGroup| StackId::from_tags(&group.tags);
    let stacks_left = groups.iter().filter_map(stack).collect();
    let is_shared = |tag: Option<&String>| tag.is_some_and(|value| value == BACKEND_SECURITY_GROUP);
    let shared = groups.into_iter().filter(|group| is_shared(group.tags.get(SHARED_RESOURCE_TAG)));
    let backend_security_group = shared.min_by(|one, other| one.id.cmp(&other.id));
    let referenced_by = match &backend_security_group {
        Some(group) => groups_naming(account, &group.id).await?,
        None => BTreeSet::new(),
    };
    account.facts.note_backend_group(backend_security_group.as_ref().map(|group| group.id.clone()));
    Ok(ActualCluster { backend_security_group, referenced_by, stacks_left })
}

/// The groups whose ingress rules name this one, in this and in peered VPCs. A rule of its own does not keep it.
async fn groups_naming(account: &Inner, group: &SecurityGroupId) -> Result<BTreeSet<SecurityGroupId>, AwsError> {
    let answer = account.clients.security_groups(vec![filter("ip-permission.group-id", [group])]).await?;
    let mut naming = answer.iter().map(security_group_id).collect::<Result<BTreeSet<_>, _>>()?;
    naming.remove(group);
    Ok(naming)
}
