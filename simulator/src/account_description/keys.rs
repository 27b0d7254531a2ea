//! The keys that elements may have: every member that the AWS CLI prints, modelled here or not.
//!
//! A recorded account has to load as it is, and a misspelt key has to be found: so both lists are needed, what AWS
//! prints (here) and what the simulator reads (the types).

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, StringDeserializer};
use serde::de::{DeserializeSeed, Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::ec2::availability_zones::AvailabilityZone;
use crate::ec2::instances::Instance;
use crate::ec2::network_interfaces::NetworkInterface;
use crate::ec2::route_tables::RouteTable;
use crate::ec2::subnets::Subnet;
use crate::ec2::vpcs::Vpc;

/// A kind of element with a known set of keys.
pub(super) trait Known {
    /// Every key: the members of AWS's shape, and what the account description adds.
    const KEYS: &'static [&'static str];
}

/// An element that has known keys only.
#[derive(Debug)]
pub(super) struct Element<T>(pub(super) T);

impl<'de, T: Known + Deserialize<'de>> Deserialize<'de> for Element<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ElementVisitor(PhantomData))
    }
}

struct ElementVisitor<T>(PhantomData<T>);

impl<'de, T: Known + Deserialize<'de>> Visitor<'de> for ElementVisitor<T> {
    type Value = Element<T>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an element as the AWS CLI prints it")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Element<T>, A::Error> {
        let checked = CheckedKeys { map, known: T::KEYS };
        T::deserialize(MapAccessDeserializer::new(checked)).map(Element)
    }
}

/// A map whose keys are looked up before they are handed on.
struct CheckedKeys<A> {
    map: A,
    known: &'static [&'static str],
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for CheckedKeys<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        let Some(key) = self.map.next_key::<String>()? else { return Ok(None) };
        if !self.known.contains(&key.as_str()) {
            return Err(A::Error::unknown_field(&key, self.known));
        }
        seed.deserialize(StringDeserializer::new(key)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

impl Known for Vpc {
    const KEYS: &'static [&'static str] = &[
        "BlockPublicAccessStates",
        "CidrBlock",
        "CidrBlockAssociationSet",
        "DhcpOptionsId",
        "EncryptionControl",
        "InstanceTenancy",
        "Ipv6CidrBlockAssociationSet",
        "IsDefault",
        "OwnerId",
        "State",
        "Tags",
        "VpcId",
    ];
}

impl Known for AvailabilityZone {
    const KEYS: &'static [&'static str] = &[
        "Geography",
        "GroupLongName",
        "GroupName",
        "Messages",
        "NetworkBorderGroup",
        "OptInStatus",
        "ParentZoneId",
        "ParentZoneName",
        "RegionName",
        "State",
        "SubGeography",
        "ZoneId",
        "ZoneName",
        "ZoneType",
    ];
}

impl Known for Subnet {
    const KEYS: &'static [&'static str] = &[
        "AssignIpv6AddressOnCreation",
        "AvailabilityZone",
        "AvailabilityZoneId",
        "AvailableIpAddressCount",
        "BlockPublicAccessStates",
        "CidrBlock",
        "CustomerOwnedIpv4Pool",
        "DefaultForAz",
        "EnableDns64",
        "EnableLniAtDeviceIndex",
        "Ipv6CidrBlockAssociationSet",
        "Ipv6Native",
        "MapCustomerOwnedIpOnLaunch",
        "MapPublicIpOnLaunch",
        "OutpostArn",
        "OwnerId",
        "PrivateDnsNameOptionsOnLaunch",
        "State",
        "SubnetArn",
        "SubnetId",
        "Tags",
        "Type",
        "VpcId",
    ];
}

impl Known for RouteTable {
    const KEYS: &'static [&'static str] =
        &["Associations", "OwnerId", "PropagatingVgws", "RouteTableId", "Routes", "Tags", "VpcId"];
}

impl Known for NetworkInterface {
    const KEYS: &'static [&'static str] = &[
        "AssociatedSubnets",
        "Association",
        "Attachment",
        "AvailabilityZone",
        "AvailabilityZoneId",
        "ConnectionTrackingConfiguration",
        "DenyAllIgwTraffic",
        "Description",
        "Groups",
        "InterfaceType",
        "Ipv4Prefixes",
        "Ipv6Address",
        "Ipv6Addresses",
        "Ipv6Native",
        "Ipv6Prefixes",
        "MacAddress",
        "NetworkInterfaceId",
        "Operator",
        "OutpostArn",
        "OwnerId",
        "PrivateDnsName",
        "PrivateIpAddress",
        "PrivateIpAddresses",
        "PublicDnsName",
        "PublicIpDnsNameOptions",
        "RequesterId",
        "RequesterManaged",
        "SourceDestCheck",
        "Status",
        "SubnetId",
        "TagSet",
        "Tags",
        "VpcId",
    ];
}

impl Known for Instance {
    const KEYS: &'static [&'static str] = &[
        "AmiLaunchIndex",
        "Architecture",
        "BlockDeviceMappings",
        "BootMode",
        "CapacityBlockId",
        "CapacityReservationId",
        "CapacityReservationSpecification",
        "ClientToken",
        "CpuOptions",
        "CurrentInstanceBootMode",
        "EbsOptimized",
        "ElasticGpuAssociations",
        "ElasticInferenceAcceleratorAssociations",
        "EnaSupport",
        "EnclaveOptions",
        "HibernationOptions",
        "Hypervisor",
        "IamInstanceProfile",
        "ImageId",
        "InstanceId",
        "InstanceLifecycle",
        "InstanceType",
        "Ipv6Address",
        "KernelId",
        "KeyName",
        "LaunchTime",
        "Licenses",
        "MaintenanceOptions",
        "MetadataOptions",
        "Monitoring",
        "NetworkInterfaces",
        "NetworkPerformanceOptions",
        "Operator",
        "OutpostArn",
        "Placement",
        "Platform",
        "PlatformDetails",
        "PrivateDnsName",
        "PrivateDnsNameOptions",
        "PrivateIpAddress",
        "ProductCodes",
        "PublicDnsName",
        "PublicIpAddress",
        "RamdiskId",
        "RootDeviceName",
        "RootDeviceType",
        "SecondaryInterfaces",
        "SecurityGroups",
        "SourceDestCheck",
        "SpotInstanceRequestId",
        "SriovNetSupport",
        "State",
        "StateReason",
        "StateTransitionReason",
        "SubnetId",
        "Tags",
        "TpmSupport",
        "UsageOperation",
        "UsageOperationUpdateTime",
        "VirtualizationType",
        "VpcId",
    ];
}
