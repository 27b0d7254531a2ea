//! What people are told of a pass: events on objects, and log lines.

use std::collections::BTreeSet;
use std::time::Duration;

use northgate_planner::id::{Key, ObjectRef};
use northgate_planner::plan::{Held, Plan};
use northgate_planner::problem::{Declined, Problem, Refusal};
use tracing::{debug, info, warn};

use super::Next;
use super::apply::Applied;
use super::error::{Error, Retry};
use super::standing::Standing;
use super::world::{Account, World};
use crate::cluster::{Severity, is_load_balancer};

/// Failures in a row before one that is worth another try soon is told on the object: most are over by then.
pub(super) const PATIENCE: u32 = 3;

/// The kind by which messages name a group of Ingresses. No object is of it.
const GROUP: &str = "IngressGroup";

/// When a Service that another cloud controller takes is looked at again; that costs no call.
const SKIPPED: Duration = Duration::from_secs(60);

/// Tells why a key got no plan.
pub(super) fn declined<A: Account>(world: &World<A>, declined: &Declined) -> Next {
    match declined {
        Declined::Refused(refusal) => {
            refused(world, refusal);
            // Until it is edited; the resync only tells it again.
            Next::Resync
        }
        Declined::Skipped { object, reason, hint } => {
            let Some(hint) = hint.as_ref().filter(|_| asks_for_a_load_balancer(world, object)) else {
                return if object.kind() == "Ingress" { Next::Never } else { Next::Resync };
            };
            // In a cluster with another cloud controller these are many; each is told once.
            if world.is_news(object, reason) {
                world.cluster.say(object, Severity::Normal, "Skipped", format!("skipped: {reason}\nhint: {hint}"));
            }
            match object.kind() {
                // That other one may go, and tells nobody.
                "Service" => Next::After(SKIPPED),
                // The watch tells of classes.
                _ => Next::Never,
            }
        }
        Declined::Absent => Next::Never,
    }
}

/// Tells what a plan holds back, warns of and cannot do, and how far the pass came with it.
pub(super) fn plan<A: Account>(world: &World<A>, plan: &Plan, applied: &Applied) {
    if applied.error.is_none() {
        world.standings.set(&plan.key, Standing::after(plan, applied));
    }
    for problem in &plan.problems {
        say(world, plan, problem.object.as_ref(), Severity::Warning, problem_reason(&plan.key), problem.to_string());
    }
    for (peer, note) in notes_to_peers(plan) {
        world.cluster.say(peer, Severity::Normal, "PeerSetAside", note);
    }
    for warning in &plan.warnings {
        say(world, plan, warning.object.as_ref(), Severity::Warning, "ConfigurationWarning", warning.to_string());
    }
    for held in &plan.held {
        info!(entry = %plan.key, call = held.change.call(), "held: {}", held.why);
        say(world, plan, None, Severity::Warning, "ChangeHeld", held_note(held));
    }
    let changes = applied.changes(plan).count();
    if let Some(wait) = &applied.stopped_at {
        info!(entry = %plan.key, changes, "waiting: {}", wait.message);
        say(world, plan, None, Severity::Normal, "Waiting", wait.message.clone());
    } else if applied.error.is_none() && changes > 0 && plan.wanted {
        info!(entry = %plan.key, changes, "reconciled");
        say(world, plan, None, Severity::Normal, RECONCILED, "Successfully reconciled".to_owned());
    }
}

/// The reason of the event that says that all is done.
pub(super) const RECONCILED: &str = "SuccessfullyReconciled";

/// Tells that a pass failed, `failures` times in a row now.
pub(super) fn failed<A: Account>(world: &World<A>, key: &Key, error: &Error, failures: u32) {
    let chain = crate::error_chain::one_line(error);
    if error.is_wait() || is_told(error, failures) {
        let standing = if error.is_wait() { Standing::Waiting } else { Standing::Failed };
        world.standings.set(key, Some(standing));
    }
    if error.is_unreachable() {
        // Every key fails for the same reason: the log needs it once.
        if world.reach.is_news() {
            warn!(failures, "AWS cannot be reached; all that needs it waits: {chain}");
        } else {
            debug!(failures, "failed: {chain}");
        }
    } else if error.is_wait() {
        info!(failures, "waiting: {chain}");
    } else if is_told(error, failures) {
        warn!(failures, "failed: {chain}");
    } else {
        info!(failures, "failed, and tried again: {chain}");
    }
    if !is_told(error, failures) {
        return;
    }
    for object in world.cluster.objects(key) {
        if error.is_wait() {
            world.cluster.say(&object, Severity::Normal, "Waiting", error.note());
        } else {
            let wanted = !world.cluster.is_going(&object);
            world.cluster.say(&object, Severity::Warning, reason(key, wanted, error), error.note());
        }
    }
}

/// Those of a group that go on are told which one does not: its own events say why.
fn notes_to_peers(plan: &Plan) -> Vec<(&ObjectRef, String)> {
    if plan.refused || !matches!(plan.key, Key::Stack(_)) {
        return Vec::new();
    }
    let culprits = plan.problems.iter().filter_map(|problem| problem.object.as_ref());
    let culprits = culprits.filter(|object| plan.objects.contains(object) && !plan.holding.contains(object));
    let culprits = culprits.map(ObjectRef::to_string).collect::<BTreeSet<_>>();
    if culprits.is_empty() {
        return Vec::new();
    }
    let names = culprits.into_iter().collect::<Vec<_>>().join(", ");
    let note = format!("of the same group {names} cannot be used as written, and is set aside: see the events there");
    plan.holding.iter().map(|peer| (peer, note.clone())).collect()
}

/// The reason of the event, or condition, that tells a failure: LBC's, where it has one.
pub(super) fn reason(key: &Key, wanted: bool, error: &Error) -> &'static str {
    match (key, error) {
        (_, Error::Hold(_)) => "FailedAddFinalizer",
        (_, Error::Release(_)) => "FailedRemoveFinalizer",
        (_, Error::Status(_)) => "FailedUpdateStatus",
        (Key::Binding(_), Error::Entry { .. }) => "FailedNetworkReconcile",
        _ if !wanted => "FailedCleanup",
        (Key::Binding(_), _) => "FailedReconcile",
        (_, Error::Read(_)) => "FailedBuildModel",
        _ => "FailedDeployModel",
    }
}

fn refused<A: Account>(world: &World<A>, refusal: &Refusal) {
    let Refusal { object, problems, warnings } = refusal;
    info!(%object, problems = problems.len(), "refused until it is edited");
    for (severity, reason, list) in
        [(Severity::Warning, refusal_reason(object), problems), (Severity::Warning, "ConfigurationWarning", warnings)]
    {
        for problem in list {
            world.cluster.say(problem.object.as_ref().unwrap_or(object), severity, reason, problem.to_string());
        }
    }
}

fn say<A: Account>(
    world: &World<A>,
    plan: &Plan,
    object: Option<&ObjectRef>,
    severity: Severity,
    reason: &'static str,
    note: String,
) {
    let concerned = match object.filter(|object| object.kind() != GROUP) {
        Some(object) => std::slice::from_ref(object),
        // What concerns a whole group is said on each that goes on, or else on all.
        None if plan.holding.is_empty() => &plan.objects,
        None => &plan.holding,
    };
    for object in concerned {
        world.cluster.say(object, severity, reason, note.clone());
    }
    // The rules of a security group and what the cluster shares have no object: the log is the place.
    if concerned.is_empty() && severity == Severity::Warning {
        warn!(reason, "{note}");
    }
}

fn refusal_reason(object: &ObjectRef) -> &'static str {
    if object.kind() == "TargetGroupBinding" { "FailedReconcile" } else { "FailedBuildModel" }
}

fn problem_reason(key: &Key) -> &'static str {
    match key {
        Key::Stack(_) | Key::Cluster => "FailedBuildModel",
        Key::Binding(_) | Key::Rules(_) => "FailedReconcile",
    }
}

fn held_note(held: &Held) -> String {
    let Held { change, why, acknowledge } = held;
    let note = format!("{} {} is held: {why}", change.call(), change.resource.key);
    match acknowledge {
        Some(acknowledge) => format!("{note}\nhint: annotate the object with {acknowledge}"),
        None => note,
    }
}

/// Trouble that passes by itself is told when it stays; a throttle is never the object's fault.
fn is_told(error: &Error, failures: u32) -> bool {
    match error.retry() {
        Retry::Soon => failures >= PATIENCE,
        Retry::After(_) => false,
        Retry::Seldom => true,
    }
}

fn asks_for_a_load_balancer<A: Account>(world: &World<A>, object: &ObjectRef) -> bool {
    let caches = world.cluster.caches();
    match object.kind() {
        "Service" => caches.services.get(object.name()).is_some_and(|service| is_load_balancer(&service)),
        _ => true,
    }
}

/// A problem of a load balancer that could not be set up.
pub(super) fn not_set_up(reason: &str) -> Problem {
    Problem::general(format!("AWS could not set up the load balancer: {reason}"))
        .hint("it is looked at again; if this stays, delete the object and apply it again")
}
