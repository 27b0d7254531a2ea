//! `northgate plan`: the controller's own stages, stopped before the first write.

#[cfg(test)]
mod golden;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use northgate_planner::crd::TargetGroupBinding;
use northgate_planner::facts::{Facts, Live};
use northgate_planner::id::{Key, ObjectName, SecurityGroupId, StackId};
use northgate_planner::model::Binding;
use northgate_planner::pipeline::{self, Accepted, Declined};
use northgate_planner::plan::{Document, FailOn, KubeChange, Plan, Skipped, Step, Wait, WaitFor, Write, render};
use northgate_planner::problem::Refusal;
use northgate_planner::snapshot::Snapshot;
use northgate_planner::{targets, worker_rules};

use super::args::DecisionArgs;
use super::{Failure, print};
use crate::aws::{AwsError, Read};

/// Print what the controller would change, and change nothing.
#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    /// What to plan: service/NAME or binding/NAME. Default: everything that is ours.
    #[arg(value_name = "KIND/NAME", value_parser = named)]
    names: Vec<Named>,
    /// Manifests to plan instead of a cluster's objects: files, folders, or - for standard input.
    #[arg(short = 'f', long = "filename", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Lay the manifests over the live cluster's objects.
    #[arg(long, requires = "files")]
    cluster: bool,
    /// An account description to plan against, instead of AWS.
    #[arg(long, value_name = "FILE")]
    account: Option<PathBuf>,
    /// Only this namespace.
    #[arg(short, long, value_name = "NAMESPACE")]
    namespace: Option<String>,
    /// Text for people or JSON for programs.
    #[arg(short, long, value_enum, default_value = "text")]
    output: Output,
    /// Exit with 3 when there is anything to change.
    #[arg(long)]
    check: bool,
    /// With --check: what counts.
    #[arg(long, value_name = "WHAT", value_delimiter = ',', requires = "check", value_parser = fail_on)]
    fail_on: Vec<FailOn>,
    /// The kubeconfig to use.
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// The kubeconfig's context to use.
    #[arg(long, value_name = "CONTEXT")]
    context: Option<String>,
    #[command(flatten)]
    decisions: DecisionArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Output {
    Text,
    Json,
}

/// What a person named on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Named {
    Service(String),
    Binding(String),
}

/// Plans and prints.
pub(super) fn run(args: PlanArgs) -> Result<u8, Failure> {
    args.decisions.check()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let source = source::open(&args).await?;
        let document = planned(&args, &source).await?;
        match args.output {
            Output::Text => print(&render(&document)),
            Output::Json => print(&document.to_json()),
        };
        Ok(document.exit_code(args.check, &args.fail_on))
    })
}

async fn planned(args: &PlanArgs, source: &source::Source) -> Result<Document, Failure> {
    let account = &source.account;
    let mut run = Run::new(account, source.snapshot.clone());
    run.skipped.extend(source.skipped.iter().cloned());
    let named = run
        .plan(&Selection { names: &args.names, namespace: args.namespace.as_deref(), by_files: source.by_files })
        .await?;
    let mut ignored = source.ignored.clone();
    *ignored.entry("Service".to_owned()).or_default() += named.unlisted;
    ignored.retain(|_, count| *count > 0);
    Ok(Document::new(
        source::header(&source.snapshot),
        run.plans,
        run.refused,
        run.skipped,
        ignored,
        source.problems.clone(),
    ))
}

/// Which keys a run plans.
struct Selection<'a> {
    names: &'a [Named],
    namespace: Option<&'a str>,
    /// The objects come from files: every Service among them was given by a person, and is told of.
    by_files: bool,
}

/// What a selection left out without a word.
struct Unlisted {
    unlisted: usize,
}

/// One run: plans are made in the order in which each needs the ones before.
struct Run<'a, A> {
    account: &'a A,
    snapshot: Snapshot,
    plans: Vec<Plan>,
    refused: Vec<(Key, Refusal)>,
    skipped: Vec<Skipped>,
}

impl<'a, A: Read> Run<'a, A> {
    fn new(account: &'a A, snapshot: Snapshot) -> Self {
        Self { account, snapshot, plans: Vec::new(), refused: Vec::new(), skipped: Vec::new() }
    }

    /// 1. stacks  2. what the cluster shares  3. bindings, those that a stack wants included  4. worker rules
    async fn plan(&mut self, selection: &Selection<'_>) -> Result<Unlisted, RunError> {
        selection.exists(&self.snapshot)?;
        let unlisted = self.stacks(selection).await?;
        if self.plans.iter().any(|plan| waits_for(plan, &Key::Cluster)) {
            _ = self.pass(&Key::Cluster).await?;
        }
        let mut groups = self.bindings(selection).await?;
        for group in self.plans.iter().flat_map(rules_waited_for) {
            groups.entry(group).or_default();
        }
        for (group, closed_by) in groups {
            _ = self.pass(&Key::Rules(group)).await?;
            if let (Some(plan), Some(stack)) = (self.plans.last_mut(), closed_by) {
                wait_for_bindings(plan, &stack);
            }
        }
        Ok(unlisted)
    }

    async fn stacks(&mut self, selection: &Selection<'_>) -> Result<Unlisted, AwsError> {
        let mut unlisted = 0;
        for name in self.snapshot.services.keys().cloned().collect::<Vec<_>>() {
            if !selection.takes_service(&name) {
                continue;
            }
            let before = self.skipped.len();
            _ = self.pass(&Key::Stack(StackId::Service(name.clone()))).await?;
            // In a live cluster most Services are no load balancers; only counted.
            let plain =
                self.snapshot.services.get(&name).is_some_and(|service| !crate::cluster::is_load_balancer(service));
            if plain && !selection.by_files && !selection.names_service(&name) && self.skipped.len() > before {
                self.skipped.truncate(before);
                unlisted += 1;
            }
        }
        Ok(Unlisted { unlisted })
    }

    /// Plans the bindings as they will be: with those that the stacks want, without those that they delete.
    /// Gives the worker groups that they concern, with the stack whose deletions close rules there.
    async fn bindings(&mut self, selection: &Selection<'_>) -> Result<Groups, AwsError> {
        let mut groups = Groups::new();
        let (wanted, deleted) = self.of_stacks();
        for (name, stack) in &deleted {
            if let Some(object) = self.snapshot.bindings.remove(name) {
                let of_deleted = self.groups_of_deleted(name, object).await?;
                groups.extend(of_deleted.into_iter().map(|group| (group, Some(stack.clone()))));
            }
        }
        self.snapshot.wanted_bindings = wanted;
        let mut names =
            self.snapshot.bindings.keys().chain(self.snapshot.wanted_bindings.keys()).cloned().collect::<Vec<_>>();
        names.sort();
        names.dedup();
        names.retain(|name| selection.takes_binding(name, &self.plans));
        for name in names {
            if let Some((Accepted::Binding(spec), facts)) = self.pass(&Key::Binding(name.clone())).await? {
                if self.plans.last().is_some_and(targets::lingers) {
                    self.snapshot.lingering.insert(name);
                }
                for group in worker_rules::groups_of(&spec, &facts).0 {
                    groups.entry(group).or_default();
                }
            }
        }
        Ok(groups)
    }

    /// The worker groups that a binding which is going leaves behind: their rules may close.
    async fn groups_of_deleted(
        &self,
        name: &ObjectName,
        object: Arc<TargetGroupBinding>,
    ) -> Result<BTreeSet<SecurityGroupId>, AwsError> {
        let mut with_it = self.snapshot.clone();
        with_it.bindings.insert(name.clone(), object);
        let Ok(accepted @ Accepted::Binding(_)) = pipeline::accept(&with_it, &Key::Binding(name.clone())) else {
            return Ok(BTreeSet::new());
        };
        let facts = self.account.lookup(&accepted.needs(&Live::default())).await?;
        let Accepted::Binding(spec) = accepted else { return Ok(BTreeSet::new()) };
        Ok(worker_rules::groups_of(&spec, &facts).0)
    }

    /// The bindings that the stacks want, and those that they delete.
    fn of_stacks(&self) -> (BTreeMap<ObjectName, Binding>, BTreeMap<ObjectName, Key>) {
        let mut wanted = BTreeMap::new();
        let mut deleted = BTreeMap::new();
        for plan in &self.plans {
            wanted.extend(plan.bindings.iter().map(|binding| (binding.name.clone(), binding.clone())));
            for change in plan.changes() {
                if let Write::Kube(KubeChange::Delete(delete)) = &change.write {
                    deleted.insert(delete.name.clone(), plan.key.clone());
                }
            }
        }
        (wanted, deleted)
    }

    /// One pass over one key, as the controller makes it, stopped before the first write: accept, observe, lookup, decide.
    async fn pass(&mut self, key: &Key) -> Result<Option<(Accepted, Facts)>, AwsError> {
        let accepted = match pipeline::accept(&self.snapshot, key) {
            Ok(accepted) => accepted,
            Err(Declined::Refused(refusal)) => {
                self.refused.push((key.clone(), refusal));
                return Ok(None);
            }
            Err(Declined::Skipped { object, reason, hint }) => {
                self.skipped.push(Skipped { object, reason, hint });
                return Ok(None);
            }
            Err(Declined::Absent) => return Ok(None),
        };
        let actual = self.account.observe(&accepted.scope()).await?;
        let facts = self.account.lookup(&accepted.needs(&actual.live())).await?;
        self.plans.push(pipeline::decide(&accepted, &facts, &actual));
        Ok(Some((accepted, facts)))
    }
}

/// The worker groups of a run's bindings, with the stack whose deletions close rules there.
type Groups = BTreeMap<SecurityGroupId, Option<Key>>;

/// Rules are closed when the bindings that needed them are gone: in the controller the objects tell, here the plan has to.
fn wait_for_bindings(plan: &mut Plan, stack: &Key) {
    let closes =
        |step: &Step| matches!(step, Step::Change(change) if change.call() == "ec2:RevokeSecurityGroupIngress");
    if let Some(at) = plan.steps.iter().position(closes) {
        let wait = Wait {
            reason: WaitFor::BindingGone,
            resource: None,
            entry: Some(stack.clone()),
            message: "the TargetGroupBindings that need these rules must be gone first".to_owned(),
        };
        plan.steps.insert(at, Step::Wait(wait));
    }
}

/// The worker groups whose rules a plan waits for, whether or not a binding still needs them.
fn rules_waited_for(plan: &Plan) -> impl Iterator<Item = SecurityGroupId> {
    plan.steps.iter().filter_map(|step| match step {
        Step::Wait(Wait { entry: Some(Key::Rules(group)), .. }) => Some(group.clone()),
        Step::Wait(_) | Step::Change(_) => None,
    })
}

fn waits_for(plan: &Plan, key: &Key) -> bool {
    plan.steps.iter().any(|step| matches!(step, Step::Wait(wait) if wait.entry.as_ref() == Some(key)))
}

impl Selection<'_> {
    fn in_namespace(&self, name: &ObjectName) -> bool {
        self.namespace.is_none_or(|namespace| name.namespace == namespace)
    }

    /// A name on the command line that nothing has is a slip worth telling.
    fn exists(&self, snapshot: &Snapshot) -> Result<(), RunError> {
        for named in self.names {
            let (kind, name) = match named {
                Named::Service(name) => ("Service", name),
                Named::Binding(name) => ("TargetGroupBinding", name),
            };
            let name = ObjectName::new(self.namespace.unwrap_or("default"), name.as_str());
            let there = match named {
                Named::Service(_) => snapshot.services.contains_key(&name),
                Named::Binding(_) => snapshot.bindings.contains_key(&name),
            };
            if !there {
                return Err(RunError::Absent { kind, name });
            }
        }
        Ok(())
    }

    fn names_service(&self, name: &ObjectName) -> bool {
        let namespace = self.namespace.unwrap_or("default");
        name.namespace == namespace && self.names.contains(&Named::Service(name.name.clone()))
    }

    fn takes_service(&self, name: &ObjectName) -> bool {
        if self.names.is_empty() { self.in_namespace(name) } else { self.names_service(name) }
    }

    /// A binding is planned with the stack that it belongs to, or when it is named itself.
    fn takes_binding(&self, name: &ObjectName, plans: &[Plan]) -> bool {
        if self.names.is_empty() {
            return self.in_namespace(name);
        }
        let namespace = self.namespace.unwrap_or("default");
        let of_stack = plans.iter().any(|plan| plan.bindings.iter().any(|binding| binding.name == *name));
        of_stack || name.namespace == namespace && self.names.contains(&Named::Binding(name.name.clone()))
    }
}

/// What ends a run without a plan.
#[derive(Debug, thiserror::Error)]
enum RunError {
    #[error("there is no {kind} {name}; -n gives another namespace")]
    Absent { kind: &'static str, name: ObjectName },
    #[error(transparent)]
    Aws(#[from] AwsError),
}

fn named(text: &str) -> Result<Named, String> {
    match text.split_once('/') {
        Some(("service" | "services" | "svc", name)) => Ok(Named::Service(name.to_owned())),
        Some(("binding" | "targetgroupbinding", name)) => Ok(Named::Binding(name.to_owned())),
        Some(("ingress" | "group", _)) => Err("Ingresses are not supported yet".to_owned()),
        _ => Err(format!("{text:?} is neither service/NAME nor binding/NAME")),
    }
}

fn fail_on(text: &str) -> Result<FailOn, String> {
    text.parse().map_err(|error: northgate_planner::id::UnknownValue| error.to_string())
}
