//! VPCs.

use ipnet::{Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Members;
use super::describe::{Described, Filters, describe};
use super::error::Kind;
use super::store::Account;
use super::tags::Tags;
use crate::wire::{self, ApiError, Tree};

/// A VPC as AWS prints it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Vpc {
    pub(crate) vpc_id: String,
    #[serde(default = "super::available")]
    pub(crate) state: String,
    /// The first block; filled in before it is stored.
    pub(crate) cidr_block: Option<Ipv4Net>,
    #[serde(default)]
    pub(crate) cidr_block_association_set: Vec<CidrBlockAssociation>,
    #[serde(default)]
    pub(crate) ipv6_cidr_block_association_set: Vec<Ipv6CidrBlockAssociation>,
    #[serde(default)]
    pub(crate) is_default: bool,
    #[serde(default)]
    pub(crate) owner_id: String,
    #[serde(default)]
    pub(crate) tags: Tags,
    /// What is only kept and shown again.
    #[serde(flatten)]
    pub(crate) more: Members,
}

/// An IPv4 block of a VPC.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CidrBlockAssociation {
    pub(crate) association_id: Option<String>,
    pub(crate) cidr_block: Ipv4Net,
    #[serde(default)]
    pub(crate) cidr_block_state: AssociationState,
    /// What is only kept and shown again.
    #[serde(flatten)]
    pub(crate) more: Members,
}

/// An IPv6 block of a VPC or of a subnet.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Ipv6CidrBlockAssociation {
    pub(crate) association_id: Option<String>,
    pub(crate) ipv6_cidr_block: Ipv6Net,
    #[serde(default)]
    pub(crate) ipv6_cidr_block_state: AssociationState,
    /// What is only kept and shown again.
    #[serde(flatten)]
    pub(crate) more: Members,
}

/// Whether a block is in use.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AssociationState {
    state: String,
    status_message: Option<String>,
}

impl Default for AssociationState {
    fn default() -> Self {
        AssociationState { state: "associated".to_owned(), status_message: None }
    }
}

impl AssociationState {
    pub(crate) fn is_associated(&self) -> bool {
        self.state == "associated"
    }
}

impl CidrBlockAssociation {
    pub(crate) fn associated(cidr_block: Ipv4Net) -> Self {
        let cidr_block_state = AssociationState::default();
        CidrBlockAssociation { association_id: None, cidr_block, cidr_block_state, more: Members::new() }
    }
}

impl Vpc {
    /// An ordinary VPC with these blocks, of which there is at least one for IPv4.
    pub(crate) fn with_blocks(
        vpc_id: String,
        owner_id: String,
        blocks: impl IntoIterator<Item = Ipv4Net>,
        ipv6_cidr_block_association_set: Vec<Ipv6CidrBlockAssociation>,
    ) -> Self {
        let cidr_block_association_set: Vec<_> = blocks.into_iter().map(CidrBlockAssociation::associated).collect();
        Vpc {
            vpc_id,
            state: super::available(),
            cidr_block: cidr_block_association_set.first().map(|first| first.cidr_block),
            cidr_block_association_set,
            ipv6_cidr_block_association_set,
            is_default: false,
            owner_id,
            tags: Tags::default(),
            more: Members::new(),
        }
    }
}

impl Described for Vpc {
    const KIND: Kind = Kind::Vpc;
    const FILTERS: Filters<Self> = &[
        ("cidr", |vpc| super::texts(vpc.cidr_block)),
        ("cidr-block-association.cidr-block", |vpc| {
            super::texts(vpc.cidr_block_association_set.iter().map(|block| block.cidr_block))
        }),
        ("ipv6-cidr-block-association.ipv6-cidr-block", |vpc| {
            super::texts(vpc.ipv6_cidr_block_association_set.iter().map(|block| block.ipv6_cidr_block))
        }),
        ("is-default", |vpc| vec![vpc.is_default.to_string()]),
        ("owner-id", |vpc| vec![vpc.owner_id.clone()]),
        ("state", |vpc| vec![vpc.state.clone()]),
        ("vpc-id", |vpc| vec![vpc.vpc_id.clone()]),
    ];

    const PATHS: &'static [(&'static str, &'static str)] = &[
        ("cidr-block-association.association-id", "CidrBlockAssociationSet.AssociationId"),
        ("cidr-block-association.state", "CidrBlockAssociationSet.CidrBlockState.State"),
        ("dhcp-options-id", "DhcpOptionsId"),
        ("ipv6-cidr-block-association.association-id", "Ipv6CidrBlockAssociationSet.AssociationId"),
        ("ipv6-cidr-block-association.ipv6-pool", "Ipv6CidrBlockAssociationSet.Ipv6Pool"),
        ("ipv6-cidr-block-association.state", "Ipv6CidrBlockAssociationSet.Ipv6CidrBlockState.State"),
    ];

    fn id(&self) -> &str {
        &self.vpc_id
    }

    fn tags(&self) -> &Tags {
        &self.tags
    }

    fn document(&self) -> Value {
        wire::answer(self)
    }
}

impl Account {
    /// DescribeVpcs
    pub(super) fn describe_vpcs(&self, params: &Tree) -> Result<Value, ApiError> {
        describe(params, "VpcId", "Vpcs", self.vpcs.values())
    }
}
