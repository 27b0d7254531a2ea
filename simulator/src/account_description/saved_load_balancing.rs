//! Load balancing in a saved description: what its Describe operations answer, joined.

use serde_json::{Value, json};

use super::saved::Lists;
use crate::load_balancing::{LoadBalancing, text};
use crate::wire::ApiError;

/// Fills the lists of load balancing.
pub(super) async fn fill(lists: &mut Lists, asked: LoadBalancing<'_>) -> Result<(), ApiError> {
    lists.load_balancers = asked.list("DescribeLoadBalancers", json!({}), "LoadBalancers").await?;
    for load_balancer in &mut lists.load_balancers {
        let arn = text(load_balancer, "LoadBalancerArn");
        let of = json!({ "LoadBalancerArn": arn });
        load_balancer["Attributes"] =
            asked.call("DescribeLoadBalancerAttributes", of.clone()).await?["Attributes"].take();
        load_balancer["CapacityReservation"] = capacity_reservation(&of, asked).await?;
        let listeners = asked.list("DescribeListeners", of, "Listeners").await?;
        lists.listeners.extend(listeners);
    }
    for listener in &mut lists.listeners {
        let of = json!({ "ListenerArn": text(listener, "ListenerArn") });
        listener["Attributes"] = asked.call("DescribeListenerAttributes", of.clone()).await?["Attributes"].take();
        if listener.get("Certificates").is_some_and(Value::is_array) {
            let certificates = asked.list("DescribeListenerCertificates", of.clone(), "Certificates").await?;
            listener["Certificates"] = Value::Array(certificates);
        }
        for mut rule in asked.list("DescribeRules", of.clone(), "Rules").await? {
            rule["ListenerArn"] = of["ListenerArn"].clone();
            lists.rules.push(rule);
        }
    }
    lists.target_groups = asked.list("DescribeTargetGroups", json!({}), "TargetGroups").await?;
    for group in &mut lists.target_groups {
        let of = json!({ "TargetGroupArn": text(group, "TargetGroupArn") });
        group["Attributes"] = asked.call("DescribeTargetGroupAttributes", of.clone()).await?["Attributes"].take();
        group["Targets"] = asked.call("DescribeTargetHealth", of).await?["TargetHealthDescriptions"].take();
    }
    lists.trust_stores = asked.list("DescribeTrustStores", json!({}), "TrustStores").await?;
    tag(&mut lists.trust_stores, "TrustStoreArn", asked).await?;
    tag(&mut lists.load_balancers, "LoadBalancerArn", asked).await?;
    tag(&mut lists.listeners, "ListenerArn", asked).await?;
    tag(&mut lists.rules, "RuleArn", asked).await?;
    tag(&mut lists.target_groups, "TargetGroupArn", asked).await
}

/// The reservation of a load balancer, when it has one.
async fn capacity_reservation(of: &Value, asked: LoadBalancing<'_>) -> Result<Value, ApiError> {
    let reservation = asked.call("DescribeCapacityReservation", of.clone()).await?;
    let reserves = reservation.get("MinimumLoadBalancerCapacity").is_some_and(|capacity| !capacity.is_null());
    Ok(if reserves { reservation } else { Value::Null })
}

/// Puts their tags into the elements of one list.
async fn tag(list: &mut [Value], id: &str, asked: LoadBalancing<'_>) -> Result<(), ApiError> {
    let arns: Vec<String> = list.iter().map(|element| text(element, id)).collect();
    let tags = asked.tags(&arns).await?;
    for element in list {
        let of = text(element, id);
        if let Some((_, tags)) = tags.iter().find(|(arn, _)| *arn == of) {
            element["Tags"] = tags.clone();
        }
    }
    Ok(())
}
