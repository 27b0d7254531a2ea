//! Elastic IP addresses.

use std::net::Ipv4Addr;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::Members;
use super::super::addresses::Address;
use super::super::error::{Kind, invalid_combination, invalid_parameter, missing, refused};
use super::super::network_interfaces::Association;
use super::super::request::{done, read};
use super::super::store::Account;
use super::super::tags::{TagSpecification, Tags};
use crate::wire::{ApiError, Tree};

/// Where public addresses come from. Source: RFC 5737, for documentation.
const PUBLIC_BLOCK: [u8; 3] = [198, 51, 100];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct AllocateAddress {
    domain: Option<String>,
    address: Option<Ipv4Addr>,
    public_ipv4_pool: Option<String>,
    network_border_group: Option<String>,
    #[serde(default, rename = "TagSpecification")]
    tag_specifications: Vec<TagSpecification>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ReleaseAddress {
    allocation_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct AssociateAddress {
    allocation_id: Option<String>,
    instance_id: Option<String>,
    network_interface_id: Option<String>,
    private_ip_address: Option<String>,
    #[serde(default = "yes")]
    allow_reassociation: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DisassociateAddress {
    association_id: Option<String>,
}

fn yes() -> bool {
    true
}

/// What a load balancer has is its own until it is gone.
fn not_of_load_balancer(address: &Address) -> Result<(), ApiError> {
    if address.is_of_load_balancer() {
        return Err(refused("AuthFailure", "You do not have permission to access the specified resource."));
    }
    Ok(())
}

impl Address {
    /// It is associated with nothing any more.
    pub(in super::super) fn disassociate(&mut self) {
        self.association_id = None;
        self.instance_id = None;
        self.network_interface_id = None;
        self.network_interface_owner_id = None;
        self.private_ip_address = None;
    }
}

impl Account {
    pub(super) fn allocate_address(&mut self, params: &Tree) -> Result<Value, ApiError> {
        let request: AllocateAddress = read(params)?;
        if request.domain.as_deref().is_some_and(|domain| domain != "vpc") {
            return Err(invalid_parameter("Invalid value for domain: addresses are for VPCs"));
        }
        if self.addresses.len() >= self.quotas.elastic_ips as usize {
            let message = "The maximum number of addresses has been reached.";
            return Err(refused("AddressLimitExceeded", message));
        }
        let tags = Tags::specified(&request.tag_specifications, "elastic-ip")?;
        let public = self.public_address(request.address)?;
        let address = Address {
            allocation_id: self.new_id("eipalloc"),
            public_ip: Some(public),
            domain: "vpc".to_owned(),
            association_id: None,
            instance_id: None,
            network_interface_id: None,
            network_interface_owner_id: None,
            private_ip_address: None,
            public_ipv4_pool: request.public_ipv4_pool.unwrap_or_else(|| "amazon".to_owned()),
            network_border_group: request.network_border_group.unwrap_or_else(|| self.scope.region.clone()),
            tags,
            more: Members::new(),
        };
        let answer = json!({
            "AllocationId": address.allocation_id, "PublicIp": address.public_ip, "Domain": address.domain,
            "PublicIpv4Pool": address.public_ipv4_pool, "NetworkBorderGroup": address.network_border_group,
        });
        self.addresses.insert(address.allocation_id.clone(), address);
        Ok(answer)
    }

    /// ReleaseAddress: one that is associated with nothing.
    pub(super) fn release_address(&mut self, params: &Tree) -> Result<Value, ApiError> {
        let ReleaseAddress { allocation_id } = read(params)?;
        let id = allocation_id.ok_or_else(|| missing("allocationId"))?;
        let address = self.address(&id)?;
        not_of_load_balancer(address)?;
        if address.association_id.is_some() {
            let public = address.public_ip.map(|public| public.to_string()).unwrap_or_default();
            return Err(refused("InvalidIPAddress.InUse", format!("Address {public} is in use.")));
        }
        self.addresses.remove(&id);
        Ok(done())
    }

    pub(super) fn associate_address(&mut self, params: &Tree) -> Result<Value, ApiError> {
        let request: AssociateAddress = read(params)?;
        let id = request.allocation_id.ok_or_else(|| missing("allocationId"))?;
        let interface_id = match (request.network_interface_id, &request.instance_id) {
            (Some(id), None) => id,
            (None, Some(instance)) => self.primary_interface_of(instance)?,
            _ => return Err(invalid_combination("Give either NetworkInterfaceId or InstanceId")),
        };
        self.known_interface(&interface_id)?;
        not_of_load_balancer(self.address(&id)?)?;
        if self.address(&id)?.association_id.is_some() && !request.allow_reassociation {
            let message = format!("resource {id} is already associated with an interface or an instance");
            return Err(refused("Resource.AlreadyAssociated", message));
        }
        self.disassociate(&id);
        let association_id = self.new_id("eipassoc");
        let association = Association {
            association_id: Some(association_id.clone()),
            ip_owner_id: Some(self.scope.account.clone()),
            public_dns_name: None,
            public_ip: self.address(&id)?.public_ip.map(|public| public.to_string()),
            allocation_id: Some(id.clone()),
            more: Members::new(),
        };
        let interface = self.known_interface(&interface_id)?;
        let private = request.private_ip_address.or_else(|| interface.private_ip_address.clone()).unwrap_or_default();
        let held = interface.private_ip_addresses.iter_mut().find(|held| held.private_ip_address == private);
        let held = held.ok_or_else(|| invalid_parameter(format!("{private} is no address of {interface_id}")))?;
        let instance_id = interface.attachment.as_ref().and_then(|to| to.instance_id.clone());
        held.association = Some(association.clone());
        if held.primary {
            interface.association = Some(association);
        }
        let account = self.scope.account.clone();
        let address = self.addresses.get_mut(&id).expect("the address was found");
        address.association_id = Some(association_id.clone());
        address.instance_id = instance_id;
        address.network_interface_id = Some(interface_id);
        address.network_interface_owner_id = Some(account);
        address.private_ip_address = Some(private);
        Ok(json!({ "AssociationId": association_id }))
    }

    pub(super) fn disassociate_address(&mut self, params: &Tree) -> Result<Value, ApiError> {
        let DisassociateAddress { association_id } = read(params)?;
        let id = association_id.ok_or_else(|| missing("associationId"))?;
        let address = self.addresses.values().find(|address| address.association_id.as_ref() == Some(&id));
        address.map_or(Ok(()), not_of_load_balancer)?;
        let allocation = address.map(|address| address.allocation_id.clone()).ok_or_else(|| {
            refused("InvalidAssociationID.NotFound", format!("The association ID '{id}' does not exist"))
        })?;
        self.disassociate(&allocation);
        Ok(done())
    }

    /// Takes a public address from the interface that has it.
    fn disassociate(&mut self, allocation_id: &str) {
        let of_address = |association: &Option<Association>| {
            association.as_ref().is_some_and(|association| association.allocation_id.as_deref() == Some(allocation_id))
        };
        for interface in self.network_interfaces.values_mut() {
            if of_address(&interface.association) {
                interface.association = None;
            }
            for held in interface.private_ip_addresses.iter_mut().filter(|held| of_address(&held.association)) {
                held.association = None;
            }
        }
        if let Some(address) = self.addresses.get_mut(allocation_id) {
            address.disassociate();
        }
    }

    fn address(&self, id: &str) -> Result<&Address, ApiError> {
        self.addresses.get(id).ok_or_else(|| Kind::Address.not_found(id))
    }

    /// The one that is asked for, or the next that nobody has.
    fn public_address(&self, asked: Option<Ipv4Addr>) -> Result<Ipv4Addr, ApiError> {
        let used = |public: &Ipv4Addr| self.addresses.values().any(|address| address.public_ip == Some(*public));
        if let Some(public) = asked {
            if used(&public) {
                return Err(refused("InvalidIPAddress.InUse", format!("Address {public} is in use.")));
            }
            return Ok(public);
        }
        let [a, b, c] = PUBLIC_BLOCK;
        let mut all = (0..=u8::MAX).map(|last| Ipv4Addr::new(a, b, c, last));
        all.find(|public| !used(public)).ok_or_else(|| {
            refused("InsufficientAddressCapacity", "Not enough available addresses to satisfy your request.")
        })
    }

    fn primary_interface_of(&self, instance: &str) -> Result<String, ApiError> {
        self.known_instances(&[instance.to_owned()].into())?;
        let mut interfaces = self.network_interfaces.values();
        let primary = interfaces.find(|interface| interface.is_primary_of(instance));
        primary.map(|interface| interface.network_interface_id.clone()).ok_or_else(|| {
            refused(
                "InvalidInstanceID",
                format!("Invalid instance '{instance}' for AssociateAddress: it has no interface"),
            )
        })
    }
}
