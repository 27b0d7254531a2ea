//! Writes to the tags of load balancers, target groups and listeners, and the check of what a create returned.

use northgate_planner::actual::{CLUSTER_TAG, SERVICE_RESOURCE_TAG, SERVICE_STACK_TAG};
use northgate_planner::model::Pairs;
use northgate_planner::plan::{AddTags, RemoveTags};

use super::done;
use crate::aws::error::{AwsError, Call, failed};
use crate::aws::to_sdk::elb_tags;
use crate::aws::{Inner, Performed};

/// The tags that say whose a resource is.
const OWNERSHIP: &[&str] = &[CLUSTER_TAG, SERVICE_STACK_TAG, SERVICE_RESOURCE_TAG];

pub(super) async fn add(account: &Inner, request: &AddTags) -> Result<Performed, AwsError> {
    let AddTags { resource_arns, tags } = request;
    let call = account.clients.elb.add_tags().set_resource_arns(Some(resource_arns.clone()));
    let answer = call.set_tags(Some(elb_tags(&tags.0))).send().await.map_err(failed(Call::elb("AddTags")));
    for arn in resource_arns {
        match &answer {
            Ok(_) => account.tags.add(arn, &tags.0),
            Err(_) => account.tags.forget(arn),
        }
    }
    Ok(done(&answer?))
}

pub(super) async fn remove(account: &Inner, request: &RemoveTags) -> Result<Performed, AwsError> {
    let RemoveTags { resource_arns, tag_keys } = request;
    let call = account.clients.elb.remove_tags().set_resource_arns(Some(resource_arns.clone()));
    let answer = call.set_tag_keys(Some(tag_keys.clone())).send().await.map_err(failed(Call::elb("RemoveTags")));
    for arn in resource_arns {
        match &answer {
            Ok(_) => account.tags.remove(arn, tag_keys),
            Err(_) => account.tags.forget(arn),
        }
    }
    Ok(done(&answer?))
}

/// Makes sure that what a create returned is what it made: a create can answer with somebody else's equal resource.
pub(super) async fn check_tags(account: &Inner, arn: &str, name: &str, wanted: &Pairs) -> Result<(), AwsError> {
    let found = account.tags.fresh(&account.clients, &[arn.to_owned()]).await?;
    let Some(found) = found.get(arn) else { return Err(AwsError::NotSeenYet { arn: arn.to_owned() }) };
    if OWNERSHIP.iter().all(|key| found.get(*key) == wanted.get(*key)) {
        Ok(())
    } else {
        Err(AwsError::NotOurs { arn: arn.to_owned(), name: name.to_owned() })
    }
}
