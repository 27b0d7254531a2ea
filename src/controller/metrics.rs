//! What Prometheus is told of the controller's state, at the moment it asks.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use hyper::header::{CONTENT_TYPE, HeaderValue};
use northgate_planner::id::StackId;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeGaugeValue};
use prometheus_client::metrics::MetricType;

use super::http::Answer;
use super::queue::Backlog;
use super::standing::Standing;
use super::world::{Account, World};
use crate::metrics::{self, Metrics};

/// Answers Prometheus.
pub(super) fn answer(path: &str, metrics: &Metrics) -> Option<Answer> {
    (path == "/metrics").then(|| {
        let mut answer = Answer::new(metrics.render().into());
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(metrics::CONTENT_TYPE));
        answer
    })
}

/// Tells of the controller's state.
pub(super) struct State<A>(pub(super) Arc<World<A>>);

impl<A> fmt::Debug for State<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("State")
    }
}

impl<A: Account> Collector for State<A> {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let backlogs = self.0.queues.backlogs();
        queues(&mut encoder, &backlogs)?;
        stacks(&mut encoder, &self.0.standings.get())?;
        let reachable = u64::from(self.0.reach.missing().is_none());
        let name = "northgate_aws_reachable";
        let help = "1: AWS answers; 0: it has not yet, or not for a minute.";
        encoder.encode_descriptor(name, help, None, MetricType::Gauge)?.encode_gauge(&reachable)
    }
}

fn queues(encoder: &mut DescriptorEncoder<'_>, backlogs: &[(&'static str, Backlog)]) -> fmt::Result {
    let depths = backlogs.iter().map(|(name, backlog)| ([("name", *name)], backlog.depth as u64));
    gauges(encoder, "workqueue_depth", "Keys that wait for a worker.", depths)?;
    type Time = fn(&Backlog) -> Duration;
    let times: [(&str, &str, Time); 3] = [
        ("workqueue_unfinished_work_seconds", "How long the passes under way have taken, together.", |of| {
            of.unfinished
        }),
        ("workqueue_longest_running_processor_seconds", "How long the longest pass under way has taken.", |of| {
            of.longest_running
        }),
        (
            "northgate_workqueue_oldest_change_seconds",
            "How long the change that came first waits for a pass that goes well.",
            |of| of.oldest,
        ),
    ];
    for (name, help, time) in times {
        let values = backlogs.iter().map(|(name, backlog)| ([("name", *name)], time(backlog).as_secs_f64()));
        gauges(encoder, name, help, values)?;
    }
    Ok(())
}

/// Of all stacks how many stand how, and by name those that do not stand well, then the others, as many as there may be.
fn stacks(encoder: &mut DescriptorEncoder<'_>, standings: &BTreeMap<StackId, Standing>) -> fmt::Result {
    let count = |standing: Standing| standings.values().filter(|of| **of == standing).count() as u64;
    let counts = Standing::WORST_FIRST.map(|standing| ([("state", standing.as_str())], count(standing)));
    gauges(encoder, "northgate_stacks", "Load balancers by how far they are.", counts)?;
    let named = Standing::WORST_FIRST.iter().flat_map(|standing| {
        standings.iter().filter(move |(_, of)| *of == standing).map(move |(id, _)| (id, standing))
    });
    let named = named
        .take(metrics::MOST_STACKS)
        .map(|(id, standing)| ([("stack", id.to_string()), ("state", standing.as_str().to_owned())], 1_u64));
    gauges(encoder, "northgate_stack_state", "How far a load balancer is; those that need somebody come first.", named)
}

fn gauges<const N: usize, L, V>(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    values: impl IntoIterator<Item = ([(&'static str, L); N], V)>,
) -> fmt::Result
where
    L: prometheus_client::encoding::EncodeLabelValue,
    V: EncodeGaugeValue,
{
    let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    for (labels, value) in values {
        metric.encode_family(&labels)?.encode_gauge(&value)?;
    }
    Ok(())
}
