//! Trust stores: create, describe, delete. The certificates in one are not looked at.

use serde::{Deserialize, Serialize};

use super::arn::Resource;
use super::paging::{PageSize, Paging};
use super::quotas::Quota;
use super::store::{Store, by_arn, by_name};
use super::tags::{self, TagList, Tags};
use super::{Done, names};
use crate::wire::ApiError;
use crate::wire::constraint::Text;

/// A trust store.
#[derive(Clone, Debug)]
pub(crate) struct TrustStore {
    pub(super) arn: String,
    pub(super) name: String,
    pub(super) status: Status,
    pub(super) certificates: i64,
    pub(super) revoked: i64,
    pub(super) tags: Tags,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Status {
    Active,
    Creating,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct CreateTrustStore {
    name: Text<1, 32>,
    #[expect(dead_code, reason = "read so that it is checked; what is in the bucket is not modelled")]
    ca_certificates_bundle_s3_bucket: Text<1, 1024>,
    #[expect(dead_code, reason = "as the bucket")]
    ca_certificates_bundle_s3_key: Text<1, 1024>,
    #[expect(dead_code, reason = "as the bucket")]
    ca_certificates_bundle_s3_object_version: Option<String>,
    tags: Option<TagList>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeTrustStores {
    trust_store_arns: Option<Vec<String>>,
    names: Option<Vec<String>>,
    marker: Option<String>,
    page_size: Option<PageSize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DeleteTrustStore {
    trust_store_arn: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TrustStoresResult {
    trust_stores: Vec<Description>,
    next_marker: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Description {
    name: String,
    trust_store_arn: String,
    status: Status,
    number_of_ca_certificates: i64,
    total_revoked_entries: i64,
}

/// `CreateTrustStore`: with one certificate, whatever the bucket holds.
pub(crate) fn create(store: &mut Store, request: CreateTrustStore) -> Result<TrustStoresResult, ApiError> {
    let name = request.name.into_string();
    names::check("Trust store", &name)?;
    let tags = tags::of_new_resource(request.tags)?;
    if store.trust_stores.values().any(|standing| standing.name == name) {
        let message = format!("A trust store with the same name '{name}' exists");
        return Err(ApiError::new("DuplicateTrustStoreName", message));
    }
    store.options().quotas.check(Quota::TrustStores, store.trust_stores.len() + 1)?;
    let id = store.names.id();
    let arn = store.names.trust_store(&name, &id);
    let made = TrustStore { arn: arn.clone(), name, status: Status::Active, certificates: 1, revoked: 0, tags };
    let description = made.describe();
    store.trust_stores.insert(arn, made);
    Ok(TrustStoresResult { trust_stores: vec![description], next_marker: None })
}

/// `DescribeTrustStores`: all, or those named; one missing name or ARN fails the whole call.
pub(crate) fn describe(store: &Store, request: DescribeTrustStores) -> Result<TrustStoresResult, ApiError> {
    let arns = request.trust_store_arns.unwrap_or_default();
    let names = request.names.unwrap_or_default();
    let all = &store.trust_stores;
    let found = match (arns.as_slice(), names.as_slice()) {
        ([], []) => all.iter().map(|(arn, item)| (arn.clone(), item)).collect(),
        (arns, []) => by_arn(all, arns, Resource::TrustStore)?,
        ([], names) => by_name(all, names, |item| &item.name, Resource::TrustStore)?,
        _ => {
            return Err(ApiError::validation(
                "Trust store names and trust store ARNs cannot be specified at the same time",
            ));
        }
    };
    let (page, next_marker) = Paging { marker: request.marker, size: request.page_size }.page(found)?;
    Ok(TrustStoresResult { trust_stores: page.into_iter().map(TrustStore::describe).collect(), next_marker })
}

/// `DeleteTrustStore`: not while a listener verifies with it.
pub(crate) fn delete(store: &mut Store, request: DeleteTrustStore) -> Result<Done, ApiError> {
    let arn = store.trust_store(&request.trust_store_arn)?.arn.clone();
    let used = store.listeners.values().any(|listener| {
        let mutual = listener.security.as_ref().and_then(|security| security.mutual_authentication.as_ref());
        mutual.is_some_and(|mutual| mutual.trust_store() == Some(&arn))
    });
    if used {
        let message = format!("Trust store '{arn}' is currently in use by a listener");
        return Err(ApiError::new("TrustStoreInUse", message));
    }
    store.trust_stores.remove(&arn);
    Ok(Done {})
}

impl TrustStore {
    /// Whether listeners can use it.
    pub(super) fn is_ready(&self) -> bool {
        self.status == Status::Active
    }

    fn describe(&self) -> Description {
        Description {
            name: self.name.clone(),
            trust_store_arn: self.arn.clone(),
            status: self.status,
            number_of_ca_certificates: self.certificates,
            total_revoked_entries: self.revoked,
        }
    }
}
