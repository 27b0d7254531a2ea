//! What a Kubernetes API may be told before it starts.

use std::time::Duration;

use ipnet::Ipv4Net;
use jiff::Timestamp;

/// How a Kubernetes API starts.
#[derive(Clone, Debug)]
pub struct KubernetesOptions {
    /// What its calendar shows at first; tokio's clock goes on from there.
    pub start: Timestamp,
    /// How long every call takes, slept on tokio's clock before it is carried out. Zero: none.
    pub latency: Duration,
    /// The interval of bookmarks on watches that allow them.
    pub bookmarks_every: Duration,
    /// Where the addresses of Services come from.
    pub service_addresses: Ipv4Net,
    /// Node ports of Services: the first and the last.
    pub node_ports: (u16, u16),
    /// Whether it says in `metadata.managedFields` who set what. Without it server-side apply still merges, but knows of
    /// no conflict and takes nothing away.
    pub managed_fields: bool,
    /// From the binding of a Pod to its condition Ready, where the controllers run.
    pub pods_ready_after: Duration,
    /// From the deletion of a Pod that runs to the end of its containers, where the controllers run; its grace is the most.
    pub pods_end_after: Duration,
}

impl Default for KubernetesOptions {
    /// A fixed day, so that a run without a clock of its own repeats itself.
    fn default() -> Self {
        Self {
            start: "2026-01-31T12:00:00Z".parse().expect("a valid time"),
            latency: Duration::ZERO,
            bookmarks_every: Duration::from_secs(60),
            service_addresses: "10.96.0.0/12".parse().expect("a valid block"),
            node_ports: (30_000, 32_767),
            managed_fields: true,
            pods_ready_after: Duration::from_secs(1),
            pods_end_after: Duration::from_secs(1),
        }
    }
}
