//! Golden cases: a folder each under `tests/golden`, with manifests, an account, and the plan that must come of them.
//!
//! Every case is also carried out on the simulator, step by step as printed, and must then plan empty.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Parser as _;
use northgate_planner::crd::TargetGroupBinding;
use northgate_planner::id::{AccountId, Key, ObjectName, Region, StackId};
use northgate_planner::plan::{
    Change, Document, Entry, KubeChange, Made, Outcome, Step, Wait, WaitFor, Write as PlanWrite, render, resolve,
};
use northgate_planner::snapshot::Snapshot;
use northgate_simulator::account_description::AccountDescription;
use northgate_simulator::{Options, Simulator};
use serde_json::{Value, json};

use super::{Passes, PlanArgs, Selection, planned, source};
use crate::aws::{Connection, Write as _};

mod reads;
mod recorded;
mod witness;

#[derive(Debug, clap::Parser)]
struct CommandLine {
    #[command(flatten)]
    plan: PlanArgs,
}

struct Case {
    folder: PathBuf,
    args: PlanArgs,
}

impl Case {
    fn open(folder: PathBuf) -> Self {
        let own = folder.join("account.yaml");
        let account = if own.exists() { own } else { folder.with_file_name("account.yaml") };
        let flags = std::fs::read_to_string(folder.join("flags")).unwrap_or_default();
        let mut line = vec!["plan".to_owned(), "--cluster-name=demo".to_owned()];
        line.push(format!("--filename={}", folder.join("objects.yaml").display()));
        line.push(format!("--account={}", account.display()));
        line.extend(flags.lines().map(str::to_owned));
        Self { folder, args: CommandLine::try_parse_from(line).unwrap().plan }
    }

    fn name(&self) -> String {
        self.folder.file_name().unwrap().to_string_lossy().into_owned()
    }

    /// The files of a case are its whole world, but for those that are about files alone: the tutorial's are, as people write
    /// them.
    fn is_of_files_alone(&self) -> bool {
        let name = self.name();
        let as_written = name.starts_with("manifest-alone") || name.starts_with("tutorial-");
        as_written && !name.ends_with("-in-place")
    }

    /// Compares a file of the case with what came out; `NORTHGATE_BLESS=1` writes it instead.
    fn compare(&self, file: &str, found: &str, differences: &mut Vec<String>) {
        let path = self.folder.join(file);
        if std::env::var_os("NORTHGATE_BLESS").is_some() {
            std::fs::write(&path, found).unwrap();
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        if expected != found {
            differences.push(format!("--- {}/{file}, expected\n{expected}\n--- found\n{found}", self.name()));
        }
    }
}

/// Relative to the package, where cargo runs tests: messages name files, and lines are broken at a width, so a plan would
/// otherwise depend on where the checkout is.
const CASES: &str = "tests/golden";

/// All cases, or those whose name contains `NORTHGATE_CASE`.
fn cases() -> Vec<Case> {
    let only = std::env::var("NORTHGATE_CASE").unwrap_or_default();
    let mut folders = std::fs::read_dir(CASES).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    folders.retain(|folder| folder.is_dir() && folder.to_string_lossy().contains(&only));
    folders.sort();
    assert!(!folders.is_empty());
    folders.into_iter().map(Case::open).collect()
}

#[test]
fn every_case_plans_as_written_and_ends_in_agreement() {
    let mut differences = Vec::new();
    for case in cases() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(check(&case, &mut differences));
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// Cases in which something is made, changed, moved and deleted.
const STOPPED: &[&str] = &[
    "first-service",
    "two-ports",
    "ip-targets",
    "port-changed",
    "tags-changed",
    "health-check-port-changed",
    "backend-group-swapped",
    "deleted",
    "ingress-paths",
    "ingress-tls-redirect",
    "ingress-group-of-three",
    "ingress-paths-changed",
    "ingress-group-member-deleted",
    "ingress-deleted",
];

#[test]
fn stopped_after_any_change_the_next_plans_end_in_agreement() {
    for name in STOPPED {
        let case = Case::open(Path::new(CASES).join(name));
        for stop_after in 0.. {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
            if runtime.block_on(stop_and_go_on(&case, stop_after)) {
                break;
            }
        }
    }
}

/// Stops after some changes, as a crash would, and goes on with fresh plans. Gives whether the first plan was over by then.
async fn stop_and_go_on(case: &Case, stop_after: usize) -> bool {
    let source = source::open(&case.args.source).await.unwrap();
    let snapshot = Snapshot { files_alone: false, ..source.snapshot };
    let mut world = World::open(case, snapshot).await;
    let first = world.plan().await;
    world.carry_out(&first, stop_after).await;
    pause().await;
    // What was made is only known from what is observed now.
    world.made.clear();
    let second = world.plan().await;
    world.carry_out(&second, usize::MAX).await;
    let left = world.plan().await;
    let steps = left.entries.iter().flat_map(|entry| &entry.steps).count();
    assert_eq!(
        steps,
        0,
        "{} stopped after {stop_after} changes, then\n{}\nleft\n{}",
        case.name(),
        render(&second),
        render(&left)
    );
    let changes = |document: &Document| document.entries.iter().flat_map(Entry::changes).count();
    assert_eq!(
        stop_after.min(changes(&first)) + changes(&second),
        changes(&first),
        "{} stopped after {stop_after} changes: something is done twice or not at all\n{}\n{}",
        case.name(),
        render(&first),
        render(&second)
    );
    stop_after >= changes(&first)
}

/// Longer than anything in the simulator takes.
async fn pause() {
    tokio::time::sleep(Duration::from_secs(600)).await;
}

async fn check(case: &Case, differences: &mut Vec<String>) {
    let mut source = source::open(&case.args.source).await.unwrap();
    source.snapshot.files_alone = case.is_of_files_alone();
    let document = planned(&case.args, &source).await.unwrap();
    let text = format!("{}exit code with --check: {}\n", render(&document), document.exit_code(true, &[]));
    case.compare("plan.txt", &text, differences);
    if case.folder.join("plan.json").exists() {
        case.compare("plan.json", &document.to_json(), differences);
    }
    // What only an API server can give is not there to be sent.
    if !text.contains(northgate_planner::id::KNOWN_AFTER_APPLY) {
        let mut world = World::open(case, source.snapshot).await;
        world.carry_out(&document, usize::MAX).await;
        let again = world.plan().await;
        // Beside what is held or refused others may wait for a person, and a state that is described does not pass.
        let is_stuck = |entry: &Entry| !entry.held.is_empty() || entry.outcome == Outcome::Refused;
        let stays = again.entries.iter().any(is_stuck) || document.summary.calls == 0;
        let mut left = again.entries.iter().flat_map(|entry| &entry.steps);
        if left.any(|step| !stays || matches!(step, Step::Change(_))) {
            differences.push(format!("--- {}: carried out, and there is still\n{}", case.name(), render(&again)));
        }
    }
}

/// A simulated account and the objects of a case: what a plan is carried out on.
struct World {
    args: PlanArgs,
    simulator: Simulator,
    connection: Connection,
    snapshot: Snapshot,
    made: BTreeMap<Key, Made>,
}

impl World {
    async fn open(case: &Case, snapshot: Snapshot) -> Self {
        let text = std::fs::read_to_string(case.args.source.account.as_ref().unwrap()).unwrap();
        let description = AccountDescription::parse(&text).unwrap();
        let (account, region) = (AccountId::new(description.account_id()), Region::new(description.region()));
        let simulator = Simulator::new(Options::default());
        description.load(&simulator).await.unwrap();
        let connection = Connection::over(simulator.connector(), &account, &region);
        Self { args: case.args.clone(), simulator, connection, snapshot, made: BTreeMap::new() }
    }

    async fn plan(&self) -> Document {
        let settings = self.snapshot.settings.clone();
        let account = self.connection.read_only_account(settings.cluster_name.clone(), settings.vpc.clone());
        let mut passes = Passes::new(&account, self.snapshot.clone());
        let selection = Selection {
            names: &self.args.names,
            namespace: self.args.source.namespace.as_deref(),
            default_namespace: "default",
            by_files: true,
        };
        passes.run(&selection).await.unwrap();
        let header = source::header(&self.snapshot);
        Document::new(header, passes.plans, passes.refused, passes.skipped, BTreeMap::new(), Vec::new())
    }

    /// Carries out every step as printed, each entry in its own order, the entries as they wait for each other. Stops
    /// after `limit` changes.
    async fn carry_out(&mut self, document: &Document, limit: usize) {
        let entries = &document.entries;
        let mut reached = vec![0; entries.len()];
        let mut changes = 0;
        loop {
            let before = reached.clone();
            for (index, entry) in entries.iter().enumerate() {
                while let Some(step) = entry.steps.get(reached[index]) {
                    match step {
                        Step::Change(_) if changes == limit => return,
                        Step::Change(change) => {
                            self.change(entry, change).await;
                            changes += 1;
                        }
                        Step::Wait(wait) if is_over(wait, entry, entries, &reached) => pause().await,
                        Step::Wait(_) => break,
                    }
                    reached[index] += 1;
                }
            }
            if reached == before {
                break;
            }
        }
        for (entry, reached) in entries.iter().zip(reached) {
            assert_eq!(reached, entry.steps.len(), "{} waits for ever", entry.key);
        }
        pause().await;
    }

    async fn change(&mut self, entry: &Entry, change: &Change) {
        let made = self.visible_to(entry);
        let resolved = resolve(change, &made).unwrap_or_else(|missing| panic!("{}: {missing}", entry.key));
        match resolved.split() {
            Ok(aws) => {
                let settings = &self.snapshot.settings;
                let account = self.connection.account(settings.cluster_name.clone(), settings.vpc.clone());
                let performed =
                    account.perform(&aws).await.unwrap_or_else(|error| panic!("{}: {error:?}", change.call()));
                if let Some(id) = performed.physical_id {
                    self.made.entry(entry.key.clone()).or_default().note(change.resource.key.clone(), id);
                }
            }
            Err(kube) => self.write_binding(&kube),
        }
    }

    /// References are looked up in the entry itself, then in its stack, then in the cluster's.
    fn visible_to(&self, entry: &Entry) -> Made {
        let mut made = self.made.get(&Key::Cluster).cloned().unwrap_or_default();
        let stack = entry.of.as_ref().map(|stack: &StackId| Key::Stack(stack.clone()));
        for key in stack.iter().chain([&entry.key]) {
            made.extend(self.made.get(key).cloned().unwrap_or_default());
        }
        made
    }

    fn write_binding(&mut self, change: &KubeChange) {
        let name: ObjectName = change.name().clone();
        match PlanWrite::Kube(change.clone()).request() {
            _ if matches!(change, KubeChange::Delete(_)) => _ = self.snapshot.bindings.remove(&name),
            mut object => {
                if let Some(there) = self.snapshot.bindings.get(&name) {
                    let mut merged = json!(**there);
                    merge(&mut merged, &object);
                    object = merged;
                }
                let object: TargetGroupBinding = serde_json::from_value(object).unwrap();
                self.snapshot.bindings.insert(name, Arc::new(object));
            }
        }
    }
}

impl Drop for World {
    /// No plan may need a request that AWS's service model does not allow.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.simulator.violations(), []);
        }
    }
}

/// Whether what a wait waits for has come: its entry is done, or has itself come to wait for this one.
fn is_over(wait: &Wait, of: &Entry, entries: &[Entry], reached: &[usize]) -> bool {
    let Some(awaited) = entries.iter().position(|entry| Some(&entry.key) == wait.entry.as_ref()) else { return true };
    let is_rules = matches!(wait.entry, Some(Key::Rules(_)));
    match entries[awaited].steps.get(reached[awaited]) {
        None => true,
        Some(Step::Change(_)) => false,
        // What is open is open, whatever has to come before the rest is closed.
        Some(Step::Wait(_)) if wait.reason == WaitFor::RulesOpen && is_rules && reached[awaited] > 0 => true,
        Some(Step::Wait(other)) => {
            // A binding that is gone lets the rules close, and only then does its stack go on to the end.
            wait.reason == WaitFor::BindingGone && reached[awaited] > 0 || other.entry.as_ref() == Some(&of.key)
        }
    }
}

/// A JSON merge patch (RFC 7386).
fn merge(into: &mut Value, patch: &Value) {
    match (into, patch) {
        (Value::Object(into), Value::Object(patch)) => {
            for (field, value) in patch {
                if value.is_null() {
                    into.remove(field);
                } else {
                    merge(into.entry(field).or_insert(Value::Null), value);
                }
            }
        }
        (into, patch) => *into = patch.clone(),
    }
}
