//! The program as a person runs it: what it prints, and with which code it ends.
#![allow(clippy::unwrap_used, reason = "a test that cannot read its input fails")]

use std::path::Path;
use std::process::{Command, Output};

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_northgate"));
    command.args(args).current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")).env_remove("KUBECONFIG");
    command
}

fn northgate(args: &[&str]) -> Output {
    command(args).output().unwrap()
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
        // Of several the first of 2, 1, 4, 3.
        ("two-services", &["--check", "-f", "annotation-scheme-refused/objects.yaml"], 4),
        ("annotation-scheme-refused", &["-f", "broken-manifest/objects.yaml"], 1),
        ("broken-manifest", &["--fail-on", "delete"], 2),
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
fn json_is_printed_whatever_the_exit_code_is() {
    for (case, more, code) in [
        ("broken-manifest", &["-o", "json"][..], 1),
        ("first-service", &["-o", "json", "--check"], 3),
        ("annotation-scheme-refused", &["-o", "json"], 4),
    ] {
        let output = plan(case, more);
        let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((output.status.code(), &document["formatVersion"]), (Some(code), &serde_json::json!(1)), "{case}");
        assert_eq!(text(&output.stderr), "", "{case}");
    }
}

#[test]
fn manifests_come_from_files_folders_and_standard_input_alike() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let planned = |from: &str, input: Option<&Path>| {
        let stdin = input.map_or_else(std::process::Stdio::null, |path| std::fs::File::open(path).unwrap().into());
        let args = ["plan", "--cluster-name=demo", "-f", from, "--account", "account.yaml"];
        let output = command(&args).stdin(stdin).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{from}: {}", text(&output.stderr));
        text(&output.stdout)
    };
    let objects = golden.join("first-service/objects.yaml");
    let by_file = planned("first-service/objects.yaml", None);
    assert_eq!(planned("-", Some(&objects)), by_file);
    let folder = std::env::temp_dir().join(format!("northgate-manifests-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::copy(&objects, folder.join("objects.yml")).unwrap();
    assert_eq!(planned(&folder.display().to_string(), None), by_file);
    std::fs::remove_dir_all(&folder).unwrap();
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

#[test]
fn the_examples_are_planned_as_their_comments_say() {
    let cases = [
        ("web.yaml", &["+ load balancer", "network, internet-facing", "+ listener 80"][..]),
        (
            "paths.yaml",
            &[
                "path /api/v1/login: fixed response 503",
                "path /api or /api/*",
                "path /*",
                "application, internet-facing",
            ],
        ),
        (
            "hosts.yaml",
            &["host www.example.com", "host api.example.com", "host *.example.com", "redirect", "+ listener 80"],
        ),
        (
            "tls.yaml",
            &["+ listener 80", "redirect", "+ listener 443", "host shop.example.com", "host img.shop.example.com"],
        ),
        ("canary.yaml", &["header X-Canary always", "(weight 9)", "(weight 1)"]),
        ("teams.yaml", &["IngressGroup company", "path /search", "host www.example.com", "fixed response 404"]),
    ];
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (file, landmarks) in cases {
        let path = format!("examples/{file}");
        let args = ["plan", "--cluster-name", "demo", "-f", &path, "--account", "examples/plan/account.yaml"];
        let output = Command::new(env!("CARGO_BIN_EXE_northgate")).args(args).current_dir(root).output().unwrap();
        let printed = text(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{file}: {printed}{}", text(&output.stderr));
        for landmark in landmarks {
            assert!(printed.contains(landmark), "{file}: {landmark:?} is missing in\n{printed}");
        }
        let readme = std::fs::read_to_string(root.join("examples/README.md")).unwrap();
        assert!(readme.contains(&format!("]({file})")), "examples/README.md lists {file}");
    }
}
