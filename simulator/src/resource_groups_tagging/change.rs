//! TagResources and UntagResources: handed on to the services that the resources are of.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::read;
use crate::network::Scope;
use crate::simulator::Simulator;
use crate::tags::Tags;
use crate::wire::constraint::{List, Text};
use crate::wire::pattern::{Matching, TagValue};
use crate::wire::{ApiError, Tree};

/// AWS's limit on the tags of one TagResources.
const MOST_TAGS: usize = 50;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TagResources {
    #[serde(rename = "ResourceARNList")]
    arns: List<Text<1, 1011>, 1, 20>,
    #[serde(rename = "Tags")]
    tags: std::collections::BTreeMap<String, Matching<TagValue>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UntagResources {
    #[serde(rename = "ResourceARNList")]
    arns: List<Text<1, 1011>, 1, 20>,
    #[serde(rename = "TagKeys")]
    keys: List<Text<1, 128>, 1, 50>,
}

/// What is done to the tags of each resource.
enum Change {
    Add(Tags),
    Remove(Vec<String>),
}

/// TagResources.
pub(crate) async fn tag(simulator: &Simulator, scope: &Scope, params: &Tree) -> Result<Value, ApiError> {
    let TagResources { arns, tags } = read(params)?;
    if tags.is_empty() || tags.len() > MOST_TAGS {
        let message = format!("Tags must have 1 to {MOST_TAGS} entries");
        return Err(ApiError::new("InvalidParameterException", message).against_model());
    }
    let tags = tags.into_iter().map(|(key, value)| (key, value.into_string())).collect();
    Ok(Change::Add(tags).apply(simulator, scope, &arns).await)
}

/// UntagResources.
pub(crate) async fn untag(simulator: &Simulator, scope: &Scope, params: &Tree) -> Result<Value, ApiError> {
    let UntagResources { arns, keys } = read(params)?;
    let keys = keys.into_vec().into_iter().map(Text::into_string).collect();
    Ok(Change::Remove(keys).apply(simulator, scope, &arns).await)
}

impl Change {
    /// Each resource by itself; those that fail are named in the answer.
    async fn apply(&self, simulator: &Simulator, scope: &Scope, arns: &[Text<1, 1011>]) -> Value {
        let mut failed = Map::new();
        for arn in arns {
            if let Err(refusal) = self.apply_to(simulator, scope, arn.as_str()).await {
                let failure = json!({
                    "StatusCode": refusal.status, "ErrorCode": "InvalidParameterException",
                    "ErrorMessage": format!("{}: {}", refusal.code, refusal.message),
                });
                failed.insert(arn.as_str().to_owned(), failure);
            }
        }
        json!({ "FailedResourcesMap": failed })
    }

    async fn apply_to(&self, simulator: &Simulator, scope: &Scope, arn: &str) -> Result<(), ApiError> {
        match arn.split(':').nth(2) {
            Some("elasticloadbalancing") => {
                let (action, params) = match self {
                    Change::Add(tags) => {
                        ("AddTags", json!({ "ResourceArns": [arn], "Tags": crate::tags::shown(tags) }))
                    }
                    Change::Remove(keys) => ("RemoveTags", json!({ "ResourceArns": [arn], "TagKeys": keys })),
                };
                simulator.ask_load_balancing(scope, action, &Tree::from(params)).await.map(drop)
            }
            Some("ec2") => {
                let id = arn.rsplit('/').next().unwrap_or_default();
                let (action, tags) = match self {
                    Change::Add(tags) => ("CreateTags", crate::tags::shown(tags)),
                    Change::Remove(keys) => ("DeleteTags", keys.iter().map(|key| json!({ "Key": key })).collect()),
                };
                let params = Tree::from(json!({ "ResourceId": [id], "Tag": tags }));
                simulator.ec2().handle(scope, action, &params, simulator.now()).map(drop)
            }
            Some("acm") => simulator.services().acm.with(scope, |store| match self {
                Change::Add(tags) => store.tag(arn, tags.clone()),
                Change::Remove(keys) => store.untag(arn, keys),
            }),
            _ => {
                let message = "The simulator tags resources of elasticloadbalancing, ec2 and acm";
                Err(ApiError::new("InvalidParameterException", message))
            }
        }
    }
}
