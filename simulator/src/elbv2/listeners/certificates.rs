//! The certificates of a listener besides its default: add, remove, describe.

use serde::{Deserialize, Serialize};

use super::security::{CertificateDescription, CertificateRequest, Security};
use crate::elbv2::paging::{PageSize, Paging};
use crate::elbv2::protocol::Family;
use crate::elbv2::quotas::Quota;
use crate::elbv2::store::Store;
use crate::elbv2::{Done, certificates};
use crate::wire::ApiError;
use crate::wire::constraint::List;

/// `AddListenerCertificates` and `RemoveListenerCertificates`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ListenerCertificates {
    listener_arn: String,
    certificates: List<CertificateRequest, 1, 1>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeListenerCertificates {
    listener_arn: String,
    marker: Option<String>,
    page_size: Option<PageSize>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CertificatesResult {
    certificates: Vec<CertificateDescription>,
    next_marker: Option<String>,
}

/// `AddListenerCertificates`: one that is there already stays as it is.
pub(crate) fn add(store: &mut Store, request: ListenerCertificates) -> Result<CertificatesResult, ApiError> {
    let arn = one(request.certificates)?;
    store.secure_listener(&request.listener_arn)?;
    certificates::check(store.certificates(), store.scope(), &arn)?;
    let listener = store.listener_mut(&request.listener_arn)?;
    let owner = listener.load_balancer_arn.clone();
    let security = listener.security.as_mut().expect("the listener ends TLS");
    if security.certificates.insert(arn.clone())
        && let Err(refusal) = store.check_certificates(&owner)
    {
        let listener = store.listener_mut(&request.listener_arn)?;
        listener.security.as_mut().expect("the listener ends TLS").certificates.remove(&arn);
        return Err(refusal);
    }
    let added = CertificateDescription { certificate_arn: arn, is_default: Some(false) };
    Ok(CertificatesResult { certificates: vec![added], next_marker: None })
}

/// `RemoveListenerCertificates`: the default certificate can only be replaced.
pub(crate) fn remove(store: &mut Store, request: ListenerCertificates) -> Result<Done, ApiError> {
    let arn = one(request.certificates)?;
    let security = store.secure_listener(&request.listener_arn)?;
    if security.default_certificate.as_ref() == Some(&arn) && !security.certificates.contains(&arn) {
        return Err(ApiError::new(
            "OperationNotPermitted",
            format!("The certificate '{arn}' is the default certificate of the listener and cannot be removed"),
        ));
    }
    let listener = store.listener_mut(&request.listener_arn)?;
    listener.security.as_mut().expect("the listener ends TLS").certificates.remove(&arn);
    Ok(Done {})
}

/// `DescribeListenerCertificates`: the default first. One that was added as well is there twice, as AWS shows it.
pub(crate) fn describe(store: &Store, request: DescribeListenerCertificates) -> Result<CertificatesResult, ApiError> {
    let listener = store.listener(&request.listener_arn)?;
    let shown =
        |arn: &String, default| CertificateDescription { certificate_arn: arn.clone(), is_default: Some(default) };
    let security = listener.security.iter();
    let all = security.flat_map(|security| {
        let default = security.default_certificate.iter().map(|arn| (format!("0 {arn}"), shown(arn, true)));
        default.chain(security.certificates.iter().map(|arn| (format!("1 {arn}"), shown(arn, false))))
    });
    let paging = Paging { marker: request.marker, size: request.page_size };
    let (certificates, next_marker) = paging.page(all.collect())?;
    Ok(CertificatesResult { certificates, next_marker })
}

impl Store {
    fn secure_listener(&self, arn: &str) -> Result<&Security, ApiError> {
        let listener = self.listener(arn)?;
        listener.security.as_ref().ok_or_else(|| {
            ApiError::validation(format!("Certificates cannot be specified for '{}' listeners", listener.protocol))
        })
    }

    /// Refuses more certificates than a load balancer may have; defaults do not count.
    fn check_certificates(&self, load_balancer: &str) -> Result<(), ApiError> {
        let listeners = self.listeners_of(load_balancer).filter_map(|listener| listener.security.as_ref());
        let count = listeners
            .map(|security| {
                let default = security.default_certificate.as_ref();
                security.certificates.iter().filter(|arn| default != Some(arn)).count()
            })
            .sum();
        let quota = match self.load_balancer(load_balancer)?.family() {
            Family::Application => Quota::CertificatesPerApplicationLoadBalancer,
            Family::Network => Quota::CertificatesPerNetworkLoadBalancer,
        };
        self.options().quotas.check(quota, count)
    }
}

fn one(list: List<CertificateRequest, 1, 1>) -> Result<String, ApiError> {
    list.into_vec().pop().expect("the list has one member").read()
}
