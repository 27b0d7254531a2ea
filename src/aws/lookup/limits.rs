//! What this account may have more of than others.

use aws_sdk_elasticloadbalancingv2::types as elb;

use crate::aws::Inner;
use crate::aws::error::AwsError;

/// AWS's name of the limit on the rules of an Application Load Balancer.
pub(in crate::aws) const RULES_ALLOWED: &str = "rules-per-application-load-balancer";

/// How many rules an Application Load Balancer may have; `None`: nobody asked, or AWS does not say.
pub(super) async fn rules_allowed(account: &Inner, asked: bool) -> Result<Option<usize>, AwsError> {
    if !asked {
        return Ok(None);
    }
    let ask = async || {
        let limits = account.clients.account_limits().await?;
        let limit = limits.iter().find(|limit| limit.name() == Some(RULES_ALLOWED));
        Ok(limit.and_then(elb::Limit::max).and_then(|max| max.parse().ok()))
    };
    account.facts.rules_allowed.get(ask).await
}
