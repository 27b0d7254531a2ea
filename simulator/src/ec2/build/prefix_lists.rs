//! Managed prefix lists of the account.

use std::collections::BTreeSet;

use ipnet::IpNet;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::Members;
use super::super::error::{Kind, invalid_parameter, refused};
use super::super::permissions::Peer;
use super::super::prefix_lists::{Entry, PrefixList};
use super::super::request::read;
use super::super::store::Account;
use super::super::tags::{TagSpecification, Tags};
use crate::wire::constraint::{Int, List};
use crate::wire::{ApiError, Tree};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CreateManagedPrefixList {
    prefix_list_name: String,
    max_entries: Int<1, 1000>,
    address_family: AddressFamily,
    #[serde(default, rename = "Entry")]
    entries: List<NewEntry, 0, 100>,
    /// Not looked at: a list that is made twice has two ids.
    #[serde(rename = "ClientToken")]
    _client_token: Option<String>,
    #[serde(default, rename = "TagSpecification")]
    tag_specifications: Vec<TagSpecification>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
enum AddressFamily {
    #[serde(rename = "IPv4")]
    Ipv4,
    #[serde(rename = "IPv6")]
    Ipv6,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct NewEntry {
    cidr: String,
    description: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ModifyManagedPrefixList {
    prefix_list_id: String,
    current_version: Option<i64>,
    prefix_list_name: Option<String>,
    #[serde(default, rename = "AddEntry")]
    add: List<NewEntry, 0, 100>,
    #[serde(default, rename = "RemoveEntry")]
    remove: List<OldEntry, 0, 100>,
    max_entries: Option<Int<1, 1000>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct OldEntry {
    cidr: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DeleteManagedPrefixList {
    prefix_list_id: String,
}

impl Account {
    pub(super) fn create_managed_prefix_list(&mut self, params: &Tree) -> Result<Value, ApiError> {
        let request: CreateManagedPrefixList = read(params)?;
        let id = self.new_id("pl");
        let mut list = PrefixList {
            prefix_list_arn: Some(self.arn("prefix-list", &id)),
            prefix_list_id: id.clone(),
            prefix_list_name: request.prefix_list_name,
            address_family: if request.address_family == AddressFamily::Ipv4 { "IPv4" } else { "IPv6" }.to_owned(),
            state: "create-complete".to_owned(),
            max_entries: u32::try_from(request.max_entries.get()).ok(),
            version: 1,
            owner_id: self.scope.account.clone(),
            tags: Tags::specified(&request.tag_specifications, "prefix-list")?,
            entries: Vec::new(),
            more: Members::new(),
        };
        list.change(&BTreeSet::new(), request.entries.into_vec())?;
        let answer = json!({ "PrefixList": list.shown() });
        self.prefix_lists.insert(id, list);
        Ok(answer)
    }

    /// ModifyManagedPrefixList: entries go before others come; a new version each time they change.
    pub(super) fn modify_managed_prefix_list(&mut self, params: &Tree) -> Result<Value, ApiError> {
        let request: ModifyManagedPrefixList = read(params)?;
        let id = request.prefix_list_id;
        let mut list = self.prefix_lists.get(&id).ok_or_else(|| Kind::PrefixList.not_found(&id))?.clone();
        let changes_entries = !(request.add.is_empty() && request.remove.is_empty());
        if changes_entries && request.current_version != Some(list.version) {
            let message = format!("The prefix list has the incorrect version number: it stands at {}", list.version);
            return Err(refused("PrefixListVersionMismatch", message));
        }
        if let Some(name) = request.prefix_list_name {
            list.prefix_list_name = name;
        }
        if let Some(most) = request.max_entries {
            list.max_entries = u32::try_from(most.get()).ok();
        }
        let removed = request.remove.into_vec().into_iter().map(|entry| cidr(&entry.cidr)).collect::<Result<_, _>>()?;
        list.change(&removed, request.add.into_vec())?;
        list.state = "modify-complete".to_owned();
        list.version += i64::from(changes_entries);
        let answer = json!({ "PrefixList": list.shown() });
        self.prefix_lists.insert(id.clone(), list);
        let names = |rule: &super::super::permissions::Rule| rule.peer == Peer::PrefixList(id.clone());
        for group in self.security_groups.values().filter(|group| group.rules.iter().any(names)) {
            for direction in super::super::permissions::Direction::BOTH {
                self.check_quota(group, direction)?;
            }
        }
        Ok(answer)
    }

    /// DeleteManagedPrefixList: one that no rule and no route names.
    pub(super) fn delete_managed_prefix_list(&mut self, params: &Tree) -> Result<Value, ApiError> {
        let DeleteManagedPrefixList { prefix_list_id: id } = read(params)?;
        let mut rules = self.security_groups.values().flat_map(|group| &group.rules);
        let mut routes = self.route_tables.values().flat_map(|table| &table.routes);
        let named = rules.any(|rule| rule.peer == Peer::PrefixList(id.clone()))
            || routes.any(|route| route.destination_prefix_list_id.as_ref() == Some(&id));
        if named {
            let message = format!("The prefix list {id} is in use and cannot be deleted");
            return Err(refused("PrefixListInUse", message));
        }
        let list = self.prefix_lists.remove(&id).ok_or_else(|| Kind::PrefixList.not_found(&id))?;
        Ok(json!({ "PrefixList": PrefixList { state: "delete-complete".to_owned(), ..list }.shown() }))
    }
}

impl PrefixList {
    fn change(&mut self, removed: &BTreeSet<IpNet>, added: Vec<NewEntry>) -> Result<(), ApiError> {
        if let Some(unknown) = removed.iter().find(|cidr| !self.entries.iter().any(|entry| entry.cidr == **cidr)) {
            return Err(invalid_parameter(format!("The prefix list has no entry {unknown}")));
        }
        self.entries.retain(|entry| !removed.contains(&entry.cidr));
        for entry in added {
            let cidr = cidr(&entry.cidr)?;
            let of_family = matches!(cidr, IpNet::V4(_)) == (self.address_family == "IPv4");
            if !of_family {
                return Err(invalid_parameter(format!("{cidr} is not of the address family {}", self.address_family)));
            }
            self.entries.retain(|known| known.cidr != cidr);
            self.entries.push(Entry::new(cidr, entry.description));
        }
        if self.entries.len() > self.max_entries.unwrap_or(u32::MAX) as usize {
            let message = "You've reached the maximum number of entries for the prefix list.";
            return Err(refused("PrefixListMaxEntriesExceeded", message));
        }
        Ok(())
    }
}

fn cidr(text: &str) -> Result<IpNet, ApiError> {
    let cidr: IpNet = text.parse().map_err(|_| invalid_parameter(format!("CIDR block {text} is malformed")))?;
    Ok(cidr.trunc())
}
