//! What target groups of each kind may be.

use serde::{Deserialize, Serialize};

use super::{GroupAddressType, TargetType};
use crate::elbv2::listeners::Port;
use crate::elbv2::not_modelled;
use crate::elbv2::placement::invalid_configuration;
use crate::elbv2::protocol::{Family, Protocol};
use crate::wire::ApiError;

/// How an application load balancer speaks to targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum ProtocolVersion {
    Http1,
    Http2,
    Grpc,
}

impl ProtocolVersion {
    /// As AWS's texts have it.
    pub(in super::super) fn as_str(self) -> &'static str {
        match self {
            Self::Http1 => "HTTP1",
            Self::Http2 => "HTTP2",
            Self::Grpc => "GRPC",
        }
    }
}

/// The protocol version of a group; groups for network load balancers have none.
pub(in super::super) fn protocol_version(
    family: Family,
    protocol: Protocol,
    version: Option<&str>,
) -> Result<Option<ProtocolVersion>, ApiError> {
    match (family, version) {
        (Family::Network, None) => Ok(None),
        (Family::Network, Some(_)) => Err(invalid_configuration(format!(
            "The protocol version cannot be specified for target groups with protocol '{protocol}'"
        ))),
        (Family::Application, None | Some("HTTP1")) => Ok(Some(ProtocolVersion::Http1)),
        (Family::Application, Some("HTTP2")) => Ok(Some(ProtocolVersion::Http2)),
        (Family::Application, Some("GRPC")) => Ok(Some(ProtocolVersion::Grpc)),
        (Family::Application, Some(version)) => {
            Err(ApiError::validation(format!("Protocol version '{version}' must be one of 'GRPC, HTTP1, HTTP2'")))
        }
    }
}

/// The port of the target optimizer, which application load balancers have.
pub(in super::super) fn control_port(family: Family, port: Option<Port>) -> Result<Option<i64>, ApiError> {
    match (family, port) {
        (Family::Network, Some(_)) => Err(invalid_configuration(
            "TargetControlPort is only supported for target groups with the protocol HTTP or HTTPS",
        )),
        (_, port) => Ok(port.map(Port::get)),
    }
}

/// Refuses a target type that does not go with the protocol. A group for an application load balancer speaks TCP over
/// IPv4. Source: Network Load Balancer guide, "Use an Application Load Balancer as a target".
pub(in super::super) fn check_target_type(
    target_type: TargetType,
    protocol: Protocol,
    ip_address_type: GroupAddressType,
) -> Result<(), ApiError> {
    match target_type {
        TargetType::Instance | TargetType::Ip => Ok(()),
        TargetType::Lambda => Err(not_modelled("target groups with the target type 'lambda'")),
        TargetType::Alb if protocol != Protocol::Tcp => Err(ApiError::validation(format!(
            "Protocol '{protocol}' is not supported with the target type 'alb'; it must be 'TCP'"
        ))),
        TargetType::Alb if ip_address_type != GroupAddressType::Ipv4 => {
            Err(invalid_configuration("The IP address type of target groups with the target type 'alb' must be 'ipv4'"))
        }
        TargetType::Alb => Ok(()),
    }
}
