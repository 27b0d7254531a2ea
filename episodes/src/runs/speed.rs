//! How fast episodes are played.

use std::time::Instant;

use clap::Args;

use crate::episode::{ONE_RESYNC, Script, play};
use crate::fault::{Fault, Faults};
use crate::workload;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How many episodes.
    #[arg(long, default_value_t = 50)]
    episodes: u64,
    /// Services of each.
    #[arg(long, default_value_t = 10)]
    services: u8,
    /// Events of each.
    #[arg(long, default_value_t = 50)]
    events: u32,
    /// How many calls go wrong, from 0 to 1.
    #[arg(long, default_value_t = 0.05)]
    faults: f64,
}

/// Plays episodes on one thread and prints how many there were in a second.
#[expect(clippy::print_stdout, reason = "the result is what is asked for")]
pub(crate) fn run(options: &Options) -> bool {
    let since = Instant::now();
    let (mut calls, mut failed) = (0, 0);
    for seed in 0..options.episodes {
        let workload = workload::drawn(seed, options.services, options.events);
        let faults = Faults::Swarm { rate: options.faults, kinds: Fault::SWEPT.to_vec() };
        let report = play(&Script { faults, seed, quiet: ONE_RESYNC, ..Script::without_faults(&workload) });
        calls += report.calls;
        failed += u64::from(!report.violations.is_empty());
    }
    let seconds = since.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a few thousand at most")]
    let per_second = options.episodes as f64 / seconds;
    println!(
        "{} episodes in {seconds:.1} s: {per_second:.1} per second; {calls} calls, {failed} failed",
        options.episodes
    );
    failed == 0
}
