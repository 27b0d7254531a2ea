//! One certificate: what is known of it, and how its state follows from the time.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::Users;
use crate::clock::Moment;
use crate::tags::{self, Tags};
use crate::wire;

/// How long a certificate of ACM is valid: 13 months. Source: ACM User Guide, "Certificate characteristics".
const VALIDITY: Duration = Duration::from_secs(395 * 24 * 3600);

/// A certificate.
#[derive(Clone, Debug)]
pub(crate) struct Certificate {
    pub(crate) detail: CertificateDetail,
    /// When validation is over, for a certificate that was requested.
    pub(super) issued_at: Option<Instant>,
    /// The idempotency token of the request that made it, and until when a repeated one is answered with it.
    pub(super) token: Option<(String, Instant)>,
    /// What TLS needs, of a certificate that was imported.
    pub(crate) key_pair: Option<KeyPair>,
}

/// A certificate and its private key, as texts in PEM.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct KeyPair {
    /// The certificate, and those that lead to its authority after it.
    pub(crate) chain: String,
    pub(crate) key: String,
}

impl fmt::Debug for KeyPair {
    /// Without the key.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("KeyPair").field("chain", &self.chain).finish_non_exhaustive()
    }
}

/// A certificate as AWS prints it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CertificateDetail {
    pub(crate) certificate_arn: String,
    #[serde(default)]
    pub(crate) domain_name: String,
    #[serde(default)]
    pub(crate) subject_alternative_names: Vec<String>,
    #[serde(default)]
    pub(crate) status: Status,
    #[serde(default = "amazon_issued")]
    pub(crate) r#type: String,
    #[serde(default = "rsa_2048")]
    pub(crate) key_algorithm: String,
    /// Users that are not load balancers of this account and Region.
    #[serde(default)]
    pub(crate) in_use_by: BTreeSet<String>,
    pub(crate) created_at: Option<Timestamp>,
    pub(crate) issued_at: Option<Timestamp>,
    pub(crate) not_before: Option<Timestamp>,
    pub(crate) not_after: Option<Timestamp>,
    pub(crate) renewal_eligibility: Option<String>,
    /// In a description only; AWS lists them by themselves.
    #[serde(default, deserialize_with = "tags::deserialize", skip_serializing)]
    pub(crate) tags: Tags,
    /// In a description only, in PEM; AWS shows the certificate by itself, and the key to nobody.
    #[serde(default, skip_serializing)]
    pub(crate) certificate: Option<String>,
    #[serde(default, skip_serializing)]
    pub(crate) private_key: Option<String>,
    /// What is only kept and shown again.
    #[serde(flatten)]
    pub(crate) more: Map<String, Value>,
}

/// The state of a certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Status {
    PendingValidation,
    #[default]
    Issued,
    Inactive,
    Expired,
    ValidationTimedOut,
    Revoked,
    Failed,
}

fn amazon_issued() -> String {
    "AMAZON_ISSUED".to_owned()
}

fn rsa_2048() -> String {
    "RSA_2048".to_owned()
}

impl Certificate {
    /// One that stands as it is described.
    pub(crate) fn described(mut detail: CertificateDetail) -> Self {
        if detail.subject_alternative_names.is_empty() && !detail.domain_name.is_empty() {
            detail.subject_alternative_names.push(detail.domain_name.clone());
        }
        let key_pair = detail.certificate.take().zip(detail.private_key.take());
        let key_pair = key_pair.map(|(chain, key)| KeyPair { chain, key });
        Certificate { detail, issued_at: None, token: None, key_pair }
    }

    /// With its tags and its key, as a description has it.
    pub(crate) fn saved(&self) -> Value {
        let mut saved = wire::answer(&self.detail);
        saved["Tags"] = tags::shown(&self.detail.tags);
        if let Some(KeyPair { chain, key }) = &self.key_pair {
            saved["Certificate"] = json!(chain);
            saved["PrivateKey"] = json!(key);
        }
        saved
    }

    pub(super) fn settle(&mut self, now: Moment) {
        let detail = &mut self.detail;
        if self.issued_at.is_some_and(|at| at <= now.instant) {
            self.issued_at = None;
            detail.status = Status::Issued;
            detail.issued_at = Some(now.wall);
            detail.not_before = Some(now.wall);
            detail.not_after = Some(now.wall + VALIDITY);
            let validations = detail.more.get_mut("DomainValidationOptions").and_then(Value::as_array_mut);
            for validation in validations.into_iter().flatten() {
                validation["ValidationStatus"] = json!("SUCCESS");
            }
        }
        if detail.status == Status::Issued && detail.not_after.is_some_and(|end| end <= now.wall) {
            detail.status = Status::Expired;
        }
    }

    /// Whether it can be used.
    pub(crate) fn is_issued(&self) -> bool {
        self.detail.status == Status::Issued
    }

    /// Everyone who uses it.
    pub(super) fn users(&self, users: &Users) -> BTreeSet<String> {
        let load_balancers = users.get(&self.detail.certificate_arn).cloned().unwrap_or_default();
        load_balancers.union(&self.detail.in_use_by).cloned().collect()
    }

    /// As DescribeCertificate shows it.
    pub(super) fn shown(&self, users: &Users) -> Value {
        wire::answer(&CertificateDetail { in_use_by: self.users(users), ..self.detail.clone() })
    }
}
