//! Redirect actions.

use serde::{Deserialize, Serialize};

use super::super::placement::invalid_configuration;
use super::super::protocol::Protocol;
use super::{Listening, invalid_action};
use crate::wire::ApiError;
use crate::wire::constraint::Text;

/// Where clients are sent; what is left as it was is a placeholder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Redirect {
    pub(crate) protocol: String,
    pub(crate) port: String,
    pub(crate) host: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) status_code: StatusCode,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum StatusCode {
    #[serde(rename = "HTTP_301")]
    Permanent,
    #[serde(rename = "HTTP_302")]
    Temporary,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Request {
    protocol: Option<String>,
    port: Option<String>,
    host: Option<Text<1, 128>>,
    path: Option<Text<1, 128>>,
    query: Option<Text<0, 128>>,
    status_code: StatusCode,
}

const PROTOCOL: &str = "#{protocol}";
const PORT: &str = "#{port}";
const HOST: &str = "#{host}";
const PATH: &str = "/#{path}";
const QUERY: &str = "#{query}";

impl Redirect {
    pub(super) fn read(request: Request) -> Result<Self, ApiError> {
        let text = |given: Option<String>, default: &str| given.unwrap_or_else(|| default.to_owned());
        let redirect = Self {
            protocol: text(request.protocol, PROTOCOL),
            port: text(request.port, PORT),
            host: text(request.host.map(Text::into_string), HOST),
            path: text(request.path.map(Text::into_string), PATH),
            query: text(request.query.map(Text::into_string), QUERY),
            status_code: request.status_code,
        };
        if !matches!(redirect.protocol.as_str(), "HTTP" | "HTTPS" | PROTOCOL) {
            return Err(ApiError::validation(format!(
                "The Protocol parameter '{}' must be one of 'HTTP, HTTPS, {PROTOCOL}'",
                redirect.protocol
            )));
        }
        if redirect.port != PORT && !redirect.port.parse::<u16>().is_ok_and(|port| port > 0) {
            return Err(ApiError::validation(format!(
                "The Port parameter '{}' must be in the range 1-65535, or '{PORT}'",
                redirect.port
            )));
        }
        if !redirect.path.starts_with('/') {
            return Err(ApiError::validation(
                "The Path parameter must be a valid path, should start with a '/', and may contain up to one of each \
                 of these placeholders: '#{path}', '#{host}', '#{port}'.",
            ));
        }
        Ok(redirect)
    }

    /// Refuses a step down from HTTPS, and a redirect to where the request came from.
    pub(super) fn check(&self, listener: Listening) -> Result<(), ApiError> {
        if listener.protocol == Protocol::Https && self.protocol == "HTTP" {
            return Err(invalid_configuration("You cannot redirect HTTPS to HTTP"));
        }
        let same_protocol = self.protocol == PROTOCOL || self.protocol == listener.protocol.to_string();
        let same_port = self.port == PORT || self.port == listener.port.to_string();
        if same_protocol && same_port && self.host == HOST && self.path == PATH {
            return Err(invalid_action("The redirect configuration is not valid because it creates a loop."));
        }
        Ok(())
    }
}
