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

/// A kind of resource that is asked for by id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    AvailabilityZone,
    Instance,
    NetworkInterface,
    RouteTable,
    SecurityGroup,
    Subnet,
    Vpc,
}

impl Kind {
    /// AWS's error for an id that does not exist.
    pub(super) fn not_found(self, id: &str) -> ApiError {
        let (code, message) = match self {
            Kind::AvailabilityZone => ("InvalidParameterValue", format!("Invalid availability zone: [{id}]")),
            Kind::Instance => ("InvalidInstanceID.NotFound", format!("The instance ID '{id}' does not exist")),
            Kind::NetworkInterface => {
                ("InvalidNetworkInterfaceID.NotFound", format!("The networkInterface ID '{id}' does not exist"))
            }
            Kind::RouteTable => ("InvalidRouteTableID.NotFound", format!("The routeTable ID '{id}' does not exist")),
            Kind::SecurityGroup => ("InvalidGroup.NotFound", format!("The security group '{id}' does not exist")),
            Kind::Subnet => ("InvalidSubnetID.NotFound", format!("The subnet ID '{id}' does not exist")),
            Kind::Vpc => ("InvalidVpcID.NotFound", format!("The vpc ID '{id}' does not exist")),
        };
        refused(code, message)
    }
}
