//! How soon targets that come and go are registered and deregistered where calls go wrong (L4): measured in each episode, judged
//! over all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::agreement;
use crate::call::Call;
use crate::declared::{Declared, Purpose, Target, address_of, instance_of};
use crate::gate::Gate;
use crate::stage::Stage;
use crate::view::purpose;
use crate::workload::{Event, Workload};

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
    pub(crate) fn measured(self, workload: &Workload, gate: &Gate) -> Vec<Duration> {
        if workload.events.iter().any(|(_, event)| is_hindrance(event)) {
            return Vec::new();
        }
        let trace = gate.trace();
        let calls = trace.lines().iter().filter_map(|line| Some((line.at, line.call.as_ref()?)));
        let calls = calls.filter(|(_, call)| ["RegisterTargets", "DeregisterTargets"].contains(&call.action()));
        let calls = calls.collect::<Vec<_>>();
        let asked = |change: &Change| {
            let mut after = calls.iter().filter(|(at, call)| *at >= change.at && is_about(call, change));
            let at = after.next()?.0;
            let again = |other: &Change| {
                other.at > change.at
                    && other.at <= at
                    && (&other.group, &other.target) == (&change.group, &change.target)
            };
            (!self.changes.iter().any(again)).then(|| at - change.at)
        };
        self.changes.iter().filter_map(asked).collect()
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
