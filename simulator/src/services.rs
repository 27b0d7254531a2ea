//! The services beside EC2 and Elastic Load Balancing: what they hold, and what they ask of each other.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::accounts::Accounts;
use crate::clock::Clock;
use crate::door::{Request, Service};
use crate::elbv2::{CertificateState, Certificates};
use crate::lag::LagKind;
use crate::load_balancing::LoadBalancing;
use crate::network::Scope;
use crate::resource_groups_tagging::{self, Index};
use crate::service_model;
use crate::simulator::Simulator;
use crate::wire::query::Call;
use crate::wire::{ApiError, Tree};
use crate::{acm, iam, shield, sts, waf_regional, wafv2};

/// What the services hold: by account and Region, or by account where AWS knows no Region.
#[derive(Debug, Default)]
pub(crate) struct Services {
    pub(crate) acm: Accounts<Scope, acm::Store>,
    pub(crate) iam: Accounts<String, iam::Store>,
    pub(crate) index: Accounts<Scope, Index>,
    pub(crate) shield: Accounts<String, shield::Store>,
    pub(crate) waf_regional: Accounts<Scope, waf_regional::Store>,
    pub(crate) wafv2: Accounts<Scope, wafv2::Store>,
}

/// The certificates of all accounts, as listeners ask for them.
#[derive(Debug)]
pub(crate) struct KnownCertificates {
    pub(crate) services: Arc<Services>,
    pub(crate) clock: Clock,
}

impl Certificates for KnownCertificates {
    fn certificate(&self, scope: &Scope, arn: &str) -> CertificateState {
        if arn.split(':').nth(2) == Some("iam") {
            let known = |store: &mut iam::Store| {
                store.server_certificates.values().any(|one| one.server_certificate_metadata.arn == arn)
            };
            let known = self.services.iam.with(&scope.account, known);
            return if known { CertificateState::Usable } else { CertificateState::Missing };
        }
        self.services.acm.with(scope, |store| {
            store.settle(self.clock.now());
            match store.certificates.get(arn) {
                Some(certificate) if certificate.is_issued() => CertificateState::Usable,
                Some(_) => CertificateState::NotIssued,
                None => CertificateState::Missing,
            }
        })
    }
}

/// Carries out one call of any service here.
pub(crate) async fn handle(simulator: &Simulator, request: &Request, call: &Call) -> Result<Value, ApiError> {
    let Request { service, scope, .. } = request;
    let answer = perform(simulator, request, call).await?;
    if !is_read(&call.action) {
        simulator.note_service_change();
        note_tags(simulator, *service, scope, &call.params, &answer).await;
    }
    let model = match service {
        Service::Acm => &service_model::ACM,
        Service::Shield => &service_model::SHIELD,
        _ => return Ok(answer),
    };
    Ok(model.as_json(&call.action, answer))
}

async fn perform(simulator: &Simulator, request: &Request, call: &Call) -> Result<Value, ApiError> {
    let (Request { service, scope, .. }, Call { action, params }) = (request, call);
    let (services, now) = (simulator.services(), simulator.now());
    let load_balancing = LoadBalancing { simulator, scope };
    match service {
        Service::Acm => {
            let validation = simulator.options(scope).await.certificate_delay;
            let asks_for_users =
                matches!(action.as_str(), "DeleteCertificate" | "DescribeCertificate" | "ListCertificates");
            let users = if asks_for_users { load_balancing.certificate_users().await? } else { BTreeMap::new() };
            let asked = acm::Asked { scope, now, validation, users, params };
            services.acm.with(scope, |store| store.handle(action, &asked))
        }
        Service::Iam => {
            let asked = iam::Asked { account: &scope.account, now, params };
            services.iam.with(&scope.account, |store| store.handle(action, &asked))
        }
        Service::ResourceGroupsTagging => match action.as_str() {
            "TagResources" => resource_groups_tagging::change::tag(simulator, scope, params).await,
            "UntagResources" => resource_groups_tagging::change::untag(simulator, scope, params).await,
            _ => services.index.with(scope, |index| index.handle(action, params, now)),
        },
        Service::Shield => {
            let load_balancers = load_balancing.standing().await?;
            let asked = shield::Asked { account: &scope.account, load_balancers: &load_balancers, params };
            services.shield.with(&scope.account, |store| store.handle(action, &asked))
        }
        Service::Wafv2 | Service::WafRegional => {
            let load_balancers = load_balancing.standing().await?;
            let asked = wafv2::Asked { scope, load_balancers: &load_balancers, params };
            match service {
                Service::Wafv2 => services.wafv2.with(scope, |store| store.handle(action, &asked)),
                _ => services.waf_regional.with(scope, |store| store.handle(action, &asked)),
            }
        }
        Service::Sts => sts::handle(request, call, now),
        Service::Ec2 | Service::ElasticLoadBalancing => Err(ApiError::invalid_action(service.name(), action)),
    }
}

/// Whether an action changes nothing.
pub(crate) fn is_read(action: &str) -> bool {
    ["Describe", "Get", "List"].iter().any(|verb| action.starts_with(verb))
}

/// Whether an action of EC2 or of load balancing can change the tags of anything.
pub(crate) fn may_change_tags(service: Service, action: &str) -> bool {
    match service {
        Service::ElasticLoadBalancing => {
            ["Add", "Create", "Delete", "Remove"].iter().any(|verb| action.starts_with(verb))
        }
        _ => !is_read(action),
    }
}

/// Notes in the index what a call has done to tags. All that a call can have changed of load balancing is named in it
/// or in its answer.
pub(crate) async fn note_tags(simulator: &Simulator, service: Service, scope: &Scope, params: &Tree, answer: &Value) {
    let from = simulator.now().instant + tag_lag(simulator, scope).await;
    let services = simulator.services();
    if matches!(service, Service::Ec2 | Service::ResourceGroupsTagging) {
        let present = simulator.ec2().with_account(scope, |account| account.tags_by_arn());
        services.index.with(scope, |index| index.note_all("ec2", present, from));
    }
    if matches!(service, Service::Acm | Service::ResourceGroupsTagging) {
        let tags = |store: &mut acm::Store| {
            store.certificates.iter().map(|(arn, certificate)| (arn.clone(), certificate.detail.tags.clone())).collect()
        };
        let present = services.acm.with(scope, tags);
        services.index.with(scope, |index| index.note_all("acm", present, from));
    }
    if matches!(service, Service::ElasticLoadBalancing | Service::ResourceGroupsTagging) {
        let mut arns = Vec::new();
        load_balancing_arns(&params.to_json(), &mut arns);
        load_balancing_arns(answer, &mut arns);
        arns.sort();
        arns.dedup();
        let load_balancing = LoadBalancing { simulator, scope };
        for arn in arns {
            let tags = load_balancing.tags_of(&arn).await;
            services.index.with(scope, |index| match tags {
                Some(tags) => index.note(&arn, tags, from),
                None => index.note_gone(&arn, from),
            });
        }
    }
}

/// Notes the tags of everything in the account, at once: it has just been described.
pub(crate) async fn note_all_tags(simulator: &Simulator, scope: &Scope) -> Result<(), ApiError> {
    let now = simulator.now().instant;
    let load_balancing = LoadBalancing { simulator, scope };
    let balancing = load_balancing.all_tags().await?;
    let network = simulator.ec2().with_account(scope, |account| account.tags_by_arn());
    let tags = |store: &mut acm::Store| {
        store.certificates.iter().map(|(arn, certificate)| (arn.clone(), certificate.detail.tags.clone())).collect()
    };
    let certificates = simulator.services().acm.with(scope, tags);
    simulator.services().index.with(scope, |index| {
        index.note_all("elasticloadbalancing", balancing, now);
        index.note_all("ec2", network, now);
        index.note_all("acm", certificates, now);
    });
    Ok(())
}

async fn tag_lag(simulator: &Simulator, scope: &Scope) -> Duration {
    simulator.options(scope).await.lag.of(LagKind::TagIndex)
}

/// Every ARN of load balancing in a document.
fn load_balancing_arns(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) if text.starts_with("arn:") && text.contains(":elasticloadbalancing:") => {
            found.push(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| load_balancing_arns(item, found)),
        Value::Object(members) => members.values().for_each(|member| load_balancing_arns(member, found)),
        _ => {}
    }
}
