//! Redirects that AWS refuses: they are told before anything is made.

use crate::id::Protocol;
use crate::model::{Action, Redirect};
use crate::problem::Problem;

/// Why AWS does not take an action on a listener; `None`: it does.
///
/// Source: user guide, "Redirect actions": "you must modify at least one of the following components: protocol, port,
/// hostname or path", and no request is redirected from HTTPS to HTTP.
pub(super) fn refused(action: &Action, port: u16, protocol: Protocol) -> Option<Problem> {
    let Action::Redirect(redirect) = action else { return None };
    let Redirect { protocol: to_protocol, port: to_port, host, path, query: _, status_code: _ } = redirect;
    if protocol == Protocol::Https && to_protocol.as_deref() == Some("HTTP") {
        let problem = Problem::general(format!("port {port}: AWS redirects no request from HTTPS to HTTP"));
        return Some(problem.hint("redirect to HTTPS, or listen on HTTP only"));
    }
    let leads_back = is_unchanged(to_protocol, Redirect::PROTOCOL, &[protocol.as_str()])
        && is_unchanged(to_port, Redirect::PORT, &[&port.to_string()])
        && is_unchanged(host, Redirect::HOST, &[])
        && is_unchanged(path, Redirect::PATH, &[]);
    leads_back.then(|| {
        let problem =
            Problem::general(format!("port {port}: AWS takes no redirect that leads back to where it came from"));
        problem.hint("change the protocol, the port, the host or the path; the query alone is not enough")
    })
}

/// Whether a redirect leaves a part of the URL as it is, where it has one of these values.
pub(super) fn is_unchanged(part: &Option<String>, placeholder: &str, values: &[&str]) -> bool {
    part.as_deref().is_none_or(|part| part == placeholder || values.contains(&part))
}
