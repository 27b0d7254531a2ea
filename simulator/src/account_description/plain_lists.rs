//! The lists of a description whose elements need little besides what is written: an owner, an ARN.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use super::Document;
use super::error::DescriptionError;
use super::network::{Filling, elements, put};

/// Where the public addresses come from that a description leaves out. Source: RFC 5737, for documentation.
const DOCUMENTATION_BLOCK: [u8; 3] = [203, 0, 113];

impl Filling {
    pub(super) fn plain_lists(&mut self, document: &mut Document) -> Result<(), DescriptionError> {
        self.internet_gateways(document)?;
        self.prefix_lists(document)?;
        self.pools(document)?;
        self.addresses(document)?;
        for connection in elements(&mut document.vpc_peering_connections) {
            let id = connection.vpc_peering_connection_id.clone();
            put("vpcPeeringConnections", &mut self.account.vpc_peering_connections, id, connection)?;
        }
        Ok(())
    }

    fn internet_gateways(&mut self, document: &mut Document) -> Result<(), DescriptionError> {
        for mut gateway in elements(&mut document.internet_gateways) {
            self.own(&mut gateway.owner_id);
            let id = gateway.internet_gateway_id.clone();
            put("internetGateways", &mut self.account.internet_gateways, id, gateway)?;
        }
        Ok(())
    }

    fn prefix_lists(&mut self, document: &mut Document) -> Result<(), DescriptionError> {
        for mut list in elements(&mut document.managed_prefix_lists) {
            self.own(&mut list.owner_id);
            let arn = self.account.arn("prefix-list", &list.prefix_list_id);
            list.prefix_list_arn.get_or_insert(arn);
            if list.prefix_list_name.is_empty() {
                list.prefix_list_name.clone_from(&list.prefix_list_id);
            }
            put("managedPrefixLists", &mut self.account.prefix_lists, list.prefix_list_id.clone(), list)?;
        }
        Ok(())
    }

    fn pools(&mut self, document: &mut Document) -> Result<(), DescriptionError> {
        for mut pool in elements(&mut document.ipam_pools) {
            self.own(&mut pool.owner_id);
            let account = &self.account.scope.account;
            let arn = format!("arn:aws:ec2::{account}:ipam-pool/{}", pool.ipam_pool_id);
            pool.ipam_pool_arn.get_or_insert(arn);
            put("ipamPools", &mut self.account.ipam_pools, pool.ipam_pool_id.clone(), pool)?;
        }
        for mut pool in elements(&mut document.coip_pools) {
            let arn = self.account.arn("coip-pool", &pool.pool_id);
            pool.pool_arn.get_or_insert(arn);
            put("coipPools", &mut self.account.coip_pools, pool.pool_id.clone(), pool)?;
        }
        Ok(())
    }

    fn addresses(&mut self, document: &mut Document) -> Result<(), DescriptionError> {
        let addresses = elements(&mut document.addresses);
        let written: BTreeSet<Ipv4Addr> = addresses.iter().filter_map(|address| address.public_ip).collect();
        let [a, b, c] = DOCUMENTATION_BLOCK;
        let mut unused =
            (1..u8::MAX).map(|last| Ipv4Addr::new(a, b, c, last)).filter(|public| !written.contains(public));
        for mut address in addresses {
            if address.public_ip.is_none() {
                address.public_ip = unused.next();
            }
            if address.network_border_group.is_empty() {
                address.network_border_group.clone_from(&self.account.scope.region);
            }
            if address.network_interface_id.is_some() || address.instance_id.is_some() {
                address.association_id.get_or_insert_with(|| self.account.new_id("eipassoc"));
            }
            put("addresses", &mut self.account.addresses, address.allocation_id.clone(), address)?;
        }
        Ok(())
    }
}
