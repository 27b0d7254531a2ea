//! Security groups that belong to no stack: the cluster's shared one, and those of workers and pods.

use std::collections::{BTreeMap, BTreeSet};

use northgate_planner::facts::SecurityGroupFacts;
use northgate_planner::id::SecurityGroupId;

use crate::aws::Inner;
use crate::aws::describe::{VALUES_PER_FILTER, chunks, each, filter};
use crate::aws::error::AwsError;
use crate::aws::from_sdk::ec2::{security_group_facts, security_group_id};

/// The group that all load balancers of the cluster share, when it exists. Of several the one with the lowest id.
pub(super) async fn backend_group(account: &Inner) -> Result<Option<SecurityGroupId>, AwsError> {
    let answer = account.shared_security_groups().await?;
    let ids = answer.iter().map(security_group_id).collect::<Result<Vec<_>, _>>()?;
    Ok(ids.into_iter().min())
}

/// The groups with these ids, and those of the VPC with one of these `Name` tags, as they are now: whoever names a group
/// has just made it, or made it the one.
pub(super) async fn named(
    account: &Inner,
    ids: &BTreeSet<SecurityGroupId>,
    names: &BTreeSet<String>,
) -> Result<BTreeMap<SecurityGroupId, SecurityGroupFacts>, AwsError> {
    let by_id = chunks(&ids.iter().cloned().collect::<Vec<_>>(), VALUES_PER_FILTER);
    let by_id = by_id.into_iter().map(|ids| vec![filter("group-id", ids)]);
    // One value of the call's two hundred is the VPC.
    let by_name = chunks(&names.iter().cloned().collect::<Vec<_>>(), VALUES_PER_FILTER);
    let by_name = by_name.into_iter().map(|names| vec![filter("vpc-id", [&account.vpc]), filter("tag:Name", names)]);
    let asked = by_id.chain(by_name).collect::<Vec<_>>();
    let answers = each(&asked, |filters| account.clients.security_groups(filters)).await?;
    answers.iter().flatten().map(security_group_facts).collect()
}

/// Tags and rules of these groups, at most ten minutes old. One that is missing does not exist.
pub(in crate::aws) async fn worker_groups(
    account: &Inner,
    ids: &[SecurityGroupId],
) -> Result<BTreeMap<SecurityGroupId, SecurityGroupFacts>, AwsError> {
    let cache = &account.facts.worker_groups;
    let mut asked = cache.ask(ids);
    let some = chunks(&asked.missing, VALUES_PER_FILTER);
    let answers = each(&some, |ids| account.clients.security_groups(vec![filter("group-id", ids)])).await?;
    let answers = answers.iter().flatten().map(security_group_facts).collect::<Result<BTreeMap<_, _>, _>>()?;
    cache.fill(&asked, &answers);
    asked.found.extend(answers);
    Ok(asked.found)
}
