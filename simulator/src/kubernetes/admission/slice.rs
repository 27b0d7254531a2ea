//! EndpointSlices: defaults of their ports, and what cannot be changed.

use k8s_openapi::api::discovery::v1::EndpointSlice;

use crate::kubernetes::refusal::FieldError;

/// Fills in what an EndpointSlice does not say.
pub(super) fn fill_defaults(slice: &mut EndpointSlice) {
    for port in slice.ports.iter_mut().flatten() {
        port.name.get_or_insert_default();
        port.protocol.get_or_insert_with(|| "TCP".to_owned());
    }
}

/// Checks an EndpointSlice.
pub(super) fn admit(slice: &mut EndpointSlice, live: Option<&EndpointSlice>, errors: &mut Vec<FieldError>) {
    let kind = slice.address_type.as_str();
    match kind {
        "" => errors.push(FieldError::required("addressType", "")),
        "IPv4" | "IPv6" | "FQDN" => {}
        other => errors.push(FieldError::unsupported("addressType", other, &["FQDN", "IPv4", "IPv6"])),
    }
    if live.is_some_and(|live| live.address_type != kind) {
        errors.push(FieldError::invalid("addressType", kind, "field is immutable"));
    }
    for (place, endpoint) in slice.endpoints.iter().flatten().enumerate() {
        if endpoint.addresses.is_empty() {
            let why = "must contain at least 1 address";
            errors.push(FieldError::required(format!("endpoints[{place}].addresses"), why));
        }
    }
}
