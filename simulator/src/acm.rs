//! AWS Certificate Manager: certificates of one account in one Region.
//!
//! A certificate that is requested is validated by itself after a delay. Nothing is signed: only certificates that are
//! imported, or described with their keys, have any.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use self::certificates::Certificate;
use crate::clock::Moment;
use crate::network::Scope;
use crate::wire::{ApiError, Tree};

pub(crate) mod certificates;
mod import;
mod list;
mod request;
mod tags;
mod x509;

/// Who uses which certificate: the ARNs of load balancers by that of the certificate.
pub(crate) type Users = BTreeMap<String, BTreeSet<String>>;

/// The certificates by ARN.
#[derive(Debug, Default)]
pub(crate) struct Store {
    pub(crate) certificates: BTreeMap<String, Certificate>,
    made: u64,
}

/// One call, and what it needs to know of the world around.
pub(crate) struct Asked<'a> {
    pub(crate) scope: &'a Scope,
    pub(crate) now: Moment,
    /// From a request to the issue of its certificate.
    pub(crate) validation: std::time::Duration,
    pub(crate) users: Users,
    pub(crate) params: &'a Tree,
}

impl Store {
    /// Carries out one action.
    pub(crate) fn handle(&mut self, action: &str, asked: &Asked<'_>) -> Result<Value, ApiError> {
        self.settle(asked.now);
        match action {
            "AddTagsToCertificate" => self.add_tags(asked),
            "DeleteCertificate" => self.delete(asked),
            "DescribeCertificate" => self.describe(asked),
            "ImportCertificate" => self.import(asked),
            "ListCertificates" => self.list(asked),
            "ListTagsForCertificate" => self.list_tags(asked),
            "RemoveTagsFromCertificate" => self.remove_tags(asked),
            "RequestCertificate" => self.request(asked),
            _ => Err(ApiError::invalid_action("ACM", action)),
        }
    }

    /// What was to be issued by now is issued, what has expired says so.
    pub(crate) fn settle(&mut self, now: Moment) {
        self.certificates.values_mut().for_each(|certificate| certificate.settle(now));
    }

    fn describe(&self, asked: &Asked<'_>) -> Result<Value, ApiError> {
        let certificate = self.certificate(&request::arn(asked.params)?)?;
        Ok(json!({ "Certificate": certificate.shown(&asked.users) }))
    }

    fn delete(&mut self, asked: &Asked<'_>) -> Result<Value, ApiError> {
        let arn = request::arn(asked.params)?;
        if !self.certificate(&arn)?.users(&asked.users).is_empty() {
            let message = format!("Certificate {arn} in account {} is in use.", asked.scope.account);
            return Err(ApiError::new("ResourceInUseException", message));
        }
        self.certificates.remove(&arn);
        Ok(json!({}))
    }

    fn certificate(&self, arn: &str) -> Result<&Certificate, ApiError> {
        self.certificates.get(arn).ok_or_else(|| not_found(arn))
    }

    fn certificate_mut(&mut self, arn: &str) -> Result<&mut Certificate, ApiError> {
        self.certificates.get_mut(arn).ok_or_else(|| not_found(arn))
    }
}

fn not_found(arn: &str) -> ApiError {
    ApiError::new("ResourceNotFoundException", format!("Could not find certificate {arn}."))
}
