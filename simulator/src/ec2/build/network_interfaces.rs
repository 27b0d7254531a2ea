//! Network interfaces.

use std::net::Ipv4Addr;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::error::{Kind, invalid_parameter, refused};
use super::super::network_interfaces::{GroupIdentifier, NetworkInterface, PrivateAddress};
use super::super::request::{done, read};
use super::super::store::Account;
use super::super::tags::{TagSpecification, Tags};
use super::Flag;
use crate::wire::{self, ApiError, Tree};

/// What a new interface is to have.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    pub(super) subnet_id: String,
    /// The primary address first; without any the first free one is taken.
    pub(super) addresses: Vec<String>,
    /// How many further addresses are taken.
    pub(super) secondary: usize,
    pub(super) groups: Vec<String>,
    pub(super) description: String,
    pub(super) tags: Tags,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CreateNetworkInterface {
    subnet_id: String,
    #[serde(default)]
    description: String,
    private_ip_address: Option<String>,
    #[serde(default)]
    private_ip_addresses: Vec<Address>,
    #[serde(default)]
    secondary_private_ip_address_count: usize,
    #[serde(default, rename = "SecurityGroupId")]
    groups: Vec<String>,
    client_token: Option<String>,
    #[serde(default, rename = "TagSpecification")]
    tag_specifications: Vec<TagSpecification>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Address {
    private_ip_address: String,
    #[serde(default)]
    primary: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct OfInterface {
    network_interface_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Modify {
    network_interface_id: String,
    description: Option<Text>,
    source_dest_check: Option<Flag>,
    #[serde(default, rename = "SecurityGroupId")]
    groups: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Text {
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Assign {
    network_interface_id: String,
    #[serde(default, rename = "PrivateIpAddress")]
    addresses: Vec<String>,
    #[serde(default)]
    secondary_private_ip_address_count: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Unassign {
    network_interface_id: String,
    #[serde(rename = "PrivateIpAddress")]
    addresses: Vec<String>,
}

/// The primary address first.
pub(super) fn in_order(single: Option<String>, mut listed: Vec<Address>) -> Vec<String> {
    listed.sort_by_key(|address| !address.primary);
    single.into_iter().chain(listed.into_iter().map(|address| address.private_ip_address)).collect()
}

impl Account {
    pub(super) fn create_network_interface(&mut self, params: &Tree) -> Result<Value, ApiError> {
        let request: CreateNetworkInterface = read(params)?;
        let wanted = Wanted {
            subnet_id: request.subnet_id,
            addresses: in_order(request.private_ip_address, request.private_ip_addresses),
            secondary: request.secondary_private_ip_address_count,
            groups: request.groups,
            description: request.description,
            tags: Tags::specified(&request.tag_specifications, "network-interface")?,
        };
        let mut interface = self.new_interface(wanted)?;
        interface.status = super::super::available();
        let answer = json!({ "NetworkInterface": wire::answer(&interface), "ClientToken": request.client_token });
        self.network_interfaces.insert(interface.network_interface_id.clone(), interface);
        Ok(answer)
    }

    /// DeleteNetworkInterface: one that is attached to nothing.
    pub(super) fn delete_network_interface(&mut self, params: &Tree) -> Result<Value, ApiError> {
        let OfInterface { network_interface_id: id } = read(params)?;
        if self.known_interface(&id)?.attachment.is_some() {
            return Err(refused("InvalidParameterValue", format!("Network interface '{id}' is currently in use.")));
        }
        self.remove_interface(&id);
        Ok(done())
    }

    pub(super) fn modify_network_interface_attribute(&mut self, params: &Tree) -> Result<Value, ApiError> {
        let request: Modify = read(params)?;
        let id = request.network_interface_id;
        let subnet_id = self.known_interface(&id)?.subnet_id.clone();
        let groups = if request.groups.is_empty() { None } else { Some(self.groups_in(&subnet_id, &request.groups)?) };
        let interface = self.known_interface(&id)?;
        if let Some(groups) = groups {
            interface.groups = groups;
        }
        if let Some(Text { value }) = request.description {
            interface.description = value;
        }
        if let Some(Flag { value }) = request.source_dest_check {
            interface.source_dest_check = value;
        }
        Ok(done())
    }

    pub(super) fn assign_private_ip_addresses(&mut self, params: &Tree) -> Result<Value, ApiError> {
        let request: Assign = read(params)?;
        let id = request.network_interface_id;
        let subnet_id = self.known_interface(&id)?.subnet_id.clone();
        let mut assigned = Vec::new();
        for address in request.addresses {
            assigned.push(self.take_address(&subnet_id, Some(&address), &assigned)?);
        }
        for _ in 0..request.secondary_private_ip_address_count {
            assigned.push(self.take_address(&subnet_id, None, &assigned)?);
        }
        let answer: Vec<Value> =
            assigned.iter().map(|address| json!({ "PrivateIpAddress": address.to_string() })).collect();
        let secondary = assigned.into_iter().map(secondary);
        self.known_interface(&id)?.private_ip_addresses.extend(secondary);
        Ok(json!({ "NetworkInterfaceId": id, "AssignedPrivateIpAddresses": answer }))
    }

    pub(super) fn unassign_private_ip_addresses(&mut self, params: &Tree) -> Result<Value, ApiError> {
        let Unassign { network_interface_id: id, addresses } = read(params)?;
        let interface = self.known_interface(&id)?;
        let held = |address: &&String| {
            let this = |held: &PrivateAddress| held.private_ip_address == **address && !held.primary;
            interface.private_ip_addresses.iter().any(this)
        };
        if let Some(unknown) = addresses.iter().find(|address| !held(address)) {
            let message = format!("Some of the specified addresses are not assigned to interface {id}: {unknown}");
            return Err(invalid_parameter(message));
        }
        interface.private_ip_addresses.retain(|held| !addresses.contains(&held.private_ip_address));
        let subnet_id = interface.subnet_id.clone();
        self.give_back(&subnet_id, addresses.len());
        Ok(done())
    }

    /// An interface with what is wanted; it still has to be put into the account.
    pub(super) fn new_interface(&mut self, wanted: Wanted) -> Result<NetworkInterface, ApiError> {
        let subnet = self.known_subnet(&wanted.subnet_id)?.clone();
        let groups = match wanted.groups.as_slice() {
            [] => vec![self.default_group_of(&subnet.vpc_id)],
            named => self.groups_in(&wanted.subnet_id, named)?,
        };
        let mut interface = NetworkInterface::in_subnet(self.new_id("eni"), &wanted.subnet_id);
        let mut asked: Vec<Option<&str>> = wanted.addresses.iter().map(|address| Some(address.as_str())).collect();
        asked.resize(asked.len().max(1) + wanted.secondary, None);
        let mut taken = Vec::new();
        if subnet.cidr_block.is_some() {
            for address in asked {
                taken.push(self.take_address(&wanted.subnet_id, address, &taken)?);
            }
        }
        interface.private_ip_address = taken.first().map(Ipv4Addr::to_string);
        let private = |address: Ipv4Addr| {
            format!("ip-{}.{}.compute.internal", address.to_string().replace('.', "-"), self.scope.region)
        };
        interface.private_dns_name = taken.first().copied().map(private);
        let mut addresses = taken.into_iter();
        interface.private_ip_addresses =
            addresses.next().map(|first| PrivateAddress::primary(first.to_string())).into_iter().collect();
        interface.private_ip_addresses.extend(addresses.map(secondary));
        interface.mac_address = Some(mac_address(&interface.network_interface_id));
        interface.vpc_id = subnet.vpc_id;
        interface.availability_zone = Some(subnet.availability_zone);
        interface.description = wanted.description;
        interface.owner_id.clone_from(&self.scope.account);
        interface.groups = groups;
        interface.tags = wanted.tags;
        Ok(interface)
    }

    /// Takes an interface away; its addresses are free again.
    pub(super) fn remove_interface(&mut self, id: &str) {
        let Some(interface) = self.network_interfaces.remove(id) else { return };
        self.give_back(&interface.subnet_id, interface.private_ip_addresses.len());
        for address in self.addresses.values_mut() {
            if address.network_interface_id.as_deref() == Some(id) {
                address.disassociate();
            }
        }
    }

    /// The groups with these ids, all in the VPC of the subnet.
    pub(super) fn groups_in(&self, subnet_id: &str, ids: &[String]) -> Result<Vec<GroupIdentifier>, ApiError> {
        let vpc_id = &self.known_subnet(subnet_id)?.vpc_id;
        if ids.len() > self.quotas.groups_per_interface as usize {
            let message = "The maximum number of security groups per interface has been reached.";
            return Err(refused("SecurityGroupsPerInterfaceLimitExceeded", message));
        }
        let known = |id: &String| match self.security_groups.get(id) {
            Some(group) if group.vpc_id == *vpc_id => Ok(self.group_identifier(id)),
            Some(_) => {
                let message = format!("Security group {id} and subnet {subnet_id} belong to different networks.");
                Err(refused("InvalidParameter", message))
            }
            None => Err(Kind::SecurityGroup.not_found(id)),
        };
        ids.iter().map(known).collect()
    }

    fn default_group_of(&self, vpc_id: &str) -> GroupIdentifier {
        let mut groups = self.security_groups.values();
        let default = groups.find(|group| group.vpc_id == vpc_id && group.is_default());
        self.group_identifier(default.map(|group| group.group_id.as_str()).unwrap_or_default())
    }

    /// One address of a subnet, this one or the first that is free, which is neither in use nor among those just taken.
    fn take_address(&mut self, subnet_id: &str, asked: Option<&str>, taken: &[Ipv4Addr]) -> Result<Ipv4Addr, ApiError> {
        let block = self.known_subnet(subnet_id)?.cidr_block;
        let out_of_range = |address: &str| {
            invalid_parameter(format!("Address {address} does not fall within the subnet's address range"))
        };
        let insufficient = || {
            let message = "The specified subnet does not have enough free addresses to satisfy the request.";
            refused("InsufficientFreeAddressesInSubnet", message)
        };
        let block = block.ok_or_else(insufficient)?;
        let free = self.free_addresses_of(subnet_id, block);
        let address = match asked {
            None => free.iter().find(|address| !taken.contains(address)).ok_or_else(insufficient)?,
            Some(text) => {
                let address: Ipv4Addr =
                    text.parse().map_err(|_| invalid_parameter(format!("Invalid IPv4 address: {text}")))?;
                if !block.contains(&address) {
                    return Err(out_of_range(text));
                }
                if !free.contains(address) || taken.contains(&address) {
                    return Err(refused("InvalidIPAddress.InUse", format!("Address {text} is in use.")));
                }
                address
            }
        };
        match self.free_address_count(subnet_id) {
            Some(0) => Err(insufficient()),
            Some(count) => {
                *count -= 1;
                Ok(address)
            }
            None => Ok(address),
        }
    }

    fn give_back(&mut self, subnet_id: &str, addresses: usize) {
        if let Some(free) = self.free_address_count(subnet_id) {
            *free += u32::try_from(addresses).unwrap_or_default();
        }
    }
}

fn secondary(address: Ipv4Addr) -> PrivateAddress {
    PrivateAddress { primary: false, ..PrivateAddress::primary(address.to_string()) }
}

/// A locally administered address made of the digits of an id.
fn mac_address(id: &str) -> String {
    let digits: Vec<char> = id.chars().rev().filter(char::is_ascii_hexdigit).take(10).collect();
    let pairs = digits.chunks(2).map(|pair| pair.iter().collect::<String>());
    std::iter::once("02".to_owned()).chain(pairs).collect::<Vec<_>>().join(":")
}
