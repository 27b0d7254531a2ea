//! The state of EC2 in one account and Region.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use tokio::time::Instant;

use super::addresses::Address;
use super::availability_zones::AvailabilityZone;
use super::coip_pools::CoipPool;
use super::instances::Instance;
use super::internet_gateways::InternetGateway;
use super::ipam_pools::IpamPool;
use super::network_interfaces::NetworkInterface;
use super::prefix_lists::PrefixList;
use super::quotas::Quotas;
use super::route_tables::RouteTable;
use super::security_groups::SecurityGroup;
use super::subnets::Subnet;
use super::tags::Tags;
use super::vpc_peering_connections::VpcPeeringConnection;
use super::vpcs::Vpc;
use crate::network::Scope;

/// Everything that EC2 knows, each kind by id (zones by name).
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) scope: Scope,
    pub(crate) availability_zones: BTreeMap<String, AvailabilityZone>,
    pub(crate) vpcs: BTreeMap<String, Vpc>,
    pub(crate) subnets: BTreeMap<String, Subnet>,
    pub(crate) route_tables: BTreeMap<String, RouteTable>,
    pub(crate) internet_gateways: BTreeMap<String, InternetGateway>,
    pub(crate) vpc_peering_connections: BTreeMap<String, VpcPeeringConnection>,
    pub(crate) security_groups: BTreeMap<String, SecurityGroup>,
    pub(crate) instances: BTreeMap<String, Instance>,
    pub(crate) network_interfaces: BTreeMap<String, NetworkInterface>,
    pub(crate) addresses: BTreeMap<String, Address>,
    pub(crate) prefix_lists: BTreeMap<String, PrefixList>,
    pub(crate) ipam_pools: BTreeMap<String, IpamPool>,
    pub(crate) coip_pools: BTreeMap<String, CoipPool>,
    pub(crate) quotas: Quotas,
    /// The VPC that the account's description calls the cluster's.
    pub(crate) cluster_vpc: Option<String>,
    /// Mixed into new ids: an account that was described makes none that its description holds.
    salt: u64,
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
            internet_gateways: BTreeMap::new(),
            vpc_peering_connections: BTreeMap::new(),
            security_groups: BTreeMap::new(),
            instances: BTreeMap::new(),
            network_interfaces: BTreeMap::new(),
            addresses: BTreeMap::new(),
            prefix_lists: BTreeMap::new(),
            ipam_pools: BTreeMap::new(),
            coip_pools: BTreeMap::new(),
            quotas: Quotas::default(),
            cluster_vpc: None,
            salt: 0,
            ids_made: 0,
            changes: 0,
        }
    }

    /// An empty account for what this text describes.
    pub(crate) fn described_by(scope: Scope, text: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        Account { salt: hasher.finish(), ..Account::new(scope) }
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
        (&self.scope, self.salt, self.ids_made).hash(&mut hasher);
        format!("{prefix}-0{:016x}", hasher.finish())
    }

    /// What was to happen by now has happened.
    pub(crate) fn settle(&mut self, now: Instant) {
        self.let_leftovers_vanish(now);
        let before = self.instances.len();
        self.instances.retain(|_, instance| instance.gone_at.is_none_or(|at| at > now));
        self.changes += u64::from(self.instances.len() < before);
    }

    pub(crate) fn arn(&self, kind: &str, id: &str) -> String {
        let Scope { account, region } = &self.scope;
        format!("arn:aws:ec2:{region}:{account}:{kind}/{id}")
    }

    /// Everything that can be tagged: type, id and tags.
    pub(crate) fn tagged(&self) -> impl Iterator<Item = (&'static str, &str, &Tags)> {
        let vpcs = self.vpcs.iter().map(|(id, item)| ("vpc", id.as_str(), &item.tags));
        let subnets = self.subnets.iter().map(|(id, item)| ("subnet", id.as_str(), &item.tags));
        let tables = self.route_tables.iter().map(|(id, item)| ("route-table", id.as_str(), &item.tags));
        let gateways = self.internet_gateways.iter().map(|(id, item)| ("internet-gateway", id.as_str(), &item.tags));
        let peerings = self.vpc_peering_connections.iter();
        let peerings = peerings.map(|(id, item)| ("vpc-peering-connection", id.as_str(), &item.tags));
        let groups = self.security_groups.iter().map(|(id, item)| ("security-group", id.as_str(), &item.tags));
        let rules = self.security_groups.values().flat_map(|group| &group.rules);
        let rules = rules.map(|rule| ("security-group-rule", rule.id.as_str(), &rule.tags));
        let instances = self.instances.iter().map(|(id, item)| ("instance", id.as_str(), &item.tags));
        let interfaces = self.network_interfaces.iter();
        let interfaces = interfaces.map(|(id, item)| ("network-interface", id.as_str(), &item.tags));
        let addresses = self.addresses.iter().map(|(id, item)| ("elastic-ip", id.as_str(), &item.tags));
        let lists = self.prefix_lists.iter().map(|(id, item)| ("prefix-list", id.as_str(), &item.tags));
        let ipam = self.ipam_pools.iter().map(|(id, item)| ("ipam-pool", id.as_str(), &item.tags));
        let coip = self.coip_pools.iter().map(|(id, item)| ("coip-pool", id.as_str(), &item.tags));
        let network = vpcs.chain(subnets).chain(tables).chain(gateways).chain(peerings).chain(groups).chain(rules);
        network.chain(instances).chain(interfaces).chain(addresses).chain(lists).chain(ipam).chain(coip)
    }

    /// The tags of everything, by ARN.
    pub(crate) fn tags_by_arn(&self) -> BTreeMap<String, BTreeMap<String, String>> {
        self.tagged().map(|(kind, id, tags)| (self.arn(kind, id), tags.to_map())).collect()
    }

    /// The tags of any resource that can be tagged here.
    pub(super) fn tags_mut(&mut self, id: &str) -> Option<&mut Tags> {
        None.or_else(|| self.vpcs.get_mut(id).map(|vpc| &mut vpc.tags))
            .or_else(|| self.subnets.get_mut(id).map(|subnet| &mut subnet.tags))
            .or_else(|| self.route_tables.get_mut(id).map(|table| &mut table.tags))
            .or_else(|| self.internet_gateways.get_mut(id).map(|gateway| &mut gateway.tags))
            .or_else(|| self.vpc_peering_connections.get_mut(id).map(|connection| &mut connection.tags))
            .or_else(|| self.instances.get_mut(id).map(|instance| &mut instance.tags))
            .or_else(|| self.network_interfaces.get_mut(id).map(|interface| &mut interface.tags))
            .or_else(|| self.addresses.get_mut(id).map(|address| &mut address.tags))
            .or_else(|| self.prefix_lists.get_mut(id).map(|list| &mut list.tags))
            .or_else(|| self.ipam_pools.get_mut(id).map(|pool| &mut pool.tags))
            .or_else(|| self.coip_pools.get_mut(id).map(|pool| &mut pool.tags))
            .or_else(|| self.security_groups.values_mut().find_map(|group| group.tags_mut(id)))
    }
}
