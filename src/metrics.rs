//! What is counted and timed, for Prometheus.
//!
//! Names are those of AWS Load Balancer Controller (`aws_*`) and of Kubernetes' own controllers (`workqueue_*`) where they
//! mean the same, so that dashboards and alerts go on; what only Northgate has begins with `northgate_`. Every label has few
//! values, but for those that name a stack, and of stacks at most [`MOST_STACKS`] are named.

mod aws_calls;
mod work;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

pub use aws_calls::{AwsCalls, Ended, ErrorKind};
pub(crate) use work::{QueueTimes, Work};

/// Of how many stacks each is named: a time series each is more than Prometheus should keep for thousands.
pub(crate) const MOST_STACKS: usize = 1000;

/// The media type of [`Metrics::render`], as the OpenMetrics specification names it.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Everything that is measured in one process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    aws_calls: AwsCalls,
    work: Work,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::default();
        let build = Family::<[(&str, &str); 1], Gauge>::default();
        build.get_or_create(&[("version", env!("CARGO_PKG_VERSION"))]).set(1);
        registry.register("northgate_build_info", "The version that runs", build);
        let (aws_calls, work) = (AwsCalls::register(&mut registry), Work::register(&mut registry));
        Self { registry, aws_calls, work }
    }
}

impl Metrics {
    /// Where calls to AWS are counted; for [`crate::aws::Connection::measured_by`].
    pub fn aws_calls(&self) -> AwsCalls {
        self.aws_calls.clone()
    }

    /// Where passes are timed.
    pub(crate) fn work(&self) -> Work {
        self.work.clone()
    }

    /// Has more told each time that somebody asks.
    pub(crate) fn tell(&mut self, more: impl Collector) {
        self.registry.register_collector(Box::new(more));
    }

    /// All of it, in the OpenMetrics text format.
    pub(crate) fn render(&self) -> String {
        let mut text = String::new();
        text::encode(&mut text, &self.registry).expect("writing to a string does not fail");
        text
    }
}
