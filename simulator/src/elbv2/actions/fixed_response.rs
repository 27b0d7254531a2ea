//! Fixed-response actions.

use serde::{Deserialize, Serialize};

use crate::wire::ApiError;
use crate::wire::constraint::Text;

const CONTENT_TYPES: &[&str] = &["text/plain", "text/css", "text/html", "application/javascript", "application/json"];

/// What clients are answered with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct FixedResponse {
    pub(crate) message_body: Option<String>,
    /// Three digits: 2XX, 4XX or 5XX.
    pub(crate) status_code: String,
    pub(crate) content_type: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Request {
    message_body: Option<Text<0, 1024>>,
    status_code: String,
    content_type: Option<String>,
}

impl FixedResponse {
    pub(super) fn read(request: Request) -> Result<Self, ApiError> {
        let code = request.status_code;
        let fits = code.len() == 3 && code.starts_with(['2', '4', '5']) && code.bytes().all(|b| b.is_ascii_digit());
        if !fits {
            return Err(ApiError::validation(format!(
                "1 validation error detected: Value '{code}' at 'fixedResponseConfig.statusCode' failed to satisfy \
                 constraint: Member must satisfy regular expression pattern: ^(2|4|5)\\d\\d$"
            )));
        }
        let known = |content_type: &String| content_type.is_empty() || CONTENT_TYPES.contains(&content_type.as_str());
        if let Some(unknown) = request.content_type.as_ref().filter(|content_type| !known(content_type)) {
            return Err(ApiError::validation(format!(
                "The content type '{unknown}' must be one of '{}'",
                CONTENT_TYPES.join(", ")
            )));
        }
        let given = |text: &String| !text.is_empty();
        Ok(Self {
            message_body: request.message_body.map(Text::into_string).filter(given),
            status_code: code,
            content_type: request.content_type.filter(given),
        })
    }
}
