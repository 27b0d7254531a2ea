//! The calendar of an episode, which the program and its SDK look at. It may jump, as a machine's does when it is set.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::SystemTime;

use aws_smithy_async::time::TimeSource;
use jiff::Timestamp;
use northgate::cluster::Clock;
use tokio::time::Instant;

/// The calendar of an episode. Clones are the same calendar.
#[derive(Debug, Clone)]
pub(crate) struct Calendar {
    clock: Clock,
    /// By how many seconds it was set ahead.
    ahead: Arc<AtomicI64>,
}

impl Calendar {
    /// A calendar that shows `start` now.
    pub(super) fn new(start: Timestamp) -> Self {
        let ahead = Arc::default();
        Self { clock: Clock::Simulated { start, origin: Instant::now(), ahead: Arc::clone(&ahead) }, ahead }
    }

    /// The same for the program.
    pub(super) fn clock(&self) -> Clock {
        self.clock.clone()
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
        self.clock.now().into()
    }
}
