//! A plan as JSON for programs; the text is rendered from the same value.

mod entry_order;
mod exit_code;
#[cfg(test)]
pub(in crate::plan) mod fixture;
mod step;
mod summary;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

pub use self::exit_code::FailOn;
pub use self::summary::Summary;
use super::{Change, Held, Outcome, Plan, Step};
use crate::id::{AccountId, ClusterName, Key, ObjectRef, Region, StackId, VpcId};
use crate::problem::{Problem, Refusal};

/// Everything one run of `northgate plan` has to say. Its JSON is a promise: members are added, never renamed.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Document {
    /// The version of this format: 1.
    pub format_version: u32,
    /// What was planned for.
    #[serde(flatten)]
    pub header: Header,
    /// The plans, in the order of their first steps.
    pub entries: Vec<Entry>,
    /// Objects that could be ours and are not, in the order of their names.
    pub skipped: Vec<Skipped>,
    /// How many objects of each kind were given and are none of ours.
    pub ignored: BTreeMap<String, usize>,
    /// What belongs to no entry: something could not be read.
    pub problems: Vec<Problem>,
    /// The counts.
    pub summary: Summary,
}

/// What was planned for, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Header {
    /// The cluster.
    pub cluster: ClusterName,
    /// The account; `null` where nobody said.
    pub account: Option<AccountId>,
    /// The Region.
    pub region: Region,
    /// The cluster's VPC.
    pub vpc: VpcId,
    /// The time the plan was made at.
    #[serde(serialize_with = "rfc3339")]
    pub now: Timestamp,
}

/// The plan of one key.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Entry {
    /// What is planned.
    pub key: Key,
    /// The stack that a generated binding belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<StackId>,
    /// The objects it is planned for.
    pub objects: Vec<ObjectRef>,
    /// Where the plan leaves the key.
    pub outcome: Outcome,
    /// Whether the files name only a part of the stack.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub partial: bool,
    /// Changes and waits, in order.
    pub steps: Vec<Step>,
    /// Changes that need an acknowledgement first.
    pub held: Vec<Held>,
    /// What is odd but does no harm.
    pub warnings: Vec<Problem>,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// The way of a request, one line per port; in the text only.
    #[serde(skip)]
    pub routes: Vec<String>,
    /// Whether anything is wanted; in the counts and the text only.
    #[serde(skip)]
    pub wanted: bool,
}

/// An object that could be ours and is not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Skipped {
    /// The object.
    pub object: ObjectRef,
    /// Why.
    pub reason: String,
    /// The line that would make it ours, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Document {
    /// Joins the plans of one run, in whatever order they were made.
    pub fn new(
        header: Header,
        plans: Vec<Plan>,
        refused: Vec<(Key, Refusal)>,
        mut skipped: Vec<Skipped>,
        ignored: BTreeMap<String, usize>,
        problems: Vec<Problem>,
    ) -> Self {
        let planned = plans.into_iter().map(Entry::from);
        let entries = planned.chain(refused.into_iter().map(Entry::from)).collect();
        let entries = entry_order::by_first_step(entries);
        skipped.sort();
        let summary = Summary::of(&entries);
        Self { format_version: 1, header, entries, skipped, ignored, problems, summary }
    }

    /// The JSON, indented, with a line end.
    pub fn to_json(&self) -> String {
        let mut json = serde_json::to_string_pretty(self).expect("every map of a document has text keys");
        json.push('\n');
        json
    }
}

impl Entry {
    /// The changes that will be made, in order.
    pub fn changes(&self) -> impl Iterator<Item = &Change> {
        self.steps.iter().filter_map(|step| match step {
            Step::Change(change) => Some(change),
            Step::Wait(_) => None,
        })
    }
}

impl From<Plan> for Entry {
    fn from(plan: Plan) -> Self {
        let outcome = plan.outcome();
        let Plan {
            key,
            objects,
            // Finalizers are bookkeeping, not steps.
            holding: _,
            leaving: _,
            of,
            wanted,
            steps,
            held,
            // No change.
            kept: _,
            problems,
            warnings,
            bindings: _,
            routes,
            partial,
            refused: _,
        } = plan;
        Self { key, of, objects, outcome, partial, steps, held, warnings, problems, routes, wanted }
    }
}

impl From<(Key, Refusal)> for Entry {
    fn from((key, refusal): (Key, Refusal)) -> Self {
        let objects = refusal.objects();
        let Refusal { object: _, problems, warnings } = refusal;
        let plan = Plan { problems, warnings, refused: true, ..Plan::empty(key, objects) };
        Self::from(plan)
    }
}

fn rfc3339<S: serde::Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(time)
}
