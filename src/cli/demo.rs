//! `northgate demo`: the real controller at work on a simulated account and a simulated cluster, in this process.
//!
//! - `manifests`: what is applied
//! - `workers`, `world`, `traffic`: what the controller works on
//! - `news`, `kubectl`: what happens, line by line, and what objects look like
//! - `requests`, `client`: what is asked of load balancers, and who asks
//! - `story`: what is done, and what must come of it

mod client;
mod kubectl;
mod manifests;
mod news;
mod requests;
mod story;
mod traffic;
mod workers;
mod world;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use northgate_simulator::account_description::DescriptionError;
use northgate_simulator::kubernetes::NotTaken;
use tokio::signal::unix::{SignalKind, signal};

use super::{Failure, print};
use story::Story;
use world::World;

/// Show the controller at work: apply, look, change and delete, on a simulated account and cluster in this process.
///
/// Nothing outside is asked or changed; no AWS or Kubernetes configuration is read.
#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// Manifests to apply, instead of the tutorial's: files, folders, or - for standard input.
    #[arg(short = 'f', long = "filename", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The account description to begin with, instead of the demo's own.
    #[arg(long, value_name = "FILE")]
    account: Option<PathBuf>,
    /// Leave everything up until Ctrl-C or SIGTERM, instead of deleting it.
    #[arg(long)]
    keep: bool,
}

const ACCOUNT: &str = include_str!("demo/account.yaml");

/// What keeps the demo from going on.
#[derive(Debug, thiserror::Error)]
enum DemoError {
    #[error("cannot read the account description {name}")]
    Unreadable { name: String, source: std::io::Error },
    #[error("cannot use the account description {name}")]
    Account { name: String, source: Box<DescriptionError> },
    #[error("the account description {name} names no vpcId; add it")]
    NoVpc { name: String },
    #[error("the account description {name} is a record, in which nothing can be made; take away its list `recorded`")]
    Recorded { name: String },
    #[error("the account description has no instances; the demo's nodes stand on its first two")]
    NoInstances,
    #[error("instance {instance} of the account description has no {what}; the demo's nodes stand on it")]
    Worker { instance: String, what: String },
    #[error("the simulated API server refuses what the demo begins with")]
    Fixture { source: NotTaken },
    #[error("the simulated account cannot be looked at: {0}")]
    Unobservable(String),
    #[error("the manifests cannot be read; mend them first:\n  {}", .0.join("\n  "))]
    Manifests(Vec<String>),
    #[error("{0} is refused; the plan on stdout says why")]
    Refused(String),
    #[error("{what}: not within {} s{}", limit.as_secs(), told(.events))]
    Late { what: String, limit: Duration, events: Vec<String> },
    #[error("the controller ended before the demo did")]
    ControllerEnded,
}

impl DemoError {
    /// Something did not come to pass; what the controller said about it may tell why.
    fn late(world: &World, what: &str, limit: Duration) -> Self {
        Self::Late { what: what.to_owned(), limit, events: news::warnings(world) }
    }
}

fn told(events: &[String]) -> String {
    events.iter().map(|event| format!("\n  the controller said: {event}")).collect()
}

/// Runs the demo.
pub(super) fn run(args: DemoArgs) -> Result<u8, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(show(args))
}

async fn show(args: DemoArgs) -> Result<u8, Failure> {
    let story = if args.files.is_empty() { Story::tutorial() } else { Story::of_files(&args.files)? };
    let mut world = match &args.account {
        None => World::open("of the demo", ACCOUNT).await?,
        Some(path) => {
            let name = path.display().to_string();
            let text = std::fs::read_to_string(path);
            let text = text.map_err(|source| DemoError::Unreadable { name: name.clone(), source })?;
            World::open(&name, &text).await?
        }
    };
    introduce(&world);
    let (stop, mut controller) = world.start_controller();
    let kept = tokio::select! {
        told = story.tell(&world, args.keep) => told?,
        _ = &mut controller => return Err(DemoError::ControllerEnded.into()),
    };
    if args.keep {
        keep(&mut world, &kept).await?;
    }
    stop.tell();
    _ = controller.await;
    Ok(0)
}

fn introduce(world: &World) {
    print(&format!(
        "A simulated AWS account ({}, {}) and a cluster in its VPC {}, in this process:\n",
        world.scope.account, world.scope.region, world.vpc
    ));
    for worker in &world.workers {
        let worker = format!("  {} on {} in {}\n", worker.node, worker.instance, worker.zone);
        print(&worker);
    }
    print("The controller is the real one. AWS's minutes are shortened to half a second.\n");
}

/// Leaves everything up until somebody ends it.
async fn keep(world: &mut World, kept: &[story::Reached]) -> Result<(), Failure> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let door = world.open_door().await?;
    let mut text = "\n== It stays up until Ctrl-C\n\n".to_owned();
    for story::Reached { request, address, is_secure } in kept {
        let line = request.curl(&address.to_string(), *is_secure);
        text.push_str(&format!("  {line}    # stands for {}\n", request.place()));
    }
    let (account, region) = (&world.scope.account, &world.scope.region);
    text.push_str(&format!(
        "  AWS_ACCESS_KEY_ID={account} AWS_SECRET_ACCESS_KEY=demo aws --region {region} --endpoint-url http://{door} \
         elbv2 describe-load-balancers\n"
    ));
    print(&text);
    tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
    Ok(())
}
