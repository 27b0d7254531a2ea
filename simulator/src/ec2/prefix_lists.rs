//! Managed prefix lists and their entries.

use std::ops::RangeInclusive;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Members;
use super::describe::{Described, Filters, describe, describe_as};
use super::error::{Kind, missing, refused};
use super::request;
use super::store::Account;
use super::tags::Tags;
use crate::wire::{self, ApiError, Tree};

/// A managed prefix list as AWS prints it, with the entries that GetManagedPrefixListEntries prints.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PrefixList {
    pub(crate) prefix_list_id: String,
    #[serde(default)]
    pub(crate) prefix_list_name: String,
    pub(crate) prefix_list_arn: Option<String>,
    /// `IPv4` or `IPv6`
    #[serde(default = "ipv4")]
    pub(crate) address_family: String,
    #[serde(default = "complete")]
    pub(crate) state: String,
    /// What a security group rule that names the list counts as; AWS's own lists print none.
    pub(crate) max_entries: Option<u32>,
    #[serde(default = "first_version")]
    pub(crate) version: i64,
    #[serde(default)]
    pub(crate) owner_id: String,
    #[serde(default)]
    pub(crate) tags: Tags,
    #[serde(default)]
    pub(crate) entries: Vec<Entry>,
    #[serde(flatten)]
    pub(crate) more: Members,
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Entry {
    pub(crate) cidr: IpNet,
    pub(crate) description: Option<String>,
    /// For paging.
    #[serde(skip)]
    id: String,
    /// An entry has none.
    #[serde(skip)]
    no_tags: Tags,
}

fn ipv4() -> String {
    "IPv4".to_owned()
}

fn complete() -> String {
    "create-complete".to_owned()
}

fn first_version() -> i64 {
    1
}

impl PrefixList {
    /// For how many IPv4 and IPv6 rules a reference to it counts: its maximum of entries, whatever it holds.
    pub(super) fn weight(&self) -> (u32, u32) {
        let entries = self.max_entries.unwrap_or(1);
        if self.address_family == "IPv6" { (0, entries) } else { (entries, 0) }
    }

    /// As DescribeManagedPrefixLists shows it.
    pub(super) fn shown(&self) -> Value {
        wire::without(wire::answer(self), "Entries")
    }
}

impl Entry {
    pub(super) fn new(cidr: IpNet, description: Option<String>) -> Self {
        Entry { cidr, description, id: String::new(), no_tags: Tags::default() }
    }
}

impl Described for PrefixList {
    const KIND: Kind = Kind::PrefixList;
    const PAGE_SIZES: RangeInclusive<usize> = 1..=100;
    const FILTERS: Filters<Self> = &[
        ("owner-id", |list| vec![list.owner_id.clone()]),
        ("prefix-list-id", |list| vec![list.prefix_list_id.clone()]),
        ("prefix-list-name", |list| vec![list.prefix_list_name.clone()]),
    ];

    fn id(&self) -> &str {
        &self.prefix_list_id
    }

    fn tags(&self) -> &Tags {
        &self.tags
    }
}

impl Described for Entry {
    const KIND: Kind = Kind::PrefixList;
    const PAGE_SIZES: RangeInclusive<usize> = 1..=100;
    const FILTERS: Filters<Self> = &[];

    fn id(&self) -> &str {
        &self.id
    }

    fn tags(&self) -> &Tags {
        &self.no_tags
    }
}

impl Account {
    /// DescribeManagedPrefixLists
    pub(super) fn describe_managed_prefix_lists(&self, params: &Tree) -> Result<Value, ApiError> {
        describe_as(params, "PrefixListId", "PrefixLists", self.prefix_lists.values(), PrefixList::shown)
    }

    /// GetManagedPrefixListEntries: of the version that stands; earlier ones are not kept.
    pub(super) fn get_managed_prefix_list_entries(&self, params: &Tree) -> Result<Value, ApiError> {
        let mut params = params.clone();
        let id: String = request::take(&mut params, "PrefixListId")?.ok_or_else(|| missing("PrefixListId"))?;
        let list = self.prefix_lists.get(&id).ok_or_else(|| Kind::PrefixList.not_found(&id))?;
        let asked: Option<i64> = request::take(&mut params, "TargetVersion")?;
        if let Some(version) = asked.filter(|version| *version != list.version) {
            let message = format!("The prefix list {id} has no version {version} here; it stands at {}", list.version);
            return Err(refused("InvalidPrefixListVersion", message));
        }
        let named = |entry: &Entry| Entry { id: entry.cidr.to_string(), ..entry.clone() };
        let mut entries: Vec<Entry> = list.entries.iter().map(named).collect();
        entries.sort_by(|one, other| one.id.cmp(&other.id));
        describe(&params, "", "Entries", &entries)
    }
}
