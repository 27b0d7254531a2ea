//! Passes and what they are for: how long keys wait and are worked on, how soon targets are registered and host names known.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// Times passes. Clones time together.
#[derive(Debug, Clone)]
pub(crate) struct Work {
    waited: Family<Queue, Histogram>,
    worked: Family<Queue, Histogram>,
    retries: Family<Queue, Counter>,
    registered: Histogram,
    host_names: Family<Kind, Histogram>,
}

/// The times of one queue.
#[derive(Debug, Clone)]
pub(crate) struct QueueTimes {
    waited: Histogram,
    worked: Histogram,
    retries: Counter,
}

#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Queue {
    name: &'static str,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Kind {
    kind: String,
}

impl Work {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let work = Self {
            waited: Family::new_with_constructor(up_to_a_minute),
            worked: Family::new_with_constructor(up_to_a_minute),
            retries: Family::default(),
            registered: up_to_a_minute(),
            host_names: Family::new_with_constructor(up_to_an_hour),
        };
        let by_queue = [
            ("workqueue_queue_duration", "How long a key waited for a worker", &work.waited),
            ("workqueue_work_duration", "How long a pass over a key took", &work.worked),
        ];
        for (name, help, family) in by_queue {
            registry.register_with_unit(name, help, Unit::Seconds, family.clone());
        }
        registry.register("workqueue_retries", "Passes that failed and are tried again", work.retries.clone());
        registry.register_with_unit(
            "northgate_target_registration",
            "From the moment a change of endpoints, pods or nodes is heard of until AWS has taken the targets it asks for",
            Unit::Seconds,
            work.registered.clone(),
        );
        registry.register_with_unit(
            "northgate_host_name",
            "From the moment a new Service or Ingress is heard of until its status holds a host name",
            Unit::Seconds,
            work.host_names.clone(),
        );
        work
    }

    /// The times of the queue of this name.
    pub(crate) fn queue(&self, name: &'static str) -> QueueTimes {
        let of = Queue { name };
        QueueTimes {
            waited: self.waited.get_or_create_owned(&of),
            worked: self.worked.get_or_create_owned(&of),
            retries: self.retries.get_or_create_owned(&of),
        }
    }

    /// Notes that AWS took so many targets, so long after they were asked for.
    pub(crate) fn registered(&self, targets: usize, after: Duration) {
        for _ in 0..targets {
            self.registered.observe(after.as_secs_f64());
        }
    }

    /// Notes that a new object of this kind has its host name.
    pub(crate) fn host_name(&self, kind: &str, after: Duration) {
        self.host_names.get_or_create(&Kind { kind: kind.to_owned() }).observe(after.as_secs_f64());
    }
}

impl QueueTimes {
    pub(crate) fn waited(&self, time: Duration) {
        self.waited.observe(time.as_secs_f64());
    }

    pub(crate) fn worked(&self, time: Duration) {
        self.worked.observe(time.as_secs_f64());
    }

    pub(crate) fn failed(&self) {
        self.retries.inc();
    }
}

impl Default for QueueTimes {
    /// Times that nobody asks for.
    fn default() -> Self {
        Self { waited: up_to_a_minute(), worked: up_to_a_minute(), retries: Counter::default() }
    }
}

/// Prometheus' usual buckets, and two more: AWS's longest answers take that long.
pub(super) fn up_to_a_minute() -> Histogram {
    Histogram::new([0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0])
}

/// A load balancer takes minutes to be set up.
fn up_to_an_hour() -> Histogram {
    Histogram::new([1.0, 5.0, 10.0, 30.0, 60.0, 90.0, 120.0, 180.0, 240.0, 300.0, 600.0, 1800.0, 3600.0])
}
