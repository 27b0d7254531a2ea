//! What HTTPS and TLS listeners have besides: policy, certificates, ALPN, mutual authentication.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::mutual_authentication::{self, MutualAuthentication};
use super::{Listener, Mode};
use crate::elbv2::certificates;
use crate::elbv2::protocol::{Family, Protocol};
use crate::elbv2::quotas::Quota;
use crate::elbv2::ssl_policies;
use crate::elbv2::store::Store;
use crate::wire::ApiError;

/// Names of ALPN policies. Source: API reference, `CreateListener`.
const ALPN_POLICIES: &[&str] = &["HTTP1Only", "HTTP2Only", "HTTP2Optional", "HTTP2Preferred", "None"];

/// How a listener ends TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Security {
    pub(in super::super) policy: String,
    /// The default certificate; none only when a description names none.
    pub(in super::super) default_certificate: Option<String>,
    /// The certificates for other host names, which may hold the default one too.
    pub(in super::super) certificates: BTreeSet<String>,
    pub(in super::super) alpn: Option<String>,
    /// Of HTTPS listeners, and only of them.
    pub(in super::super) mutual_authentication: Option<MutualAuthentication>,
}

/// The members of a call that are about TLS.
pub(crate) struct SecurityRequest {
    pub(super) policy: Option<String>,
    pub(super) certificates: Option<Vec<CertificateRequest>>,
    pub(super) alpn: Option<Vec<String>>,
    pub(super) mutual_authentication: Option<mutual_authentication::Request>,
}

/// A certificate in a request or a description.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct CertificateRequest {
    pub(in super::super) certificate_arn: String,
    pub(in super::super) is_default: Option<bool>,
}

/// A certificate in an answer about a listener, which does not say that it is the default.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CertificateDescription {
    pub(super) certificate_arn: String,
    pub(super) is_default: Option<bool>,
}

impl CertificateRequest {
    /// The ARN of a certificate in a call.
    pub(super) fn read(self) -> Result<String, ApiError> {
        if self.is_default.is_some() {
            return Err(ApiError::validation("IsDefault cannot be specified for a certificate"));
        }
        Ok(self.certificate_arn)
    }
}

impl Security {
    /// What a listener of this protocol has after a call; `None` for a protocol without TLS.
    pub(super) fn changed(
        standing: Option<&Self>,
        request: SecurityRequest,
        store: &Store,
        protocol: Protocol,
    ) -> Result<Option<Self>, ApiError> {
        request.check(protocol)?;
        if !protocol.is_secure() {
            return Ok(None);
        }
        let certificate = match request.certificates.map(Vec::into_iter).and_then(|mut list| list.next()) {
            Some(certificate) => {
                let arn = certificate.read()?;
                certificates::check(store.certificates(), store.scope(), &arn)?;
                Some(arn)
            }
            None => standing.and_then(|standing| standing.default_certificate.clone()),
        };
        if certificate.is_none() {
            return Err(ApiError::validation(format!("A certificate must be specified for {protocol} listeners")));
        }
        let policy = request.policy.or_else(|| standing.map(|standing| standing.policy.clone()));
        let policy = policy.unwrap_or_else(|| ssl_policies::DEFAULT.to_owned());
        let family = if protocol == Protocol::Https { Family::Application } else { Family::Network };
        ssl_policies::check(&policy, family)?;
        let mutual_authentication = match request.mutual_authentication {
            Some(request) => Some(MutualAuthentication::read(request, store)?),
            None => standing.and_then(|standing| standing.mutual_authentication.clone()),
        };
        let alpn = request.alpn.and_then(|list| list.into_iter().next());
        Ok(Some(Self {
            policy,
            default_certificate: certificate,
            certificates: standing.map(|standing| standing.certificates.clone()).unwrap_or_default(),
            alpn: alpn.or_else(|| standing.and_then(|standing| standing.alpn.clone())),
            mutual_authentication: (protocol == Protocol::Https).then(|| mutual_authentication.unwrap_or_default()),
        }))
    }

    /// Whether a repeated create call asks for what stands: certificates that were added later do not count.
    pub(super) fn same_settings(one: Option<&Self>, other: Option<&Self>) -> bool {
        let settings = |security: &Self| Self { certificates: BTreeSet::new(), ..security.clone() };
        one.map(settings) == other.map(settings)
    }

    /// Refuses more listeners that verify client certificates than a load balancer may have.
    pub(super) fn check(&self, store: &Store, listener: &Listener) -> Result<(), ApiError> {
        if self.mode() != Mode::Verify {
            return Ok(());
        }
        let others = store.listeners_of(&listener.load_balancer_arn).filter(|other| other.arn != listener.arn);
        let verify = others.filter(|other| other.security.as_ref().is_some_and(|own| own.mode() == Mode::Verify));
        store.options().quotas.check(Quota::VerifyingListeners, verify.count() + 1)
    }

    pub(super) fn describe_default(&self) -> Vec<CertificateDescription> {
        let shown = |arn: &String| CertificateDescription { certificate_arn: arn.clone(), is_default: None };
        self.default_certificate.iter().map(shown).collect()
    }

    fn mode(&self) -> Mode {
        self.mutual_authentication.as_ref().map_or(Mode::Off, |mutual| mutual.mode)
    }
}

impl SecurityRequest {
    /// Refuses members that a listener of this protocol does not have, and unknown names.
    fn check(&self, protocol: Protocol) -> Result<(), ApiError> {
        let members = [
            (self.policy.is_some() && !protocol.is_secure(), "SslPolicy"),
            (self.certificates.is_some() && !protocol.is_secure(), "Certificates"),
            (self.alpn.is_some() && protocol != Protocol::Tls, "AlpnPolicy"),
            (self.mutual_authentication.is_some() && protocol != Protocol::Https, "MutualAuthentication"),
        ];
        if let Some((_, member)) = members.into_iter().find(|(wrong, _)| *wrong) {
            return Err(ApiError::validation(format!("{member} cannot be specified for '{protocol}' listeners")));
        }
        let known = |policy: &&String| ALPN_POLICIES.contains(&policy.as_str());
        match self.alpn.iter().flatten().find(|policy| !known(policy)) {
            Some(unknown) => Err(ApiError::new("ALPNPolicyNotFound", format!("ALPN policy '{unknown}' not found"))),
            None => Ok(()),
        }
    }
}
