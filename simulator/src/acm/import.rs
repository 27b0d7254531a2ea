//! ImportCertificate.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;

use super::certificates::{Certificate, CertificateDetail, KeyPair, Status};
use super::request::{self, CertificateArn, arn_of, read};
use super::tags::{self, TagList};
use super::{Asked, Store, x509};
use crate::accounts::uuid;
use crate::data_path::certified;
use crate::tags::Tags;
use crate::wire::ApiError;
use crate::wire::constraint::Text;
use crate::wire::pattern::Matching;

/// How a certificate came to ACM.
const IMPORTED: &str = "IMPORTED";

/// The blobs come in base 64; the limits are on what they hold, which is less.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ImportCertificate {
    certificate_arn: Option<Matching<CertificateArn>>,
    certificate: Text<1, 43_692>,
    private_key: Text<1, 6_828>,
    certificate_chain: Option<Text<1, 2_796_204>>,
    tags: Option<TagList>,
}

impl Store {
    /// ImportCertificate: a new certificate, or a new one in the place of one that was imported.
    pub(super) fn import(&mut self, asked: &Asked<'_>) -> Result<Value, ApiError> {
        let request: ImportCertificate = read(asked.params)?;
        let key_pair = request.key_pair()?;
        let der = CertificateDer::pem_slice_iter(key_pair.chain.as_bytes()).next().and_then(Result::ok);
        let says = der.and_then(|der| x509::read(&der)).ok_or_else(|| invalid("The certificate cannot be read"))?;
        if says.not_after <= asked.now.wall {
            return Err(invalid("The certificate has expired"));
        }
        let before = request.certificate_arn.as_ref().map(|arn| self.certificate(arn.as_str())).transpose()?;
        let before = before.map(|certificate| certificate.detail.clone());
        let tags = request.tags.map(tags::checked).transpose()?;
        let detail = match before {
            Some(before) if before.r#type != IMPORTED => {
                return Err(invalid(format!("Certificate {} was not imported", before.certificate_arn)));
            }
            Some(_) if tags.is_some() => return Err(invalid("Tags cannot be given when a certificate is reimported")),
            Some(before) => {
                let CertificateDetail { certificate_arn, in_use_by, created_at, tags, .. } = before;
                CertificateDetail { in_use_by, created_at, ..detail(certificate_arn, says, tags, asked) }
            }
            None => {
                request::check_quota(&self.certificates)?;
                self.made += 1;
                let id = uuid((asked.scope, self.made, &says.domain_name));
                let arn = arn_of(&asked.scope.region, &asked.scope.account, &id);
                detail(arn, says, tags.unwrap_or_default(), asked)
            }
        };
        let arn = detail.certificate_arn.clone();
        let imported = Certificate { detail, issued_at: None, token: None, key_pair: Some(key_pair) };
        self.certificates.insert(arn.clone(), imported);
        Ok(json!({ "CertificateArn": arn }))
    }
}

fn detail(certificate_arn: String, says: x509::Read, tags: Tags, asked: &Asked<'_>) -> CertificateDetail {
    let mut more = Map::new();
    more.insert("ImportedAt".to_owned(), json!(asked.now.wall));
    more.insert("Serial".to_owned(), json!(says.serial));
    more.insert("Subject".to_owned(), json!(format!("CN={}", says.domain_name)));
    CertificateDetail {
        certificate_arn,
        domain_name: says.domain_name,
        subject_alternative_names: says.names,
        status: Status::Issued,
        r#type: IMPORTED.to_owned(),
        key_algorithm: says.key_algorithm,
        in_use_by: BTreeSet::new(),
        created_at: Some(asked.now.wall),
        issued_at: None,
        not_before: Some(says.not_before),
        not_after: Some(says.not_after),
        renewal_eligibility: Some("INELIGIBLE".to_owned()),
        tags,
        certificate: None,
        private_key: None,
        more,
    }
}

impl ImportCertificate {
    /// Certificate and key, which belong together.
    fn key_pair(&self) -> Result<KeyPair, ApiError> {
        let mut chain = pem(self.certificate.as_str(), "certificate")?;
        if CertificateDer::pem_slice_iter(chain.as_bytes()).count() > 1 {
            return Err(invalid(
                "The certificate field contains more than one certificate. You can specify only one certificate in this \
                 field.",
            ));
        }
        if let Some(more) = &self.certificate_chain {
            chain = format!("{}\n{}", chain.trim_end(), pem(more.as_str(), "certificate chain")?);
        }
        let pair = KeyPair { chain, key: pem(self.private_key.as_str(), "private key")? };
        certified(&pair, &ring::default_provider()).map_err(invalid)?;
        Ok(pair)
    }
}

fn pem(blob: &str, what: &str) -> Result<String, ApiError> {
    let decoded = aws_smithy_types::base64::decode(blob).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    decoded.ok_or_else(|| invalid(format!("The {what} is not in PEM format")))
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("ValidationException", message)
}
