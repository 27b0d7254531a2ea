//! Events: what a person sees under `kubectl describe`. Best effort: an event that cannot be written never fails a pass.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Client};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tracing::{debug, warn};

use super::clock::Clock;
use super::error::{Error, ask};

/// Who says it: `events.k8s.io` asks for a name that is ours.
const CONTROLLER: &str = "northgate.dev/controller";
/// Events that wait to be written; more than that are dropped rather than held.
const WAITING: usize = 1024;
/// The longest note in bytes (`events.k8s.io/v1`).
const LONGEST_NOTE: usize = 1024;
/// How often the same event is written again; in between it is only counted.
const AGAIN_AFTER: Duration = Duration::from_secs(300);
/// How long the API server keeps an event that is not written again (its `--event-ttl`).
const KEPT_FOR: Duration = Duration::from_secs(3600);

/// How much attention an event asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    /// Things go as they should.
    Normal,
    /// Somebody should look.
    Warning,
}

impl Severity {
    fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "Normal",
            Self::Warning => "Warning",
        }
    }
}

/// One thing to say about one object.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Said {
    pub(super) about: ObjectReference,
    pub(super) severity: Severity,
    pub(super) reason: &'static str,
    pub(super) note: String,
}

/// The way to the writer of events.
#[derive(Debug, Clone)]
pub(super) struct Sender(mpsc::Sender<Said>);

impl Sender {
    pub(super) fn send(&self, said: Said) {
        if let Err(error) = self.0.try_send(said) {
            debug!("an event is dropped: {error}");
        }
    }
}

/// Writes events one after the other, so that no pass waits for one.
///
/// Not kube's recorder: that one counts two events with different messages as one, and forgets everything at a restart.
/// Here the event's name is made of what it says, so the same thing said again is the same object.
pub(super) struct Writer {
    client: Client,
    instance: String,
    clock: Clock,
    waiting: mpsc::Receiver<Said>,
    written: BTreeMap<String, Written>,
}

#[derive(Debug, Clone, Copy)]
struct Written {
    at: Instant,
    count: i32,
}

/// A sender and its writer; `instance` names this process, `northgate-6d4b9…`.
pub(super) fn channel(client: Client, instance: String, clock: Clock) -> (Sender, Writer) {
    let (sender, waiting) = mpsc::channel(WAITING);
    (Sender(sender), Writer { client, instance, clock, waiting, written: BTreeMap::new() })
}

impl Writer {
    /// Writes until every sender is gone.
    pub(super) async fn run(mut self) {
        while let Some(said) = self.waiting.recv().await {
            self.written.retain(|_, written| written.at.elapsed() < KEPT_FOR);
            if let Err(error) = self.write(&said).await {
                let error = crate::error_chain::one_line(&error);
                warn!(reason = said.reason, "an event is lost: {error}");
            }
        }
    }

    async fn write(&mut self, said: &Said) -> Result<(), Error> {
        let name = name(said);
        let api: Api<Event> =
            Api::namespaced(self.client.clone(), said.about.namespace.as_deref().unwrap_or("default"));
        if let Some(written) = self.written.get_mut(&name) {
            written.count += 1;
            let Written { at, count } = *written;
            if at.elapsed() < AGAIN_AFTER || self.count(&api, &name, count).await? {
                return Ok(());
            }
        }
        let event = event(said, &name, &self.instance, self.clock.now());
        let created = ask(|| format!("create Event/{name}"), api.create(&PostParams::default(), &event)).await;
        match created {
            Err(there) if there.is_already_exists() => {
                // From before a restart; how often it was said then is not known.
                self.count(&api, &name, 2).await?;
            }
            created => {
                created?;
                self.written.insert(name, Written { at: Instant::now(), count: 1 });
            }
        }
        Ok(())
    }

    /// Says once more what an event says; `false`: the event has run out meanwhile.
    async fn count(&mut self, api: &Api<Event>, name: &str, count: i32) -> Result<bool, Error> {
        let series = json!({ "series": { "count": count, "lastObservedTime": MicroTime(self.clock.now()) } });
        let what = || format!("patch Event/{name}");
        match ask(what, api.patch(name, &PatchParams::default(), &Patch::Merge(&series))).await {
            Err(gone) if gone.is_not_found() => {
                self.written.remove(name);
                Ok(false)
            }
            patched => {
                patched?;
                self.written.insert(name.to_owned(), Written { at: Instant::now(), count });
                Ok(true)
            }
        }
    }
}

/// The name of an event: the object's, and a hash of everything that is said.
fn name(said: &Said) -> String {
    let Said { about, severity, reason, note } = said;
    let mut hash = Sha256::new();
    for part in [about.kind.as_deref(), about.uid.as_deref(), Some(severity.as_str()), Some(reason), Some(note)] {
        hash.update(part.unwrap_or_default());
        hash.update([0]);
    }
    let hash: String = hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("{}.{hash}", about.name.as_deref().unwrap_or_default())
}

fn event(said: &Said, name: &str, instance: &str, now: Timestamp) -> Event {
    let Said { about, severity, reason, note } = said;
    Event {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            namespace: about.namespace.clone(),
            ..ObjectMeta::default()
        },
        regarding: Some(about.clone()),
        type_: Some(severity.as_str().to_owned()),
        reason: Some((*reason).to_owned()),
        note: Some(shorten(note, LONGEST_NOTE)),
        // What a machine reads of it; there is one thing that we do.
        action: Some("Reconcile".to_owned()),
        event_time: Some(MicroTime(now)),
        reporting_controller: Some(CONTROLLER.to_owned()),
        reporting_instance: Some(instance.to_owned()),
        ..Event::default()
    }
}

/// Cuts a text to at most `longest` bytes.
pub(super) fn shorten(text: &str, longest: usize) -> String {
    if text.len() <= longest {
        return text.to_owned();
    }
    const CUT: &str = " …";
    let mut end = longest - CUT.len();
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{CUT}", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(note: &str) -> Said {
        Said {
            about: ObjectReference {
                kind: Some("Service".to_owned()),
                name: Some("web".to_owned()),
                namespace: Some("default".to_owned()),
                uid: Some("u-1".to_owned()),
                ..ObjectReference::default()
            },
            severity: Severity::Warning,
            reason: "FailedBuildModel",
            note: note.to_owned(),
        }
    }

    #[test]
    fn the_same_said_again_is_the_same_event() {
        assert_eq!(name(&said("no subnet")), name(&said("no subnet")));
        assert_ne!(name(&said("no subnet")), name(&said("no zone")));
        assert_ne!(name(&said("no subnet")), name(&Said { severity: Severity::Normal, ..said("no subnet") }));
        assert!(name(&said("no subnet")).starts_with("web."));
    }

    #[test]
    fn an_event_says_who_what_and_when() {
        let event = event(&said("no subnet"), "web.1", "northgate-0", "2026-01-31T12:00:00Z".parse().unwrap());
        assert_eq!(
            serde_json::to_value(event).unwrap(),
            json!({
                "apiVersion": "events.k8s.io/v1", "kind": "Event",
                "metadata": { "name": "web.1", "namespace": "default" },
                "regarding": { "kind": "Service", "name": "web", "namespace": "default", "uid": "u-1" },
                "type": "Warning", "reason": "FailedBuildModel", "note": "no subnet", "action": "Reconcile",
                "eventTime": "2026-01-31T12:00:00.000000Z",
                "reportingController": "northgate.dev/controller", "reportingInstance": "northgate-0"
            })
        );
    }

    #[test]
    fn a_long_note_is_cut_between_characters() {
        let note = shorten(&"ä".repeat(1000), LONGEST_NOTE);
        assert!(note.len() <= LONGEST_NOTE && note.ends_with("ä …"), "{} bytes", note.len());
        assert_eq!(shorten("short", LONGEST_NOTE), "short");
    }
}
