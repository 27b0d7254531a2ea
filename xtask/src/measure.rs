//! `cargo xtask measure plan`: how long `northgate plan` takes without a network, and how much memory, against the limits
//! that it has to keep. `cargo xtask measure decide`: how long the planner takes by itself.

mod crowd;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use clap::Subcommand;
use localstack_tests::process::temporary_folder;
use localstack_tests::{Error, program};

use self::crowd::Crowd;
use crate::{Failure, cargo};

/// What can be measured.
#[derive(Clone, Subcommand)]
pub(crate) enum Subject {
    /// Offline plans of one Service and of 1,000, half of which are there already
    Plan {
        /// This program instead of the release build
        #[arg(long, value_name = "FILE")]
        program: Option<PathBuf>,
    },
    /// The decision on a group of 100 Ingresses with 100 rules, planner only
    Decide,
}

/// One measurement and what it must not exceed.
struct Limit {
    services: usize,
    time: Duration,
    /// Bytes; `None`: too little to matter.
    memory: Option<u64>,
}

const LIMITS: &[Limit] = &[
    Limit { services: 1, time: Duration::from_millis(100), memory: None },
    Limit { services: 1000, time: Duration::from_secs(5), memory: Some(200 << 20) },
];

/// Each is run this often; the shortest counts: what else the machine does only ever adds.
const RUNS: usize = 3;
/// Between two looks at the memory of a running process.
const LOOK: Duration = Duration::from_millis(1);

struct Measured {
    time: Duration,
    /// Bytes; `None`: this system does not tell.
    memory: Option<u64>,
}

/// Measures and prints.
pub(crate) fn run(subject: Subject) -> Result<(), Failure> {
    match subject {
        Subject::Plan { program } => plans(program),
        Subject::Decide => cargo::bench("decide"),
    }
}

fn plans(program: Option<PathBuf>) -> Result<(), Failure> {
    let program = match program {
        Some(given) => given,
        None => {
            cargo::build_release()?;
            program::released("northgate")?
        }
    };
    let folder = temporary_folder()?;
    let mut failed = Vec::new();
    println!("{:>8}  {:>9}  {:>9}  {:>9}  {:>9}", "services", "time", "at most", "memory", "at most");
    for limit in LIMITS {
        let crowd = Crowd { services: limit.services };
        let (objects, account) = (folder.path().join("objects.json"), folder.path().join("account.json"));
        write(&objects, &crowd.objects().to_string())?;
        write(&account, &crowd.account().to_string())?;
        let measured = measure(&program, &folder.path().join("plan.json"), &objects, &account)?;
        let memory = |bytes: Option<u64>| bytes.map_or("-".to_owned(), |bytes| format!("{} MiB", bytes >> 20));
        println!(
            "{:>8}  {:>6} ms  {:>6} ms  {:>9}  {:>9}",
            limit.services,
            measured.time.as_millis(),
            limit.time.as_millis(),
            memory(measured.memory),
            memory(limit.memory)
        );
        let too_big = measured.memory.zip(limit.memory).is_some_and(|(used, most)| used > most);
        if measured.time > limit.time || too_big {
            failed.push(limit.services.to_string());
        }
    }
    match failed.is_empty() {
        true => Ok(()),
        false => Err(Failure::Stage(format!("over the limit with {} Services", failed.join(" and ")))),
    }
}

fn measure(program: &Path, output: &Path, objects: &Path, account: &Path) -> Result<Measured, Failure> {
    let mut best: Option<Measured> = None;
    for _ in 0..RUNS {
        let printed = File::create(output).map_err(Error::file(output))?;
        let mut command = Command::new(program);
        command.args(["plan", "--cluster-name=demo", "--output=json", "--filename"]).arg(objects);
        command.arg("--account").arg(account).stdout(printed).stdin(Stdio::null());
        let measured = watch(command)?;
        let best_memory = best.as_ref().and_then(|best| best.memory).max(measured.memory);
        let best_time = best.as_ref().map_or(measured.time, |best| best.time.min(measured.time));
        best = Some(Measured { time: best_time, memory: best_memory });
    }
    Ok(best.expect("there is at least one run"))
}

/// Runs a process to its end and keeps looking at the most memory that it has had.
fn watch(mut command: Command) -> Result<Measured, Failure> {
    let starting = Error::doing("running northgate plan");
    let start = Instant::now();
    let mut child = command.spawn().map_err(starting)?;
    let mut memory = None;
    loop {
        memory = most_memory(&child).max(memory);
        if let Some(status) = child.try_wait().map_err(Error::doing("waiting for northgate plan"))? {
            let time = start.elapsed();
            return match status.success() {
                true => Ok(Measured { time, memory }),
                false => Err(Failure::Stage(format!("northgate plan: {status}"))),
            };
        }
        thread::sleep(LOOK);
    }
}

/// The peak of its resident memory, where the system tells it.
fn most_memory(child: &Child) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes << 10)
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    Ok(fs::write(path, text).map_err(Error::file(path))?)
}
