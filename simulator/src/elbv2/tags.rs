//! Tags of load balancers, listeners, rules and target groups.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Done;
use super::store::Store;
use crate::wire::ApiError;
use crate::wire::constraint::{List, Text};

/// The tags of one resource.
pub(crate) type Tags = BTreeMap<String, String>;

/// A resource has no more tags than these. Source: Elastic Load Balancing quotas.
const MOST_TAGS: usize = 50;

/// A tag as requests carry it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct TagRequest {
    key: Text<1, 128>,
    value: Option<Text<0, 256>>,
}

/// A tag as answers carry it.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Tag {
    key: String,
    value: String,
}

/// The member `Tags` of a request.
pub(crate) type TagList = List<TagRequest, 1, 1000>;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct AddTags {
    resource_arns: List<String, 1, 20>,
    tags: TagList,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct RemoveTags {
    resource_arns: List<String, 1, 20>,
    tag_keys: List<Text<1, 128>, 1, 1000>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeTags {
    resource_arns: List<String, 1, 20>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DescribeTagsResult {
    tag_descriptions: Vec<TagDescription>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct TagDescription {
    resource_arn: String,
    tags: Vec<Tag>,
}

/// The tags that a create operation was given.
pub(crate) fn of_new_resource(list: Option<TagList>) -> Result<Tags, ApiError> {
    let tags = read(list.map(List::into_vec).unwrap_or_default())?;
    check_count(&tags)?;
    Ok(tags)
}

/// `AddTags`: all resources or none.
pub(crate) fn add(store: &mut Store, request: AddTags) -> Result<Done, ApiError> {
    let added = read(request.tags.into_vec())?;
    let mut results = Vec::new();
    for arn in request.resource_arns.iter() {
        let mut tags = store.tags(arn)?.clone();
        tags.extend(added.clone());
        check_count(&tags)?;
        results.push((arn, tags));
    }
    for (arn, tags) in results {
        *store.tags_mut(arn)? = tags;
    }
    Ok(Done {})
}

/// `RemoveTags`: keys that a resource does not have are passed over.
pub(crate) fn remove(store: &mut Store, request: RemoveTags) -> Result<Done, ApiError> {
    for arn in request.resource_arns.iter() {
        store.tags(arn)?;
    }
    for arn in request.resource_arns.iter() {
        let tags = store.tags_mut(arn)?;
        for key in request.tag_keys.iter() {
            tags.remove(key.as_str());
        }
    }
    Ok(Done {})
}

/// `DescribeTags`: one missing resource fails the whole call.
pub(crate) fn describe(store: &Store, request: DescribeTags) -> Result<DescribeTagsResult, ApiError> {
    let describe = |arn: &String| {
        let tags = store.tags(arn)?.iter().map(|(key, value)| Tag { key: key.clone(), value: value.clone() });
        Ok(TagDescription { resource_arn: arn.clone(), tags: tags.collect() })
    };
    let tag_descriptions = request.resource_arns.iter().map(describe).collect::<Result<_, ApiError>>()?;
    Ok(DescribeTagsResult { tag_descriptions })
}

fn read(list: Vec<TagRequest>) -> Result<Tags, ApiError> {
    let mut tags = Tags::new();
    for tag in list {
        let (key, value) = (tag.key.into_string(), tag.value.map(Text::into_string).unwrap_or_default());
        check_characters(&key)?;
        check_characters(&value)?;
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(ApiError::validation(format!(
                "Tag key '{key}' is not valid: 'aws:' prefixed tag key names are not allowed for external use"
            )));
        }
        if tags.insert(key.clone(), value).is_some() {
            return Err(ApiError::new("DuplicateTagKeys", format!("Tag key '{key}' was specified more than once")));
        }
    }
    Ok(tags)
}

/// The pattern of the service model: `[\p{L}\p{Z}\p{N}_.:/=+\-@]*`.
fn check_characters(text: &str) -> Result<(), ApiError> {
    let allowed = |c: char| c.is_alphanumeric() || (c.is_whitespace() && !c.is_control()) || "_.:/=+-@".contains(c);
    if text.chars().all(allowed) {
        return Ok(());
    }
    let refusal = ApiError::validation(format!(
        "1 validation error detected: Value '{text}' at 'tags' failed to satisfy constraint: \
         Member must satisfy regular expression pattern: ^([\\p{{L}}\\p{{Z}}\\p{{N}}_.:/=+\\-@]*)$"
    ));
    Err(refusal.against_model())
}

fn check_count(tags: &Tags) -> Result<(), ApiError> {
    if tags.len() <= MOST_TAGS {
        return Ok(());
    }
    Err(ApiError::new("TooManyTags", format!("The limit of {MOST_TAGS} tags per resource is exceeded")))
}
