//! ListCertificates.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};

use super::certificates::{Certificate, Status};
use super::request::{KeyAlgorithm, NextToken, read};
use super::{Asked, Store, Users};
use crate::wire::constraint::Int;
use crate::wire::pattern::Matching;
use crate::wire::{ApiError, token};

/// Without a filter on key types only certificates with these are listed.
const DEFAULT_KEY_TYPES: [KeyAlgorithm; 2] = [KeyAlgorithm::Rsa1024, KeyAlgorithm::Rsa2048];
/// The kind of this list's tokens.
const LIST: &str = "certificates";
/// The names that a summary shows.
const NAMES_SHOWN: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListCertificates {
    #[serde(default)]
    certificate_statuses: Vec<Status>,
    #[serde(default)]
    includes: Includes,
    next_token: Option<Matching<NextToken>>,
    max_items: Option<Int<1, 1000>>,
    sort_by: Option<SortBy>,
    sort_order: Option<SortOrder>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Includes {
    #[serde(default)]
    key_types: Vec<KeyAlgorithm>,
    #[serde(default)]
    key_usage: Vec<String>,
    #[serde(default)]
    extended_key_usage: Vec<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum SortBy {
    CreatedAt,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum SortOrder {
    Ascending,
    Descending,
}

impl Store {
    pub(super) fn list(&self, asked: &Asked<'_>) -> Result<Value, ApiError> {
        let request: ListCertificates = read(asked.params)?;
        if request.sort_by.is_some() != request.sort_order.is_some() {
            return Err(ApiError::new("InvalidArgsException", "SortBy and SortOrder are given together or not at all"));
        }
        let size = request.max_items.map_or(1000, |size| usize::try_from(size.get()).unwrap_or(usize::MAX));
        let token = request.next_token.as_ref().map(Matching::as_str);
        let listed = self.certificates.iter().filter(|(_, certificate)| request.lists(certificate));
        let mut listed: Vec<(String, &Certificate)> = listed.map(|(arn, one)| (arn.clone(), one)).collect();
        if let Some(SortBy::CreatedAt) = request.sort_by {
            // Keys that sort by time: tokens name them.
            for (key, certificate) in &mut listed {
                *key = format!("{:020} {key}", request.rank(certificate));
            }
            listed.sort_by(|(one, _), (other, _)| one.cmp(other));
        }
        let (page, next_token) = token::page(LIST, listed, token, size).ok_or_else(invalid_token)?;
        let summaries: Vec<Value> = page.into_iter().map(|certificate| certificate.summary(&asked.users)).collect();
        Ok(json!({ "CertificateSummaryList": summaries, "NextToken": next_token }))
    }
}

impl ListCertificates {
    fn lists(&self, certificate: &Certificate) -> bool {
        let detail = &certificate.detail;
        let key_types = match self.includes.key_types.as_slice() {
            [] => &DEFAULT_KEY_TYPES[..],
            asked => asked,
        };
        let of_key = key_types.iter().any(|algorithm| algorithm.text() == certificate.key_algorithm());
        let of_status = self.certificate_statuses.is_empty() || self.certificate_statuses.contains(&detail.status);
        let Includes { key_usage, extended_key_usage, .. } = &self.includes;
        let has = |wanted: &[String], list| {
            let found = certificate.names_in(list);
            wanted.iter().all(|usage| found.contains(usage.as_str()))
        };
        of_key && of_status && has(key_usage, "KeyUsages") && has(extended_key_usage, "ExtendedKeyUsages")
    }

    fn rank(&self, certificate: &Certificate) -> i64 {
        let second = certificate.detail.created_at.map_or(0, |at| at.as_second());
        if self.sort_order == Some(SortOrder::Descending) { i64::MAX - second } else { second }
    }
}

impl Certificate {
    /// DescribeCertificate has also been seen to print `RSA-2048`.
    fn key_algorithm(&self) -> String {
        self.detail.key_algorithm.replacen('-', "_", 1)
    }

    /// The `Name`s of a list of usages.
    fn names_in(&self, list: &str) -> BTreeSet<&str> {
        let usages = self.detail.more.get(list).and_then(Value::as_array).into_iter().flatten();
        usages.filter_map(|usage| usage.get("Name")?.as_str()).collect()
    }

    fn summary(&self, users: &Users) -> Value {
        let detail = &self.detail;
        let names = &detail.subject_alternative_names;
        json!({
            "CertificateArn": detail.certificate_arn,
            "DomainName": detail.domain_name,
            "SubjectAlternativeNameSummaries": names.iter().take(NAMES_SHOWN).collect::<Vec<_>>(),
            "HasAdditionalSubjectAlternativeNames": names.len() > NAMES_SHOWN,
            "Status": detail.status,
            "Type": detail.r#type,
            "KeyAlgorithm": self.key_algorithm(),
            "KeyUsages": self.names_in("KeyUsages"),
            "ExtendedKeyUsages": self.names_in("ExtendedKeyUsages"),
            "InUse": !self.users(users).is_empty(),
            "RenewalEligibility": detail.renewal_eligibility,
            "NotBefore": detail.not_before,
            "NotAfter": detail.not_after,
            "CreatedAt": detail.created_at,
            "IssuedAt": detail.issued_at,
            "ImportedAt": detail.more.get("ImportedAt"),
            "RevokedAt": detail.more.get("RevokedAt"),
        })
    }
}

fn invalid_token() -> ApiError {
    ApiError::new("ValidationException", "The NextToken is not one that ListCertificates gave out")
}
