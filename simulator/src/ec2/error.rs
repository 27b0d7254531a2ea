//! The errors of EC2, with its own codes.

use crate::wire::ApiError;

/// A refusal with status 400, the status of every EC2 error that the caller caused.
pub(super) fn refused(code: &'static str, message: impl Into<String>) -> ApiError {
    ApiError::new(code, message)
}

/// A value that the action does not take.
pub(super) fn invalid_parameter(message: impl Into<String>) -> ApiError {
    refused("InvalidParameterValue", message)
}

/// A required parameter that is not there.
pub(super) fn missing(parameter: &str) -> ApiError {
    refused("MissingParameter", format!("The request must contain the parameter {parameter}")).against_model()
}

/// Two parameters that exclude each other, or one that needs another.
pub(super) fn invalid_combination(message: impl Into<String>) -> ApiError {
    refused("InvalidParameterCombination", message)
}

/// A resource that others still need.
pub(super) fn dependency(message: impl Into<String>) -> ApiError {
    refused("DependencyViolation", message)
}

/// A kind of resource that is asked for by id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Address,
    AvailabilityZone,
    CoipPool,
    Instance,
    InternetGateway,
    IpamPool,
    NetworkInterface,
    PrefixList,
    RouteTable,
    SecurityGroup,
    SecurityGroupRule,
    Subnet,
    Tag,
    Vpc,
    VpcPeeringConnection,
}

impl Kind {
    /// AWS's code for an id that does not exist, and its word for the id.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Kind::Address => ("InvalidAllocationID.NotFound", "allocation ID"),
            Kind::AvailabilityZone => ("InvalidParameterValue", "availability zone"),
            Kind::CoipPool => ("InvalidPoolID.NotFound", "pool ID"),
            Kind::Instance => ("InvalidInstanceID.NotFound", "instance ID"),
            Kind::InternetGateway => ("InvalidInternetGatewayID.NotFound", "internetGateway ID"),
            Kind::IpamPool => ("InvalidIpamPoolId.NotFound", "ipam-pool ID"),
            Kind::NetworkInterface => ("InvalidNetworkInterfaceID.NotFound", "networkInterface ID"),
            Kind::PrefixList => ("InvalidPrefixListID.NotFound", "prefix list ID"),
            Kind::RouteTable => ("InvalidRouteTableID.NotFound", "routeTable ID"),
            Kind::SecurityGroup => ("InvalidGroup.NotFound", "security group"),
            Kind::SecurityGroupRule => ("InvalidSecurityGroupRuleId.NotFound", "security group rule ID"),
            Kind::Subnet => ("InvalidSubnetID.NotFound", "subnet ID"),
            Kind::Tag => ("InvalidParameterValue", "tag"),
            Kind::Vpc => ("InvalidVpcID.NotFound", "vpc ID"),
            Kind::VpcPeeringConnection => ("InvalidVpcPeeringConnectionID.NotFound", "vpcPeeringConnection ID"),
        }
    }

    /// AWS's error for an id that does not exist.
    pub(super) fn not_found(self, id: &str) -> ApiError {
        match (self, self.words()) {
            (Kind::AvailabilityZone, (code, _)) => refused(code, format!("Invalid availability zone: [{id}]")),
            (_, (code, word)) => refused(code, format!("The {word} '{id}' does not exist")),
        }
    }
}
