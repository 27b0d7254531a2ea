//! The one way out of the program: every call to AWS and to the API server goes through here, is counted, may go wrong, and
//! is judged when it is over.

use std::future::{Future, pending};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::call::{Call, System};
use crate::fault::{Fault, Faults};
use crate::trace::{Line, Outcome, Trace};

/// How long a call hangs: longer than anybody waits.
pub(crate) const HANG: Duration = Duration::from_secs(60);

/// What comes back from a call, and what comes back in its place.
pub(crate) trait Answer: Sized {
    /// Nothing arrives.
    fn lost() -> Self;
    /// The server refuses for the number of calls.
    fn throttled(call: &Call) -> Self;
    /// The server fails.
    fn server_error(call: &Call) -> Self;
    /// Somebody else wrote in between.
    fn conflict(call: &Call) -> Self;
    /// Somebody with a say in it refuses.
    fn rejected(call: &Call) -> Self;
    /// What is asked for is forgotten.
    fn too_old(call: &Call) -> Self;
    /// The caller may not do that.
    fn denied(call: &Call) -> Self;
    /// Nobody knows the caller any more.
    fn expired(call: &Call) -> Self;
    /// The answer, broken off in the middle.
    fn malformed(self) -> Self;
    /// What it says, in a word or two, for the trace: `200`, `409 Conflict`.
    fn outcome(&self) -> String;
}

/// Which run of the program in an episode calls: after a crash another one begins, and the calls of the dead end nowhere.
pub(crate) type Life = u32;

/// The gate of one episode. Clones are the same gate.
#[derive(Clone)]
pub(crate) struct Gate {
    inner: Arc<Mutex<Inner>>,
    crashed: Arc<Notify>,
    opened: Arc<Notify>,
}

/// What the program is permitted for the time being.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Everything.
    Fine,
    /// Not this operation.
    Denied(&'static str),
    /// Nothing in AWS: its credentials have expired.
    Expired,
}

/// Who looks at the world around every call.
pub(crate) trait Witness: Send + Sync {
    /// What does not hold at this moment.
    fn look<'a>(&'a self, call: &'a Call, moment: Moment) -> BoxFuture<'a, Vec<String>>;
}

/// Before or after a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// It is about to be carried out.
    Before,
    /// It was carried out.
    After,
}

struct Inner {
    start: Instant,
    life: Life,
    calls: u64,
    faults: Faults,
    /// Whether faults happen at all by now.
    calm: bool,
    /// Whether calls have to wait.
    closed: bool,
    standing: Standing,
    random: fastrand::Rng,
    injected: u64,
    last_fault: Option<Instant>,
    trace: Trace,
    witness: Option<Arc<dyn Witness>>,
    violations: Vec<String>,
}

impl Gate {
    /// A gate; its clock begins now.
    pub(crate) fn new(faults: Faults, seed: u64) -> Self {
        let inner = Inner {
            start: Instant::now(),
            life: 0,
            calls: 0,
            faults,
            calm: false,
            closed: false,
            standing: Standing::Fine,
            random: fastrand::Rng::with_seed(seed),
            injected: 0,
            last_fault: None,
            trace: Trace::default(),
            witness: None,
            violations: Vec::new(),
        };
        Self { inner: Arc::new(Mutex::new(inner)), crashed: Arc::default(), opened: Arc::default() }
    }

    /// Who looks at the world around every call.
    pub(crate) fn set_witness(&self, witness: Arc<dyn Witness>) {
        self.lock().witness = Some(witness);
    }

    /// Begins another life of the program.
    pub(crate) fn begin_life(&self) -> Life {
        let mut inner = self.lock();
        inner.life += 1;
        inner.life
    }

    /// Waits until the program has to die.
    pub(crate) async fn crashed(&self) {
        self.crashed.notified().await;
    }

    /// Lets no call through until [`Self::open`].
    pub(crate) fn close(&self) {
        self.lock().closed = true;
    }

    /// Lets the calls through again, in the order in which they came.
    pub(crate) fn open(&self) {
        self.lock().closed = false;
        self.opened.notify_waiters();
    }

    /// What is permitted from now on.
    pub(crate) fn stand(&self, standing: Standing) {
        self.lock().standing = standing;
    }

    /// No more faults from now on.
    pub(crate) fn calm_down(&self) {
        self.lock().calm = true;
    }

    /// Notes what the world did, or what was found, in the trace.
    pub(crate) fn note(&self, what: impl Into<String>) {
        let mut inner = self.lock();
        let line = Line { at: inner.start.elapsed(), number: None, call: None, outcome: Outcome::Told(what.into()) };
        inner.trace.push(line);
    }

    /// Something must not be as it is.
    pub(crate) fn violated(&self, what: impl Into<String>) {
        let what = what.into();
        self.note(format!("VIOLATED: {what}"));
        self.lock().violations.push(what);
    }

    /// What must not have been.
    pub(crate) fn violations(&self) -> Vec<String> {
        self.lock().violations.clone()
    }

    /// The time since the episode began.
    pub(crate) fn elapsed(&self) -> Duration {
        self.lock().start.elapsed()
    }

    /// How many calls went wrong.
    pub(crate) fn injected(&self) -> u64 {
        self.lock().injected
    }

    /// How long ago the last fault was over; `None`: there was none.
    pub(crate) fn since_last_fault(&self) -> Option<Duration> {
        self.lock().last_fault.map(|at| at.elapsed())
    }

    /// The writes from this number on: events for people and looks for others are none.
    pub(crate) fn writes_after(&self, number: u64) -> Vec<Line> {
        let inner = self.lock();
        let lines = inner.trace.lines().iter().filter(|line| line.number.is_some_and(|found| found >= number));
        let writes = lines.filter(|line| line.call.as_ref().is_some_and(|call| call.writes && !call.is_aside()));
        writes.cloned().collect()
    }

    /// How many calls there were.
    pub(crate) fn calls(&self) -> u64 {
        self.lock().calls
    }

    /// Everything that happened so far.
    pub(crate) fn trace(&self) -> Trace {
        self.lock().trace.clone()
    }

    /// Carries a call through: `perform` is what carries it out, `stale` the same as things were before.
    pub(crate) async fn pass<A: Answer>(
        &self,
        life: Life,
        call: Call,
        perform: impl Future<Output = A>,
        stale: impl Future<Output = A>,
    ) -> A {
        while self.lock().closed {
            self.opened.notified().await;
        }
        let Some((number, fault)) = self.admit(life, &call) else { return pending().await };
        let answer = match fault {
            Some(Fault::CrashBefore) => return self.crash(number, &call, Fault::CrashBefore).await,
            Some(Fault::RequestLost) => A::lost(),
            Some(Fault::Throttled) => A::throttled(&call),
            Some(Fault::ServerError) => A::server_error(&call),
            Some(Fault::Conflict) => A::conflict(&call),
            Some(Fault::Rejected | Fault::StatusRefused) => A::rejected(&call),
            Some(Fault::TooOld) => A::too_old(&call),
            Some(Fault::Denied) => A::denied(&call),
            Some(Fault::Expired) => A::expired(&call),
            Some(Fault::Stale) => stale.await,
            None | Some(Fault::CrashAfter | Fault::ResponseLost | Fault::Hang | Fault::Malformed) => {
                self.look(&call, Moment::Before).await;
                let answer = perform.await;
                self.look(&call, Moment::After).await;
                match fault {
                    Some(Fault::CrashAfter) => return self.crash(number, &call, Fault::CrashAfter).await,
                    Some(Fault::ResponseLost) => A::lost(),
                    Some(Fault::Malformed) => answer.malformed(),
                    Some(Fault::Hang) => {
                        self.tell(number, &call, fault, "no answer for a minute");
                        tokio::time::sleep(HANG).await;
                        A::lost()
                    }
                    _ => answer,
                }
            }
        };
        self.tell(number, &call, fault, &answer.outcome());
        if self.lock().life == life { answer } else { pending().await }
    }

    /// Counts a call and says what happens to it; `None`: the one who calls is dead.
    fn admit(&self, life: Life, call: &Call) -> Option<(u64, Option<Fault>)> {
        let mut inner = self.lock();
        if inner.life != life {
            return None;
        }
        let number = inner.calls;
        inner.calls += 1;
        let fault = inner.choose(number).filter(|fault| fault.is_possible(call)).or(inner.standing.fault(call));
        if let Some(fault) = fault {
            inner.injected += 1;
            let over = if fault == Fault::Hang { HANG } else { Duration::ZERO };
            inner.last_fault = Some(Instant::now() + over);
        }
        Some((number, fault))
    }

    async fn crash<A>(&self, number: u64, call: &Call, fault: Fault) -> A {
        self.tell(number, call, Some(fault), "the program dies");
        self.lock().life += 1;
        self.crashed.notify_one();
        pending().await
    }

    async fn look(&self, call: &Call, moment: Moment) {
        let Some(witness) = self.lock().witness.clone() else { return };
        for violation in witness.look(call, moment).await {
            self.violated(format!("{violation} ({} {call})", if moment == Moment::Before { "at" } else { "after" }));
        }
    }

    fn tell(&self, number: u64, call: &Call, fault: Option<Fault>, outcome: &str) {
        let mut inner = self.lock();
        let at = inner.start.elapsed();
        let outcome = match fault {
            Some(fault) => Outcome::Broken(fault, outcome.to_owned()),
            None => Outcome::Answered(outcome.to_owned()),
        };
        inner.trace.push(Line { at, number: Some(number), call: Some(call.clone()), outcome });
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no thread panics while it holds the gate")
    }
}

impl Standing {
    fn fault(self, call: &Call) -> Option<Fault> {
        match self {
            Self::Fine => None,
            Self::Denied(operation) => (call.operation == operation).then_some(Fault::Denied),
            Self::Expired => (call.system == System::Aws).then_some(Fault::Expired),
        }
    }
}

impl Inner {
    fn choose(&mut self, number: u64) -> Option<Fault> {
        if self.calm {
            return None;
        }
        match &self.faults {
            Faults::None => None,
            Faults::At(faults) => faults.get(&number).copied(),
            Faults::Swarm { rate, kinds } => {
                let hit = self.random.f64() < *rate;
                let kind = self.random.usize(..kinds.len().max(1));
                if hit { kinds.get(kind).copied() } else { None }
            }
        }
    }
}
