//! R4: what the program sees of the cluster is late, broken off, told twice, or from before.

use std::time::{Duration, Instant};

use clap::Args;

use super::{Failure, conclude};
use crate::episode::{ONE_RESYNC, Script, play};
use crate::parallel;
use crate::workload::{self, Event, Workload};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only the workloads whose names contain this.
    #[arg(long, default_value = "")]
    only: String,
    /// Only every n-th episode, for a quick look.
    #[arg(long, default_value_t = 1)]
    every: usize,
}

/// What happens to the views, and how long before and after an event of the workload it begins and ends.
type Disturbance = (&'static str, Event, i64, Event, i64);

/// How far from an event a disturbance begins or ends, in milliseconds: before the program sees it, while it acts on it,
/// and after it is done.
const NEAR: [i64; 5] = [-500, 50, 150, 1_500, 25_000];

/// Plays it; gives whether everything held.
pub(crate) fn run(options: &Options, jobs: usize) -> bool {
    let since = Instant::now();
    let scripts = scripts().into_iter().filter(|(name, _)| name.contains(&options.only));
    let scripts = scripts.step_by(options.every.max(1)).collect::<Vec<_>>();
    let failures = parallel::map(&scripts, jobs, |(name, script)| {
        let report = play(script);
        (!report.violations.is_empty()).then(|| Failure::of(format!("--stale '{name}'"), &report, Vec::new()))
    });
    let failures = failures.into_iter().flatten().collect::<Vec<_>>();
    conclude("R4 stale views", scripts.len(), 0, &failures, since)
}

/// Every workload with every disturbance around every event.
pub(crate) fn scripts() -> Vec<(String, Script)> {
    let mut scripts = Vec::new();
    for workload in workload::all() {
        for (index, (at, event)) in workload.events.iter().enumerate() {
            // Nothing is done about a Service that nobody sends requests to yet.
            if matches!(event, Event::Backend(..)) && *at < Duration::from_secs(2) {
                continue;
            }
            for disturbance in disturbances() {
                let name = format!("{} {index} {} {}", workload.name, disturbance.0, disturbance.2);
                let workload = disturbed(&workload, *at, &disturbance);
                scripts.push((name, Script { quiet: ONE_RESYNC, ..Script::without_faults(&workload) }));
            }
        }
    }
    scripts
}

fn disturbances() -> Vec<Disturbance> {
    let mut all = Vec::new();
    for near in NEAR {
        all.push(("break", Event::WatchesBreak, near, Event::WatchesResume, near));
        all.push(("forgotten", Event::HistoryForgotten, near, Event::WatchesBreak, near + 10));
        all.push(("pause", Event::WatchesPause, near, Event::WatchesResume, near + 20_000));
        all.push(("pause-and-list", Event::WatchesPause, near, Event::WatchesRelist, near + 20_000));
        all.push(("late", Event::ViewsLag(10), near, Event::ViewsLag(0), near + 30_000));
        all.push(("late-and-broken", Event::ViewsBreakLate(10), near, Event::ViewsLag(0), near + 30_000));
        all.push(("twice", Event::EventsAgain(10), near, Event::EventsAgain(3), near + 1_000));
    }
    all
}

fn disturbed(workload: &Workload, around: Duration, disturbance: &Disturbance) -> Workload {
    let (_, begin, before, end, after) = disturbance;
    let at = |offset: i64| {
        let near = Duration::from_millis(offset.unsigned_abs());
        if offset < 0 { around.saturating_sub(near) } else { around + near }
    };
    let mut events = workload.events.clone();
    events.extend([(at(*before), begin.clone()), (at(*after), end.clone())]);
    // Stable: what was first stays first.
    events.sort_by_key(|(at, _)| *at);
    Workload { name: workload.name.clone(), events }
}
