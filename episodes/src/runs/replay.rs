//! One episode again, told in full.

use clap::Args;

use super::{stale, swarm};
use crate::episode::{Script, play};
use crate::fault::{Fault, Faults};
use crate::workload;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The name of a workload.
    #[arg(conflicts_with = "seed", required_unless_present_any = ["seed", "stale"])]
    workload: Option<String>,
    /// The call that goes wrong, by its number.
    #[arg(long, requires = "fault")]
    at: Option<u64>,
    /// How it goes wrong.
    #[arg(long, value_parser = fault)]
    fault: Option<Fault>,
    /// How many calls in a row do.
    #[arg(long, default_value_t = 1)]
    attempts: u64,
    /// The seed that everything is drawn from.
    #[arg(long)]
    seed: Option<u64>,
    /// Services alone, and faults of single calls alone.
    #[arg(long)]
    services_alone: bool,
    /// The disturbance of what is seen of the cluster, as the run of stale views names it.
    #[arg(long, conflicts_with_all = ["workload", "seed"])]
    stale: Option<String>,
    /// A quota of the account, NAME=VALUE.
    #[arg(long, value_parser = quota)]
    quota: Vec<(String, u64)>,
    /// Services at the beginning.
    #[arg(long, default_value_t = 3)]
    services: u8,
    /// Further events.
    #[arg(long, default_value_t = 15)]
    events: u32,
    /// Reads, watches and events for people too.
    #[arg(long)]
    all: bool,
    /// What the program logs, as it goes on: error, warn, info, debug.
    #[arg(long)]
    log: Option<String>,
}

/// Plays it; gives whether everything held.
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "the result is what is asked for")]
pub(crate) fn run(options: &Options) -> bool {
    let Some(script) = script(options) else {
        let names = workload::all().into_iter().map(|workload| workload.name).collect::<Vec<_>>();
        eprintln!("error: there is no such workload; there are {}", names.join(", "));
        return false;
    };
    if let Some(level) = &options.log {
        tracing_subscriber::fmt().with_env_filter(level).without_time().with_writer(std::io::stderr).init();
    }
    let report = play(&script);
    print!("{}", if options.all { report.trace.to_string() } else { report.trace.story() });
    println!("{} calls, {} of them broken; trace {:016x}", report.calls, report.injected, report.trace.hash());
    for violation in &report.violations {
        println!("  {violation}");
    }
    for late in report.latencies.iter().filter(|latency| latency.took > swarm::PROMPT) {
        println!("  late: {}, and was asked for after {:.1?}", late.what, late.took);
    }
    report.violations.is_empty()
}

fn script(options: &Options) -> Option<Script> {
    if let Some(seed) = options.seed {
        let script = if options.services_alone { swarm::of_services } else { swarm::script };
        return Some(script(seed, options.services, options.events));
    }
    if let Some(name) = &options.stale {
        return stale::scripts().into_iter().find(|(known, _)| known == name).map(|(_, script)| script);
    }
    let known = workload::all().into_iter().chain(workload::of_limits());
    let workload = known.into_iter().find(|workload| Some(&workload.name) == options.workload.as_ref())?;
    let faults = match (options.at, options.fault) {
        (Some(at), Some(fault)) => Faults::single(at, fault, options.attempts),
        _ => Faults::None,
    };
    let quotas = options.quota.iter().cloned().collect();
    Some(Script { faults, quotas, ..Script::without_faults(&workload) })
}

fn fault(name: &str) -> Result<Fault, String> {
    let known = || Fault::all().map(Fault::name).collect::<Vec<_>>().join(", ");
    Fault::named(name).ok_or_else(|| format!("there is no fault {name:?}; there are {}", known()))
}

fn quota(text: &str) -> Result<(String, u64), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    Ok((name.to_owned(), value.parse().map_err(|_| format!("{value:?} is no number"))?))
}
