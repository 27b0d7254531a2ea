//! Everything that carries a stack's tags, and the names that others took.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_elasticloadbalancingv2::types as elb;
use futures::try_join;
use northgate_planner::actual::{ActualLoadBalancer, ActualStack, CLUSTER_TAG, Owned, Purpose, SERVICE_STACK_TAG};
use northgate_planner::id::{LoadBalancerArn, StackId, TargetGroupArn};
use northgate_planner::model::Pairs;

use crate::aws::Inner;
use crate::aws::describe::{each, filter};
use crate::aws::error::AwsError;
use crate::aws::from_sdk::ec2::security_group;
use crate::aws::from_sdk::load_balancing::{
    self as from_sdk, Listed, listed_load_balancer, listed_target_group, listener, listener_arn,
};

/// Observes a stack.
///
/// 1. lists the Region's load balancers and target groups and the stack's security groups, side by side
/// 2. finds by their tags (from the cache) which of them may be the stack's
/// 3. reads of those the listeners, the attributes that the purpose wants, and the tags afresh
/// 4. claims what carries the tags, and keeps the names of the rest
pub(super) async fn observe(account: &Inner, id: &StackId, purpose: Purpose) -> Result<ActualStack, AwsError> {
    let stack = Stack { account, id };
    let (load_balancers, target_groups, mut found) =
        try_join!(stack.load_balancers(), stack.target_groups(), stack.security_groups())?;
    let candidates = stack.candidates(&load_balancers, &target_groups).await?;
    let details = stack.details(candidates, purpose).await?;
    for listed in load_balancers.into_iter().filter(|listed| !details.gone.contains(&listed.arn)) {
        let build = |tags| details.load_balancer(&listed, tags);
        match stack.place(&listed.arn, &details, &mut found.unidentified, build)? {
            Some(ours) => found.load_balancers.push(ours),
            None => _ = found.foreign_load_balancers.insert(listed.name, LoadBalancerArn::new(listed.arn)),
        }
    }
    for listed in target_groups.into_iter().filter(|listed| !details.gone.contains(&listed.arn)) {
        let build = |tags| from_sdk::target_group(&listed, tags, details.attributes.get(&listed.arn).cloned());
        match stack.place(&listed.arn, &details, &mut found.unidentified, build)? {
            Some(ours) => found.target_groups.push(ours),
            None => _ = found.foreign_target_groups.insert(listed.name, TargetGroupArn::new(listed.arn)),
        }
    }
    found.load_balancers.sort_by(|one, other| one.arn.cmp(&other.arn));
    found.target_groups.sort_by(|one, other| one.arn.cmp(&other.arn));
    found.security_groups.sort_by(|one, other| one.id.cmp(&other.id));
    found.unidentified.sort();
    Ok(found)
}

struct Stack<'a> {
    account: &'a Inner,
    id: &'a StackId,
}

/// What may be the stack's: by tags that may be minutes old.
struct Candidates {
    load_balancers: Vec<String>,
    target_groups: Vec<String>,
    /// The tags of those whose tags were read just now.
    fresh: BTreeMap<String, Arc<Pairs>>,
    /// What was listed, and had gone when its tags were asked for.
    gone: BTreeSet<String>,
}

/// What was read of the candidates.
struct Details {
    /// Of the candidates and their listeners, by ARN.
    tags: BTreeMap<String, Arc<Pairs>>,
    listeners: BTreeMap<String, Vec<elb::Listener>>,
    attributes: BTreeMap<String, Pairs>,
    /// What was listed, and had gone when more of it was asked for.
    gone: BTreeSet<String>,
}

/// Whose something is.
enum Owner {
    /// The stack's; it names a resource inside it.
    Stack,
    /// The stack's, by its tags, but no resource: never touched.
    Unidentified,
    /// Somebody else's.
    Other,
}

impl Stack<'_> {
    async fn load_balancers(&self) -> Result<Vec<Listed<elb::LoadBalancer>>, AwsError> {
        self.account.clients.load_balancers().await?.into_iter().map(listed_load_balancer).collect()
    }

    async fn target_groups(&self) -> Result<Vec<Listed<elb::TargetGroup>>, AwsError> {
        self.account.clients.target_groups().await?.into_iter().map(listed_target_group).collect()
    }

    async fn security_groups(&self) -> Result<ActualStack, AwsError> {
        let filters = vec![
            filter("vpc-id", [&self.account.vpc]),
            filter(format!("tag:{CLUSTER_TAG}"), [&self.account.cluster_name]),
            filter(format!("tag:{SERVICE_STACK_TAG}"), [self.id.tag_value()]),
        ];
        let mut found = ActualStack::default();
        for answer in self.account.clients.security_groups(filters).await? {
            let group = security_group(&answer)?;
            let tags = group.tags.clone();
            match self.claim(group, &tags) {
                Ok(group) => found.security_groups.push(group),
                Err(group) => found.unidentified.push(group.id.to_string()),
            }
        }
        Ok(found)
    }

    /// Only what is in the cluster's VPC can be the stack's.
    async fn candidates(
        &self,
        load_balancers: &[Listed<elb::LoadBalancer>],
        target_groups: &[Listed<elb::TargetGroup>],
    ) -> Result<Candidates, AwsError> {
        let load_balancers = self.in_vpc(load_balancers);
        let target_groups = self.in_vpc(target_groups);
        let arns = load_balancers.iter().chain(&target_groups).cloned().collect::<Vec<_>>();
        let mut tagged = self.account.tags.of(&self.account.clients, &arns).await?;
        let gone = arns.into_iter().filter(|arn| !tagged.contains_key(arn)).collect();
        tagged.retain(|_, tagged| !matches!(self.owner(&tagged.tags), Owner::Other));
        let may_be_ours = |arns: Vec<String>| arns.into_iter().filter(|arn| tagged.contains_key(arn)).collect();
        let (load_balancers, target_groups) = (may_be_ours(load_balancers), may_be_ours(target_groups));
        let fresh = tagged.into_iter().filter(|(_, tagged)| tagged.fresh).map(|(arn, tagged)| (arn, tagged.tags));
        Ok(Candidates { load_balancers, target_groups, fresh: fresh.collect(), gone })
    }

    fn in_vpc<T>(&self, listed: &[Listed<T>]) -> Vec<String> {
        let ours = listed.iter().filter(|listed| listed.vpc.as_deref() == Some(self.account.vpc.as_str()));
        ours.map(|listed| listed.arn.clone()).collect()
    }

    async fn details(&self, candidates: Candidates, purpose: Purpose) -> Result<Details, AwsError> {
        let (attributes, (listeners, tags)) = try_join!(self.attributes(&candidates, purpose), async {
            let listeners = self.listeners(&candidates).await?;
            let tags = self.tags(&candidates, &listeners).await?;
            Ok((listeners, tags))
        })?;
        let mut gone = candidates.gone;
        for arn in candidates.load_balancers.into_iter().chain(candidates.target_groups) {
            let unanswered = |answers: &BTreeMap<String, Option<_>>| answers.get(&arn).is_some_and(Option::is_none);
            let without_listeners = listeners.get(&arn).is_some_and(Option::is_none);
            if unanswered(&attributes) || without_listeners || !tags.contains_key(&arn) {
                gone.insert(arn);
            }
        }
        Ok(Details { tags, listeners: answered(listeners), attributes: answered(attributes), gone })
    }

    /// The attributes that the purpose wants, by ARN; `None`: the resource is gone.
    async fn attributes(
        &self,
        candidates: &Candidates,
        purpose: Purpose,
    ) -> Result<BTreeMap<String, Option<Pairs>>, AwsError> {
        let clients = &self.account.clients;
        let of_target_group = async |arn: String| {
            let answer = clients.target_group_attributes(&arn).await?;
            let pairs = answer.map(|answer| from_sdk::target_group_attributes(&arn, &answer)).transpose()?;
            Ok((arn, pairs))
        };
        let of_load_balancer = async |arn: String| {
            let answer = clients.load_balancer_attributes(&arn).await?;
            let pairs = answer.map(|answer| from_sdk::load_balancer_attributes(&arn, &answer)).transpose()?;
            Ok((arn, pairs))
        };
        let answers = match purpose {
            Purpose::Keep => each(&candidates.target_groups, of_target_group).await?,
            Purpose::Delete => each(&candidates.load_balancers, of_load_balancer).await?,
        };
        Ok(answers.into_iter().collect())
    }

    /// The listeners of each load balancer; `None`: it is gone.
    async fn listeners(
        &self,
        candidates: &Candidates,
    ) -> Result<BTreeMap<String, Option<Vec<elb::Listener>>>, AwsError> {
        let of_load_balancer = async |arn: String| {
            let listeners = self.account.clients.listeners(&arn).await?;
            Ok((arn, listeners))
        };
        Ok(each(&candidates.load_balancers, of_load_balancer).await?.into_iter().collect())
    }

    /// The tags of the candidates and of all listeners, none older than this look.
    async fn tags(
        &self,
        candidates: &Candidates,
        listeners: &BTreeMap<String, Option<Vec<elb::Listener>>>,
    ) -> Result<BTreeMap<String, Arc<Pairs>>, AwsError> {
        let mut arns = BTreeSet::new();
        arns.extend(candidates.load_balancers.iter().chain(&candidates.target_groups).cloned());
        arns.retain(|arn| !candidates.fresh.contains_key(arn));
        for listener in listeners.values().flatten().flatten() {
            arns.insert(listener_arn(listener)?.to_owned());
        }
        let arns = arns.into_iter().collect::<Vec<_>>();
        let mut tags = self.account.tags.fresh(&self.account.clients, &arns).await?;
        tags.extend(candidates.fresh.clone());
        Ok(tags)
    }

    /// A resource as the stack's own; `None`: it is not.
    fn place<T>(
        &self,
        arn: &str,
        details: &Details,
        unidentified: &mut Vec<String>,
        build: impl FnOnce(Pairs) -> Result<T, AwsError>,
    ) -> Result<Option<Owned<T>>, AwsError> {
        let Some(tags) = details.tags.get(arn) else { return Ok(None) };
        match self.owner(tags) {
            Owner::Stack => Ok(self.claim(build(Pairs::clone(tags))?, tags).ok()),
            Owner::Unidentified => {
                unidentified.push(arn.to_owned());
                Ok(None)
            }
            Owner::Other => Ok(None),
        }
    }

    fn claim<T>(&self, value: T, tags: &Pairs) -> Result<Owned<T>, T> {
        Owned::claim(value, tags, self.account.cluster_name.as_str(), self.id)
    }

    fn owner(&self, tags: &Pairs) -> Owner {
        let cluster = tags.get(CLUSTER_TAG).is_some_and(|cluster| cluster == self.account.cluster_name.as_str());
        if !cluster || tags.get(SERVICE_STACK_TAG) != Some(&self.id.tag_value()) {
            Owner::Other
        } else if self.claim((), tags).is_ok() {
            Owner::Stack
        } else {
            Owner::Unidentified
        }
    }
}

impl Details {
    /// A load balancer with its listeners, but without those that went away before their tags were read.
    fn load_balancer(&self, listed: &Listed<elb::LoadBalancer>, tags: Pairs) -> Result<ActualLoadBalancer, AwsError> {
        let mut listeners = Vec::new();
        for found in self.listeners.get(&listed.arn).into_iter().flatten() {
            if let Some(tags) = self.tags.get(listener_arn(found)?) {
                listeners.push(listener(found, Pairs::clone(tags))?);
            }
        }
        from_sdk::load_balancer(listed, tags, self.attributes.get(&listed.arn).cloned(), listeners)
    }
}

fn answered<T>(answers: BTreeMap<String, Option<T>>) -> BTreeMap<String, T> {
    answers.into_iter().filter_map(|(arn, answer)| Some((arn, answer?))).collect()
}
