//! `cargo xtask test`: every check and every test, what they need set up beside the compiler.

use std::thread;
use std::time::{Duration, Instant};

use localstack_tests::setup;

use crate::conformance::{self, Cases};
use crate::{Failure, cargo};

/// The runs of episodes, each with what it is called here.
const EPISODES: &[(&str, &[&str])] = &[
    ("episodes: sweep (R2)", &["sweep", "--at-most", "125"]),
    ("episodes: swarm (R3)", &["swarm"]),
    ("episodes: stale (R4)", &["stale"]),
    ("episodes: limits (R6)", &["limits"]),
    ("episodes: same (R12)", &["determinism"]),
];

struct Part {
    name: &'static str,
    took: Duration,
    result: Result<(), Failure>,
}

/// Runs everything, also after a failure, and sums up.
pub(crate) fn run() -> Result<(), Failure> {
    let start = Instant::now();
    // Minutes on a new machine, most of them on one processor at a time.
    let set_up = thread::spawn(|| part("set-up", || Ok(setup::everything()?)));
    let mut parts = vec![
        part("format", cargo::check_format),
        part("build", cargo::build_programs),
        part("clippy", cargo::clippy),
        part("unit and golden tests", cargo::unit_tests),
    ];
    parts.push(part("build of episodes", cargo::build_episodes));
    if is_ok(&parts, "build of episodes") {
        parts.extend(EPISODES.iter().map(|(name, run)| part(name, || cargo::episodes(run))));
    }
    parts.push(set_up.join().expect("the set-up returns its errors"));
    // They would run the programs of an older build, or wait for what is not there.
    let ready = is_ok(&parts, "build") && is_ok(&parts, "set-up");
    if ready {
        parts.push(part("black-box tests", cargo::black_box_tests));
    }
    let cases = Cases::find();
    let without = if let Ok(Cases::Absent(why)) = &cases { Some(why.clone()) } else { None };
    if without.is_none() && is_ok(&parts, "build") {
        parts.push(part("conformance cases", || conformance::run(cases?)));
    }
    summarize(&parts, start.elapsed());
    if let Some(why) = without {
        println!("conformance cases        not run: {why}");
    }
    let failed: Vec<&str> = parts.iter().filter(|part| part.result.is_err()).map(|part| part.name).collect();
    match failed.is_empty() {
        true => Ok(()),
        false => Err(Failure::Part(failed.join(", "))),
    }
}

fn is_ok(parts: &[Part], name: &str) -> bool {
    parts.iter().any(|part| part.name == name && part.result.is_ok())
}

fn part(name: &'static str, work: impl FnOnce() -> Result<(), Failure>) -> Part {
    let start = Instant::now();
    let result = work();
    if let Err(failure) = &result {
        eprintln!("error: {name}: {failure}");
    }
    Part { name, took: start.elapsed(), result }
}

fn summarize(parts: &[Part], took: Duration) {
    println!();
    for part in parts {
        let verdict = if part.result.is_ok() { "ok" } else { "FAILED" };
        println!("{:24} {:>5} s  {verdict}", part.name, part.took.as_secs());
    }
    println!("{:24} {:>5} s", "all", took.as_secs());
}
