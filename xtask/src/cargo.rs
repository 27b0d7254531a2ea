//! Cargo, in this checkout.

use std::process::{Command, Output};

use localstack_tests::{Error, setup};

use crate::Failure;

/// Always the whole workspace: Cargo unites the features of what it is asked for, and another selection would compile
/// half of the dependencies once more.
const WORKSPACE: &str = "--workspace";

/// Builds the programs.
pub(crate) fn build_programs() -> Result<(), Failure> {
    run(&["build", WORKSPACE, "--bins"])
}

/// Builds the programs as they are shipped.
pub(crate) fn build_release() -> Result<(), Failure> {
    run(&["build", "--release", WORKSPACE, "--bins"])
}

/// A benchmark, which judges its numbers itself.
pub(crate) fn bench(name: &str) -> Result<(), Failure> {
    run(&["bench", WORKSPACE, "--bench", name])
}

/// The formatting of every file.
pub(crate) fn check_format() -> Result<(), Failure> {
    run(&["fmt", "--all", "--check"])
}

/// Clippy over every target; a warning is an error.
pub(crate) fn clippy() -> Result<(), Failure> {
    run(&["clippy", WORKSPACE, "--all-targets", "--", "-D", "warnings"])
}

/// Every test but the black-box ones.
pub(crate) fn unit_tests() -> Result<(), Failure> {
    let mut arguments = vec!["test", WORKSPACE, "--no-fail-fast", "--lib", "--bins"];
    let targets = test_targets()?;
    for target in targets.iter().filter(|target| *target != BLACK_BOX) {
        arguments.extend(["--test", target]);
    }
    run(&arguments)
}

/// Builds the player of episodes, optimized: by far most of a test run's time would go to episodes without.
pub(crate) fn build_episodes() -> Result<(), Failure> {
    run(&["build", "--profile", "episodes", "--package", "episodes"])
}

/// Episodes of the controller in a simulated world, two at a time.
pub(crate) fn episodes(run_of: &[&str]) -> Result<(), Failure> {
    let mut arguments = vec!["run", "--quiet", "--profile", "episodes", "--package", "episodes", "--"];
    arguments.extend(run_of);
    run(&arguments)
}

/// The black-box tests, three at a time.
pub(crate) fn black_box_tests() -> Result<(), Failure> {
    run(&["test", WORKSPACE, "--test", BLACK_BOX, "--", "--test-threads=3"])
}

const BLACK_BOX: &str = "black_box";

/// The names of the workspace's integration tests.
fn test_targets() -> Result<Vec<String>, Failure> {
    let output = output(&["metadata", "--no-deps", "--format-version=1"])?;
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).map_err(|error| Error::Unreadable {
        what: "the answer of cargo metadata".to_owned(),
        reason: error.to_string(),
    })?;
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let targets = packages.flat_map(|package| package["targets"].as_array().into_iter().flatten());
    let mut names: Vec<String> = targets
        .filter(|target| target["kind"][0] == "test")
        .filter_map(|target| Some(target["name"].as_str()?.to_owned()))
        .collect();
    names.sort();
    names.dedup();
    Ok(names)
}

/// Runs cargo, which writes to our own outputs.
fn run(arguments: &[&str]) -> Result<(), Failure> {
    let line = format!("cargo {}", arguments.join(" "));
    eprintln!("$ {line}");
    let status = command(arguments).status().map_err(starting)?;
    match status.success() {
        true => Ok(()),
        false => Err(Failure::Part(line)),
    }
}

fn output(arguments: &[&str]) -> Result<Output, Failure> {
    Ok(command(arguments).output().map_err(starting)?)
}

fn starting(source: std::io::Error) -> Error {
    Error::Io { doing: "starting cargo".to_owned(), source }
}

fn command(arguments: &[&str]) -> Command {
    // The one that runs us, when there is one: `+toolchain` on the command line holds for everything.
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(setup::checkout()).args(arguments);
    command
}
