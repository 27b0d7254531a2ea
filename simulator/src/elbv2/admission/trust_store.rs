//! Trust stores of an account description.

use serde::Deserialize;

use super::super::arn::Resource;
use super::super::store::Store;
use super::super::trust_stores::{Status, TrustStore};
use super::{AdmissionError, Pairs};

/// An element of `elbv2 describe-trust-stores`, with its tags.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DescribedTrustStore {
    name: Option<String>,
    trust_store_arn: Option<String>,
    status: Option<Status>,
    number_of_ca_certificates: Option<i64>,
    total_revoked_entries: Option<i64>,
    #[serde(default)]
    tags: Pairs,
}

impl Store {
    pub(super) fn described_trust_store(
        &mut self,
        described: DescribedTrustStore,
    ) -> Result<TrustStore, AdmissionError> {
        let arn = described.trust_store_arn;
        let (name, id) = self.name_and_id("trustStores", Resource::TrustStore, arn.as_deref(), described.name)?;
        Ok(TrustStore {
            arn: arn.unwrap_or_else(|| self.names.trust_store(&name, &id)),
            name,
            status: described.status.unwrap_or(Status::Active),
            certificates: described.number_of_ca_certificates.unwrap_or(1),
            revoked: described.total_revoked_entries.unwrap_or(0),
            tags: described.tags.0,
        })
    }
}
