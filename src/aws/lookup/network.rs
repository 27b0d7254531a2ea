//! Subnets, zones, route tables and the VPC.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use northgate_planner::facts::{RouteTable, Subnet, Vpc, ZoneType};
use northgate_planner::id::SubnetId;

use crate::aws::Inner;
use crate::aws::describe::{VALUES_PER_FILTER, chunks, each, filter};
use crate::aws::error::AwsError;
use crate::aws::from_sdk::ec2 as from_sdk;

/// All subnets of the VPC when `all`, and those with these ids wherever they are.
pub(super) async fn subnets(
    account: &Inner,
    all: bool,
    ids: &BTreeSet<SubnetId>,
) -> Result<BTreeMap<SubnetId, Subnet>, AwsError> {
    let mut found = BTreeMap::new();
    if all {
        let subnets = subnets_of_vpc(account).await?;
        found.extend(subnets.iter().map(|subnet| (subnet.id.clone(), subnet.clone())));
    }
    let cache = &account.facts.subnets_by_id;
    let asked = cache.ask(ids.iter().filter(|id| !found.contains_key(id)));
    let some = chunks(&asked.missing, VALUES_PER_FILTER);
    let answers = each(&some, |ids| account.clients.subnets(vec![filter("subnet-id", ids)])).await?;
    let answers = by_id(answers.iter().flatten())?;
    cache.fill(&asked, &answers);
    found.extend(asked.found);
    found.extend(answers);
    Ok(found)
}

/// The zones' types, by zone id.
pub(super) async fn zones(account: &Inner, asked: bool) -> Result<BTreeMap<String, ZoneType>, AwsError> {
    if !asked {
        return Ok(BTreeMap::new());
    }
    let ask = async || account.clients.availability_zones().await?.iter().map(from_sdk::zone).collect();
    account.facts.zones.get(ask).await
}

/// The route tables of the VPC; `None`: a subnet carries the tag, or nobody asked.
pub(super) async fn route_tables(
    account: &Inner,
    unless_tagged: Option<&str>,
) -> Result<Option<Vec<RouteTable>>, AwsError> {
    let Some(tag) = unless_tagged else { return Ok(None) };
    let is_tagged = |subnet: &Subnet| subnet.tags.get(tag).is_some_and(|value| value.is_empty() || value == "1");
    if subnets_of_vpc(account).await?.iter().any(is_tagged) {
        return Ok(None);
    }
    let ask = async || {
        let answer = account.clients.route_tables(vec![filter("vpc-id", [&account.vpc])]).await?;
        Ok(answer.iter().map(from_sdk::route_table).collect())
    };
    account.facts.route_tables.get(ask).await.map(Some)
}

/// The VPC.
pub(super) async fn vpc(account: &Inner, asked: bool) -> Result<Option<Vpc>, AwsError> {
    if !asked {
        return Ok(None);
    }
    let ask = async || {
        let answer = account.clients.vpcs(vec![filter("vpc-id", [&account.vpc])]).await?;
        answer.first().map(from_sdk::vpc).transpose()
    };
    account.facts.vpc.get(ask).await
}

async fn subnets_of_vpc(account: &Inner) -> Result<Arc<Vec<Subnet>>, AwsError> {
    let ask = async || {
        let answer = account.clients.subnets(vec![filter("vpc-id", [&account.vpc])]).await?;
        answer.iter().map(from_sdk::subnet).collect::<Result<_, _>>().map(Arc::new)
    };
    account.facts.subnets.get(ask).await
}

fn by_id<'a>(
    answers: impl Iterator<Item = &'a aws_sdk_ec2::types::Subnet>,
) -> Result<BTreeMap<SubnetId, Subnet>, AwsError> {
    answers.map(|answer| from_sdk::subnet(answer).map(|subnet| (subnet.id.clone(), subnet))).collect()
}
