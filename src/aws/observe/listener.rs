//! What an Application Load Balancer's listeners have beside themselves: rules, further certificates, attributes.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_elasticloadbalancingv2::types as elb;
use futures::try_join;
use northgate_planner::actual::ActualListener;
use northgate_planner::model::Pairs;

use crate::aws::Inner;
use crate::aws::error::AwsError;
use crate::aws::from_sdk::load_balancing::{added_certificates, listener, listener_arn, listener_attributes};
use crate::aws::from_sdk::rule::{rule, rule_arn};

/// A listener with what was read of it.
pub(super) struct Found {
    answer: elb::Listener,
    /// `None`: it is a Network Load Balancer's, or nobody needs to know.
    more: Option<More>,
}

struct More {
    rules: Vec<elb::Rule>,
    /// As old as the cache may be: they do not tell whose a rule is.
    rule_tags: BTreeMap<String, Arc<Pairs>>,
    certificates: Vec<elb::Certificate>,
    attributes: Pairs,
}

/// Reads what a listener has; `None`: it is gone by now.
pub(super) async fn in_full(account: &Inner, answer: elb::Listener) -> Result<Option<Found>, AwsError> {
    let arn = listener_arn(&answer)?.to_owned();
    let has_certificates = !answer.certificates().is_empty();
    let certificates = async {
        match has_certificates {
            true => account.clients.listener_certificates(&arn).await,
            false => Ok(Some(Vec::new())),
        }
    };
    let clients = &account.clients;
    let (rules, certificates, attributes) =
        try_join!(clients.rules(&arn), certificates, clients.listener_attributes(&arn))?;
    let (Some(mut rules), Some(certificates), Some(attributes)) = (rules, certificates, attributes) else {
        return Ok(None);
    };
    let mut arns = Vec::new();
    for rule in &rules {
        arns.extend(rule_arn(rule)?.map(str::to_owned));
    }
    let tags = account.tags.of(&account.clients, &arns).await?;
    let rule_tags = tags.into_iter().map(|(arn, tagged)| (arn, tagged.tags)).collect::<BTreeMap<_, _>>();
    // One without tags is the default one, or went away before they were read.
    rules.retain(|rule| rule.rule_arn().is_some_and(|arn| rule_tags.contains_key(arn)));
    let attributes = listener_attributes(&arn, &attributes)?;
    Ok(Some(Found { answer, more: Some(More { rules, rule_tags, certificates, attributes }) }))
}

impl Found {
    /// A listener of which nothing more is read.
    pub(super) fn alone(answer: elb::Listener) -> Self {
        Self { answer, more: None }
    }

    /// Its ARN.
    pub(super) fn arn(&self) -> Result<&str, AwsError> {
        listener_arn(&self.answer)
    }

    /// As the planner sees it.
    pub(super) fn with_tags(&self, tags: Pairs) -> Result<ActualListener, AwsError> {
        let found = listener(&self.answer, tags)?;
        let Some(More { rules, rule_tags, certificates, attributes }) = &self.more else { return Ok(found) };
        let rules = rules.iter().filter_map(|answer| {
            let arn = answer.rule_arn()?;
            Some(rule(arn, answer, Pairs::clone(rule_tags.get(arn)?)))
        });
        let mut rules = rules.collect::<Result<Vec<_>, _>>()?;
        rules.sort_by_key(|rule| rule.priority);
        let certificates = added_certificates(certificates);
        Ok(ActualListener { rules, certificates, attributes: Some(attributes.clone()), ..found })
    }
}
