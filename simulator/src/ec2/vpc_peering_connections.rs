//! VPC peering connections: described, and looked at by security group rules.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Members;
use super::describe::{Described, Filters, describe};
use super::error::Kind;
use super::store::Account;
use super::tags::Tags;
use crate::wire::{self, ApiError, Tree};

/// A peering connection as AWS prints it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct VpcPeeringConnection {
    pub(crate) vpc_peering_connection_id: String,
    #[serde(default)]
    pub(crate) accepter_vpc_info: PeeredVpc,
    #[serde(default)]
    pub(crate) requester_vpc_info: PeeredVpc,
    #[serde(default)]
    pub(crate) status: Status,
    #[serde(default)]
    pub(crate) tags: Tags,
    #[serde(flatten)]
    pub(crate) more: Members,
}

/// One side of a connection.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PeeredVpc {
    pub(crate) vpc_id: Option<String>,
    pub(crate) owner_id: Option<String>,
    pub(crate) cidr_block: Option<String>,
    pub(crate) region: Option<String>,
    #[serde(flatten)]
    pub(crate) more: Members,
}

/// Whether a connection can be used.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Status {
    code: String,
    message: Option<String>,
}

impl Default for Status {
    fn default() -> Self {
        Status { code: "active".to_owned(), message: Some("Active".to_owned()) }
    }
}

impl VpcPeeringConnection {
    fn is_active(&self) -> bool {
        self.status.code == "active"
    }

    /// The other side, seen from this VPC.
    fn peer_of(&self, vpc_id: &str) -> Option<&PeeredVpc> {
        let sides =
            [(&self.accepter_vpc_info, &self.requester_vpc_info), (&self.requester_vpc_info, &self.accepter_vpc_info)];
        sides.into_iter().find(|(side, _)| side.vpc_id.as_deref() == Some(vpc_id)).map(|(_, peer)| peer)
    }
}

impl Described for VpcPeeringConnection {
    const KIND: Kind = Kind::VpcPeeringConnection;
    const FILTERS: Filters<Self> = &[
        ("accepter-vpc-info.cidr-block", |connection| super::texts(connection.accepter_vpc_info.cidr_block.as_ref())),
        ("accepter-vpc-info.owner-id", |connection| super::texts(connection.accepter_vpc_info.owner_id.as_ref())),
        ("accepter-vpc-info.vpc-id", |connection| super::texts(connection.accepter_vpc_info.vpc_id.as_ref())),
        ("requester-vpc-info.cidr-block", |connection| super::texts(connection.requester_vpc_info.cidr_block.as_ref())),
        ("requester-vpc-info.owner-id", |connection| super::texts(connection.requester_vpc_info.owner_id.as_ref())),
        ("requester-vpc-info.vpc-id", |connection| super::texts(connection.requester_vpc_info.vpc_id.as_ref())),
        ("status-code", |connection| vec![connection.status.code.clone()]),
        ("status-message", |connection| super::texts(connection.status.message.as_ref())),
        ("vpc-peering-connection-id", |connection| vec![connection.vpc_peering_connection_id.clone()]),
    ];

    const PATHS: &'static [(&'static str, &'static str)] = &[("expiration-time", "ExpirationTime")];

    fn id(&self) -> &str {
        &self.vpc_peering_connection_id
    }

    fn tags(&self) -> &Tags {
        &self.tags
    }

    fn document(&self) -> Value {
        wire::answer(self)
    }
}

impl Account {
    /// DescribeVpcPeeringConnections
    pub(super) fn describe_vpc_peering_connections(&self, params: &Tree) -> Result<Value, ApiError> {
        let connections = self.vpc_peering_connections.values();
        describe(params, "VpcPeeringConnectionId", "VpcPeeringConnections", connections)
    }

    /// Whether an active connection joins these VPCs.
    pub(super) fn is_peered(&self, vpc_id: &str, other: &str) -> bool {
        self.peers(vpc_id).any(|peer| peer.vpc_id.as_deref() == Some(other))
    }

    /// Whether an active connection joins this VPC with one of that account.
    pub(super) fn is_peered_with_account(&self, vpc_id: &str, account: &str) -> bool {
        self.peers(vpc_id).any(|peer| peer.owner_id.as_deref() == Some(account))
    }

    fn peers(&self, vpc_id: &str) -> impl Iterator<Item = &PeeredVpc> {
        let active = self.vpc_peering_connections.values().filter(|connection| connection.is_active());
        active.filter_map(move |connection| connection.peer_of(vpc_id))
    }
}
