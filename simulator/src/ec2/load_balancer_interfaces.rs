//! The interfaces of load balancers, which come and go with them.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use ipnet::Ipv4Net;
use tokio::time::Instant;

use super::Members;
use super::addresses::Address;
use super::network_interfaces::{Association, Attachment, GroupIdentifier, NetworkInterface, PrivateAddress};
use super::store::Account;
use crate::network::{LoadBalancerInterfaces, Place};

/// Who asks for the interfaces of load balancers.
const LOAD_BALANCING: &str = "amazon-elb";

/// Addresses from the first to the last, without those in use.
pub(super) struct FreeAddresses {
    first: u32,
    last: u32,
    used: BTreeSet<Ipv4Addr>,
}

impl FreeAddresses {
    pub(super) fn contains(&self, address: Ipv4Addr) -> bool {
        (self.first..=self.last).contains(&u32::from(address)) && !self.used.contains(&address)
    }

    /// In their order.
    pub(super) fn iter(&self) -> impl Iterator<Item = Ipv4Addr> {
        (self.first..=self.last).map(Ipv4Addr::from).filter(|address| !self.used.contains(address))
    }
}

/// The interfaces of one load balancer that its subnets still lack.
struct Lacking {
    description: String,
    interface_type: &'static str,
    groups: Vec<GroupIdentifier>,
    places: Vec<Place>,
}

impl Address {
    /// Whether an interface has it.
    fn is_of(&self, interface: &NetworkInterface) -> bool {
        self.network_interface_id.as_ref() == Some(&interface.network_interface_id)
    }

    /// Whether it belongs to a load balancer: then only that can give it back.
    pub(super) fn is_of_load_balancer(&self) -> bool {
        self.network_interface_owner_id.as_deref() == Some(LOAD_BALANCING)
    }
}

impl Account {
    /// See [`crate::network::Network::set_interfaces`].
    pub(super) fn set_interfaces(&mut self, wanted: &LoadBalancerInterfaces, leftovers_until: Instant) {
        let lacking = self.settle_interfaces(wanted, Some(leftovers_until));
        self.changes += 1;
        for place in &lacking.places {
            self.make_interface(&lacking, place);
            if let Some(free) = self.free_address_count(&place.subnet) {
                *free = free.saturating_sub(1);
            }
        }
    }

    /// Makes the interfaces that a described load balancer has besides those that are described themselves. Its
    /// addresses were not counted as free.
    pub(crate) fn describe_interfaces(&mut self, standing: &LoadBalancerInterfaces) {
        let lacking = self.settle_interfaces(standing, None);
        for place in &lacking.places {
            self.make_interface(&lacking, place);
        }
    }

    /// The private addresses in a VPC of interfaces that load balancers have.
    pub(super) fn load_balancer_addresses(&self, vpc_id: &str) -> Vec<IpAddr> {
        let theirs =
            |one: &&NetworkInterface| one.vpc_id == vpc_id && one.requester_id.as_deref() == Some(LOAD_BALANCING);
        let interfaces = self.network_interfaces.values().filter(theirs);
        let addresses = interfaces.flat_map(|interface| &interface.private_ip_addresses);
        addresses.filter_map(|address| address.private_ip_address.parse().ok()).collect()
    }

    /// Lets the interfaces of load balancers that are not described go, as those of a load balancer that has just left.
    pub(crate) fn let_orphans_go(&mut self, standing: &[LoadBalancerInterfaces], until: Instant) {
        for interface in self.network_interfaces.values_mut() {
            let of_load_balancer = interface.requester_id.as_deref() == Some(LOAD_BALANCING);
            if let Some(owner) = interface.description.strip_prefix("ELB ").filter(|_| of_load_balancer)
                && !standing.iter().any(|known| known.load_balancer == owner)
            {
                interface.gone_at = interface.gone_at.or(Some(until));
            }
        }
    }

    /// Interfaces whose time has come vanish, and give their addresses back.
    pub(super) fn let_leftovers_vanish(&mut self, now: Instant) {
        let due = |interface: &NetworkInterface| interface.gone_at.is_some_and(|at| at <= now);
        let gone: Vec<_> = self.network_interfaces.extract_if(.., |_, interface| due(interface)).collect();
        if !gone.is_empty() {
            self.changes += 1;
        }
        for (_, interface) in gone {
            for address in self.addresses.values_mut().filter(|address| address.is_of(&interface)) {
                address.disassociate();
            }
            if let Some(free) = self.free_address_count(&interface.subnet_id) {
                *free += 1;
            }
        }
    }

    /// Keeps what is wanted, lets the rest go where a time is given for it, and says what is lacking.
    fn settle_interfaces(&mut self, wanted: &LoadBalancerInterfaces, leftovers_until: Option<Instant>) -> Lacking {
        let description = format!("ELB {}", wanted.load_balancer);
        let network = wanted.load_balancer.starts_with("net/");
        let groups: Vec<_> = wanted.security_groups.iter().map(|id| self.group_identifier(id)).collect();
        let mut places = wanted.places.clone();
        for interface in self.network_interfaces.values_mut().filter(|interface| interface.description == description) {
            if wanted.places.iter().any(|place| place.subnet == interface.subnet_id) {
                interface.gone_at = None;
                interface.groups.clone_from(&groups);
                places.retain(|place| place.subnet != interface.subnet_id);
            } else {
                interface.gone_at = interface.gone_at.or(leftovers_until);
            }
        }
        let interface_type = if network { "network_load_balancer" } else { "interface" };
        Lacking { description, interface_type, groups, places }
    }

    fn make_interface(&mut self, lacking: &Lacking, place: &Place) {
        let Place { subnet: subnet_id, private_address, allocation_id } = place;
        let mut interface = NetworkInterface::in_subnet(self.new_id("eni"), subnet_id);
        interface.description.clone_from(&lacking.description);
        interface.interface_type = lacking.interface_type.to_owned();
        interface.groups.clone_from(&lacking.groups);
        interface.requester_id = Some(LOAD_BALANCING.to_owned());
        interface.requester_managed = true;
        interface.owner_id.clone_from(&self.scope.account);
        interface.attachment = Some(Attachment {
            instance_id: None,
            instance_owner_id: Some(LOAD_BALANCING.to_owned()),
            delete_on_termination: false,
            ..Attachment::to("", 1)
        });
        if let Some(subnet) = self.subnets.get(subnet_id) {
            interface.vpc_id.clone_from(&subnet.vpc_id);
            interface.availability_zone = Some(subnet.availability_zone.clone());
            let free = || self.free_addresses_of(subnet_id, subnet.cidr_block?).iter().next();
            interface.private_ip_address = private_address.or_else(free).map(|address| address.to_string());
            interface.private_ip_addresses.extend(interface.private_ip_address.clone().map(PrivateAddress::primary));
        }
        if let Some(allocation_id) = allocation_id {
            self.give_elastic_address(&mut interface, allocation_id);
        }
        self.network_interfaces.insert(interface.network_interface_id.clone(), interface);
    }

    /// Associates an Elastic IP address with an interface of a load balancer, for as long as that is there.
    fn give_elastic_address(&mut self, interface: &mut NetworkInterface, allocation_id: &str) {
        let association_id = self.new_id("eipassoc");
        let Some(address) = self.addresses.get_mut(allocation_id).filter(|address| address.association_id.is_none())
        else {
            return;
        };
        address.association_id = Some(association_id.clone());
        address.network_interface_id = Some(interface.network_interface_id.clone());
        address.network_interface_owner_id = Some(LOAD_BALANCING.to_owned());
        address.private_ip_address.clone_from(&interface.private_ip_address);
        let association = Association {
            association_id: Some(association_id),
            ip_owner_id: Some(self.scope.account.clone()),
            public_dns_name: None,
            public_ip: address.public_ip.map(|public| public.to_string()),
            allocation_id: Some(allocation_id.to_owned()),
            more: Members::new(),
        };
        for held in &mut interface.private_ip_addresses {
            held.association = Some(association.clone());
        }
        interface.association = Some(association);
    }

    /// The addresses of a subnet that nobody has; AWS keeps the first four to itself, and the last.
    pub(super) fn free_addresses_of(&self, subnet_id: &str, block: Ipv4Net) -> FreeAddresses {
        let interfaces = self.network_interfaces.values().filter(|interface| interface.subnet_id == subnet_id);
        let used: BTreeSet<Ipv4Addr> = interfaces
            .flat_map(|interface| &interface.private_ip_addresses)
            .filter_map(|address| address.private_ip_address.parse().ok())
            .collect();
        let first = u32::from(block.network()).saturating_add(4);
        let last = u32::from(block.broadcast()).saturating_sub(1);
        FreeAddresses { first, last, used }
    }

    /// How many addresses of a subnet nobody has.
    pub(super) fn free_address_count(&mut self, subnet_id: &str) -> Option<&mut u32> {
        self.subnets.get_mut(subnet_id)?.available_ip_address_count.as_mut()
    }
}
