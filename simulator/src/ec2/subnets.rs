//! Subnets.

use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Members;
use super::describe::{Described, Filters, describe};
use super::error::Kind;
use super::store::Account;
use super::tags::Tags;
use super::vpcs::Ipv6CidrBlockAssociation;
use crate::wire::{self, ApiError, Tree};

/// A subnet as AWS prints it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Subnet {
    pub(crate) subnet_id: String,
    #[serde(default)]
    pub(crate) vpc_id: String,
    #[serde(default = "super::available")]
    pub(crate) state: String,
    #[serde(default)]
    pub(crate) availability_zone: String,
    #[serde(default)]
    pub(crate) availability_zone_id: String,
    /// Absent for a subnet of IPv6 alone.
    pub(crate) cidr_block: Option<Ipv4Net>,
    /// Filled in before it is stored.
    pub(crate) available_ip_address_count: Option<u32>,
    #[serde(default)]
    pub(crate) ipv6_cidr_block_association_set: Vec<Ipv6CidrBlockAssociation>,
    #[serde(default)]
    pub(crate) ipv6_native: bool,
    #[serde(default)]
    pub(crate) default_for_az: bool,
    #[serde(default)]
    pub(crate) map_public_ip_on_launch: bool,
    #[serde(default)]
    pub(crate) assign_ipv6_address_on_creation: bool,
    pub(crate) outpost_arn: Option<String>,
    pub(crate) subnet_arn: Option<String>,
    #[serde(default)]
    pub(crate) owner_id: String,
    #[serde(default)]
    pub(crate) tags: Tags,
    /// What is only kept and shown again.
    #[serde(flatten)]
    pub(crate) more: Members,
}

/// The addresses that AWS keeps in every subnet: the first four and the last.
const RESERVED_ADDRESSES: u32 = 5;

/// How many addresses an empty subnet has to give.
pub(crate) fn free_addresses(cidr: Ipv4Net) -> u32 {
    let addresses = 1_u64 << (cidr.max_prefix_len() - cidr.prefix_len());
    u32::try_from(addresses).unwrap_or(u32::MAX).saturating_sub(RESERVED_ADDRESSES)
}

impl Described for Subnet {
    const KIND: Kind = Kind::Subnet;
    const FILTERS: Filters<Self> = &[
        ("availability-zone", |subnet| vec![subnet.availability_zone.clone()]),
        ("availability-zone-id", |subnet| vec![subnet.availability_zone_id.clone()]),
        ("available-ip-address-count", |subnet| super::texts(subnet.available_ip_address_count)),
        ("availabilityZone", |subnet| vec![subnet.availability_zone.clone()]),
        ("availabilityZoneId", |subnet| vec![subnet.availability_zone_id.clone()]),
        ("cidr", |subnet| super::texts(subnet.cidr_block)),
        ("cidr-block", |subnet| super::texts(subnet.cidr_block)),
        ("cidrBlock", |subnet| super::texts(subnet.cidr_block)),
        ("default-for-az", |subnet| vec![subnet.default_for_az.to_string()]),
        ("ipv6-cidr-block-association.ipv6-cidr-block", |subnet| {
            super::texts(subnet.ipv6_cidr_block_association_set.iter().map(|block| block.ipv6_cidr_block))
        }),
        ("ipv6-native", |subnet| vec![subnet.ipv6_native.to_string()]),
        ("map-public-ip-on-launch", |subnet| vec![subnet.map_public_ip_on_launch.to_string()]),
        ("outpost-arn", |subnet| super::texts(subnet.outpost_arn.as_ref())),
        ("owner-id", |subnet| vec![subnet.owner_id.clone()]),
        ("state", |subnet| vec![subnet.state.clone()]),
        ("subnet-arn", |subnet| super::texts(subnet.subnet_arn.as_ref())),
        ("subnet-id", |subnet| vec![subnet.subnet_id.clone()]),
        ("vpc-id", |subnet| vec![subnet.vpc_id.clone()]),
    ];

    const PATHS: &'static [(&'static str, &'static str)] = &[
        ("customer-owned-ipv4-pool", "CustomerOwnedIpv4Pool"),
        ("enable-dns64", "EnableDns64"),
        ("enable-lni-at-device-index", "EnableLniAtDeviceIndex"),
        ("ipv6-cidr-block-association.association-id", "Ipv6CidrBlockAssociationSet.AssociationId"),
        ("ipv6-cidr-block-association.state", "Ipv6CidrBlockAssociationSet.Ipv6CidrBlockState.State"),
        ("map-customer-owned-ip-on-launch", "MapCustomerOwnedIpOnLaunch"),
        (
            "private-dns-name-options-on-launch.enable-resource-name-dns-a-record",
            "PrivateDnsNameOptionsOnLaunch.EnableResourceNameDnsARecord",
        ),
        (
            "private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record",
            "PrivateDnsNameOptionsOnLaunch.EnableResourceNameDnsAAAARecord",
        ),
        ("private-dns-name-options-on-launch.hostname-type", "PrivateDnsNameOptionsOnLaunch.HostnameType"),
    ];

    fn id(&self) -> &str {
        &self.subnet_id
    }

    fn tags(&self) -> &Tags {
        &self.tags
    }

    fn document(&self) -> Value {
        wire::answer(self)
    }
}

impl Account {
    /// DescribeSubnets
    pub(super) fn describe_subnets(&self, params: &Tree) -> Result<Value, ApiError> {
        describe(params, "SubnetId", "Subnets", self.subnets.values())
    }
}
