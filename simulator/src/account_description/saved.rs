//! A simulated account, written as a description of itself: loading that gives the same account.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{DescriptionError, saved_load_balancing, services};
use crate::ec2::instances::Instance;
use crate::ec2::store::Account;
use crate::load_balancing::LoadBalancing;
use crate::network::Scope;
use crate::simulator::Simulator;
use crate::wire::{self, ApiError};

/// The lists in which `Key` and `Value` are written as a map.
const PAIRS: &[&str] = &["Attributes", "TagSet", "Tags"];
/// The only list of which an empty one is not the same as none.
const MEANT_WHEN_EMPTY: &str = "IpPermissionsEgress";

/// A description of an account as it is, in the shape that [`super::AccountDescription::parse`] reads.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SavedAccount {
    now: String,
    account_id: String,
    region: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    vpc_id: Option<String>,
    #[serde(flatten)]
    lists: Lists,
    #[serde(skip_serializing_if = "Value::is_null")]
    shield: Value,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    quotas: BTreeMap<String, u64>,
}

macro_rules! lists {
    ($($list:ident)*) => {
        /// The lists in the order of the document; those that hold nothing are left out.
        #[derive(Clone, Debug, Default, PartialEq, Serialize)]
        #[serde(rename_all = "camelCase")]
        pub(super) struct Lists {
            $(#[serde(skip_serializing_if = "Vec::is_empty")] pub(super) $list: Vec<Value>,)*
        }

        impl Lists {
            fn tidy(&mut self) {
                for list in [$(&mut self.$list),*] {
                    list.iter_mut().for_each(tidy);
                }
            }
        }
    };
}

lists! {
    vpcs availability_zones subnets route_tables internet_gateways vpc_peering_connections security_groups
    security_group_rules instances network_interfaces addresses managed_prefix_lists ipam_pools coip_pools
    certificates server_certificates load_balancers target_groups listeners rules trust_stores web_acls
}

impl SavedAccount {
    /// What one account of a simulator holds now. Of an account whose EC2 is at another endpoint, only the rest.
    ///
    /// # Errors
    /// When the account's own operations cannot be asked, because its EC2 is at another endpoint that does not answer.
    pub async fn of(simulator: &Simulator, scope: &Scope) -> Result<Self, DescriptionError> {
        let now = simulator.now();
        let mut lists = Lists::default();
        let (cluster_vpc, mut quotas) = simulator.ec2().with_account(scope, |account| {
            lists.network(account);
            (account.cluster_vpc.clone(), account.quotas.overrides())
        });
        quotas.extend(BTreeMap::from(simulator.options(scope).await.quotas));
        let load_balancing = LoadBalancing { simulator, scope };
        let refused = |refusal: ApiError| DescriptionError::Value {
            element: format!("the load balancing of {scope}"),
            message: refusal.message,
        };
        saved_load_balancing::fill(&mut lists, load_balancing).await.map_err(refused)?;
        let mut shield = services::save(&mut lists, simulator, scope).await.map_err(refused)?;
        lists.tidy();
        tidy(&mut shield);
        Ok(SavedAccount {
            now: now.wall.to_string(),
            account_id: scope.account.clone(),
            region: scope.region.clone(),
            vpc_id: cluster_vpc,
            lists,
            shield,
            quotas,
        })
    }

    /// The document as YAML.
    pub fn to_yaml(&self) -> String {
        serde_saphyr::to_string(self).expect("a document of lists, maps and texts can be written")
    }
}

impl Lists {
    fn network(&mut self, account: &Account) {
        self.vpcs = answers(account.vpcs.values());
        self.availability_zones = answers(account.availability_zones.values());
        self.subnets = answers(account.subnets.values());
        self.route_tables = answers(account.route_tables.values());
        self.internet_gateways = answers(account.internet_gateways.values());
        self.vpc_peering_connections = answers(account.vpc_peering_connections.values());
        self.security_groups = answers(account.security_groups.values().map(|group| account.group_shown(group)));
        self.security_group_rules = account.tagged_rules();
        self.instances = account.instances.values().map(instance).collect();
        self.network_interfaces = answers(account.network_interfaces.values());
        self.addresses = answers(account.addresses.values());
        self.managed_prefix_lists = answers(account.prefix_lists.values());
        self.ipam_pools = answers(account.ipam_pools.values());
        self.coip_pools = answers(account.coip_pools.values());
    }
}

fn answers<T: Serialize>(items: impl Iterator<Item = T>) -> Vec<Value> {
    items.map(|item| wire::answer(&item)).collect()
}

/// Its interfaces are in their own list.
fn instance(instance: &Instance) -> Value {
    wire::without(wire::answer(instance), "NetworkInterfaces")
}

/// Leaves out what is absent or empty, and writes tags and attributes as maps.
fn tidy(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(tidy),
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                tidy(member);
                if PAIRS.contains(&name.as_str()) {
                    *member = as_map(member.take());
                }
            }
            members.retain(|name, member| name == MEANT_WHEN_EMPTY || !is_empty(name, member));
        }
        _ => {}
    }
}

fn as_map(pairs: Value) -> Value {
    let Value::Array(items) = pairs else { return pairs };
    let map: Map<String, Value> = items
        .iter()
        .filter_map(|item| {
            Some((item.get("Key")?.as_str()?.to_owned(), item.get("Value").cloned().unwrap_or(json!(""))))
        })
        .collect();
    if map.len() == items.len() { Value::Object(map) } else { Value::Array(items) }
}

/// A structure without members may say something by being there.
fn is_empty(name: &str, value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty() && PAIRS.contains(&name),
        _ => false,
    }
}
