//! `--feature-gates`: LBC's names.

use northgate_planner::snapshot::FeatureGates;
use northgate_planner::spec::value::parse_bool;

/// A feature that is switched on or off.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gate {
    name: Name,
    on: bool,
}

/// What a gate decides here.
#[derive(Debug, Clone, Copy)]
enum Name {
    /// A setting.
    Setting(Setting),
    /// How LBC looks things up, or what it offers beside Services and Ingresses: nothing here.
    Nothing,
}

/// The place of a setting.
type Setting = fn(&mut FeatureGates) -> &mut bool;

/// Gates that decide something: their names and settings.
const SETTINGS: &[(&str, Setting)] = &[
    ("EnableIPTargetType", |gates| &mut gates.ip_target_type),
    ("ALBSingleSubnet", |gates| &mut gates.alb_single_subnet),
    ("EnableDefaultTagsLowPriority", |gates| &mut gates.default_tags_low_priority),
    ("ListenerRulesTagging", |gates| &mut gates.listener_rules_tagging),
    ("WeightedTargetGroups", |gates| &mut gates.weighted_target_groups),
    ("SubnetsClusterTagCheck", |gates| &mut gates.subnets_cluster_tag_check),
    ("SubnetDiscoveryByReachability", |gates| &mut gates.subnet_discovery_by_reachability),
];

/// Gates that decide nothing here.
const NOTHING: &[&str] =
    &["EnableRGTAPI", "NLBGatewayAPI", "ALBGatewayAPI", "GatewayListenerSet", "GlobalAcceleratorController"];

/// Gates that are not built yet: LBC's default is what is done.
const FIXED: &[(&str, bool)] = &[
    ("ServiceTypeLoadBalancerOnly", false),
    ("EndpointsFailOpen", true),
    ("EnableServiceController", true),
    ("EnableTCPUDPListener", false),
    ("NLBHealthCheckAdvancedConfig", true),
    ("NLBSecurityGroup", true),
    ("LBCapacityReservation", true),
    ("EnhancedDefaultBehavior", false),
    ("EnableCertificateManagement", false),
    ("IngressPlanAnnotation", false),
    ("ALBTargetControlAgent", false),
];

/// Reads one `NAME=BOOL`.
pub(super) fn parse(text: &str) -> Result<Gate, String> {
    let (name, value) = text.split_once('=').ok_or_else(|| format!("{text:?} is not NAME=true or NAME=false"))?;
    let on = parse_bool(value)?;
    if let Some((_, setting)) = SETTINGS.iter().find(|(known, _)| *known == name) {
        return Ok(Gate { name: Name::Setting(*setting), on });
    }
    match FIXED.iter().find(|(known, _)| *known == name) {
        Some((_, default)) if *default != on => Err(format!("{name}={value} is not supported yet")),
        Some(_) => Ok(Gate { name: Name::Nothing, on }),
        None if NOTHING.contains(&name) => Ok(Gate { name: Name::Nothing, on }),
        None => Err(format!("there is no feature gate {name:?}")),
    }
}

/// The settings, of several gates of one name the last.
pub(super) fn settings(gates: &[Gate]) -> FeatureGates {
    let mut settings = FeatureGates::default();
    for gate in gates {
        match gate.name {
            Name::Setting(setting) => *setting(&mut settings) = gate.on,
            Name::Nothing => {}
        }
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_gate_of_lbc_is_known_and_what_is_not_built_is_refused() {
        for (text, message) in [
            ("EnableIPTargetType", "\"EnableIPTargetType\" is not NAME=true or NAME=false"),
            ("EnableCertificateManagement=true", "EnableCertificateManagement=true is not supported yet"),
            ("NoSuchGate=true", "there is no feature gate \"NoSuchGate\""),
        ] {
            assert_eq!(parse(text).unwrap_err(), message);
        }
        assert!(parse("ALBSingleSubnet=maybe").is_err());
        let gates =
            ["EnableRGTAPI=true", "EndpointsFailOpen=true", "ListenerRulesTagging=false", "ListenerRulesTagging=1"];
        let gates = gates.map(|text| parse(text).unwrap());
        assert_eq!(settings(&gates), FeatureGates::default());
        assert!(!settings(&gates[..3]).listener_rules_tagging);
    }
}
