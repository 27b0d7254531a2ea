//! The exit code of a plan, for scripts.

use std::fmt;
use std::str::FromStr;

use super::{Document, Entry};
use crate::id::UnknownValue;
use crate::plan::{Action, Change, Impact, Outcome};

/// Something could not be read.
const UNREADABLE: u8 = 1;
/// With `--check`: there are changes.
const CHANGES: u8 = 3;
/// An object that was asked for is refused or set aside.
const REFUSED: u8 = 4;

/// What `--fail-on` lets count as a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FailOn {
    /// A resource is deleted.
    Delete,
    /// A change of brief impact.
    Brief,
    /// A change that is an outage.
    Outage,
    /// A change that destroys.
    Destroys,
}

impl FailOn {
    /// Every value that the flag takes.
    pub const ALL: &[Self] = &[Self::Delete, Self::Brief, Self::Outage, Self::Destroys];

    /// The value as the flag spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delete => "delete",
            Self::Brief => "brief",
            Self::Outage => "outage",
            Self::Destroys => "destroys",
        }
    }

    fn counts(self, change: &Change) -> bool {
        match self {
            Self::Delete => change.action() == Action::Delete,
            Self::Brief => change.impact == Impact::Brief,
            Self::Outage => change.impact == Impact::Outage,
            Self::Destroys => change.impact == Impact::Destroys,
        }
    }
}

impl fmt::Display for FailOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for FailOn {
    type Err = UnknownValue;

    fn from_str(text: &str) -> Result<Self, UnknownValue> {
        Self::ALL.iter().copied().find(|value| value.as_str() == text).ok_or_else(|| UnknownValue {
            value: text.to_owned(),
            allowed: Self::ALL.iter().map(|value| value.as_str()).collect(),
        })
    }
}

impl Document {
    /// The exit code: 1 before 4 before 3, else 0. (2, wrong usage, comes before any plan is made.)
    ///
    /// Changes count only with `check`, held ones too; with a `fail_on` that is not empty, only those it names.
    pub fn exit_code(&self, check: bool, fail_on: &[FailOn]) -> u8 {
        if !self.problems.is_empty() {
            UNREADABLE
        } else if self.entries.iter().any(Entry::is_refused_in_part) {
            REFUSED
        } else if check && self.entries.iter().any(|entry| entry.has_change_that_counts(fail_on)) {
            CHANGES
        } else {
            0
        }
    }
}

impl Entry {
    /// Whether an object of it is refused, or set aside while the others go on. A problem that names no object
    /// (a quota) is neither.
    fn is_refused_in_part(&self) -> bool {
        self.outcome == Outcome::Refused || self.problems.iter().any(|problem| problem.object.is_some())
    }

    fn has_change_that_counts(&self, fail_on: &[FailOn]) -> bool {
        let held = self.held.iter().map(|held| &held.change);
        self.changes().chain(held).any(|change| fail_on.is_empty() || fail_on.iter().any(|value| value.counts(change)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Document, fixture};
    use super::*;
    use crate::id::Key;
    use crate::plan::{Held, Plan, Step};
    use crate::problem::Problem;

    fn plan(impact: Impact) -> Plan {
        let steps = vec![fixture::with_impact(fixture::delete_listener(), impact)];
        Plan { steps, ..fixture::stack_plan("web") }
    }

    fn held(impact: Impact) -> Plan {
        let mut plan = plan(impact);
        for step in std::mem::take(&mut plan.steps) {
            if let Step::Change(change) = step {
                plan.held.push(Held { change, why: "it destroys".to_owned(), acknowledge: None });
            }
        }
        plan
    }

    fn document(plan: Plan) -> Document {
        fixture::document(vec![plan, Plan::empty(Key::Cluster, Vec::new())])
    }

    #[test]
    fn changes_count_only_when_checked() {
        assert_eq!(document(plan(Impact::None)).exit_code(false, &[]), 0);
        assert_eq!(document(plan(Impact::None)).exit_code(true, &[]), 3);
        assert_eq!(document(held(Impact::None)).exit_code(true, &[]), 3);
        assert_eq!(document(fixture::stack_plan("web")).exit_code(true, &[]), 0);
    }

    #[test]
    fn a_wait_is_no_change() {
        let wait = Step::Wait(fixture::wait(crate::plan::WaitFor::LoadBalancerActive, None, "it is being set up"));
        let waiting = Plan { steps: vec![wait], ..fixture::stack_plan("web") };
        assert_eq!(document(waiting).exit_code(true, &[]), 0);
    }

    #[test]
    fn fail_on_narrows_what_counts() {
        let deletes = document(plan(Impact::Brief));
        assert_eq!(deletes.exit_code(true, &[FailOn::Delete]), 3);
        assert_eq!(deletes.exit_code(true, &[FailOn::Brief]), 3);
        assert_eq!(deletes.exit_code(true, &[FailOn::Outage]), 0);
        assert_eq!(deletes.exit_code(true, &[FailOn::Outage, FailOn::Delete]), 3);
        assert_eq!(deletes.exit_code(false, &[FailOn::Delete]), 0);
        assert_eq!(document(held(Impact::Destroys)).exit_code(true, &[FailOn::Destroys]), 3);
        let creates = fixture::document(fixture::first_service());
        assert_eq!(creates.exit_code(true, FailOn::ALL), 0);
    }

    #[test]
    fn a_refusal_comes_before_changes_and_what_is_unreadable_before_a_refusal() {
        let mut document = fixture::refused();
        assert_eq!(document.exit_code(false, &[]), 4);
        document.entries.extend(super::tests::document(plan(Impact::None)).entries);
        assert_eq!(document.exit_code(true, &[]), 4);
        document.problems.push(Problem::general("not YAML"));
        assert_eq!(document.exit_code(true, &[]), 1);
    }

    #[test]
    fn a_problem_is_a_refusal_when_it_names_the_object_that_is_set_aside() {
        let object = fixture::stack_plan("web").objects.remove(0);
        let with = |problem| document(Plan { problems: vec![problem], ..fixture::stack_plan("web") });
        assert_eq!(with(Problem::of(object, "set aside")).exit_code(false, &[]), 4);
        assert_eq!(with(Problem::general("a quota is reached")).exit_code(false, &[]), 0);
    }

    #[test]
    fn every_value_of_the_flag_is_read_back() {
        for value in FailOn::ALL {
            assert_eq!(value.to_string().parse(), Ok(*value));
        }
        let error = "replace".parse::<FailOn>().unwrap_err();
        assert_eq!(error.to_string(), "\"replace\" is none of delete, brief, outage, destroys");
    }
}
