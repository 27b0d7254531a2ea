//! Mutual authentication of HTTPS listeners.

use serde::{Deserialize, Serialize};

use crate::elbv2::load_balancers::OnOff;
use crate::elbv2::store::Store;
use crate::wire::ApiError;

/// What is asked of client certificates.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct MutualAuthentication {
    pub(crate) mode: Mode,
    trust_store_arn: Option<String>,
    ignore_client_certificate_expiry: Option<bool>,
    trust_store_association_status: Option<AssociationStatus>,
    advertise_trust_store_ca_names: Option<OnOff>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    #[default]
    Off,
    Passthrough,
    Verify,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum AssociationStatus {
    Active,
    Removed,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Request {
    mode: Option<Mode>,
    trust_store_arn: Option<String>,
    ignore_client_certificate_expiry: Option<bool>,
    /// Of shared trust stores, in answers only.
    trust_store_association_status: Option<AssociationStatus>,
    advertise_trust_store_ca_names: Option<OnOff>,
}

impl MutualAuthentication {
    /// Reads what a call or a description says; the trust store has to be there.
    pub(in super::super) fn read(request: Request, store: &Store) -> Result<Self, ApiError> {
        let mode = request.mode.unwrap_or_default();
        let trust_store = request.trust_store_arn.filter(|arn| !arn.is_empty());
        if mode != Mode::Verify {
            let members = [
                (trust_store.is_some(), "TrustStoreArn"),
                (request.ignore_client_certificate_expiry.is_some(), "IgnoreClientCertificateExpiry"),
                (request.advertise_trust_store_ca_names.is_some(), "AdvertiseTrustStoreCaNames"),
            ];
            return match members.into_iter().find(|(given, _)| *given) {
                Some((_, member)) => Err(ApiError::validation(format!(
                    "{member} can only be specified for mutual authentication with the mode 'verify'"
                ))),
                None => Ok(Self { mode, ..Self::default() }),
            };
        }
        let arn = trust_store.ok_or_else(|| {
            ApiError::validation("A TrustStoreArn must be specified for mutual authentication with the mode 'verify'")
        })?;
        if !store.trust_store(&arn)?.is_ready() {
            return Err(ApiError::new("TrustStoreNotReady", format!("Trust store '{arn}' is not active")));
        }
        Ok(Self {
            mode,
            trust_store_arn: Some(arn),
            ignore_client_certificate_expiry: Some(request.ignore_client_certificate_expiry.unwrap_or(false)),
            trust_store_association_status: request.trust_store_association_status,
            advertise_trust_store_ca_names: Some(request.advertise_trust_store_ca_names.unwrap_or(OnOff::Off)),
        })
    }

    /// The trust store that client certificates are verified with.
    pub(in super::super) fn trust_store(&self) -> Option<&str> {
        self.trust_store_arn.as_deref()
    }
}
