//! How far load balancers are that are waited for: all of them in as few calls as AWS allows.

use std::collections::BTreeMap;

use northgate_planner::actual::LoadBalancerState;
use northgate_planner::id::LoadBalancerArn;

use super::Account;
use super::describe::{ARNS_PER_CALL, chunks, each};
use super::error::AwsError;
use super::from_sdk::load_balancing::progress;
use super::to_sdk::texts;

impl Account {
    /// State and host name of each load balancer, without those that are gone. One call for every twenty.
    ///
    /// # Errors
    ///
    /// What AWS says.
    pub async fn states(
        &self,
        arns: &[LoadBalancerArn],
    ) -> Result<BTreeMap<LoadBalancerArn, (LoadBalancerState, String)>, AwsError> {
        let chunks = chunks(&texts(arns), ARNS_PER_CALL);
        let answers = each(&chunks, |some| self.inner.clients.load_balancers_by_arn(some)).await?;
        answers.iter().flatten().map(progress).collect()
    }
}
