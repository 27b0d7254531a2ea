//! Server certificates: certificates that are kept in IAM.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Name, Store, read};
use crate::accounts::uuid;
use crate::tags::{self, Tags, shown};
use crate::wire::constraint::Int;
use crate::wire::pattern::{Matching, patterns};
use crate::wire::{self, ApiError, Tree, token};

/// The kind of this list's markers.
const LIST: &str = "server-certificates";
/// AWS's number of items of a page that says none.
const PAGE: usize = 100;

/// A server certificate as AWS prints it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ServerCertificate {
    pub(crate) server_certificate_metadata: Metadata,
    #[serde(default = "no_body")]
    pub(crate) certificate_body: String,
    pub(crate) certificate_chain: Option<String>,
    #[serde(default, deserialize_with = "tags::deserialize", skip_serializing)]
    pub(crate) tags: Tags,
}

/// What lists show of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Metadata {
    pub(crate) arn: String,
    #[serde(default = "root")]
    pub(crate) path: String,
    /// Filled in before it is stored.
    #[serde(default)]
    pub(crate) server_certificate_name: String,
    #[serde(default)]
    pub(crate) server_certificate_id: String,
    #[serde(flatten)]
    pub(crate) more: Map<String, Value>,
}

/// There are no keys here, so there is nothing to sign.
fn no_body() -> String {
    "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----".to_owned()
}

fn root() -> String {
    "/".to_owned()
}

patterns! {
    /// The path under which certificates are kept.
    PathPrefix(1, 512, r"\u002F[\u0021-\u007F]*") =
        |text| text.starts_with('/') && text.chars().all(|c| ('!'..='\u{7f}').contains(&c));
    /// What an earlier page ended with.
    Marker(1, 320, r"[\u0020-\u00FF]+") = |text| text.chars().all(|c| (' '..='\u{ff}').contains(&c));
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetServerCertificate {
    server_certificate_name: Matching<Name>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListServerCertificates {
    path_prefix: Option<Matching<PathPrefix>>,
    marker: Option<Matching<Marker>>,
    max_items: Option<Int<1, 1000>>,
}

impl Store {
    pub(super) fn get_server_certificate(&self, params: &Tree) -> Result<Value, ApiError> {
        let GetServerCertificate { server_certificate_name: name } = read(params)?;
        let certificate = self.server_certificates.get(name.as_str()).ok_or_else(|| {
            let message = format!("The Server Certificate with name {} cannot be found.", name.as_str());
            ApiError { status: 404, ..ApiError::new("NoSuchEntity", message) }
        })?;
        Ok(json!({ "ServerCertificate": certificate.shown() }))
    }

    pub(super) fn list_server_certificates(&self, params: &Tree) -> Result<Value, ApiError> {
        let request: ListServerCertificates = read(params)?;
        let prefix = request.path_prefix.as_ref().map_or("/", Matching::as_str);
        let size = request.max_items.map_or(PAGE, |size| usize::try_from(size.get()).unwrap_or(PAGE));
        let named = self.server_certificates.iter();
        let metadata = named.map(|(name, certificate)| (name.clone(), &certificate.server_certificate_metadata));
        let listed = metadata.filter(|(_, metadata)| metadata.path.starts_with(prefix)).collect();
        let marker = request.marker.as_ref().map(Matching::as_str);
        let (page, next) = token::page(LIST, listed, marker, size).ok_or_else(|| {
            ApiError::validation("Invalid Marker: it is not one that ListServerCertificates gave out")
        })?;
        Ok(json!({
            "ServerCertificateMetadataList": wire::answer(&page), "IsTruncated": next.is_some(), "Marker": next,
        }))
    }
}

impl ServerCertificate {
    /// Fills in what a description leaves out.
    pub(crate) fn complete(&mut self) {
        let metadata = &mut self.server_certificate_metadata;
        if metadata.server_certificate_name.is_empty() {
            metadata.server_certificate_name = metadata.arn.rsplit('/').next().unwrap_or_default().to_owned();
        }
        if metadata.server_certificate_id.is_empty() {
            let id = uuid(&metadata.arn).replace('-', "").to_uppercase();
            metadata.server_certificate_id = format!("ASCA{}", &id[..17]);
        }
    }

    /// As GetServerCertificate shows it.
    pub(crate) fn shown(&self) -> Value {
        let mut answer = wire::answer(self);
        answer["Tags"] = shown(&self.tags);
        answer
    }
}
