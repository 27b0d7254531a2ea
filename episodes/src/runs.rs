//! The runs of the test programme, each a way to make scripts and to judge what came of them.

pub(crate) mod determinism;
pub(crate) mod limits;
#[cfg(feature = "planted-bugs")]
pub(crate) mod planted;
pub(crate) mod replay;
pub(crate) mod speed;
pub(crate) mod stale;
pub(crate) mod swarm;
pub(crate) mod sweep;

use std::time::Instant;

use crate::episode::Report;

/// A failed episode, as it is told.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What of `episodes replay` plays it again.
    pub(crate) replay: String,
    /// What must not have been.
    pub(crate) violations: Vec<String>,
    /// What happened.
    pub(crate) story: String,
}

impl Failure {
    /// A failed episode, and what else was found in it.
    pub(crate) fn of(replay: String, report: &Report, more: Vec<String>) -> Self {
        let violations = report.violations.iter().cloned().chain(more).collect();
        Self { replay, violations, story: report.trace.story() }
    }
}

/// How many failures are told in full.
const TOLD: usize = 3;

/// Prints what came of a run; gives whether it passed.
#[expect(clippy::print_stdout, reason = "the result is what is asked for")]
pub(crate) fn conclude(run: &str, episodes: usize, faults: u64, failures: &[Failure], since: Instant) -> bool {
    for failure in failures.iter().take(TOLD) {
        println!("\nFAILED: cargo run -p episodes -- replay {}\n{}", failure.replay, failure.story);
        for violation in &failure.violations {
            println!("  {violation}");
        }
    }
    for failure in failures.iter().skip(TOLD) {
        let first = failure.violations.first().map_or("", String::as_str);
        println!("FAILED: cargo run -p episodes -- replay {}   {first}", failure.replay);
    }
    let seconds = since.elapsed().as_secs_f64();
    println!("{run}: {episodes} episodes, {faults} faults, {} failed, {seconds:.1} s", failures.len());
    failures.is_empty()
}
