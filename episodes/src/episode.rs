//! One episode: a workload, the faults in it, and what came of both.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::agreement;
use crate::end_state::EndState;
use crate::fault::Faults;
use crate::gate::Gate;
use crate::latency::{Latencies, Latency};
use crate::law;
use crate::promptness::Before;
use crate::stage::{AWS_DELAYS, Program, Stage};
use crate::trace::Trace;
use crate::workload::{Event, Workload};

/// How long after the last fault the world may take to be as it was asked for, AWS's own delays apart (L1).
const AGREEMENT: Duration = Duration::from_secs(60);
/// How long after that nothing may be written (L2).
pub(crate) const HOUR: Duration = Duration::from_secs(3600);
/// The same for the many episodes that differ in one fault only: long enough for every key to be looked at once more.
pub(crate) const ONE_RESYNC: Duration = Duration::from_secs(660);
/// How long what somebody else changed may stay, when nothing hints at it (L8).
const DRIFT: Duration = Duration::from_secs(600);
/// How long it takes until a dead program is started again.
pub(crate) const RESTART: Duration = Duration::from_secs(2);
/// The shortest time that passes between two looks.
const TICK: Duration = Duration::from_millis(1);
/// How long the program may take to end (SIGTERM).
const END: Duration = Duration::from_secs(5);

/// What is played.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    /// What happens.
    pub(crate) workload: Workload,
    /// What goes wrong.
    pub(crate) faults: Faults,
    /// What chance is drawn from.
    pub(crate) seed: u64,
    /// The account's quotas that are not AWS's defaults, by the names of `DescribeAccountLimits`.
    pub(crate) quotas: BTreeMap<String, u64>,
    /// For how long nothing may be written at the end.
    pub(crate) quiet: Duration,
}

impl Script {
    /// Whether nothing but what is asked for happens: no call goes wrong, no view is late, and nobody else is at work.
    fn is_undisturbed(&self) -> bool {
        let is_asked_for = |event: &Event| {
            use Event::{
                Annotate, Backend, Class, Create, Delete, DeleteIngress, Ingress, NodeJoins, NodeLeaves, Pods, Ports,
                Type,
            };
            matches!(
                event,
                Create { .. }
                    | Backend(..)
                    | Ingress(..)
                    | DeleteIngress(_)
                    | Class(_)
                    | Ports(..)
                    | Annotate(..)
                    | Type(..)
                    | Delete(_)
                    | Pods(..)
                    | NodeJoins(_)
                    | NodeLeaves(_)
            )
        };
        matches!(self.faults, Faults::None) && self.workload.events.iter().all(|(_, event)| is_asked_for(event))
    }

    /// The workload as it goes when nothing goes wrong.
    pub(crate) fn without_faults(workload: &Workload) -> Self {
        Self { workload: workload.clone(), faults: Faults::None, seed: 0, quotas: BTreeMap::new(), quiet: HOUR }
    }
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Report {
    /// All that happened.
    pub(crate) trace: Trace,
    /// The end.
    pub(crate) end: EndState,
    /// How many calls there were until the world was as asked for.
    pub(crate) calls: u64,
    /// How many of them went wrong.
    pub(crate) injected: u64,
    /// What must not have been.
    pub(crate) violations: Vec<String>,
    /// How long it took from a change of endpoints until a target was asked to be registered or deregistered.
    pub(crate) latencies: Vec<Latency>,
}

thread_local! {
    static PANICKED: Cell<bool> = const { Cell::new(false) };
}

/// Remembers panics of the program by their thread (S12); to be called once, at the start of the process.
pub(crate) fn remember_panics() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        PANICKED.set(true);
        before(info);
    }));
}

/// Plays a script, on this thread and on a clock of its own.
pub(crate) fn play(script: &Script) -> Report {
    PANICKED.set(false);
    // The SDK's and kube's jitter is drawn from the thread's generator.
    fastrand::seed(script.seed);
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.expect("a runtime without input and output needs nothing of the system");
    let mut report = runtime.block_on(act(script));
    drop(runtime);
    if PANICKED.get() {
        report.violations.push("S12: the program panicked".to_owned());
    }
    report
}

async fn act(script: &Script) -> Report {
    let gate = Gate::new(script.faults.clone(), script.seed);
    let mut stage = Stage::open(gate.clone(), &script.quotas).await;
    let mut program = stage.start();
    let begin = Instant::now();
    let is_undisturbed = script.is_undisturbed();
    let mut latencies = Latencies::default();
    for (index, (at, event)) in script.workload.events.iter().enumerate() {
        program = live_until(&stage, &gate, program, begin + *at).await;
        if !is_undisturbed {
            latencies.before(event, &stage).await;
            stage.happen(event).await;
            latencies.after(&gate, &stage);
            continue;
        }
        let next = script.workload.events.get(index + 1).map(|(next, _)| begin + *next);
        program = happen_and_judge(script, event, &mut stage, &gate, program, next).await;
    }
    // Faults that are planned by their number may still come; those of a swarm end with the events.
    if matches!(script.faults, Faults::Swarm { .. }) {
        gate.calm_down();
    }
    let patience = AWS_DELAYS + AGREEMENT + if script.workload.drifts() { DRIFT } else { Duration::ZERO };
    program = live_until(&stage, &gate, program, Instant::now() + patience).await;
    while let Some(rest) = gate.since_last_fault().and_then(|passed| patience.checked_sub(passed)) {
        program = live_until(&stage, &gate, program, Instant::now() + rest + TICK).await;
    }
    let end = EndState::of(&stage).await;
    let calls = gate.calls();
    for disagreement in agreement::disagreements(&stage).await {
        gate.violated(disagreement);
    }
    program = live_until(&stage, &gate, program, Instant::now() + script.quiet).await;
    for write in gate.writes_after(calls) {
        gate.violated(format!("L2: everything was done, and then came {write}"));
    }
    end_program(&gate, program).await;
    for request in stage.ill_formed_requests() {
        gate.violated(format!("a request that AWS's model of its service refuses: {request}"));
    }
    let latencies = latencies.measured(&script.workload, &gate);
    Report { trace: gate.trace(), end, calls, injected: gate.injected(), violations: gate.violations(), latencies }
}

/// Lets something happen where nothing goes wrong: it is done in good time, and as the plan said.
async fn happen_and_judge(
    script: &Script,
    event: &Event,
    stage: &mut Stage,
    gate: &Gate,
    mut program: Program,
    next: Option<Instant>,
) -> Program {
    let is_full = !script.quotas.is_empty();
    let at_rest = agreement::disagreements(stage).await.is_empty();
    let before = Before::of(stage).await;
    let groups = stage.declared().groups_by_member();
    let happened = Instant::now();
    // The plan looks at the very moment before the first call.
    gate.close();
    stage.happen(event).await;
    let planned =
        if at_rest && !is_full && !leaves_others(&groups, stage) { law::printed(stage).await } else { Ok(None) };
    let from = gate.calls();
    gate.open();
    if let Some(expectation) = before.expect(event, stage, is_full) {
        program = live_until(stage, gate, program, happened + expectation.within()).await;
        expectation.disappointments(stage).await.into_iter().for_each(|late| gate.violated(late));
    }
    let done_by = happened + AWS_DELAYS + AGREEMENT;
    match planned {
        Err(error) => gate.violated(format!("the law of the plan: nothing could be printed: {error}")),
        Ok(Some(printed)) if next.is_none_or(|next| next >= done_by) => {
            program = live_until(stage, gate, program, done_by).await;
            law::differences(&printed, &law::done(gate, from)).into_iter().for_each(|broken| gate.violated(broken));
        }
        Ok(_) => {}
    }
    program
}

/// Whether an Ingress is in another group now and left others behind: the plan says that what it had there goes later, and not
/// yet what that is.
fn leaves_others(before: &BTreeMap<String, String>, stage: &Stage) -> bool {
    let now = stage.declared().groups_by_member();
    let is_left = |(name, group): (&String, &String)| {
        now.get(name).is_some_and(|other| other != group) && now.values().any(|other| other == group)
    };
    before.iter().any(is_left)
}

/// Lets time pass until then; a program that dies is started again.
async fn live_until(stage: &Stage, gate: &Gate, mut program: Program, until: Instant) -> Program {
    loop {
        tokio::select! {
            biased;
            () = gate.crashed() => {
                program.running.abort();
                sleep(RESTART).await;
                gate.note("the program is started again");
                program = stage.start();
            }
            ended = &mut program.running => {
                gate.violated(format!("S12: the program ended by itself: {ended:?}"));
                program = stage.start();
            }
            () = sleep_until(until) => return program,
        }
    }
}

/// Tells the program to end, as a signal would.
async fn end_program(gate: &Gate, program: Program) {
    program.stop.tell();
    match timeout(END, program.running).await {
        Ok(Ok(Ok(()))) => {}
        Ok(ended) => gate.violated(format!("S12: the program ended with {ended:?}")),
        Err(_) => gate.violated(format!("the program did not end within {END:?}")),
    }
}
