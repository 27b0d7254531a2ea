//! `northgate route` as a person runs it: a folder per case under `tests/route`, with command lines and what they print.
//! `NORTHGATE_BLESS=1` writes what comes out; `NORTHGATE_CASE` picks cases by their names.
#![allow(clippy::unwrap_used, reason = "a test that cannot read its input fails")]

use std::path::{Path, PathBuf};
use std::process::Command;

/// The account of every command line that names none.
const ACCOUNT: &str = "tests/golden/account.yaml";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All cases, or those whose name contains `NORTHGATE_CASE`.
fn cases() -> Vec<PathBuf> {
    let only = std::env::var("NORTHGATE_CASE").unwrap_or_default();
    let entries = std::fs::read_dir(root().join("tests/route")).unwrap();
    let mut folders = entries.map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    folders.retain(|folder| folder.is_dir() && folder.to_string_lossy().contains(&only));
    folders.sort();
    assert!(!folders.is_empty());
    folders
}

/// Words as a shell parts them; single quotes keep words together.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (place, part) in line.split('\'').enumerate() {
        match place % 2 {
            0 => words.extend(part.split_whitespace().map(str::to_owned)),
            _ => words.push(part.to_owned()),
        }
    }
    words
}

/// What a command line prints, and with which code it ends.
fn printed(line: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_northgate"));
    command.current_dir(root()).env_remove("KUBECONFIG").args(["route", "--cluster-name=demo"]);
    if !line.contains("--account") {
        command.args(["--account", ACCOUNT]);
    }
    let output = command.args(words(line)).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (stdout, stderr) = (text(output.stdout), text(output.stderr));
    let code = output.status.code().map_or("none".to_owned(), |code| code.to_string());
    format!("$ northgate route {line}\n{stdout}{stderr}exit code: {code}\n")
}

#[test]
fn every_request_is_told_as_written() {
    let mut differences = Vec::new();
    for case in cases() {
        let lines = std::fs::read_to_string(case.join("args")).unwrap();
        let found = lines.lines().map(printed).collect::<Vec<_>>().join("\n");
        let path = case.join("output.txt");
        if std::env::var_os("NORTHGATE_BLESS").is_some() {
            std::fs::write(&path, &found).unwrap();
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        if expected != found {
            differences.push(format!("--- {}, expected\n{expected}\n--- found\n{found}", path.display()));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// The request that `docs/route.md` shows.
const SHOWN: &str = "svc2.example.com/svc2.html -f examples/tutorial/6-ingress-hosts.yaml";

#[test]
fn the_document_shows_a_request_as_it_is_told() {
    let document = std::fs::read_to_string(root().join("docs/route.md")).unwrap();
    let found = printed(SHOWN);
    let (_, told) = found.split_once('\n').unwrap();
    let told = told.strip_suffix("exit code: 0\n").unwrap();
    let path = root().join("docs/route.md");
    let (before, rest) = document.split_once("```text\n").unwrap();
    let (shown, after) = rest.split_once("```").unwrap();
    if std::env::var_os("NORTHGATE_BLESS").is_some() {
        std::fs::write(path, format!("{before}```text\n{told}```{after}")).unwrap();
    } else {
        assert_eq!(shown, told);
    }
    assert!(document.contains(SHOWN), "the command line stands before it");
}

#[test]
fn json_says_the_same_to_programs() {
    let objects = root().join("tests/golden/ingress-weighted-canary/objects.yaml");
    let mut command = Command::new(env!("CARGO_BIN_EXE_northgate"));
    command.current_dir(root()).env_remove("KUBECONFIG");
    command.args(["route", "--cluster-name=demo", "-o", "json", "--account", ACCOUNT, "-f"]).arg(objects);
    let output = command.arg("shop.example.com/cart?x=1").output().unwrap();
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["formatVersion"], 1);
    assert_eq!(document["request"]["address"], "shop.example.com/cart?x=1");
    let way = &document["loadBalancers"][0];
    assert_eq!((&way["rule"]["priority"], &way["object"]), (&1.into(), &"Ingress/default/web".into()));
    let groups = way["answer"]["targetGroups"].as_array().unwrap();
    let shares = groups.iter().map(|group| (group["service"].as_str().unwrap(), group["percent"].as_f64().unwrap()));
    let expected = [("Service/default/stable", 90.0), ("Service/default/canary", 10.0)];
    assert_eq!(shares.collect::<Vec<_>>(), expected);
    let target = &groups[0]["targets"][0];
    assert_eq!((&target["Id"], &target["Port"]), (&"i-0000000000000000a".into(), &31031.into()));
}
