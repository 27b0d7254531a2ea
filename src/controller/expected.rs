//! What has to be there: what was made or seen, and what our objects name; and which rules must not: those that were closed. A
//! read that says otherwise is no ground to decide anything on, until it has said so for a while.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use northgate_planner::actual::Actual;
use northgate_planner::id::{Key, SecurityGroupId};
use northgate_planner::model::IngressRule;
use northgate_planner::plan::{AwsChange, Plan, SecurityGroupIngress, Write};
use tokio::time::Instant;

/// How late a read may be that misses what was done before it.
const SEEN_WITHIN: Duration = Duration::from_secs(30);
/// When a read that was too old is repeated.
pub(super) const AGAIN: Duration = Duration::from_secs(3);

/// What is known to exist for each key.
#[derive(Debug, Default)]
pub(crate) struct Expected(Mutex<BTreeMap<Key, OfKey>>);

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
    /// The rules of security groups that were closed, or may have been, and when.
    closed: BTreeMap<Rule, Instant>,
}

/// What EC2 knows a rule by.
type Rule = (SecurityGroupId, IngressRule);

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
    }

    /// Notes that rules are about to be closed, where the change is one that does.
    pub(crate) fn closing(&self, key: &Key, change: &AwsChange) {
        if let AwsChange::RevokeSecurityGroupIngress(request) = change {
            let mut keys = self.lock();
            let closed = &mut keys.entry(key.clone()).or_default().closed;
            closed.retain(|_, since| rest(*since).is_some());
            closed.extend(rules(request).map(|rule| (rule, Instant::now())));
        }
    }

    /// Notes that rules are open, where the change is one that opens some.
    pub(crate) fn opened(&self, key: &Key, change: &AwsChange) {
        if let (AwsChange::AuthorizeSecurityGroupIngress(request), Some(of)) = (change, self.lock().get_mut(key)) {
            for rule in rules(request) {
                of.closed.remove(&rule);
            }
        }
    }

    /// For how long a read may be too old to carry out a plan that was made from it: it shows a rule that we closed, and the
    /// plan leaves that rule as it is, and may close others because of it.
    pub(crate) fn relies_on_closed(&self, plan: &Plan, read: &Actual) -> Option<Duration> {
        let keys = self.lock();
        let closed = &keys.get(&plan.key).filter(|of| !of.closed.is_empty())?.closed;
        let revoked = plan.changes().filter_map(|change| match &change.write {
            Write::Aws(AwsChange::RevokeSecurityGroupIngress(request)) => Some(rules(request)),
            Write::Aws(_) | Write::Kube(_) => None,
        });
        let revoked = revoked.flatten().collect::<BTreeSet<_>>();
        let left = rules_of(&plan.key, read).into_iter().filter(|rule| !revoked.contains(rule));
        left.filter_map(|rule| rest(*closed.get(&rule)?)).max()
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
        let OfKey { inherited, unknown, begun, known: _, closed: _ } = keys.get(key)?;
        inherited.iter().chain(unknown).chain(begun).copied().filter_map(rest).max()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, OfKey>> {
        self.0.lock().expect("no thread panics while it holds the list")
    }
}

fn rest(since: Instant) -> Option<Duration> {
    SEEN_WITHIN.checked_sub(since.elapsed()).filter(|rest| !rest.is_zero())
}

fn rules(request: &SecurityGroupIngress) -> impl Iterator<Item = Rule> {
    let SecurityGroupIngress { group_id, ip_permissions } = request;
    group_id.known().into_iter().flat_map(|group| ip_permissions.iter().map(|rule| identity(group, rule)))
}

/// The rules that a read shows of the security groups of a key.
fn rules_of(key: &Key, read: &Actual) -> Vec<Rule> {
    match (key, read) {
        (Key::Rules(group), Actual::Rules(Some(found))) => {
            found.rules.iter().map(|rule| identity(group, rule)).collect()
        }
        (_, Actual::Stack(stack)) => {
            let groups = stack.security_groups.iter();
            groups.flat_map(|found| found.rules.iter().map(|rule| identity(&found.id, rule))).collect()
        }
        _ => Vec::new(),
    }
}

/// The description is not part of what EC2 knows a rule by.
fn identity(group: &SecurityGroupId, rule: &IngressRule) -> Rule {
    (group.clone(), IngressRule { description: String::new(), ..rule.clone() })
}

#[cfg(test)]
mod tests {
    use northgate_planner::facts::SecurityGroupFacts;
    use northgate_planner::id::{IpProtocol, Knowable, ObjectName, Ref, ResourceKey, StackId};
    use northgate_planner::model::{Pairs, Peer, RuleProtocol};
    use northgate_planner::plan::{Change, Impact, Resource, Step};
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

    fn worker_group() -> SecurityGroupId {
        SecurityGroupId::new("sg-worker")
    }

    fn rule(port: i32) -> IngressRule {
        IngressRule {
            protocol: RuleProtocol::Ip(IpProtocol::Tcp),
            from_port: Knowable::Known(port),
            to_port: Knowable::Known(port),
            peer: Peer::SecurityGroup(Ref::Known(SecurityGroupId::new("sg-lb"))),
            description: format!("as {port}"),
        }
    }

    fn request(ports: &[i32]) -> SecurityGroupIngress {
        let ip_permissions =
            ports.iter().map(|port| IngressRule { description: String::new(), ..rule(*port) }).collect();
        SecurityGroupIngress { group_id: Ref::Known(worker_group()), ip_permissions }
    }

    /// For how long a read that shows the rules of these ports is too old for a plan that closes some of them.
    fn relies(expected: &Expected, shown: &[i32], closes: &[i32]) -> Option<Duration> {
        let mut plan = Plan::empty(Key::Rules(worker_group()), Vec::new());
        if !closes.is_empty() {
            plan.steps.push(Step::Change(Change {
                resource: Resource::new(ResourceKey::backend_security_group()),
                write: Write::Aws(AwsChange::RevokeSecurityGroupIngress(request(closes))),
                fields: Vec::new(),
                impact: Impact::None,
                reason: String::new(),
            }));
        }
        let rules = shown.iter().map(|port| rule(*port)).collect();
        let read = Actual::Rules(Some(SecurityGroupFacts { tags: Pairs::new(), rules }));
        expected.relies_on_closed(&plan, &read)
    }

    #[tokio::test(start_paused = true)]
    async fn a_rule_that_was_closed_is_not_relied_on_for_a_while() {
        let expected = Expected::default();
        let key = Key::Rules(worker_group());
        assert_eq!(relies(&expected, &[1, 2], &[2]), None);
        expected.closing(&key, &AwsChange::RevokeSecurityGroupIngress(request(&[1])));
        assert_eq!(relies(&expected, &[2], &[]), None, "it is not shown");
        assert_eq!(relies(&expected, &[1, 2], &[1]), None, "it may not have been closed, and is closed again");
        advance(Duration::from_secs(10)).await;
        assert_eq!(
            relies(&expected, &[1, 2], &[2]),
            Some(Duration::from_secs(20)),
            "the one that is left is the closed one"
        );
        advance(Duration::from_secs(20)).await;
        assert_eq!(relies(&expected, &[1, 2], &[2]), None, "somebody else opened it");
    }

    #[tokio::test(start_paused = true)]
    async fn a_rule_that_was_opened_again_may_be_relied_on() {
        let expected = Expected::default();
        let key = Key::Rules(worker_group());
        expected.closing(&key, &AwsChange::RevokeSecurityGroupIngress(request(&[1, 2])));
        expected.opened(&key, &AwsChange::AuthorizeSecurityGroupIngress(request(&[1])));
        assert_eq!(relies(&expected, &[1], &[]), None);
        assert_eq!(relies(&expected, &[1, 2], &[]), Some(SEEN_WITHIN));
    }
}
