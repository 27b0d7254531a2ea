//! How far stacks are with what their objects ask for, and how long new objects wait for a host name: for those who watch over
//! the controller, not for its decisions.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use northgate_planner::id::{Key, ObjectRef, StackId};
use northgate_planner::plan::Plan;
use tokio::time::Instant;

use super::apply::Applied;

/// How far a stack is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Everything is as it was asked for.
    Ready,
    /// Something takes its time.
    Waiting,
    /// A change is held back until somebody agrees.
    Held,
    /// Of a group, some objects cannot be used as written; the others are.
    SetAside,
    /// Nothing of it can be used as written.
    Refused,
    /// The last pass failed, and is tried again.
    Failed,
}

impl Standing {
    /// Each of them, in the order in which somebody should look.
    pub(crate) const WORST_FIRST: [Self; 6] =
        [Self::Failed, Self::Refused, Self::SetAside, Self::Held, Self::Waiting, Self::Ready];

    /// As metrics spell it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Waiting => "waiting",
            Self::Held => "held",
            Self::SetAside => "set_aside",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }

    /// After a pass that went as far as it could; `None`: nothing is asked for, and nothing is left.
    pub(super) fn after(plan: &Plan, applied: &Applied) -> Option<Self> {
        let is_done = applied.reached == plan.steps.len();
        match () {
            () if plan.refused => Some(Self::Refused),
            () if !plan.held.is_empty() => Some(Self::Held),
            () if applied.error.is_some() => Some(Self::Failed),
            () if !is_done => Some(Self::Waiting),
            () if !plan.wanted => None,
            () if !plan.problems.is_empty() => Some(Self::SetAside),
            () => Some(Self::Ready),
        }
    }
}

/// The standing of every stack that was looked at, and since when new objects wait for a host name.
#[derive(Debug, Default)]
pub(crate) struct Standings {
    stacks: Mutex<BTreeMap<StackId, Standing>>,
    new: Mutex<BTreeMap<ObjectRef, Instant>>,
}

impl Standings {
    /// Notes how far a stack is; `None`: there is nothing left of it. Other keys have no standing.
    pub(crate) fn set(&self, key: &Key, standing: Option<Standing>) {
        let Key::Stack(id) = key else { return };
        let mut stacks = lock(&self.stacks);
        match standing {
            Some(standing) => stacks.insert(id.clone(), standing),
            None => stacks.remove(id),
        };
    }

    /// How far each stack is.
    pub(crate) fn get(&self) -> BTreeMap<StackId, Standing> {
        lock(&self.stacks).clone()
    }

    /// Notes that an object is new and will want a host name.
    pub(crate) fn is_new(&self, object: ObjectRef) {
        lock(&self.new).entry(object).or_insert_with(Instant::now);
    }

    /// Notes that an object has its host name, or is gone. Gives how long it waited, if it was new.
    pub(crate) fn is_served(&self, object: &ObjectRef) -> Option<Duration> {
        lock(&self.new).remove(object).map(|since| since.elapsed())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no thread panics while it holds the standings")
}

#[cfg(test)]
mod tests {
    use northgate_planner::id::ObjectName;
    use northgate_planner::plan::{Step, Wait, WaitFor};
    use northgate_planner::problem::Problem;

    use super::*;

    #[test]
    fn what_needs_somebody_comes_before_what_needs_time() {
        let key = Key::Stack(StackId::Service(ObjectName::new("default", "web")));
        let wait = Wait { reason: WaitFor::TargetsHealthy, resource: None, entry: None, message: String::new() };
        let plan = Plan { wanted: true, ..Plan::empty(key, Vec::new()) };
        let waiting = Plan { steps: vec![Step::Wait(wait)], ..plan.clone() };
        let with_problem = |plan: &Plan| Plan { problems: vec![Problem::general("no such Service")], ..plan.clone() };
        let standing = |plan: &Plan| Standing::after(plan, &Applied::default());
        assert_eq!(standing(&plan), Some(Standing::Ready));
        assert_eq!(standing(&waiting), Some(Standing::Waiting));
        assert_eq!(standing(&with_problem(&plan)), Some(Standing::SetAside));
        assert_eq!(standing(&Plan { refused: true, ..with_problem(&waiting) }), Some(Standing::Refused));
        assert_eq!(standing(&Plan { wanted: false, ..plan.clone() }), None);
        assert_eq!(standing(&Plan { wanted: false, ..waiting }), Some(Standing::Waiting));
        let failed = Applied { error: Some(super::super::error::Error::Stopping), ..Applied::default() };
        assert_eq!(Standing::after(&plan, &failed), Some(Standing::Failed));
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_object_waits_once() {
        let standings = Standings::default();
        let web = ObjectRef::new("Service", &ObjectName::new("default", "web"));
        standings.is_new(web.clone());
        tokio::time::advance(Duration::from_secs(90)).await;
        assert_eq!(standings.is_served(&web), Some(Duration::from_secs(90)));
        assert_eq!(standings.is_served(&web), None);
    }
}
