//! The watches: one for each kind, each feeding its cache, each change told once.

use std::fmt::Debug;
use std::pin::pin;

use futures::StreamExt as _;
use futures::future::BoxFuture;
use k8s_openapi::api::core::v1::{Namespace, Node, Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::networking::v1::{Ingress, IngressClass};
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Api, Client, Resource};
use northgate_planner::crd::{IngressClassParams, TargetGroupBinding};
use serde::de::DeserializeOwned;
use tracing::{debug, info, warn};

use super::cache::{Cache, Change, Feed};
use super::error::is_not_found;
use super::trim;
use crate::seldom::Seldom;

/// A kind that is watched.
pub(crate) trait Watched:
    Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static
{
    /// Drops what is not used.
    const TRIM: fn(&mut Self);
    /// What its absence means to a person, where the kind may be missing in a cluster.
    const MISSING: Option<&'static str>;
}

impl Watched for Service {
    const TRIM: fn(&mut Self) = trim::service;
    const MISSING: Option<&'static str> = None;
}

impl Watched for Node {
    const TRIM: fn(&mut Self) = trim::node;
    const MISSING: Option<&'static str> = None;
}

impl Watched for EndpointSlice {
    const TRIM: fn(&mut Self) = trim::endpoint_slice;
    const MISSING: Option<&'static str> = None;
}

impl Watched for TargetGroupBinding {
    const TRIM: fn(&mut Self) = trim::target_group_binding;
    const MISSING: Option<&'static str> = Some(
        "the cluster does not know TargetGroupBindings; apply the custom resource definitions (northgate crds | kubectl apply -f -)",
    );
}

impl Watched for Pod {
    const TRIM: fn(&mut Self) = trim::pod;
    const MISSING: Option<&'static str> = None;
}

impl Watched for Ingress {
    const TRIM: fn(&mut Self) = trim::ingress;
    const MISSING: Option<&'static str> = None;
}

impl Watched for IngressClass {
    const TRIM: fn(&mut Self) = trim::ingress_class;
    const MISSING: Option<&'static str> = None;
}

impl Watched for IngressClassParams {
    const TRIM: fn(&mut Self) = trim::ingress_class_params;
    const MISSING: Option<&'static str> = Some(
        "the cluster does not know IngressClassParams; apply the custom resource definitions (northgate crds | kubectl apply -f -)",
    );
}

impl Watched for Namespace {
    const TRIM: fn(&mut Self) = trim::namespace;
    const MISSING: Option<&'static str> = None;
}

/// A change of an object of any watched kind.
#[derive(Debug)]
pub(crate) enum Changed {
    /// A Service.
    Service(Change<Service>),
    /// A Node.
    Node(Change<Node>),
    /// An EndpointSlice.
    EndpointSlice(Change<EndpointSlice>),
    /// A TargetGroupBinding.
    TargetGroupBinding(Change<TargetGroupBinding>),
    /// A Pod.
    Pod(Change<Pod>),
    /// An Ingress.
    Ingress(Change<Ingress>),
    /// An IngressClass.
    IngressClass(Change<IngressClass>),
    /// IngressClassParams.
    IngressClassParams(Change<IngressClassParams>),
    /// A Namespace.
    Namespace(Change<Namespace>),
}

/// What the watches know.
#[derive(Debug, Default)]
pub(crate) struct Caches {
    /// Services.
    pub(crate) services: Cache<Service>,
    /// Nodes.
    pub(crate) nodes: Cache<Node>,
    /// EndpointSlices.
    pub(crate) endpoint_slices: Cache<EndpointSlice>,
    /// TargetGroupBindings.
    pub(crate) bindings: Cache<TargetGroupBinding>,
    /// Pods.
    pub(crate) pods: Cache<Pod>,
    /// Ingresses.
    pub(crate) ingresses: Cache<Ingress>,
    /// IngressClasses.
    pub(crate) ingress_classes: Cache<IngressClass>,
    /// IngressClassParams.
    pub(crate) ingress_class_params: Cache<IngressClassParams>,
    /// Namespaces.
    pub(crate) namespaces: Cache<Namespace>,
}

impl Caches {
    /// Keeps all caches up to date, for ever, and tells every change after it is in its cache.
    pub(super) async fn watch(&self, client: &Client, tell: impl Fn(Changed)) {
        let Self {
            services,
            nodes,
            endpoint_slices,
            bindings,
            pods,
            ingresses,
            ingress_classes,
            ingress_class_params,
            namespaces,
        } = self;
        // Most troubles are those of the API server, and of every kind the same.
        let told = &Seldom::default();
        tokio::join!(
            follow(client, services, told, |change| tell(Changed::Service(change))),
            follow(client, nodes, told, |change| tell(Changed::Node(change))),
            follow(client, endpoint_slices, told, |change| tell(Changed::EndpointSlice(change))),
            follow(client, bindings, told, |change| tell(Changed::TargetGroupBinding(change))),
            follow(client, pods, told, |change| tell(Changed::Pod(change))),
            follow(client, ingresses, told, |change| tell(Changed::Ingress(change))),
            follow(client, ingress_classes, told, |change| tell(Changed::IngressClass(change))),
            follow(client, ingress_class_params, told, |change| tell(Changed::IngressClassParams(change))),
            follow(client, namespaces, told, |change| tell(Changed::Namespace(change))),
        );
    }

    /// Waits until every cache had its first complete list.
    pub(super) async fn synced(&self) {
        for cache in self.each() {
            cache.first_list().await;
        }
    }

    /// The caches without a first complete list, each with what keeps it; empty when all are there.
    pub(super) fn missing(&self) -> Vec<String> {
        self.each().iter().filter_map(|cache| cache.lacks()).collect()
    }

    fn each(&self) -> [&dyn AnyCache; 9] {
        let Self {
            services,
            nodes,
            endpoint_slices,
            bindings,
            pods,
            ingresses,
            ingress_classes,
            ingress_class_params,
            namespaces,
        } = self;
        [services, nodes, endpoint_slices, bindings, pods, ingresses, ingress_classes, ingress_class_params, namespaces]
    }
}

/// A cache, whatever its kind.
trait AnyCache: Sync {
    /// Waits until the first complete list is in.
    fn first_list(&self) -> BoxFuture<'_, ()>;

    /// What keeps the first complete list, when it is not in.
    fn lacks(&self) -> Option<String>;
}

impl<K: Watched> AnyCache for Cache<K> {
    fn first_list(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.synced())
    }

    fn lacks(&self) -> Option<String> {
        if self.is_synced() {
            return None;
        }
        let kind = K::plural(&());
        Some(match self.trouble() {
            Some(trouble) => format!("{kind} are not listed yet: {trouble}"),
            None => format!("{kind} are not listed yet"),
        })
    }
}

async fn follow<K: Watched>(client: &Client, cache: &Cache<K>, told: &Seldom, tell: impl Fn(Change<K>)) {
    let kind = K::plural(&());
    // Pages of 500, and the back-off of client-go's reflectors: 0.8 s to 30 s with jitter.
    let events = watcher(Api::<K>::all(client.clone()), watcher::Config::default()).default_backoff().modify(K::TRIM);
    let mut events = pin!(events);
    let mut feed = Feed::new(cache);
    while let Some(event) = events.next().await {
        match event {
            Ok(event) => {
                let complete = matches!(event, watcher::Event::InitDone);
                let changes = feed.take(event);
                if complete {
                    info!(kind = %kind, objects = changes.len(), "listed");
                }
                changes.into_iter().for_each(&tell);
            }
            Err(error) => {
                let trouble = explain::<K>(&error);
                if told.is_due(&trouble) {
                    warn!(kind = %kind, "the watch broke, it is begun again: {trouble}");
                } else {
                    debug!(kind = %kind, "the watch broke, it is begun again: {trouble}");
                }
                cache.set_trouble(Some(trouble));
            }
        }
    }
}

fn explain<K: Watched>(error: &watcher::Error) -> String {
    let status = match error {
        watcher::Error::InitialListFailed(kube::Error::Api(status))
        | watcher::Error::WatchStartFailed(kube::Error::Api(status))
        | watcher::Error::WatchFailed(kube::Error::Api(status))
        | watcher::Error::WatchError(status) => status,
        watcher::Error::InitialListFailed(_)
        | watcher::Error::WatchStartFailed(_)
        | watcher::Error::WatchFailed(_)
        | watcher::Error::NoResourceVersion => return error.to_string(),
    };
    match K::MISSING {
        Some(missing) if is_not_found(status) => missing.to_owned(),
        _ => status.message.clone(),
    }
}

#[cfg(test)]
mod tests {
    use kube::core::Status;

    use super::*;

    fn refused(code: u16, reason: &str) -> watcher::Error {
        watcher::Error::InitialListFailed(kube::Error::Api(
            Status::failure("the server said no", reason).with_code(code).boxed(),
        ))
    }

    #[test]
    fn a_missing_kind_is_told_with_its_remedy() {
        // An API server that does not know a kind answers in plain text, which has no reason.
        for reason in ["NotFound", "Failed to parse error data"] {
            assert!(explain::<TargetGroupBinding>(&refused(404, reason)).contains("northgate crds"), "{reason}");
        }
        assert_eq!(explain::<TargetGroupBinding>(&refused(403, "Forbidden")), "the server said no");
        assert_eq!(explain::<Service>(&refused(404, "NotFound")), "the server said no");
    }

    #[test]
    fn what_is_not_listed_yet_is_named_with_its_reason() {
        let caches = Caches::default();
        caches.pods.set_trouble(Some("pods is forbidden".to_owned()));
        let missing = caches.missing();
        assert_eq!(missing.len(), 9);
        assert!(missing.contains(&"services are not listed yet".to_owned()));
        assert!(missing.contains(&"pods are not listed yet: pods is forbidden".to_owned()));
    }
}
