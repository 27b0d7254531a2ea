//! Throttling: AWS's token buckets, per account and Region, and which of them a request draws on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::door::Service;
use crate::wire::{ApiError, Tree};

/// Whether requests are throttled, and how much of AWS's buckets is left for the caller.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Throttling {
    /// Without it no request is refused for its rate.
    pub enabled: bool,
    /// What other callers of the account take of every bucket, of its burst and of its refill: 0 to 1.
    pub taken_by_others: Share,
    /// Buckets with other numbers than AWS's, by the names of [`Throttling::BUCKETS`].
    pub buckets: BTreeMap<BucketName, Bucket>,
}

/// A share of a whole: 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Share(f64);

/// The size of a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Bucket {
    /// How many requests a full bucket lets through at once.
    pub burst: f64,
    /// How many requests it lets through per second from then on.
    pub per_second: f64,
}

/// A bucket, or a family of buckets of the same size: EC2 and the tagging API have one for each action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BucketName {
    /// Every action of Elastic Load Balancing v2, besides the bucket of its category.
    ElbAccount,
    /// `Describe*`, `Get*`.
    ElbNonMutating,
    /// Every action that changes something and is in no other category.
    ElbMutating,
    /// `RegisterTargets`, `DeregisterTargets`.
    ElbRegistration,
    /// `CreateLoadBalancer`, `SetSubnets`.
    ElbResourceIntensive,
    /// `CreateTrustStore`, `ModifyTrustStore`.
    ElbTrustStores,
    /// `Describe*`, `Get*`, `List*`, `Search*` of EC2.
    Ec2NonMutating,
    /// Those Describe actions that draw on a smaller bucket when they neither filter nor page.
    Ec2Unfiltered,
    /// Every action that changes something and is in no other category.
    Ec2Mutating,
    /// `AuthorizeSecurityGroupIngress`, `RevokeSecurityGroupIngress`.
    Ec2ResourceIntensive,
    /// `CreateTags`, `DeleteTags`.
    Ec2Tags,
    /// `DescribeSecurityGroupReferences`, `DescribeStaleSecurityGroups`.
    Ec2SecurityGroupReferences,
    /// `GetResources`.
    TaggingGetResources,
    /// `TagResources`, `UntagResources`, `GetTagKeys`, `GetTagValues`.
    TaggingOther,
}

/// EC2's Describe actions with a smaller bucket for requests without a filter and without pages.
const UNFILTERED: &[&str] = &[
    "DescribeInstanceStatus",
    "DescribeInstances",
    "DescribeNetworkInterfaces",
    "DescribeSecurityGroups",
    "DescribeSnapshots",
    "DescribeSpotInstanceRequests",
    "DescribeVolumes",
];

impl Throttling {
    /// AWS's numbers.
    ///
    /// Sources: "Request throttling for the Elastic Load Balancing API", "Request throttling for the Amazon EC2 API",
    /// and the quotas of Resource Groups Tagging, which name rates alone: a second's worth is taken for the burst.
    pub const BUCKETS: &[(BucketName, Bucket)] = &[
        (BucketName::ElbAccount, bucket(40.0, 10.0)),
        (BucketName::ElbNonMutating, bucket(40.0, 10.0)),
        (BucketName::ElbMutating, bucket(20.0, 3.0)),
        (BucketName::ElbRegistration, bucket(20.0, 4.0)),
        (BucketName::ElbResourceIntensive, bucket(10.0, 0.2)),
        (BucketName::ElbTrustStores, bucket(10.0, 0.2)),
        (BucketName::Ec2NonMutating, bucket(100.0, 20.0)),
        (BucketName::Ec2Unfiltered, bucket(50.0, 10.0)),
        (BucketName::Ec2Mutating, bucket(50.0, 5.0)),
        (BucketName::Ec2ResourceIntensive, bucket(50.0, 5.0)),
        (BucketName::Ec2Tags, bucket(100.0, 10.0)),
        (BucketName::Ec2SecurityGroupReferences, bucket(20.0, 5.0)),
        (BucketName::TaggingGetResources, bucket(15.0, 15.0)),
        (BucketName::TaggingOther, bucket(5.0, 5.0)),
    ];

    /// AWS's numbers, of which others take a share.
    pub fn shared(taken_by_others: Share) -> Self {
        Self { enabled: true, taken_by_others, buckets: BTreeMap::new() }
    }

    /// What the caller has of a bucket.
    fn left(&self, name: BucketName) -> Bucket {
        let standard = Self::BUCKETS.iter().find(|(known, _)| *known == name).map(|(_, bucket)| *bucket);
        let whole = self.buckets.get(&name).copied().or(standard).expect("every bucket is in the table");
        let left = 1.0 - self.taken_by_others.0;
        Bucket { burst: whole.burst * left, per_second: whole.per_second * left }
    }
}

const fn bucket(burst: f64, per_second: f64) -> Bucket {
    Bucket { burst, per_second }
}

impl TryFrom<f64> for Share {
    type Error = String;

    fn try_from(share: f64) -> Result<Self, String> {
        if (0.0..=1.0).contains(&share) { Ok(Self(share)) } else { Err(format!("{share} is no share: 0 to 1")) }
    }
}

impl From<Share> for f64 {
    fn from(share: Share) -> Self {
        share.0
    }
}

/// The buckets of one account in one Region, as full as they are.
#[derive(Debug, Default)]
pub(crate) struct Buckets {
    /// By name and, where each action has its own, by action.
    levels: BTreeMap<(BucketName, String), Level>,
}

#[derive(Clone, Copy, Debug)]
struct Level {
    tokens: f64,
    since: Instant,
}

/// Tokens are sums of fractions; what is short of one by less than this is one.
const ROUNDING: f64 = 1e-6;

impl Buckets {
    /// Takes a token from every bucket that the request draws on, or refuses it and takes none.
    pub(crate) fn admit(
        &mut self,
        settings: &Throttling,
        service: Service,
        action: &str,
        params: &Tree,
        now: Instant,
    ) -> Result<(), ApiError> {
        if !settings.enabled {
            return Ok(());
        }
        let mut after = Vec::new();
        for key in drawn_on(service.name(), action, params) {
            let Bucket { burst, per_second } = settings.left(key.0);
            let level = match self.levels.get(&key) {
                Some(level) => level.tokens + per_second * now.saturating_duration_since(level.since).as_secs_f64(),
                None => burst,
            };
            let tokens = level.min(burst);
            if tokens + ROUNDING < 1.0 {
                return Err(refusal(service.name(), action));
            }
            after.push((key, Level { tokens: tokens - 1.0, since: now }));
        }
        self.levels.extend(after);
        Ok(())
    }
}

/// The buckets that a request draws on; none for services without documented ones.
fn drawn_on(service: &str, action: &str, params: &Tree) -> Vec<(BucketName, String)> {
    let reads = ["Describe", "Get", "List", "Search"].iter().any(|verb| action.starts_with(verb));
    let of_action = |name| vec![(name, action.to_owned())];
    match service {
        "elasticloadbalancing" => {
            let category = match action {
                "RegisterTargets" | "DeregisterTargets" => BucketName::ElbRegistration,
                "CreateLoadBalancer" | "SetSubnets" => BucketName::ElbResourceIntensive,
                "CreateTrustStore" | "ModifyTrustStore" => BucketName::ElbTrustStores,
                _ if reads => BucketName::ElbNonMutating,
                _ => BucketName::ElbMutating,
            };
            vec![(BucketName::ElbAccount, String::new()), (category, String::new())]
        }
        "ec2" => of_action(match action {
            "CreateTags" | "DeleteTags" => BucketName::Ec2Tags,
            "AuthorizeSecurityGroupIngress" | "RevokeSecurityGroupIngress" => BucketName::Ec2ResourceIntensive,
            "DescribeSecurityGroupReferences" | "DescribeStaleSecurityGroups" => BucketName::Ec2SecurityGroupReferences,
            _ if UNFILTERED.contains(&action) && !narrowed(params) => BucketName::Ec2Unfiltered,
            _ if reads => BucketName::Ec2NonMutating,
            _ => BucketName::Ec2Mutating,
        }),
        "tagging" if action == "GetResources" => of_action(BucketName::TaggingGetResources),
        "tagging" => of_action(BucketName::TaggingOther),
        _ => Vec::new(),
    }
}

/// Whether a Describe request filters or pages. Ids are neither.
fn narrowed(params: &Tree) -> bool {
    match params {
        Tree::Branch(members) => ["Filter", "MaxResults", "NextToken"].iter().any(|name| members.contains_key(*name)),
        Tree::Text(_) => false,
    }
}

/// The code that each service sends, which is not always the one that it documents.
fn refusal(service: &str, action: &str) -> ApiError {
    match service {
        "ec2" => ApiError {
            status: 503,
            ..ApiError::new(
                "RequestLimitExceeded",
                format!(
                    "Request limit exceeded. The account has been throttled on ec2:{action} because it exceeded its request rate limit."
                ),
            )
        },
        "tagging" => ApiError::new("ThrottledException", "Rate exceeded"),
        _ => ApiError::new("Throttling", "Rate exceeded"),
    }
}
