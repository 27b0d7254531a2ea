//! Leases: their numbers.

use k8s_openapi::api::coordination::v1::Lease;

use crate::kubernetes::refusal::FieldError;

/// Checks a Lease.
pub(super) fn admit(lease: &Lease, errors: &mut Vec<FieldError>) {
    let Some(spec) = &lease.spec else { return };
    if let Some(seconds) = spec.lease_duration_seconds.filter(|seconds| *seconds <= 0) {
        errors.push(FieldError::invalid("spec.leaseDurationSeconds", seconds, "must be greater than 0"));
    }
    if let Some(transitions) = spec.lease_transitions.filter(|transitions| *transitions < 0) {
        let why = "must be greater than or equal to 0";
        errors.push(FieldError::invalid("spec.leaseTransitions", transitions, why));
    }
}
