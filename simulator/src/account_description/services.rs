//! The services beside EC2 and load balancing in a description: certificates, web ACLs, Shield.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Document;
use super::error::DescriptionError;
use super::network::{elements, put};
use super::saved::Lists;
use crate::accounts::uuid;
use crate::acm::certificates::Certificate;
use crate::iam::server_certificates::ServerCertificate;
use crate::load_balancing::LoadBalancing;
use crate::network::Scope;
use crate::shield::Protection;
use crate::simulator::Simulator;
use crate::wire::{self, ApiError};
use crate::{tags, waf_regional, wafv2};

/// What a description says of these services, completed.
#[derive(Debug, Default)]
pub(super) struct Described {
    certificates: BTreeMap<String, Certificate>,
    server_certificates: BTreeMap<String, ServerCertificate>,
    web_acls: BTreeMap<String, wafv2::WebAcl>,
    classic_web_acls: BTreeMap<String, waf_regional::WebAcl>,
    /// The web ACL before each resource: its ARN.
    associations: BTreeMap<String, String>,
    /// The classic web ACL before each resource: its id.
    classic_associations: BTreeMap<String, String>,
    subscribed: bool,
    protections: BTreeMap<String, Protection>,
}

/// An element of `webAcls`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct WebAcl {
    #[serde(default)]
    scope: AclScope,
    #[serde(default)]
    associated_resource_arns: Vec<String>,
    #[serde(flatten)]
    acl: Map<String, Value>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum AclScope {
    #[default]
    Regional,
    Cloudfront,
    /// WAF Classic, its regional side.
    Classic,
}

/// `shield`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Shield {
    #[serde(default)]
    subscription_state: SubscriptionState,
    #[serde(default)]
    protections: Vec<Protection>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum SubscriptionState {
    Active,
    #[default]
    Inactive,
}

impl Described {
    /// Takes the lists of these services out of the document.
    pub(super) fn read(scope: &Scope, document: &mut Document) -> Result<Self, DescriptionError> {
        let mut described = Described::default();
        for detail in elements(&mut document.certificates) {
            let arn = detail.certificate_arn.clone();
            put("certificates", &mut described.certificates, arn, Certificate::described(detail))?;
        }
        for mut certificate in elements(&mut document.server_certificates) {
            certificate.complete();
            let name = certificate.server_certificate_metadata.server_certificate_name.clone();
            put("serverCertificates", &mut described.server_certificates, name, certificate)?;
        }
        for web_acl in elements(&mut document.web_acls) {
            described.web_acl(scope, web_acl)?;
        }
        if let Some(super::keys::Shaped(shield)) = document.shield.take() {
            described.subscribed = shield.subscription_state == SubscriptionState::Active;
            for mut protection in shield.protections {
                protection.complete(&scope.account);
                put("shield.Protections", &mut described.protections, protection.id.clone(), protection)?;
            }
        }
        Ok(described)
    }

    fn web_acl(&mut self, scope: &Scope, described: WebAcl) -> Result<(), DescriptionError> {
        let WebAcl { scope: reach, associated_resource_arns, mut acl } = described;
        let name = acl.get("Name").and_then(Value::as_str).unwrap_or_default().to_owned();
        let refused = |error: serde_json::Error| DescriptionError::Value {
            element: format!("webAcls {name}"),
            message: error.to_string(),
        };
        let associated = if reach == AclScope::Classic {
            acl.entry("Id").or_insert_with(|| json!(uuid((scope, "classic-web-acl", &name))));
            let acl: waf_regional::WebAcl = serde_json::from_value(Value::Object(acl)).map_err(refused)?;
            let id = acl.id.clone();
            put("webAcls", &mut self.classic_web_acls, id.clone(), acl)?;
            (&mut self.classic_associations, id)
        } else {
            let mut acl: wafv2::WebAcl = serde_json::from_value(Value::Object(acl)).map_err(refused)?;
            acl.for_cloudfront = reach == AclScope::Cloudfront;
            acl.complete(scope);
            let arn = acl.arn.clone();
            put("webAcls", &mut self.web_acls, arn.clone(), acl)?;
            (&mut self.associations, arn)
        };
        let (associations, id) = associated;
        for resource in associated_resource_arns {
            if associations.insert(resource.clone(), id.clone()).is_some() {
                return Err(DescriptionError::Value {
                    element: format!("webAcls {name}"),
                    message: format!("{resource} is associated with another web ACL; a resource has at most one"),
                });
            }
        }
        Ok(())
    }

    /// Puts it in the place of what the services held.
    pub(super) fn load(self, simulator: &Simulator, scope: &Scope) {
        let services = simulator.services();
        services.acm.with(scope, |store| store.certificates = self.certificates);
        services.iam.with(&scope.account, |store| store.server_certificates = self.server_certificates);
        services.wafv2.with(scope, |store| {
            store.web_acls = self.web_acls;
            store.associations = self.associations;
        });
        services.waf_regional.with(scope, |store| {
            store.web_acls = self.classic_web_acls;
            store.associations = self.classic_associations;
        });
        services.shield.with(&scope.account, |store| {
            store.subscribed = self.subscribed;
            store.protections = self.protections;
        });
    }
}

/// Fills the lists of these services. What stood before a load balancer that has gone is left out.
pub(super) async fn save(lists: &mut Lists, simulator: &Simulator, scope: &Scope) -> Result<Value, ApiError> {
    let standing = LoadBalancing { simulator, scope }.standing().await?;
    let (services, now) = (simulator.services(), simulator.now());
    lists.certificates = services.acm.with(scope, |store| {
        store.settle(now);
        store.certificates.values().map(Certificate::saved).collect()
    });
    lists.server_certificates = services
        .iam
        .with(&scope.account, |store| store.server_certificates.values().map(ServerCertificate::shown).collect());
    let before = |associations: &BTreeMap<String, String>, id: &str| -> Vec<String> {
        let gone = |resource: &str| resource.contains(":elasticloadbalancing:") && !standing.contains_key(resource);
        let of_acl = associations.iter().filter(|(resource, acl)| *acl == id && !gone(resource));
        of_acl.map(|(resource, _)| resource.clone()).collect()
    };
    lists.web_acls = services.wafv2.with(scope, |store| {
        let saved = store.web_acls.values().map(|acl| {
            let reach = if acl.for_cloudfront { "CLOUDFRONT" } else { "REGIONAL" };
            with_scope(wire::answer(acl), reach, &acl.tags, before(&store.associations, &acl.arn))
        });
        saved.collect()
    });
    let classic: Vec<Value> = services.waf_regional.with(scope, |store| {
        let acls = store.web_acls.values();
        let saved =
            acls.map(|acl| with_scope(wire::answer(acl), "CLASSIC", &acl.tags, before(&store.associations, &acl.id)));
        saved.collect()
    });
    lists.web_acls.extend(classic);
    Ok(services.shield.with(&scope.account, |store| {
        let protections: Vec<&Protection> = store.protections.values().collect();
        if !store.subscribed && protections.is_empty() {
            return Value::Null;
        }
        json!({
            "SubscriptionState": store.subscription(),
            "Protections": protections.into_iter().map(Protection::saved).collect::<Vec<_>>(),
        })
    }))
}

fn with_scope(mut acl: Value, scope: &str, tags: &tags::Tags, resources: Vec<String>) -> Value {
    acl["Scope"] = json!(scope);
    acl["Tags"] = tags::shown(tags);
    acl["AssociatedResourceArns"] = json!(resources);
    acl
}
