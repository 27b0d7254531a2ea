//! The whole cluster, read once: what `northgate plan` decides from.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Namespace, Node};
use kube::api::ListParams;
use kube::{Api, Client};
use northgate_planner::id::{InstanceId, ObjectName, Region};
use northgate_planner::snapshot::{Settings, Snapshot};
use serde::de::DeserializeOwned;

use super::clock;
use super::error::{Error, ask};
use super::lease;
use super::snapshot::by_name;
use super::watch::Watched;

/// Objects per page, as client-go has it.
const PAGE: u32 = 500;
/// How often a list is begun again because its pages ran out on the server.
const ATTEMPTS: usize = 3;

/// What a cluster holds.
#[derive(Debug, Clone)]
pub struct Listing {
    /// Every object that a decision can need, trimmed as the controller trims it.
    pub snapshot: Snapshot,
    /// Whether the cluster knows TargetGroupBindings at all; if not, there are none in the snapshot.
    pub bindings_exist: bool,
}

/// Reads Services, Ingresses with their classes, TargetGroupBindings, EndpointSlices, Nodes, Pods, the labels of Namespaces,
/// and the Lease of a cloud controller.
///
/// # Errors
///
/// One of the lists could not be read.
pub async fn list(client: &Client, settings: Arc<Settings>) -> Result<Listing, Error> {
    let (services, bindings, endpoint_slices, nodes, pods, ingresses, classes, params, namespaces, cloud_controller) = tokio::join!(
        objects(client),
        objects(client),
        objects(client),
        objects(client),
        objects(client),
        objects(client),
        objects(client),
        objects(client),
        objects(client),
        lease::read(client),
    );
    let (bindings, bindings_exist) = match bindings {
        Err(missing) if missing.is_not_found() => (BTreeMap::new(), false),
        bindings => (bindings?, true),
    };
    let params = match params {
        Err(missing) if missing.is_not_found() => BTreeMap::new(),
        params => params?,
    };
    let nodes: BTreeMap<ObjectName, Arc<Node>> = nodes?;
    let namespaces: BTreeMap<ObjectName, Arc<Namespace>> = namespaces?;
    let labels = |namespace: &Namespace| namespace.metadata.labels.clone().unwrap_or_default();
    let snapshot = Snapshot {
        services: services?,
        ingresses: ingresses?,
        ingress_classes: by_name(classes?),
        ingress_class_params: by_name(params),
        namespaces: by_name(namespaces).iter().map(|(name, found)| (name.clone(), labels(found))).collect(),
        bindings,
        endpoint_slices: Some(endpoint_slices?),
        nodes: Some(by_name(nodes)),
        pods: Some(pods?),
        cloud_controller,
        ..Snapshot::empty(&settings, clock::now())
    };
    Ok(Listing { snapshot, bindings_exist })
}

/// Where a node runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodePlace {
    /// Its EC2 instance.
    pub instance: InstanceId,
    /// The Region, where the node says it.
    pub region: Option<Region>,
}

/// Where the cluster's nodes run, some of them, for when no flag names the VPC or the Region.
///
/// # Errors
///
/// The Nodes could not be read.
pub async fn node_places(client: &Client) -> Result<Vec<NodePlace>, Error> {
    const ENOUGH: u32 = 20;
    let nodes: Api<Node> = Api::all(client.clone());
    let page = ask(|| "list nodes".to_owned(), nodes.list(&ListParams::default().limit(ENOUGH))).await?;
    Ok(page.items.iter().filter_map(place).collect())
}

/// `aws:///us-west-2a/i-0123` names an instance; Fargate and hybrid nodes have other ids.
fn place(node: &Node) -> Option<NodePlace> {
    let provider_id = node.spec.as_ref()?.provider_id.as_deref()?;
    let id = provider_id.strip_prefix("aws://")?.rsplit('/').next()?;
    let label = node.metadata.labels.as_ref().and_then(|labels| labels.get("topology.kubernetes.io/region"));
    id.starts_with("i-").then(|| NodePlace { instance: InstanceId::new(id), region: label.map(Region::new) })
}

async fn objects<K: Watched + Debug + DeserializeOwned>(
    client: &Client,
) -> Result<BTreeMap<ObjectName, Arc<K>>, Error> {
    for _ in 1..ATTEMPTS {
        match pages(client).await {
            // The continuation was too old: the pages would not fit together.
            Err(Error::Refused { status, .. }) if status.code == 410 => {}
            listed => return listed,
        }
    }
    pages(client).await
}

async fn pages<K: Watched + Debug + DeserializeOwned>(client: &Client) -> Result<BTreeMap<ObjectName, Arc<K>>, Error> {
    let api: Api<K> = Api::all(client.clone());
    let mut found = BTreeMap::new();
    let mut params = ListParams::default().limit(PAGE);
    loop {
        let page = ask(|| format!("list {}", K::plural(&())), api.list(&params)).await?;
        for mut object in page.items {
            K::TRIM(&mut object);
            found.insert(ObjectName::of(object.meta()), Arc::new(object));
        }
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => params = params.continue_token(&token),
            None => return Ok(found),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_instances_are_named_as_instances() {
        let node = |id: &str| serde_json::from_value(json!({ "metadata": {}, "spec": { "providerID": id } })).unwrap();
        let place = |id: &str, region: Option<&str>| {
            let mut node: Node = node(id);
            let label = region.map(|region| ("topology.kubernetes.io/region".to_owned(), region.to_owned()));
            node.metadata.labels = Some(label.into_iter().collect());
            place(&node)
        };
        let known =
            |region: Option<&str>| NodePlace { instance: InstanceId::new("i-0123"), region: region.map(Region::new) };
        assert_eq!(place("aws:///us-west-2a/i-0123", None), Some(known(None)));
        assert_eq!(place("aws:///us-west-2a/i-0123", Some("us-west-2")), Some(known(Some("us-west-2"))));
        for other in
            ["aws:///us-west-2a/fargate-ip-10-0-0-1", "eks-hybrid:///us-west-2/demo/mi-1", "kind://docker/kind/i-no"]
        {
            assert_eq!(place(other, Some("us-west-2")), None);
        }
    }
}
