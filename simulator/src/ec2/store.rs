//! The state of EC2 in one account and Region.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::availability_zones::AvailabilityZone;
use super::instances::Instance;
use super::network_interfaces::NetworkInterface;
use super::prefix_lists::PrefixList;
use super::route_tables::RouteTable;
use super::security_groups::SecurityGroup;
use super::subnets::Subnet;
use super::tags::Tags;
use super::vpcs::Vpc;
use crate::network::Scope;

/// AWS's default quota: rules per security group, in each direction and address family.
const RULES_PER_GROUP: u32 = 60;

/// Everything that EC2 knows, each kind by id (zones by name).
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) scope: Scope,
    pub(crate) availability_zones: BTreeMap<String, AvailabilityZone>,
    pub(crate) vpcs: BTreeMap<String, Vpc>,
    pub(crate) subnets: BTreeMap<String, Subnet>,
    pub(crate) route_tables: BTreeMap<String, RouteTable>,
    pub(crate) security_groups: BTreeMap<String, SecurityGroup>,
    pub(crate) instances: BTreeMap<String, Instance>,
    pub(crate) network_interfaces: BTreeMap<String, NetworkInterface>,
    pub(crate) prefix_lists: BTreeMap<String, PrefixList>,
    pub(crate) rules_per_group: u32,
    ids_made: u64,
    /// Grows with every change.
    pub(super) changes: u64,
}

impl Account {
    /// An account with nothing in it.
    pub(crate) fn new(scope: Scope) -> Self {
        Account {
            scope,
            availability_zones: BTreeMap::new(),
            vpcs: BTreeMap::new(),
            subnets: BTreeMap::new(),
            route_tables: BTreeMap::new(),
            security_groups: BTreeMap::new(),
            instances: BTreeMap::new(),
            network_interfaces: BTreeMap::new(),
            prefix_lists: BTreeMap::new(),
            rules_per_group: RULES_PER_GROUP,
            ids_made: 0,
            changes: 0,
        }
    }

    /// Puts a described account in the place of this one.
    pub(crate) fn replace(&mut self, described: Account) {
        let changes = self.changes + 1;
        *self = Account { changes, ..described };
    }

    /// A new id in AWS's form: the same run makes the same ids, and no two accounts the same one.
    pub(crate) fn new_id(&mut self, prefix: &str) -> String {
        self.ids_made += 1;
        let mut hasher = DefaultHasher::new();
        (&self.scope, self.ids_made).hash(&mut hasher);
        format!("{prefix}-0{:016x}", hasher.finish())
    }

    pub(crate) fn arn(&self, kind: &str, id: &str) -> String {
        let Scope { account, region } = &self.scope;
        format!("arn:aws:ec2:{region}:{account}:{kind}/{id}")
    }

    /// The tags of any resource that can be tagged here.
    pub(super) fn tags_mut(&mut self, id: &str) -> Option<&mut Tags> {
        None.or_else(|| self.vpcs.get_mut(id).map(|vpc| &mut vpc.tags))
            .or_else(|| self.subnets.get_mut(id).map(|subnet| &mut subnet.tags))
            .or_else(|| self.route_tables.get_mut(id).map(|table| &mut table.tags))
            .or_else(|| self.security_groups.get_mut(id).map(|group| &mut group.tags))
            .or_else(|| self.instances.get_mut(id).map(|instance| &mut instance.tags))
            .or_else(|| self.network_interfaces.get_mut(id).map(|interface| &mut interface.tags))
    }
}
