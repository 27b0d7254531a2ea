//! The flags that change a decision: `run` and `plan` take the same ones, with LBC's names.

mod gates;

use std::collections::BTreeSet;

use clap::{ArgAction, Args};
use northgate_planner::id::{ClusterName, Region, Scheme, SecurityGroupId, TargetType, VpcId};
use northgate_planner::model::Pairs;
use northgate_planner::snapshot::{BackendSecurityGroup, ClasslessServices, Settings};
use northgate_planner::spec::value::parse_bool;

use gates::Gate;

/// Flags that change a decision.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Decisions")]
pub(super) struct DecisionArgs {
    /// The cluster's name: part of the names and tags of everything that is made.
    #[arg(long, value_name = "NAME", value_parser = not_empty)]
    pub(super) cluster_name: String,
    /// The AWS Region. Default: the environment's, else that of a node.
    #[arg(long, value_name = "REGION")]
    pub(super) aws_region: Option<String>,
    /// The cluster's VPC. Default: the VPC of a node's instance.
    #[arg(long, env = "AWS_VPC_ID", value_name = "VPC")]
    pub(super) aws_vpc_id: Option<String>,
    /// The load balancer class that is ours.
    #[arg(long, value_name = "CLASS", default_value = "service.k8s.aws/nlb")]
    load_balancer_class: String,
    /// Whether Services of type LoadBalancer without a class are ours; `auto`: unless a cloud-controller-manager is at
    /// work in the cluster.
    #[arg(long, value_name = "MODE", default_value = "auto", value_parser = classless)]
    classless_services: ClasslessServices,
    /// What the targets are where no annotation says.
    #[arg(long, value_name = "TYPE", default_value = "instance", value_parser = parse::<TargetType>)]
    default_target_type: TargetType,
    /// The scheme where no annotation says. Default: internal for Services that name our class or are given to us by
    /// annotation, internet-facing for the others.
    #[arg(long, value_name = "SCHEME", value_parser = parse::<Scheme>)]
    default_load_balancer_scheme: Option<Scheme>,
    /// Tags of every AWS resource, `key=value,…`.
    #[arg(long, value_name = "TAGS", value_parser = pairs, default_value = "")]
    default_tags: TagArgument,
    /// Tag keys that are never touched, `key,…`.
    #[arg(long, value_name = "KEYS", value_delimiter = ',')]
    external_managed_tags: Vec<String>,
    /// Tags that pick the worker security group where an interface has several, `key=value,…`.
    #[arg(long, value_name = "TAGS", value_parser = pairs, default_value = "")]
    service_target_eni_security_group_tags: TagArgument,
    /// One worker rule per port, instead of one span from the lowest to the highest.
    #[arg(long)]
    exact_worker_ports: bool,
    /// The value of the annotation kubernetes.io/ingress.class that makes an Ingress ours; empty: `alb` and no value do, and
    /// so does having no class at all.
    #[arg(long, value_name = "CLASS", default_value = "alb")]
    ingress_class: String,
    /// The security policy of HTTPS listeners where no annotation says.
    #[arg(long, value_name = "POLICY", default_value = "ELBSecurityPolicy-2016-08")]
    default_ssl_policy: String,
    /// Whether load balancers carry a security group towards their targets, one for the whole cluster.
    #[arg(long, value_name = "BOOL", default_value = "true", default_missing_value = "true", num_args = 0..=1,
        require_equals = true, action = ArgAction::Set, value_parser = parse_bool)]
    enable_backend_security_group: bool,
    /// That security group. Default: one is made.
    #[arg(long, value_name = "GROUP", value_parser = security_group)]
    backend_security_group: Option<SecurityGroupId>,
    /// Whether the rules towards the targets are managed where an Ingress gives the security groups of its load balancer
    /// itself and no annotation says.
    #[arg(long, value_name = "BOOL", default_value = "false", default_missing_value = "true", num_args = 0..=1,
        require_equals = true, action = ArgAction::Set, value_parser = parse_bool)]
    enable_manage_backend_security_group_rules: bool,
    /// Whether the targets of Ingresses let in all TCP ports instead of those that are used.
    #[arg(long, value_name = "BOOL", default_value = "false", default_missing_value = "true", num_args = 0..=1,
        require_equals = true, action = ArgAction::Set, value_parser = parse_bool)]
    disable_restricted_sg_rules: bool,
    /// Whether a rule of an Ingress whose Service is missing answers 503, instead of being refused.
    #[arg(long, value_name = "BOOL", default_value = "true", default_missing_value = "true", num_args = 0..=1,
        require_equals = true, action = ArgAction::Set, value_parser = parse_bool)]
    tolerate_non_existent_backend_service: bool,
    /// Whether a rule of an Ingress whose action is missing answers 503, instead of being refused.
    #[arg(long, value_name = "BOOL", default_value = "true", default_missing_value = "true", num_args = 0..=1,
        require_equals = true, action = ArgAction::Set, value_parser = parse_bool)]
    tolerate_non_existent_backend_action: bool,
    /// Only certificates of these authorities are discovered, `arn,…`. Default: all.
    #[arg(long, value_name = "ARNS", value_delimiter = ',')]
    allowed_certificate_authority_arns: Vec<String>,
    /// Features to switch on or off, `NAME=true,…`.
    #[arg(long, value_name = "GATES", value_delimiter = ',', value_parser = gates::parse)]
    feature_gates: Vec<Gate>,
}

/// A list of tags on the command line.
#[derive(Debug, Clone, Default)]
pub(super) struct TagArgument(Pairs);

/// Keys that track what is ours; no flag may set them.
const TRACKING_KEYS: &[&str] = &[
    "elbv2.k8s.aws/cluster",
    "elbv2.k8s.aws/resource",
    "service.k8s.aws/stack",
    "service.k8s.aws/resource",
    "ingress.k8s.aws/stack",
    "ingress.k8s.aws/resource",
    "gateway.k8s.aws.nlb/stack",
    "gateway.k8s.aws.nlb/resource",
    "gateway.k8s.aws.alb/stack",
    "gateway.k8s.aws.alb/resource",
];

/// Flags that contradict each other.
#[derive(Debug, thiserror::Error)]
pub(super) enum ArgumentError {
    /// A tag that tracks ownership.
    #[error("{flag} must not name {key:?}: the controller keeps its own books with it")]
    Tracking {
        /// The flag.
        flag: &'static str,
        /// The key.
        key: String,
    },
    /// A tag that is ours and others' at once.
    #[error("--default-tags and --external-managed-tags both name {key:?}; take it out of one of them")]
    Both {
        /// The key.
        key: String,
    },
    /// Rules towards targets need a group that they name.
    #[error(
        "--enable-manage-backend-security-group-rules needs --enable-backend-security-group: the rules let in that group"
    )]
    NoGroupToManage,
}

impl DecisionArgs {
    /// Checks what clap cannot: contradictions between flags.
    pub(super) fn check(&self) -> Result<(), ArgumentError> {
        let flags = [
            ("--default-tags", self.default_tags.0.keys().collect::<BTreeSet<_>>()),
            ("--external-managed-tags", self.external_managed_tags.iter().collect()),
        ];
        for (flag, keys) in &flags {
            if let Some(key) = keys.iter().find(|key| TRACKING_KEYS.contains(&key.as_str())) {
                return Err(ArgumentError::Tracking { flag, key: (*key).clone() });
            }
        }
        if self.enable_manage_backend_security_group_rules && !self.enable_backend_security_group {
            return Err(ArgumentError::NoGroupToManage);
        }
        match flags[0].1.intersection(&flags[1].1).next() {
            Some(key) => Err(ArgumentError::Both { key: (*key).clone() }),
            None => Ok(()),
        }
    }

    /// The settings, once VPC and Region are known.
    pub(super) fn settings(&self, vpc: VpcId, region: Region) -> Settings {
        Settings {
            load_balancer_class: self.load_balancer_class.clone(),
            classless_services: self.classless_services,
            default_target_type: self.default_target_type,
            default_load_balancer_scheme: self.default_load_balancer_scheme,
            default_tags: self.default_tags.0.clone(),
            external_managed_tags: self.external_managed_tags.iter().cloned().collect(),
            target_eni_security_group_tags: self.service_target_eni_security_group_tags.0.clone(),
            exact_worker_ports: self.exact_worker_ports,
            ingress_class: self.ingress_class.clone(),
            default_ssl_policy: self.default_ssl_policy.clone(),
            backend_security_group: match &self.backend_security_group {
                _ if !self.enable_backend_security_group => BackendSecurityGroup::Off,
                Some(group) => BackendSecurityGroup::Given(group.clone()),
                None => BackendSecurityGroup::Shared,
            },
            manage_backend_security_group_rules: self.enable_manage_backend_security_group_rules,
            all_target_ports: self.disable_restricted_sg_rules,
            tolerate_missing_service: self.tolerate_non_existent_backend_service,
            tolerate_missing_action: self.tolerate_non_existent_backend_action,
            allowed_certificate_authorities: self.allowed_certificate_authority_arns.iter().cloned().collect(),
            gates: gates::settings(&self.feature_gates),
            ..Settings::new(ClusterName::new(&self.cluster_name), vpc, region)
        }
    }
}

fn not_empty(text: &str) -> Result<String, String> {
    if text.is_empty() { Err("the cluster needs a name".to_owned()) } else { Ok(text.to_owned()) }
}

fn parse<T: std::str::FromStr<Err = northgate_planner::id::UnknownValue>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: northgate_planner::id::UnknownValue| error.to_string())
}

fn classless(text: &str) -> Result<ClasslessServices, String> {
    match text {
        "auto" => Ok(ClasslessServices::Auto),
        "true" => Ok(ClasslessServices::True),
        "false" => Ok(ClasslessServices::False),
        other => Err(format!("{other:?} is none of auto, true, false")),
    }
}

fn security_group(text: &str) -> Result<SecurityGroupId, String> {
    match text.starts_with("sg-") {
        true => Ok(SecurityGroupId::new(text)),
        false => Err(format!("{text:?} is no id of a security group: those begin with sg-")),
    }
}

fn pairs(text: &str) -> Result<TagArgument, String> {
    let mut pairs = Pairs::new();
    for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').ok_or_else(|| format!("{pair:?} is not key=value"))?;
        pairs.insert(key.trim().to_owned(), value.trim().to_owned());
    }
    Ok(TagArgument(pairs))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Flags {
        #[command(flatten)]
        decisions: DecisionArgs,
    }

    fn flags(more: &[&str]) -> DecisionArgs {
        Flags::try_parse_from(["northgate", "--cluster-name=demo"].iter().chain(more)).unwrap().decisions
    }

    #[test]
    fn settings_are_what_the_flags_say() {
        let given =
            flags(&["--default-tags=team=web,stage=prod", "--default-target-type=ip", "--classless-services=false"]);
        given.check().unwrap();
        let settings = given.settings(VpcId::new("vpc-1"), Region::new("us-west-2"));
        assert_eq!(settings.default_tags.len(), 2);
        assert_eq!(settings.default_target_type, TargetType::Ip);
        assert_eq!(settings.classless_services, ClasslessServices::False);
    }

    #[test]
    fn tags_that_track_ownership_are_refused() {
        let error = flags(&["--default-tags=elbv2.k8s.aws/cluster=x"]).check().unwrap_err();
        assert!(error.to_string().contains("--default-tags"), "{error}");
        let error = flags(&["--default-tags=a=1", "--external-managed-tags=a"]).check().unwrap_err();
        assert!(error.to_string().contains("both name \"a\""), "{error}");
    }

    #[test]
    fn switches_are_given_as_go_writes_them() {
        let settings = |more: &[&str]| flags(more).settings(VpcId::new("vpc-1"), Region::new("us-west-2"));
        let plain = Settings::new(ClusterName::new("demo"), VpcId::new("vpc-1"), Region::new("us-west-2"));
        assert_eq!(settings(&[]), plain, "the defaults are those of every fixture");
        let given = settings(&["--enable-backend-security-group=F", "--disable-restricted-sg-rules"]);
        assert_eq!((given.backend_security_group, given.all_target_ports), (BackendSecurityGroup::Off, true));
        let given = settings(&["--backend-security-group=sg-1", "--tolerate-non-existent-backend-service=false"]);
        assert_eq!(given.backend_security_group, BackendSecurityGroup::Given(SecurityGroupId::new("sg-1")));
        assert!(!given.tolerate_missing_service && given.tolerate_missing_action);
        let given = settings(&["--feature-gates=ALBSingleSubnet=true,EnableIPTargetType=false"]);
        assert!(given.gates.alb_single_subnet && !given.gates.ip_target_type);
    }

    #[test]
    fn a_group_to_manage_must_be_there_and_be_one() {
        let error = flags(&["--enable-manage-backend-security-group-rules", "--enable-backend-security-group=false"]);
        assert!(error.check().unwrap_err().to_string().contains("needs --enable-backend-security-group"));
        let parsed = Flags::try_parse_from(["northgate", "--cluster-name=demo", "--backend-security-group=web"]);
        assert!(parsed.unwrap_err().to_string().contains("begin with sg-"));
    }

    #[test]
    fn a_value_out_of_range_is_a_usage_error() {
        let parsed = Flags::try_parse_from(["northgate", "--cluster-name=demo", "--default-target-type=nodes"]);
        assert!(parsed.unwrap_err().to_string().contains("instance, ip"));
    }
}
