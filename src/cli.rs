//! The command line: flags in, text and an exit code out.

mod args;
mod connect;
mod convert;
mod crds;
mod demo;
mod input;
mod line_index;
mod plan;
mod retired;
mod route;
mod run;
mod unknown_fields;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use connect::{connect, connect_recorded};

pub use plan::of_cluster as plan_of_cluster;

/// A load balancer controller for Kubernetes on AWS.
#[derive(Debug, Parser)]
#[command(name = "northgate", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the controller.
    Run(run::RunArgs),
    /// Print what the controller would change, and change nothing.
    Plan(plan::PlanArgs),
    /// Say which load balancer, rule, target groups and targets a request reaches, and why.
    Route(route::RouteArgs),
    /// Print manifests of retired API versions in today's form.
    Convert(convert::ConvertArgs),
    /// Show the controller at work, on a simulated account and cluster.
    Demo(demo::DemoArgs),
    /// Print the custom resource definitions.
    Crds,
}

/// Exit code: something could not be read.
const UNREADABLE: u8 = 1;
/// Exit code: the flags contradict each other; clap's own for what it refuses.
const USAGE: u8 = 2;

/// Runs the program as the command line says.
pub fn main() -> ExitCode {
    let Cli { command } = Cli::parse();
    let code = match command {
        Command::Run(args) => run::run(args),
        Command::Plan(args) => plan::run(args),
        Command::Route(args) => route::run(&args),
        Command::Convert(args) => convert::run(&args),
        Command::Demo(args) => demo::run(args),
        Command::Crds => Ok(print(&crds::render())),
    };
    match code {
        Ok(code) => code.into(),
        Err(error) => {
            complain(error.as_ref());
            if error.is::<args::ArgumentError>() { USAGE.into() } else { UNREADABLE.into() }
        }
    }
}

/// What a command fails with; it is printed once, here at the edge.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Data goes to stdout; a reader that has gone away is no error of ours.
fn print(text: &str) -> u8 {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    0
}

/// The whole chain of an error, one line each.
#[expect(clippy::print_stderr, reason = "this is the door to stderr")]
fn complain(error: &(dyn std::error::Error + 'static)) {
    eprintln!("error: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        eprintln!("  caused by: {cause}");
        source = cause.source();
    }
}
