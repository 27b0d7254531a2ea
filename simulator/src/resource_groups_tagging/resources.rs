//! What is read of the index: GetResources, GetTagKeys, GetTagValues.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Index, read};
use crate::clock::Moment;
use crate::tags::{Tags, shown};
use crate::wire::constraint::{List, Text};
use crate::wire::{ApiError, Tree, token};

/// How long a pagination token is valid. Source: GetResources, `PaginationToken`.
const TOKEN_LIFE: Duration = Duration::from_secs(15 * 60);
/// The range of `ResourcesPerPage`; the largest is the default.
const PAGE_SIZES: std::ops::RangeInclusive<i64> = 1..=100;
/// The range of `TagsPerPage`.
const TAGS_PER_PAGE: std::ops::RangeInclusive<i64> = 100..=500;
/// The kind of GetResources' tokens.
const LIST: &str = "resources";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetResources {
    pagination_token: Option<Text<0, 2048>>,
    tag_filters: Option<List<TagFilter, 0, 50>>,
    resources_per_page: Option<i64>,
    tags_per_page: Option<i64>,
    resource_type_filters: Option<List<Text<0, 256>, 0, 100>>,
    include_compliance_details: Option<bool>,
    exclude_compliant_resources: Option<bool>,
    #[serde(rename = "ResourceARNList")]
    arns: Option<List<Text<1, 1011>, 1, 100>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct TagFilter {
    key: Text<1, 128>,
    #[serde(default = "no_values")]
    values: List<Text<0, 256>, 0, 20>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Paged {
    pagination_token: Option<Text<0, 2048>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetTagValues {
    pagination_token: Option<Text<0, 2048>>,
    key: Text<1, 128>,
}

fn no_values() -> List<Text<0, 256>, 0, 20> {
    List::default()
}

impl Index {
    pub(super) fn get_resources(&self, params: &Tree, now: Moment) -> Result<Value, ApiError> {
        let request: GetResources = read(params)?;
        let size = request.check()?;
        let after = request.pagination_token.as_ref().map(Text::as_str).filter(|token| !token.is_empty());
        let after = after.map(|token| read_token(token, now.wall)).transpose()?;
        let unseen = |arn: &&String| after.as_ref().is_none_or(|after| *arn > after);
        let found = self.shown.iter().filter(|(arn, tags)| unseen(arn) && request.lists(arn, tags));
        let mut rest = found.peekable();
        let (mut page, mut tags_on_page) = (Vec::new(), 0);
        while let Some((arn, tags)) = rest.peek() {
            let full = page.len() >= size || !page.is_empty() && tags_on_page + tags.len() > request.most_tags();
            if full {
                break;
            }
            tags_on_page += tags.len();
            page.push((*arn, *tags));
            rest.next();
        }
        let more = rest.peek().is_some();
        let next = page.last().filter(|_| more).map(|(arn, _)| write_token(arn, now.wall));
        let compliance =
            request.include_compliance_details.unwrap_or(false).then(|| json!({ "ComplianceStatus": true }));
        let mapping = |(arn, tags): &(&String, &Tags)| json!({ "ResourceARN": arn, "Tags": shown(tags), "ComplianceDetails": compliance });
        Ok(json!({
            "PaginationToken": next.unwrap_or_default(),
            "ResourceTagMappingList": page.iter().map(mapping).collect::<Vec<_>>(),
        }))
    }

    pub(super) fn get_tag_keys(&self, params: &Tree) -> Result<Value, ApiError> {
        let Paged { pagination_token } = read(params)?;
        check_first_page(pagination_token.as_ref())?;
        let keys: BTreeSet<&String> = self.shown.values().flat_map(Tags::keys).collect();
        Ok(json!({ "PaginationToken": "", "TagKeys": keys }))
    }

    pub(super) fn get_tag_values(&self, params: &Tree) -> Result<Value, ApiError> {
        let GetTagValues { pagination_token, key } = read(params)?;
        check_first_page(pagination_token.as_ref())?;
        let values: BTreeSet<&String> = self.shown.values().filter_map(|tags| tags.get(key.as_str())).collect();
        Ok(json!({ "PaginationToken": "", "TagValues": values }))
    }
}

impl GetResources {
    /// Checks what one member asks of another; says how many resources a page has.
    fn check(&self) -> Result<usize, ApiError> {
        let narrowed = self.tag_filters.as_ref().is_some_and(|filters| !filters.is_empty())
            || self.resource_type_filters.as_ref().is_some_and(|types| !types.is_empty())
            || self.resources_per_page.is_some()
            || self.tags_per_page.is_some();
        if self.arns.is_some() && narrowed {
            return Err(invalid("ResourceARNList cannot be combined with filters or page sizes"));
        }
        if self.exclude_compliant_resources == Some(true) && self.include_compliance_details != Some(true) {
            return Err(invalid("ExcludeCompliantResources needs IncludeComplianceDetails"));
        }
        let size = self.resources_per_page.unwrap_or(*PAGE_SIZES.end());
        if !PAGE_SIZES.contains(&size) {
            return Err(invalid("ResourcesPerPage must be between 1 and 100").against_model());
        }
        if self.tags_per_page.is_some_and(|tags| !TAGS_PER_PAGE.contains(&tags)) {
            return Err(invalid("TagsPerPage must be between 100 and 500").against_model());
        }
        Ok(usize::try_from(size).unwrap_or(usize::MAX))
    }

    fn most_tags(&self) -> usize {
        self.tags_per_page.and_then(|tags| usize::try_from(tags).ok()).unwrap_or(usize::MAX)
    }

    fn lists(&self, arn: &str, tags: &Tags) -> bool {
        let types = self.resource_type_filters.iter().flat_map(|types| types.iter()).collect::<Vec<_>>();
        let named = self.arns.as_ref().is_none_or(|arns| arns.iter().any(|known| known.as_str() == arn));
        let of_type = types.is_empty() || types.iter().any(|wanted| is_of_type(arn, wanted.as_str()));
        let filters = self.tag_filters.iter().flat_map(|filters| filters.iter());
        // Every resource is compliant here.
        let compliant = self.exclude_compliant_resources != Some(true);
        named && of_type && compliant && filters.into_iter().all(|filter| filter.accepts(tags))
    }
}

impl TagFilter {
    /// All filters have to accept a resource, and any of the values of one will do.
    fn accepts(&self, tags: &Tags) -> bool {
        let any = |value: &String| self.values.is_empty() || self.values.iter().any(|wanted| wanted.as_str() == value);
        tags.get(self.key.as_str()).is_some_and(any)
    }
}

/// `service`, `service:type`, `service:type/subtype`.
fn is_of_type(arn: &str, wanted: &str) -> bool {
    let mut parts = arn.splitn(6, ':').skip(2);
    let (service, resource) = (parts.next().unwrap_or_default(), parts.nth(2).unwrap_or_default());
    match wanted.split_once(':') {
        None => service == wanted,
        Some((of, kind)) => {
            service == of && resource.strip_prefix(kind).is_some_and(|rest| rest.starts_with(['/', ':']))
        }
    }
}

/// A token says when it was given out.
fn write_token(last: &str, now: Timestamp) -> String {
    token::write(LIST, &format!("{} {last}", now.as_second()))
}

fn read_token(token: &str, now: Timestamp) -> Result<String, ApiError> {
    let invalid_token = || invalid("The PaginationToken is not valid");
    let text = token::read(LIST, token).ok_or_else(invalid_token)?;
    let (given_out, last) = text.split_once(' ').ok_or_else(invalid_token)?;
    let given_out = given_out.parse().ok().and_then(|second| Timestamp::from_second(second).ok());
    if given_out.ok_or_else(invalid_token)? + TOKEN_LIFE < now {
        let message = "The specified PaginationToken has expired: it is valid for 15 minutes";
        return Err(ApiError::new("PaginationTokenExpiredException", message));
    }
    Ok(last.to_owned())
}

/// Lists that are one page here give out no tokens.
fn check_first_page(token: Option<&Text<0, 2048>>) -> Result<(), ApiError> {
    match token {
        Some(token) if !token.as_str().is_empty() => Err(invalid("The PaginationToken is not valid")),
        _ => Ok(()),
    }
}

fn invalid(message: &str) -> ApiError {
    ApiError::new("InvalidParameterException", message)
}
