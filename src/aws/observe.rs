//! Scope to Actual: what is there, and whose it is.

use northgate_planner::actual::{Actual, Scope};

use super::Inner;
use super::error::AwsError;
use super::lookup::worker_groups;

mod cluster;
mod listener;
mod stack;
mod targets;

/// Observes what one decision has to see.
pub(super) async fn observe(account: &Inner, scope: &Scope) -> Result<Actual, AwsError> {
    Ok(match scope {
        Scope::Stack { id, purpose } => Actual::Stack(stack::observe(account, id, *purpose).await?),
        Scope::Targets(group) => Actual::Targets(targets::observe(account, group).await?),
        Scope::Rules(group) => {
            let mut found = worker_groups(account, std::slice::from_ref(group)).await?;
            Actual::Rules(found.remove(group))
        }
        Scope::Cluster => Actual::Cluster(cluster::observe(account).await?),
        Scope::Nothing => Actual::Nothing,
    })
}
