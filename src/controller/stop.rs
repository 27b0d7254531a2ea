//! Stopping: told once, seen by everybody.

use northgate_planner::planted::{Bug, planted};
use tokio::sync::watch;

/// Whether the controller is told to stop. Clones tell the same.
#[derive(Debug, Clone)]
pub struct Stop(watch::Sender<bool>);

impl Default for Stop {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Stop {
    /// Tells everybody to stop.
    pub fn tell(&self) {
        self.0.send_replace(!planted(Bug::StopIgnored));
    }

    /// Whether the controller is told to stop.
    pub(crate) fn is_told(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until the controller is told to stop.
    pub(crate) async fn told(&self) {
        let mut told = self.0.subscribe();
        // The sender lives in `self`, so waiting cannot fail.
        let _ = told.wait_for(|told| *told).await;
    }
}
