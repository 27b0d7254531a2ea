//! DescribeTags: the tags of all resources, one by one.

use serde_json::{Value, json};

use super::super::describe::{Described, Filters, describe_as};
use super::super::error::Kind;
use super::super::store::Account;
use super::Tags;
use crate::wire::{ApiError, Tree};

/// One tag of one resource.
#[derive(Clone, Debug)]
struct TagOfResource {
    /// For paging.
    id: String,
    resource_type: &'static str,
    resource_id: String,
    key: String,
    value: String,
    /// The tag itself, for the filters on tags.
    tags: Tags,
}

impl Described for TagOfResource {
    const KIND: Kind = Kind::Tag;
    const FILTERS: Filters<Self> = &[
        ("key", |tag| vec![tag.key.clone()]),
        ("resource-id", |tag| vec![tag.resource_id.clone()]),
        ("resource-type", |tag| vec![tag.resource_type.to_owned()]),
        ("value", |tag| vec![tag.value.clone()]),
    ];

    fn id(&self) -> &str {
        &self.id
    }

    fn tags(&self) -> &Tags {
        &self.tags
    }
}

impl Account {
    /// DescribeTags
    pub(in super::super) fn describe_tags(&self, params: &Tree) -> Result<Value, ApiError> {
        let of_resource = |(resource_type, resource_id, tags): (&'static str, &str, &Tags)| {
            let one = |(key, value): (&String, &String)| TagOfResource {
                id: format!("{resource_id} {key}"),
                resource_type,
                resource_id: resource_id.to_owned(),
                key: key.clone(),
                value: value.clone(),
                tags: Tags([(key.clone(), value.clone())].into()),
            };
            tags.0.iter().map(one).collect::<Vec<_>>()
        };
        let mut tags: Vec<TagOfResource> = self.tagged().flat_map(of_resource).collect();
        tags.sort_by(|one, other| one.id.cmp(&other.id));
        describe_as(params, "", "Tags", &tags, |tag| {
            json!({
                "Key": tag.key, "ResourceId": tag.resource_id, "ResourceType": tag.resource_type, "Value": tag.value,
            })
        })
    }
}
