//! What AWS asks of the names of load balancers and target groups.

use crate::wire::ApiError;

/// Refuses a name of a load balancer (`what` is `Load balancer`) or a target group that AWS would refuse.
pub(crate) fn check(what: &str, name: &str) -> Result<(), ApiError> {
    let refuse = |why: &str| Err(ApiError::validation(format!("{what} name '{name}' {why}")));
    if name.is_empty() {
        return refuse("cannot be empty");
    }
    if name.len() > 32 {
        return refuse("cannot be longer than '32' characters");
    }
    if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return refuse("can only contain characters that are alphanumeric characters or hyphens(-)");
    }
    if name.starts_with('-') || name.ends_with('-') {
        return refuse("cannot begin or end with a hyphen(-)");
    }
    if what == "Load balancer" && name.starts_with("internal-") {
        return refuse("cannot begin with 'internal-'");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn names_are_checked_as_the_api_reference_says() {
        let long = "a".repeat(33);
        let cases = [
            ("Load balancer", "web-1", None),
            ("Load balancer", "", Some("cannot be empty")),
            ("Load balancer", long.as_str(), Some("longer than '32'")),
            ("Load balancer", "web_1", Some("alphanumeric")),
            ("Load balancer", "-web", Some("hyphen(-)")),
            ("Load balancer", "web-", Some("hyphen(-)")),
            ("Load balancer", "internal-web", Some("'internal-'")),
            ("Target group", "internal-web", None),
        ];
        for (what, name, expected) in cases {
            match (check(what, name), expected) {
                (Ok(()), None) => {}
                (Err(error), Some(text)) => {
                    assert!(error.message.contains(text), "{name}: {}", error.message)
                }
                (result, _) => panic!("{name}: {result:?}"),
            }
        }
    }
}
