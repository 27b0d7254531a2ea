//! What a Kubernetes API server does, in sentences that can be checked: by kube's client alone, so that the same checks
//! run against the model (`simulator/tests/kubernetes.rs`) and against a real server
//! (`localstack-tests/tests/black_box/kubernetes_api.rs`).
//!
//! Each check has a namespace of its own, so that all may run on one server at once. They expect an API server alone: no
//! controller gives objects to a new namespace, or takes them away.

#[path = "conformance/applies.rs"]
mod applies;
#[path = "conformance/creation.rs"]
mod creation;
#[path = "conformance/custom_resources.rs"]
mod custom_resources;
#[path = "conformance/deletion.rs"]
mod deletion;
#[path = "conformance/dry_runs.rs"]
mod dry_runs;
#[path = "conformance/kinds.rs"]
mod kinds;
#[path = "conformance/node_ports.rs"]
mod node_ports;
#[path = "conformance/patches.rs"]
mod patches;
#[path = "conformance/reads.rs"]
mod reads;
#[path = "conformance/rules.rs"]
mod rules;
#[path = "conformance/services.rs"]
mod services;
#[path = "conformance/updates.rs"]
mod updates;
#[path = "conformance/watches.rs"]
mod watches;
#[path = "conformance/world.rs"]
mod world;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use kube::Client;
use serde_json::json;

use world::World;

/// One sentence about API servers.
#[derive(Clone, Copy)]
pub(crate) struct Check {
    name: &'static str,
    check: fn(World) -> Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// Makes a server forget everything that led to its present state, as one does by itself after some minutes.
pub(crate) type Forget = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// How long a check may take; a server that sees all of them at once is slow.
const PATIENCE: Duration = Duration::from_secs(90);

/// Lists functions as checks; a function's name is its sentence.
macro_rules! sentences {
    ($($name:ident),+ $(,)?) => {
        pub(super) const CHECKS: &[super::Check] =
            &[$(super::Check { name: stringify!($name), check: |world| Box::pin($name(world)) }),+];
    };
}
use sentences;

/// What is true of a real server and not of the model, which says so in its documentation.
#[allow(dead_code, reason = "the tests of the model take this file as well")]
pub(crate) fn checks_beyond_the_model() -> Vec<Check> {
    rules::CHECKS.to_vec()
}

/// What is true of both.
pub(crate) fn checks() -> Vec<Check> {
    [
        reads::CHECKS,
        watches::CHECKS,
        creation::CHECKS,
        updates::CHECKS,
        deletion::CHECKS,
        patches::CHECKS,
        applies::CHECKS,
        dry_runs::CHECKS,
        services::CHECKS,
        node_ports::CHECKS,
        kinds::CHECKS,
        custom_resources::CHECKS,
    ]
    .concat()
}

/// Carries them out at once on one server. Those that do not hold, and why.
pub(crate) async fn all_at_once(checks: Vec<Check>, client: Client, forget: Forget) -> Vec<String> {
    let runs: Vec<_> =
        checks.into_iter().map(|check| tokio::spawn(check.run(client.clone(), Arc::clone(&forget)))).collect();
    let mut failures = Vec::new();
    for run in runs {
        failures.extend(run.await.unwrap().err());
    }
    failures
}

impl Check {
    /// Carries it out in a new namespace.
    ///
    /// # Errors
    ///
    /// The sentence is not true: it, and why.
    pub(crate) async fn run(self, client: Client, forget: Forget) -> Result<(), String> {
        let mut world = World { client, namespace: String::new(), forget };
        let object = json!({ "metadata": { "generateName": "check-" } });
        let made = world.post("/api/v1/namespaces", object).await.ok();
        world.namespace = made["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        let failed = match tokio::time::timeout(PATIENCE, tokio::spawn((self.check)(world))).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(failed)) => failed.into_panic(),
            Err(_) => return Err(format!("{self:?}: no end after {PATIENCE:?}")),
        };
        let words = failed.downcast_ref::<String>().map(String::as_str);
        let words = words.or_else(|| failed.downcast_ref::<&str>().copied()).unwrap_or_default();
        Err(format!("{self:?}: {words}"))
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name.replace('_', " "))
    }
}
