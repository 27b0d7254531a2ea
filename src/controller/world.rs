//! What all passes share: the cluster, the account, and what must be known beyond one pass.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use northgate_planner::actual::{Actual, LoadBalancerState, Scope};
use northgate_planner::facts::{Facts, Needs};
use northgate_planner::id::{Key, LoadBalancerArn, ObjectName, ObjectRef, SecurityGroupId};
use northgate_planner::model::IngressRule;
use northgate_planner::plan::{Action, AwsChange, Resolved};
use tokio::sync::OwnedMutexGuard;

use super::awaited_targets::AwaitedTargets;
use super::error::Error;
use super::expected::Expected;
use super::lingering::Lingering;
use super::pace::Pace;
use super::poll::Poll;
use super::queues::Queues;
use super::reach::Reach;
use super::standing::Standings;
use super::stop::Stop;
use super::throttle::{CallClass, Throttle};
use super::triggers::{CLOSING, OwnWrites};
use crate::aws::{self, AwsError, Class, Performed};
use crate::cluster::Cluster;
use crate::error_chain::one_line;
use crate::metrics::Work;

/// How long a worker security group that was just heard of waits for its rules to be looked at: the other bindings of
/// the same moment are looked at meanwhile, and open what they need themselves.
const NEW_GROUP: Duration = Duration::from_secs(10);

/// What the controller needs of an account.
pub trait Account: aws::Read + aws::Write + Send + Sync + 'static {
    /// State and host name of load balancers, without those that are gone.
    ///
    /// # Errors
    ///
    /// What AWS says.
    fn states(&self, arns: &[LoadBalancerArn]) -> impl Future<Output = Result<States, AwsError>> + Send;

    /// Drops what is known of subnets, zones, route tables and the VPC.
    fn forget_network(&self);

    /// Drops what is known of the rules of workers' security groups.
    fn forget_worker_rules(&self);
}

/// State and host name of load balancers.
pub type States = BTreeMap<LoadBalancerArn, (LoadBalancerState, String)>;

impl Account for aws::Account {
    async fn states(&self, arns: &[LoadBalancerArn]) -> Result<States, AwsError> {
        aws::Account::states(self, arns).await
    }

    fn forget_network(&self) {
        aws::Account::forget_network(self);
    }

    fn forget_worker_rules(&self) {
        aws::Account::forget_worker_rules(self);
    }
}

/// What all passes share.
pub(crate) struct World<A> {
    /// The Kubernetes side.
    pub(crate) cluster: Cluster,
    /// The keys to work on.
    pub(crate) queues: Queues,
    /// The load balancers that are waited for.
    pub(crate) poll: Poll,
    /// The bindings that we wrote ourselves.
    pub(crate) own_writes: OwnWrites,
    /// What has to be there.
    pub(crate) expected: Expected,
    /// The keys that may use rules that no binding asks for.
    pub(crate) lingering: Lingering,
    /// The bindings whose targets stacks wait for.
    pub(crate) awaited_targets: AwaitedTargets,
    /// How often every key is looked at again.
    pub(crate) sync_period: Duration,
    /// How often AWS is looked at for what it takes its time for.
    pub(crate) pace: Pace,
    /// Whether the controller is told to stop.
    pub(crate) stop: Stop,
    /// Where passes are timed.
    pub(crate) work: Work,
    /// How far stacks are.
    pub(crate) standings: Standings,
    /// Whether AWS answers.
    pub(crate) reach: Reach,
    account: A,
    throttle: Throttle,
    turns: Turns,
    worker_groups: Mutex<BTreeSet<SecurityGroupId>>,
    looks: Mutex<BTreeMap<ObjectName, u32>>,
    needed_rules: Mutex<BTreeMap<ObjectName, Option<BTreeSet<IngressRule>>>>,
    skipped: Mutex<BTreeMap<ObjectRef, String>>,
}

impl<A: Account> World<A> {
    /// A world in which nothing has happened yet.
    pub(crate) fn new(cluster: Cluster, account: A, sync_period: Duration, pace: Pace, stop: Stop, work: Work) -> Self {
        Self {
            cluster,
            queues: Queues::timed(&work),
            poll: Poll::default(),
            own_writes: OwnWrites::default(),
            expected: Expected::default(),
            lingering: Lingering::default(),
            awaited_targets: AwaitedTargets::default(),
            sync_period,
            pace,
            stop,
            work,
            standings: Standings::default(),
            reach: Reach::default(),
            account,
            throttle: Throttle::default(),
            turns: Turns::default(),
            worker_groups: Mutex::default(),
            looks: Mutex::default(),
            needed_rules: Mutex::default(),
            skipped: Mutex::default(),
        }
    }

    /// What there is of a scope.
    ///
    /// # Errors
    ///
    /// [`Error::Read`], or [`Error::Throttled`].
    pub(crate) async fn observe(&self, scope: &Scope) -> Result<Actual, Error> {
        self.admit(CallClass::Reads)?;
        self.heard(self.account.observe(scope).await, *scope != Scope::Nothing)
    }

    /// The facts that a decision asks for.
    ///
    /// # Errors
    ///
    /// [`Error::Read`], or [`Error::Throttled`].
    pub(crate) async fn lookup(&self, needs: &Needs) -> Result<Facts, Error> {
        self.admit(CallClass::Reads)?;
        self.heard(self.account.lookup(needs).await, *needs != Needs::default())
    }

    /// State and host name of load balancers.
    ///
    /// # Errors
    ///
    /// [`Error::Read`], or [`Error::Throttled`].
    pub(crate) async fn states(&self, arns: &[LoadBalancerArn]) -> Result<States, Error> {
        self.admit(CallClass::Reads)?;
        self.heard(self.account.states(arns).await, true)
    }

    /// Makes one change in AWS; `resource` names what is changed.
    ///
    /// # Errors
    ///
    /// [`Error::Write`], or [`Error::Throttled`].
    pub(crate) async fn perform(
        &self,
        change: &Resolved<AwsChange>,
        resource: impl FnOnce() -> String,
    ) -> Result<Performed, Error> {
        self.throttle.count(CallClass::of(change));
        self.perform_counted(change, resource).await
    }

    /// Makes one of many changes at its turn, so that all of them together stay within what AWS allows.
    ///
    /// # Errors
    ///
    /// As [`Self::perform`].
    pub(crate) async fn perform_at_its_turn(
        &self,
        change: &Resolved<AwsChange>,
        resource: impl FnOnce() -> String,
    ) -> Result<Performed, Error> {
        tokio::time::sleep(self.throttle.count(CallClass::of(change))).await;
        self.perform_counted(change, resource).await
    }

    async fn perform_counted(
        &self,
        change: &Resolved<AwsChange>,
        resource: impl FnOnce() -> String,
    ) -> Result<Performed, Error> {
        let class = CallClass::of(change);
        self.admit(class)?;
        match self.account.perform(change).await {
            Ok(performed) => {
                self.throttle.passed(class);
                Ok(performed)
            }
            Err(error) if error.class() == Class::Throttle => Err(self.throttled(class, &error)),
            Err(source) if source.class() == Class::Conflict && change.action() == Action::Delete => {
                Err(Error::InUse { resource: resource(), source: Box::new(source) })
            }
            Err(source) => Err(Error::Write { resource: resource(), source: Box::new(source) }),
        }
    }

    /// Drops what is known of the network, for an object that was refused because of it: whoever mends it will not want
    /// to wait for the next reading.
    pub(crate) fn forget_network(&self) {
        self.account.forget_network();
    }

    /// Drops what is known of workers' rules: a pass of their own looks for what was changed by hand, and must not find
    /// its own memory.
    pub(crate) fn forget_worker_rules(&self) {
        self.account.forget_worker_rules();
    }

    /// Waits until no other pass works on a key that two ways lead to, and keeps others off until the guard is dropped.
    pub(crate) async fn turn(&self, key: &Key) -> OwnedMutexGuard<()> {
        self.turns.of(key).lock_owned().await
    }

    /// Notes the security groups that guard targets: their rules are ours to keep from now on.
    pub(crate) fn learn(&self, groups: BTreeSet<SecurityGroupId>) {
        let mut known = lock(&self.worker_groups);
        for group in groups {
            if known.insert(group.clone()) {
                self.queues.rules.add_after(Key::Rules(group), NEW_GROUP);
            }
        }
    }

    /// The security groups that are known to guard targets.
    pub(crate) fn worker_groups(&self) -> BTreeSet<SecurityGroupId> {
        lock(&self.worker_groups).clone()
    }

    /// Has the rules of every worker security group looked at soon: they may be wider than needed.
    pub(crate) fn close_rules(&self) {
        for group in self.worker_groups() {
            self.queues.rules.add_after(Key::Rules(group), CLOSING);
        }
    }

    /// Notes that a key uses no rules that no binding asks for: what it held up may be closed.
    pub(crate) fn lingers_no_more(&self, key: &Key) {
        if self.lingering.ends(key) {
            self.close_rules();
        }
    }

    /// Notes the rules that the targets of a binding need; `None`: nobody knows. What it needed before and needs no more is
    /// closed, if no other needs it.
    pub(crate) fn needs_rules(&self, binding: &ObjectName, rules: Option<BTreeSet<IngressRule>>) {
        let mut needed = lock(&self.needed_rules);
        let is_less = match (needed.get(binding), &rules) {
            (Some(Some(before)), Some(rules)) => !before.is_subset(rules),
            (Some(None), Some(_)) => true,
            (_, None) | (None, _) => false,
        };
        needed.insert(binding.clone(), rules);
        if is_less {
            self.close_rules();
        }
    }

    /// Counts the looks at a binding whose targets are not all ready; `None` starts over.
    pub(crate) fn look(&self, binding: &ObjectName, again: bool) -> u32 {
        let mut looks = lock(&self.looks);
        if again {
            let count = looks.entry(binding.clone()).or_default();
            *count = count.saturating_add(1);
            *count
        } else {
            looks.remove(binding);
            0
        }
    }

    /// Has targets that are waited for looked at soon again, as if they were new: something that they depend on has changed.
    pub(crate) fn look_anew(&self, binding: &ObjectName) {
        if lock(&self.looks).remove(binding).is_some() {
            self.queues.bindings.add_after(Key::Binding(binding.clone()), self.pace.targets);
        }
    }

    /// Whether it was not said before why an object is skipped.
    pub(crate) fn is_news(&self, object: &ObjectRef, reason: &str) -> bool {
        lock(&self.skipped).insert(object.clone(), reason.to_owned()).as_deref() != Some(reason)
    }

    /// Drops what was remembered of a Service or an Ingress that is gone.
    pub(crate) fn forget(&self, gone: &ObjectRef) {
        lock(&self.skipped).remove(gone);
        self.standings.is_served(gone);
    }

    /// Drops what was remembered of a binding that is gone.
    pub(crate) fn forget_binding(&self, gone: &ObjectName) {
        lock(&self.looks).remove(gone);
        self.awaited_targets.forget(gone);
        self.lingers_no_more(&Key::Binding(gone.clone()));
        lock(&self.needed_rules).remove(gone);
    }

    /// What keeps the controller from working, a line each; empty when it works.
    pub(crate) fn missing(&self) -> Vec<String> {
        let mut missing = self.cluster.missing();
        missing.extend(self.reach.missing());
        missing
    }

    fn admit(&self, class: CallClass) -> Result<(), Error> {
        self.throttle.admit(class).map_err(|again| Error::Throttled { class, again })
    }

    fn heard<T>(&self, answer: Result<T, AwsError>, asked: bool) -> Result<T, Error> {
        match answer {
            Ok(answer) => {
                if asked {
                    self.throttle.passed(CallClass::Reads);
                    self.reach.answered();
                }
                Ok(answer)
            }
            Err(error) => {
                self.reach.failed(&error);
                Err(if error.class() == Class::Throttle {
                    self.throttled(CallClass::Reads, &error)
                } else {
                    Error::Read(Box::new(error))
                })
            }
        }
    }

    fn throttled(&self, class: CallClass, error: &AwsError) -> Error {
        let again = self.throttle.struck(class);
        tracing::warn!(error = one_line(error), "AWS throttles {class}; they are held back");
        Error::Throttled { class, again }
    }
}

/// One pass at a time over keys that their own queue and other passes both lead to.
#[derive(Debug, Default)]
struct Turns(Mutex<BTreeMap<Key, Arc<tokio::sync::Mutex<()>>>>);

impl Turns {
    fn of(&self, key: &Key) -> Arc<tokio::sync::Mutex<()>> {
        Arc::clone(lock(&self.0).entry(key.clone()).or_default())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no thread panics while it holds what passes share")
}
