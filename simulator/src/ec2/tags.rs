//! Tags of EC2 resources: their two written forms, CreateTags, DeleteTags.

use std::collections::BTreeMap;

use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::error::{invalid_parameter, missing, refused};
use super::request::{done, read};
use super::store::Account;
use crate::wire::{ApiError, Tree};

mod described;

/// AWS's limit, without `aws:` tags (`TagLimitExceeded`).
const MAX_TAGS: usize = 50;
/// AWS's limits on a key and a value, in characters.
const MAX_KEY: usize = 128;
const MAX_VALUE: usize = 256;
/// AWS's limit on the ids of one CreateTags or DeleteTags.
const MAX_RESOURCES: usize = 1000;

/// The tags of one resource. Read from `{key: value}` or from AWS's list of `Key`/`Value`; written as AWS's list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tags(BTreeMap<String, String>);

/// One tag of a request; without a value for DeleteTags, where that is not the same as an empty one.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct RequestTag {
    key: String,
    value: Option<String>,
}

/// `TagSpecification.N` of a Create request.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct TagSpecification {
    resource_type: String,
    #[serde(default, rename = "Tag")]
    tags: Vec<RequestTag>,
}

/// CreateTags and DeleteTags.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct TagsRequest {
    #[serde(default, rename = "ResourceId")]
    resources: Vec<String>,
    #[serde(default, rename = "Tag")]
    tags: Vec<RequestTag>,
}

impl TagSpecification {
    /// Whether the tags are for resources of this type.
    pub(super) fn is_for(&self, resource_type: &str) -> bool {
        self.resource_type == resource_type
    }
}

impl Tags {
    pub(super) fn get(&self, key: &str) -> Option<&String> {
        self.0.get(key)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn to_map(&self) -> BTreeMap<String, String> {
        self.0.clone()
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &String> {
        self.0.keys()
    }

    /// The tags of a Create request for one resource of this type.
    pub(super) fn specified(specifications: &[TagSpecification], resource_type: &str) -> Result<Tags, ApiError> {
        let mut tags = Tags::default();
        for specification in specifications {
            if specification.resource_type != resource_type {
                return Err(invalid_parameter(format!(
                    "'{}' is not a valid taggable resource type for this operation.",
                    specification.resource_type
                )));
            }
            tags.set(&specification.tags)?;
        }
        Ok(tags)
    }

    /// Adds and overwrites.
    fn set(&mut self, tags: &[RequestTag]) -> Result<(), ApiError> {
        let mut seen = BTreeMap::new();
        for RequestTag { key, value } in tags {
            let value = value.clone().unwrap_or_default();
            check(key, &value)?;
            if seen.insert(key.clone(), value).is_some() {
                return Err(invalid_parameter(format!("Duplicate tag key '{key}' specified.")));
            }
        }
        self.0.extend(seen);
        if self.0.keys().filter(|key| !key.starts_with("aws:")).count() > MAX_TAGS {
            let message = "The maximum number of Tags for a resource has been reached.";
            return Err(refused("TagLimitExceeded", message));
        }
        Ok(())
    }

    /// Removes those named; with a value only where it is the same; all when none is named. `aws:` tags stay.
    fn remove(&mut self, tags: &[RequestTag]) {
        self.0.retain(|key, value| {
            let named = |tag: &RequestTag| tag.key == *key && tag.value.as_ref().is_none_or(|wanted| wanted == value);
            key.starts_with("aws:") || !(tags.is_empty() || tags.iter().any(named))
        });
    }
}

impl Account {
    /// CreateTags
    pub(super) fn create_tags(&mut self, params: &Tree) -> Result<Value, ApiError> {
        let request: TagsRequest = read(params)?;
        if request.tags.is_empty() {
            return Err(missing("tags"));
        }
        for id in self.taggable(&request)? {
            self.tags_mut(id).expect("taggable ids exist").set(&request.tags)?;
        }
        Ok(done())
    }

    /// DeleteTags
    pub(super) fn delete_tags(&mut self, params: &Tree) -> Result<Value, ApiError> {
        let request: TagsRequest = read(params)?;
        for id in self.taggable(&request)? {
            self.tags_mut(id).expect("taggable ids exist").remove(&request.tags);
        }
        Ok(done())
    }

    fn taggable<'r>(&mut self, request: &'r TagsRequest) -> Result<&'r [String], ApiError> {
        let ids = request.resources.as_slice();
        if ids.is_empty() {
            return Err(missing("resourceIdSet"));
        }
        if ids.len() > MAX_RESOURCES {
            return Err(invalid_parameter(format!("At most {MAX_RESOURCES} resources can be tagged in one call")));
        }
        match ids.iter().find(|id| self.tags_mut(id).is_none()) {
            Some(unknown) => Err(refused("InvalidID", format!("The ID '{unknown}' is not valid"))),
            None => Ok(ids),
        }
    }
}

fn check(key: &str, value: &str) -> Result<(), ApiError> {
    let lower = key.to_ascii_lowercase();
    if lower.starts_with("aws:") {
        return Err(invalid_parameter(format!(
            "Value ( {key} ) for parameter key is invalid. Tag keys starting with 'aws:' are reserved for internal use"
        )));
    }
    if key.is_empty() || key.chars().count() > MAX_KEY {
        return Err(invalid_parameter(format!("Tag key '{key}' must have 1 to {MAX_KEY} characters")));
    }
    if value.chars().count() > MAX_VALUE {
        return Err(invalid_parameter(format!("The value of tag '{key}' exceeds {MAX_VALUE} characters")));
    }
    Ok(())
}

impl Serialize for Tags {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct Tag<'a> {
            key: &'a str,
            value: &'a str,
        }
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            list.serialize_element(&Tag { key, value })?;
        }
        list.end()
    }
}

impl<'de> Deserialize<'de> for Tags {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EitherForm)
    }
}

struct EitherForm;

impl<'de> Visitor<'de> for EitherForm {
    type Value = Tags;

    fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("tags: {key: value}, or a list of Key/Value")
    }

    fn visit_unit<E>(self) -> Result<Tags, E> {
        Ok(Tags::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tags, A::Error> {
        let mut tags = BTreeMap::new();
        while let Some((key, value)) = map.next_entry()? {
            tags.insert(key, value);
        }
        Ok(Tags(tags))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Tags, A::Error> {
        let mut tags = BTreeMap::new();
        while let Some(RequestTag { key, value }) = list.next_element()? {
            if tags.insert(key.clone(), value.unwrap_or_default()).is_some() {
                return Err(de::Error::custom(format_args!("tag key {key:?} is there twice")));
            }
        }
        Ok(Tags(tags))
    }
}
