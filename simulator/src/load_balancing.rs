//! Elastic Load Balancing as the account's other services and its description see it: through its own operations.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::network::Scope;
use crate::simulator::Simulator;
use crate::tags::{self, Tags};
use crate::wire::{ApiError, Tree};

/// AWS's limit on the ARNs of one DescribeTags.
const ARNS_PER_CALL: usize = 20;

/// The load balancing of one account in one Region, asked from within.
#[derive(Clone, Copy)]
pub(crate) struct LoadBalancing<'a> {
    pub(crate) simulator: &'a Simulator,
    pub(crate) scope: &'a Scope,
}

impl LoadBalancing<'_> {
    /// Carries out one operation.
    pub(crate) async fn call(&self, action: &str, params: Value) -> Result<Value, ApiError> {
        self.simulator.ask_load_balancing(self.scope, action, &Tree::from(params)).await
    }

    /// Everything that a Describe operation lists, all pages.
    pub(crate) async fn list(&self, action: &str, mut params: Value, list: &str) -> Result<Vec<Value>, ApiError> {
        let mut found = Vec::new();
        loop {
            let mut answer = self.call(action, params.clone()).await?;
            if let Some(Value::Array(items)) = answer.get_mut(list).map(Value::take) {
                found.extend(items);
            }
            match answer.get("NextMarker").and_then(Value::as_str) {
                Some(marker) => params["Marker"] = json!(marker),
                None => return Ok(found),
            }
        }
    }

    /// The type of each load balancer, by ARN.
    pub(crate) async fn standing(&self) -> Result<BTreeMap<String, String>, ApiError> {
        let all = self.list("DescribeLoadBalancers", json!({}), "LoadBalancers").await?;
        Ok(all.iter().map(|one| (text(one, "LoadBalancerArn"), text(one, "Type"))).collect())
    }

    /// The load balancers that use each certificate, all by ARN.
    pub(crate) async fn certificate_users(&self) -> Result<BTreeMap<String, BTreeSet<String>>, ApiError> {
        let mut users = BTreeMap::<String, BTreeSet<String>>::new();
        for load_balancer in self.standing().await?.into_keys() {
            let of = json!({ "LoadBalancerArn": load_balancer });
            for listener in self.list("DescribeListeners", of, "Listeners").await? {
                if listener.get("Certificates").is_none_or(Value::is_null) {
                    continue;
                }
                let of = json!({ "ListenerArn": text(&listener, "ListenerArn") });
                for certificate in self.list("DescribeListenerCertificates", of, "Certificates").await? {
                    users.entry(text(&certificate, "CertificateArn")).or_default().insert(load_balancer.clone());
                }
            }
        }
        Ok(users)
    }

    /// The tags of one resource; `None` when it does not exist.
    pub(crate) async fn tags_of(&self, arn: &str) -> Option<Tags> {
        let described = self.tags(&[arn.to_owned()]).await.ok()?;
        described.first().map(|(_, list)| tags::read(list))
    }

    /// The tags of everything that has tags, by ARN.
    pub(crate) async fn all_tags(&self) -> Result<BTreeMap<String, Tags>, ApiError> {
        let mut arns: Vec<String> = self.standing().await?.into_keys().collect();
        for load_balancer in arns.clone() {
            let of = json!({ "LoadBalancerArn": load_balancer });
            for listener in self.list("DescribeListeners", of, "Listeners").await? {
                let of = json!({ "ListenerArn": text(&listener, "ListenerArn") });
                let rules = self.list("DescribeRules", of, "Rules").await?;
                arns.push(text(&listener, "ListenerArn"));
                arns.extend(rules.iter().map(|rule| text(rule, "RuleArn")));
            }
        }
        let trust_stores = self.list("DescribeTrustStores", json!({}), "TrustStores").await?;
        arns.extend(trust_stores.iter().map(|trust_store| text(trust_store, "TrustStoreArn")));
        let groups = self.list("DescribeTargetGroups", json!({}), "TargetGroups").await?;
        arns.extend(groups.iter().map(|group| text(group, "TargetGroupArn")));
        let described = self.tags(&arns).await?;
        Ok(described.into_iter().map(|(arn, list)| (arn, tags::read(&list))).collect())
    }

    /// The tags of each of these, as AWS lists them.
    pub(crate) async fn tags(&self, arns: &[String]) -> Result<Vec<(String, Value)>, ApiError> {
        let mut tags = Vec::new();
        for some in arns.chunks(ARNS_PER_CALL) {
            let descriptions = self.list("DescribeTags", json!({ "ResourceArns": some }), "TagDescriptions").await?;
            tags.extend(descriptions.into_iter().map(|mut one| (text(&one, "ResourceArn"), one["Tags"].take())));
        }
        Ok(tags)
    }
}

/// A member of an answer that is a text; empty when it is absent.
pub(crate) fn text(value: &Value, member: &str) -> String {
    value.get(member).and_then(Value::as_str).unwrap_or_default().to_owned()
}
