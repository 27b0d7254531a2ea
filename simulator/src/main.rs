//! The simulator as a process: AWS on a loopback port, for tests of other processes.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use northgate_simulator::account_description::AccountDescription;
use northgate_simulator::{AccountOptions, DataPath, OpenListener, Options, RemoteEc2, Simulator, door};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// An AWS account on a loopback port: Elastic Load Balancing v2 and a small EC2.
///
/// The first line on stdout is `listening on http://ADDRESS`. SIGTERM ends it.
#[derive(Parser)]
#[command(name = "northgate-simulator", version)]
struct Arguments {
    /// The address to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Fill an account from this description (YAML or JSON).
    #[arg(long, value_name = "FILE", conflicts_with = "ec2_endpoint")]
    account_description: Option<PathBuf>,
    /// Take EC2's facts from this endpoint instead of the simulator's own EC2.
    #[arg(long, value_name = "URL")]
    ec2_endpoint: Option<String>,
    /// Open each listener of an active load balancer on a loopback port; the ports are told on stderr.
    #[arg(long)]
    data_path: bool,
    /// From the creation of a load balancer to its state `active`.
    #[arg(long, value_parser = duration, default_value = "2s")]
    provisioning_delay: Duration,
    /// How long a target of a group in use stays `initial`.
    #[arg(long, value_parser = duration, default_value = "1s")]
    health_delay: Duration,
    /// The longest time that a target drains.
    #[arg(long, value_parser = duration, default_value = "2s")]
    drain_cap: Duration,
    /// How long the network interfaces of a load balancer outlive it.
    #[arg(long, value_parser = duration, default_value = "1s")]
    interface_delay: Duration,
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .init();
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            // The log may be filtered; why the process ends must not be.
            let _ = writeln!(std::io::stderr(), "error: {sentence}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), String> {
    let mut terminate =
        signal(SignalKind::terminate()).map_err(|error| format!("SIGTERM cannot be waited for: {error}"))?;
    let (listen, carries) = (arguments.listen, arguments.data_path);
    let simulator = simulator(arguments).await?;
    let data_path = carries.then(|| DataPath::serve(&simulator));
    if let Some(data_path) = &data_path {
        tokio::spawn(tell(data_path.changes()));
    }
    let listener = TcpListener::bind(listen).await.map_err(|error| format!("cannot listen on {listen}: {error}"))?;
    let address = listener.local_addr().map_err(|error| format!("cannot tell the address listened on: {error}"))?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "listening on http://{address}")
        .and_then(|()| stdout.flush())
        .map_err(|error| format!("stdout cannot be written: {error}"))?;
    tokio::select! {
        () = door::http::serve(simulator, data_path, listener) => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

/// Tells of listeners that open and close.
async fn tell(mut changes: watch::Receiver<Vec<OpenListener>>) {
    let mut before = Vec::new();
    while changes.changed().await.is_ok() {
        let now = changes.borrow_and_update().clone();
        let mut stderr = std::io::stderr();
        for (sign, these, others) in [("closed", &before, &now), ("open", &now, &before)] {
            for listener in these.iter().filter(|listener| !others.contains(listener)) {
                // Who does not read stderr still wants the ports.
                let _ = writeln!(stderr, "{sign}: {listener}");
            }
        }
        before = now;
    }
}

async fn simulator(arguments: Arguments) -> Result<Simulator, String> {
    let mut options = options(&arguments);
    if let Some(endpoint) = &arguments.ec2_endpoint {
        let ec2 = RemoteEc2::new(endpoint).map_err(|error| format!("--ec2-endpoint: {error}"))?;
        return Ok(Simulator::with_remote_ec2(options, ec2));
    }
    let Some(path) = &arguments.account_description else {
        return Ok(Simulator::new(options));
    };
    let refuse = |why: String| format!("{}: {why}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| refuse(error.to_string()))?;
    let description = AccountDescription::parse(&text).map_err(|error| refuse(error.to_string()))?;
    options.start = description.now().unwrap_or(options.start);
    let simulator = Simulator::new(options);
    description.load(&simulator).await.map_err(|error| refuse(error.to_string()))?;
    Ok(simulator)
}

#[expect(clippy::disallowed_methods, reason = "the process's one door to the clock")]
fn options(arguments: &Arguments) -> Options {
    Options {
        start: jiff::Timestamp::now(),
        account: AccountOptions {
            provisioning_delay: arguments.provisioning_delay,
            health_delay: arguments.health_delay,
            drain_cap: arguments.drain_cap,
            interface_delay: arguments.interface_delay,
            ..AccountOptions::default()
        },
        ..Options::default()
    }
}

/// `2s`, `250ms`, `1m30s`: the friendly format of jiff.
fn duration(text: &str) -> Result<Duration, String> {
    let duration = text.parse::<jiff::SignedDuration>().map_err(|error| error.to_string())?;
    Duration::try_from(duration).map_err(|error| error.to_string())
}
