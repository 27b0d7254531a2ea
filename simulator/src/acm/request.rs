//! RequestCertificate, and what requests of ACM have in common.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::certificates::{Certificate, CertificateDetail, Status};
use super::tags::{self, TagList};
use super::{Asked, Store};
use crate::accounts::uuid;
use crate::tags::Tags;
use crate::wire::constraint::List;
use crate::wire::pattern::{Matching, patterns, words_and};
use crate::wire::{self, ApiError, Tree};

/// AWS's default quotas: certificates, and names of one certificate.
const MOST_CERTIFICATES: usize = 2500;
const MOST_NAMES: usize = 10;
/// How long a request with the same token is the same request.
const TOKEN_LIFE: Duration = Duration::from_secs(3600);

patterns! {
    /// The ARN of a certificate.
    CertificateArn(20, 2048, r"arn:[\w+=/,.@-]+:acm:[\w+=/,.@-]*:[0-9]+:[\w+=,.@-]+(/[\w+=,.@-]+)*") =
        |text| is_arn(text, "acm");
    /// The ARN of a private certificate authority.
    AuthorityArn(20, 2048, r"arn:[\w+=/,.@-]+:acm-pca:[\w+=/,.@-]*:[0-9]+:[\w+=,.@-]+(/[\w+=,.@-]+)*") =
        |text| is_arn(text, "acm-pca");
    /// A domain name, perhaps with a first label `*`.
    DomainName(1, 253, r"^(\*\.)?(((?!-)[A-Za-z0-9-]{0,62}[A-Za-z0-9])\.)+((?!-)[A-Za-z0-9-]{1,62}[A-Za-z0-9])$") =
        is_domain_name;
    /// What makes a repeated request the same one.
    IdempotencyToken(1, 32, r"\w+") = |text| words_and(text, "");
    /// What an earlier page ended with.
    NextToken(1, 10000, r"[\u0009\u000A\u000D\u0020-\u00FF]*") =
        |text| text.chars().all(|c| "\t\n\r".contains(c) || ('\u{20}'..='\u{ff}').contains(&c));
}

/// AWS's names of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum KeyAlgorithm {
    #[serde(rename = "RSA_1024")]
    Rsa1024,
    #[serde(rename = "RSA_2048")]
    Rsa2048,
    #[serde(rename = "RSA_3072")]
    Rsa3072,
    #[serde(rename = "RSA_4096")]
    Rsa4096,
    #[serde(rename = "EC_prime256v1")]
    EcPrime256v1,
    #[serde(rename = "EC_secp384r1")]
    EcSecp384r1,
    #[serde(rename = "EC_secp521r1")]
    EcSecp521r1,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct OfCertificate {
    certificate_arn: Matching<CertificateArn>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RequestCertificate {
    domain_name: Matching<DomainName>,
    validation_method: Option<ValidationMethod>,
    subject_alternative_names: Option<List<Matching<DomainName>, 1, 100>>,
    idempotency_token: Option<Matching<IdempotencyToken>>,
    domain_validation_options: Option<List<DomainValidationOption, 1, 100>>,
    options: Option<CertificateOptions>,
    certificate_authority_arn: Option<Matching<AuthorityArn>>,
    tags: Option<TagList>,
    key_algorithm: Option<KeyAlgorithm>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum ValidationMethod {
    Email,
    Dns,
    Http,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DomainValidationOption {
    domain_name: Matching<DomainName>,
    validation_domain: Matching<DomainName>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CertificateOptions {
    certificate_transparency_logging_preference: Option<Choice>,
    export: Option<Choice>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Choice {
    Enabled,
    Disabled,
}

impl KeyAlgorithm {
    /// As AWS writes it.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Rsa1024 => "RSA_1024",
            Self::Rsa2048 => "RSA_2048",
            Self::Rsa3072 => "RSA_3072",
            Self::Rsa4096 => "RSA_4096",
            Self::EcPrime256v1 => "EC_prime256v1",
            Self::EcSecp384r1 => "EC_secp384r1",
            Self::EcSecp521r1 => "EC_secp521r1",
        }
    }

    /// Whether ACM itself issues certificates with such a key.
    fn is_issued_by_amazon(self) -> bool {
        matches!(self, Self::Rsa2048 | Self::EcPrime256v1 | Self::EcSecp384r1)
    }
}

/// Reads a request; ACM's code for what the service model does not allow.
pub(super) fn read<Q: DeserializeOwned>(params: &Tree) -> Result<Q, ApiError> {
    wire::request_or(params, "ValidationException")
}

/// The only member of many requests.
pub(super) fn arn(params: &Tree) -> Result<String, ApiError> {
    Ok(read::<OfCertificate>(params)?.certificate_arn.into_string())
}

impl Store {
    /// RequestCertificate: a repeated request is the same one for an hour.
    pub(super) fn request(&mut self, asked: &Asked<'_>) -> Result<Value, ApiError> {
        let mut request: RequestCertificate = read(asked.params)?;
        let token = request.idempotency_token.as_ref().map(|token| token.as_str().to_owned());
        let names = request.names();
        let same = |certificate: &&Certificate| {
            let known =
                certificate.token.as_ref().filter(|(_, until)| *until > asked.now.instant).map(|(known, _)| known);
            known.is_some() && known == token.as_ref() && certificate.detail.subject_alternative_names == names
        };
        if let Some(made) = self.certificates.values().find(same) {
            return Ok(json!({ "CertificateArn": made.detail.certificate_arn }));
        }
        request.check(&names)?;
        check_quota(&self.certificates)?;
        self.made += 1;
        let arn = arn_of(&asked.scope.region, &asked.scope.account, &uuid((asked.scope, self.made, names.first())));
        let tags = request.tags.take().map(tags::checked).transpose()?.unwrap_or_default();
        let detail = request.detail(arn.clone(), names, tags, asked);
        let issued_at = Some(asked.now.instant + asked.validation);
        let token = token.map(|token| (token, asked.now.instant + TOKEN_LIFE));
        self.certificates.insert(arn.clone(), Certificate { detail, issued_at, token, key_pair: None });
        Ok(json!({ "CertificateArn": arn }))
    }
}

impl RequestCertificate {
    /// The domain name, and the others after it, each once.
    fn names(&self) -> Vec<String> {
        let others = self.subject_alternative_names.iter().flat_map(|names| names.iter());
        let mut seen = BTreeSet::new();
        let all = std::iter::once(&self.domain_name).chain(others).map(|name| name.as_str().to_owned());
        all.filter(|name| seen.insert(name.clone())).collect()
    }

    fn check(&self, names: &[String]) -> Result<(), ApiError> {
        if names.len() > MOST_NAMES {
            return Err(limit_exceeded("domain names per certificate", MOST_NAMES));
        }
        if self.certificate_authority_arn.is_none()
            && self.key_algorithm.is_some_and(|algorithm| !algorithm.is_issued_by_amazon())
        {
            let message = "Amazon issues certificates with the key algorithms RSA_2048, EC_prime256v1, EC_secp384r1";
            return Err(ApiError::new("ValidationException", message));
        }
        for option in self.domain_validation_options.iter().flat_map(|options| options.iter()) {
            let (name, of) = (option.domain_name.as_str(), option.validation_domain.as_str());
            if !names.iter().any(|known| known == name) || !(name == of || name.ends_with(&format!(".{of}"))) {
                let message =
                    format!("The validation domain {of} is not {name}, which has to be requested, or above it");
                return Err(ApiError::new("InvalidDomainValidationOptionsException", message));
            }
        }
        Ok(())
    }

    fn detail(&self, certificate_arn: String, names: Vec<String>, tags: Tags, asked: &Asked<'_>) -> CertificateDetail {
        let private = self.certificate_authority_arn.as_ref();
        let method = self.validation_method.unwrap_or(ValidationMethod::Email);
        let mut more = Map::new();
        if let Some(authority) = private {
            more.insert("CertificateAuthorityArn".to_owned(), json!(authority.as_str()));
        } else {
            let validations = names.iter().map(|name| validation(name, method)).collect();
            more.insert("DomainValidationOptions".to_owned(), validations);
        }
        if let Some(options) = &self.options {
            more.insert("Options".to_owned(), json!(options));
        }
        CertificateDetail {
            certificate_arn,
            domain_name: self.domain_name.as_str().to_owned(),
            subject_alternative_names: names,
            status: Status::PendingValidation,
            r#type: if private.is_some() { "PRIVATE" } else { "AMAZON_ISSUED" }.to_owned(),
            key_algorithm: self.key_algorithm.unwrap_or(KeyAlgorithm::Rsa2048).text().to_owned(),
            in_use_by: BTreeSet::new(),
            created_at: Some(asked.now.wall),
            issued_at: None,
            not_before: None,
            not_after: None,
            renewal_eligibility: Some("INELIGIBLE".to_owned()),
            tags,
            certificate: None,
            private_key: None,
            more,
        }
    }
}

/// What shows that a name belongs to who asks.
fn validation(name: &str, method: ValidationMethod) -> Value {
    let domain = name.trim_start_matches("*.");
    let id = uuid(domain).replace('-', "");
    let record =
        json!({ "Name": format!("_{id}.{domain}."), "Type": "CNAME", "Value": format!("_{id}.acm-validations.aws.") });
    json!({
        "DomainName": name,
        "ValidationDomain": domain,
        "ValidationMethod": method,
        "ValidationStatus": "PENDING_VALIDATION",
        "ResourceRecord": (method == ValidationMethod::Dns).then_some(record),
    })
}

/// Refuses one more certificate than the account may have.
pub(super) fn check_quota(certificates: &BTreeMap<String, Certificate>) -> Result<(), ApiError> {
    match certificates.len() {
        MOST_CERTIFICATES.. => Err(limit_exceeded("certificates", MOST_CERTIFICATES)),
        _ => Ok(()),
    }
}

/// The ARN of a certificate.
pub(crate) fn arn_of(region: &str, account: &str, id: &str) -> String {
    format!("arn:aws:acm:{region}:{account}:certificate/{id}")
}

fn limit_exceeded(what: &str, most: usize) -> ApiError {
    ApiError::new("LimitExceededException", format!("You have reached your limit of {most} {what}"))
}

fn is_arn(text: &str, service: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let [arn, partition, of, region, account, resource] = parts[..] else { return false };
    let resource = resource.split('/').all(|part| !part.is_empty() && words_and(part, "+=,.@-"));
    let account = !account.is_empty() && account.bytes().all(|byte| byte.is_ascii_digit());
    arn == "arn"
        && of == service
        && !partition.is_empty()
        && words_and(partition, "+=/,.@-")
        && words_and(region, "+=/,.@-")
        && account
        && resource
}

fn is_domain_name(text: &str) -> bool {
    let text = text.strip_prefix("*.").unwrap_or(text);
    let label = |label: &str| {
        let letters = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        (1..=63).contains(&label.len()) && letters && !label.starts_with('-') && !label.ends_with('-')
    };
    text.split('.').all(label) && text.rsplit('.').next().is_some_and(|last| last.len() >= 2) && text.contains('.')
}
