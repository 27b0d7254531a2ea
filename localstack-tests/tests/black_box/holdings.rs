//! What an account holds of all that a load balancer is made of: read past the proxy, and compared as one value.

mod read;

use std::collections::{BTreeMap, BTreeSet};

use localstack_tests::bed::Bed;
use localstack_tests::until;

use crate::service::{GLANCE, LIMIT};

/// Tags by key.
pub(crate) type Tags = BTreeMap<String, String>;

/// Which Service a resource belongs to, and which resource of it it is.
const STACK: &str = "service.k8s.aws/stack";
const RESOURCE: &str = "service.k8s.aws/resource";
/// The same of Ingresses and their groups.
const INGRESS_STACK: &str = "ingress.k8s.aws/stack";
const INGRESS_RESOURCE: &str = "ingress.k8s.aws/resource";

/// Everything, sorted.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Holdings {
    pub(crate) load_balancers: Vec<LoadBalancer>,
    pub(crate) target_groups: Vec<TargetGroup>,
    /// Those of the cluster's VPC: besides ours the machines' and the VPC's own.
    pub(crate) security_groups: Vec<SecurityGroup>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LoadBalancer {
    pub(crate) arn: String,
    pub(crate) name: String,
    pub(crate) dns_name: String,
    pub(crate) kind: String,
    pub(crate) scheme: String,
    pub(crate) state: String,
    pub(crate) subnets: BTreeSet<String>,
    pub(crate) security_groups: BTreeSet<String>,
    pub(crate) tags: Tags,
    pub(crate) listeners: Vec<Listener>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Listener {
    pub(crate) arn: String,
    pub(crate) port: String,
    pub(crate) protocol: String,
    /// The ARN of the one target group that it forwards to; "" when it does something else.
    pub(crate) target_group: String,
    /// The other thing that it does: `fixed-response 404`.
    pub(crate) otherwise: String,
    /// The ARNs of its certificates, the default one too.
    pub(crate) certificates: BTreeSet<String>,
    /// By priority; those of an application load balancer but the default one.
    pub(crate) rules: Vec<Rule>,
    pub(crate) tags: Tags,
}

/// A rule of a listener.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rule {
    pub(crate) arn: String,
    pub(crate) priority: u32,
    /// `host-header a.example.com, path-pattern /*`.
    pub(crate) conditions: String,
    /// The ARN of the one target group that it forwards to; "" when it does something else.
    pub(crate) target_group: String,
    /// The other thing that it does: `fixed-response 503`.
    pub(crate) otherwise: String,
    pub(crate) tags: Tags,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TargetGroup {
    pub(crate) arn: String,
    pub(crate) name: String,
    pub(crate) protocol: String,
    pub(crate) port: String,
    pub(crate) target_type: String,
    /// `TCP traffic-port every 10 s for 10 s, 3 up 3 down`.
    pub(crate) health_check: String,
    pub(crate) tags: Tags,
    /// `ID:PORT` with the state.
    pub(crate) targets: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SecurityGroup {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) tags: Tags,
    /// Ingress, one source each: `tcp 80-80 from 0.0.0.0/0` and a description in brackets where there is one.
    pub(crate) rules: BTreeSet<String>,
}

impl Holdings {
    /// Reads everything.
    pub(crate) async fn read(bed: &Bed) -> Self {
        let aws = &bed.aws;
        let mut holdings = Self {
            load_balancers: read::load_balancers(aws).await,
            target_groups: read::target_groups(aws).await,
            security_groups: read::security_groups(bed).await,
        };
        let arns = holdings.load_balancers.iter().flat_map(|found| {
            let of_listener = |listener: &Listener| {
                [listener.arn.clone()].into_iter().chain(listener.rules.iter().map(|rule| rule.arn.clone())).collect()
            };
            [found.arn.clone()].into_iter().chain(found.listeners.iter().flat_map::<Vec<String>, _>(of_listener))
        });
        let arns: Vec<String> = arns.chain(holdings.target_groups.iter().map(|found| found.arn.clone())).collect();
        let mut tags = read::tags(aws, &arns).await;
        let mut of = |arn: &str| tags.remove(arn).unwrap_or_default();
        for found in &mut holdings.load_balancers {
            found.tags = of(&found.arn);
            for listener in &mut found.listeners {
                listener.tags = of(&listener.arn);
                for rule in &mut listener.rules {
                    rule.tags = of(&rule.arn);
                }
            }
        }
        for found in &mut holdings.target_groups {
            found.tags = of(&found.arn);
        }
        holdings
    }

    /// Waits until what is there passes.
    pub(crate) async fn until(bed: &Bed, what: &str, mut passes: impl FnMut(&Self) -> bool) -> Self {
        until(what, LIMIT, GLANCE, async || {
            let found = Self::read(bed).await;
            if passes(&found) { Ok(found) } else { Err(format!("{found:#?}")) }
        })
        .await
        .unwrap()
    }

    /// Waits until every load balancer is active, its listeners and rules forward to target groups that are there, and
    /// every target is healthy, with so many in each group.
    pub(crate) async fn standing(bed: &Bed, load_balancers: usize, targets: usize) -> Self {
        let what = format!("{load_balancers} standing load balancers with {targets} healthy targets in each group");
        Self::until(bed, &what, |found| found.stands(load_balancers, targets)).await
    }

    /// Whether it stands: see [`Self::standing`].
    pub(crate) fn stands(&self, load_balancers: usize, targets: usize) -> bool {
        let groups: BTreeSet<&str> = self.target_groups.iter().map(|group| group.arn.as_str()).collect();
        let used = |balancer: &LoadBalancer| {
            let rules = balancer.listeners.iter().flat_map(|listener| &listener.rules);
            let rules = rules.map(|rule| (&rule.target_group, &rule.otherwise));
            let listeners = balancer.listeners.iter().map(|listener| (&listener.target_group, &listener.otherwise));
            let leads_on = |(group, otherwise): (&String, &String)| {
                if group.is_empty() { !otherwise.is_empty() } else { groups.contains(group.as_str()) }
            };
            !balancer.listeners.is_empty() && listeners.chain(rules).all(leads_on)
        };
        let healthy = |group: &TargetGroup| {
            group.targets.len() == targets && group.targets.values().all(|state| state == "healthy")
        };
        self.load_balancers.len() == load_balancers
            && self.load_balancers.iter().all(|balancer| balancer.state == "active" && used(balancer))
            && self.target_groups.iter().all(healthy)
    }

    /// The only load balancer.
    pub(crate) fn load_balancer(&self) -> &LoadBalancer {
        match &self.load_balancers[..] {
            [one] => one,
            others => panic!("not one load balancer: {others:#?}"),
        }
    }

    /// The only target group.
    pub(crate) fn target_group(&self) -> &TargetGroup {
        match &self.target_groups[..] {
            [one] => one,
            others => panic!("not one target group: {others:#?}"),
        }
    }

    /// The security group of a Service's load balancer.
    pub(crate) fn managed_group(&self, service: &str) -> &SecurityGroup {
        self.front_group(&format!("default/{service}"))
    }

    /// The load balancer of a Service or an Ingress (`NAMESPACE/NAME`), or of a group; none when it has none.
    pub(crate) fn load_balancer_of(&self, stack: &str) -> Option<&LoadBalancer> {
        self.load_balancers.iter().find(|found| is_of(&found.tags, stack))
    }

    /// What becomes of a request at the load balancers, one line for each rule and default action:
    /// `80:1 host-header a.example.com, path-pattern /* -> default/shop-web:80`.
    pub(crate) fn routes(&self) -> Vec<String> {
        let ids: BTreeMap<&str, &str> = self
            .target_groups
            .iter()
            .filter_map(|group| {
                let id = group.tags.get(INGRESS_RESOURCE).or(group.tags.get(RESOURCE))?;
                Some((group.arn.as_str(), id.as_str()))
            })
            .collect();
        let leads = |group: &str, otherwise: &str| match ids.get(group) {
            Some(id) => (*id).to_owned(),
            None => otherwise.to_owned(),
        };
        let mut routes = Vec::new();
        for listener in self.load_balancers.iter().flat_map(|balancer| &balancer.listeners) {
            let port = &listener.port;
            routes.extend(listener.rules.iter().map(|rule| {
                let to = leads(&rule.target_group, &rule.otherwise);
                format!("{port}:{} {} -> {to}", rule.priority, rule.conditions)
            }));
            routes.push(format!("{port} -> {}", leads(&listener.target_group, &listener.otherwise)));
        }
        routes
    }

    /// The security group towards the clients of a Service or an Ingress (`NAMESPACE/NAME`), or of a group.
    pub(crate) fn front_group(&self, stack: &str) -> &SecurityGroup {
        self.security_group(|group| is_of(&group.tags, stack))
    }

    /// The security group that all load balancers share.
    pub(crate) fn backend_group(&self) -> &SecurityGroup {
        self.security_group(|group| group.tags.get("elbv2.k8s.aws/resource").is_some_and(|tag| tag == "backend-sg"))
    }

    /// The machines' security group.
    pub(crate) fn worker_group(&self, bed: &Bed) -> &SecurityGroup {
        self.security_group(|group| group.id == bed.world.worker_security_group)
    }

    fn security_group(&self, is_it: impl Fn(&SecurityGroup) -> bool) -> &SecurityGroup {
        let found: Vec<&SecurityGroup> = self.security_groups.iter().filter(|group| is_it(group)).collect();
        match found[..] {
            [one] => one,
            _ => panic!("not one such group: {found:#?} of {:#?}", self.security_groups),
        }
    }

    /// The rules of the security group with this id, without their descriptions.
    pub(crate) fn rules_of(&self, id: &str) -> BTreeSet<String> {
        let rules = self.security_group(|group| group.id == id).rules.iter();
        rules.map(|rule| rule.split(" (").next().unwrap_or_default().to_owned()).collect()
    }

    /// The ARN or id of what a plan calls by this CloudFormation type and id, in the stack `NAMESPACE/NAME`.
    pub(crate) fn physical_id(&self, kind: &str, id: &str, stack: &str) -> Option<String> {
        if kind == "AWS::EC2::SecurityGroup" && id == "BackendSecurityGroup" {
            return Some(self.backend_group().id.clone());
        }
        let is_it = |tags: &Tags| {
            tags.get(STACK).is_some_and(|tag| tag == stack) && tags.get(RESOURCE).is_some_and(|tag| tag == id)
        };
        let mut balancers = self.load_balancers.iter();
        match kind {
            "AWS::EC2::SecurityGroup" => {
                self.security_groups.iter().find(|found| is_it(&found.tags)).map(|found| found.id.clone())
            }
            "AWS::ElasticLoadBalancingV2::LoadBalancer" => {
                balancers.find(|found| is_it(&found.tags)).map(|found| found.arn.clone())
            }
            "AWS::ElasticLoadBalancingV2::Listener" => balancers
                .flat_map(|found| &found.listeners)
                .find(|found| is_it(&found.tags))
                .map(|found| found.arn.clone()),
            "AWS::ElasticLoadBalancingV2::TargetGroup" => {
                self.target_groups.iter().find(|found| is_it(&found.tags)).map(|found| found.arn.clone())
            }
            _ => None,
        }
    }

    /// The same without the ARNs of listeners: one that was made again has another.
    pub(crate) fn but_for_listener_arns(mut self) -> Self {
        for balancer in &mut self.load_balancers {
            for listener in &mut balancer.listeners {
                listener.arn.clear();
            }
        }
        self
    }
}

/// Whether something is tagged as a stack's.
fn is_of(tags: &Tags, stack: &str) -> bool {
    [STACK, INGRESS_STACK].iter().any(|key| tags.get(*key).is_some_and(|tag| tag == stack))
}
