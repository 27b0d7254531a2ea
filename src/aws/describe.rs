//! The read calls of all services, each with its paging and its limits (`DescribeX` as `x`).

use std::future::Future;

use aws_sdk_acm::types as acm;
use aws_sdk_ec2::types as ec2;
use aws_sdk_elasticloadbalancingv2::types as elb;
use futures::future::{TryFutureExt as _, try_join_all};

use super::connection::Clients;
use super::error::{AwsError, Call, failed};

/// The most that one page of Elastic Load Balancing holds.
const ELB_PAGE: i32 = 400;
/// The most that one page of EC2 holds. Without a page size EC2 counts a call against a smaller budget.
const EC2_PAGE: i32 = 1000;
/// The most route tables that one page holds.
const ROUTE_TABLES_PAGE: i32 = 100;
/// The most certificates that one page holds.
const CERTIFICATES_PAGE: i32 = 1000;
/// The most ARNs that DescribeTags and DescribeLoadBalancers take.
pub(super) const ARNS_PER_CALL: usize = 20;
/// The most values that we put into a filter of EC2: a call takes 200 in all its filters, and one may name the VPC.
pub(super) const VALUES_PER_FILTER: usize = 199;
/// How many calls of one kind one look at AWS has under way; the account's budget is 40 calls at once for everybody.
const AT_ONCE: usize = 8;

const LOAD_BALANCER_GONE: &str = "LoadBalancerNotFound";
const TARGET_GROUP_GONE: &str = "TargetGroupNotFound";
const LISTENER_GONE: &str = "ListenerNotFound";
const GONE: &[&str] = &[LOAD_BALANCER_GONE, TARGET_GROUP_GONE, LISTENER_GONE, "RuleNotFound"];

impl Clients {
    /// All load balancers of the Region.
    pub(super) async fn load_balancers(&self) -> Result<Vec<elb::LoadBalancer>, AwsError> {
        let pages = self.elb.describe_load_balancers().page_size(ELB_PAGE).into_paginator();
        pages.items().send().collect::<Result<_, _>>().await.map_err(failed(Call::elb("DescribeLoadBalancers")))
    }

    /// These load balancers, at most 20, without those that are gone.
    pub(super) async fn load_balancers_by_arn(&self, arns: Vec<String>) -> Result<Vec<elb::LoadBalancer>, AwsError> {
        let ask = |arns| self.elb.describe_load_balancers().set_load_balancer_arns(Some(arns)).send();
        let answers = surviving(arns, |arns| ask(arns).map_err(failed(Call::elb("DescribeLoadBalancers")))).await?;
        Ok(answers.into_iter().flat_map(|answer| answer.load_balancers.unwrap_or_default()).collect())
    }

    /// All target groups of the Region.
    pub(super) async fn target_groups(&self) -> Result<Vec<elb::TargetGroup>, AwsError> {
        let pages = self.elb.describe_target_groups().page_size(ELB_PAGE).into_paginator();
        pages.items().send().collect::<Result<_, _>>().await.map_err(failed(Call::elb("DescribeTargetGroups")))
    }

    /// The target group with this name.
    pub(super) async fn target_group_named(&self, name: &str) -> Result<Option<elb::TargetGroup>, AwsError> {
        let call = self.elb.describe_target_groups().names(name);
        let answer = call.send().await.map_err(failed(Call::elb("DescribeTargetGroups")));
        let found = unless_gone(answer, TARGET_GROUP_GONE)?;
        Ok(found.and_then(|answer| answer.target_groups.unwrap_or_default().pop()))
    }

    /// The listeners of a load balancer; `None`: it is gone.
    pub(super) async fn listeners(&self, load_balancer: &str) -> Result<Option<Vec<elb::Listener>>, AwsError> {
        let call = self.elb.describe_listeners().load_balancer_arn(load_balancer);
        let pages = call.page_size(ELB_PAGE).into_paginator();
        let answer = pages.items().send().collect::<Result<_, _>>().await;
        unless_gone(answer.map_err(failed(Call::elb("DescribeListeners"))), LOAD_BALANCER_GONE)
    }

    /// The rules of a listener; `None`: it is gone.
    pub(super) async fn rules(&self, listener: &str) -> Result<Option<Vec<elb::Rule>>, AwsError> {
        let pages = self.elb.describe_rules().listener_arn(listener).page_size(ELB_PAGE).into_paginator();
        let answer = pages.items().send().collect::<Result<_, _>>().await;
        unless_gone(answer.map_err(failed(Call::elb("DescribeRules"))), LISTENER_GONE)
    }

    /// The certificates of a listener, the default one among them; `None`: it is gone.
    pub(super) async fn listener_certificates(
        &self,
        listener: &str,
    ) -> Result<Option<Vec<elb::Certificate>>, AwsError> {
        let call = self.elb.describe_listener_certificates().listener_arn(listener);
        let pages = call.page_size(ELB_PAGE).into_paginator();
        let answer = pages.items().send().collect::<Result<_, _>>().await;
        unless_gone(answer.map_err(failed(Call::elb("DescribeListenerCertificates"))), LISTENER_GONE)
    }

    /// The attributes of a listener; `None`: it is gone.
    pub(super) async fn listener_attributes(
        &self,
        listener: &str,
    ) -> Result<Option<Vec<elb::ListenerAttribute>>, AwsError> {
        let call = self.elb.describe_listener_attributes().listener_arn(listener);
        let answer = call.send().await.map_err(failed(Call::elb("DescribeListenerAttributes")));
        Ok(unless_gone(answer, LISTENER_GONE)?.map(|answer| answer.attributes.unwrap_or_default()))
    }

    /// The attributes of a load balancer; `None`: it is gone.
    pub(super) async fn load_balancer_attributes(
        &self,
        arn: &str,
    ) -> Result<Option<Vec<elb::LoadBalancerAttribute>>, AwsError> {
        let call = self.elb.describe_load_balancer_attributes().load_balancer_arn(arn);
        let answer = call.send().await.map_err(failed(Call::elb("DescribeLoadBalancerAttributes")));
        Ok(unless_gone(answer, LOAD_BALANCER_GONE)?.map(|answer| answer.attributes.unwrap_or_default()))
    }

    /// The attributes of a target group; `None`: it is gone.
    pub(super) async fn target_group_attributes(
        &self,
        arn: &str,
    ) -> Result<Option<Vec<elb::TargetGroupAttribute>>, AwsError> {
        let call = self.elb.describe_target_group_attributes().target_group_arn(arn);
        let answer = call.send().await.map_err(failed(Call::elb("DescribeTargetGroupAttributes")));
        Ok(unless_gone(answer, TARGET_GROUP_GONE)?.map(|answer| answer.attributes.unwrap_or_default()))
    }

    /// The targets of a target group with their health; `None`: there is no such group.
    pub(super) async fn target_health(
        &self,
        target_group: &str,
    ) -> Result<Option<Vec<elb::TargetHealthDescription>>, AwsError> {
        let call = self.elb.describe_target_health().target_group_arn(target_group);
        let answer = call.send().await.map_err(failed(Call::elb("DescribeTargetHealth")));
        Ok(unless_gone(answer, TARGET_GROUP_GONE)?.map(|answer| answer.target_health_descriptions.unwrap_or_default()))
    }

    /// The tags of these resources, at most 20, without those that are gone.
    pub(super) async fn tags(&self, arns: Vec<String>) -> Result<Vec<elb::TagDescription>, AwsError> {
        let ask = |arns| self.elb.describe_tags().set_resource_arns(Some(arns)).send();
        let answers = surviving(arns, |arns| ask(arns).map_err(failed(Call::elb("DescribeTags")))).await?;
        Ok(answers.into_iter().flat_map(|answer| answer.tag_descriptions.unwrap_or_default()).collect())
    }

    /// How much of everything the account may have.
    pub(super) async fn account_limits(&self) -> Result<Vec<elb::Limit>, AwsError> {
        let (mut limits, mut marker) = (Vec::new(), None);
        loop {
            let call = self.elb.describe_account_limits().page_size(ELB_PAGE).set_marker(marker);
            let answer = call.send().await.map_err(failed(Call::elb("DescribeAccountLimits")))?;
            limits.extend(answer.limits.unwrap_or_default());
            marker = answer.next_marker.filter(|marker| !marker.is_empty());
            if marker.is_none() {
                return Ok(limits);
            }
        }
    }

    /// Subnets.
    pub(super) async fn subnets(&self, filters: Vec<ec2::Filter>) -> Result<Vec<ec2::Subnet>, AwsError> {
        let pages = self.ec2.describe_subnets().set_filters(Some(filters)).into_paginator().page_size(EC2_PAGE);
        pages.items().send().collect::<Result<_, _>>().await.map_err(failed(Call::ec2("DescribeSubnets")))
    }

    /// The zones that the account has opted into; a subnet cannot be in any other.
    pub(super) async fn availability_zones(&self) -> Result<Vec<ec2::AvailabilityZone>, AwsError> {
        let answer = self.ec2.describe_availability_zones().send().await;
        let answer = answer.map_err(failed(Call::ec2("DescribeAvailabilityZones")))?;
        Ok(answer.availability_zones.unwrap_or_default())
    }

    /// Route tables.
    pub(super) async fn route_tables(&self, filters: Vec<ec2::Filter>) -> Result<Vec<ec2::RouteTable>, AwsError> {
        let call = self.ec2.describe_route_tables().set_filters(Some(filters));
        let pages = call.into_paginator().page_size(ROUTE_TABLES_PAGE);
        pages.items().send().collect::<Result<_, _>>().await.map_err(failed(Call::ec2("DescribeRouteTables")))
    }

    /// VPCs.
    pub(super) async fn vpcs(&self, filters: Vec<ec2::Filter>) -> Result<Vec<ec2::Vpc>, AwsError> {
        let pages = self.ec2.describe_vpcs().set_filters(Some(filters)).into_paginator().page_size(EC2_PAGE);
        pages.items().send().collect::<Result<_, _>>().await.map_err(failed(Call::ec2("DescribeVpcs")))
    }

    /// Instances. A filter on ids never fails for ids that are gone, as naming them would.
    pub(super) async fn instances(&self, filters: Vec<ec2::Filter>) -> Result<Vec<ec2::Instance>, AwsError> {
        let pages = self.ec2.describe_instances().set_filters(Some(filters)).into_paginator().page_size(EC2_PAGE);
        let reservations: Vec<ec2::Reservation> =
            pages.items().send().collect::<Result<_, _>>().await.map_err(failed(Call::ec2("DescribeInstances")))?;
        Ok(reservations.into_iter().flat_map(|reservation| reservation.instances.unwrap_or_default()).collect())
    }

    /// Network interfaces.
    pub(super) async fn network_interfaces(
        &self,
        filters: Vec<ec2::Filter>,
    ) -> Result<Vec<ec2::NetworkInterface>, AwsError> {
        let call = self.ec2.describe_network_interfaces().set_filters(Some(filters));
        let pages = call.into_paginator().page_size(EC2_PAGE);
        pages.items().send().collect::<Result<_, _>>().await.map_err(failed(Call::ec2("DescribeNetworkInterfaces")))
    }

    /// Security groups.
    pub(super) async fn security_groups(&self, filters: Vec<ec2::Filter>) -> Result<Vec<ec2::SecurityGroup>, AwsError> {
        let call = self.ec2.describe_security_groups().set_filters(Some(filters));
        let pages = call.into_paginator().page_size(EC2_PAGE);
        pages.items().send().collect::<Result<_, _>>().await.map_err(failed(Call::ec2("DescribeSecurityGroups")))
    }
}

impl Clients {
    /// All certificates of ACM, in whatever state, with at most a hundred names each.
    pub(super) async fn certificates(&self) -> Result<Vec<acm::CertificateSummary>, AwsError> {
        // Without them ACM leaves out every key that is not RSA of 1024 or 2048 bits.
        let key_types = acm::KeyAlgorithm::values().iter().map(|key| acm::KeyAlgorithm::from(*key)).collect();
        let includes = acm::Filters::builder().set_key_types(Some(key_types)).build();
        let pages = self.acm.list_certificates().includes(includes).into_paginator().page_size(CERTIFICATES_PAGE);
        pages.items().send().collect::<Result<_, _>>().await.map_err(failed(Call::acm("ListCertificates")))
    }

    /// A certificate of ACM in full; `None`: it is gone.
    pub(super) async fn certificate(&self, arn: &str) -> Result<Option<acm::CertificateDetail>, AwsError> {
        let answer = self.acm.describe_certificate().certificate_arn(arn).send().await;
        let answer = answer.map_err(failed(Call::acm("DescribeCertificate")));
        Ok(unless_gone(answer, "ResourceNotFoundException")?.and_then(|answer| answer.certificate))
    }
}

/// A filter of EC2: any of the values.
pub(super) fn filter(name: impl Into<String>, values: impl IntoIterator<Item = impl ToString>) -> ec2::Filter {
    let values = values.into_iter().map(|value| value.to_string()).collect();
    ec2::Filter::builder().name(name).set_values(Some(values)).build()
}

/// Asks for each item of a list, some at a time; the answers in the order of the list.
pub(super) async fn each<T, A, F>(list: &[T], ask: impl Fn(T) -> F) -> Result<Vec<A>, AwsError>
where
    T: Clone,
    F: Future<Output = Result<A, AwsError>>,
{
    let mut answers = Vec::with_capacity(list.len());
    for some in list.chunks(AT_ONCE) {
        answers.extend(try_join_all(some.iter().cloned().map(&ask)).await?);
    }
    Ok(answers)
}

/// Cuts a list into lists that one call takes.
pub(super) fn chunks<T: Clone>(list: &[T], size: usize) -> Vec<Vec<T>> {
    list.chunks(size).map(<[T]>::to_vec).collect()
}

/// Asks for several resources in one call. One that is gone fails the call for all: then each is asked alone, and those
/// that are gone are left out.
async fn surviving<A, F>(arns: Vec<String>, ask: impl Fn(Vec<String>) -> F) -> Result<Vec<A>, AwsError>
where
    F: Future<Output = Result<A, AwsError>>,
{
    match ask(arns.clone()).await {
        Ok(answer) => return Ok(vec![answer]),
        Err(error) if error.is_any(GONE) => {}
        Err(error) => return Err(error),
    }
    let mut answers = Vec::new();
    if arns.len() == 1 {
        return Ok(answers);
    }
    for arn in arns {
        match ask(vec![arn]).await {
            Ok(answer) => answers.push(answer),
            Err(error) if error.is_any(GONE) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(answers)
}

fn unless_gone<T>(answer: Result<T, AwsError>, code: &str) -> Result<Option<T>, AwsError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.is(code) => Ok(None),
        Err(error) => Err(error),
    }
}
