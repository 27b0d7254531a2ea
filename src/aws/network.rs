//! Who and where we are: the VPC of a node, the account of a VPC. Asked once, before there is an account to read.

use northgate_planner::id::{AccountId, InstanceId, VpcId};

use super::connection::Connection;
use super::describe::filter;
use super::error::AwsError;
use super::from_sdk;

impl Connection {
    /// The VPC of an instance, for when `--aws-vpc-id` is not given; `None`: there is no such instance, or it has been
    /// terminated.
    ///
    /// # Errors
    ///
    /// What AWS says.
    pub async fn vpc_of_instance(&self, instance: &InstanceId) -> Result<Option<VpcId>, AwsError> {
        let found = self.read_only_clients().instances(vec![filter("instance-id", [instance])]).await?;
        let Some(found) = found.first() else { return Ok(None) };
        Ok(from_sdk::ec2::instance(found)?.1.instance.vpc)
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
