//! VPCs.

use ipnet::{Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::describe::{Described, Filters, Page, Selection};
use super::error::Kind;
use super::store::Account;
use super::tags::Tags;
use crate::wire::{self, ApiError, Tree};

/// A VPC as AWS prints it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all(serialize = "camelCase", deserialize = "PascalCase"))]
pub(crate) struct Vpc {
    pub(crate) vpc_id: String,
    #[serde(default = "super::available")]
    pub(crate) state: String,
    /// The first block; filled in before it is stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cidr_block: Option<Ipv4Net>,
    #[serde(default)]
    pub(crate) cidr_block_association_set: Vec<CidrBlockAssociation>,
    #[serde(default)]
    pub(crate) ipv6_cidr_block_association_set: Vec<Ipv6CidrBlockAssociation>,
    #[serde(default)]
    pub(crate) is_default: bool,
    #[serde(default)]
    pub(crate) owner_id: String,
    #[serde(default, rename(serialize = "tagSet"))]
    pub(crate) tags: Tags,
}

/// An IPv4 block of a VPC.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all(serialize = "camelCase", deserialize = "PascalCase"))]
pub(crate) struct CidrBlockAssociation {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) association_id: Option<String>,
    pub(crate) cidr_block: Ipv4Net,
    #[serde(default)]
    pub(crate) cidr_block_state: AssociationState,
}

/// An IPv6 block of a VPC or of a subnet.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all(serialize = "camelCase", deserialize = "PascalCase"))]
pub(crate) struct Ipv6CidrBlockAssociation {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) association_id: Option<String>,
    pub(crate) ipv6_cidr_block: Ipv6Net,
    #[serde(default)]
    pub(crate) ipv6_cidr_block_state: AssociationState,
}

/// Whether a block is in use.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all(serialize = "camelCase", deserialize = "PascalCase"))]
pub(crate) struct AssociationState {
    state: String,
}

impl Default for AssociationState {
    fn default() -> Self {
        AssociationState { state: "associated".to_owned() }
    }
}

impl AssociationState {
    pub(crate) fn is_associated(&self) -> bool {
        self.state == "associated"
    }
}

impl CidrBlockAssociation {
    pub(crate) fn associated(cidr_block: Ipv4Net) -> Self {
        CidrBlockAssociation { association_id: None, cidr_block, cidr_block_state: AssociationState::default() }
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

    fn id(&self) -> &str {
        &self.vpc_id
    }

    fn tags(&self) -> &Tags {
        &self.tags
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct VpcsAnswer {
    vpc_set: Vec<Vpc>,
    next_token: Option<String>,
}

impl Account {
    /// DescribeVpcs
    pub(super) fn describe_vpcs(&self, params: &Tree) -> Result<Value, ApiError> {
        let Page { items, next_token } = Selection::read(params, "VpcId")?.of(self.vpcs.values().cloned())?;
        Ok(wire::answer(&VpcsAnswer { vpc_set: items, next_token }))
    }
}
