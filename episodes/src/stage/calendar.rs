//! The calendar of an episode, which the program and its SDK look at. It may jump, as a machine's does when it is set.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use aws_smithy_async::time::TimeSource;
use jiff::Timestamp;
use northgate::cluster::Clock;
use tokio::time::Instant;

/// The calendar of an episode. Clones are the same calendar.
#[derive(Debug, Clone)]
pub(crate) struct Calendar {
    start: Timestamp,
    origin: Instant,
    /// By how many seconds it was set ahead.
    ahead: Arc<AtomicI64>,
}

impl Calendar {
    /// A calendar that shows `start` now.
    pub(super) fn new(start: Timestamp) -> Self {
        Self { start, origin: Instant::now(), ahead: Arc::default() }
    }

    /// The same for the program.
    pub(super) fn clock(&self) -> Clock {
        Clock::Adjusted { start: self.start, origin: self.origin, ahead: Arc::clone(&self.ahead) }
    }

    /// Sets it ahead, or back.
    pub(super) fn jump(&self, seconds: i64) {
        self.ahead.fetch_add(seconds, Ordering::Relaxed);
    }
}

/// By the system's own clock, a connection that hangs for a minute of the episode would or would not count as stalled, by
/// how busy the machine is.
impl TimeSource for Calendar {
    fn now(&self) -> SystemTime {
        let shown = SystemTime::from(self.start) + self.origin.elapsed();
        let ahead = self.ahead.load(Ordering::Relaxed);
        let by = Duration::from_secs(ahead.unsigned_abs());
        if ahead < 0 { shown - by } else { shown + by }
    }
}
