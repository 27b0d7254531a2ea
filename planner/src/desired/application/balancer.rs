//! The load balancer itself: scheme, subnets, security groups (`ingress-alb.md` §5).

use std::collections::BTreeSet;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::super::{naming, networking, subnets};
use super::{Culprits, Deciding, blame};
use crate::desired::{LoadBalancer, SecurityGroup};
use crate::facts::{LiveLoadBalancer, Needs};
use crate::id::{
    IpAddressType, IpProtocol, Knowable, LoadBalancerType, ObjectName, Ref, ResourceKey, Scheme, SecurityGroupId,
};
use crate::model::{IngressRule, Peer, RuleProtocol, SubnetMapping};
use crate::problem::Problem;
use crate::spec::annotation::ingress as annotation;
use crate::spec::ingress::{Group, IngressSpec, SecurityGroupName, Subnets};

const MANAGED_DESCRIPTION: &str = "[k8s] Managed SecurityGroup for LoadBalancer";

/// The load balancer, and what follows from it.
pub(super) struct Balancer {
    pub(super) load_balancer: LoadBalancer,
    /// The security group that is made for it.
    pub(super) managed: Option<(String, SecurityGroup)>,
    /// The security group that targets let in; `None`: their rules are not managed.
    pub(super) source: Option<Ref<SecurityGroupId>>,
    pub(super) warnings: Vec<Problem>,
}

/// What has to be asked to discover subnets.
pub(super) fn subnet_needs(spec: &IngressSpec, group: &Group<'_>, live: Option<&LiveLoadBalancer>, needs: &mut Needs) {
    let scheme = wanted_scheme(spec, group, live);
    // A live load balancer keeps its subnets, and so does one whose replacement is held. Where nothing is there yet, and the
    // member that names subnets turns out to be wrong, they are discovered for the others.
    if live.is_some() || (group.merged.subnets.is_some() && group.heard.len() == 1) {
        return;
    }
    needs.subnets = true;
    needs.availability_zones = true;
    let by_routes = spec.settings.gates.subnet_discovery_by_reachability;
    needs.route_tables_unless_tagged = by_routes.then(|| subnets::role_tag(scheme).to_owned());
}

/// What is asked for, else what is there, else the default (`decisions.md`, "default scheme").
fn wanted_scheme(spec: &IngressSpec, group: &Group<'_>, live: Option<&LiveLoadBalancer>) -> Scheme {
    let default = || spec.settings.default_load_balancer_scheme.unwrap_or(Scheme::Internal);
    group.merged.scheme.or(live.map(|live| live.scheme)).unwrap_or_else(default)
}

/// What is asked for, else IPv4 alone; what is there where a member that cannot be read may ask for it.
pub(super) fn ip_address_type(deciding: Deciding<'_>) -> IpAddressType {
    let live = deciding.live.filter(|_| !deciding.group.is_settled).map(|live| live.ip_address_type);
    deciding.group.merged.ip_address_type.or(live).unwrap_or(IpAddressType::Ipv4)
}

/// Decides the load balancer.
///
/// # Errors
///
/// What stands in everybody's way: no subnet can be used.
pub(super) fn decide(deciding: Deciding<'_>, culprits: &mut Culprits) -> Result<Balancer, Vec<Problem>> {
    let Deciding { spec, group, live, .. } = deciding;
    let wanted = wanted_scheme(spec, group, live);
    // A load balancer's scheme cannot be changed: the one that is there stays and serves.
    let scheme = live.map_or(wanted, |live| live.scheme);
    let chosen = chosen_subnets(deciding, wanted, culprits)?;
    let groups = security_groups(deciding, culprits);
    let name = group.merged.name.clone();
    let load_balancer = LoadBalancer {
        name: name.unwrap_or_else(|| naming::group_load_balancer(&spec.settings.cluster_name, &spec.id, scheme)),
        load_balancer_type: LoadBalancerType::Application,
        scheme,
        replacement_scheme: (scheme != wanted).then_some(wanted),
        ip_address_type: ip_address_type(deciding),
        subnets: chosen.subnets.into_iter().map(|subnet_id| SubnetMapping { subnet_id }).collect(),
        subnets_reason: chosen.reason,
        security_groups: groups.attached,
        attributes: group.merged.attributes.clone(),
        tags: deciding.tags(&group.merged.tags, &ResourceKey::load_balancer().id),
    };
    let managed = groups.is_managed.then(|| (ResourceKey::managed_security_group().id, managed_group(deciding)));
    let warnings = other_name(deciding).into_iter().chain(nobody_let_in(deciding)).collect();
    Ok(Balancer { load_balancer, managed, source: groups.source, warnings })
}

fn chosen_subnets(
    deciding: Deciding<'_>,
    scheme: Scheme,
    culprits: &mut Culprits,
) -> Result<subnets::Chosen, Vec<Problem>> {
    let Deciding { spec, group, facts, live, .. } = deciding;
    let as_they_are = |live: &LiveLoadBalancer, reason: &str| subnets::Chosen {
        subnets: live.subnets.clone(),
        reason: reason.to_owned(),
    };
    if let Some(live) = live.filter(|live| live.scheme != scheme) {
        // The replacement is held, and what there is stays where it is: other subnets are for the other scheme.
        return Ok(as_they_are(live, "the subnets of the existing load balancer, which goes on serving"));
    }
    let wanted = subnets::Wanted {
        scheme,
        ipv6: ip_address_type(deciding) != IpAddressType::Ipv4,
        zones: if spec.settings.gates.alb_single_subnet { 1 } else { 2 },
        cluster: &spec.settings.cluster_name,
        vpc: &spec.settings.vpc,
        gates: spec.settings.gates,
        annotation: annotation::SUBNETS.key(),
    };
    let asked = group.merged.subnets.as_ref().map(|asked| match asked {
        Subnets::Named(names) => subnets::named(names, facts, &wanted),
        Subnets::OfClass(names) => subnets::named(names, facts, &wanted)
            .map(|chosen| subnets::Chosen { reason: "subnets as the class names them".to_owned(), ..chosen }),
        Subnets::Tagged(tags) => subnets::tagged(tags, facts, &wanted),
    });
    match (asked, live) {
        (Some(Ok(chosen)), _) => return Ok(chosen),
        (Some(Err(problem)), live) => {
            let problem = problem.at(subnets_field(group));
            if accuse(deciding, group.merged.subnets_of.as_ref(), &problem, culprits) {
                return Err(vec![problem]);
            }
            if let Some(live) = live {
                return Ok(as_they_are(live, "the subnets of the existing load balancer"));
            }
        }
        (None, Some(live)) => return Ok(as_they_are(live, "the subnets of the existing load balancer")),
        (None, None) => {}
    }
    let object = group.good.first().map(|member| member.object());
    subnets::discovered(facts, &wanted).map_err(|problem| vec![Problem { object, ..problem }])
}

/// Where the subnets are named that the group asks for.
fn subnets_field(group: &Group<'_>) -> String {
    let field = match group.merged.subnets {
        Some(Subnets::OfClass(_)) => "ids",
        Some(Subnets::Tagged(_)) => "tags",
        Some(Subnets::Named(_)) | None => return format!("metadata.annotations[{}]", annotation::SUBNETS.key()),
    };
    let owner = group.heard.iter().find(|member| Some(&member.name) == group.merged.subnets_of.as_ref());
    let parameters = owner.and_then(|member| member.parameters.as_deref()).unwrap_or_default();
    format!("IngressClassParams {parameters}: spec.subnets.{field}")
}

/// Blames the good members that ask for what cannot be had. `false`: it is a member that was set aside already.
fn accuse(deciding: Deciding<'_>, owner: Option<&ObjectName>, problem: &Problem, culprits: &mut Culprits) -> bool {
    match deciding.group.good.iter().find(|member| Some(&member.name) == owner) {
        Some(member) => {
            blame(culprits, member, problem.clone());
            true
        }
        None => false,
    }
}

/// The security groups of a load balancer.
struct SecurityGroups {
    attached: Vec<Ref<SecurityGroupId>>,
    is_managed: bool,
    source: Option<Ref<SecurityGroupId>>,
}

fn security_groups(deciding: Deciding<'_>, culprits: &mut Culprits) -> SecurityGroups {
    let Deciding { spec, group, facts, live, .. } = deciding;
    let managed = || {
        let (attached, source) = networking::with_managed_group(&spec.settings, facts);
        SecurityGroups { attached, is_managed: true, source: Some(source) }
    };
    let Some(names) = group.merged.security_groups.as_ref().filter(|names| !names.is_empty()) else { return managed() };
    let manage = group.merged.manage_backend_rules.unwrap_or(spec.settings.manage_backend_security_group_rules);
    let source = if manage { networking::backend_group(&spec.settings, facts) } else { None };
    if manage && source.is_none() {
        let problem =
            Problem::general("the rules towards the targets need a backend security group, which is switched off")
                .at(format!("metadata.annotations[{}]", annotation::MANAGE_BACKEND_RULES.key()))
                .hint("take the annotation away, or the flag --enable-backend-security-group=false");
        _ = accuse(deciding, group.merged.security_groups_of.as_ref(), &problem, culprits);
    }
    let attached = match resolve(deciding, names) {
        Ok(groups) => groups.into_iter().map(Ref::Known).chain(source.clone()).collect(),
        Err(problem) => {
            _ = accuse(deciding, group.merged.security_groups_of.as_ref(), &problem, culprits);
            // The member that names them is set aside: what is there stays.
            match live {
                Some(live) => live.security_groups.iter().cloned().map(Ref::Known).collect(),
                None => return managed(),
            }
        }
    };
    SecurityGroups { attached, is_managed: false, source }
}

/// All that are named: by id, then by name. One name may be that of several groups.
fn resolve(deciding: Deciding<'_>, names: &[SecurityGroupName]) -> Result<Vec<SecurityGroupId>, Problem> {
    let groups = &deciding.facts.security_groups;
    let mut found = BTreeSet::new();
    let mut missing = Vec::new();
    for name in names {
        match name {
            SecurityGroupName::Id(id) if groups.contains_key(id) => _ = found.insert(id.clone()),
            SecurityGroupName::Id(id) => missing.push(id.to_string()),
            SecurityGroupName::NameTag(name) => {
                let named = groups.iter().filter(|(_, group)| group.tags.get("Name") == Some(name));
                let named = named.map(|(id, _)| id.clone()).collect::<Vec<_>>();
                if named.is_empty() {
                    missing.push(format!("Name={name}"));
                }
                found.extend(named);
            }
        }
    }
    if missing.is_empty() {
        return Ok(found.into_iter().collect());
    }
    Err(Problem::general(format!("no such security group: {}", missing.join(", ")))
        .at(format!("metadata.annotations[{}]", annotation::SECURITY_GROUPS.key()))
        .hint("name security groups by id (sg-…) or by the value of their Name tag"))
}

/// One rule per port and range or prefix list; IPv6 ranges only where the load balancer has such addresses.
fn managed_group(deciding: Deciding<'_>) -> SecurityGroup {
    let spec = deciding.spec;
    let is_dualstack = ip_address_type(deciding) != IpAddressType::Ipv4;
    let everyone = [IpNet::V4(Ipv4Net::default()), IpNet::V6(Ipv6Net::default())];
    // What a member that cannot be read said of it is not known: nobody is let in for that, and nobody shut out.
    let mut rules = Vec::new();
    for (port, listener) in &deciding.group.merged.listeners {
        if deciding.listening(*port).next().is_none() {
            continue;
        }
        let lists = listener.prefix_lists.as_deref().unwrap_or_default();
        let ranges = match &listener.inbound_cidrs {
            Some(ranges) => ranges.as_slice(),
            None if deciding.is_unknown() || !lists.is_empty() => &[],
            None => &everyone,
        };
        let ranges = ranges.iter().filter(|range| is_dualstack || matches!(range, IpNet::V4(_)));
        let peers = ranges.map(|range| Peer::Cidr(*range)).chain(lists.iter().cloned().map(Peer::PrefixList));
        rules.extend(peers.map(|peer| IngressRule {
            protocol: RuleProtocol::Ip(IpProtocol::Tcp),
            from_port: Knowable::Known((*port).into()),
            to_port: Knowable::Known((*port).into()),
            peer,
            description: String::new(),
        }));
    }
    rules.sort();
    rules.dedup();
    SecurityGroup {
        name: naming::group_security_group(&spec.settings.cluster_name, &spec.id),
        description: MANAGED_DESCRIPTION,
        vpc: spec.settings.vpc.clone(),
        rules,
        tags: deciding.tags(&deciding.group.merged.tags, &ResourceKey::managed_security_group().id),
    }
}

/// Ranges of IPv6 alone let nobody in where the load balancer has IPv4 addresses only; LBC says nothing.
fn nobody_let_in(deciding: Deciding<'_>) -> Vec<Problem> {
    if ip_address_type(deciding) != IpAddressType::Ipv4 {
        return Vec::new();
    }
    let all_ipv6 = |ranges: &Vec<IpNet>| ranges.iter().all(|range| matches!(range, IpNet::V6(_)));
    let mut warnings = Vec::new();
    for member in &deciding.group.good {
        for (port, listener) in &member.settings.listeners {
            if listener.prefix_lists.is_none() && listener.inbound_cidrs.as_ref().is_some_and(all_ipv6) {
                let message = format!("port {port}: nobody can come in: the load balancer has IPv4 addresses only");
                let warning = Problem::of(member.object(), message)
                    .at(format!("metadata.annotations[{}]", annotation::INBOUND_CIDRS.key()))
                    .hint(format!("name IPv4 ranges, or set {}: dualstack", annotation::IP_ADDRESS_TYPE.key()));
                warnings.push(warning);
            }
        }
    }
    warnings
}

/// A name is for creation only; one that is given later is told.
fn other_name(deciding: Deciding<'_>) -> Vec<Problem> {
    let (Some(wanted), Some(live)) = (&deciding.group.merged.name, deciding.live) else { return Vec::new() };
    if live.name == *wanted {
        return Vec::new();
    }
    let says = deciding.group.heard.iter().find(|member| member.settings.name.is_some());
    let warning =
        Problem::general(format!("the load balancer exists already, with the name {:?}, and keeps it", live.name));
    let warning =
        warning.at(format!("metadata.annotations[{}]", annotation::LOAD_BALANCER_NAME.key())).value(wanted.clone());
    vec![Problem { object: says.map(|member| member.object()), ..warning }]
}
