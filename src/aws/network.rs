//! Who and where we are: the VPC of a node, the account of a VPC. Asked once, before there is an account to read.

use northgate_planner::id::{AccountId, InstanceId, VpcId};

use super::connection::Connection;
use super::describe::filter;
use super::error::AwsError;
use super::from_sdk;

impl Connection {
    /// The VPC of the first of some instances that is there, for when `--aws-vpc-id` is not given; `None`: there is no such
    /// instance, or all have been terminated.
    ///
    /// # Errors
    ///
    /// What AWS says.
    pub async fn vpc_of_instances(&self, instances: &[InstanceId]) -> Result<Option<VpcId>, AwsError> {
        let found = self.read_only_clients().instances(vec![filter("instance-id", instances)]).await?;
        for instance in &found {
            if let Some(vpc) = from_sdk::ec2::instance(instance)?.1.instance.vpc {
                return Ok(Some(vpc));
            }
        }
        Ok(None)
    }

    /// The account that owns a VPC; `None`: there is no such VPC in the Region.
    ///
    /// # Errors
    ///
    /// What AWS says.
    pub async fn account_of_vpc(&self, vpc: &VpcId) -> Result<Option<AccountId>, AwsError> {
        let found = self.read_only_clients().vpcs(vec![filter("vpc-id", [vpc])]).await?;
        found.first().map(from_sdk::ec2::vpc_owner).transpose()
    }
}
