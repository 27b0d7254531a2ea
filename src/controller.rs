//! The controller: watches feed queues of keys, and workers run one pass after the other over them.

mod address;
mod apply;
mod awaited_targets;
mod binding;
mod error;
mod expected;
mod finalizers;
mod health;
mod http;
mod lingering;
mod metrics;
mod pace;
mod poll;
mod queue;
mod queues;
mod reach;
mod rules;
mod shared;
mod stack;
mod standing;
mod stop;
mod tell;
mod throttle;
mod triggers;
mod world;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use northgate_planner::id::Key;
use northgate_planner::planted::{Bug, planted};
use northgate_planner::snapshot::Settings;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tracing::{Instrument as _, error, info, info_span, warn};

use queue::{Queue, Verdict, jittered};
use world::World;

pub use error::Error;
pub use health::Probes;
pub use pace::Pace;
pub use stop::Stop;
pub use throttle::CallClass;
pub use world::{Account, States};

use crate::cluster::{Client, Clock, Cluster};
use crate::metrics::Metrics;

/// Workers per queue. Stacks wait most of the time for AWS; bindings are what a rollout waits for.
const STACK_WORKERS: usize = 8;
const BINDING_WORKERS: usize = 16;
const RULES_WORKERS: usize = 4;
const CLUSTER_WORKERS: usize = 1;

/// How long the calls in flight may take after the controller was told to stop.
const GRACE: Duration = Duration::from_secs(4);
/// The longest time until a key is looked at again.
const LONGEST_SYNC_PERIOD: Duration = Duration::from_secs(600);

/// What the controller runs with.
pub struct RunOptions<A> {
    /// The flags that change a decision.
    pub settings: Settings,
    /// The cluster, from [`crate::cluster::connect`].
    pub cluster: Client,
    /// The account.
    pub account: A,
    /// `--sync-period`: how often every key is looked at again; at most 10 minutes.
    pub sync_period: Duration,
    /// Where probes are answered; `None`: they are not.
    pub probes: Option<Probes>,
    /// `--metrics-bind-addr`; `None`: Prometheus is not answered.
    pub metrics_bind_addr: Option<SocketAddr>,
    /// What is measured, that of the account's calls included.
    pub metrics: Metrics,
    /// The name of this process in events: the pod's.
    pub instance: String,
    /// Where the calendar comes from.
    pub clock: Clock,
    /// How often AWS is looked at for what it takes its time for.
    pub pace: Pace,
}

/// Runs the controller until SIGTERM or SIGINT.
///
/// # Errors
///
/// It could not begin. Once it runs, what fails is told and tried again.
pub async fn run<A: Account>(options: RunOptions<A>) -> Result<(), Error> {
    let stop = Stop::default();
    let mut terminate = signal(SignalKind::terminate()).map_err(Error::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Error::Signals)?;
    let told = stop.clone();
    tokio::spawn(async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        info!("stopping");
        told.tell();
    });
    run_until(options, stop).await
}

/// Runs the controller until it is told to stop.
///
/// # Errors
///
/// It could not begin.
pub async fn run_until<A: Account>(options: RunOptions<A>, stop: Stop) -> Result<(), Error> {
    let RunOptions {
        settings,
        cluster,
        account,
        sync_period,
        probes,
        metrics_bind_addr,
        mut metrics,
        instance,
        clock,
        pace,
    } = options;
    let (cluster, events) = Cluster::new(cluster, settings, instance, clock);
    let sync_period = sync_period.min(LONGEST_SYNC_PERIOD);
    let world = Arc::new(World::new(cluster, account, sync_period, pace, stop.clone(), metrics.work()));

    // What runs beside the passes ends with this set, when it is dropped.
    let mut beside = JoinSet::new();
    if let Some(probes) = &probes {
        let missing = Arc::clone(&world);
        probes.ask(move || missing.missing());
    }
    if let Some(address) = metrics_bind_addr {
        metrics.tell(metrics::State(Arc::clone(&world)));
        let answer = move |path: &str| metrics::answer(path, &metrics);
        let (address, server) = http::serve(address, "--metrics-bind-addr", answer).await?;
        info!(%address, "metrics are served");
        beside.spawn(server);
    }
    info!(cluster = %world.cluster.settings().cluster_name, "started");
    beside.spawn(events);
    let watching = Arc::clone(&world);
    beside.spawn(async move { watching.cluster.watch(|changed| triggers::tell(&watching, &changed)).await });
    tokio::select! {
        biased;
        () = world.cluster.synced() => info!("the caches are synced"),
        () = std::future::ready(()), if planted(Bug::CachesNotAwaited) => {}
        () = stop.told() => return Ok(()),
        Some(Err(broken)) = beside.join_next() => return Err(Error::Broken(broken)),
    }
    let there = lingering::users(&world.cluster.snapshot(&Key::Cluster));
    world.expected.start(there.iter().filter(|key| matches!(key, Key::Stack(_))).cloned());
    world.lingering.start(there);
    let polling = Arc::clone(&world);
    beside.spawn(async move { poll::run(&polling).await });

    // It asks AWS once, whatever there is to do: readiness waits for that.
    world.queues.cluster.add(Key::Cluster);
    let mut workers = start_workers(&world);
    tokio::select! {
        biased;
        () = stop.told() => {}
        Some(Err(broken)) = beside.join_next() => return Err(Error::Broken(broken)),
    }
    world.queues.close();
    let all_done = async { while workers.join_next().await.is_some() {} };
    if tokio::time::timeout(GRACE, all_done).await.is_err() {
        warn!("a call is still under way; the next start sees what it did");
    }
    info!("stopped");
    Ok(())
}

fn start_workers<A: Account>(world: &Arc<World<A>>) -> JoinSet<()> {
    let mut workers = JoinSet::new();
    let kinds: [(usize, PickQueue<A>); 4] = [
        (STACK_WORKERS, |world| &world.queues.stacks),
        (BINDING_WORKERS, |world| &world.queues.bindings),
        (RULES_WORKERS, |world| &world.queues.rules),
        (CLUSTER_WORKERS, |world| &world.queues.cluster),
    ];
    for (count, queue) in kinds {
        for _ in 0..count {
            workers.spawn(work(Arc::clone(world), queue));
        }
    }
    workers
}

/// One of a world's queues.
type PickQueue<A> = fn(&World<A>) -> &Queue<Key>;

/// Takes keys from a queue until it is closed.
async fn work<A: Account>(world: Arc<World<A>>, queue: PickQueue<A>) {
    while let Some(key) = queue(&world).take().await {
        let span = info_span!("pass", %key);
        let pass = {
            let (world, key) = (Arc::clone(&world), key.clone());
            // In a task of its own: should a pass panic, its key is not lost and its worker goes on.
            tokio::spawn(async move { reconcile(&key, &world).await }.instrument(span.clone()))
        };
        let outcome = pass.await;
        span.in_scope(|| match outcome {
            Ok(Ok(next)) => {
                queue(&world).finish(&key, next.verdict(&key, world.sync_period));
            }
            Ok(Err(Error::Stopping)) => {
                queue(&world).finish(&key, Verdict::Forget);
            }
            Ok(Err(error)) => {
                let verdict = match error {
                    _ if planted(Bug::FailureForgotten) => Verdict::Forget,
                    Error::Throttled { .. } if planted(Bug::ThrottleForgotten) => Verdict::Forget,
                    _ => error.retry().verdict(),
                };
                let failures = queue(&world).finish(&key, verdict);
                tell::failed(&world, &key, &error, failures);
                if failures >= tell::PATIENCE && error.retry() == error::Retry::Seldom {
                    // One that nobody mends must not keep the rules of all others open.
                    world.lingering.looked_at(&key);
                }
            }
            Err(broken) => {
                error!("this is a bug, please report it: {broken}");
                queue(&world).finish(&key, error::Retry::Seldom.verdict());
            }
        });
    }
}

/// One pass over a key.
async fn reconcile<A: Account>(key: &Key, world: &World<A>) -> Result<Next, Error> {
    match key {
        Key::Stack(id) => stack::reconcile(id, world).await,
        Key::Binding(name) => binding::reconcile(name, world).await,
        Key::Rules(group) => rules::reconcile(group, world).await,
        Key::Cluster => shared::reconcile(world).await,
    }
}

/// When a key whose pass went well is looked at again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// With the resync.
    Resync,
    /// After that time, or with the resync.
    After(Duration),
    /// Only when something asks for it.
    Never,
}

impl Next {
    /// The same, but no later than that.
    fn at_most(self, longest: Option<Duration>) -> Self {
        match (self, longest) {
            (Self::Resync | Self::Never, Some(longest)) => Self::After(longest),
            (Self::After(time), Some(longest)) => Self::After(time.min(longest)),
            (next, None) => next,
        }
    }

    /// Many keys that were looked at together do not come back together.
    fn verdict(self, key: &Key, sync_period: Duration) -> Verdict {
        let resync = jittered(key, sync_period);
        match self {
            Self::Resync => Verdict::Again(resync),
            Self::After(time) => Verdict::Again(time.min(resync)),
            Self::Never => Verdict::Forget,
        }
    }
}

#[cfg(test)]
mod tests {
    use northgate_planner::id::{ObjectName, StackId};

    use super::*;

    #[test]
    fn every_key_comes_again_within_the_sync_period_and_not_all_at_once() {
        let period = Duration::from_secs(600);
        let times: std::collections::BTreeSet<Duration> = (0..50)
            .map(|n| {
                let key = Key::Stack(StackId::Service(ObjectName::new("default", format!("web-{n}"))));
                match Next::Resync.verdict(&key, period) {
                    Verdict::Again(time) => time,
                    other => panic!("{other:?}"),
                }
            })
            .collect();
        assert!(times.len() > 40, "{times:?}");
        assert!(times.iter().all(|time| (period / 2..=period).contains(time)));
    }

    #[test]
    fn the_earlier_of_two_times_counts() {
        let (long, short) = (Duration::from_secs(60), Duration::from_secs(5));
        assert_eq!(Next::Resync.at_most(Some(short)), Next::After(short));
        assert_eq!(Next::After(long).at_most(Some(short)), Next::After(short));
        assert_eq!(Next::After(short).at_most(Some(long)), Next::After(short));
        assert_eq!(Next::After(long).at_most(None), Next::After(long));
    }
}
