//! Keys that wait to be worked on: each at most once, one worker at a time per key.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::metrics::QueueTimes;

/// The longest pause after a failure.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// A queue of keys.
///
/// A key that is asked for while it waits is not queued twice; one that is asked for while it is worked on is queued
/// again when that has ended, because what asked may have come after the look. What somebody changed comes before what
/// is only looked at again: after a start there may be thousands of those.
#[derive(Debug)]
pub(crate) struct Queue<K> {
    state: Mutex<State<K>>,
    changed: Notify,
    times: QueueTimes,
}

#[derive(Debug)]
struct State<K> {
    urgent: VecDeque<K>,
    ordinary: VecDeque<K>,
    /// The same keys, to look one up, and since when they wait for a worker.
    queued: BTreeMap<K, (Urgency, Instant)>,
    /// Keys with the time at which they become ready; of two times for one key the earlier counts.
    delayed: BTreeMap<K, (Instant, Urgency)>,
    due: BTreeSet<(Instant, K)>,
    /// Keys that are worked on.
    running: BTreeMap<K, Running>,
    /// Since when what somebody changed waits for a pass that begins after it and goes well.
    asked: BTreeMap<K, Instant>,
    /// Failures in a row.
    failures: BTreeMap<K, u32>,
    closed: bool,
}

/// A key that is worked on.
#[derive(Debug)]
struct Running {
    since: Instant,
    /// Since when somebody waits for this pass.
    asked: Option<Instant>,
    /// Whether it was asked for meanwhile, and comes again.
    again: bool,
}

/// How far a queue is with its work.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Backlog {
    /// Keys that wait for a worker.
    pub(crate) depth: usize,
    /// How long those have taken that are worked on, together.
    pub(crate) unfinished: Duration,
    /// The longest of them.
    pub(crate) longest_running: Duration,
    /// How long what was changed first waits for a pass that goes well.
    pub(crate) oldest: Duration,
}

/// Whether somebody waits for a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Urgency {
    /// It is only looked at again.
    Ordinary,
    /// Something changed.
    Urgent,
}

/// What is to become of a key whose pass has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It went well; it is looked at again after that time.
    Again(Duration),
    /// It went well, and there is nothing to look at again.
    Forget,
    /// It failed: again after this pause, which doubles with each failure in a row.
    BackOff(Duration),
    /// It failed for a reason that has a time of its own.
    FailedUntil(Duration),
}

impl<K> Default for Queue<K> {
    fn default() -> Self {
        Self::timed(QueueTimes::default())
    }
}

impl<K> Queue<K> {
    /// An empty queue whose times are noted there.
    pub(crate) fn timed(times: QueueTimes) -> Self {
        let state = State {
            urgent: VecDeque::new(),
            ordinary: VecDeque::new(),
            queued: BTreeMap::new(),
            delayed: BTreeMap::new(),
            due: BTreeSet::new(),
            running: BTreeMap::new(),
            asked: BTreeMap::new(),
            failures: BTreeMap::new(),
            closed: false,
        };
        Self { state: Mutex::new(state), changed: Notify::new(), times }
    }
}

impl<K: Ord + Clone + Hash> Queue<K> {
    /// Asks for a key now: its object was edited. Whatever back-off it had grown to is forgotten.
    pub(crate) fn add(&self, key: K) {
        let mut state = self.lock();
        state.failures.remove(&key);
        state.ask(&key);
        state.make_ready(key, Urgency::Urgent);
        drop(state);
        self.changed.notify_one();
    }

    /// Asks for a key after a while, or earlier if it is asked for earlier: something around it changes.
    pub(crate) fn add_after(&self, key: K, delay: Duration) {
        let mut state = self.lock();
        state.ask(&key);
        state.delay(key, Instant::now() + delay, Urgency::Urgent);
        drop(state);
        self.changed.notify_one();
    }

    /// Asks for a key that nobody changed, behind all that somebody did.
    pub(crate) fn add_behind(&self, key: K) {
        self.lock().make_ready(key, Urgency::Ordinary);
        self.changed.notify_one();
    }

    /// Waits for a key and takes it; it is worked on until [`Self::finish`]. `None`: the queue is closed.
    pub(crate) async fn take(&self) -> Option<K> {
        loop {
            let next_due = {
                let mut state = self.lock();
                if state.closed {
                    return None;
                }
                let next_due = state.promote(Instant::now());
                if let Some((key, waited)) = state.begin() {
                    self.times.waited(waited);
                    // Somebody else has to wait for what is left: the others may sleep towards a later time.
                    self.changed.notify_one();
                    return Some(key);
                }
                next_due
            };
            match next_due {
                Some(at) => tokio::select! {
                    biased;
                    () = tokio::time::sleep_until(at) => {}
                    () = self.changed.notified() => {}
                },
                None => self.changed.notified().await,
            }
        }
    }

    /// Ends the work on a key. Gives how often it has failed in a row.
    pub(crate) fn finish(&self, key: &K, verdict: Verdict) -> u32 {
        let mut state = self.lock();
        let ended = state.running.remove(key);
        let failures = state.judge(key, verdict);
        if let Some(Running { since, asked, again }) = ended {
            self.times.worked(since.elapsed());
            if failures > 0
                && let Some(asked) = asked
            {
                // Nobody has dealt with it yet.
                state.asked.insert(key.clone(), asked);
            }
            if again {
                state.make_ready(key.clone(), Urgency::Urgent);
            }
        }
        drop(state);
        if failures > 0 {
            self.times.failed();
        }
        self.changed.notify_one();
        failures
    }

    /// Since when somebody waits for the pass that works on a key now.
    pub(crate) fn asked_since(&self, key: &K) -> Option<Instant> {
        self.lock().running.get(key)?.asked
    }

    /// How far the work is.
    pub(crate) fn backlog(&self) -> Backlog {
        let state = self.lock();
        let running = || state.running.values().map(|running| running.since.elapsed());
        let asked = state.asked.values().chain(state.running.values().filter_map(|running| running.asked.as_ref()));
        Backlog {
            depth: state.queued.len(),
            unfinished: running().sum(),
            longest_running: running().max().unwrap_or_default(),
            oldest: asked.min().map(Instant::elapsed).unwrap_or_default(),
        }
    }

    /// Gives out no more keys.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_waiters();
        self.changed.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, State<K>> {
        self.state.lock().expect("no thread panics while it holds the queue")
    }
}

impl<K: Ord + Clone + Hash> State<K> {
    fn ask(&mut self, key: &K) {
        self.asked.entry(key.clone()).or_insert_with(Instant::now);
    }

    fn make_ready(&mut self, key: K, urgency: Urgency) {
        let urgency = match self.delayed.remove(&key) {
            Some((at, delayed)) => {
                self.due.remove(&(at, key.clone()));
                urgency.max(delayed)
            }
            None => urgency,
        };
        if let Some(running) = self.running.get_mut(&key) {
            running.again = true;
            return;
        }
        let since = match self.queued.get(&key) {
            Some(&(queued, _)) if queued >= urgency => return,
            Some(&(_, since)) => {
                self.ordinary.retain(|waiting| *waiting != key);
                since
            }
            None => Instant::now(),
        };
        self.queued.insert(key.clone(), (urgency, since));
        match urgency {
            Urgency::Urgent => self.urgent.push_back(key),
            Urgency::Ordinary => self.ordinary.push_back(key),
        }
    }

    /// Takes the next key; gives how long it waited too.
    fn begin(&mut self) -> Option<(K, Duration)> {
        let key = self.urgent.pop_front().or_else(|| self.ordinary.pop_front())?;
        let waited = self.queued.remove(&key).map(|(_, since)| since.elapsed()).unwrap_or_default();
        let asked = self.asked.remove(&key);
        self.running.insert(key.clone(), Running { since: Instant::now(), asked, again: false });
        Some((key, waited))
    }

    fn delay(&mut self, key: K, at: Instant, urgency: Urgency) {
        let (at, urgency) = match self.delayed.get(&key) {
            Some(&(delayed_to, delayed)) => {
                self.due.remove(&(delayed_to, key.clone()));
                (at.min(delayed_to), urgency.max(delayed))
            }
            None if self.queued.contains_key(&key) => {
                self.make_ready(key, urgency);
                return;
            }
            None => (at, urgency),
        };
        self.due.insert((at, key.clone()));
        self.delayed.insert(key, (at, urgency));
    }

    /// Makes ready what is due; gives when the next key is.
    fn promote(&mut self, now: Instant) -> Option<Instant> {
        while let Some((at, key)) = self.due.first().cloned() {
            if at > now {
                return Some(at);
            }
            self.make_ready(key, Urgency::Ordinary);
        }
        None
    }

    fn judge(&mut self, key: &K, verdict: Verdict) -> u32 {
        let failures = match verdict {
            Verdict::Again(_) | Verdict::Forget => {
                self.failures.remove(key);
                0
            }
            Verdict::BackOff(_) | Verdict::FailedUntil(_) => {
                let failures = self.failures.entry(key.clone()).or_default();
                *failures = failures.saturating_add(1);
                *failures
            }
        };
        let pause = match verdict {
            Verdict::Again(after) | Verdict::FailedUntil(after) => after,
            Verdict::BackOff(first) => back_off(key, first, failures),
            Verdict::Forget => return failures,
        };
        self.delay(key.clone(), Instant::now() + pause, Urgency::Ordinary);
        failures
    }
}

/// The pause after so many failures in a row (1 or more).
fn back_off<K: Hash>(key: &K, first: Duration, failures: u32) -> Duration {
    let doubled = first.saturating_mul(1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX));
    jittered(&(key, failures), doubled.min(LONGEST_PAUSE))
}

/// Between half of a time and all of it, by what it is for: many keys that failed together do not come back together,
/// and a run can be repeated.
pub(super) fn jittered<T: Hash>(of: &T, longest: Duration) -> Duration {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    let part = u32::try_from(hasher.finish() % 1000).expect("less than 1000");
    longest / 2 + longest * part / 2000
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const FIRST: Duration = Duration::from_millis(50);

    async fn taken(queue: &Queue<&'static str>) -> Option<&'static str> {
        tokio::time::timeout(Duration::ZERO, queue.take()).await.ok().flatten()
    }

    #[tokio::test(start_paused = true)]
    async fn keys_come_in_the_order_they_were_asked_for_and_once() {
        let queue = Queue::default();
        for key in ["b", "a", "b", "c", "a"] {
            queue.add(key);
        }
        assert_eq!((taken(&queue).await, taken(&queue).await, taken(&queue).await), (Some("b"), Some("a"), Some("c")));
        assert_eq!(taken(&queue).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn what_somebody_changed_comes_before_what_is_only_looked_at_again() {
        let queue = Queue::default();
        for key in ["a", "b", "c", "d"] {
            queue.add_behind(key);
        }
        queue.add_after("d", Duration::ZERO);
        queue.add("c");
        queue.add_behind("c");
        let order = [taken(&queue).await, taken(&queue).await, taken(&queue).await, taken(&queue).await];
        assert_eq!(order, [Some("d"), Some("c"), Some("a"), Some("b")]);
        assert_eq!(taken(&queue).await, None);
        for key in ["a", "b"] {
            queue.finish(&key, Verdict::Again(SECOND));
        }
        queue.add_after("b", SECOND);
        tokio::time::advance(SECOND).await;
        assert_eq!(
            (taken(&queue).await, taken(&queue).await),
            (Some("b"), Some("a")),
            "the event is the greater hurry"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_is_worked_on_by_one_worker_at_a_time() {
        let queue = Queue::default();
        queue.add("a");
        assert_eq!(taken(&queue).await, Some("a"));
        queue.add("a");
        assert_eq!(taken(&queue).await, None, "it is being worked on");
        queue.finish(&"a", Verdict::Forget);
        assert_eq!(taken(&queue).await, Some("a"), "it was asked for meanwhile");
        queue.finish(&"a", Verdict::Forget);
        assert_eq!(taken(&queue).await, None, "nobody asked again");
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_that_is_asked_for_while_it_runs_comes_before_its_next_look() {
        let queue = Queue::default();
        queue.add("a");
        queue.take().await;
        queue.add_after("a", SECOND);
        queue.finish(&"a", Verdict::Again(600 * SECOND));
        let start = Instant::now();
        assert_eq!(queue.take().await, Some("a"));
        assert_eq!(start.elapsed(), SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn of_two_times_the_earlier_counts_and_many_events_are_one_pass() {
        let queue = Queue::default();
        let window = Duration::from_millis(200);
        queue.add_after("a", 600 * SECOND);
        queue.add_after("a", window);
        tokio::time::advance(window / 2).await;
        queue.add_after("a", window);
        let start = Instant::now();
        assert_eq!(queue.take().await, Some("a"));
        assert_eq!(start.elapsed(), window / 2, "the window is not stretched by further events");
        queue.finish(&"a", Verdict::Forget);
        tokio::time::advance(1000 * SECOND).await;
        assert_eq!(taken(&queue).await, None, "the later time is gone with the earlier one");
    }

    #[tokio::test(start_paused = true)]
    async fn failures_in_a_row_wait_longer_up_to_a_minute() {
        let queue = Queue::default();
        queue.add("a");
        let mut pauses = Vec::new();
        for failures in 1..=14 {
            let start = Instant::now();
            assert_eq!(queue.take().await, Some("a"));
            pauses.push(start.elapsed());
            assert_eq!(queue.finish(&"a", Verdict::BackOff(FIRST)), failures);
        }
        for (failures, pause) in pauses.iter().enumerate().skip(1) {
            let longest = (FIRST * (1 << (failures - 1))).min(LONGEST_PAUSE);
            // A timer has a resolution of one millisecond.
            let range = longest / 2..=longest + Duration::from_millis(1);
            assert!(range.contains(pause), "{failures} failures: {pause:?} is not in {range:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_edit_and_a_success_end_the_back_off() {
        let queue = Queue::default();
        queue.add("a");
        for _ in 0..10 {
            queue.take().await;
            queue.finish(&"a", Verdict::BackOff(FIRST));
        }
        queue.add("a");
        let start = Instant::now();
        assert_eq!(queue.take().await, Some("a"));
        assert_eq!(start.elapsed(), Duration::ZERO);
        assert_eq!(queue.finish(&"a", Verdict::BackOff(FIRST)), 1, "counted from the edit");
        queue.take().await;
        assert_eq!(queue.finish(&"a", Verdict::Again(SECOND)), 0);
        queue.take().await;
        assert_eq!(queue.finish(&"a", Verdict::BackOff(FIRST)), 1, "counted from the success");
    }

    #[tokio::test(start_paused = true)]
    async fn an_event_that_is_no_edit_does_not_end_the_back_off() {
        let queue = Queue::default();
        queue.add("a");
        queue.take().await;
        queue.finish(&"a", Verdict::BackOff(FIRST));
        queue.take().await;
        queue.finish(&"a", Verdict::BackOff(FIRST));
        queue.add_after("a", Duration::ZERO);
        assert_eq!(queue.take().await, Some("a"));
        assert_eq!(queue.finish(&"a", Verdict::FailedUntil(SECOND)), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_free_worker_takes_over_the_time_of_a_busy_one() {
        let queue = Arc::new(Queue::default());
        let start = Instant::now();
        let worker = |queue: Arc<Queue<&'static str>>| async move {
            let mut taken = Vec::new();
            while let Some(key) = queue.take().await {
                taken.push((key, start.elapsed()));
                tokio::time::sleep(20 * SECOND).await;
                queue.finish(&key, Verdict::Forget);
            }
            taken
        };
        queue.add_after("late", 10 * SECOND);
        let workers: Vec<_> = (0..2).map(|_| tokio::spawn(worker(Arc::clone(&queue)))).collect();
        tokio::time::sleep(SECOND).await;
        queue.add_after("soon", 4 * SECOND);
        tokio::time::sleep(SECOND).await;
        queue.add("now");
        tokio::time::sleep(60 * SECOND).await;
        queue.close();
        let mut taken = Vec::new();
        for worker in workers {
            taken.extend(worker.await.unwrap());
        }
        taken.sort_by_key(|(_, at)| *at);
        assert_eq!(taken, [("now", 2 * SECOND), ("soon", 5 * SECOND), ("late", 22 * SECOND)]);
    }

    #[tokio::test(start_paused = true)]
    async fn no_key_is_lost_between_many_workers() {
        let queue = Arc::new(Queue::default());
        let worker = |queue: Arc<Queue<u32>>| async move {
            let mut done = Vec::new();
            while let Some(key) = queue.take().await {
                tokio::time::sleep(Duration::from_millis(u64::from(key % 7))).await;
                queue.finish(&key, Verdict::Forget);
                done.push(key);
            }
            done
        };
        let workers: Vec<_> = (0..4).map(|_| tokio::spawn(worker(Arc::clone(&queue)))).collect();
        for key in 0..100 {
            if key % 2 == 0 { queue.add(key) } else { queue.add_after(key, Duration::from_millis(u64::from(key))) }
        }
        tokio::time::sleep(10 * SECOND).await;
        queue.close();
        let mut done = Vec::new();
        for worker in workers {
            done.extend(worker.await.unwrap());
        }
        done.sort_unstable();
        assert_eq!(done, (0..100).collect::<Vec<_>>());
    }

    #[tokio::test(start_paused = true)]
    async fn a_closed_queue_gives_nothing_out_and_holds_nobody() {
        let queue = Arc::new(Queue::<&str>::default());
        let waiting: Vec<_> = (0..3)
            .map(|_| {
                let queue = Arc::clone(&queue);
                tokio::spawn(async move { queue.take().await })
            })
            .collect();
        tokio::task::yield_now().await;
        queue.add("a");
        queue.close();
        for worker in waiting {
            worker.await.unwrap();
        }
        assert_eq!(queue.take().await, None);
    }

    #[test]
    fn jitter_only_shortens() {
        for of in 0..1000 {
            let pause = jittered(&of, 10 * SECOND);
            assert!((5 * SECOND..=10 * SECOND).contains(&pause), "{pause:?}");
        }
    }
}
