//! Episodes: the controller in a simulated world, with faults at every step. See `docs/episodes.md`.

// The plan of a cluster is one future as deep as all of the program, the SDK's calls included.
#![recursion_limit = "256"]

mod agreement;
mod aws;
mod call;
mod declared;
mod end_state;
mod episode;
mod fault;
mod gate;
mod invariants;
mod kubernetes;
mod latency;
mod law;
mod parallel;
mod promptness;
mod runs;
mod stage;
mod trace;
mod view;
mod workload;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::runs::{determinism, limits, replay, speed, stale, swarm, sweep};

/// Plays the controller in a simulated world, and judges it.
#[derive(Debug, Parser)]
#[command(name = "episodes")]
struct Cli {
    #[command(subcommand)]
    run: Run,
    /// How many episodes are played at once.
    #[arg(long, global = true, default_value_t = 2)]
    jobs: usize,
}

#[derive(Debug, Subcommand)]
enum Run {
    /// Every workload, with every single fault at every call (R2).
    Sweep(sweep::Options),
    /// Events and faults drawn from seeds (R3).
    Swarm(swarm::Options),
    /// The same seeds twice: the same must happen (R12). With --print, for another process to compare.
    Determinism(determinism::Options),
    /// Views of the cluster that are late, broken off, told twice, or from before (R4).
    Stale(stale::Options),
    /// Quotas at one less than needed, at it, and at one more (R6).
    Limits(limits::Options),
    /// Bugs on purpose: whether the other runs notice them (R9).
    #[cfg(feature = "planted-bugs")]
    Planted(runs::planted::Options),
    /// One episode again, with everything that happened in it.
    Replay(replay::Options),
    /// How many episodes one core plays in a second.
    Speed(speed::Options),
}

fn main() -> ExitCode {
    episode::remember_panics();
    let Cli { run, jobs } = Cli::parse();
    let passed = match run {
        Run::Sweep(options) => sweep::run(&options, jobs),
        Run::Swarm(options) => swarm::run(&options, jobs),
        Run::Determinism(options) => determinism::run(&options, jobs),
        Run::Stale(options) => stale::run(&options, jobs),
        Run::Limits(options) => limits::run(&options, jobs),
        #[cfg(feature = "planted-bugs")]
        Run::Planted(options) => runs::planted::run(&options, jobs),
        Run::Replay(options) => replay::run(&options),
        Run::Speed(options) => speed::run(&options),
    };
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
