//! AWS JSON 1.1 on the wire: the action in a header, parameters and answers as JSON.

use serde_json::{Map, Value, json};

use super::query::{Call, Tree};
use super::{ApiError, without_absent};

/// The media type of requests and answers.
pub(crate) const CONTENT_TYPE: &str = "application/x-amz-json-1.1";

/// Reads a request; `target` is its header `X-Amz-Target`, `PREFIX.Action`.
pub(crate) fn parse(target: Option<&str>, body: &[u8]) -> Result<Call, ApiError> {
    let action = target.and_then(|target| target.rsplit('.').next()).unwrap_or_default().to_owned();
    if action.is_empty() {
        let message = "The request names no operation: the header X-Amz-Target is missing";
        return Err(ApiError::new("UnknownOperationException", message).against_model());
    }
    if body.is_empty() {
        return Ok(Call { action, params: Tree::from(Value::Object(Map::new())) });
    }
    let malformed = |why: String| ApiError::new("SerializationException", why).against_model();
    let params: Value = serde_json::from_slice(body).map_err(|error| malformed(error.to_string()))?;
    if !params.is_object() {
        return Err(malformed("The body is not a JSON object".to_owned()));
    }
    Ok(Call { action, params: Tree::from(params) })
}

/// The document of an answer: absent members are left out.
pub(crate) fn answer(members: &Value) -> String {
    without_absent(members.clone()).to_string()
}

/// The document of a refusal; services differ in the letter that `message` begins with.
pub(crate) fn error(refusal: &ApiError, message_member: &str) -> String {
    json!({ "__type": refusal.code, message_member: refusal.message }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_action_is_the_last_part_of_the_target() {
        let call = parse(Some("AWSWAF_20190729.ListWebACLs"), br#"{"Scope":"REGIONAL","Limit":5,"NextMarker":null}"#);
        let call = call.unwrap();
        assert_eq!(call.action, "ListWebACLs");
        assert_eq!(call.params.to_json(), json!({ "Scope": "REGIONAL", "Limit": "5" }));
        assert_eq!(parse(Some("AWSShield_20160616.GetSubscriptionState"), b"").unwrap().action, "GetSubscriptionState");
    }

    #[test]
    fn what_is_no_request_is_refused() {
        for (target, body, code) in [
            (None, "{}", "UnknownOperationException"),
            (Some("A.B"), "[]", "SerializationException"),
            (Some("A.B"), "{", "SerializationException"),
        ] {
            assert_eq!(parse(target, body.as_bytes()).unwrap_err().code, code, "{body}");
        }
    }

    #[test]
    fn answers_leave_out_what_is_absent() {
        assert_eq!(answer(&json!({ "A": null, "B": [{ "C": null }], "D": 1 })), r#"{"B":[{}],"D":1}"#);
        let refusal = ApiError::new("ResourceNotFoundException", "no such thing");
        assert_eq!(error(&refusal, "message"), r#"{"__type":"ResourceNotFoundException","message":"no such thing"}"#);
    }
}
