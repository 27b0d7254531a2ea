//! The second lock on the dry run: clients that refuse to send what might write.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeSerializationInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

/// AWS names every operation that only reads in one of these ways.
const READING: &[&str] = &["Describe", "Get", "List"];

/// Refuses every operation whose name does not say that it reads, and every one without a name.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReadOnly;

/// An operation that a client for reading was told to send.
#[derive(Debug, thiserror::Error)]
#[error("{0} may write, and this client only reads")]
struct MayWrite(String);

#[dyn_dispatch_hint]
impl Intercept for ReadOnly {
    fn name(&self) -> &'static str {
        "ReadOnly"
    }

    fn read_before_serialization(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let operation = config.load::<Metadata>().map_or("an operation without a name", Metadata::name);
        if READING.iter().any(|prefix| operation.starts_with(prefix)) {
            Ok(())
        } else {
            Err(MayWrite(operation.to_owned()).into())
        }
    }
}
