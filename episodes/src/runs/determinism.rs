//! R12: a seed says everything that happens.

use std::process::Command;
use std::time::Instant;

use clap::Args;

use super::{Failure, conclude, swarm};
use crate::episode::play;
use crate::parallel;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How many seeds.
    #[arg(long, default_value_t = 20)]
    seeds: u64,
    /// Print a number per seed that stands for everything that happened.
    #[arg(long)]
    print: bool,
}

/// Plays the seeds here and in a process of their own; gives whether the same happened.
#[expect(clippy::print_stdout, reason = "the result is what is asked for")]
pub(crate) fn run(options: &Options, jobs: usize) -> bool {
    let since = Instant::now();
    let seeds = (0..options.seeds).collect::<Vec<_>>();
    let hashes =
        parallel::map(&seeds, jobs, |seed| format!("{:016x}", play(&swarm::script(*seed, 3, 15)).trace.hash()));
    if options.print {
        println!("{}", hashes.join("\n"));
        return true;
    }
    let failures = match other_process(options.seeds) {
        Ok(theirs) => differing(&hashes, &theirs),
        Err(error) => vec![failure(0, format!("the other process: {error}"))],
    };
    conclude("R12 determinism", seeds.len() * 2, 0, &failures, since)
}

/// One after the other there, so that neither the order nor the thread can matter.
fn other_process(seeds: u64) -> std::io::Result<Vec<String>> {
    let output = Command::new(std::env::current_exe()?)
        .args(["determinism", "--print", "--jobs", "1", "--seeds", &seeds.to_string()])
        .output()?;
    Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
}

fn differing(ours: &[String], theirs: &[String]) -> Vec<Failure> {
    if ours.len() != theirs.len() {
        return vec![failure(0, format!("{} seeds were played here, {} there", ours.len(), theirs.len()))];
    }
    let pairs = ours.iter().zip(theirs).enumerate().filter(|(_, (ours, theirs))| ours != theirs);
    pairs.map(|(seed, (ours, theirs))| failure(seed, format!("{ours} here, {theirs} there"))).collect()
}

fn failure(seed: usize, what: String) -> Failure {
    Failure { replay: format!("--seed {seed}"), violations: vec![what], story: String::new() }
}
