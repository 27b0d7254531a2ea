//! Tags of certificates.

use serde::Deserialize;
use serde_json::{Value, json};

use super::request::{CertificateArn, read};
use super::{Asked, Store};
use crate::tags::{Tags, shown};
use crate::wire::ApiError;
use crate::wire::constraint::List;
use crate::wire::pattern::{Matching, TagKey, TagValue};

/// AWS's limit on the tags of a certificate.
const MOST_TAGS: usize = 50;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Tag {
    key: Matching<TagKey>,
    value: Option<Matching<TagValue>>,
}

/// The member `Tags` of a request.
pub(super) type TagList = List<Tag, 1, 50>;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ChangeTags {
    certificate_arn: Matching<CertificateArn>,
    tags: TagList,
}

impl Store {
    pub(super) fn add_tags(&mut self, asked: &Asked<'_>) -> Result<Value, ApiError> {
        let ChangeTags { certificate_arn, tags } = read(asked.params)?;
        let added = checked(tags)?;
        self.tag(certificate_arn.as_str(), added)?;
        Ok(json!({}))
    }

    /// Adds and overwrites.
    pub(crate) fn tag(&mut self, arn: &str, added: Tags) -> Result<(), ApiError> {
        let certificate = self.certificate_mut(arn)?;
        let mut tags = certificate.detail.tags.clone();
        tags.extend(added);
        if tags.len() > MOST_TAGS {
            let message = format!("The number of tags exceeds the limit of {MOST_TAGS} per certificate");
            return Err(ApiError::new("TooManyTagsException", message));
        }
        certificate.detail.tags = tags;
        Ok(())
    }

    /// Removes tags by key.
    pub(crate) fn untag(&mut self, arn: &str, keys: &[String]) -> Result<(), ApiError> {
        self.certificate_mut(arn)?.detail.tags.retain(|key, _| !keys.contains(key));
        Ok(())
    }

    /// Removes by key; with a value only where it is the same.
    pub(super) fn remove_tags(&mut self, asked: &Asked<'_>) -> Result<Value, ApiError> {
        let ChangeTags { certificate_arn, tags } = read(asked.params)?;
        let named = tags.into_vec();
        self.certificate_mut(certificate_arn.as_str())?.detail.tags.retain(|key, value| {
            let this =
                |tag: &Tag| tag.key.as_str() == key && tag.value.as_ref().is_none_or(|wanted| wanted.as_str() == value);
            !named.iter().any(this)
        });
        Ok(json!({}))
    }

    pub(super) fn list_tags(&self, asked: &Asked<'_>) -> Result<Value, ApiError> {
        let certificate = self.certificate(&super::request::arn(asked.params)?)?;
        Ok(json!({ "Tags": shown(&certificate.detail.tags) }))
    }
}

/// The tags of a request, each key once.
pub(super) fn checked(list: TagList) -> Result<Tags, ApiError> {
    let mut tags = Tags::new();
    for Tag { key, value } in list.into_vec() {
        let (key, value) = (key.into_string(), value.map(Matching::into_string).unwrap_or_default());
        if key.to_ascii_lowercase().starts_with("aws:") {
            let message = format!("The tag key '{key}' begins with aws:, which is reserved for AWS");
            return Err(ApiError::new("InvalidTagException", message));
        }
        if tags.insert(key.clone(), value).is_some() {
            return Err(ApiError::new("InvalidTagException", format!("The tag key '{key}' is there twice")));
        }
    }
    Ok(tags)
}
