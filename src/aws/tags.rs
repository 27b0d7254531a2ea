//! Tags of load balancers, target groups and listeners: whose a resource is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use northgate_planner::model::Pairs;
use tokio::sync::Mutex;

use super::cache::Keyed;
use super::connection::Clients;
use super::describe::{ARNS_PER_CALL, chunks, each};
use super::error::AwsError;
use super::from_sdk::load_balancing::tag_descriptions;

/// Tags by ARN, for telling what is not a stack's. What is a stack's own is always read afresh.
#[derive(Debug, Default)]
pub(super) struct TagCache {
    known: Keyed<String, Arc<Pairs>>,
    /// Passes that start together would all ask for the same hundreds of ARNs: they take turns, call by call, and find
    /// in the cache what another one asked.
    turn: Mutex<()>,
}

/// The tags of one resource.
#[derive(Debug, Clone)]
pub(super) struct Tagged {
    pub(super) tags: Arc<Pairs>,
    /// Whether they were read just now.
    pub(super) fresh: bool,
}

impl TagCache {
    /// The tags of all these resources, as old as the cache may be. One that is missing is gone.
    pub(super) async fn of(&self, clients: &Clients, arns: &[String]) -> Result<BTreeMap<String, Tagged>, AwsError> {
        let mut tagged = BTreeMap::new();
        let mut wanted = arns.iter().cloned().collect::<BTreeSet<_>>();
        self.take_known(&mut wanted, &mut tagged);
        while !wanted.is_empty() {
            let _turn = self.turn.lock().await;
            self.take_known(&mut wanted, &mut tagged);
            let some = wanted.iter().take(ARNS_PER_CALL).cloned().collect::<Vec<_>>();
            if some.is_empty() {
                break;
            }
            wanted.retain(|arn| !some.contains(arn));
            let answers = self.ask(clients, some).await?;
            tagged.extend(answers.into_iter().map(|(arn, tags)| (arn, Tagged { tags, fresh: true })));
        }
        Ok(tagged)
    }

    /// The tags of these resources, read now. One that is missing is gone.
    pub(super) async fn fresh(
        &self,
        clients: &Clients,
        arns: &[String],
    ) -> Result<BTreeMap<String, Arc<Pairs>>, AwsError> {
        let answers = each(&chunks(arns, ARNS_PER_CALL), |some| self.ask(clients, some)).await?;
        Ok(answers.into_iter().flatten().collect())
    }

    /// Notes what AddTags set.
    pub(super) fn add(&self, arn: &str, tags: &Pairs) {
        self.known.update(&arn.to_owned(), |known| Arc::make_mut(known).extend(tags.clone()));
    }

    /// Notes what RemoveTags removed.
    pub(super) fn remove(&self, arn: &str, keys: &[String]) {
        self.known.update(&arn.to_owned(), |known| Arc::make_mut(known).retain(|key, _| !keys.contains(key)));
    }

    /// Drops what is known of a resource that is gone or may have changed.
    pub(super) fn forget(&self, arn: &str) {
        self.known.forget(&arn.to_owned());
    }

    async fn ask(&self, clients: &Clients, arns: Vec<String>) -> Result<BTreeMap<String, Arc<Pairs>>, AwsError> {
        let asked = self.known.ask(&arns);
        let answers = tag_descriptions(clients.tags(arns).await?)?;
        self.known.fill(&asked, &answers);
        Ok(answers)
    }

    fn take_known(&self, wanted: &mut BTreeSet<String>, tagged: &mut BTreeMap<String, Tagged>) {
        for (arn, tags) in self.known.ask(wanted.iter()).found {
            wanted.remove(&arn);
            tagged.insert(arn, Tagged { tags, fresh: false });
        }
    }
}
