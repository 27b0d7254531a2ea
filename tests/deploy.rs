//! What `deploy/` grants is what the code needs.
#![allow(clippy::unwrap_used, reason = "a test that cannot read its input fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use northgate_planner::plan::AwsChange;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// How the names of operations begin that only read.
const READING: &[&str] = &["describe", "list"];

/// The operations that the AWS module reads with, by the names of their SDK methods: `describe_tags()` is DescribeTags.
fn reads() -> BTreeSet<String> {
    let mut reads = BTreeSet::new();
    let mut folders = vec![root().join("src/aws")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(path).unwrap();
            for verb in READING {
                for part in text.split(&format!(".{verb}_")).skip(1) {
                    let method = part.split(|c: char| c != '_' && !c.is_ascii_alphanumeric()).next().unwrap();
                    if part[method.len()..].starts_with("()") {
                        reads.insert(pascal(&format!("{verb}_{method}")));
                    }
                }
            }
        }
    }
    reads
}

fn pascal(snake: &str) -> String {
    snake.split('_').map(|word| word[..1].to_uppercase() + &word[1..]).collect()
}

fn granted() -> BTreeSet<String> {
    let text = std::fs::read_to_string(root().join("deploy/iam/policy.json")).unwrap();
    let policy: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut granted = BTreeSet::new();
    for statement in policy["Statement"].as_array().unwrap() {
        let actions = &statement["Action"];
        let actions = actions.as_array().cloned().unwrap_or_else(|| vec![actions.clone()]);
        granted.extend(actions.iter().map(|action| action.as_str().unwrap().to_owned()));
    }
    granted
}

fn is_read(action: &str) -> bool {
    READING.iter().any(|verb| action.contains(&format!(":{}", pascal(verb))))
}

#[test]
fn the_policy_grants_every_write_of_a_plan_and_nothing_more() {
    // Asked by AWS on our behalf when an account makes its first load balancer.
    let mut needed = BTreeSet::from(["iam:CreateServiceLinkedRole".to_owned()]);
    needed.extend(AwsChange::ACTIONS.iter().map(|(service, operation)| format!("{service}:{operation}")));
    let writes = granted().into_iter().filter(|action| !is_read(action)).collect::<BTreeSet<_>>();
    assert_eq!(writes, needed);
}

#[test]
fn the_policy_grants_every_read_of_the_code_and_nothing_more() {
    let granted = granted();
    let read = granted.iter().filter(|action| is_read(action)).filter_map(|action| action.split_once(':'));
    assert_eq!(reads(), read.map(|(_, operation)| operation.to_owned()).collect());
}

/// The kinds that `src/cluster/watch.rs` watches, as RBAC names them.
fn watched() -> BTreeSet<String> {
    let text = std::fs::read_to_string(root().join("src/cluster/watch.rs")).unwrap();
    let kinds = text.lines().filter_map(|line| line.strip_prefix("impl Watched for ")?.split(' ').next());
    let plural = |kind: &str| match kind.to_lowercase() {
        kind if kind.ends_with("params") => kind,
        kind if kind.ends_with('s') => format!("{kind}es"),
        kind => format!("{kind}s"),
    };
    kinds.map(plural).collect()
}

/// The verbs that the ClusterRole grants, by resource.
fn role() -> BTreeMap<String, BTreeSet<String>> {
    let text = std::fs::read_to_string(root().join("deploy/northgate.yaml")).unwrap();
    let mut documents = text.split("\n---\n").map(|text| serde_saphyr::from_str::<serde_json::Value>(text).unwrap());
    let role = documents.find(|document| document["kind"] == "ClusterRole").unwrap();
    let strings = |value: &serde_json::Value| {
        value.as_array().unwrap().iter().map(|item| item.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let mut granted = BTreeMap::<String, BTreeSet<String>>::new();
    for rule in role["rules"].as_array().unwrap() {
        for resource in strings(&rule["resources"]) {
            granted.entry(resource).or_default().extend(strings(&rule["verbs"]));
        }
    }
    granted
}

#[test]
fn the_role_grants_what_the_watches_and_the_writes_need_and_nothing_more() {
    let verbs = |verbs: &[&str]| verbs.iter().map(|verb| (*verb).to_owned()).collect::<BTreeSet<_>>();
    let mut needed = BTreeMap::<String, BTreeSet<String>>::new();
    for kind in watched() {
        needed.insert(kind, verbs(&["get", "list", "watch"]));
    }
    // Finalizers, and the objects that are ours.
    for (resource, writes) in [
        ("services", &["patch"][..]),
        ("ingresses", &["patch"]),
        ("targetgroupbindings", &["create", "patch", "delete"]),
        ("services/status", &["patch"]),
        ("ingresses/status", &["patch"]),
        ("targetgroupbindings/status", &["patch"]),
        ("events", &["create", "patch"]),
    ] {
        needed.entry(resource.to_owned()).or_default().extend(verbs(writes));
    }
    assert_eq!(role(), needed);
}
