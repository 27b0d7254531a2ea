//! Attributes of load balancers, target groups and listeners: which differ, and which AWS sets by itself.

use crate::model::Pairs;
use crate::plan::FieldChange;
use crate::problem::Problem;

/// What AWS sets on every load balancer of either kind (API reference, `LoadBalancerAttribute`).
const LOAD_BALANCER: &[(&str, &str)] = &[
    ("access_logs.s3.bucket", ""),
    ("access_logs.s3.enabled", "false"),
    ("access_logs.s3.prefix", ""),
    ("client_keep_alive.seconds", "3600"),
    ("connection_logs.s3.bucket", ""),
    ("connection_logs.s3.enabled", "false"),
    ("connection_logs.s3.prefix", ""),
    ("deletion_protection.enabled", "false"),
    ("health_check_logs.s3.bucket", ""),
    ("health_check_logs.s3.enabled", "false"),
    ("health_check_logs.s3.prefix", ""),
    ("idle_timeout.timeout_seconds", "60"),
    ("routing.http.desync_mitigation_mode", "defensive"),
    ("routing.http.drop_invalid_header_fields.enabled", "false"),
    ("routing.http.preserve_host_header.enabled", "false"),
    ("routing.http.x_amzn_tls_version_and_cipher_suite.enabled", "false"),
    ("routing.http.xff_client_port.enabled", "false"),
    ("routing.http.xff_header_processing.mode", "append"),
    ("routing.http2.enabled", "true"),
    ("waf.fail_open.enabled", "false"),
    ("zonal_shift.config.enabled", "false"),
];

/// What AWS sets on every target group that has it (API reference, `TargetGroupAttribute`).
const TARGET_GROUP: &[(&str, &str)] = &[
    ("deregistration_delay.timeout_seconds", "300"),
    ("load_balancing.algorithm.anomaly_mitigation", "off"),
    ("load_balancing.algorithm.type", "round_robin"),
    ("load_balancing.cross_zone.enabled", "use_load_balancer_configuration"),
    ("proxy_protocol_v2.enabled", "false"),
    ("slow_start.duration_seconds", "0"),
    ("stickiness.app_cookie.cookie_name", ""),
    ("stickiness.app_cookie.duration_seconds", "86400"),
    ("stickiness.enabled", "false"),
    ("stickiness.lb_cookie.duration_seconds", "86400"),
    ("target_group_health.dns_failover.minimum_healthy_targets.count", "1"),
    ("target_group_health.dns_failover.minimum_healthy_targets.percentage", "off"),
    ("target_group_health.unhealthy_state_routing.minimum_healthy_targets.count", "1"),
    ("target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage", "off"),
];

/// What AWS sets on every listener that has it (API reference, `ListenerAttribute`).
const LISTENER: &[(&str, &str)] =
    &[("routing.http.response.server.enabled", "true"), ("tcp.idle_timeout.seconds", "350")];

/// Whose attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    LoadBalancer,
    TargetGroup,
    Listener,
}

impl Of {
    fn defaults(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::LoadBalancer => LOAD_BALANCER,
            Self::TargetGroup => TARGET_GROUP,
            Self::Listener => LISTENER,
        }
    }

    fn is_default(self, name: &str, value: &str) -> bool {
        self.defaults().contains(&(name, value))
    }
}

/// What has to be said of a resource that is new: what AWS does not set by itself.
pub(super) fn of_new(of: Of, wanted: &Pairs) -> Pairs {
    let given = wanted.iter().filter(|(name, value)| !of.is_default(name, value));
    given.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// What differs. Attributes that were not read differ in nothing; what nobody asks for is left as it is.
pub(super) fn changes(wanted: &Pairs, found: Option<&Pairs>) -> (Pairs, Vec<FieldChange>) {
    let Some(found) = found else { return (Pairs::new(), Vec::new()) };
    let differs = wanted.iter().filter(|(name, value)| found.get(*name) != Some(*value));
    differs
        .map(|(name, value)| {
            let field = FieldChange {
                field: format!("Attributes[{name}]"),
                from: found.get(name).cloned(),
                to: Some(value.clone()),
            };
            ((name.clone(), value.clone()), field)
        })
        .unzip()
}

/// What is set in AWS and asked for by nobody: left as it is, so that it does not linger unseen.
pub(super) fn lingering(of: Of, name: &str, wanted: &Pairs, found: Option<&Pairs>) -> Vec<Problem> {
    let known = |key: &str| of.defaults().iter().any(|(default, _)| *default == key);
    let lingers =
        |(key, value): &(&String, &String)| known(key) && !wanted.contains_key(*key) && !of.is_default(key, value);
    let told = |(key, value): (&String, &String)| {
        let message =
            format!("the attribute {key} of the {name} is {value} in AWS, and nobody asks for it; it is left as it is");
        Problem::general(message).hint("set it by an annotation, also to have AWS's default back")
    };
    found.into_iter().flatten().filter(lingers).map(told).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> Pairs {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_new_resource_is_told_only_what_aws_does_not_set_by_itself() {
        let wanted = pairs(&[("idle_timeout.timeout_seconds", "60"), ("routing.http2.enabled", "false")]);
        assert_eq!(of_new(Of::LoadBalancer, &wanted), pairs(&[("routing.http2.enabled", "false")]));
    }

    #[test]
    fn only_what_is_asked_for_is_changed_and_what_lingers_is_told() {
        let wanted = pairs(&[("idle_timeout.timeout_seconds", "30")]);
        let found = pairs(&[
            ("idle_timeout.timeout_seconds", "60"),
            ("routing.http2.enabled", "false"),
            ("waf.fail_open.enabled", "false"),
            ("something.new", "1"),
        ]);
        let (set, fields) = changes(&wanted, Some(&found));
        assert_eq!(set, wanted);
        assert_eq!(fields[0].from.as_deref(), Some("60"));
        let told = lingering(Of::LoadBalancer, "load balancer", &wanted, Some(&found));
        assert_eq!(told.len(), 1);
        assert!(told[0].message.contains("routing.http2.enabled of the load balancer is false"), "{}", told[0].message);
        assert_eq!(changes(&wanted, None).0, Pairs::new());
    }
}
