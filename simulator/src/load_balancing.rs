//! Elastic Load Balancing as the account's other services and its description see it: through its own operations.

use serde_json::{Value, json};

use crate::clock::Moment;
use crate::elbv2::{self, Store};
use crate::network::Network;
use crate::wire::{ApiError, Tree};

/// AWS's limit on the ARNs of one DescribeTags.
const ARNS_PER_CALL: usize = 20;

/// The load balancing of one account in one Region, asked from within.
pub(crate) struct LoadBalancing<'a> {
    pub(crate) store: &'a mut Store,
    pub(crate) network: &'a dyn Network,
    pub(crate) now: Moment,
}

impl LoadBalancing<'_> {
    /// Carries out one operation.
    pub(crate) async fn call(&mut self, action: &str, params: Value) -> Result<Value, ApiError> {
        elbv2::handle(self.store, self.network, action, &Tree::from(params), self.now).await
    }

    /// Everything that a Describe operation lists, all pages.
    pub(crate) async fn list(&mut self, action: &str, mut params: Value, list: &str) -> Result<Vec<Value>, ApiError> {
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

    /// The tags of each of these, as AWS lists them.
    pub(crate) async fn tags(&mut self, arns: &[String]) -> Result<Vec<(String, Value)>, ApiError> {
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
