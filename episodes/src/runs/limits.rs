//! R6: quotas at one less than what is needed, at it, and at one more: what does not fit is told, what fits is done, and what
//! goes is let go.

use std::collections::BTreeMap;
use std::time::Instant;

use clap::Args;

use super::{Failure, conclude};
use crate::episode::{ONE_RESYNC, Script, play};
use crate::parallel;
use crate::workload;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only the quotas whose names contain this.
    #[arg(long, default_value = "")]
    only: String,
}

/// A quota, and how much of it the workload needs, others' resources counted.
const NEEDED: &[(&str, &str, i64)] = &[
    ("created", "network-load-balancers", 2),
    ("created", "target-groups", 2),
    ("two-ports", "target-groups", 3),
    ("two-ports", "listeners-per-network-load-balancer", 2),
    ("created", "targets-per-network-load-balancer", 2),
    ("created", "targets-per-target-group", 2),
    ("rolled", "targets-per-target-group", 4),
    ("port-swapped", "target-groups", 4),
    ("two-services-share-rules", "network-load-balancers", 3),
    ("two-services-share-rules", "target-groups", 3),
];

/// How often a program that cannot go on may write in an hour: once a minute.
const WRITES_PER_HOUR: usize = 60;

/// Plays it; gives whether everything held.
pub(crate) fn run(options: &Options, jobs: usize) -> bool {
    let since = Instant::now();
    let mut cases = Vec::new();
    for (name, quota, needed) in NEEDED.iter().filter(|(_, quota, _)| quota.contains(&options.only)) {
        for allowed in [needed - 1, *needed, needed + 1] {
            cases.push((*name, *quota, *needed, allowed));
        }
    }
    let failures = parallel::map(&cases, jobs, |case| judge(*case));
    let failures = failures.into_iter().flatten().collect::<Vec<_>>();
    conclude("R6 limits", cases.len(), 0, &failures, since)
}

fn judge((name, quota, needed, allowed): (&str, &str, i64, i64)) -> Option<Failure> {
    let workload = workload::all().into_iter().find(|workload| workload.name == name)?;
    let quotas = BTreeMap::from([(quota.to_owned(), allowed)]);
    let script = Script { quotas, quiet: ONE_RESYNC, ..Script::without_faults(&workload) };
    let report = play(&script);
    let fits = allowed >= needed;
    // What does not fit cannot be as asked for; everything else holds all the same.
    let is_lack =
        |violation: &String| violation.starts_with("L1") || violation.starts_with("L5") || violation.starts_with("L2");
    let mut found =
        report.violations.iter().filter(|violation| fits || !is_lack(violation)).cloned().collect::<Vec<_>>();
    if !fits && report.violations.is_empty() {
        found.push(format!("with {quota} {allowed} everything fits, though {needed} are needed"));
    }
    let retries = report.violations.iter().filter(|violation| violation.starts_with("L2")).count();
    if retries > WRITES_PER_HOUR {
        found.push(format!("{retries} writes within eleven minutes in which nothing could come of them"));
    }
    (!found.is_empty()).then(|| Failure {
        replay: format!("{name} --quota {quota}={allowed}"),
        violations: found,
        story: report.trace.story(),
    })
}
