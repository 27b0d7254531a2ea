//! Actions that validate a JSON Web Token.

use serde::{Deserialize, Serialize};

use super::check_url;
use crate::wire::ApiError;
use crate::wire::constraint::{List, Text};

/// Claims that are validated anyway. Source: API reference, `JwtValidationActionAdditionalClaim`.
const ALWAYS_VALIDATED: &[&str] = &["exp", "iss", "nbf", "iat"];

/// What a token has to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct JwtValidation {
    jwks_endpoint: String,
    issuer: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    additional_claims: Vec<Claim>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Claim {
    format: Format,
    name: String,
    values: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Format {
    SingleString,
    StringArray,
    SpaceSeparatedValues,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Request {
    jwks_endpoint: Text<1, 256>,
    issuer: Text<1, 256>,
    additional_claims: Option<List<ClaimRequest, 0, 10>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ClaimRequest {
    format: Format,
    name: Text<1, 256>,
    values: List<Text<1, 256>, 1, 10>,
}

impl JwtValidation {
    pub(super) fn read(request: Request) -> Result<Self, ApiError> {
        check_url("JwksEndpoint", request.jwks_endpoint.as_str())?;
        let claims = request.additional_claims.map(List::into_vec).unwrap_or_default();
        Ok(Self {
            jwks_endpoint: request.jwks_endpoint.into_string(),
            issuer: request.issuer.into_string(),
            additional_claims: claims.into_iter().map(Claim::read).collect::<Result<_, _>>()?,
        })
    }
}

impl Claim {
    fn read(request: ClaimRequest) -> Result<Self, ApiError> {
        let (name, format) = (request.name.into_string(), request.format);
        let values = request.values.into_vec().into_iter().map(Text::into_string).collect::<Vec<_>>();
        if ALWAYS_VALIDATED.contains(&name.as_str()) {
            return Err(ApiError::validation(format!("The claim '{name}' is validated by default")));
        }
        if format == Format::SingleString && values.len() > 1 {
            return Err(ApiError::validation(format!(
                "The claim '{name}' of the format 'single-string' has one value"
            )));
        }
        if format == Format::SpaceSeparatedValues && values.iter().any(|value| value.contains(' ')) {
            return Err(ApiError::validation(format!("The values of the claim '{name}' can't include spaces")));
        }
        Ok(Self { format, name, values })
    }
}
