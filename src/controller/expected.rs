//! What has to be there: what was made or seen, what our objects name, and what was put into groups and taken out of them. A
//! read that says otherwise is no ground to decide anything on, until it has said so for a while.

mod members;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use northgate_planner::actual::Actual;
use northgate_planner::id::Key;
use northgate_planner::plan::{AwsChange, Plan};
use tokio::time::Instant;

use members::Members;

/// How late a read may be that misses what was done before it.
const SEEN_WITHIN: Duration = Duration::from_secs(30);
/// When a read that was too old is repeated.
pub(super) const AGAIN: Duration = Duration::from_secs(3);

/// What is known to exist.
#[derive(Debug, Default)]
pub(crate) struct Expected {
    /// Of each key.
    keys: Mutex<BTreeMap<Key, OfKey>>,
    /// In security groups and target groups.
    members: Mutex<Members>,
}

#[derive(Debug, Default)]
struct OfKey {
    /// Since when nothing was seen of what the program before this one may have made.
    inherited: Option<Instant>,
    /// Since when something may have been made whose answer never came.
    unknown: Option<Instant>,
    /// Since when something is being made.
    begun: Option<Instant>,
    /// What exists, and since when it is not shown.
    known: BTreeMap<String, Option<Instant>>,
}

impl Expected {
    /// Notes the stacks that the program before this one may have worked on.
    pub(crate) fn start(&self, keys: impl IntoIterator<Item = Key>) {
        let mut known = self.lock();
        for key in keys {
            known.entry(key).or_default().inherited = Some(Instant::now());
        }
    }

    /// Notes that something is about to be made.
    pub(crate) fn begin(&self, key: &Key) {
        let mut keys = self.lock();
        let of = keys.entry(key.clone()).or_default();
        // The one before never had an answer.
        of.unknown = of.begun.or(of.unknown);
        of.begun = Some(Instant::now());
    }

    /// Notes that it is made; `id`: what AWS calls it, where it has a life of its own.
    pub(crate) fn made(&self, key: &Key, id: Option<&str>) {
        if let Some(of) = self.lock().get_mut(key) {
            of.begun = None;
            of.known.extend(id.map(|id| (id.to_owned(), None)));
        }
    }

    /// Notes that it is deleted.
    pub(crate) fn deleted(&self, key: &Key, id: &str) {
        if let Some(of) = self.lock().get_mut(key) {
            of.known.remove(id);
        }
        self.members().forget(id);
    }

    /// Notes that a change was made, or may have been.
    pub(crate) fn done(&self, change: &AwsChange) {
        self.members().note(change);
    }

    /// Compares what a read shows in security groups and target groups with what was put there and taken away, as far as a plan
    /// that was made from it leaves that as it is. Gives for how long the read may be too old to carry out the plan.
    ///
    /// It may take a rule or a target for one that is left, and close all others. `target_group`: the ARN of the one whose targets
    /// were read.
    pub(crate) fn contradicts(&self, plan: &Plan, read: &Actual, target_group: Option<&str>) -> Option<Duration> {
        self.members().contradict(plan, read, target_group)
    }

    /// Notes that nothing is left, or that nobody asks any more.
    pub(crate) fn forget(&self, key: &Key) {
        self.lock().remove(key);
    }

    /// Compares a read with what is known and with what objects of ours name. Gives for how long the read may be too old;
    /// `None`: it shows everything, or what it does not show is gone.
    pub(crate) fn compare<'a>(
        &self,
        key: &Key,
        shown: &BTreeSet<&'a str>,
        named: impl Iterator<Item = &'a str>,
    ) -> Option<Duration> {
        let mut keys = self.lock();
        let of = keys.entry(key.clone()).or_default();
        if !shown.is_empty() {
            of.inherited = None;
        }
        for id in shown.iter().copied().chain(named) {
            of.known.entry(id.to_owned()).or_default();
        }
        let mut longest = None;
        of.known.retain(|id, missing| {
            if shown.contains(id.as_str()) {
                *missing = None;
                return true;
            }
            let rest = rest(*missing.get_or_insert_with(Instant::now));
            longest = longest.max(rest);
            rest.is_some()
        });
        longest
    }

    /// For how long finding nothing does not mean that nothing is there.
    pub(crate) fn settling(&self, key: &Key) -> Option<Duration> {
        let keys = self.lock();
        let OfKey { inherited, unknown, begun, known: _ } = keys.get(key)?;
        inherited.iter().chain(unknown).chain(begun).copied().filter_map(rest).max()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, OfKey>> {
        self.keys.lock().expect("no thread panics while it holds the list")
    }

    fn members(&self) -> MutexGuard<'_, Members> {
        self.members.lock().expect("no thread panics while it holds the list")
    }
}

fn rest(since: Instant) -> Option<Duration> {
    SEEN_WITHIN.checked_sub(since.elapsed()).filter(|rest| !rest.is_zero())
}

#[cfg(test)]
mod tests {
    use northgate_planner::id::{ObjectName, StackId};
    use tokio::time::advance;

    use super::*;

    fn key() -> Key {
        Key::Stack(StackId::Service(ObjectName::new("default", "web")))
    }

    fn compare(expected: &Expected, shown: &[&str]) -> Option<Duration> {
        expected.compare(&key(), &shown.iter().copied().collect(), std::iter::empty())
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_made_or_seen_is_gone_only_when_it_was_not_shown_for_a_while() {
        let expected = Expected::default();
        assert_eq!(compare(&expected, &["seen"]), None);
        expected.begin(&key());
        expected.made(&key(), Some("made"));
        assert_eq!(compare(&expected, &["seen", "made"]), None);
        assert_eq!(compare(&expected, &["seen"]), Some(SEEN_WITHIN));
        advance(Duration::from_secs(20)).await;
        assert_eq!(compare(&expected, &["made"]), Some(SEEN_WITHIN), "now the other one");
        advance(Duration::from_secs(20)).await;
        assert_eq!(compare(&expected, &["made"]), Some(Duration::from_secs(10)));
        advance(Duration::from_secs(10)).await;
        assert_eq!(compare(&expected, &["made"]), None, "it is gone");
        expected.deleted(&key(), "made");
        assert_eq!(compare(&expected, &[]), None, "we deleted it ourselves");
    }

    #[tokio::test(start_paused = true)]
    async fn what_an_object_names_has_to_be_shown_too() {
        let expected = Expected::default();
        let named = || expected.compare(&key(), &BTreeSet::new(), ["tg"].into_iter());
        assert_eq!(named(), Some(SEEN_WITHIN));
        advance(SEEN_WITHIN).await;
        assert_eq!(named(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn what_nobody_knows_of_would_be_shown_after_a_while() {
        let expected = Expected::default();
        assert_eq!(expected.settling(&key()), None);
        expected.begin(&key());
        assert_eq!(expected.settling(&key()), Some(SEEN_WITHIN), "no answer yet");
        advance(Duration::from_secs(10)).await;
        expected.begin(&key());
        expected.made(&key(), None);
        assert_eq!(
            expected.settling(&key()),
            Some(Duration::from_secs(20)),
            "the answer of another one says nothing of it"
        );
        advance(SEEN_WITHIN).await;
        assert_eq!(expected.settling(&key()), None);
    }

    #[tokio::test(start_paused = true)]
    async fn what_another_program_left_is_waited_for_until_something_of_it_is_seen() {
        let expected = Expected::default();
        expected.start([key()]);
        assert_eq!(expected.settling(&key()), Some(SEEN_WITHIN));
        compare(&expected, &["sg"]);
        assert_eq!(expected.settling(&key()), None);
    }
}
