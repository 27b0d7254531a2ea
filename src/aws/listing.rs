//! What there is of load balancing in the Region, and which security groups the cluster has: where every stack begins to look
//! for its own.
//!
//! The controller lists anew in every pass. A plan makes a pass for each stack and is about one moment: it lists once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_ec2::types as ec2;
use aws_sdk_elasticloadbalancingv2::types as elb;
use futures::try_join;
use northgate_planner::actual::{BACKEND_SECURITY_GROUP, CLUSTER_TAG, SHARED_RESOURCE_TAG};
use northgate_planner::id::{LoadBalancerArn, StackId, TargetGroupArn};
use northgate_planner::model::Pairs;

use super::Inner;
use super::cache::Whole;
use super::describe::filter;
use super::error::AwsError;
use super::from_sdk::load_balancing::{Listed, listed_load_balancer, listed_target_group};
use super::tags::Tagged;

/// What is listed once for all passes, by an account that is only read.
#[derive(Debug, Default)]
pub(super) struct Once {
    listing: Whole<Arc<Listing>>,
    security_groups: Whole<Arc<ClusterGroups>>,
}

/// The Region's load balancers and target groups.
#[derive(Debug)]
pub(super) struct Listing {
    load_balancers: BTreeMap<String, Listed<elb::LoadBalancer>>,
    target_groups: BTreeMap<String, Listed<elb::TargetGroup>>,
    load_balancer_names: Arc<BTreeMap<String, LoadBalancerArn>>,
    target_group_names: Arc<BTreeMap<String, TargetGroupArn>>,
    /// Of what is in the cluster's VPC; nothing else can be a stack's.
    tags: BTreeMap<String, Tagged>,
    /// The ARNs of what carries the tags of a stack of the cluster.
    by_stack: BTreeMap<StackId, BTreeSet<String>>,
    /// What was listed, and had gone when its tags were asked for.
    gone: BTreeSet<String>,
}

/// The security groups that carry the cluster's tag.
#[derive(Debug)]
struct ClusterGroups {
    all: Vec<ec2::SecurityGroup>,
    /// The places of those that carry the tag of a stack.
    by_stack: BTreeMap<StackId, Vec<usize>>,
}

impl Inner {
    /// The Region's load balancers and target groups with their tags, as old as the tags' cache may be.
    pub(super) async fn listing(&self) -> Result<Arc<Listing>, AwsError> {
        match &self.once {
            Some(once) => once.listing.get(async || Listing::read(self).await.map(Arc::new)).await,
            None => Listing::read(self).await.map(Arc::new),
        }
    }

    /// The security groups of the cluster.
    pub(super) async fn cluster_security_groups(&self) -> Result<Vec<ec2::SecurityGroup>, AwsError> {
        match &self.once {
            Some(once) => Ok(self.groups_once(once).await?.all.clone()),
            None => self.clients.security_groups(self.of_cluster()).await,
        }
    }

    /// The security groups that carry a stack's tag.
    pub(super) async fn security_groups_of(&self, stack: &StackId) -> Result<Vec<ec2::SecurityGroup>, AwsError> {
        let Some(once) = &self.once else {
            let mut filters = self.of_cluster();
            filters.push(filter(format!("tag:{}", stack.stack_tag()), [stack.tag_value()]));
            return self.clients.security_groups(filters).await;
        };
        let groups = self.groups_once(once).await?;
        Ok(groups.by_stack.get(stack).into_iter().flatten().map(|place| groups.all[*place].clone()).collect())
    }

    /// The security groups that carry the tags of the cluster's shared one.
    pub(super) async fn shared_security_groups(&self) -> Result<Vec<ec2::SecurityGroup>, AwsError> {
        let Some(once) = &self.once else {
            let mut filters = self.of_cluster();
            filters.push(filter(format!("tag:{SHARED_RESOURCE_TAG}"), [BACKEND_SECURITY_GROUP]));
            return self.clients.security_groups(filters).await;
        };
        let groups = self.groups_once(once).await?;
        let is_shared = |group: &&ec2::SecurityGroup| tag(group, SHARED_RESOURCE_TAG) == Some(BACKEND_SECURITY_GROUP);
        Ok(groups.all.iter().filter(is_shared).cloned().collect())
    }

    async fn groups_once(&self, once: &Once) -> Result<Arc<ClusterGroups>, AwsError> {
        let ask = async || {
            let all = self.clients.security_groups(self.of_cluster()).await?;
            Ok(Arc::new(ClusterGroups::new(all)))
        };
        once.security_groups.get(ask).await
    }

    fn of_cluster(&self) -> Vec<ec2::Filter> {
        vec![filter("vpc-id", [&self.vpc]), filter(format!("tag:{CLUSTER_TAG}"), [&self.cluster_name])]
    }
}

impl Listing {
    async fn read(account: &Inner) -> Result<Self, AwsError> {
        let (load_balancers, target_groups) =
            try_join!(account.clients.load_balancers(), account.clients.target_groups())?;
        let load_balancers = load_balancers.into_iter().map(listed_load_balancer).collect::<Result<Vec<_>, _>>()?;
        let target_groups = target_groups.into_iter().map(listed_target_group).collect::<Result<Vec<_>, _>>()?;
        let mut in_vpc = arns_in(&account.vpc.to_string(), &load_balancers);
        in_vpc.extend(arns_in(&account.vpc.to_string(), &target_groups));
        let tags = account.tags.of(&account.clients, &in_vpc).await?;
        let gone = in_vpc.into_iter().filter(|arn| !tags.contains_key(arn)).collect();
        let mut by_stack = BTreeMap::<_, BTreeSet<_>>::new();
        for (arn, tagged) in &tags {
            let cluster = tagged.tags.get(CLUSTER_TAG).is_some_and(|name| name == account.cluster_name.as_str());
            if let Some(stack) = StackId::from_tags(&tagged.tags).filter(|_| cluster) {
                by_stack.entry(stack).or_default().insert(arn.clone());
            }
        }
        let names = load_balancers.iter().map(|listed| (listed.name.clone(), LoadBalancerArn::new(&listed.arn)));
        let load_balancer_names = Arc::new(names.collect());
        let names = target_groups.iter().map(|listed| (listed.name.clone(), TargetGroupArn::new(&listed.arn)));
        Ok(Self {
            load_balancer_names,
            target_group_names: Arc::new(names.collect()),
            load_balancers: by_arn(load_balancers),
            target_groups: by_arn(target_groups),
            tags,
            by_stack,
            gone,
        })
    }

    /// What may be a stack's, by ARN.
    pub(super) fn of_stack(
        &self,
        stack: &StackId,
    ) -> (Vec<&Listed<elb::LoadBalancer>>, Vec<&Listed<elb::TargetGroup>>) {
        let arns = || self.by_stack.get(stack).into_iter().flatten();
        let load_balancers = arns().filter_map(|arn| self.load_balancers.get(arn)).collect();
        (load_balancers, arns().filter_map(|arn| self.target_groups.get(arn)).collect())
    }

    /// The tags of one, where they were read with this listing.
    pub(super) fn fresh_tags(&self, arn: &str) -> Option<Arc<Pairs>> {
        self.tags.get(arn).filter(|tagged| tagged.fresh).map(|tagged| Arc::clone(&tagged.tags))
    }

    pub(super) fn load_balancer_names(&self) -> &Arc<BTreeMap<String, LoadBalancerArn>> {
        &self.load_balancer_names
    }

    pub(super) fn target_group_names(&self) -> &Arc<BTreeMap<String, TargetGroupArn>> {
        &self.target_group_names
    }

    /// What was listed, and had gone when its tags were asked for.
    pub(super) fn gone(&self) -> &BTreeSet<String> {
        &self.gone
    }
}

impl ClusterGroups {
    fn new(all: Vec<ec2::SecurityGroup>) -> Self {
        let mut by_stack = BTreeMap::<StackId, Vec<usize>>::new();
        for (place, group) in all.iter().enumerate() {
            let tags = group.tags().iter().filter_map(|tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned())));
            if let Some(stack) = StackId::from_tags(&tags.collect::<Pairs>()) {
                by_stack.entry(stack).or_default().push(place);
            }
        }
        Self { all, by_stack }
    }
}

fn tag<'g>(group: &'g ec2::SecurityGroup, key: &str) -> Option<&'g str> {
    group.tags().iter().find(|tag| tag.key() == Some(key)).and_then(|tag| tag.value())
}

fn arns_in<T>(vpc: &str, listed: &[Listed<T>]) -> Vec<String> {
    let ours = listed.iter().filter(|listed| listed.vpc.as_deref() == Some(vpc));
    ours.map(|listed| listed.arn.clone()).collect()
}

fn by_arn<T>(listed: Vec<Listed<T>>) -> BTreeMap<String, Listed<T>> {
    listed.into_iter().map(|listed| (listed.arn.clone(), listed)).collect()
}
