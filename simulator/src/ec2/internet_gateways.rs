//! Internet gateways.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Members;
use super::describe::{Described, Filters, describe};
use super::error::Kind;
use super::store::Account;
use super::tags::Tags;
use crate::wire::{ApiError, Tree};

/// An internet gateway as AWS prints it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct InternetGateway {
    pub(crate) internet_gateway_id: String,
    #[serde(default)]
    pub(crate) owner_id: String,
    /// None, or one.
    #[serde(default)]
    pub(crate) attachments: Vec<InternetGatewayAttachment>,
    #[serde(default)]
    pub(crate) tags: Tags,
    #[serde(flatten)]
    pub(crate) more: Members,
}

/// The VPC that an internet gateway serves.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct InternetGatewayAttachment {
    pub(crate) vpc_id: String,
    /// AWS prints `available` for one that is attached.
    #[serde(default = "super::available")]
    pub(crate) state: String,
}

impl InternetGateway {
    pub(super) fn serves(&self, vpc_id: &str) -> bool {
        self.attachments.iter().any(|attachment| attachment.vpc_id == vpc_id)
    }
}

impl Described for InternetGateway {
    const KIND: Kind = Kind::InternetGateway;
    const FILTERS: Filters<Self> = &[
        ("attachment.state", |gateway| super::texts(gateway.attachments.iter().map(|attachment| &attachment.state))),
        ("attachment.vpc-id", |gateway| super::texts(gateway.attachments.iter().map(|attachment| &attachment.vpc_id))),
        ("internet-gateway-id", |gateway| vec![gateway.internet_gateway_id.clone()]),
        ("owner-id", |gateway| vec![gateway.owner_id.clone()]),
    ];

    fn id(&self) -> &str {
        &self.internet_gateway_id
    }

    fn tags(&self) -> &Tags {
        &self.tags
    }
}

impl Account {
    /// DescribeInternetGateways
    pub(super) fn describe_internet_gateways(&self, params: &Tree) -> Result<Value, ApiError> {
        describe(params, "InternetGatewayId", "InternetGateways", self.internet_gateways.values())
    }
}
