//! What `ARCHITECTURE.md` and `CONTRIBUTING.md` promise of the sources: checked, so that it stays true.
#![allow(clippy::unwrap_used, reason = "a test that cannot read its input fails")]

use std::path::{Path, PathBuf};

/// Lines before the tests of a file.
const LONGEST_FILE: usize = 400;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<(String, String)> {
    let mut folders = ["src", "planner/src", "simulator/src", "simulator/tests", "localstack-tests", "xtask", "tests"]
        .map(|folder| root().join(folder))
        .to_vec();
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
                sources.push((name, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    sources.sort();
    sources
}

/// The part of a file before its tests.
fn production(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests").next().unwrap_or(text)
}

fn is_test(name: &str) -> bool {
    name.contains("/tests/") || name.starts_with("tests/") || name.contains("fixture") || name.ends_with("testing.rs")
}

fn complain(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent = sources().into_iter().filter(|(_, text)| !text.starts_with("//!")).map(|(name, _)| name);
    complain(&silent.collect::<Vec<_>>());
}

#[test]
fn files_stay_short() {
    let mut complaints = Vec::new();
    for (name, text) in sources().iter().filter(|(name, _)| !is_test(name)) {
        let lines = production(text).lines().count();
        if lines > LONGEST_FILE {
            complaints.push(format!("{name}: {lines} lines before its tests, {LONGEST_FILE} are the limit"));
        }
    }
    complain(&complaints);
}

#[test]
fn edges_that_must_not_exist_do_not() {
    let forbidden: &[(&str, &[&str])] = &[
        ("planner/src/", &["tokio::", "kube::Client", "kube::Api", "aws_sdk", "SystemTime::now", "Timestamp::now"]),
        ("planner/src/desired", &["crate::actual::Actual", "crate::snapshot::Snapshot", "crate::diff"]),
        ("planner/src/diff", &["crate::snapshot", "crate::spec::annotation", "crate::spec::service"]),
        ("src/aws", &["crate::cluster", "kube::"]),
        ("src/cluster", &["crate::aws", "aws_sdk"]),
        ("src/controller", &["aws_sdk", "kube::Api"]),
        ("src/cli/plan.rs", &["aws::Write", ".perform("]),
        ("src/cli/plan/passes.rs", &["aws::Write", ".perform("]),
        ("src/cli/plan/source.rs", &["aws::Write", ".perform("]),
        ("src/cli/route", &["aws::Write", ".perform("]),
        ("simulator/src", &["northgate_planner", "northgate::"]),
    ];
    let mut complaints = Vec::new();
    for (name, text) in sources() {
        for (prefix, words) in forbidden.iter().filter(|(prefix, _)| name.starts_with(prefix)) {
            for word in words.iter().filter(|word| production(&text).contains(**word)) {
                complaints.push(format!("{name}: {word} must not be used in {prefix}"));
            }
        }
    }
    complain(&complaints);
}

#[test]
fn the_planner_depends_on_nothing_that_does_io() {
    let manifest = std::fs::read_to_string(root().join("planner/Cargo.toml")).unwrap();
    for word in ["tokio", "aws-", "hyper", "reqwest", "\"client\"", "\"runtime\""] {
        assert!(!manifest.contains(word), "planner/Cargo.toml names {word}");
    }
}
