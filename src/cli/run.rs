//! `northgate run`: the controller.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use northgate_planner::snapshot::Settings;
use tracing::warn;
use tracing_subscriber::EnvFilter;

use super::Failure;
use super::args::DecisionArgs;
use crate::aws::Connection;
use crate::cluster::{self, Client, Clock};
use crate::controller::{self, Pace, Probes, RunOptions};
use crate::error_chain::one_line;
use crate::metrics::Metrics;
use crate::seldom::Seldom;

/// How long the controller waits before it tries again to find out where it is; each time twice as long, up to the second.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// Run the controller.
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// The kubeconfig to use. Default: the environment's, else the pod's ServiceAccount.
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// Every object is planned again at least this often.
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = sync_period)]
    sync_period: Duration,
    /// Where /healthz and /readyz are served; 0: nowhere.
    #[arg(long, value_name = "ADDRESS", default_value = ":61779", value_parser = address)]
    health_probe_bind_addr: ListenAt,
    /// Where Prometheus finds /metrics; 0: nowhere.
    #[arg(long, value_name = "ADDRESS", default_value = ":8080", value_parser = address)]
    metrics_bind_addr: ListenAt,
    /// How much is logged: error, warn, info, debug, or a filter such as northgate=debug.
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    log_level: String,
    /// Log lines for people or JSON for programs.
    #[arg(long, value_name = "FORMAT", default_value = "json", value_parser = ["json", "text"])]
    log_format: String,
    #[command(flatten)]
    decisions: DecisionArgs,
}

/// Runs until it is told to stop.
pub(super) fn run(args: RunArgs) -> Result<u8, Failure> {
    args.decisions.check()?;
    log(&args.log_level, &args.log_format)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let RunArgs {
            kubeconfig,
            sync_period,
            health_probe_bind_addr,
            metrics_bind_addr,
            log_level: _,
            log_format: _,
            decisions,
        } = args;
        let metrics = Metrics::default();
        let probes = match health_probe_bind_addr.0 {
            Some(address) => Some(Probes::serve(address).await?),
            None => None,
        };
        let cluster = cluster::connect(&cluster::ConnectOptions { kubeconfig, context: None }).await?;
        let (connection, settings) = connected(&decisions, &cluster, probes.as_ref()).await;
        let connection = connection.measured_by(metrics.aws_calls());
        let account = connection.account(settings.cluster_name.clone(), settings.vpc.clone());
        // A pod's host name is its name.
        let instance = std::env::var("HOSTNAME").unwrap_or_else(|_| "northgate".to_owned());
        let options = RunOptions {
            settings,
            cluster,
            account,
            sync_period,
            probes,
            metrics_bind_addr: metrics_bind_addr.0,
            metrics,
            instance,
            clock: Clock::System,
            pace: Pace::default(),
        };
        controller::run(options).await?;
        Ok(0)
    })
}

/// Connects, however long that takes: AWS, the API server or the first node may come later than we do.
async fn connected(decisions: &DecisionArgs, cluster: &Client, probes: Option<&Probes>) -> (Connection, Settings) {
    let told = Seldom::default();
    let mut pause = FIRST_PAUSE;
    loop {
        match super::connect(decisions, || cluster::node_places(cluster)).await {
            Ok(connected) => return connected,
            Err(error) => {
                let why = one_line(error.as_ref());
                if told.is_due("not connected") {
                    warn!("cannot begin yet: {why}");
                }
                if let Some(probes) = probes {
                    probes.set_missing(format!("the account is not known yet: {why}"));
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

/// Logs go to stderr.
fn log(level: &str, format: &str) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(level).map_err(|error| format!("--log-level {level:?}: {error}"))?;
    // It tells each failed request as an error of its own; we tell what fails, and what lasts once a minute.
    let filter = filter.add_directive("kube_client::client::builder=off".parse()?);
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        "json" => subscriber.json().flatten_event(true).init(),
        _ => subscriber.init(),
    }
    Ok(())
}

/// Go's spelling of durations, `30s`, `10m`, `1h`; ten minutes is the longest, so that drift never stays longer.
fn sync_period(text: &str) -> Result<Duration, String> {
    const LONGEST: Duration = Duration::from_secs(600);
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err(format!("{text:?} is no duration; write 30s, 10m or 1h")),
    };
    let number = number.parse::<u64>().map_err(|error| error.to_string())?;
    let period = Duration::from_secs(number.saturating_mul(seconds));
    if period.is_zero() {
        return Err("the sync period must be longer than nothing".to_owned());
    }
    Ok(period.min(LONGEST))
}

/// Where something is served, if it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ListenAt(Option<SocketAddr>);

/// `:61779` means every address and `0` none, as in LBC.
fn address(text: &str) -> Result<ListenAt, String> {
    if text == "0" {
        return Ok(ListenAt(None));
    }
    let full = if text.starts_with(':') { format!("0.0.0.0{text}") } else { text.to_owned() };
    let address = full.parse().map_err(|_| format!("{text:?} is no address; write :61779, 127.0.0.1:61779 or 0"))?;
    Ok(ListenAt(Some(address)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_spelled_as_in_go_and_ten_minutes_is_the_longest() {
        assert_eq!(sync_period("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(sync_period("10h"), Ok(Duration::from_secs(600)));
        assert!(sync_period("0s").is_err());
        assert!(sync_period("soon").unwrap_err().contains("30s"));
    }

    #[test]
    fn an_address_without_a_host_means_every_address() {
        assert_eq!(address(":61779"), Ok(ListenAt(Some(([0, 0, 0, 0], 61779).into()))));
        assert_eq!(address("127.0.0.1:0"), Ok(ListenAt(Some(([127, 0, 0, 1], 0).into()))));
        assert_eq!(address("0"), Ok(ListenAt(None)));
    }
}
