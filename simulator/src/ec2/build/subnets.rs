//! Subnets.

use std::str::FromStr;

use ipnet::{Ipv4Net, Ipv6Net};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::Members;
use super::super::error::{Kind, invalid_parameter, missing, refused};
use super::super::request::{done, read};
use super::super::store::Account;
use super::super::subnets::{Subnet, free_addresses};
use super::super::tags::{TagSpecification, Tags};
use super::vpcs::block;
use super::{Flag, has_dependencies};
use crate::wire::{self, ApiError, Tree};

/// The size of a subnet's IPv6 block.
const SUBNET_IPV6_PREFIX: u8 = 64;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CreateSubnet {
    vpc_id: String,
    cidr_block: Option<String>,
    ipv6_cidr_block: Option<String>,
    #[serde(default)]
    ipv6_native: bool,
    availability_zone: Option<String>,
    availability_zone_id: Option<String>,
    #[serde(default, rename = "TagSpecification")]
    tag_specifications: Vec<TagSpecification>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct OfSubnet {
    subnet_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct AssociateSubnetCidrBlock {
    subnet_id: String,
    ipv6_cidr_block: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ModifySubnetAttribute {
    subnet_id: String,
    map_public_ip_on_launch: Option<Flag>,
    assign_ipv6_address_on_creation: Option<Flag>,
}

impl Account {
    pub(super) fn create_subnet(&mut self, params: &Tree) -> Result<Value, ApiError> {
        let request: CreateSubnet = read(params)?;
        let cidr_block = match &request.cidr_block {
            Some(text) => Some(self.unused_block_of(&request.vpc_id, block(text, "InvalidSubnet.Range")?)?),
            None if request.ipv6_native => None,
            None => return Err(missing("cidrBlock")),
        };
        let ipv6 = request.ipv6_cidr_block.as_deref();
        let ipv6 = ipv6.map(|text| self.unused_ipv6_block_of(&request.vpc_id, text)).transpose()?;
        let (zone, zone_id) = self.zone_of_new_subnet(request.availability_zone, request.availability_zone_id)?;
        let tags = Tags::specified(&request.tag_specifications, "subnet")?;
        let subnet_id = self.new_id("subnet");
        let ipv6 = ipv6.map(|block| self.ipv6_association("subnet-cidr-assoc", block)).into_iter().collect();
        let subnet = Subnet {
            subnet_arn: Some(self.arn("subnet", &subnet_id)),
            subnet_id: subnet_id.clone(),
            vpc_id: request.vpc_id,
            state: super::super::available(),
            availability_zone: zone,
            availability_zone_id: zone_id,
            cidr_block,
            available_ip_address_count: Some(cidr_block.map(free_addresses).unwrap_or_default()),
            ipv6_cidr_block_association_set: ipv6,
            ipv6_native: request.ipv6_native,
            default_for_az: false,
            map_public_ip_on_launch: false,
            assign_ipv6_address_on_creation: false,
            outpost_arn: None,
            owner_id: self.scope.account.clone(),
            tags,
            more: Members::new(),
        };
        let answer = json!({ "Subnet": wire::answer(&subnet) });
        self.subnets.insert(subnet_id, subnet);
        Ok(answer)
    }

    pub(super) fn delete_subnet(&mut self, params: &Tree) -> Result<Value, ApiError> {
        let OfSubnet { subnet_id } = read(params)?;
        self.known_subnet(&subnet_id)?;
        if self.network_interfaces.values().any(|interface| interface.subnet_id == subnet_id) {
            return Err(has_dependencies("subnet", &subnet_id));
        }
        for table in self.route_tables.values_mut() {
            table.associations.retain(|association| association.subnet_id.as_deref() != Some(&subnet_id));
        }
        self.subnets.remove(&subnet_id);
        Ok(done())
    }

    pub(super) fn modify_subnet_attribute(&mut self, params: &Tree) -> Result<Value, ApiError> {
        let request: ModifySubnetAttribute = read(params)?;
        let id = &request.subnet_id;
        let subnet = self.subnets.get_mut(id).ok_or_else(|| Kind::Subnet.not_found(id))?;
        if let Some(Flag { value }) = request.map_public_ip_on_launch {
            subnet.map_public_ip_on_launch = value;
        }
        if let Some(Flag { value }) = request.assign_ipv6_address_on_creation {
            if value && subnet.ipv6_cidr_block_association_set.is_empty() {
                let message =
                    "Invalid value 'true' for assignIpv6AddressOnCreation. The subnet has no IPv6 CIDR block.";
                return Err(invalid_parameter(message));
            }
            subnet.assign_ipv6_address_on_creation = value;
        }
        Ok(done())
    }

    pub(super) fn associate_subnet_cidr_block(&mut self, params: &Tree) -> Result<Value, ApiError> {
        let AssociateSubnetCidrBlock { subnet_id, ipv6_cidr_block } = read(params)?;
        let vpc_id = self.known_subnet(&subnet_id)?.vpc_id.clone();
        let block = self.unused_ipv6_block_of(&vpc_id, &ipv6_cidr_block)?;
        let association = self.ipv6_association("subnet-cidr-assoc", block);
        let answer = json!({ "Ipv6CidrBlockAssociation": wire::answer(&association), "SubnetId": subnet_id });
        let subnet = self.subnets.get_mut(&subnet_id).expect("the subnet was found");
        subnet.ipv6_cidr_block_association_set.push(association);
        Ok(answer)
    }

    fn unused_block_of(&self, vpc_id: &str, block: Ipv4Net) -> Result<Ipv4Net, ApiError> {
        let vpc = self.known_vpc(vpc_id)?;
        if !vpc.cidr_block_association_set.iter().any(|within| within.cidr_block.contains(&block)) {
            return Err(refused("InvalidSubnet.Range", format!("The CIDR '{block}' is invalid.")));
        }
        let mut others = self.subnets.values().filter(|subnet| subnet.vpc_id == vpc_id);
        let overlaps = |other: Ipv4Net| other.contains(&block) || block.contains(&other);
        if others.any(|subnet| subnet.cidr_block.is_some_and(overlaps)) {
            return Err(conflict(&block.to_string()));
        }
        Ok(block)
    }

    fn unused_ipv6_block_of(&self, vpc_id: &str, text: &str) -> Result<Ipv6Net, ApiError> {
        let invalid = || refused("InvalidSubnet.Range", format!("The CIDR '{text}' is invalid."));
        let block = Ipv6Net::from_str(text).map_err(|_| invalid())?.trunc();
        let mut within = self.known_vpc(vpc_id)?.ipv6_cidr_block_association_set.iter();
        let fits = block.prefix_len() == SUBNET_IPV6_PREFIX && within.any(|vpc| vpc.ipv6_cidr_block.contains(&block));
        if !fits {
            return Err(invalid());
        }
        let mut others = self.subnets.values().flat_map(|subnet| &subnet.ipv6_cidr_block_association_set);
        if others.any(|other| other.ipv6_cidr_block == block) {
            return Err(conflict(text));
        }
        Ok(block)
    }

    /// Name and id of the zone that is named; the first one when none is.
    fn zone_of_new_subnet(&self, name: Option<String>, id: Option<String>) -> Result<(String, String), ApiError> {
        let zones = self.availability_zones.values();
        let mut fitting = zones.filter(|zone| {
            name.as_ref().is_none_or(|name| *name == zone.zone_name) && id.as_ref().is_none_or(|id| *id == zone.zone_id)
        });
        let found = fitting.next().map(|zone| (zone.zone_name.clone(), zone.zone_id.clone()));
        found.ok_or_else(|| {
            let known: Vec<&str> = self.availability_zones.keys().map(String::as_str).collect();
            let asked = name.or(id).unwrap_or_default();
            invalid_parameter(format!(
                "Value ({asked}) for parameter availabilityZone is invalid. Subnets can currently only be created in \
                 the following availability zones: {}.",
                known.join(", ")
            ))
        })
    }
}

fn conflict(block: &str) -> ApiError {
    refused("InvalidSubnet.Conflict", format!("The CIDR '{block}' conflicts with another subnet"))
}
