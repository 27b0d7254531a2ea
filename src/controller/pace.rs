//! How often AWS is looked at for what it takes its time for.

use std::time::Duration;

/// The pauses between two looks at what nothing tells us of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Load balancers that are being set up.
    pub load_balancers: Duration,
    /// Targets that are not ready yet: the first pause, each further one is twice as long.
    pub targets: Duration,
}

impl Default for Pace {
    /// As AWS is used to: a load balancer takes minutes, targets at least two health checks.
    fn default() -> Self {
        Self { load_balancers: Duration::from_secs(3), targets: Duration::from_secs(5) }
    }
}
