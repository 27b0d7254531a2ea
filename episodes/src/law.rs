//! The law of the plan: what is printed beforehand is what is done, call for call.

use std::collections::{BTreeMap, BTreeSet};

use northgate::cli::plan_of_cluster;
use northgate_planner::plan::{Document, Step};

use crate::gate::Gate;
use crate::stage::Stage;
use crate::trace::Outcome;

/// How often each write is made, by its name.
pub(crate) type Writes = BTreeMap<String, u32>;

/// What `northgate plan` prints now; `None`: not everything that it prints is to be done without further ado.
pub(crate) async fn printed(stage: &Stage) -> Result<Option<Writes>, String> {
    let (account, settings) = stage.read_only_account();
    let document = plan_of_cluster(&stage.client(), account, settings).await.map_err(|error| error.to_string())?;
    Ok(is_free(&document).then(|| count(&document)))
}

fn is_free(document: &Document) -> bool {
    document.entries.iter().all(|entry| entry.held.is_empty())
}

fn count(document: &Document) -> Writes {
    let steps = document.entries.iter().flat_map(|entry| &entry.steps);
    tally(steps.filter_map(|step| match step {
        Step::Change(change) => Some(change.call()),
        Step::Wait(_) => None,
    }))
}

/// What was done from this call on.
pub(crate) fn done(gate: &Gate, from: u64) -> Writes {
    let done = gate.writes_after(from).into_iter().filter(|line| line.outcome == Outcome::Answered("ok".to_owned()));
    tally(done.filter_map(|line| line.call).map(|call| match call.action() {
        "" => format!("kubernetes:{}", call.operation),
        _ => call.operation,
    }))
}

fn tally(calls: impl Iterator<Item = String>) -> Writes {
    let mut writes = Writes::new();
    for call in calls.filter(|call| is_subject(call)) {
        *writes.entry(call).or_default() += 1;
    }
    writes
}

/// Finalizers and statuses are bookkeeping, not steps; a patch of a TargetGroupBinding may be either.
fn is_subject(call: &str) -> bool {
    !call.starts_with("kubernetes:")
        || ["kubernetes:create targetgroupbindings", "kubernetes:delete targetgroupbindings"].contains(&call)
}

/// Where both differ, a line each.
pub(crate) fn differences(printed: &Writes, done: &Writes) -> Vec<String> {
    let calls = printed.keys().chain(done.keys()).collect::<BTreeSet<_>>();
    let count = |writes: &Writes, call: &String| writes.get(call).copied().unwrap_or_default();
    let differ = calls.into_iter().filter(|call| count(printed, call) != count(done, call));
    let told = differ.map(|call| {
        format!("the law of the plan: {call} was printed {} times and made {}", count(printed, call), count(done, call))
    });
    told.collect()
}
