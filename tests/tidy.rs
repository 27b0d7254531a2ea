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

/// Annotations that are built, as `docs/annotations.md` lists them, by the kind of object.
fn built_annotations() -> Vec<(String, String)> {
    let reference = std::fs::read_to_string(root().join("docs/annotations.md")).unwrap();
    let (mut kind, mut section, mut found) = ("", "", Vec::new());
    for line in reference.lines() {
        if let Some(heading) = line.strip_prefix("# ") {
            kind = heading;
        } else if let Some(heading) = line.strip_prefix("## ") {
            section = heading;
        } else if let Some(row) = line.strip_prefix("| `").filter(|_| section == "Supported") {
            found.push((kind.to_owned(), row.split('`').next().unwrap().to_owned()));
        }
    }
    found
}

fn without_golden_case(name: &str) -> Option<String> {
    let is_there = root().join("tests/golden").join(name).join("plan.txt").exists();
    (!is_there).then(|| format!("tests/golden/{name} is missing"))
}

#[test]
fn every_annotation_that_is_built_has_a_golden_case_and_a_refused_one() {
    let annotations = built_annotations();
    assert!(annotations.len() > 40, "docs/annotations.md is read as it was written");
    let mut complaints = Vec::new();
    for (kind, key) in annotations {
        let (_, suffix) = key.split_once('/').unwrap();
        // A family is one case: `listener-attributes.<PROTOCOL>-<port>`.
        let suffix = suffix.split(".<").next().unwrap();
        let name = match kind.as_str() {
            "Ingresses" => format!("ingress-annotation-{suffix}"),
            _ => format!("annotation-{}", suffix.trim_start_matches("aws-").trim_start_matches("load-balancer-")),
        };
        complaints
            .extend([name.clone(), format!("{name}-refused")].iter().filter_map(|name| without_golden_case(name)));
    }
    complain(&complaints);
}

/// Fields of a class that nothing can be wrong with by itself: attributes are for AWS to know.
const TAKEN_AS_WRITTEN: [&str; 2] = ["listeners", "loadBalancerAttributes"];

/// A field that is not supported yet has the refused case alone.
#[test]
fn every_field_of_a_class_has_golden_cases() {
    let definition = std::fs::read_to_string(root().join("crds/elbv2.k8s.aws_ingressclassparams.yaml")).unwrap();
    let mut complaints = Vec::new();
    let mut fields = 0;
    // The indentation of the properties of `spec`.
    for line in definition.lines().filter_map(|line| line.strip_prefix("              ")) {
        let Some(field) = line.strip_suffix(':').filter(|line| !line.starts_with([' ', '-'])) else { continue };
        fields += 1;
        let names: &[&str] = match field {
            "subnets" => &["subnets-ids", "subnets-tags"],
            "PrefixListsIDs" => &["PrefixListsIDs-legacy"],
            field => &[field],
        };
        for name in names {
            let name = format!("ingress-class-{name}");
            let refused =
                without_golden_case(&format!("{name}-refused")).filter(|_| !TAKEN_AS_WRITTEN.contains(&field));
            let is_built = !refused_as_not_supported(&name);
            complaints.extend(refused.into_iter().chain(without_golden_case(&name).filter(|_| is_built)));
        }
    }
    assert!(fields > 15, "{fields} fields found");
    complain(&complaints);
}

fn refused_as_not_supported(name: &str) -> bool {
    let plan = root().join("tests/golden").join(format!("{name}-refused")).join("plan.txt");
    std::fs::read_to_string(plan).is_ok_and(|text| text.contains("this field is not supported yet"))
}
