//! What is decided for groups of Ingresses.

mod balancer;
mod group;
mod listeners;
mod plan;

use std::sync::Arc;

use serde_json::{Value, json};

use super::{decide, needs};
use crate::actual::{Actual, ActualStack};
use crate::crd::TargetGroupBinding;
use crate::desired::Desired;
use crate::facts::{Facts, Live, LiveLoadBalancer, RouteTable};
use crate::id::{
    ClusterName, IpAddressType, Key, LoadBalancerArn, ObjectName, Protocol, Ref, Scheme, SecurityGroupId, StackId,
    SubnetId,
};
use crate::model::Pairs;
use crate::pipeline::{self, Accepted};
use crate::plan::{Step, WaitFor};
use crate::snapshot::{BackendSecurityGroup, FeatureGates, Snapshot};
use crate::spec::StackSpec;
use crate::spec::ingress::IngressSpec;
use crate::testing::account;
use crate::testing::ingress::{add, add_service, annotate, cluster, facts, path};

type Mutation = fn(&mut Value);

fn web() -> StackId {
    StackId::Ingress(ObjectName::new("shop", "web"))
}

fn shop() -> StackId {
    StackId::Group("shop".to_owned())
}

fn spec(snapshot: &Snapshot, id: &StackId) -> IngressSpec {
    match pipeline::accept(snapshot, &Key::Stack(id.clone())) {
        Ok(Accepted::Stack(stack)) => match stack.spec {
            StackSpec::Ingress(spec) => *spec,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

fn decided(snapshot: &Snapshot, id: &StackId) -> Desired {
    decide(&spec(snapshot, id), &facts(), &Live::default()).unwrap()
}

/// What is decided for the Ingress `shop/web` after a change.
fn one(change: impl FnOnce(&mut Value)) -> Desired {
    let mut snapshot = cluster();
    add(&mut snapshot, "web", change);
    decided(&snapshot, &web())
}

fn live() -> Live {
    Live {
        load_balancer: Some(LiveLoadBalancer {
            arn: LoadBalancerArn::new("arn:aws:elasticloadbalancing:us-west-2:1:loadbalancer/app/k8s-shop/1"),
            name: "k8s-shop".to_owned(),
            dns_name: "k8s-shop.elb.amazonaws.com".to_owned(),
            scheme: Scheme::InternetFacing,
            ip_address_type: IpAddressType::Dualstack,
            subnets: vec![SubnetId::new("subnet-x"), SubnetId::new("subnet-y")],
            security_groups: vec![SecurityGroupId::new("sg-live")],
            redirecting_ports: std::collections::BTreeSet::new(),
        }),
        ..Live::default()
    }
}

/// Rules of a listener: `conditions → actions`.
fn rules(desired: &Desired, port: u16) -> Vec<String> {
    let texts = |list: &[crate::model::Condition]| list.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let rule = |rule: &crate::desired::Rule| {
        let actions = rule.actions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        format!("{} → {actions}", texts(&rule.conditions))
    };
    desired.listeners[&port].rules.iter().map(rule).collect()
}

fn problems(desired: &Desired) -> Vec<String> {
    desired.problems.iter().map(ToString::to_string).collect()
}
