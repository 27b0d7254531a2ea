//! The keys that elements may have: every member that the AWS CLI prints, modelled here or not.
//!
//! A recorded account has to load as it is, and a misspelt key has to be found: so both lists are needed, what AWS
//! prints (here) and what the simulator reads (the types).

use std::fmt;
use std::marker::PhantomData;
use std::sync::LazyLock;

use serde::de::value::{MapAccessDeserializer, StringDeserializer};
use serde::de::{DeserializeOwned, DeserializeSeed, Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::security_groups::{SecurityGroup, SecurityGroupRule};
use super::services::{Shield, WebAcl};
use crate::acm::certificates::CertificateDetail;
use crate::ec2::addresses::Address;
use crate::ec2::availability_zones::AvailabilityZone;
use crate::ec2::coip_pools::CoipPool;
use crate::ec2::instances::Instance;
use crate::ec2::internet_gateways::InternetGateway;
use crate::ec2::ipam_pools::IpamPool;
use crate::ec2::network_interfaces::NetworkInterface;
use crate::ec2::prefix_lists::PrefixList;
use crate::ec2::route_tables::RouteTable;
use crate::ec2::subnets::Subnet;
use crate::ec2::vpc_peering_connections::VpcPeeringConnection;
use crate::ec2::vpcs::Vpc;
use crate::iam::server_certificates::ServerCertificate;
use crate::service_model::{self, ServiceModel, read::StructureSeed};

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

/// A kind of element that is a structure of AWS's service model.
pub(super) trait Modelled: DeserializeOwned {
    /// The service.
    const MODEL: &'static LazyLock<ServiceModel>;
    /// The structure's name there.
    const STRUCTURE: &'static str;
}

/// An element that has members of its structure only, at every depth.
#[derive(Debug)]
pub(super) struct Shaped<T>(pub(super) T);

impl<'de, T: Modelled> Deserialize<'de> for Shaped<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let model: &'static ServiceModel = T::MODEL;
        let structure = model.structure(T::STRUCTURE).expect("the model has the structures of all elements");
        let element = StructureSeed { model, structure }.deserialize(deserializer)?;
        serde_path_to_error::deserialize(element).map(Shaped).map_err(|error| match error.path().to_string().as_str() {
            "." => D::Error::custom(error.inner()),
            path => D::Error::custom(format_args!("{path}: {}", error.inner())),
        })
    }
}

/// An element whose keys have been checked.
pub(super) trait Checked {
    /// What it is.
    type Element;
    /// The element itself.
    fn into_element(self) -> Self::Element;
}

impl<T> Checked for Element<T> {
    type Element = T;

    fn into_element(self) -> T {
        self.0
    }
}

impl<T> Checked for Shaped<T> {
    type Element = T;

    fn into_element(self) -> T {
        self.0
    }
}

macro_rules! modelled {
    ($($element:ty = $model:ident $structure:literal)*) => {
        $(impl Modelled for $element {
            const MODEL: &'static LazyLock<ServiceModel> = &service_model::$model;
            const STRUCTURE: &'static str = $structure;
        })*
    };
}

modelled! {
    CertificateDetail = ACM "CertificateDetail"
    ServerCertificate = IAM "ServerCertificate"
    Shield = SHIELD "Shield"
    WebAcl = WAFV2 "WebACLSummary"
    Address = EC2 "Address"
    CoipPool = EC2 "CoipPool"
    InternetGateway = EC2 "InternetGateway"
    IpamPool = EC2 "IpamPool"
    PrefixList = EC2 "ManagedPrefixList"
    SecurityGroupRule = EC2 "SecurityGroupRule"
    VpcPeeringConnection = EC2 "VpcPeeringConnection"
    AvailabilityZone = EC2 "AvailabilityZone"
    Instance = EC2 "Instance"
    NetworkInterface = EC2 "NetworkInterface"
    RouteTable = EC2 "RouteTable"
    SecurityGroup = EC2 "SecurityGroup"
    Subnet = EC2 "Subnet"
    Vpc = EC2 "Vpc"
}
