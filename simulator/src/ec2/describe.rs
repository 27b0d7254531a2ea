//! What all Describe actions share: ids, filters, pages.

use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::error::{Kind, invalid_parameter, refused};
use super::request::{self, read};
use super::tags::Tags;
use crate::wildcard;
use crate::wire::{self, ApiError, Tree, token};

/// AWS's limit on the filter values of one request (`FilterLimitExceeded`).
const MAX_FILTER_VALUES: usize = 200;

/// AWS's range of `MaxResults` for most kinds.
pub(super) const PAGE_SIZES: RangeInclusive<usize> = 5..=1000;

/// `Filter.N`: a name, and values of which one must match. `*` and `?` are wildcards.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Filter {
    name: String,
    #[serde(default, rename = "Value")]
    values: Vec<String>,
}

/// What a Describe request narrows its answer by.
#[derive(Clone, Debug, Default)]
pub(super) struct Selection {
    pub(super) ids: Vec<String>,
    pub(super) filters: Vec<Filter>,
    pub(super) max_results: Option<usize>,
    pub(super) next_token: Option<String>,
}

/// The filters of a kind of resource, each with the values that it looks at.
pub(super) type Filters<T> = &'static [(&'static str, fn(&T) -> Vec<String>)];

/// One kind of resource that can be described.
pub(super) trait Described: Sized + 'static {
    /// The kind, for its not-found error.
    const KIND: Kind;
    /// AWS's range of `MaxResults`.
    const PAGE_SIZES: RangeInclusive<usize> = PAGE_SIZES;
    /// The filters besides those on tags.
    const FILTERS: Filters<Self>;
    /// Further filters, each with the way to its values in [`Described::document`]: `Placement.Tenancy`.
    const PATHS: &'static [(&'static str, &'static str)] = &[];
    /// The id.
    fn id(&self) -> &str;
    /// The tags.
    fn tags(&self) -> &Tags;
    /// The whole resource, for the filters that are paths.
    fn document(&self) -> Value {
        Value::Null
    }
}

/// One page of an answer.
#[derive(Debug)]
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    pub(super) next_token: Option<String>,
}

impl Selection {
    /// Reads a Describe request; `ids` is the name of its list of ids. No Describe action takes further parameters
    /// that would change its answer.
    pub(super) fn read(params: &Tree, ids: &str) -> Result<Self, ApiError> {
        let mut selection = Selection::default();
        for (name, value) in request::members(params)? {
            match name {
                "Filter" => selection.filters = read(value)?,
                "MaxResults" => selection.max_results = Some(read(value)?),
                "NextToken" => selection.next_token = Some(read(value)?),
                _ if name == ids => selection.ids = read(value)?,
                _ => return Err(request::not_recognized(name)),
            }
        }
        Ok(selection)
    }

    /// The page of `all` that was asked for. `all` is sorted by id, and so is the page.
    pub(super) fn of<T: Described, B: Borrow<T>>(&self, all: impl IntoIterator<Item = B>) -> Result<Page<B>, ApiError> {
        let matchers = matchers::<T>(&self.filters)?;
        let after = self.start::<T>()?;
        let mut missing: BTreeSet<&str> = self.ids.iter().map(String::as_str).collect();
        let mut found = Vec::new();
        for item in all {
            let id = item.borrow().id();
            let asked = self.ids.is_empty() || missing.remove(id);
            let unseen = after.as_deref().is_none_or(|last| id > last);
            if asked && unseen && matchers.iter().all(|matcher| matcher.accepts(item.borrow())) {
                found.push(item);
            }
        }
        if let Some(id) = missing.first() {
            return Err(T::KIND.not_found(id));
        }
        Ok(self.page(found))
    }

    fn page<T: Described, B: Borrow<T>>(&self, mut items: Vec<B>) -> Page<B> {
        let size = self.max_results.unwrap_or(usize::MAX);
        let more = items.len() > size;
        items.truncate(size);
        let next_token =
            items.last().filter(|_| more).map(|last| token::write(&format!("{:?}", T::KIND), last.borrow().id()));
        Page { items, next_token }
    }

    /// The id after which the page begins; checks `MaxResults` on the way.
    fn start<T: Described>(&self) -> Result<Option<String>, ApiError> {
        if let Some(size) = self.max_results
            && !T::PAGE_SIZES.contains(&size)
        {
            let (smallest, largest) = (T::PAGE_SIZES.start(), T::PAGE_SIZES.end());
            let bound =
                if size < *smallest { format!("greater than {smallest}") } else { format!("less than {largest}") };
            let message = format!("Value ( {size} ) for parameter maxResults is invalid. Expecting a value {bound}.");
            return Err(invalid_parameter(message).against_model());
        }
        let Some(token) = &self.next_token else {
            return Ok(None);
        };
        match token::read(&format!("{:?}", T::KIND), token) {
            Some(id) => Ok(Some(id)),
            None => Err(refused("InvalidNextToken", "The specified NextToken is not valid.")),
        }
    }
}

/// The answer of a Describe action: `ids` is the name of its list of ids, `list` that of the list that it answers.
pub(super) fn describe<'a, T: Described + Serialize>(
    params: &Tree,
    ids: &str,
    list: &str,
    all: impl IntoIterator<Item = &'a T>,
) -> Result<Value, ApiError> {
    describe_as(params, ids, list, all, wire::answer)
}

/// As [`describe`], with another form of what is described.
pub(super) fn describe_as<'a, T: Described>(
    params: &Tree,
    ids: &str,
    list: &str,
    all: impl IntoIterator<Item = &'a T>,
    shown: impl Fn(&T) -> Value,
) -> Result<Value, ApiError> {
    let Page { items, next_token } = Selection::read(params, ids)?.of::<T, _>(all)?;
    let items: Vec<Value> = items.into_iter().map(shown).collect();
    Ok(json!({ list: items, "NextToken": next_token }))
}

/// A filter that is known to exist for `T`.
enum Matcher<'a, T> {
    Field { values: fn(&T) -> Vec<String>, patterns: &'a [String] },
    Path { path: Vec<&'static str>, patterns: &'a [String] },
    Tag { key: &'a str, patterns: &'a [String] },
    TagKey { patterns: &'a [String] },
}

impl<'a, T: Described> Matcher<'a, T> {
    fn of(filter: &'a Filter) -> Result<Self, ApiError> {
        let Filter { name, values: patterns } = filter;
        if patterns.is_empty() {
            return Err(invalid_parameter(format!("The filter '{name}' has no values")));
        }
        if let Some(key) = name.strip_prefix("tag:") {
            return Ok(Matcher::Tag { key, patterns });
        }
        if name == "tag-key" {
            return Ok(Matcher::TagKey { patterns });
        }
        if let Some((_, values)) = T::FILTERS.iter().find(|(known, _)| known == name) {
            return Ok(Matcher::Field { values: *values, patterns });
        }
        match T::PATHS.iter().find(|(known, _)| known == name) {
            Some((_, path)) => Ok(Matcher::Path { path: path.split('.').collect(), patterns }),
            None => Err(invalid_parameter(format!("The filter '{name}' is invalid"))),
        }
    }

    fn accepts(&self, item: &T) -> bool {
        match self {
            Matcher::Field { values, patterns } => values(item).iter().any(|value| any_matches(patterns, value)),
            Matcher::Path { path, patterns } => {
                values_at(&item.document(), path).iter().any(|value| any_matches(patterns, value))
            }
            Matcher::Tag { key, patterns } => item.tags().get(key).is_some_and(|value| any_matches(patterns, value)),
            Matcher::TagKey { patterns } => item.tags().keys().any(|key| any_matches(patterns, key)),
        }
    }
}

fn matchers<T: Described>(filters: &[Filter]) -> Result<Vec<Matcher<'_, T>>, ApiError> {
    let count: usize = filters.iter().map(|filter| filter.values.len()).sum();
    if count > MAX_FILTER_VALUES {
        let message = format!("The maximum number of filter values specified on a single call is {MAX_FILTER_VALUES}");
        return Err(refused("FilterLimitExceeded", message));
    }
    filters.iter().map(Matcher::of).collect()
}

/// The values at the end of a path, as texts; lists on the way are followed in each of their elements.
fn values_at(document: &Value, path: &[&str]) -> Vec<String> {
    match (document, path.split_first()) {
        (Value::Array(items), _) => items.iter().flat_map(|item| values_at(item, path)).collect(),
        (Value::Object(members), Some((member, rest))) => {
            members.get(*member).map(|next| values_at(next, rest)).unwrap_or_default()
        }
        (Value::Null | Value::Object(_), _) | (_, Some(_)) => Vec::new(),
        (Value::String(text), None) => vec![text.clone()],
        (value, None) => vec![value.to_string()],
    }
}

fn any_matches(patterns: &[String], value: &str) -> bool {
    patterns.iter().any(|pattern| wildcard::matches(pattern, value))
}
