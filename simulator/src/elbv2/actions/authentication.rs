//! Actions that ask who the client is: Amazon Cognito, and providers of OpenID Connect.

use serde::{Deserialize, Serialize};

use super::params::Params;
use super::{Source, check_url};
use crate::wire::ApiError;
use crate::wire::constraint::{Int, Text};

/// Query parameters that may be added. Source: API reference, `AuthenticateOidcActionConfig`.
const MOST_EXTRA_PARAMS: usize = 10;
/// Seven days, the longest session and the default.
const LONGEST_SESSION: i64 = 604_800;

/// How a session is kept and what happens without one. Both kinds have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Session {
    session_cookie_name: String,
    scope: String,
    session_timeout: i64,
    #[serde(skip_serializing_if = "Params::is_empty")]
    authentication_request_extra_params: Params,
    on_unauthenticated_request: Unauthenticated,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Unauthenticated {
    Deny,
    Allow,
    Authenticate,
}

/// An Amazon Cognito user pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Cognito {
    user_pool_arn: String,
    user_pool_client_id: String,
    user_pool_domain: String,
    #[serde(flatten)]
    session: Session,
}

/// A provider of OpenID Connect. The secret is never shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Oidc {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    user_info_endpoint: String,
    client_id: String,
    /// None only when a description has put the action there.
    #[serde(skip)]
    client_secret: Option<String>,
    #[serde(flatten)]
    session: Session,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct CognitoRequest {
    user_pool_arn: String,
    user_pool_client_id: Text<1, 1024>,
    user_pool_domain: Text<1, 1024>,
    session_cookie_name: Option<Text<1, 128>>,
    scope: Option<Text<1, 1024>>,
    session_timeout: Option<Int<1, LONGEST_SESSION>>,
    authentication_request_extra_params: Option<Params>,
    on_unauthenticated_request: Option<Unauthenticated>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct OidcRequest {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    user_info_endpoint: String,
    client_id: Text<1, 1024>,
    client_secret: Option<Text<1, 1024>>,
    session_cookie_name: Option<Text<1, 128>>,
    scope: Option<Text<1, 1024>>,
    session_timeout: Option<Int<1, LONGEST_SESSION>>,
    authentication_request_extra_params: Option<Params>,
    on_unauthenticated_request: Option<Unauthenticated>,
    use_existing_client_secret: Option<bool>,
}

impl Cognito {
    pub(super) fn read(request: CognitoRequest) -> Result<Self, ApiError> {
        let arn = request.user_pool_arn;
        if !arn.starts_with("arn:") || !arn.contains(":cognito-idp:") {
            return Err(ApiError::validation(format!("'{arn}' is not a valid Amazon Cognito user pool ARN")));
        }
        Ok(Self {
            user_pool_arn: arn,
            user_pool_client_id: request.user_pool_client_id.into_string(),
            user_pool_domain: request.user_pool_domain.into_string(),
            session: Session::read(
                request.session_cookie_name,
                request.scope,
                request.session_timeout,
                request.authentication_request_extra_params,
                request.on_unauthenticated_request,
            )?,
        })
    }
}

impl Oidc {
    pub(super) fn read(request: OidcRequest, source: Source<'_>) -> Result<Self, ApiError> {
        check_url("Issuer", &request.issuer)?;
        check_url("AuthorizationEndpoint", &request.authorization_endpoint)?;
        check_url("TokenEndpoint", &request.token_endpoint)?;
        check_url("UserInfoEndpoint", &request.user_info_endpoint)?;
        let existing = request.use_existing_client_secret.unwrap_or(false);
        Ok(Self {
            issuer: request.issuer,
            authorization_endpoint: request.authorization_endpoint,
            token_endpoint: request.token_endpoint,
            user_info_endpoint: request.user_info_endpoint,
            client_id: request.client_id.into_string(),
            client_secret: secret(request.client_secret.map(Text::into_string), existing, source)?,
            session: Session::read(
                request.session_cookie_name,
                request.scope,
                request.session_timeout,
                request.authentication_request_extra_params,
                request.on_unauthenticated_request,
            )?,
        })
    }
}

impl Session {
    fn read(
        cookie: Option<Text<1, 128>>,
        scope: Option<Text<1, 1024>>,
        timeout: Option<Int<1, LONGEST_SESSION>>,
        params: Option<Params>,
        unauthenticated: Option<Unauthenticated>,
    ) -> Result<Self, ApiError> {
        let params = params.unwrap_or_default();
        if params.len() > MOST_EXTRA_PARAMS {
            return Err(ApiError::validation(format!(
                "AuthenticationRequestExtraParams can have up to {MOST_EXTRA_PARAMS} parameters"
            )));
        }
        Ok(Self {
            session_cookie_name: cookie.map_or_else(|| "AWSELBAuthSessionCookie".to_owned(), Text::into_string),
            scope: scope.map_or_else(|| "openid".to_owned(), Text::into_string),
            session_timeout: timeout.map_or(LONGEST_SESSION, Int::get),
            authentication_request_extra_params: params,
            on_unauthenticated_request: unauthenticated.unwrap_or(Unauthenticated::Authenticate),
        })
    }
}

/// The secret of a call: given, or kept from the action that stands.
fn secret(given: Option<String>, existing: bool, source: Source<'_>) -> Result<Option<String>, ApiError> {
    match (given, existing, source) {
        (_, _, Source::Description) => Ok(None),
        (Some(_), true, _) => {
            Err(ApiError::validation("You cannot specify a ClientSecret and UseExistingClientSecret at the same time"))
        }
        (Some(secret), false, _) => Ok(Some(secret)),
        (None, true, Source::Call { standing }) => match standing.and_then(super::Actions::oidc) {
            Some(oidc) => Ok(oidc.client_secret.clone()),
            None => Err(ApiError::validation("There is no existing ClientSecret to use")),
        },
        (None, false, _) => Err(ApiError::validation("A ClientSecret must be specified")),
    }
}
