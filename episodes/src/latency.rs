//! How soon targets that come and go are registered and deregistered where calls go wrong (L4): measured in each episode, judged
//! over all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use crate::agreement;
use crate::call::Call;
use crate::declared::{Declared, Purpose, Target, address_of, instance_of};
use crate::episode::RESTART;
use crate::fault::Fault;
use crate::gate::{Gate, HANG};
use crate::stage::Stage;
use crate::trace::{Outcome, Trace};
use crate::view::purpose;
use crate::workload::{Event, Workload};

/// How long it took until a target was asked to be registered or deregistered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Latency {
    /// The time.
    pub(crate) took: Duration,
    /// What was to be done, and when that was.
    pub(crate) what: String,
}

/// What was to be done, and since when.
#[derive(Debug, Default)]
pub(crate) struct Latencies {
    settled: BTreeMap<Purpose, (String, BTreeSet<Target>)>,
    changes: Vec<Change>,
}

#[derive(Debug)]
struct Change {
    at: Duration,
    group: String,
    target: Target,
    register: bool,
}

impl Latencies {
    /// Looks at what there is before an event.
    pub(crate) async fn before(&mut self, event: &Event, stage: &Stage) {
        self.settled.clear();
        if !matches!(event, Event::Pods(..) | Event::NodeJoins(_) | Event::NodeLeaves(_)) {
            return;
        }
        let view = stage.observe().await;
        let arns = view.target_groups.iter().filter_map(|(arn, group)| Some((purpose(&group.tags)?, arn.clone())));
        let arns = arns.collect::<BTreeMap<_, _>>();
        for (purpose, (registered, wanted)) in agreement::targets(&view, stage.declared()) {
            if let (true, Some(arn)) = (registered == wanted, arns.get(&purpose)) {
                self.settled.insert(purpose, (arn.clone(), wanted));
            }
        }
    }

    /// Notes what is to be done after it. What is taken away and still there may stay until others serve: nobody waits for it.
    pub(crate) fn after(&mut self, gate: &Gate, stage: &Stage) {
        let (at, declared) = (gate.elapsed(), stage.declared());
        for (purpose, (group, before)) in std::mem::take(&mut self.settled) {
            let wanted = declared.targets(&purpose);
            let change =
                |target: &Target, register| Change { at, group: group.clone(), target: target.clone(), register };
            self.changes.extend(wanted.difference(&before).map(|target| change(target, true)));
            let gone = before.difference(&wanted).filter(|(id, _)| !exists(declared, id));
            self.changes.extend(gone.map(|target| change(target, false)));
        }
    }

    /// The time until each was asked for in AWS; without those that something else came before, and without any where nothing
    /// could be done for a while.
    pub(crate) fn measured(self, workload: &Workload, gate: &Gate) -> Vec<Latency> {
        if workload.events.iter().any(|(_, event)| is_hindrance(event)) {
            return Vec::new();
        }
        let trace = gate.trace();
        let calls = trace.lines().iter().filter_map(|line| Some((line.at, line.call.as_ref()?)));
        let calls = calls.filter(|(_, call)| ["RegisterTargets", "DeregisterTargets"].contains(&call.action()));
        let calls = calls.collect::<Vec<_>>();
        let silences = Silences::of(&trace);
        let asked = |change: &Change| {
            let mut after = calls.iter().filter(|(at, call)| *at >= change.at && is_about(call, change));
            let at = after.next()?.0;
            let again = |other: &Change| {
                other.at > change.at
                    && other.at <= at
                    && (&other.group, &other.target) == (&change.group, &change.target)
            };
            let is_measured = !self.changes.iter().any(again) && !silences.hung(change.at, at);
            let took = at.saturating_sub(silences.runs_since(change.at, at));
            is_measured.then(|| Latency { took, what: change.to_string() })
        };
        self.changes.iter().filter_map(asked).collect()
    }
}

/// When the program could do nothing.
struct Silences {
    /// When calls began to hang.
    hangs: Vec<Duration>,
    /// When the program died.
    deaths: Vec<Duration>,
}

impl Silences {
    fn of(trace: &Trace) -> Self {
        let (mut hangs, mut deaths) = (BTreeMap::new(), Vec::new());
        for line in trace.lines() {
            match (&line.outcome, line.number) {
                // Its end is told too.
                (Outcome::Broken(Fault::Hang, _), Some(number)) => _ = hangs.entry(number).or_insert(line.at),
                (Outcome::Broken(Fault::CrashBefore | Fault::CrashAfter, _), _) => deaths.push(line.at),
                _ => {}
            }
        }
        Self { hangs: hangs.into_values().collect(), deaths }
    }

    /// Whether a call hung meanwhile: nobody can tell sooner that nothing comes back than he gives it up.
    fn hung(&self, from: Duration, to: Duration) -> bool {
        self.hangs.iter().any(|began| *began <= to && *began + HANG >= from)
    }

    /// Since when, from then on, the program runs that is there in the end: how soon a dead one is started again is not its own
    /// doing.
    fn runs_since(&self, from: Duration, to: Duration) -> Duration {
        let deaths = self.deaths.iter().filter(|died| **died <= to).map(|died| *died + RESTART);
        deaths.fold(from, Duration::max).min(to)
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, group, target: (id, port), register } = self;
        let action = if *register { "registered with" } else { "deregistered from" };
        write!(f, "{id}:{port} is to be {action} {group} at {:.3}s", at.as_secs_f64())
    }
}

fn is_about(call: &Call, change: &Change) -> bool {
    let action = if change.register { "RegisterTargets" } else { "DeregisterTargets" };
    let (id, port) = (change.target.0.as_str(), change.target.1.to_string());
    let is_it =
        |target: &BTreeMap<&str, &str>| target.get("Id") == Some(&id) && target.get("Port") == Some(&port.as_str());
    call.action() == action
        && call.member("TargetGroupArn") == Some(change.group.as_str())
        && call.list("Targets").iter().any(is_it)
}

fn exists(declared: &Declared, id: &str) -> bool {
    declared.nodes.iter().any(|node| instance_of(*node) == id)
        || declared.pods().into_iter().any(|pod| address_of(pod).to_string() == id)
}

fn is_hindrance(event: &Event) -> bool {
    use Event::{CredentialsExpire, Denied, NeverHealthy, Paused};
    matches!(event, Denied(_) | CredentialsExpire(_) | NeverHealthy(_) | Paused(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_time_counts_in_which_the_program_runs_and_is_answered() {
        let second = Duration::from_secs;
        let silences = Silences { hangs: vec![second(100)], deaths: vec![second(10), second(13)] };
        assert_eq!(silences.runs_since(second(9), second(16)), second(15));
        assert_eq!(silences.runs_since(second(9), second(12)), second(12), "what the dead one did is in time");
        assert_eq!(silences.runs_since(second(50), second(51)), second(50));
        assert!(silences.hung(second(99), second(101)) && silences.hung(second(160), second(161)));
        assert!(!silences.hung(second(98), second(99)) && !silences.hung(second(161), second(162)));
    }
}
