//! The Kubernetes objects that one decision needs, taken once, and the settings it is made with.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Node, Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::networking::v1::{Ingress, IngressClass};

use crate::crd::{IngressClassParams, TargetGroupBinding};
use crate::id::{AccountId, ClusterName, Key, ObjectName, Region, Scheme, SecurityGroupId, TargetType, VpcId};
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
    /// Ingresses.
    pub ingresses: BTreeMap<ObjectName, Arc<Ingress>>,
    /// IngressClasses, by name.
    pub ingress_classes: BTreeMap<String, Arc<IngressClass>>,
    /// IngressClassParams, by name.
    pub ingress_class_params: BTreeMap<String, Arc<IngressClassParams>>,
    /// The labels of Namespaces, by name: a class may be for some only.
    pub namespaces: BTreeMap<String, Pairs>,
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

impl Snapshot {
    /// A cluster without objects, of which nothing else is known.
    pub fn empty(settings: &Arc<Settings>, now: Timestamp) -> Self {
        Self {
            now,
            settings: Arc::clone(settings),
            services: BTreeMap::new(),
            ingresses: BTreeMap::new(),
            ingress_classes: BTreeMap::new(),
            ingress_class_params: BTreeMap::new(),
            namespaces: BTreeMap::new(),
            bindings: BTreeMap::new(),
            wanted_bindings: BTreeMap::new(),
            endpoint_slices: None,
            nodes: None,
            pods: None,
            cloud_controller: CloudController::NotAsked,
            lingering: BTreeSet::new(),
            files_alone: false,
        }
    }
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
    /// `--default-load-balancer-scheme`; given, it holds for all objects.
    pub default_load_balancer_scheme: Option<Scheme>,
    /// `--default-tags`, on every AWS resource.
    pub default_tags: Pairs,
    /// `--external-managed-tags`: keys that are never touched.
    pub external_managed_tags: BTreeSet<String>,
    /// `--service-target-eni-security-group-tags`: tags that pick the worker security group beside the cluster tag.
    pub target_eni_security_group_tags: Pairs,
    /// `--exact-worker-ports`: one worker rule per port instead of one span.
    pub exact_worker_ports: bool,
    /// `--ingress-class`: the value of the annotation `kubernetes.io/ingress.class` that is ours. Empty: `alb` and no value
    /// are, and so are Ingresses without any class.
    pub ingress_class: String,
    /// `--default-ssl-policy`, of HTTPS listeners.
    pub default_ssl_policy: String,
    /// `--enable-backend-security-group` and `--backend-security-group`: what targets let in.
    pub backend_security_group: BackendSecurityGroup,
    /// `--enable-manage-backend-security-group-rules`: whether the rules towards the targets are managed where the
    /// security groups of an Ingress's load balancer are given.
    pub manage_backend_security_group_rules: bool,
    /// `--disable-restricted-sg-rules`: the targets of Ingresses let in all TCP ports instead of those that are used.
    pub all_target_ports: bool,
    /// `--tolerate-non-existent-backend-service`: a rule of an Ingress whose Service is missing answers 503.
    pub tolerate_missing_service: bool,
    /// `--tolerate-non-existent-backend-action`: a rule of an Ingress whose action is missing answers 503.
    pub tolerate_missing_action: bool,
    /// `--allowed-certificate-authority-arns`: only certificates of these authorities are discovered; empty: all.
    pub allowed_certificate_authorities: BTreeSet<String>,
    /// Feature gates.
    pub gates: FeatureGates,
}

/// The security group that load balancers carry towards their targets, beside those for their clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackendSecurityGroup {
    /// One that is made for the cluster (the default).
    Shared,
    /// This one (`--backend-security-group`); it is neither made nor deleted.
    Given(SecurityGroupId),
    /// None (`--enable-backend-security-group=false`): targets let in the group that is made for the clients.
    Off,
}

/// The feature gates of LBC that change a decision (`--feature-gates`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeatureGates {
    /// `EnableIPTargetType`: targets may be pods.
    pub ip_target_type: bool,
    /// `ALBSingleSubnet`: an Application Load Balancer may be in one zone only.
    pub alb_single_subnet: bool,
    /// `EnableDefaultTagsLowPriority`: tags of an Ingress come before `--default-tags`.
    pub default_tags_low_priority: bool,
    /// `ListenerRulesTagging`: listeners and rules carry tags.
    pub listener_rules_tagging: bool,
    /// `WeightedTargetGroups`: an action may forward to several target groups.
    pub weighted_target_groups: bool,
    /// `SubnetsClusterTagCheck`: subnets with the tag of another cluster are not discovered.
    pub subnets_cluster_tag_check: bool,
    /// `SubnetDiscoveryByReachability`: where no subnet carries a role tag, routes tell which can be used.
    pub subnet_discovery_by_reachability: bool,
}

impl Default for FeatureGates {
    fn default() -> Self {
        Self {
            ip_target_type: true,
            alb_single_subnet: false,
            default_tags_low_priority: false,
            listener_rules_tagging: true,
            weighted_target_groups: true,
            subnets_cluster_tag_check: true,
            subnet_discovery_by_reachability: true,
        }
    }
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
            ingress_class: "alb".to_owned(),
            default_ssl_policy: "ELBSecurityPolicy-2016-08".to_owned(),
            backend_security_group: BackendSecurityGroup::Shared,
            manage_backend_security_group_rules: false,
            all_target_ports: false,
            tolerate_missing_service: true,
            tolerate_missing_action: true,
            allowed_certificate_authorities: BTreeSet::new(),
            gates: FeatureGates::default(),
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
