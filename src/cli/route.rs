//! `northgate route`: which rule, target groups and targets a request reaches, as the controller would have it.

mod address;
mod decided;

use std::net::IpAddr;

use clap::Args;
use northgate_planner::id::ObjectRef;
use northgate_planner::plan::Skipped;
use northgate_planner::problem::Problem;
use northgate_planner::route::{Asked, Decided, Document, Request, Standing, render, standing, way};
use northgate_planner::snapshot::Snapshot;
use northgate_planner::spec::ingress::asks_for;

use super::plan::Output;
use super::plan::passes::{Passes, RunError};
use super::plan::selection::{self, Named, Selection};
use super::plan::source::{self, Source, SourceArgs};
use super::{Failure, UNREADABLE, print};
use crate::aws::ReadOnlyAccount;
use address::Address;
use decided::{Candidate, Candidates};

/// Exit code: no load balancer does with the request what an object asks for.
const NOT_ANSWERED: u8 = 4;

/// Say which load balancer, rule, target groups and targets a request reaches, and why.
#[derive(Debug, Clone, Args)]
pub(super) struct RouteArgs {
    /// The request: HOST[/PATH], with http:// or https://, a port and a query where they matter. /PATH alone asks a load
    /// balancer by its own host name.
    #[arg(value_name = "HOST[/PATH]", value_parser = address::parse)]
    address: Address,
    /// Only this load balancer's way: ingress/NAME, group/NAME or service/NAME. Default: all that serve the host.
    #[arg(value_name = "KIND/NAME", value_parser = named)]
    names: Vec<Named>,
    /// The request's method.
    #[arg(short = 'X', long, value_name = "METHOD", default_value = "GET", value_parser = address::method)]
    method: String,
    /// A header of the request, `Name: value`; may be given several times.
    #[arg(short = 'H', long = "header", value_name = "HEADER", value_parser = address::header)]
    headers: Vec<(String, String)>,
    /// Where the request comes from. Default: from nowhere in particular, so that no condition on it is met.
    #[arg(long, value_name = "IP")]
    source_ip: Option<IpAddr>,
    /// Text for people or JSON for programs.
    #[arg(short, long, value_enum, default_value = "text")]
    output: Output,
    #[command(flatten)]
    source: SourceArgs,
}

/// Follows the request and prints its way.
pub(super) fn run(args: &RouteArgs) -> Result<u8, Failure> {
    args.source.decisions.check()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let source = source::open(&args.source).await?;
        let document = followed(args, &source).await?;
        source.write_record()?;
        match args.output {
            Output::Text => print(&render(&document)),
            Output::Json => print(&document.to_json()),
        };
        Ok(exit_code(&document))
    })
}

fn exit_code(document: &Document) -> u8 {
    match (document.problems.is_empty(), document.is_answered()) {
        (false, _) => UNREADABLE,
        (true, true) => 0,
        (true, false) => NOT_ANSWERED,
    }
}

/// 1. decide the load balancers  2. choose those that serve the host  3. find the targets  4. tell
async fn followed(args: &RouteArgs, source: &Source) -> Result<Document, Failure> {
    let mut passes = Passes::new(&source.account, source.snapshot.clone());
    let selection = Selection {
        names: &args.names,
        namespace: args.source.namespace.as_deref(),
        default_namespace: &source.default_namespace,
        by_files: source.by_files,
    };
    if let Some((kind, name)) = selection.missing(&source.snapshot) {
        return Err(RunError::Absent { kind, name }.into());
    }
    let candidates = decided::candidates(&mut passes, &source.snapshot, &selection, &args.address.host).await?;
    let mut aside = aside(&passes, &candidates, &source.snapshot, &args.address);
    let (chosen, others) = serving(args, candidates.load_balancers);
    let account = decided::Asked { account: &source.account, is_described: args.source.account.is_some() };
    let mut load_balancers = Vec::new();
    for candidate in &chosen {
        let request = args.request(candidate);
        let targets = decided::targets(&mut passes, account, candidate, &request).await?;
        let Candidate { plan, desired, live } = candidate;
        let decided = Decided { plan, desired, live: live.as_ref(), targets: &targets };
        load_balancers.extend(way(decided, &request));
    }
    // Who is served by what is kept for it is told there what is wrong with it.
    let is_kept = |object: &ObjectRef| load_balancers.iter().any(|way| way.kept_for.contains(object));
    aside.retain(|problem| !problem.object.as_ref().is_some_and(is_kept));
    Ok(Document {
        format_version: 1,
        header: source::header(&source.snapshot),
        request: args.asked(),
        load_balancers,
        others: others.into_iter().map(|candidate| candidate.plan.key).collect(),
        aside,
        problems: source.problems.clone(),
    })
}

/// Those that the way of the request is told for, and those that would serve any host while others name this one.
///
/// What leads clients to a load balancer is DNS, which nobody asks here: its own host name leads to it alone, another one to
/// those that name it.
fn serving(args: &RouteArgs, candidates: Vec<Candidate>) -> (Vec<Candidate>, Vec<Candidate>) {
    let is_own =
        |one: &Candidate| one.live.as_ref().is_some_and(|live| live.dns_name.eq_ignore_ascii_case(&args.address.host));
    if candidates.iter().any(is_own) {
        return (candidates.into_iter().filter(is_own).collect(), Vec::new());
    }
    if !args.names.is_empty() {
        return (candidates, Vec::new());
    }
    let of = |one: &Candidate| standing(one.serving(), &args.request(one));
    let best = candidates.iter().map(of).max().unwrap_or(Standing::Nothing);
    let (chosen, others) = candidates.into_iter().partition::<Vec<_>, _>(|one| of(one) == best);
    (chosen, others.into_iter().filter(|one| of(one) == Standing::AnyHost).collect())
}

/// Why Ingresses that ask for such requests do not get them: not ours, refused, or set aside.
fn aside(
    passes: &Passes<'_, ReadOnlyAccount>,
    candidates: &Candidates,
    snapshot: &Snapshot,
    address: &Address,
) -> Vec<Problem> {
    let asking = |problem: &Problem| {
        let object = problem.object.as_ref().filter(|object| object.kind() == "Ingress")?;
        asks_for(snapshot.ingresses.get(object.name())?, &address.host, &address.path)
    };
    let mut found = Vec::new();
    for Skipped { object, reason, hint } in &passes.skipped {
        let problem = Problem { hint: hint.clone(), ..Problem::of(object.clone(), reason.clone()) };
        found.extend(asking(&problem).map(|field| problem.at(field)));
    }
    for (_, refusal) in &passes.refused {
        let named = |problem: &Problem| problem.object.clone().or_else(|| Some(refusal.object.clone()));
        let problems = refusal.problems.iter().map(|problem| Problem { object: named(problem), ..problem.clone() });
        found.extend(problems.filter(|problem| asking(problem).is_some()));
    }
    let of_plans = candidates.plans().flat_map(|plan| &plan.problems);
    found.extend(of_plans.filter(|problem| asking(problem).is_some()).cloned());
    found.sort();
    found.dedup();
    found
}

impl RouteArgs {
    /// The request as it comes to a load balancer.
    fn request(&self, candidate: &Candidate) -> Request {
        let Address { given: _, protocol, host, port, path, query } = &self.address;
        let own = candidate.live.as_ref().map(|live| live.dns_name.clone());
        let host = if host.is_empty() { own.unwrap_or_default() } else { host.clone() };
        let (protocol, port) = address::door(*protocol, *port, &candidate.serving().listeners());
        Request {
            protocol,
            port,
            host,
            path: path.clone(),
            query: query.clone(),
            method: self.method.clone(),
            headers: self.headers.clone(),
            source: self.source_ip,
        }
    }

    fn asked(&self) -> Asked {
        Asked {
            method: self.method.clone(),
            address: self.address.given.clone(),
            headers: self.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect(),
            source_ip: self.source_ip,
        }
    }
}

fn named(text: &str) -> Result<Named, String> {
    match selection::named(text) {
        Ok(Named::Binding(_)) | Err(_) => Err(format!("{text:?} is none of ingress/NAME, group/NAME, service/NAME")),
        Ok(named) => Ok(named),
    }
}
