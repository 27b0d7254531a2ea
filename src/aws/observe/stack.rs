//! Everything that carries a stack's tags, and the names that others took.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_elasticloadbalancingv2::types as elb;
use futures::try_join;
use northgate_planner::actual::{ActualLoadBalancer, ActualStack, CLUSTER_TAG, Foreign, Owned, Purpose};
use northgate_planner::id::{LoadBalancerArn, StackId, TargetGroupArn};
use northgate_planner::model::Pairs;

use crate::aws::Inner;
use crate::aws::describe::each;
use crate::aws::error::AwsError;
use crate::aws::from_sdk::ec2::security_group;
use crate::aws::from_sdk::load_balancing::{self as from_sdk, Listed};
use crate::aws::listing::Listing;
use crate::aws::observe::listener;

/// Observes a stack.
///
/// 1. lists the Region's load balancers and target groups, with their tags (from the cache), and the stack's security
///    groups, side by side
/// 2. finds by the tags which of them may be the stack's
/// 3. reads of those the listeners (of Application Load Balancers with their rules), the attributes that the purpose wants,
///    and the tags afresh
/// 4. claims what carries the tags; of the rest only names count
pub(super) async fn observe(account: &Inner, id: &StackId, purpose: Purpose) -> Result<ActualStack, AwsError> {
    let stack = Stack { account, id };
    let (listing, mut found) = try_join!(account.listing(), stack.security_groups())?;
    let candidates = stack.candidates(&listing);
    let details = stack.details(&listing, &candidates, purpose).await?;
    let gone = listing.gone().union(&details.gone).cloned().collect::<BTreeSet<_>>();
    for listed in candidates.load_balancers.iter().filter(|listed| !gone.contains(&listed.arn)) {
        let build = |tags| details.load_balancer(listed, tags);
        found.load_balancers.extend(stack.place(&listed.arn, &details, &mut found.unidentified, build)?);
    }
    for listed in candidates.target_groups.iter().filter(|listed| !gone.contains(&listed.arn)) {
        let build = |tags| from_sdk::target_group(listed, tags, details.attributes.get(&listed.arn).cloned());
        found.target_groups.extend(stack.place(&listed.arn, &details, &mut found.unidentified, build)?);
    }
    let own = found.load_balancers.iter().map(|own| own.arn.clone()).collect::<Vec<_>>();
    let left_out = gone.iter().map(LoadBalancerArn::new);
    found.foreign_load_balancers = Foreign::of(listing.load_balancer_names(), own.into_iter().chain(left_out));
    let own = found.target_groups.iter().map(|own| own.arn.clone()).collect::<Vec<_>>();
    let left_out = gone.iter().map(TargetGroupArn::new);
    found.foreign_target_groups = Foreign::of(listing.target_group_names(), own.into_iter().chain(left_out));
    found.security_groups.sort_by(|one, other| one.id.cmp(&other.id));
    found.unidentified.sort();
    Ok(found)
}

struct Stack<'a> {
    account: &'a Inner,
    id: &'a StackId,
}

/// What may be the stack's: by tags that may be minutes old. By ARN.
struct Candidates<'l> {
    load_balancers: Vec<&'l Listed<elb::LoadBalancer>>,
    target_groups: Vec<&'l Listed<elb::TargetGroup>>,
    /// The tags of those whose tags were read just now.
    fresh: BTreeMap<String, Arc<Pairs>>,
}

/// What was read of the candidates.
struct Details {
    /// Of the candidates and their listeners, by ARN.
    tags: BTreeMap<String, Arc<Pairs>>,
    listeners: BTreeMap<String, Vec<listener::Found>>,
    attributes: BTreeMap<String, Pairs>,
    /// What was listed at the beginning of a plan, and had gone when more of it was asked for.
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
    async fn security_groups(&self) -> Result<ActualStack, AwsError> {
        let mut found = ActualStack::default();
        for answer in self.account.security_groups_of(self.id).await? {
            let group = security_group(&answer)?;
            let tags = group.tags.clone();
            match self.claim(group, &tags) {
                Ok(group) => found.security_groups.push(group),
                Err(group) => found.unidentified.push(group.id.to_string()),
            }
        }
        Ok(found)
    }

    fn candidates<'l>(&self, listing: &'l Listing) -> Candidates<'l> {
        let (load_balancers, target_groups) = listing.of_stack(self.id);
        let arns = load_balancers.iter().map(|listed| &listed.arn);
        let arns = arns.chain(target_groups.iter().map(|listed| &listed.arn));
        let fresh = arns.filter_map(|arn| Some((arn.clone(), listing.fresh_tags(arn)?))).collect();
        Candidates { load_balancers, target_groups, fresh }
    }

    async fn details(
        &self,
        listing: &Listing,
        candidates: &Candidates<'_>,
        purpose: Purpose,
    ) -> Result<Details, AwsError> {
        let (attributes, (listeners, tags)) = try_join!(self.attributes(candidates, purpose), async {
            let listeners = self.listeners(candidates, purpose).await?;
            let tags = self.tags(candidates, &listeners).await?;
            Ok((listeners, tags))
        })?;
        let mut gone = BTreeSet::new();
        let all = candidates.load_balancer_arns().into_iter().chain(candidates.target_group_arns());
        for arn in all.filter(|arn| !listing.gone().contains(arn)) {
            let unanswered = |answers: &BTreeMap<String, Option<_>>| answers.get(&arn).is_some_and(Option::is_none);
            let without_listeners = listeners.get(&arn).is_some_and(Option::is_none);
            if unanswered(&attributes) || without_listeners || !tags.contains_key(&arn) {
                // A plan lists once, and what it lists may go. Otherwise one of both answers is of another time; which, nobody
                // can tell.
                if self.account.once.is_none() {
                    return Err(AwsError::Contradiction { arn });
                }
                gone.insert(arn);
            }
        }
        Ok(Details { tags, listeners: answered(listeners), attributes: answered(attributes), gone })
    }

    /// The attributes that the purpose wants, by ARN; `None`: the resource is gone.
    async fn attributes(
        &self,
        candidates: &Candidates<'_>,
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
            Purpose::Keep => {
                let application = candidates.application_load_balancer_arns();
                let groups = candidates.target_group_arns();
                let (groups, load_balancers) =
                    try_join!(each(&groups, of_target_group), each(&application, of_load_balancer))?;
                groups.into_iter().chain(load_balancers).collect()
            }
            Purpose::Delete => each(&candidates.load_balancer_arns(), of_load_balancer).await?,
        };
        Ok(answers.into_iter().collect())
    }

    /// The listeners of each load balancer; `None`: it is gone. Those that stay are read with their rules.
    async fn listeners(
        &self,
        candidates: &Candidates<'_>,
        purpose: Purpose,
    ) -> Result<BTreeMap<String, Option<Vec<listener::Found>>>, AwsError> {
        let application = candidates.application_load_balancer_arns();
        let of_load_balancer = async |arn: String| {
            let Some(listeners) = self.account.clients.listeners(&arn).await? else { return Ok((arn, None)) };
            let found = match purpose == Purpose::Keep && application.contains(&arn) {
                true => {
                    let found = each(&listeners, |answer| listener::in_full(self.account, answer)).await?;
                    found.into_iter().flatten().collect()
                }
                false => listeners.into_iter().map(listener::Found::alone).collect(),
            };
            Ok((arn, Some(found)))
        };
        Ok(each(&candidates.load_balancer_arns(), of_load_balancer).await?.into_iter().collect())
    }

    /// The tags of the candidates and of all listeners, none older than this look.
    async fn tags(
        &self,
        candidates: &Candidates<'_>,
        listeners: &BTreeMap<String, Option<Vec<listener::Found>>>,
    ) -> Result<BTreeMap<String, Arc<Pairs>>, AwsError> {
        let mut arns = BTreeSet::new();
        arns.extend(candidates.load_balancer_arns().into_iter().chain(candidates.target_group_arns()));
        arns.retain(|arn| !candidates.fresh.contains_key(arn));
        for listener in listeners.values().flatten().flatten() {
            arns.insert(listener.arn()?.to_owned());
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
        if !cluster || tags.get(&self.id.stack_tag()) != Some(&self.id.tag_value()) {
            Owner::Other
        } else if self.claim((), tags).is_ok() {
            Owner::Stack
        } else {
            Owner::Unidentified
        }
    }
}

impl Candidates<'_> {
    fn load_balancer_arns(&self) -> Vec<String> {
        self.load_balancers.iter().map(|listed| listed.arn.clone()).collect()
    }

    fn application_load_balancer_arns(&self) -> Vec<String> {
        let is_application = |listed: &&&Listed<elb::LoadBalancer>| {
            listed.answer.r#type() == Some(&elb::LoadBalancerTypeEnum::Application)
        };
        self.load_balancers.iter().filter(is_application).map(|listed| listed.arn.clone()).collect()
    }

    fn target_group_arns(&self) -> Vec<String> {
        self.target_groups.iter().map(|listed| listed.arn.clone()).collect()
    }
}

impl Details {
    /// A load balancer with its listeners, but without those that went away before their tags were read.
    fn load_balancer(&self, listed: &Listed<elb::LoadBalancer>, tags: Pairs) -> Result<ActualLoadBalancer, AwsError> {
        let mut listeners = Vec::new();
        for found in self.listeners.get(&listed.arn).into_iter().flatten() {
            if let Some(tags) = self.tags.get(found.arn()?) {
                listeners.push(found.with_tags(Pairs::clone(tags))?);
            }
        }
        from_sdk::load_balancer(listed, tags, self.attributes.get(&listed.arn).cloned(), listeners)
    }
}

fn answered<T>(answers: BTreeMap<String, Option<T>>) -> BTreeMap<String, T> {
    answers.into_iter().filter_map(|(arn, answer)| Some((arn, answer?))).collect()
}
