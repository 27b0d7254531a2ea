//! The account of the ordinary AWS environment, and the VPC of the cluster in it.

use std::future::Future;

use northgate_planner::id::{InstanceId, Region, VpcId};
use northgate_planner::snapshot::Settings;

use super::Failure;
use super::args::DecisionArgs;
use crate::aws::{ConnectOptions, Connection, Record};
use crate::cluster;

/// What keeps the VPC from being known.
#[derive(Debug, thiserror::Error)]
enum ConnectError {
    #[error(
        "no VPC is known; give --aws-vpc-id (without it the nodes of a cluster tell, and no node has an EC2 instance)"
    )]
    Nodeless,
    #[error(
        "no VPC is known; give --aws-vpc-id (a node names {0}, which is not an instance of this account and Region)"
    )]
    ForeignNode(InstanceId),
    #[error("there is no VPC {vpc} in {region}; check --aws-vpc-id, --aws-region and the credentials")]
    MissingVpc { vpc: VpcId, region: Region },
}

/// Connects. The VPC comes from the flag, else from a node's instance; never from instance metadata.
pub(super) async fn connect<F>(
    decisions: &DecisionArgs,
    instances: impl FnOnce() -> F,
) -> Result<(Connection, Settings), Failure>
where
    F: Future<Output = Result<Vec<InstanceId>, cluster::Error>>,
{
    connect_recorded(decisions, None, instances).await
}

/// The same, with everything recorded that is read of the account from the first call on.
pub(super) async fn connect_recorded<F>(
    decisions: &DecisionArgs,
    record: Option<&Record>,
    instances: impl FnOnce() -> F,
) -> Result<(Connection, Settings), Failure>
where
    F: Future<Output = Result<Vec<InstanceId>, cluster::Error>>,
{
    let region = decisions.aws_region.as_ref().map(Region::new);
    let mut connection = Connection::connect(ConnectOptions { region, ..ConnectOptions::default() }).await?;
    if let Some(record) = record {
        connection = connection.recorded_in(record.clone());
    }
    let vpc = match &decisions.aws_vpc_id {
        Some(vpc) => VpcId::new(vpc),
        None => {
            let instances = instances().await?;
            let instance = instances.first().ok_or(ConnectError::Nodeless)?;
            let vpc = connection.vpc_of_instance(instance).await?;
            vpc.ok_or_else(|| ConnectError::ForeignNode(instance.clone()))?
        }
    };
    let mut settings = decisions.settings(vpc.clone(), connection.region().clone());
    let owner = connection.account_of_vpc(&vpc).await?;
    settings.account =
        Some(owner.ok_or_else(|| ConnectError::MissingVpc { vpc, region: connection.region().clone() })?);
    Ok((connection, settings))
}
