//! R2: every workload once without a fault, then again with every single fault at every call of that run.

use std::collections::BTreeMap;
use std::time::Instant;

use clap::Args;

use super::{Failure, conclude};
use crate::call::System;
use crate::episode::{ONE_RESYNC, Report, Script, play};
use crate::fault::{Fault, Faults};
use crate::parallel;
use crate::trace::Outcome;
use crate::workload::{self, Workload};

/// How often the AWS SDK tries a call.
const ATTEMPTS: u64 = 3;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only the workloads whose names contain this.
    #[arg(long, default_value = "")]
    only: String,
    /// At most so many episodes of a workload, spread evenly over its calls and the faults.
    #[arg(long, default_value_t = usize::MAX)]
    at_most: usize,
}

/// Plays it; gives whether everything held.
pub(crate) fn run(options: &Options, jobs: usize) -> bool {
    let since = Instant::now();
    let (workloads, references) = references(&options.only, jobs);
    let failed = workloads.iter().zip(&references).filter(|(_, reference)| !reference.violations.is_empty());
    let mut failures = failed
        .map(|(workload, reference)| Failure::of(workload.name.clone(), reference, Vec::new()))
        .collect::<Vec<_>>();
    let scripts = scripts(&workloads, &references, options.at_most);
    let reports = parallel::map(&scripts, jobs, |(replay, script, reference)| {
        let report = play(script);
        let different = compare(&report, reference);
        let failed = !report.violations.is_empty() || !different.is_empty();
        (report.injected, failed.then(|| Failure::of(replay.clone(), &report, different)))
    });
    let faults = reports.iter().map(|(injected, _)| injected).sum();
    let episodes = workloads.len() + reports.len();
    failures.extend(reports.into_iter().filter_map(|(_, failure)| failure));
    conclude("R2 sweep", episodes, faults, &failures, since)
}

/// The workloads whose names contain this, each played once without faults.
pub(crate) fn references(only: &str, jobs: usize) -> (Vec<Workload>, Vec<Report>) {
    let workloads = workload::all().into_iter().filter(|workload| workload.name.contains(only)).collect::<Vec<_>>();
    let references = parallel::map(&workloads, jobs, |workload| play(&Script::without_faults(workload)));
    (workloads, references)
}

/// The episodes of the sweep, at most so many of a workload: how each is played again, its script, and what it is compared
/// with.
pub(crate) fn scripts<'r>(
    workloads: &[Workload],
    references: &'r [Report],
    at_most: usize,
) -> Vec<(String, Script, &'r Report)> {
    let sound = workloads.iter().zip(references).filter(|(_, reference)| reference.violations.is_empty());
    let broken = sound.flat_map(|(workload, reference)| {
        let all = broken(workload, reference);
        let stride = stride(all.len(), at_most);
        all.into_iter().step_by(stride).map(move |(replay, script)| (replay, script, reference))
    });
    broken.collect()
}

/// Every how manieth of so many is played: no multiple of the faults that a read or a write has, so that each of them comes
/// by.
fn stride(all: usize, at_most: usize) -> usize {
    let least = all.div_ceil(at_most.max(1)).max(1);
    if least == 1 {
        1
    } else {
        (least..).find(|stride| [2, 3, 5, 13].iter().all(|of| stride % of != 0)).unwrap_or(least)
    }
}

/// The workload with every single fault at every call of the reference.
fn broken(workload: &Workload, reference: &Report) -> Vec<(String, Script)> {
    let mut scripts = Vec::new();
    for line in reference.trace.lines() {
        let (Some(number), Some(call)) = (line.number, &line.call) else { continue };
        // Nothing depends on them: they have a place of their own in the swarm.
        if number >= reference.calls || call.is_aside() {
            continue;
        }
        for fault in Fault::SWEPT {
            for attempts in attempts(fault, call.system) {
                if !fault.is_possible(call) {
                    continue;
                }
                let faults = Faults::single(number, fault, attempts);
                let replay = format!("{} --at {number} --fault {fault} --attempts {attempts}", workload.name);
                scripts.push((replay, Script { faults, quiet: ONE_RESYNC, ..Script::without_faults(workload) }));
            }
        }
    }
    scripts
}

/// The SDK repeats what may help: the program sees it only when all attempts go wrong.
fn attempts(fault: Fault, system: System) -> Vec<u64> {
    let repeated = matches!(fault, Fault::RequestLost | Fault::ResponseLost | Fault::Throttled | Fault::ServerError);
    if system == System::Aws && repeated { vec![1, ATTEMPTS] } else { vec![1] }
}

/// What is otherwise than without faults: the end, and how often each thing was created or deleted.
pub(crate) fn compare(report: &Report, reference: &Report) -> Vec<String> {
    let mut found = report.end.differences(&reference.end);
    let (ours, theirs) = (counts(report), counts(reference));
    for (operation, count) in ours {
        let expected = theirs.get(&operation).copied().unwrap_or_default();
        // A lost answer is asked for again.
        if count > expected + report.injected {
            found.push(format!("{operation} was called {count} times, without faults {expected} times"));
        }
    }
    found
}

/// How often each operation that creates or deletes succeeded.
fn counts(report: &Report) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for line in report.trace.lines() {
        let Some(call) = line.call.as_ref().filter(|call| call.writes && !call.is_aside()) else { continue };
        let counted = ["create", "delete", "Create", "Delete"].iter().any(|verb| call.operation.contains(verb));
        if counted && matches!(&line.outcome, Outcome::Answered(answer) if answer == "ok") {
            *counts.entry(call.operation.clone()).or_default() += 1;
        }
    }
    counts
}
