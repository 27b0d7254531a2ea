//! Watches: a body that goes on as long as the watch does, an event to a line.

use std::collections::VecDeque;
use std::future::Future as _;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::Bytes;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::{Instant, Sleep};

use super::object::version;
use super::read::{list_options, parse_version};
use super::refusal::{FieldError, Refusal};
use super::request::Query;
use super::selector::Selector;
use super::state::State;
use super::store::Change;
use super::target::Target;
use super::watching::{Staleness, WatchId};

/// How long a watch goes on that does not say (kube-apiserver: 30 to 60 minutes).
const LONGEST: Duration = Duration::from_secs(1800);
/// The last bookmark comes so much before the end.
const LAST_BOOKMARK: Duration = Duration::from_secs(2);

/// An open watch.
pub(crate) struct Watch {
    state: Arc<Mutex<State>>,
    id: WatchId,
    target: Target,
    selector: Selector,
    /// What was told, up to this version.
    told: u64,
    replays: u64,
    waiting: VecDeque<Bytes>,
    is_over: bool,
    end: Instant,
    /// When the next bookmark is due; `None`: they are not wanted.
    bookmark: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Watch {
    /// Opens a watch; `state` is locked by the caller as `locked`.
    ///
    /// # Errors
    ///
    /// The parameters do not fit together. A version that is too old is no error: the watch says so as its first event.
    pub(crate) fn open(
        state: &Arc<Mutex<State>>,
        locked: &mut State,
        target: Target,
        query: &Query,
        selector: Selector,
    ) -> Result<Self, Refusal> {
        let asked = parse_version(&query.resource_version)?;
        // Before the watch is made: dropping it takes the lock again.
        check_options(&target, query)?;
        let is_bookmarked = query.allow_bookmarks;
        let now = Instant::now();
        let end = now + query.timeout_seconds.filter(|seconds| *seconds > 0).map_or(LONGEST, Duration::from_secs);
        let mut watch = Self {
            state: Arc::clone(state),
            id: locked.watching.begin(),
            target,
            selector,
            told: asked.unwrap_or_default(),
            replays: locked.watching.replays.0,
            waiting: VecDeque::new(),
            is_over: false,
            end,
            bookmark: None,
            timer: None,
        };
        watch.bookmark = is_bookmarked.then(|| watch.next_bookmark(now, locked.options.bookmarks_every));
        let begins_with_state = query.send_initial_events.unwrap_or(asked.unwrap_or_default() == 0);
        if begins_with_state {
            watch.tell_state(locked, asked, query.send_initial_events.is_some());
        } else if asked.unwrap_or_default() == 0 {
            watch.told = locked.visible_version();
        } else if watch.told < oldest(locked, &watch.target) {
            watch.tell_too_old(locked);
        }
        Ok(watch)
    }

    /// Tells every object as if it were new.
    fn tell_state(&mut self, state: &State, asked: Option<u64>, has_mark: bool) {
        let at = if asked.is_some() { state.visible_version() } else { state.store.version() };
        let Some(objects) = state.store.as_of(self.target.resource.table, at) else {
            self.tell_too_old(state);
            return;
        };
        let frames: Vec<Bytes> =
            objects.values().filter(|object| self.concerns(object)).map(|object| self.frame("ADDED", object)).collect();
        self.waiting.extend(frames);
        self.told = at;
        if has_mark && self.bookmark.is_some() {
            self.waiting.push_back(self.bookmark_frame(at, true));
        }
    }

    fn tell_too_old(&mut self, state: &State) {
        let oldest = oldest(state, &self.target);
        let refusal = Refusal::expired(format!("too old resource version: {} ({oldest})", self.told));
        self.waiting.push_back(frame("ERROR", &refusal.status()));
        self.is_over = true;
    }

    fn concerns(&self, object: &Value) -> bool {
        let namespace = &self.target.key.namespace;
        let is_near = namespace.is_empty() || object["metadata"]["namespace"] == **namespace;
        let name = &self.target.key.name;
        let is_named = name.is_empty() || object["metadata"]["name"] == **name;
        is_near && is_named && self.selector.matches(object)
    }

    fn frame(&self, kind: &str, object: &Arc<Value>) -> Bytes {
        frame(kind, &*self.target.outward(Arc::clone(object)))
    }

    fn bookmark_frame(&self, version: u64, ends_initial_events: bool) -> Bytes {
        let (kind, api_version) = match self.target.is_partial {
            true => ("PartialObjectMetadata", "meta.k8s.io/v1"),
            false => (self.target.resource.kind.as_str(), self.target.version().api_version.as_str()),
        };
        let mut object = json!({
            "kind": kind,
            "apiVersion": api_version,
            "metadata": { "resourceVersion": version.to_string(), "creationTimestamp": null },
        });
        if ends_initial_events {
            object["metadata"]["annotations"] = json!({ "k8s.io/initial-events-end": "true" });
        }
        frame("BOOKMARK", &object)
    }

    /// What a change is to this watch: an object may come into sight, or out of it, without being made or deleted.
    fn event(&self, change: &Change) -> Option<Bytes> {
        let was_seen = change.before.as_ref().is_some_and(|before| self.concerns(before));
        let is_seen = !change.is_deletion && self.concerns(&change.after);
        match (was_seen, is_seen) {
            (false, false) => None,
            (false, true) => Some(self.frame("ADDED", &change.after)),
            (true, true) => Some(self.frame("MODIFIED", &change.after)),
            (true, false) if change.is_deletion => Some(self.frame("DELETED", &change.after)),
            (true, false) => {
                // The object as it was last in sight, with the version of the change.
                let mut last = change.before.as_deref().cloned().unwrap_or_default();
                last["metadata"]["resourceVersion"] = json!(version(&change.after).to_string());
                Some(self.frame("DELETED", &Arc::new(last)))
            }
        }
    }

    /// Takes up what is new, and says when to look again though nothing wakes it.
    fn look(&mut self, state: &mut State, context: &Context<'_>) -> Instant {
        let now = Instant::now();
        if !state.watching.is_alive(self.id) || now >= self.end {
            self.is_over = true;
            return self.end;
        }
        state.watching.wait(self.id, self.target.resource.table, context.waker());
        if state.watching.is_paused {
            return self.end;
        }
        let mut next = self.end;
        if self.replays != state.watching.replays.0 {
            self.tell_again(state);
        }
        let visible = state.visible_version();
        let table = self.target.resource.table;
        match state.store.changes_kept_after(table, self.told) {
            Some(changes) => {
                let upto = changes.partition_point(|change| change.version <= visible);
                let frames: Vec<Bytes> = changes[..upto].iter().filter_map(|change| self.event(change)).collect();
                if let (Some(later), Staleness::Lag(lag)) = (changes.get(upto), state.watching.staleness) {
                    next = next.min(later.at + lag);
                }
                self.waiting.extend(frames);
                self.told = self.told.max(visible);
            }
            None => self.tell_too_old(state),
        }
        if let Some(due) = self.bookmark {
            if now >= due {
                self.waiting.push_back(self.bookmark_frame(self.told, false));
                self.bookmark = Some(self.next_bookmark(now, state.options.bookmarks_every));
            }
            next = next.min(self.bookmark.unwrap_or(next));
        }
        next
    }

    fn next_bookmark(&self, now: Instant, every: Duration) -> Instant {
        let last = self.end.checked_sub(LAST_BOOKMARK).unwrap_or(self.end);
        if now < last { (now + every).min(last) } else { now + every }
    }

    /// Tells the last events of this watch once more.
    fn tell_again(&mut self, state: &State) {
        let (replay, count) = state.watching.replays;
        self.replays = replay;
        let Some(changes) = state.store.changes_kept_after(self.target.resource.table, 0) else { return };
        let told = &changes[..changes.partition_point(|change| change.version <= self.told)];
        let mut frames: Vec<Bytes> = told.iter().rev().filter_map(|change| self.event(change)).take(count).collect();
        frames.reverse();
        self.waiting.extend(frames);
    }

    /// The next line; `None`: the watch is over.
    pub(crate) fn poll_line(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            if let Some(line) = self.waiting.pop_front() {
                return Poll::Ready(Some(line));
            }
            if self.is_over {
                return Poll::Ready(None);
            }
            let state = Arc::clone(&self.state);
            let next = self.look(&mut lock(&state), context);
            if self.is_over || !self.waiting.is_empty() {
                continue;
            }
            let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(next)));
            if timer.deadline() != next {
                timer.as_mut().reset(next);
            }
            if timer.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Ok(mut state) = self.state.lock() {
            state.watching.forget(self.id);
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().expect("no thread panics while it holds the state")
}

/// The oldest version from which a watch can begin. A replica that does not know of a resource yet has no memory of it
/// that could be too short.
fn oldest(state: &State, target: &Target) -> u64 {
    let table = target.resource.table;
    state.store.floor(table).max(state.store.begun(table).min(state.visible_version()))
}

fn check_options(target: &Target, query: &Query) -> Result<(), Refusal> {
    let is_not_older = query.resource_version_match == "NotOlderThan";
    let error = match query.send_initial_events {
        None if !query.resource_version_match.is_empty() => {
            let why = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
            FieldError::forbidden("resourceVersionMatch", why)
        }
        Some(_) if !is_not_older => {
            let why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
            FieldError::forbidden("resourceVersionMatch", why)
        }
        _ => return Ok(()),
    };
    Err(list_options(target, &error))
}

#[derive(Serialize)]
struct Event<'e, T> {
    #[serde(rename = "type")]
    kind: &'e str,
    object: &'e T,
}

fn frame<T: Serialize>(kind: &str, object: &T) -> Bytes {
    let mut line = serde_json::to_vec(&Event { kind, object }).expect("objects are JSON");
    line.push(b'\n');
    Bytes::from(line)
}
