//! Writes to the tags of load balancers, target groups and listeners, and the check of what a create returned.

use northgate_planner::actual::CLUSTER_TAG;
use northgate_planner::id::StackId;
use northgate_planner::model::Pairs;
use northgate_planner::plan::{AddTags, RemoveTags};

use super::done;
use crate::aws::error::{AwsError, Call, failed};
use crate::aws::to_sdk::elb_tags;
use crate::aws::{Inner, Performed};

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
    let stack = StackId::from_tags(wanted).map(|stack| [stack.stack_tag(), stack.resource_tag()]);
    let ownership = stack.into_iter().flatten().chain([CLUSTER_TAG.to_owned()]);
    let says_another = |key: String| found.get(&key) != wanted.get(&key);
    match ownership.into_iter().any(says_another) {
        true => Err(AwsError::NotOurs { arn: arn.to_owned(), name: name.to_owned() }),
        false => Ok(()),
    }
}
