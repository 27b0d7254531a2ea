//! A fresh AWS account for each test. LocalStack takes a 12-digit access key id as the account, so nothing need be made
//! or cleaned, and no test sees another's.

use crate::{Error, random};

/// The Region of every test.
pub const REGION: &str = "us-west-2";

/// An account and its Region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    id: String,
    region: String,
}

impl Account {
    /// An account that nobody has used.
    pub fn fresh() -> Result<Self, Error> {
        // The first digit is not 0, so that no tool takes it for a shorter number.
        let id = 100_000_000_000 + random::bits()? % 900_000_000_000;
        Ok(Self::known(&id.to_string()))
    }

    /// The account with this 12-digit id.
    #[must_use]
    pub fn known(id: &str) -> Self {
        Self { id: id.to_owned(), region: REGION.to_owned() }
    }

    /// Its 12 digits.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its Region.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The environment variables with which any AWS client acts in this account at `endpoint`.
    #[must_use]
    pub fn environment(&self, endpoint: &crate::http::Endpoint) -> [(&'static str, String); 4] {
        [
            ("AWS_ACCESS_KEY_ID", self.id.clone()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
            ("AWS_REGION", self.region.clone()),
            ("AWS_ENDPOINT_URL", endpoint.to_string()),
        ]
    }

    /// An `Authorization` header of this account. LocalStack reads the credential scope and no more: not the signature.
    pub(crate) fn authorization(&self, service: &str) -> String {
        let Self { id, region } = self;
        format!(
            "AWS4-HMAC-SHA256 Credential={id}/20260131/{region}/{service}/aws4_request, SignedHeaders=host, \
             Signature={}",
            "0".repeat(64)
        )
    }
}
