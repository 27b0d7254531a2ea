//! Where a plan's input comes from: a live cluster, manifests, or both; AWS, or an account description.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use jiff::Timestamp;
use northgate_planner::id::{AccountId, Region, VpcId};
use northgate_planner::plan::{Header, Skipped};
use northgate_planner::problem::Problem;
use northgate_planner::snapshot::{Settings, Snapshot};
use northgate_simulator::account_description::AccountDescription;
use northgate_simulator::{Options, Simulator};
use serde_json::Value;

use crate::aws::{Connection, Occasion, ReadOnlyAccount, Record};
use crate::cli::args::DecisionArgs;
use crate::cli::input::Manifests;
use crate::cli::{Failure, connect_recorded};
use crate::cluster::{self, Client};

/// Where objects and the account come from: the same for every command that decides.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct SourceArgs {
    /// Manifests instead of a cluster's objects: files, folders, or - for standard input.
    #[arg(short = 'f', long = "filename", value_name = "FILE")]
    pub(in crate::cli) files: Vec<PathBuf>,
    /// Read the folders inside the folders of -f too.
    #[arg(short = 'R', long, requires = "files")]
    pub(in crate::cli) recursive: bool,
    /// Lay the manifests over the live cluster's objects.
    #[arg(long, requires = "files")]
    pub(in crate::cli) cluster: bool,
    /// An account description to plan against, instead of AWS.
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) account: Option<PathBuf>,
    /// Write what was read of the account, and the time, as an account description: from it the same objects and flags
    /// give the same plan.
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) record: Option<PathBuf>,
    /// Only this namespace.
    #[arg(short, long, value_name = "NAMESPACE")]
    pub(in crate::cli) namespace: Option<String>,
    /// The kubeconfig to use.
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) kubeconfig: Option<PathBuf>,
    /// The kubeconfig's context to use.
    #[arg(long, value_name = "CONTEXT")]
    pub(in crate::cli) context: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) decisions: DecisionArgs,
}

/// Everything that a plan is made from.
pub(in crate::cli) struct Source {
    pub(in crate::cli) snapshot: Snapshot,
    /// A real account or a described one: the same code, over another connection.
    pub(in crate::cli) account: ReadOnlyAccount,
    pub(in crate::cli) problems: Vec<Problem>,
    /// What is odd about the manifests but does no harm.
    pub(in crate::cli) warnings: Vec<Problem>,
    pub(in crate::cli) skipped: Vec<Skipped>,
    pub(in crate::cli) ignored: BTreeMap<String, usize>,
    /// The objects come from files, not from a live cluster.
    pub(in crate::cli) by_files: bool,
    /// Where a name on the command line is, unless `-n` says.
    pub(in crate::cli) default_namespace: String,
    /// Everything that is read of the account, for `--record`.
    record: Option<(PathBuf, Record)>,
}

/// What was asked for and cannot be had.
#[derive(Debug, thiserror::Error)]
enum SourceError {
    #[error("cannot read the account description {path}")]
    Account { path: String, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("cannot write the account description {path}")]
    Unwritable { path: String, source: std::io::Error },
    #[error("the account description {path} names no vpcId, and --aws-vpc-id is not given; give one of them")]
    NoVpcInAccount { path: String },
}

/// What the plan says of itself.
pub(in crate::cli) fn header(snapshot: &Snapshot) -> Header {
    let settings = &snapshot.settings;
    Header {
        cluster: settings.cluster_name.clone(),
        account: settings.account.clone(),
        region: settings.region.clone(),
        vpc: settings.vpc.clone(),
        now: snapshot.now,
    }
}

impl Source {
    /// Writes what was read of the account, once all of it was.
    pub(in crate::cli) fn write_record(&self) -> Result<(), Failure> {
        let Some((path, record)) = &self.record else { return Ok(()) };
        let settings = &self.snapshot.settings;
        let description = record.description(Occasion {
            now: self.snapshot.now,
            account: settings.account.as_ref(),
            region: &settings.region,
            vpc: &settings.vpc,
        });
        let failed = |source| SourceError::Unwritable { path: path.display().to_string(), source };
        Ok(std::fs::write(path, description).map_err(failed)?)
    }
}

/// Opens what the command line names, and reads the Kubernetes objects.
pub(in crate::cli) async fn open(args: &SourceArgs) -> Result<Source, Failure> {
    let mut manifests = Manifests::read(&args.files, args.recursive)?;
    let live = args.files.is_empty() || args.cluster;
    let client = if live { Some(cluster::connect(&connect_options(args)).await?) } else { None };
    let record = args.record.clone().map(|path| (path, Record::default()));
    let recording = record.as_ref().map(|(_, record)| record);
    let (account, settings, now) = match &args.account {
        Some(path) => described(args, path, recording).await?,
        None => {
            let nodes = async || match &client {
                Some(client) => cluster::node_places(client).await,
                None => Ok(Vec::new()),
            };
            let (connection, settings) = connect_recorded(&args.decisions, recording, nodes).await?;
            let account = connection.read_only_account(settings.cluster_name.clone(), settings.vpc.clone());
            (account, settings, cluster::now())
        }
    };
    let settings = Arc::new(settings);
    let snapshot = match &client {
        None => {
            manifests.assume_class();
            of_files(&manifests, settings, now)
        }
        Some(client) => laid_over(client, &mut manifests, settings, now).await?,
    };
    Ok(Source {
        snapshot,
        account,
        problems: manifests.problems,
        warnings: manifests.warnings,
        skipped: manifests.skipped,
        ignored: manifests.ignored,
        by_files: !live,
        default_namespace: client.as_ref().map_or("default", Client::default_namespace).to_owned(),
        record,
    })
}

/// Manifests over a cluster's objects, each of them given by a person.
pub(in crate::cli) async fn over_cluster(
    client: &Client,
    mut manifests: Manifests,
    account: ReadOnlyAccount,
    settings: Settings,
) -> Result<Source, Failure> {
    let snapshot = laid_over(client, &mut manifests, Arc::new(settings), cluster::now()).await?;
    Ok(Source {
        snapshot,
        account,
        problems: manifests.problems,
        warnings: manifests.warnings,
        skipped: manifests.skipped,
        ignored: manifests.ignored,
        by_files: true,
        default_namespace: client.default_namespace().to_owned(),
        record: None,
    })
}

/// A cluster's objects as they would be with the manifests applied.
async fn laid_over(
    client: &Client,
    manifests: &mut Manifests,
    settings: Arc<Settings>,
    now: Timestamp,
) -> Result<Snapshot, Failure> {
    let mut listing = cluster::list(client, settings).await?;
    listing.snapshot.now = now;
    for object in std::mem::take(&mut manifests.objects) {
        match cluster::dry_run_apply(client, &object).await? {
            Ok(applied) => lay_over(&applied, &mut listing.snapshot)?,
            Err(refused) => manifests.problems.push(Problem::general(refused.to_string())),
        }
    }
    Ok(listing.snapshot)
}

fn connect_options(args: &SourceArgs) -> cluster::ConnectOptions {
    cluster::ConnectOptions { kubeconfig: args.kubeconfig.clone(), context: args.context.clone() }
}

/// The files alone: no cluster is contacted.
fn of_files(manifests: &Manifests, settings: Arc<Settings>, now: Timestamp) -> Snapshot {
    let mut snapshot = Snapshot { files_alone: true, ..Snapshot::empty(&settings, now) };
    manifests.fill(&mut snapshot);
    snapshot
}

/// Puts what the API server answered in the place of the live object.
fn lay_over(applied: &Value, snapshot: &mut Snapshot) -> Result<(), Failure> {
    let mut answered = Manifests::default();
    answered.parse("the API server's answer", &applied.to_string());
    if let Some(problem) = answered.problems.first() {
        return Err(problem.to_string().into());
    }
    snapshot.services.extend(answered.services);
    snapshot.ingresses.extend(answered.ingresses);
    snapshot.ingress_classes.extend(answered.ingress_classes);
    snapshot.ingress_class_params.extend(answered.ingress_class_params);
    snapshot.namespaces.extend(answered.namespaces);
    snapshot.bindings.extend(answered.bindings);
    snapshot.endpoint_slices.get_or_insert_default().extend(answered.endpoint_slices);
    snapshot.nodes.get_or_insert_default().extend(answered.nodes);
    snapshot.pods.get_or_insert_default().extend(answered.pods);
    Ok(())
}

/// A described account: the ordinary reading path over a simulator in this process.
async fn described(
    args: &SourceArgs,
    path: &Path,
    record: Option<&Record>,
) -> Result<(ReadOnlyAccount, Settings, Timestamp), Failure> {
    let name = path.display().to_string();
    let unreadable =
        |source: Box<dyn std::error::Error + Send + Sync>| SourceError::Account { path: name.clone(), source };
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.into()))?;
    let description = AccountDescription::parse(&text).map_err(|error| unreadable(error.into()))?;
    let now = description.now().unwrap_or_else(cluster::now);
    let account_id = AccountId::new(description.account_id());
    let region = Region::new(args.decisions.aws_region.as_deref().unwrap_or_else(|| description.region()));
    let vpc = args.decisions.aws_vpc_id.as_deref().or_else(|| description.vpc_id());
    let vpc = VpcId::new(vpc.ok_or_else(|| SourceError::NoVpcInAccount { path: name.clone() })?);
    let answered = description.recorded().map(<[String]>::to_vec);
    let simulator = Simulator::new(Options::default());
    description.load(&simulator).await.map_err(|error| unreadable(error.into()))?;
    let mut settings = args.decisions.settings(vpc.clone(), region.clone());
    let mut connection = Connection::over(simulator.connector(), &account_id, &region);
    if let Some(answered) = answered {
        connection = connection.answering_only(answered);
    }
    if let Some(record) = record {
        connection = connection.recorded_in(record.clone());
    }
    settings.account = Some(account_id);
    let account = connection.read_only_account(settings.cluster_name.clone(), vpc);
    Ok((account, settings, now))
}
