//! Network interfaces, described.

use ipnet::{Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::Instant;

use super::Members;
use super::describe::{Described, Filters, describe};
use super::error::Kind;
use super::store::Account;
use super::tags::Tags;
use crate::service_model;
use crate::wire::{self, ApiError, Tree};

/// A network interface as AWS prints it. Inside an instance AWS prints fewer of these fields.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct NetworkInterface {
    #[serde(default)]
    pub(crate) network_interface_id: String,
    #[serde(default)]
    pub(crate) subnet_id: String,
    #[serde(default)]
    pub(crate) vpc_id: String,
    #[serde(default)]
    pub(crate) availability_zone: Option<String>,
    #[serde(default)]
    pub(crate) description: String,
    #[serde(default)]
    pub(crate) owner_id: String,
    pub(crate) requester_id: Option<String>,
    #[serde(default)]
    pub(crate) requester_managed: bool,
    #[serde(default = "in_use")]
    pub(crate) status: String,
    #[serde(default = "ordinary")]
    pub(crate) interface_type: String,
    pub(crate) mac_address: Option<String>,
    #[serde(default = "checked")]
    pub(crate) source_dest_check: bool,
    pub(crate) private_dns_name: Option<String>,
    pub(crate) private_ip_address: Option<String>,
    #[serde(default)]
    pub(crate) private_ip_addresses: Vec<PrivateAddress>,
    #[serde(default)]
    pub(crate) ipv6_addresses: Vec<Ipv6Address>,
    #[serde(default)]
    pub(crate) ipv4_prefixes: Vec<Ipv4Prefix>,
    #[serde(default)]
    pub(crate) ipv6_prefixes: Vec<Ipv6Prefix>,
    #[serde(default)]
    pub(crate) groups: Vec<GroupIdentifier>,
    pub(crate) attachment: Option<Attachment>,
    pub(crate) association: Option<Association>,
    /// The AWS CLI prints `TagSet` here.
    #[serde(default, rename = "TagSet", alias = "Tags")]
    pub(crate) tags: Tags,
    /// When the interface of a load balancer that has left vanishes.
    #[serde(skip)]
    pub(crate) gone_at: Option<Instant>,
    /// What is only kept and shown again.
    #[serde(flatten)]
    pub(crate) more: Members,
}

/// One private address of an interface.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PrivateAddress {
    pub(crate) private_ip_address: String,
    #[serde(default)]
    pub(crate) primary: bool,
    pub(crate) association: Option<Association>,
    /// What is only kept and shown again.
    #[serde(flatten)]
    pub(crate) more: Members,
}

/// One IPv6 address of an interface.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Ipv6Address {
    pub(crate) ipv6_address: String,
    /// What is only kept and shown again.
    #[serde(flatten)]
    pub(crate) more: Members,
}

/// One delegated IPv4 prefix of an interface.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Ipv4Prefix {
    pub(crate) ipv4_prefix: Ipv4Net,
}

/// One delegated IPv6 prefix of an interface.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Ipv6Prefix {
    pub(crate) ipv6_prefix: Ipv6Net,
}

/// A security group of an interface or of an instance.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GroupIdentifier {
    pub(crate) group_id: String,
    /// Filled in before it is stored.
    #[serde(default)]
    pub(crate) group_name: String,
}

/// What an interface is attached to.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Attachment {
    pub(crate) attachment_id: Option<String>,
    #[serde(default)]
    pub(crate) device_index: u32,
    pub(crate) network_card_index: Option<u32>,
    pub(crate) instance_id: Option<String>,
    pub(crate) instance_owner_id: Option<String>,
    #[serde(default = "attached")]
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) delete_on_termination: bool,
    /// What is only kept and shown again.
    #[serde(flatten)]
    pub(crate) more: Members,
}

/// The public address of an interface.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Association {
    pub(crate) allocation_id: Option<String>,
    pub(crate) association_id: Option<String>,
    pub(crate) ip_owner_id: Option<String>,
    pub(crate) public_dns_name: Option<String>,
    pub(crate) public_ip: Option<String>,
    /// What is only kept and shown again.
    #[serde(flatten)]
    pub(crate) more: Members,
}

fn in_use() -> String {
    "in-use".to_owned()
}

fn ordinary() -> String {
    "interface".to_owned()
}

fn checked() -> bool {
    true
}

fn attached() -> String {
    "attached".to_owned()
}

impl Attachment {
    /// The attachment of an instance's interface.
    pub(crate) fn to(instance_id: &str, device_index: u32) -> Self {
        Attachment {
            attachment_id: None,
            device_index,
            network_card_index: Some(0),
            instance_id: Some(instance_id.to_owned()),
            instance_owner_id: None,
            status: attached(),
            delete_on_termination: true,
            more: Members::new(),
        }
    }
}

impl PrivateAddress {
    /// The primary address of an interface.
    pub(crate) fn primary(private_ip_address: String) -> Self {
        PrivateAddress { private_ip_address, primary: true, association: None, more: Members::new() }
    }
}

impl NetworkInterface {
    /// An interface in this subnet with nothing else said.
    pub(crate) fn in_subnet(network_interface_id: String, subnet_id: &str) -> Self {
        NetworkInterface {
            network_interface_id,
            subnet_id: subnet_id.to_owned(),
            vpc_id: String::new(),
            availability_zone: None,
            description: String::new(),
            owner_id: String::new(),
            requester_id: None,
            requester_managed: false,
            status: in_use(),
            interface_type: ordinary(),
            mac_address: None,
            source_dest_check: checked(),
            private_dns_name: None,
            private_ip_address: None,
            private_ip_addresses: Vec::new(),
            ipv6_addresses: Vec::new(),
            ipv4_prefixes: Vec::new(),
            ipv6_prefixes: Vec::new(),
            groups: Vec::new(),
            attachment: None,
            association: None,
            tags: Tags::default(),
            gone_at: None,
            more: Members::new(),
        }
    }

    pub(super) fn has_group(&self, id: &str) -> bool {
        self.groups.iter().any(|group| group.group_id == id)
    }

    /// The instance it is attached to.
    pub(crate) fn instance_id(&self) -> Option<&str> {
        self.attachment.as_ref()?.instance_id.as_deref()
    }

    /// Whether it is the first interface of this instance.
    pub(crate) fn is_primary_of(&self, instance_id: &str) -> bool {
        let first = self.attachment.as_ref().is_some_and(|attachment| attachment.device_index == 0);
        first && self.instance_id() == Some(instance_id)
    }

    /// As an instance's own list shows it.
    pub(super) fn inside_instance(&self) -> Value {
        service_model::EC2.trim("InstanceNetworkInterface", wire::answer(self))
    }

    fn of_attachment(&self, value: fn(&Attachment) -> Option<String>) -> Vec<String> {
        self.attachment.iter().filter_map(value).collect()
    }

    fn of_association(&self, value: fn(&Association) -> Option<String>) -> Vec<String> {
        self.association.iter().filter_map(value).collect()
    }
}

impl Described for NetworkInterface {
    const KIND: Kind = Kind::NetworkInterface;
    const FILTERS: Filters<Self> = &[
        ("addresses.private-ip-address", |interface| {
            super::texts(interface.private_ip_addresses.iter().map(|address| &address.private_ip_address))
        }),
        ("association.allocation-id", |interface| interface.of_association(|public| public.allocation_id.clone())),
        ("association.association-id", |interface| interface.of_association(|public| public.association_id.clone())),
        ("association.public-ip", |interface| interface.of_association(|public| public.public_ip.clone())),
        ("attachment.attachment-id", |interface| interface.of_attachment(|to| to.attachment_id.clone())),
        ("attachment.device-index", |interface| interface.of_attachment(|to| Some(to.device_index.to_string()))),
        ("attachment.instance-id", |interface| interface.of_attachment(|to| to.instance_id.clone())),
        ("attachment.instance-owner-id", |interface| interface.of_attachment(|to| to.instance_owner_id.clone())),
        ("attachment.status", |interface| interface.of_attachment(|to| Some(to.status.clone()))),
        ("availability-zone", |interface| super::texts(interface.availability_zone.as_ref())),
        ("description", |interface| vec![interface.description.clone()]),
        ("group-id", |interface| super::texts(interface.groups.iter().map(|group| &group.group_id))),
        ("group-name", |interface| super::texts(interface.groups.iter().map(|group| &group.group_name))),
        ("interface-type", |interface| vec![interface.interface_type.clone()]),
        ("ipv6-addresses.ipv6-address", |interface| {
            super::texts(interface.ipv6_addresses.iter().map(|address| &address.ipv6_address))
        }),
        ("mac-address", |interface| super::texts(interface.mac_address.as_ref())),
        ("network-interface-id", |interface| vec![interface.network_interface_id.clone()]),
        ("owner-id", |interface| vec![interface.owner_id.clone()]),
        ("private-dns-name", |interface| super::texts(interface.private_dns_name.as_ref())),
        ("private-ip-address", |interface| super::texts(interface.private_ip_address.as_ref())),
        ("requester-id", |interface| super::texts(interface.requester_id.as_ref())),
        ("requester-managed", |interface| vec![interface.requester_managed.to_string()]),
        ("source-dest-check", |interface| vec![interface.source_dest_check.to_string()]),
        ("status", |interface| vec![interface.status.clone()]),
        ("subnet-id", |interface| vec![interface.subnet_id.clone()]),
        ("vpc-id", |interface| vec![interface.vpc_id.clone()]),
    ];

    const PATHS: &'static [(&'static str, &'static str)] = &[
        ("addresses.association.owner-id", "PrivateIpAddresses.Association.IpOwnerId"),
        ("addresses.association.public-ip", "PrivateIpAddresses.Association.PublicIp"),
        ("addresses.primary", "PrivateIpAddresses.Primary"),
        ("association.ip-owner-id", "Association.IpOwnerId"),
        ("association.public-dns-name", "Association.PublicDnsName"),
        ("attachment.attach-time", "Attachment.AttachTime"),
        ("attachment.delete-on-termination", "Attachment.DeleteOnTermination"),
        ("availability-zone-id", "AvailabilityZoneId"),
        ("operator.managed", "Operator.Managed"),
        ("operator.principal", "Operator.Principal"),
    ];

    fn id(&self) -> &str {
        &self.network_interface_id
    }

    fn tags(&self) -> &Tags {
        &self.tags
    }

    fn document(&self) -> Value {
        wire::answer(self)
    }
}

impl Account {
    /// DescribeNetworkInterfaces
    pub(super) fn describe_network_interfaces(&self, params: &Tree) -> Result<Value, ApiError> {
        describe(params, "NetworkInterfaceId", "NetworkInterfaces", self.network_interfaces.values())
    }

    /// A group as interfaces and instances show it.
    pub(crate) fn group_identifier(&self, id: &str) -> GroupIdentifier {
        let group_name = self.security_groups.get(id).map(|group| group.group_name.clone()).unwrap_or_default();
        GroupIdentifier { group_id: id.to_owned(), group_name }
    }
}
