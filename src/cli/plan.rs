//! `northgate plan`: the controller's own stages, stopped before the first write.

#[cfg(test)]
mod golden;
pub(super) mod passes;
pub(super) mod selection;
pub(super) mod source;

use clap::{Args, ValueEnum};
use northgate_planner::plan::{Document, FailOn, render};
use northgate_planner::snapshot::Settings;

use super::input::Manifests;
use super::{Failure, print};
use passes::Passes;
use selection::{Named, Selection};
use source::SourceArgs;

use crate::aws::ReadOnlyAccount;
use crate::cluster::Client;

/// Print what the controller would change, and change nothing.
#[derive(Debug, Clone, Args)]
pub(super) struct PlanArgs {
    /// What to plan: service/NAME, ingress/NAME, group/NAME or binding/NAME. Default: everything that is ours.
    #[arg(value_name = "KIND/NAME", value_parser = selection::named)]
    names: Vec<Named>,
    /// Text for people or JSON for programs.
    #[arg(short, long, value_enum, default_value = "text")]
    output: Output,
    /// Exit with 3 when there is anything to change.
    #[arg(long)]
    check: bool,
    /// With --check: what counts.
    #[arg(long, value_name = "WHAT", value_delimiter = ',', requires = "check", value_parser = fail_on)]
    fail_on: Vec<FailOn>,
    #[command(flatten)]
    source: SourceArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Output {
    Text,
    Json,
}

/// Plans and prints.
pub(super) fn run(args: PlanArgs) -> Result<u8, Failure> {
    args.source.decisions.check()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let source = source::open(&args.source).await?;
        let document = planned(&args, &source).await?;
        source.write_record()?;
        match args.output {
            Output::Text => print(&render(&document)),
            Output::Json => print(&document.to_json()),
        };
        Ok(document.exit_code(args.check, &args.fail_on))
    })
}

/// The plan of a cluster, as `northgate plan` makes it.
///
/// # Errors
///
/// The API server or AWS could not be asked.
pub async fn of_cluster(client: &Client, account: ReadOnlyAccount, settings: Settings) -> Result<Document, Failure> {
    let mut source = source::over_cluster(client, Manifests::default(), account, settings).await?;
    source.by_files = false;
    document(&source, &[], None).await
}

/// The plan of manifests laid over a cluster, as `northgate plan -f FILE --cluster` makes it; every Service of the cluster
/// is told of.
pub(super) async fn over_cluster(
    client: &Client,
    manifests: Manifests,
    account: ReadOnlyAccount,
    settings: Settings,
) -> Result<Document, Failure> {
    document(&source::over_cluster(client, manifests, account, settings).await?, &[], None).await
}

async fn planned(args: &PlanArgs, source: &source::Source) -> Result<Document, Failure> {
    document(source, &args.names, args.source.namespace.as_deref()).await
}

async fn document(source: &source::Source, names: &[Named], namespace: Option<&str>) -> Result<Document, Failure> {
    let mut passes = Passes::new(&source.account, source.snapshot.clone());
    passes.skipped.extend(source.skipped.iter().cloned());
    let selection =
        Selection { names, namespace, default_namespace: &source.default_namespace, by_files: source.by_files };
    passes.run(&selection).await?;
    passes.warn(&source.warnings);
    let mut ignored = source.ignored.clone();
    *ignored.entry("Service".to_owned()).or_default() += passes.unlisted;
    ignored.retain(|_, count| *count > 0);
    Ok(Document::new(
        source::header(&source.snapshot),
        passes.plans,
        passes.refused,
        passes.skipped,
        ignored,
        source.problems.clone(),
    ))
}

fn fail_on(text: &str) -> Result<FailOn, String> {
    text.parse().map_err(|error: northgate_planner::id::UnknownValue| error.to_string())
}
