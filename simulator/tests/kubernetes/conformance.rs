//! What a Kubernetes API server does, in sentences that can be checked: by kube's client alone, so that the same checks
//! run against the model and against a real server.
//!
//! Each check has a namespace of its own, so that all may run on one server at once.

#[path = "conformance/metadata.rs"]
mod metadata;
#[path = "conformance/services.rs"]
mod services;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};

use k8s_openapi::api::core::v1::Namespace;
use kube::api::{DynamicObject, PostParams};
use kube::core::{ApiResource, GroupVersionKind};
use kube::{Api, Client};
use serde_json::{Value, json};

/// One sentence about API servers.
#[derive(Clone, Copy)]
pub(crate) struct Check {
    /// The sentence.
    pub(crate) name: &'static str,
    check: fn(World) -> Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// Where a check is carried out.
#[derive(Clone)]
pub(crate) struct World {
    client: Client,
    namespace: String,
}

/// All sentences.
pub(crate) fn checks() -> Vec<Check> {
    [metadata::CHECKS, services::CHECKS].concat()
}

/// Lists functions as checks; a function's name is its sentence.
macro_rules! sentences {
    ($($name:ident),+ $(,)?) => {
        pub(super) const CHECKS: &[super::Check] =
            &[$(super::Check { name: stringify!($name), check: |world| Box::pin($name(world)) }),+];
    };
}
use sentences;

impl Check {
    /// Carries it out in a new namespace.
    ///
    /// # Errors
    ///
    /// The sentence is not true: its name and why.
    pub(crate) async fn run(self, client: Client) -> Result<(), String> {
        static COUNT: AtomicUsize = AtomicUsize::new(1);
        let namespace = format!("check-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let object: Namespace = serde_json::from_value(json!({ "metadata": { "name": namespace } })).unwrap();
        let namespaces: Api<Namespace> = Api::all(client.clone());
        namespaces.create(&PostParams::default(), &object).await.map_err(|error| error.to_string())?;
        let world = World { client, namespace };
        match tokio::spawn((self.check)(world)).await {
            Ok(()) => Ok(()),
            Err(_) => Err(format!("{self:?}")),
        }
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name.replace('_', " "))
    }
}

impl World {
    /// The objects of a kind in the check's namespace, or of all the cluster for kinds that are in none.
    fn objects(&self, api_version: &str, kind: &str) -> Api<DynamicObject> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        match kind {
            "Namespace" | "Node" | "IngressClass" | "CustomResourceDefinition" => {
                Api::all_with(self.client.clone(), &resource)
            }
            _ => Api::namespaced_with(self.client.clone(), &self.namespace, &resource),
        }
    }

    fn services(&self) -> Api<DynamicObject> {
        self.objects("v1", "Service")
    }

    fn config_maps(&self) -> Api<DynamicObject> {
        self.objects("v1", "ConfigMap")
    }
}

/// Makes an object from what it says.
async fn create(api: &Api<DynamicObject>, object: Value) -> kube::Result<Value> {
    let mut typed = object;
    let resource = api.resource_url();
    let _ = resource;
    if typed["metadata"].is_null() {
        typed["metadata"] = json!({});
    }
    let object: DynamicObject = serde_json::from_value(typed).unwrap();
    Ok(json!(api.create(&PostParams::default(), &object).await?))
}

/// The status with which something was refused.
fn refusal<T: fmt::Debug>(result: kube::Result<T>) -> kube::core::Status {
    match result {
        Err(kube::Error::Api(status)) => *status,
        other => panic!("a refusal was expected: {other:?}"),
    }
}
