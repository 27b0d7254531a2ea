//! The keys that elements may have: every member that the AWS CLI prints, modelled here or not.
//!
//! A recorded account has to load as it is, and a misspelt key has to be found: what AWS prints is in its service model,
//! what the simulator reads is in the types.

use std::sync::LazyLock;

use serde::de::{DeserializeOwned, DeserializeSeed, Error};
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
use crate::elbv2::{
    DescribedListener, DescribedLoadBalancer, DescribedRule, DescribedTargetGroup, DescribedTrustStore,
};
use crate::iam::server_certificates::ServerCertificate;
use crate::service_model::{self, ServiceModel, read::StructureSeed};

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
    DescribedListener = ELBV2 "Listener"
    DescribedLoadBalancer = ELBV2 "LoadBalancer"
    DescribedRule = ELBV2 "Rule"
    DescribedTargetGroup = ELBV2 "TargetGroup"
    DescribedTrustStore = ELBV2 "TrustStore"
    Instance = EC2 "Instance"
    NetworkInterface = EC2 "NetworkInterface"
    RouteTable = EC2 "RouteTable"
    SecurityGroup = EC2 "SecurityGroup"
    Subnet = EC2 "Subnet"
    Vpc = EC2 "Vpc"
}
