//! The network of a description: completed with AWS's defaults, and put into an account.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::Ipv4Net;
use serde_json::Value;

use super::Document;
use super::error::DescriptionError;
use super::keys::Shaped;
use super::zones::{derived_zones, first_zone};
use crate::ec2::availability_zones::{AvailabilityZone, zone_id};
use crate::ec2::store::Account;
use crate::ec2::subnets::{self, Subnet};
use crate::ec2::vpcs::{CidrBlockAssociation, Vpc};
use crate::network::Scope;

/// The block of AWS's default VPCs: that of a VPC of which nothing is known.
const DEFAULT_BLOCK: &str = "172.31.0.0/16";
/// The size of the subnets in AWS's default VPCs.
const DEFAULT_SUBNET_PREFIX: u8 = 20;

/// Takes the lists of the network out of the document.
pub(super) fn fill(
    account: Account,
    default_vpc: Option<String>,
    written: &Value,
    document: &mut Document,
) -> Result<Account, DescriptionError> {
    let recorded = document.recorded.is_some();
    let mut filling = Filling { default_vpc, recorded, account };
    filling.account.cluster_vpc.clone_from(&document.vpc_id);
    if let Some(quotas) = &mut document.quotas {
        filling.account.quotas.take(quotas);
    }
    filling.vpcs(document)?;
    filling.availability_zones(written, document)?;
    filling.subnets(document)?;
    filling.route_tables(document)?;
    filling.security_groups(document)?;
    filling.plain_lists(document)?;
    filling.network_interfaces(document)?;
    filling.instances(document)?;
    Ok(filling.account)
}

/// An account while it is being filled.
pub(super) struct Filling {
    pub(super) account: Account,
    /// Where everything is that does not say its VPC.
    default_vpc: Option<String>,
    /// What it lacks is not known, and not made up.
    pub(super) recorded: bool,
}

impl Filling {
    fn vpcs(&mut self, document: &mut Document) -> Result<(), DescriptionError> {
        for mut vpc in elements(&mut document.vpcs) {
            if vpc.cidr_block_association_set.is_empty() {
                let block = vpc.cidr_block.unwrap_or_else(default_block);
                vpc.cidr_block_association_set.push(CidrBlockAssociation::associated(block));
            }
            vpc.cidr_block = vpc.cidr_block.or(vpc.cidr_block_association_set.first().map(|first| first.cidr_block));
            self.own(&mut vpc.owner_id);
            put("vpcs", &mut self.account.vpcs, vpc.vpc_id.clone(), vpc)?;
        }
        if let Some(id) = document.vpc_id.clone()
            && !self.account.vpcs.contains_key(&id)
        {
            let vpc = implicit_vpc(id, document, &self.account.scope);
            self.account.vpcs.insert(vpc.vpc_id.clone(), vpc);
        }
        Ok(())
    }

    /// Those described, or else those that anything is in.
    fn availability_zones(&mut self, written: &Value, document: &mut Document) -> Result<(), DescriptionError> {
        let region = self.account.scope.region.clone();
        let described = elements(&mut document.availability_zones);
        let derived = if described.is_empty() { derived_zones(&region, written, document) } else { Vec::new() };
        for mut zone in described.into_iter().chain(derived) {
            let ordinary = AvailabilityZone::ordinary(&region, &zone.zone_name, &zone_id(&region, &zone.zone_name));
            for (value, default) in [
                (&mut zone.zone_id, ordinary.zone_id),
                (&mut zone.region_name, ordinary.region_name),
                (&mut zone.group_name, ordinary.group_name),
                (&mut zone.network_border_group, ordinary.network_border_group),
            ] {
                if value.is_empty() {
                    *value = default;
                }
            }
            put("availabilityZones", &mut self.account.availability_zones, zone.zone_name.clone(), zone)?;
        }
        Ok(())
    }

    fn subnets(&mut self, document: &mut Document) -> Result<(), DescriptionError> {
        for mut subnet in elements(&mut document.subnets) {
            let element = format!("subnets {}", subnet.subnet_id);
            subnet.vpc_id = self.vpc(&element, Some(std::mem::take(&mut subnet.vpc_id)))?;
            self.place(&mut subnet);
            if subnet.cidr_block.is_none() && !subnet.ipv6_native {
                subnet.cidr_block = Some(self.unused_block(&element, &subnet.vpc_id)?);
            }
            let free = subnet.cidr_block.map(subnets::free_addresses).unwrap_or_default();
            subnet.available_ip_address_count.get_or_insert(free);
            let arn = self.account.arn("subnet", &subnet.subnet_id);
            subnet.subnet_arn.get_or_insert(arn);
            self.own(&mut subnet.owner_id);
            put("subnets", &mut self.account.subnets, subnet.subnet_id.clone(), subnet)?;
        }
        Ok(())
    }

    fn route_tables(&mut self, document: &mut Document) -> Result<(), DescriptionError> {
        for mut table in elements(&mut document.route_tables) {
            let element = format!("routeTables {}", table.route_table_id);
            table.vpc_id = self.vpc(&element, Some(std::mem::take(&mut table.vpc_id)))?;
            for association in &mut table.associations {
                association.route_table_id.get_or_insert_with(|| table.route_table_id.clone());
                association.route_table_association_id.get_or_insert_with(|| self.account.new_id("rtbassoc"));
            }
            self.own(&mut table.owner_id);
            put("routeTables", &mut self.account.route_tables, table.route_table_id.clone(), table)?;
        }
        Ok(())
    }

    fn security_groups(&mut self, document: &mut Document) -> Result<(), DescriptionError> {
        for mut group in elements(&mut document.security_groups) {
            let vpc_id = self.vpc(&format!("securityGroups {}", group.group_id), group.vpc_id.take())?;
            let group = group.into_group(vpc_id, &mut self.account)?;
            put("securityGroups", &mut self.account.security_groups, group.group_id.clone(), group)?;
        }
        for rule in elements(&mut document.security_group_rules) {
            rule.name_one_of(&mut self.account)?;
        }
        Ok(())
    }

    /// The VPC that is written, or the one that everything is in.
    pub(super) fn vpc(&self, element: &str, written: Option<String>) -> Result<String, DescriptionError> {
        let written = written.filter(|id| !id.is_empty());
        written.or_else(|| self.default_vpc.clone()).ok_or_else(|| DescriptionError::Value {
            element: element.to_owned(),
            message: "no VpcId; write one, or the vpcId of the whole description".to_owned(),
        })
    }

    /// Zone name and zone id, each from the other; the Region's first zone when neither is written.
    fn place(&self, subnet: &mut Subnet) {
        let zones = &self.account.availability_zones;
        let by_id = |id: &str| zones.values().find(|zone| zone.zone_id == id).map(|zone| zone.zone_name.clone());
        if subnet.availability_zone.is_empty() {
            let named = by_id(&subnet.availability_zone_id);
            subnet.availability_zone = named.unwrap_or_else(|| first_zone(&self.account.scope.region));
        }
        if subnet.availability_zone_id.is_empty()
            && let Some(zone) = zones.get(&subnet.availability_zone)
        {
            subnet.availability_zone_id.clone_from(&zone.zone_id);
        }
    }

    /// A block of the VPC that no subnet described so far overlaps.
    fn unused_block(&self, element: &str, vpc_id: &str) -> Result<Ipv4Net, DescriptionError> {
        let used: Vec<Ipv4Net> = self.account.subnets.values().filter_map(|subnet| subnet.cidr_block).collect();
        let vpc = self.account.vpcs.get(vpc_id).and_then(|vpc| vpc.cidr_block).unwrap_or_else(default_block);
        let prefix = DEFAULT_SUBNET_PREFIX.max(vpc.prefix_len());
        let free = |block: &Ipv4Net| !used.iter().any(|other| other.contains(block) || block.contains(other));
        let mut blocks = vpc.subnets(prefix).ok().into_iter().flatten();
        blocks.find(free).ok_or_else(|| DescriptionError::Value {
            element: element.to_owned(),
            message: format!("no CidrBlock, and {vpc} of {vpc_id} has no room for another /{prefix}; write one"),
        })
    }

    pub(super) fn own(&self, owner_id: &mut String) {
        if owner_id.is_empty() {
            owner_id.clone_from(&self.account.scope.account);
        }
    }
}

pub(super) fn elements<T>(list: &mut super::List<Shaped<T>>) -> Vec<T> {
    list.take().unwrap_or_default().into_iter().map(|Shaped(element)| element).collect()
}

pub(super) fn put<T>(
    list: &'static str,
    all: &mut BTreeMap<String, T>,
    id: String,
    item: T,
) -> Result<(), DescriptionError> {
    match all.insert(id.clone(), item) {
        None => Ok(()),
        Some(_) => Err(DescriptionError::Twice { list, id }),
    }
}

/// The cluster's VPC, or the only one there is.
pub(super) fn default_vpc(document: &Document) -> Option<String> {
    let described = document.vpcs.as_deref().unwrap_or_default();
    document.vpc_id.clone().or_else(|| match described {
        [Shaped(only)] => Some(only.vpc_id.clone()),
        _ => None,
    })
}

fn default_block() -> Ipv4Net {
    DEFAULT_BLOCK.parse().expect("it is a block")
}

/// A VPC of which only the id is written: it has the blocks of its subnets.
fn implicit_vpc(vpc_id: String, document: &Document, scope: &Scope) -> Vpc {
    let subnets = document.subnets.iter().flatten().map(|Shaped(subnet)| subnet);
    let within = subnets.filter(|subnet| subnet.vpc_id.is_empty() || subnet.vpc_id == vpc_id);
    let within: Vec<&Subnet> = within.collect();
    let mut blocks: BTreeSet<Ipv4Net> = within.iter().filter_map(|subnet| subnet.cidr_block).collect();
    if blocks.is_empty() || within.iter().any(|subnet| subnet.cidr_block.is_none() && !subnet.ipv6_native) {
        blocks.insert(default_block());
    }
    let ipv6 = within.iter().flat_map(|subnet| subnet.ipv6_cidr_block_association_set.clone());
    Vpc::with_blocks(vpc_id, scope.account.clone(), blocks, ipv6.collect())
}
