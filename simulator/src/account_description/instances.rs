//! Instances and network interfaces of a description: either may say what the other leaves out.

use super::Document;
use super::error::DescriptionError;
use super::network::{Filling, elements, put};
use crate::ec2::instances::Instance;
use crate::ec2::network_interfaces::{Attachment, GroupIdentifier, NetworkInterface, PrivateAddress};

impl Filling {
    pub(super) fn network_interfaces(&mut self, document: &mut Document) -> Result<(), DescriptionError> {
        for interface in elements(&mut document.network_interfaces) {
            self.network_interface(interface)?;
        }
        Ok(())
    }

    fn network_interface(&mut self, mut interface: NetworkInterface) -> Result<(), DescriptionError> {
        if interface.network_interface_id.is_empty() {
            interface.network_interface_id = self.account.new_id("eni");
        }
        if let Some(subnet) = self.account.subnets.get(&interface.subnet_id) {
            interface.availability_zone.get_or_insert_with(|| subnet.availability_zone.clone());
            if interface.vpc_id.is_empty() {
                interface.vpc_id.clone_from(&subnet.vpc_id);
            }
        }
        let element = format!("networkInterfaces {}", interface.network_interface_id);
        interface.vpc_id = self.vpc(&element, Some(interface.vpc_id))?;
        let primary = interface.private_ip_addresses.iter().find(|address| address.primary);
        let first = primary.or(interface.private_ip_addresses.first());
        let first = first.map(|address| address.private_ip_address.clone());
        interface.private_ip_address = interface.private_ip_address.or(first);
        if let Some(address) = &interface.private_ip_address
            && !interface.private_ip_addresses.iter().any(|other| other.private_ip_address == *address)
        {
            interface.private_ip_addresses.insert(0, PrivateAddress::primary(address.clone()));
        }
        interface.groups.iter_mut().for_each(|group| self.name(group));
        self.own(&mut interface.owner_id);
        let id = interface.network_interface_id.clone();
        put("networkInterfaces", &mut self.account.network_interfaces, id, interface)
    }

    pub(super) fn instances(&mut self, document: &mut Document) -> Result<(), DescriptionError> {
        for mut instance in elements(&mut document.instances) {
            instance.state.code = instance.state.name.code();
            for (at, interface) in std::mem::take(&mut instance.network_interfaces).into_iter().enumerate() {
                self.interface_of_instance(&instance, at, interface)?;
            }
            self.complete_from_interface(&mut instance);
            let element = format!("instances {}", instance.instance_id);
            let terminated = instance.state.is_terminated();
            if !terminated {
                instance.vpc_id = Some(self.vpc(&element, instance.vpc_id.take())?);
            }
            instance.security_groups.iter_mut().for_each(|group| self.name(group));
            let subnet = instance.subnet_id.as_ref().and_then(|id| self.account.subnets.get(id));
            if let Some(subnet) = subnet {
                instance.placement.availability_zone.get_or_insert_with(|| subnet.availability_zone.clone());
                instance.placement.availability_zone_id.get_or_insert_with(|| subnet.availability_zone_id.clone());
            }
            if !terminated && !self.recorded {
                self.primary_interface(&instance)?;
            }
            put("instances", &mut self.account.instances, instance.instance_id.clone(), instance)?;
        }
        Ok(())
    }

    /// An interface that is written inside an instance; the same one under `networkInterfaces` says more.
    fn interface_of_instance(
        &mut self,
        instance: &Instance,
        at: usize,
        mut interface: NetworkInterface,
    ) -> Result<(), DescriptionError> {
        let index = u32::try_from(at).unwrap_or(u32::MAX);
        let mut attachment = interface.attachment.take().unwrap_or_else(|| Attachment::to("", index));
        attachment.instance_id = Some(instance.instance_id.clone());
        if let Some(known) = self.account.network_interfaces.get_mut(&interface.network_interface_id) {
            known.attachment.get_or_insert(attachment);
            return Ok(());
        }
        interface.attachment = Some(attachment);
        if interface.subnet_id.is_empty() {
            interface.subnet_id = instance.subnet_id.clone().unwrap_or_default();
        }
        self.network_interface(interface)
    }

    /// Names a security group as the group is; one that is not described keeps the name that it is given here.
    fn name(&self, group: &mut GroupIdentifier) {
        let described = self.account.group_identifier(&group.group_id);
        if !described.group_name.is_empty() {
            *group = described;
        }
    }

    /// What an instance does not say of itself is what its primary interface says.
    fn complete_from_interface(&self, instance: &mut Instance) {
        let mut interfaces = self.account.network_interfaces.values();
        let Some(primary) = interfaces.find(|interface| interface.is_primary_of(&instance.instance_id)) else { return };
        instance.subnet_id.get_or_insert_with(|| primary.subnet_id.clone());
        instance.vpc_id.get_or_insert_with(|| primary.vpc_id.clone());
        if let Some(address) = &primary.private_ip_address {
            instance.private_ip_address.get_or_insert_with(|| address.clone());
        }
        if instance.security_groups.is_empty() {
            instance.security_groups.clone_from(&primary.groups);
        }
    }

    /// Every instance in a subnet has a primary interface: the one described, or one made of what it says of itself.
    fn primary_interface(&mut self, instance: &Instance) -> Result<(), DescriptionError> {
        let mut interfaces = self.account.network_interfaces.values();
        if interfaces.any(|interface| interface.is_primary_of(&instance.instance_id)) {
            return Ok(());
        }
        let Some(subnet_id) = &instance.subnet_id else { return Ok(()) };
        let mut interface = NetworkInterface::in_subnet(self.account.new_id("eni"), subnet_id);
        interface.attachment = Some(Attachment::to(&instance.instance_id, 0));
        interface.private_ip_address.clone_from(&instance.private_ip_address);
        interface.groups.clone_from(&instance.security_groups);
        self.network_interface(interface)
    }
}
