//! Listeners of an account description.

use serde::Deserialize;

use super::super::actions::{ActionList, Actions, Source};
use super::super::attributes::of_listener;
use super::super::listeners::{
    CertificateRequest, Listener, MutualAuthentication, MutualAuthenticationRequest, Port, Security,
};
use super::super::protocol::Protocol;
use super::super::rules::DefaultRule;
use super::super::ssl_policies;
use super::super::store::Store;
use super::super::tags::Tags;
use super::{AdmissionError, Pairs, attributes, refused, unresolved, value};

/// An element of `elbv2 describe-listeners`, with its tags, attributes and certificates.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DescribedListener {
    listener_arn: Option<String>,
    load_balancer_arn: String,
    port: Port,
    protocol: Protocol,
    default_actions: ActionList,
    ssl_policy: Option<String>,
    /// As `describe-listener-certificates` has them, or the default alone.
    #[serde(default)]
    certificates: Vec<CertificateRequest>,
    #[serde(default)]
    alpn_policy: Vec<String>,
    mutual_authentication: Option<MutualAuthenticationRequest>,
    #[serde(default)]
    tags: Pairs,
    #[serde(default)]
    attributes: Pairs,
}

impl Store {
    pub(super) fn described_listener(&mut self, mut described: DescribedListener) -> Result<Listener, AdmissionError> {
        let owner = described.load_balancer_arn.clone();
        let (port, protocol) = (described.port.get(), described.protocol);
        let element = format!("listeners: {owner} port {port}");
        let Some(load_balancer) = self.load_balancers.get(&owner) else {
            return Err(unresolved(&element, "LoadBalancerArn", &owner, "loadBalancers"));
        };
        if protocol.family().map_err(|refusal| refused(&element, refusal))? != load_balancer.family() {
            let family = load_balancer.family().as_str();
            return Err(value(&element, &format!("a load balancer of the type {family} has no {protocol} listeners")));
        }
        if self.listeners_of(&owner).any(|other| other.port == port) {
            return Err(value(&element, "another listener of the load balancer has the same port"));
        }
        let actions = Actions::read(described.default_actions.clone(), Source::Description)
            .map_err(|refusal| refused(&element, refusal))?;
        self.check_described_groups(&element, &actions)?;
        let security = self.described_security(&element, &mut described)?;
        let (listener_id, rule_id) = (self.names.id(), self.names.id());
        let arn = described.listener_arn.unwrap_or_else(|| self.names.listener(&owner, &listener_id));
        Ok(Listener {
            default_rule: DefaultRule { arn: self.names.rule(&arn, &rule_id), tags: Tags::new() },
            arn,
            load_balancer_arn: owner,
            port,
            protocol,
            security,
            actions,
            attributes: attributes(&element, &of_listener(protocol), described.attributes)?,
            tags: described.tags.0,
        })
    }

    /// What the description says of TLS; the rest has AWS's defaults.
    fn described_security(
        &self,
        element: &str,
        described: &mut DescribedListener,
    ) -> Result<Option<Security>, AdmissionError> {
        let protocol = described.protocol;
        let mutual = described.mutual_authentication.take();
        let given = described.ssl_policy.is_some() || !described.certificates.is_empty();
        let wrong = [
            (!protocol.is_secure() && given, "SslPolicy and Certificates are for HTTPS and TLS listeners"),
            (protocol != Protocol::Tls && !described.alpn_policy.is_empty(), "AlpnPolicy is for TLS listeners"),
            (protocol != Protocol::Https && mutual.is_some(), "MutualAuthentication is for HTTPS listeners"),
            (described.alpn_policy.len() > 1, "AlpnPolicy has one member"),
        ];
        if let Some((_, message)) = wrong.into_iter().find(|(wrong, _)| *wrong) {
            return Err(value(element, message));
        }
        if !protocol.is_secure() {
            return Ok(None);
        }
        let mutual = match mutual {
            Some(request) => {
                Some(MutualAuthentication::read(request, self).map_err(|refusal| refused(element, refusal))?)
            }
            None => None,
        };
        // The default is flagged, or else the first one that is not flagged as another.
        let mut rest = std::mem::take(&mut described.certificates);
        let flagged = rest.iter().position(|certificate| certificate.is_default == Some(true));
        let default = flagged.or_else(|| rest.iter().position(|certificate| certificate.is_default.is_none()));
        let default_certificate = default.map(|at| rest.remove(at).certificate_arn);
        let policy = described.ssl_policy.take().unwrap_or_else(|| ssl_policies::DEFAULT.to_owned());
        let family = protocol.family().map_err(|refusal| refused(element, refusal))?;
        ssl_policies::check(&policy, family).map_err(|refusal| refused(element, refusal))?;
        Ok(Some(Security {
            policy,
            default_certificate,
            certificates: rest.into_iter().map(|certificate| certificate.certificate_arn).collect(),
            alpn: described.alpn_policy.pop(),
            mutual_authentication: (protocol == Protocol::Https).then(|| mutual.unwrap_or_default()),
        }))
    }
}
