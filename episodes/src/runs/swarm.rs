//! R3: events and faults drawn from seeds, a random part of the faults for each.

use std::time::Instant;

use clap::Args;

use super::{Failure, conclude};
use crate::episode::{ONE_RESYNC, Script, play};
use crate::fault::{Fault, Faults};
use crate::parallel;
use crate::workload;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// How many seeds.
    #[arg(long, default_value_t = 1000)]
    seeds: u64,
    /// Services at the beginning of each.
    #[arg(long, default_value_t = 3)]
    services: u8,
    /// Further events of each.
    #[arg(long, default_value_t = 15)]
    events: u32,
}

/// Plays it; gives whether everything held.
pub(crate) fn run(options: &Options, jobs: usize) -> bool {
    let since = Instant::now();
    let seeds = (options.from..options.from + options.seeds).collect::<Vec<_>>();
    let reports = parallel::map(&seeds, jobs, |seed| {
        let report = play(&script(*seed, options.services, options.events));
        let replay = format!("--seed {seed} --services {} --events {}", options.services, options.events);
        let failure = (!report.violations.is_empty()).then(|| Failure::of(replay, &report, Vec::new()));
        (report.injected, failure)
    });
    let faults = reports.iter().map(|(injected, _)| injected).sum();
    let failures = reports.into_iter().filter_map(|(_, failure)| failure).collect::<Vec<_>>();
    conclude("R3 swarm", seeds.len(), faults, &failures, since)
}

/// What is played for a seed.
pub(crate) fn script(seed: u64, services: u8, events: u32) -> Script {
    let mut random = fastrand::Rng::with_seed(seed ^ 0xfa17);
    let count = random.usize(1..=Fault::ALL.len());
    let mut kinds = random.choose_multiple(Fault::ALL, count);
    kinds.sort_unstable();
    let rate = [0.0, 0.01, 0.03, 0.05, 0.1][random.usize(0..5)];
    let workload = workload::drawn(seed, services, events);
    Script { faults: Faults::Swarm { rate, kinds }, seed, quiet: ONE_RESYNC, ..Script::without_faults(&workload) }
}

/// Seeds that failed once, each by the name of what was wrong.
#[cfg(test)]
mod tests {
    use super::*;

    fn holds(seed: u64) {
        let report = play(&script(seed, 3, 15));
        assert!(report.violations.is_empty(), "{:#?}\n{}", report.violations, report.trace.story());
    }

    #[test]
    fn a_service_is_not_released_on_the_word_of_a_read_that_is_late() {
        holds(4);
    }

    #[test]
    fn a_target_group_that_a_late_read_does_not_list_is_not_made_again() {
        holds(325);
    }

    #[test]
    fn a_target_group_that_is_listed_and_not_found_is_not_made_again() {
        holds(342);
    }

    #[test]
    fn a_binding_whose_target_group_a_late_read_does_not_list_stays() {
        holds(449);
    }

    #[test]
    fn rules_that_a_pass_left_half_done_are_looked_at_again() {
        holds(472);
    }
}
