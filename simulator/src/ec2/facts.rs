//! The simulator's own EC2 as the network that load balancers stand on.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;
use tokio::time::Instant;

use super::Ec2;
use super::addresses::Address;
use super::instances::Instance;
use super::security_groups::SecurityGroup;
use super::subnets::Subnet;
use super::vpcs::Vpc;
use crate::network::{self, Answer, LoadBalancerInterfaces, Network, Scope};

impl Network for Ec2 {
    fn vpc<'a>(&'a self, scope: &'a Scope, id: &'a str) -> Answer<'a, Option<network::Vpc>> {
        let vpc = self.with_account(scope, |account| account.vpcs.get(id).map(Vpc::fact));
        Box::pin(async { Ok(vpc) })
    }

    fn subnets<'a>(&'a self, scope: &'a Scope, ids: &'a [String]) -> Answer<'a, Vec<network::Subnet>> {
        let found = self.with_account(scope, |account| found(&account.subnets, ids, Subnet::fact));
        Box::pin(async { Ok(found) })
    }

    fn subnets_of_vpc<'a>(&'a self, scope: &'a Scope, vpc_id: &'a str) -> Answer<'a, Vec<network::Subnet>> {
        let found = self.with_account(scope, |account| {
            account.subnets.values().filter(|subnet| subnet.vpc_id == vpc_id).map(Subnet::fact).collect()
        });
        Box::pin(async { Ok(found) })
    }

    fn load_balancer_addresses<'a>(&'a self, scope: &'a Scope, vpc_id: &'a str) -> Answer<'a, Vec<IpAddr>> {
        let found = self.with_account(scope, |account| account.load_balancer_addresses(vpc_id));
        Box::pin(async { Ok(found) })
    }

    fn elastic_addresses<'a>(
        &'a self,
        scope: &'a Scope,
        ids: &'a [String],
    ) -> Answer<'a, Vec<network::ElasticAddress>> {
        let found = self.with_account(scope, |account| found(&account.addresses, ids, Address::fact));
        Box::pin(async { Ok(found) })
    }

    fn default_security_group<'a>(&'a self, scope: &'a Scope, vpc_id: &'a str) -> Answer<'a, Option<String>> {
        let found = self.with_account(scope, |account| {
            let mut groups = account.security_groups.values();
            groups
                .find(|group| group.vpc_id == vpc_id && group.group_name == "default")
                .map(|group| group.group_id.clone())
        });
        Box::pin(async { Ok(found) })
    }

    fn security_groups<'a>(&'a self, scope: &'a Scope, ids: &'a [String]) -> Answer<'a, Vec<network::SecurityGroup>> {
        let found = self.with_account(scope, |account| found(&account.security_groups, ids, SecurityGroup::fact));
        Box::pin(async { Ok(found) })
    }

    fn instances<'a>(&'a self, scope: &'a Scope, ids: &'a [String]) -> Answer<'a, Vec<network::Instance>> {
        let found = self.with_account(scope, |account| found(&account.instances, ids, Instance::fact));
        Box::pin(async { Ok(found) })
    }

    fn set_interfaces<'a>(
        &'a self,
        scope: &'a Scope,
        wanted: LoadBalancerInterfaces,
        leftovers_until: Instant,
    ) -> Answer<'a, ()> {
        self.with_account(scope, |account| account.set_interfaces(&wanted, leftovers_until));
        Box::pin(async { Ok(()) })
    }
}

/// The facts about those that exist, sorted by id.
fn found<T, F>(all: &BTreeMap<String, T>, ids: &[String], fact: fn(&T) -> F) -> Vec<F> {
    let ids: BTreeSet<&String> = ids.iter().collect();
    ids.into_iter().filter_map(|id| all.get(id)).map(fact).collect()
}

impl Address {
    fn fact(&self) -> network::ElasticAddress {
        network::ElasticAddress {
            allocation_id: self.allocation_id.clone(),
            public_ip: self.public_ip,
            is_associated: self.association_id.is_some(),
        }
    }
}

impl Vpc {
    fn fact(&self) -> network::Vpc {
        let ipv4 = self.cidr_block_association_set.iter().filter(|block| block.cidr_block_state.is_associated());
        let ipv6 = self.ipv6_cidr_block_association_set.iter();
        let ipv6 = ipv6.filter(|block| block.ipv6_cidr_block_state.is_associated());
        let cidrs = ipv4
            .map(|block| IpNet::V4(block.cidr_block))
            .chain(ipv6.map(|block| IpNet::V6(block.ipv6_cidr_block)))
            .collect();
        network::Vpc { id: self.vpc_id.clone(), cidrs }
    }
}

impl Subnet {
    fn fact(&self) -> network::Subnet {
        let ipv6 = self.ipv6_cidr_block_association_set.iter();
        network::Subnet {
            id: self.subnet_id.clone(),
            vpc_id: self.vpc_id.clone(),
            zone: self.availability_zone.clone(),
            zone_id: self.availability_zone_id.clone(),
            cidr: self.cidr_block,
            ipv6_cidrs: ipv6
                .filter(|block| block.ipv6_cidr_block_state.is_associated())
                .map(|block| block.ipv6_cidr_block)
                .collect(),
            free_addresses: self.available_ip_address_count.unwrap_or_default(),
        }
    }
}

impl SecurityGroup {
    fn fact(&self) -> network::SecurityGroup {
        network::SecurityGroup { id: self.group_id.clone(), vpc_id: self.vpc_id.clone() }
    }
}

impl Instance {
    fn fact(&self) -> network::Instance {
        network::Instance {
            id: self.instance_id.clone(),
            vpc_id: self.vpc_id.clone(),
            zone: self.placement.availability_zone.clone(),
            state: self.state.name.text().to_owned(),
            private_address: self.private_ip_address.as_deref().and_then(|address| address.parse::<IpAddr>().ok()),
        }
    }
}
