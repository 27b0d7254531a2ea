//! Answers that break off in the middle are no answers.
//!
//! The SDK's readers of XML stop where the document stops, so half a list of resources would be taken for the whole.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

/// Fails a call whose answer does not close the element that it began with.
#[derive(Debug, Clone, Copy)]
pub(super) struct WholeAnswers;

/// An answer without its end.
#[derive(Debug, thiserror::Error)]
#[error("the answer broke off after {0} bytes")]
struct BrokenOff(usize);

#[dyn_dispatch_hint]
impl Intercept for WholeAnswers {
    fn name(&self) -> &'static str {
        "WholeAnswers"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        let body = response.body().bytes().unwrap_or_default();
        if !response.status().is_success() || is_whole(body) { Ok(()) } else { Err(BrokenOff(body.len()).into()) }
    }
}

/// Every answer of the Query protocols is one element whose name ends in `Response`. An empty one is whole too.
fn is_whole(body: &[u8]) -> bool {
    let body = body.trim_ascii_end();
    let last_tag = body.rsplit(|byte| *byte == b'<').next().unwrap_or_default();
    body.is_empty() || (last_tag.starts_with(b"/") && last_tag.ends_with(b"Response>"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_when_its_first_element_is_closed() {
        let answer = "<DescribeTagsResponse><DescribeTagsResult/></DescribeTagsResponse>\n";
        assert!(is_whole(answer.as_bytes()));
        assert!(is_whole(b""));
        for cut in 1..answer.trim_end().len() {
            assert!(!is_whole(&answer.as_bytes()[..cut]), "{}", &answer[..cut]);
        }
    }
}
