//! ARNs of load balancers, listeners, rules, target groups and trust stores, and the ids in them.
//!
//! A resource is found by looking its ARN up: a described one may have any text for an ARN. The shape only decides how AWS
//! words its refusal of what is not there.

use crate::network::Scope;
use crate::wire::ApiError;

/// What an ARN names, by its shape alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resource {
    LoadBalancer,
    Listener,
    Rule,
    TargetGroup,
    TrustStore,
}

impl Resource {
    /// The kind of resource that an ARN names, by its shape.
    pub(crate) fn of(arn: &str) -> Option<Self> {
        let (_, path) = arn.strip_prefix("arn:")?.split_once(":elasticloadbalancing:")?;
        match path.splitn(3, ':').nth(2)?.split('/').next()? {
            "loadbalancer" => Some(Self::LoadBalancer),
            "listener" => Some(Self::Listener),
            "listener-rule" => Some(Self::Rule),
            "targetgroup" => Some(Self::TargetGroup),
            "truststore" => Some(Self::TrustStore),
            _ => None,
        }
    }

    /// What AWS says of an ARN that names nothing: it has another shape, or the resource does not exist.
    pub(crate) fn missing(self, arn: &str) -> ApiError {
        if Self::of(arn) == Some(self) {
            return self.not_found();
        }
        ApiError::validation(format!("'{arn}' is not a valid {} ARN", self.words()))
    }

    /// What AWS says when one of several does not exist.
    pub(crate) fn not_found(self) -> ApiError {
        let message = format!("One or more {}s not found", self.words());
        match self {
            Self::LoadBalancer => ApiError::new("LoadBalancerNotFound", message),
            Self::Listener => ApiError::new("ListenerNotFound", message),
            Self::Rule => ApiError::new("RuleNotFound", message),
            Self::TargetGroup => ApiError::new("TargetGroupNotFound", message),
            Self::TrustStore => ApiError::new("TrustStoreNotFound", message),
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::LoadBalancer => "load balancer",
            Self::Listener => "listener",
            Self::Rule => "rule",
            Self::TargetGroup => "target group",
            Self::TrustStore => "trust store",
        }
    }
}

/// Makes ids and ARNs for one account in one Region.
///
/// Ids are a counter, hashed with the scope: no two resources share one, and a run that is repeated repeats them.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    scope: Scope,
    made: u64,
}

impl Names {
    pub(crate) fn new(scope: Scope) -> Self {
        Self { scope, made: 0 }
    }

    pub(crate) fn scope(&self) -> &Scope {
        &self.scope
    }

    /// A new id: 16 hexadecimal digits.
    pub(crate) fn id(&mut self) -> String {
        self.made += 1;
        let seed = self.scope.to_string().bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        format!("{:016x}", mix(seed.wrapping_add(self.made.wrapping_mul(0x9e37_79b9_7f4a_7c15))))
    }

    /// `kind` is `app` or `net`.
    pub(crate) fn load_balancer(&self, kind: &str, name: &str, id: &str) -> String {
        self.arn(&format!("loadbalancer/{kind}/{name}/{id}"))
    }

    pub(crate) fn listener(&self, load_balancer_arn: &str, id: &str) -> String {
        self.arn(&format!("listener/{}/{id}", path(load_balancer_arn)))
    }

    pub(crate) fn rule(&self, listener_arn: &str, id: &str) -> String {
        self.arn(&format!("listener-rule/{}/{id}", path(listener_arn)))
    }

    pub(crate) fn trust_store(&self, name: &str, id: &str) -> String {
        self.arn(&format!("truststore/{name}/{id}"))
    }

    pub(crate) fn target_group(&self, name: &str, id: &str) -> String {
        self.arn(&format!("targetgroup/{name}/{id}"))
    }

    fn arn(&self, resource: &str) -> String {
        let Scope { account, region } = &self.scope;
        let partition = match region.as_str() {
            region if region.starts_with("cn-") => "aws-cn",
            region if region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        };
        format!("arn:{partition}:elasticloadbalancing:{region}:{account}:{resource}")
    }
}

/// What follows the resource type in an ARN: `net/NAME/ID` of a load balancer. Another text stands for itself.
pub(crate) fn path(arn: &str) -> &str {
    match Resource::of(arn) {
        Some(_) => arn.split_once('/').map_or(arn, |(_, path)| path),
        None => arn,
    }
}

/// The finalizer of SplitMix64, a bijection: different counters give different ids.
fn mix(mut state: u64) -> u64 {
    state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        Names::new(Scope { account: "111122223333".to_owned(), region: "us-west-2".to_owned() })
    }

    #[test]
    fn arns_have_the_shapes_of_aws() {
        let names = names();
        let load_balancer = names.load_balancer("net", "web", "0123456789abcdef");
        let listener = names.listener(&load_balancer, "fedcba9876543210");
        let prefix = "arn:aws:elasticloadbalancing:us-west-2:111122223333";
        assert_eq!(load_balancer, format!("{prefix}:loadbalancer/net/web/0123456789abcdef"));
        assert_eq!(listener, format!("{prefix}:listener/net/web/0123456789abcdef/fedcba9876543210"));
        assert_eq!(
            names.rule(&listener, "1"),
            format!("{prefix}:listener-rule/net/web/0123456789abcdef/fedcba9876543210/1")
        );
        assert_eq!(names.target_group("web", "2"), format!("{prefix}:targetgroup/web/2"));
        assert_eq!(Resource::of(&load_balancer), Some(Resource::LoadBalancer));
        assert_eq!(Resource::of(&listener), Some(Resource::Listener));
        assert_eq!(Resource::of("arn:aws:s3:::bucket"), None);
        assert_eq!(names.trust_store("clients", "3"), format!("{prefix}:truststore/clients/3"));
        assert_eq!(names.listener("lb-1", "2"), format!("{prefix}:listener/lb-1/2"), "any text may be an ARN");
    }

    #[test]
    fn ids_differ_within_a_scope_and_repeat_in_a_repeated_run() {
        let (mut first, mut second) = (names(), names());
        let ids = (0..1000).map(|_| first.id()).collect::<Vec<_>>();
        assert_eq!(ids, (0..1000).map(|_| second.id()).collect::<Vec<_>>());
        let unique = ids.iter().collect::<std::collections::BTreeSet<_>>();
        assert_eq!(unique.len(), 1000);
        assert!(ids.iter().all(|id| id.len() == 16));
    }
}
