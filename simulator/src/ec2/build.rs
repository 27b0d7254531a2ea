//! The world itself, made and unmade by calls: VPCs, subnets, routes, gateways, addresses, interfaces, instances.
//!
//! What is made stands at once; only the answers of RunInstances and TerminateInstances show the state between.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::Action;
use super::availability_zones::{AvailabilityZone, zone_id};
use super::error::{Kind, dependency};
use super::store::Account;
use crate::wire::ApiError;

mod addresses;
mod instances;
mod internet_gateways;
mod network_interfaces;
mod prefix_lists;
mod route_tables;
mod subnets;
mod vpcs;

/// The zones of a Region of which nothing has been described.
const ZONES: [char; 3] = ['a', 'b', 'c'];

/// Every action there is.
pub(super) const ACTIONS: &[(&str, Action)] = &[
    ("AllocateAddress", Action::Write(Account::allocate_address)),
    ("AssignPrivateIpAddresses", Action::Write(Account::assign_private_ip_addresses)),
    ("AssociateAddress", Action::Write(Account::associate_address)),
    ("AssociateRouteTable", Action::Write(Account::associate_route_table)),
    ("AssociateSubnetCidrBlock", Action::Write(Account::associate_subnet_cidr_block)),
    ("AssociateVpcCidrBlock", Action::Write(Account::associate_vpc_cidr_block)),
    ("AttachInternetGateway", Action::Write(Account::attach_internet_gateway)),
    ("CreateInternetGateway", Action::Write(Account::create_internet_gateway)),
    ("CreateManagedPrefixList", Action::Write(Account::create_managed_prefix_list)),
    ("CreateNetworkInterface", Action::Write(Account::create_network_interface)),
    ("CreateRoute", Action::Write(Account::create_route)),
    ("CreateRouteTable", Action::Write(Account::create_route_table)),
    ("CreateSubnet", Action::Write(Account::create_subnet)),
    ("CreateVpc", Action::Write(Account::create_vpc)),
    ("DeleteInternetGateway", Action::Write(Account::delete_internet_gateway)),
    ("DeleteManagedPrefixList", Action::Write(Account::delete_managed_prefix_list)),
    ("DeleteNetworkInterface", Action::Write(Account::delete_network_interface)),
    ("DeleteRoute", Action::Write(Account::delete_route)),
    ("DeleteRouteTable", Action::Write(Account::delete_route_table)),
    ("DeleteSubnet", Action::Write(Account::delete_subnet)),
    ("DeleteVpc", Action::Write(Account::delete_vpc)),
    ("DetachInternetGateway", Action::Write(Account::detach_internet_gateway)),
    ("DisassociateAddress", Action::Write(Account::disassociate_address)),
    ("DisassociateRouteTable", Action::Write(Account::disassociate_route_table)),
    ("ModifyInstanceAttribute", Action::Write(Account::modify_instance_attribute)),
    ("ModifyManagedPrefixList", Action::Write(Account::modify_managed_prefix_list)),
    ("ModifyNetworkInterfaceAttribute", Action::Write(Account::modify_network_interface_attribute)),
    ("ModifySubnetAttribute", Action::Write(Account::modify_subnet_attribute)),
    ("ReleaseAddress", Action::Write(Account::release_address)),
    ("ReplaceRoute", Action::Write(Account::replace_route)),
    ("RunInstances", Action::Timed(Account::run_instances)),
    ("StartInstances", Action::Write(Account::start_instances)),
    ("StopInstances", Action::Timed(Account::stop_instances)),
    ("TerminateInstances", Action::Timed(Account::terminate_instances)),
    ("UnassignPrivateIpAddresses", Action::Write(Account::unassign_private_ip_addresses)),
];

/// A flag as the Modify actions carry it.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Flag {
    value: bool,
}

impl Account {
    /// An account of which nothing has been described: it has the zones of its Region, and nothing in them.
    pub(super) fn untouched(scope: crate::network::Scope) -> Self {
        let mut account = Account::new(scope);
        let region = account.scope.region.clone();
        for letter in ZONES {
            let name = format!("{region}{letter}");
            let zone = AvailabilityZone::ordinary(&region, &name, &zone_id(&region, &name));
            account.availability_zones.insert(name, zone);
        }
        account
    }

    /// The VPC of a request.
    fn known_vpc(&self, id: &str) -> Result<&super::vpcs::Vpc, ApiError> {
        self.vpcs.get(id).ok_or_else(|| Kind::Vpc.not_found(id))
    }

    /// The subnet of a request.
    fn known_subnet(&self, id: &str) -> Result<&super::subnets::Subnet, ApiError> {
        self.subnets.get(id).ok_or_else(|| Kind::Subnet.not_found(id))
    }

    /// The interface of a request.
    fn known_interface(&mut self, id: &str) -> Result<&mut super::network_interfaces::NetworkInterface, ApiError> {
        self.network_interfaces.get_mut(id).ok_or_else(|| Kind::NetworkInterface.not_found(id))
    }

    /// The instances of a request, all of which have to exist.
    fn known_instances(&self, ids: &BTreeSet<String>) -> Result<(), ApiError> {
        match ids.iter().find(|id| !self.instances.contains_key(*id)) {
            Some(unknown) => Err(Kind::Instance.not_found(unknown)),
            None => Ok(()),
        }
    }
}

/// Something that others still need cannot go.
fn has_dependencies(word: &str, id: &str) -> ApiError {
    dependency(format!("The {word} '{id}' has dependencies and cannot be deleted."))
}
