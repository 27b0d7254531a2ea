//! What load balancing in a description sees of the network.

use std::net::IpAddr;

use crate::ec2::store::Account;
use crate::ec2::subnets::Subnet;
use crate::elbv2::Surroundings;

/// The network of a description, as load balancing asks it.
pub(super) struct Network<'a> {
    pub(super) account: &'a Account,
    pub(super) default_vpc: Option<&'a str>,
}

impl Surroundings for Network<'_> {
    fn subnet(&self, id: &str) -> Option<(String, String)> {
        let subnet = self.account.subnets.get(id)?;
        Some((subnet.vpc_id.clone(), subnet.availability_zone.clone()))
    }

    fn default_vpc(&self) -> Option<String> {
        self.default_vpc.map(str::to_owned)
    }

    fn instance_zone(&self, id: &str) -> Option<String> {
        self.account.instances.get(id)?.placement.availability_zone.clone()
    }

    fn address_zone(&self, vpc_id: &str, address: IpAddr) -> Option<String> {
        let mut subnets = self.account.subnets.values().filter(|subnet| subnet.vpc_id == vpc_id);
        subnets.find(|subnet| holds(subnet, address)).map(|subnet| subnet.availability_zone.clone())
    }
}

fn holds(subnet: &Subnet, address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => subnet.cidr_block.is_some_and(|block| block.contains(&address)),
        IpAddr::V6(address) => {
            let mut blocks = subnet.ipv6_cidr_block_association_set.iter();
            blocks.any(|block| block.ipv6_cidr_block_state.is_associated() && block.ipv6_cidr_block.contains(&address))
        }
    }
}
