//! The account of the ordinary AWS environment, and the VPC of the cluster in it.

use std::future::Future;

use northgate_planner::id::{InstanceId, Region, VpcId};
use northgate_planner::snapshot::Settings;

use super::Failure;
use super::args::DecisionArgs;
use crate::aws::{AwsError, ConnectOptions, Connection, Record};
use crate::cluster::{self, NodePlace};

/// What keeps the VPC from being known.
#[derive(Debug, thiserror::Error)]
enum ConnectError {
    #[error(
        "no VPC is known; give --aws-vpc-id (without it the nodes of a cluster tell, and no node has an EC2 instance)"
    )]
    Nodeless,
    #[error(
        "no VPC is known; give --aws-vpc-id (nodes name {0} and others, which are not instances of this account and Region)"
    )]
    ForeignNode(InstanceId),
    #[error("there is no VPC {vpc} in {region}; check --aws-vpc-id, --aws-region and the credentials")]
    MissingVpc { vpc: VpcId, region: Region },
}

/// Connects. Region and VPC come from the flag, else from the environment, else from a node; never from instance metadata.
pub(super) async fn connect<F>(
    decisions: &DecisionArgs,
    places: impl Fn() -> F,
) -> Result<(Connection, Settings), Failure>
where
    F: Future<Output = Result<Vec<NodePlace>, cluster::Error>>,
{
    connect_recorded(decisions, None, places).await
}

/// The same, with everything recorded that is read of the account from the first call on.
pub(super) async fn connect_recorded<F>(
    decisions: &DecisionArgs,
    record: Option<&Record>,
    places: impl Fn() -> F,
) -> Result<(Connection, Settings), Failure>
where
    F: Future<Output = Result<Vec<NodePlace>, cluster::Error>>,
{
    let region = decisions.aws_region.as_ref().map(Region::new);
    let to = |region| Connection::connect(ConnectOptions { region, ..ConnectOptions::default() });
    let mut connection = match to(region).await {
        Err(AwsError::NoRegion) => {
            let found = places().await?.into_iter().find_map(|place| place.region);
            to(Some(found.ok_or(AwsError::NoRegion)?)).await?
        }
        connection => connection?,
    };
    if let Some(record) = record {
        connection = connection.recorded_in(record.clone());
    }
    let vpc = match &decisions.aws_vpc_id {
        Some(vpc) => VpcId::new(vpc),
        None => {
            let instances = places().await?.into_iter().map(|place| place.instance).collect::<Vec<_>>();
            let first = instances.first().ok_or(ConnectError::Nodeless)?;
            let vpc = connection.vpc_of_instances(&instances).await?;
            vpc.ok_or_else(|| ConnectError::ForeignNode(first.clone()))?
        }
    };
    let mut settings = decisions.settings(vpc.clone(), connection.region().clone());
    let owner = connection.account_of_vpc(&vpc).await?;
    settings.account =
        Some(owner.ok_or_else(|| ConnectError::MissingVpc { vpc, region: connection.region().clone() })?);
    Ok((connection, settings))
}
