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

/// A quota and a workload that needs some of it.
#[derive(Debug, Clone, Copy)]
struct Case {
    workload: &'static str,
    quota: &'static str,
    /// How much the workload needs at most, others' resources counted.
    needed: u64,
    /// Whether it still needs that much at its end.
    to_the_end: bool,
}

const CASES: &[Case] = &[
    Case { workload: "created", quota: "network-load-balancers", needed: 2, to_the_end: true },
    Case { workload: "created", quota: "target-groups", needed: 2, to_the_end: true },
    Case { workload: "two-ports", quota: "target-groups", needed: 3, to_the_end: true },
    Case { workload: "two-ports", quota: "listeners-per-network-load-balancer", needed: 2, to_the_end: true },
    Case { workload: "created", quota: "targets-per-network-load-balancer", needed: 2, to_the_end: true },
    Case { workload: "created", quota: "targets-per-target-group", needed: 2, to_the_end: true },
    Case {
        workload: "created",
        quota: "targets-per-availability-zone-per-network-load-balancer",
        needed: 1,
        to_the_end: true,
    },
    Case { workload: "created", quota: "security-groups-per-region", needed: 4, to_the_end: true },
    Case { workload: "two-ports", quota: "rules-per-security-group", needed: 2, to_the_end: true },
    Case { workload: "pods-come-and-go", quota: "targets-per-target-group", needed: 3, to_the_end: false },
    Case { workload: "pods-come-and-go", quota: "targets-per-network-load-balancer", needed: 3, to_the_end: false },
    Case { workload: "rolled", quota: "targets-per-target-group", needed: 2, to_the_end: true },
    Case { workload: "port-swapped", quota: "target-groups", needed: 4, to_the_end: true },
    Case { workload: "two-services-share-rules", quota: "network-load-balancers", needed: 3, to_the_end: false },
    Case { workload: "two-services-share-rules", quota: "target-groups", needed: 3, to_the_end: false },
    Case { workload: "ingress-created", quota: "application-load-balancers", needed: 1, to_the_end: true },
    Case { workload: "ingress-created", quota: "target-groups", needed: 3, to_the_end: true },
    Case { workload: "ingress-created", quota: "rules-per-application-load-balancer", needed: 2, to_the_end: true },
    Case {
        workload: "ingress-secured",
        quota: "listeners-per-application-load-balancer",
        needed: 2,
        to_the_end: false,
    },
    Case { workload: "ingress-edited", quota: "condition-values-per-alb-rule", needed: 2, to_the_end: true },
    Case { workload: "hundred-rules", quota: "rules-per-application-load-balancer", needed: 101, to_the_end: true },
    Case {
        workload: "two-certificates",
        quota: "certificates-per-application-load-balancer",
        needed: 1,
        to_the_end: true,
    },
];

/// How often a program that cannot go on may write in an hour: once a minute.
const WRITES_PER_HOUR: usize = 60;

/// Plays it; gives whether everything held.
pub(crate) fn run(options: &Options, jobs: usize) -> bool {
    let since = Instant::now();
    let cases = CASES.iter().filter(|case| case.quota.contains(&options.only));
    let cases = cases.flat_map(|case| [case.needed - 1, case.needed, case.needed + 1].map(|allowed| (*case, allowed)));
    let cases = cases.collect::<Vec<_>>();
    let failures = parallel::map(&cases, jobs, |case| judge(case.0, case.1));
    let failures = failures.into_iter().flatten().collect::<Vec<_>>();
    conclude("R6 limits", cases.len(), 0, &failures, since)
}

fn judge(case: Case, allowed: u64) -> Option<Failure> {
    let Case { workload: name, quota, needed, to_the_end } = case;
    let known = workload::all().into_iter().chain(workload::of_limits());
    let workload = known.into_iter().find(|workload| workload.name == name)?;
    let quotas = BTreeMap::from([(quota.to_owned(), allowed)]);
    let script = Script { quotas, quiet: ONE_RESYNC, ..Script::without_faults(&workload) };
    let report = play(&script);
    let fits = allowed >= needed;
    // What does not fit cannot be as asked for; everything else holds all the same.
    let is_lack =
        |violation: &String| violation.starts_with("L1") || violation.starts_with("L5") || violation.starts_with("L2");
    let mut found =
        report.violations.iter().filter(|violation| fits || !is_lack(violation)).cloned().collect::<Vec<_>>();
    if !fits && to_the_end && report.violations.is_empty() {
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
