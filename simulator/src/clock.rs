//! The account's time: a start that is given, and tokio's clock from there on.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

/// Tells the time of a simulated account.
///
/// It follows tokio's clock, so that a test with a paused clock decides how time passes. Delays are instants that the
/// model compares with; nothing in it sleeps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    start: Timestamp,
    origin: Instant,
}

/// One moment, on both scales.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    /// For delays: compared, never shown.
    pub(crate) instant: Instant,
    /// For answers: what the account's calendar shows.
    pub(crate) wall: Timestamp,
}

impl Moment {
    /// The moment that was `duration` earlier; none where the clock cannot count back so far.
    pub(crate) fn ago(self, duration: Duration) -> Option<Self> {
        Some(Self { instant: self.instant.checked_sub(duration)?, wall: self.wall.checked_sub(duration).ok()? })
    }
}

impl Clock {
    /// A clock that shows `start` now.
    pub(crate) fn starting_at(start: Timestamp) -> Self {
        Self { start, origin: Instant::now() }
    }

    /// This moment.
    pub(crate) fn now(&self) -> Moment {
        let instant = Instant::now();
        Moment { instant, wall: self.start + instant.duration_since(self.origin) }
    }
}
