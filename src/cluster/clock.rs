//! The time that decisions are made at.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// Where the controller's calendar comes from. Pauses and time limits are tokio's own.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The machine's.
    #[default]
    System,
    /// A calendar that showed `start` at `origin` and goes as tokio's time does: in a test, that is as fast as the test.
    Simulated {
        /// What it showed.
        start: Timestamp,
        /// When.
        origin: Instant,
        /// By how many seconds somebody set it ahead since, as machines' clocks are set.
        ahead: Arc<AtomicI64>,
    },
}

impl Clock {
    /// The time now.
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => now(),
            Self::Simulated { start, origin, ahead } => {
                let shown = start.checked_add(origin.elapsed()).unwrap_or(Timestamp::MAX);
                shown.checked_add(SignedDuration::from_secs(ahead.load(Ordering::Relaxed))).unwrap_or(shown)
            }
        }
    }
}

/// The machine's time: the one place where the program reads it.
#[expect(clippy::disallowed_methods, reason = "the door through which time comes in; everything behind it takes `now`")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_simulated_calendar_goes_as_the_tests_time_does() {
        let start: Timestamp = "2026-01-31T12:00:00Z".parse().unwrap();
        let clock = Clock::Simulated { start, origin: Instant::now(), ahead: Arc::default() };
        tokio::time::sleep(Duration::from_secs(3600)).await;
        assert_eq!(clock.now().to_string(), "2026-01-31T13:00:00Z");
    }

    #[tokio::test(start_paused = true)]
    async fn a_simulated_calendar_can_be_set() {
        let start: Timestamp = "2026-01-31T12:00:00Z".parse().unwrap();
        let ahead = Arc::new(AtomicI64::new(0));
        let clock = Clock::Simulated { start, origin: Instant::now(), ahead: Arc::clone(&ahead) };
        ahead.store(-1800, Ordering::Relaxed);
        assert_eq!(clock.now().to_string(), "2026-01-31T11:30:00Z");
    }
}
