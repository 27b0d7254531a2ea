//! `cargo xtask`: the commands that people and CI use alike.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool for developers")]

mod cargo;
mod conformance;
mod leave;
mod measure;
mod test;
mod trial;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use localstack_tests::Error;

/// Set-up, tests and the test bed. Everything runs on this machine's loopback interface.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Subcommand)]
enum Command {
    /// Start a test bed (LocalStack, the simulator, a control plane) and leave it running
    Up,
    /// End what `up` has started
    Down,
    /// Plan, apply and delete examples/web.yaml on a test bed, and take that down again
    Try,
    /// Set up what is missing, then run every check and every test
    Test,
    /// Compare plans with what AWS Load Balancer Controller makes of the same objects, where its cases are at hand
    Conformance,
    /// Measure the release build against the limits it has to keep
    Measure {
        #[command(subcommand)]
        subject: measure::Subject,
    },
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// The test bed's failure, with everything behind it.
    #[error("{}", .0.chain())]
    Bed(#[from] Error),
    /// A part of the work failed and has already said why.
    #[error("{0} failed")]
    Part(String),
    /// A stage did not give what it should.
    #[error("{0}")]
    Stage(String),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Up => interruptible(leave::up()),
        Command::Down => interruptible(leave::down()),
        Command::Try => interruptible(trial::run()),
        Command::Test => test::run(),
        Command::Measure { subject } => measure::run(subject),
        Command::Conformance => cargo::build_programs().and_then(|()| conformance::run(conformance::Cases::find()?)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Ctrl-C drops the work, which ends the processes that it has started.
fn interruptible(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Runtime::new();
    let runtime = runtime.map_err(|source| Error::Io { doing: "starting the runtime".to_owned(), source })?;
    runtime.block_on(async {
        tokio::select! {
            result = work => result,
            _ = tokio::signal::ctrl_c() => Err(Failure::Stage("interrupted".to_owned())),
        }
    })
}
