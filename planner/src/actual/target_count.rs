//! How many targets of a binding serve.

/// How far a binding's targets are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TargetCount {
    /// Wanted targets that receive traffic.
    pub ready: usize,
    /// Wanted targets.
    pub total: usize,
}

impl TargetCount {
    /// Whether requests may be moved to these targets: one of them receives traffic, or none is wanted.
    pub fn can_serve(self) -> bool {
        self.ready > 0 || self.total == 0
    }
}
