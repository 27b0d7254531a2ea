//! R9: bugs on purpose, one at a time; the other runs have to notice them.

use std::time::Instant;

use clap::Args;
use northgate_planner::planted::{Bug, plant};

use super::{stale, swarm, sweep};
use crate::episode::play;
use crate::parallel;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only the bugs whose names contain this.
    #[arg(long, default_value = "")]
    only: String,
    /// Episodes of the sweep for each workload.
    #[arg(long, default_value_t = 40)]
    at_most: usize,
    /// Seeds of the swarm for each.
    #[arg(long, default_value_t = 24)]
    seeds: u64,
    /// The share of bugs that has to be noticed, in percent.
    #[arg(long, default_value_t = 95)]
    at_least: usize,
}

/// Plants each; gives whether enough were noticed.
#[expect(clippy::print_stdout, reason = "the result is what is asked for")]
pub(crate) fn run(options: &Options, jobs: usize) -> bool {
    let since = Instant::now();
    let bugs = Bug::ALL.into_iter().filter(|bug| format!("{bug:?}").contains(&options.only)).collect::<Vec<_>>();
    let mut caught = 0;
    for bug in &bugs {
        plant(Some(*bug));
        let noticed = notice(options, jobs);
        plant(None);
        match noticed {
            Some((run, violation)) => {
                caught += 1;
                let sentence = violation.lines().next().unwrap_or_default();
                println!("{bug:?}: {run}: {}", sentence.chars().take(110).collect::<String>());
            }
            None => println!("{bug:?}: NOT NOTICED"),
        }
    }
    let seconds = since.elapsed().as_secs_f64();
    println!("R9 planted bugs: {caught} of {} noticed, {seconds:.1} s", bugs.len());
    caught * 100 >= bugs.len() * options.at_least
}

/// The first thing that any run finds, the cheapest run first.
fn notice(options: &Options, jobs: usize) -> Option<(&'static str, String)> {
    let first = |violations: Vec<Option<String>>| violations.into_iter().flatten().next();
    let (workloads, references) = sweep::references("", jobs);
    let found = first(references.iter().map(|reference| reference.violations.first().cloned()).collect());
    if let Some(violation) = found {
        return Some(("without faults", violation));
    }
    let scripts = stale::scripts();
    let found = parallel::map(&scripts, jobs, |(_, script)| play(script).violations.into_iter().next());
    if let Some(violation) = first(found) {
        return Some(("stale views", violation));
    }
    let scripts = sweep::scripts(&workloads, &references, options.at_most);
    let found = parallel::map(&scripts, jobs, |(_, script, reference)| {
        let report = play(script);
        let different = sweep::compare(&report, reference);
        report.violations.into_iter().chain(different).next()
    });
    if let Some(violation) = first(found) {
        return Some(("sweep", violation));
    }
    let seeds = (0..options.seeds).collect::<Vec<_>>();
    let found = parallel::map(&seeds, jobs, |seed| play(&swarm::script(*seed, 3, 15)).violations.into_iter().next());
    first(found).map(|violation| ("swarm", violation))
}
