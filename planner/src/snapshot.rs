//! The Kubernetes objects that one decision needs, taken once, and the settings it is made with.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Node, Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;

use crate::crd::TargetGroupBinding;
use crate::id::{AccountId, ClusterName, Key, ObjectName, Region, Scheme, TargetType, VpcId};
use crate::model::{Binding, Pairs};

/// One immutable view of the cluster.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The time the decision is made at.
    pub now: Timestamp,
    /// The flags.
    pub settings: Arc<Settings>,
    /// Services.
    pub services: BTreeMap<ObjectName, Arc<Service>>,
    /// TargetGroupBindings.
    pub bindings: BTreeMap<ObjectName, Arc<TargetGroupBinding>>,
    /// TargetGroupBindings that a plan of this run wants and that do not exist yet. Empty in the controller:
    /// there the object is made first.
    pub wanted_bindings: BTreeMap<ObjectName, Binding>,
    /// EndpointSlices; `None`: nobody knows.
    pub endpoint_slices: Option<BTreeMap<ObjectName, Arc<EndpointSlice>>>,
    /// Nodes; `None`: nobody knows.
    pub nodes: Option<BTreeMap<String, Arc<Node>>>,
    /// Pods; `None`: nobody knows.
    pub pods: Option<BTreeMap<ObjectName, Arc<Pod>>>,
    /// Whether another cloud controller is at work.
    pub cloud_controller: CloudController,
    /// Keys that use, or may use, rules that no binding asks for any more: bindings whose target groups still hold targets
    /// that serve and are no longer wanted, and whatever a controller that was just started has not looked at yet. No rule
    /// is closed until then.
    pub lingering: BTreeSet<Key>,
    /// Whether the objects are those of files alone: then others may exist, and what is not here is unknown.
    pub files_alone: bool,
}

/// What is known of a cloud-controller-manager in the cluster, from its Lease in `kube-system`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CloudController {
    /// No cluster was contacted.
    NotAsked,
    /// There is no Lease.
    Absent,
    /// The Lease was last renewed then.
    Renewed(Timestamp),
    /// The Lease could not be read; the reason.
    Unreadable(String),
}

/// Everything that `run` and `plan` take that changes a decision; LBC's names and defaults unless decided otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `--cluster-name`.
    pub cluster_name: ClusterName,
    /// `--aws-vpc-id`, or found from a node's instance.
    pub vpc: VpcId,
    /// `--aws-region`, or from the environment.
    pub region: Region,
    /// The account of the credentials, where it is known.
    pub account: Option<AccountId>,
    /// `--load-balancer-class`.
    pub load_balancer_class: String,
    /// `--classless-services`.
    pub classless_services: ClasslessServices,
    /// `--default-target-type`.
    pub default_target_type: TargetType,
    /// `--default-load-balancer-scheme`; given, it holds for all Services.
    pub default_load_balancer_scheme: Option<Scheme>,
    /// `--default-tags`, on every AWS resource.
    pub default_tags: Pairs,
    /// `--external-managed-tags`: keys that are never touched.
    pub external_managed_tags: BTreeSet<String>,
    /// `--service-target-eni-security-group-tags`: tags that pick the worker security group beside the cluster tag.
    pub target_eni_security_group_tags: Pairs,
    /// `--exact-worker-ports`: one worker rule per port instead of one span.
    pub exact_worker_ports: bool,
}

impl Settings {
    /// The defaults for a cluster; what every fixture starts from.
    pub fn new(cluster_name: ClusterName, vpc: VpcId, region: Region) -> Self {
        Self {
            cluster_name,
            vpc,
            region,
            account: None,
            load_balancer_class: "service.k8s.aws/nlb".to_owned(),
            classless_services: ClasslessServices::Auto,
            default_target_type: TargetType::Instance,
            default_load_balancer_scheme: None,
            default_tags: Pairs::new(),
            external_managed_tags: BTreeSet::new(),
            target_eni_security_group_tags: Pairs::new(),
            exact_worker_ports: false,
        }
    }
}

/// Whether Services of type LoadBalancer without a class are ours (`--classless-services`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClasslessServices {
    /// Unless a cloud-controller-manager is at work.
    Auto,
    /// Always.
    True,
    /// Never.
    False,
}
