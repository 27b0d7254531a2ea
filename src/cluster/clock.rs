//! The time that decisions are made at.

use jiff::Timestamp;
use tokio::time::Instant;

/// Where the controller's calendar comes from. Pauses and time limits are tokio's own.
#[derive(Debug, Clone, Copy, Default)]
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
    },
}

impl Clock {
    /// The time now.
    pub fn now(self) -> Timestamp {
        match self {
            Self::System => now(),
            Self::Simulated { start, origin } => {
                let passed = origin.elapsed();
                start.checked_add(passed).unwrap_or(Timestamp::MAX)
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
        let clock = Clock::Simulated { start, origin: Instant::now() };
        tokio::time::sleep(Duration::from_secs(3600)).await;
        assert_eq!(clock.now().to_string(), "2026-01-31T13:00:00Z");
    }
}
