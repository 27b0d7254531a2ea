//! Values of attributes that AWS does not take together.

use super::Attributes;
use crate::elbv2::placement::invalid_configuration;
use crate::wire::ApiError;

/// Refuses what a load balancer's attributes cannot become from what they were.
pub(super) fn check_load_balancer(before: &Attributes, changed: &Attributes) -> Result<(), ApiError> {
    for logs in ["access_logs", "connection_logs", "health_check_logs"] {
        let value = |setting: &str| changed.get(&format!("{logs}.s3.{setting}")).map(String::as_str);
        if value("enabled") == Some("true") && value("bucket") == Some("") {
            let words = logs.replace('_', " ");
            return Err(invalid_configuration(format!("{logs}.s3.bucket must be specified when {words} are enabled")));
        }
    }
    let addresses = |attributes: &Attributes| {
        let count = attributes.get("secondary_ips.auto_assigned.per_subnet");
        count.and_then(|count| count.parse::<u8>().ok()).unwrap_or(0)
    };
    if addresses(changed) < addresses(before) {
        return Err(invalid_configuration("secondary_ips.auto_assigned.per_subnet cannot be decreased"));
    }
    Ok(())
}

/// Refuses what a target group's attributes cannot be together.
pub(super) fn check_target_group(attributes: &Attributes) -> Result<(), ApiError> {
    let value = |key: &str| attributes.get(key).map(String::as_str);
    let algorithm = value("load_balancing.algorithm.type");
    if value("target_health_state.unhealthy.connection_termination.enabled") == Some("true")
        && value("target_health_state.unhealthy.draining_interval_seconds") != Some("0")
    {
        return Err(invalid_configuration(
            "You cannot have both target_health_state.unhealthy.connection_termination.enabled set to true and \
             target_health_state.unhealthy.draining_interval_seconds greater than 0",
        ));
    }
    if value("load_balancing.algorithm.anomaly_mitigation") == Some("on") && algorithm != Some("weighted_random") {
        return Err(invalid_configuration(
            "load_balancing.algorithm.anomaly_mitigation needs the load_balancing.algorithm.type weighted_random",
        ));
    }
    // Source: Application Load Balancer guide, "Slow start mode".
    if value("slow_start.duration_seconds").is_some_and(|seconds| seconds != "0") && algorithm != Some("round_robin") {
        return Err(invalid_configuration(
            "slow_start.duration_seconds needs the load_balancing.algorithm.type round_robin",
        ));
    }
    check_cookie(attributes)
}

/// A cookie of the application's own needs a name, and not one of the load balancer's.
fn check_cookie(attributes: &Attributes) -> Result<(), ApiError> {
    let value = |key: &str| attributes.get(key).map_or("", String::as_str);
    let name = value("stickiness.app_cookie.cookie_name");
    if name.starts_with("AWSALB") {
        return Err(ApiError::validation(format!("The cookie name '{name}' is reserved: it begins with 'AWSALB'")));
    }
    if value("stickiness.enabled") == "true" && value("stickiness.type") == "app_cookie" && name.is_empty() {
        return Err(invalid_configuration(
            "stickiness.app_cookie.cookie_name must be specified for app_cookie stickiness",
        ));
    }
    Ok(())
}
