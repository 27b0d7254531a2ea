//! `northgate plan`: the controller's own stages, stopped before the first write.

#[cfg(test)]
mod golden;
mod passes;
mod selection;
mod source;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use northgate_planner::plan::{Document, FailOn, render};

use super::args::DecisionArgs;
use super::{Failure, print};
use passes::Passes;
use selection::{Named, Selection};

/// Print what the controller would change, and change nothing.
#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    /// What to plan: service/NAME or binding/NAME. Default: everything that is ours.
    #[arg(value_name = "KIND/NAME", value_parser = selection::named)]
    names: Vec<Named>,
    /// Manifests to plan instead of a cluster's objects: files, folders, or - for standard input.
    #[arg(short = 'f', long = "filename", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Read the folders inside the folders of -f too.
    #[arg(short = 'R', long, requires = "files")]
    recursive: bool,
    /// Lay the manifests over the live cluster's objects.
    #[arg(long, requires = "files")]
    cluster: bool,
    /// An account description to plan against, instead of AWS.
    #[arg(long, value_name = "FILE")]
    account: Option<PathBuf>,
    /// Only this namespace.
    #[arg(short, long, value_name = "NAMESPACE")]
    namespace: Option<String>,
    /// Text for people or JSON for programs.
    #[arg(short, long, value_enum, default_value = "text")]
    output: Output,
    /// Exit with 3 when there is anything to change.
    #[arg(long)]
    check: bool,
    /// With --check: what counts.
    #[arg(long, value_name = "WHAT", value_delimiter = ',', requires = "check", value_parser = fail_on)]
    fail_on: Vec<FailOn>,
    /// The kubeconfig to use.
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// The kubeconfig's context to use.
    #[arg(long, value_name = "CONTEXT")]
    context: Option<String>,
    #[command(flatten)]
    decisions: DecisionArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Output {
    Text,
    Json,
}

/// Plans and prints.
pub(super) fn run(args: PlanArgs) -> Result<u8, Failure> {
    args.decisions.check()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let source = source::open(&args).await?;
        let document = planned(&args, &source).await?;
        match args.output {
            Output::Text => print(&render(&document)),
            Output::Json => print(&document.to_json()),
        };
        Ok(document.exit_code(args.check, &args.fail_on))
    })
}

async fn planned(args: &PlanArgs, source: &source::Source) -> Result<Document, Failure> {
    let mut passes = Passes::new(&source.account, source.snapshot.clone());
    passes.skipped.extend(source.skipped.iter().cloned());
    let selection = Selection {
        names: &args.names,
        namespace: args.namespace.as_deref(),
        default_namespace: &source.default_namespace,
        by_files: source.by_files,
    };
    passes.run(&selection).await?;
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
