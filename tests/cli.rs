//! The program as a person runs it: what it prints, and with which code it ends.
#![allow(clippy::unwrap_used, reason = "a test that cannot read its input fails")]

use std::path::Path;
use std::process::{Command, Output};

fn northgate(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_northgate"))
        .args(args)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden"))
        .env_remove("KUBECONFIG")
        .output()
        .unwrap()
}

fn plan(case: &str, more: &[&str]) -> Output {
    let objects = format!("{case}/objects.yaml");
    let mut args = vec!["plan", "--cluster-name=demo", "-f", &objects, "--account", "account.yaml"];
    args.extend(more);
    northgate(&args)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn exit_codes_say_what_happened() {
    for (case, more, code) in [
        ("first-service", &[][..], 0),
        ("first-service", &["--check"], 3),
        ("first-service", &["--check", "--fail-on", "delete"], 0),
        ("annotation-scheme-refused", &[], 4),
        ("broken-manifest", &[], 1),
        ("first-service", &["--output", "xml"], 2),
        ("first-service", &["--default-tags", "elbv2.k8s.aws/cluster=x"], 2),
        ("first-service", &["service/nowhere"], 1),
        ("missing", &[], 1),
    ] {
        let output = plan(case, more);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{case} {more:?}\n{}{}",
            text(&output.stdout),
            text(&output.stderr)
        );
    }
}

#[test]
fn json_is_the_same_value_as_the_text_and_twice_the_same() {
    let one = plan("first-service", &["-o", "json"]);
    let two = plan("first-service", &["-o", "json"]);
    assert_eq!(text(&one.stdout), text(&two.stdout));
    let document: serde_json::Value = serde_json::from_slice(&one.stdout).unwrap();
    assert_eq!(document["formatVersion"], 1);
    assert_eq!(document["summary"]["loadBalancers"], 1);
}

#[test]
fn an_error_says_what_to_do_on_stderr_and_nothing_on_stdout() {
    let output =
        northgate(&["plan", "--cluster-name=demo", "-f", "first-service/objects.yaml", "--account", "nowhere.yaml"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stdout), "");
    assert!(text(&output.stderr).contains("nowhere.yaml"), "{}", text(&output.stderr));
}

#[test]
fn a_record_is_an_account_to_plan_from_and_knows_what_it_was_not_asked() {
    let folder = std::env::temp_dir().join(format!("northgate-cli-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let record = folder.join("account.json").display().to_string();
    for format in ["text", "json"] {
        let live = plan("two-ports", &["--record", &record, "-o", format]);
        assert_eq!(live.status.code(), Some(0), "{}", text(&live.stderr));
        let args = ["plan", "--cluster-name=demo", "-f", "two-ports/objects.yaml", "--account", &record, "-o", format];
        let recorded = northgate(&args);
        assert_eq!((text(&live.stdout), text(&recorded.stderr)), (text(&recorded.stdout), String::new()));
    }
    let other = northgate(&["plan", "--cluster-name=other", "-f", "two-ports/objects.yaml", "--account", &record]);
    assert_eq!((other.status.code(), text(&other.stdout)), (Some(1), String::new()));
    let message = text(&other.stderr);
    assert!(message.contains("caused by: the recorded account does not say: ec2:DescribeSecurityGroups"), "{message}");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_record_that_cannot_be_written_is_an_error_without_a_plan() {
    let output = plan("first-service", &["--record", "missing/folder/account.json"]);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(1), String::new()));
    let message = text(&output.stderr);
    assert!(
        message.starts_with("error: cannot write the account description missing/folder/account.json"),
        "{message}"
    );
    assert!(message.contains("caused by: "), "{message}");
}

#[test]
fn the_custom_resource_definitions_are_printed() {
    let output = northgate(&["crds"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).contains("targetgroupbindings.elbv2.k8s.aws"));
}

#[test]
fn the_readme_shows_a_plan_as_it_is_printed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let command = readme.lines().find_map(|line| line.strip_prefix("$ northgate ")).unwrap();
    let output =
        Command::new(env!("CARGO_BIN_EXE_northgate")).args(command.split(' ')).current_dir(root).output().unwrap();
    let printed = text(&output.stdout);
    assert!(readme.contains(printed.trim_end()), "README.md does not hold\n{printed}");
}
