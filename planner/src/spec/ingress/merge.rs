//! What the members of a group ask of the load balancer together (`ingress-alb.md` §2.5). Of two that disagree the younger
//! one is set aside; LBC stops the whole group.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use ipnet::IpNet;

use super::member::Member;
use super::ports::ListenerSettings;
use super::settings::{LoadBalancerSettings, SecurityGroupName, Subnets, disagreement};
use crate::id::{IpAddressType, ObjectName, Protocol, Scheme};
use crate::model::Pairs;
use crate::problem::Problem;
use crate::spec::annotation::Annotation;
use crate::spec::annotation::ingress as annotation;
use crate::spec::service::SubnetName;

/// What the members ask for together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Merged {
    /// The name that is asked for.
    pub name: Option<String>,
    /// The scheme that is asked for.
    pub scheme: Option<Scheme>,
    /// The address type that is asked for.
    pub ip_address_type: Option<IpAddressType>,
    /// The subnets that are asked for.
    pub subnets: Option<Subnets>,
    /// The member that names them.
    pub subnets_of: Option<ObjectName>,
    /// The security groups that are asked for; none, or an empty list: one is made.
    pub security_groups: Option<Vec<SecurityGroupName>>,
    /// The member that names them.
    pub security_groups_of: Option<ObjectName>,
    /// Whether the rules towards the targets are managed where the security groups are given.
    pub manage_backend_rules: Option<bool>,
    /// Attributes of the load balancer.
    pub attributes: Pairs,
    /// Tags of the load balancer and of its security group.
    pub tags: Pairs,
    /// The HTTPS port that HTTP listeners redirect to.
    pub ssl_redirect: Option<u16>,
    /// The listeners.
    pub listeners: BTreeMap<u16, MergedListener>,
}

/// A listener as its members ask for it.
#[derive(Debug, Clone, PartialEq)]
pub struct MergedListener {
    /// HTTP or HTTPS.
    pub protocol: Protocol,
    /// The security policy that is asked for.
    pub ssl_policy: Option<String>,
    /// Who may reach it; `None`: everyone.
    pub inbound_cidrs: Option<Vec<IpNet>>,
    /// Prefix lists that may reach it; with them, and no ranges, nobody else may.
    pub prefix_lists: Option<Vec<String>>,
    /// Its attributes.
    pub attributes: Pairs,
    /// The tags of the members that listen there.
    pub tags: Pairs,
}

/// Members with what they ask for together, and what those are told that were left out.
pub(super) struct Merge<'a> {
    taken: BTreeSet<&'a ObjectName>,
    pub(super) conflicts: BTreeMap<&'a ObjectName, Vec<Problem>>,
}

impl<'a> Merge<'a> {
    /// Takes members, the oldest first, as long as they agree with those taken before. `members` are in group order.
    pub(super) fn of(members: &[&'a Member]) -> Self {
        let mut by_age = members.to_vec();
        // Those that no API server has seen yet are the youngest. The sort is stable: of one age the group's order decides.
        by_age.sort_by_key(|member| (member.created.is_none(), member.created));
        let first = members.first().map(|member| &member.settings);
        let given =
            |member: &&Member| member.settings.security_groups.as_ref().is_some_and(|groups| !groups.is_empty());
        let mut seen = Seen {
            fixed: first.map(|first| &first.class_attributes),
            groups_given: members.iter().any(given),
            ..Seen::default()
        };
        // The class of the first Ingress in the group's order, not of the oldest one.
        for (port, listener) in members.iter().flat_map(|member| &member.settings.listeners) {
            seen.ports.entry(*port).or_default().fixed.get_or_insert(&listener.class_attributes);
        }
        let mut merge = Self { taken: BTreeSet::new(), conflicts: BTreeMap::new() };
        for member in by_age {
            let conflicts = seen.conflicts(&member.settings);
            if conflicts.is_empty() {
                merge.taken.insert(&member.name);
                seen.take(member);
            } else {
                let object = Some(member.object());
                let told = conflicts.into_iter().map(|problem| Problem { object: object.clone(), ..problem });
                merge.conflicts.insert(&member.name, told.collect());
            }
        }
        merge
    }

    /// What those that were taken ask for together.
    pub(super) fn merged(&self, members: &[&'a Member]) -> Merged {
        let mut merged = Merged::default();
        for member in members.iter().filter(|member| self.taken.contains(&member.name)) {
            let LoadBalancerSettings {
                name,
                scheme,
                ip_address_type,
                subnets,
                security_groups,
                manage_backend_rules,
                attributes,
                class_attributes: _,
                tags,
                ssl_redirect,
                listeners,
            } = &member.settings;
            fill(&mut merged.name, name);
            fill(&mut merged.scheme, scheme);
            fill(&mut merged.ip_address_type, ip_address_type);
            if fill(&mut merged.subnets, subnets) {
                merged.subnets_of = Some(member.name.clone());
            }
            if fill(&mut merged.security_groups, security_groups) {
                merged.security_groups_of = Some(member.name.clone());
            }
            fill(&mut merged.manage_backend_rules, manage_backend_rules);
            fill(&mut merged.ssl_redirect, ssl_redirect);
            union(&mut merged.attributes, attributes);
            union(&mut merged.tags, tags);
            for (port, listener) in listeners {
                merged.take_listener(*port, listener, tags);
            }
        }
        // The class of the first member alone; it comes before all annotations.
        if let Some(first) = members.first() {
            let of_class = &first.settings.class_attributes;
            merged.attributes.extend(of_class.iter().map(|(key, value)| (key.clone(), value.clone())));
        }
        merged
    }
}

impl Merged {
    fn take_listener(&mut self, port: u16, listener: &ListenerSettings, tags: &Pairs) {
        let ListenerSettings {
            protocol,
            certificates: _,
            ssl_policy,
            inbound_cidrs,
            prefix_lists,
            attributes,
            class_attributes,
        } = listener;
        let merged = self.listeners.entry(port).or_insert_with(|| MergedListener {
            protocol: *protocol,
            ssl_policy: None,
            inbound_cidrs: None,
            prefix_lists: None,
            // The class of the first member that listens here alone; it comes before all annotations.
            attributes: class_attributes.clone(),
            tags: Pairs::new(),
        });
        fill(&mut merged.ssl_policy, ssl_policy);
        fill(&mut merged.inbound_cidrs, inbound_cidrs);
        fill(&mut merged.prefix_lists, prefix_lists);
        union(&mut merged.attributes, attributes);
        union(&mut merged.tags, tags);
    }
}

/// Takes a value where there is none yet.
fn fill<T: Clone>(slot: &mut Option<T>, value: &Option<T>) -> bool {
    let fills = slot.is_none() && value.is_some();
    if fills {
        slot.clone_from(value);
    }
    fills
}

fn union(all: &mut Pairs, more: &Pairs) {
    for (key, value) in more {
        all.entry(key.clone()).or_insert_with(|| value.clone());
    }
}

/// A value and the member that it is from.
type Said<'a, T> = Option<(&'a T, &'a ObjectName)>;

/// What was said so far, and by whom.
#[derive(Default)]
struct Seen<'a> {
    /// Attributes that a class fixes: what annotations say of them does not matter.
    fixed: Option<&'a Pairs>,
    /// Whether any member names security groups: only then it matters whether the rules towards the targets are managed.
    groups_given: bool,
    name: Said<'a, String>,
    scheme: Said<'a, Scheme>,
    ip_address_type: Said<'a, IpAddressType>,
    subnets: Said<'a, Subnets>,
    security_groups: Said<'a, Vec<SecurityGroupName>>,
    manage_backend_rules: Said<'a, bool>,
    ssl_redirect: Said<'a, u16>,
    attributes: BTreeMap<&'a str, (&'a String, &'a ObjectName)>,
    tags: BTreeMap<&'a str, (&'a String, &'a ObjectName)>,
    ports: BTreeMap<u16, SeenPort<'a>>,
}

#[derive(Default)]
struct SeenPort<'a> {
    protocol: Said<'a, Protocol>,
    ssl_policy: Said<'a, String>,
    inbound_cidrs: Said<'a, Vec<IpNet>>,
    prefix_lists: Said<'a, Vec<String>>,
    attributes: BTreeMap<&'a str, (&'a String, &'a ObjectName)>,
    fixed: Option<&'a Pairs>,
}

impl<'a> Seen<'a> {
    fn conflicts(&self, settings: &LoadBalancerSettings) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut note = |problem: Option<Problem>| problems.extend(problem);
        note(differs(self.name, settings.name.as_ref(), &annotation::LOAD_BALANCER_NAME));
        note(differs(self.scheme, settings.scheme.as_ref(), &annotation::SCHEME));
        note(differs(self.ip_address_type, settings.ip_address_type.as_ref(), &annotation::IP_ADDRESS_TYPE));
        let manages = settings.manage_backend_rules.as_ref().filter(|_| self.groups_given);
        note(differs(self.manage_backend_rules, manages, &annotation::MANAGE_BACKEND_RULES));
        note(differs(self.ssl_redirect, settings.ssl_redirect.as_ref(), &annotation::SSL_REDIRECT));
        note(unlike(self.subnets, settings.subnets.as_ref(), same_subnets, &annotation::SUBNETS, subnets_text));
        note(unlike(
            self.security_groups,
            settings.security_groups.as_ref(),
            |one, other| one == other,
            &annotation::SECURITY_GROUPS,
            |groups| groups.iter().map(group_text).collect::<Vec<_>>().join(","),
        ));
        problems.extend(pairs_differ(
            &self.attributes,
            &settings.attributes,
            self.fixed,
            &annotation::LOAD_BALANCER_ATTRIBUTES,
        ));
        problems.extend(pairs_differ(&self.tags, &settings.tags, None, &annotation::TAGS));
        for (port, listener) in &settings.listeners {
            if let Some(seen) = self.ports.get(port) {
                problems.extend(seen.conflicts(*port, listener));
            }
        }
        problems
    }

    fn take(&mut self, member: &'a Member) {
        let (settings, name) = (&member.settings, &member.name);
        say(&mut self.name, settings.name.as_ref(), name);
        say(&mut self.scheme, settings.scheme.as_ref(), name);
        say(&mut self.ip_address_type, settings.ip_address_type.as_ref(), name);
        say(&mut self.subnets, settings.subnets.as_ref(), name);
        say(&mut self.security_groups, settings.security_groups.as_ref(), name);
        say(&mut self.manage_backend_rules, settings.manage_backend_rules.as_ref(), name);
        say(&mut self.ssl_redirect, settings.ssl_redirect.as_ref(), name);
        say_pairs(&mut self.attributes, &settings.attributes, name);
        say_pairs(&mut self.tags, &settings.tags, name);
        for (port, listener) in &settings.listeners {
            let seen = self.ports.entry(*port).or_default();
            say(&mut seen.protocol, Some(&listener.protocol), name);
            say(&mut seen.ssl_policy, listener.ssl_policy.as_ref(), name);
            say(&mut seen.inbound_cidrs, listener.inbound_cidrs.as_ref(), name);
            say(&mut seen.prefix_lists, listener.prefix_lists.as_ref(), name);
            say_pairs(&mut seen.attributes, &listener.attributes, name);
        }
    }
}

impl SeenPort<'_> {
    fn conflicts(&self, port: u16, listener: &ListenerSettings) -> Vec<Problem> {
        let mut problems = Vec::new();
        let on_port = |problem: Problem| Problem { message: format!("port {port}: {}", problem.message), ..problem };
        problems.extend(differs(self.protocol, Some(&listener.protocol), &annotation::LISTEN_PORTS));
        problems.extend(differs(self.ssl_policy, listener.ssl_policy.as_ref(), &annotation::SSL_POLICY));
        problems.extend(unlike(
            self.inbound_cidrs,
            listener.inbound_cidrs.as_ref(),
            |one, other| one == other,
            &annotation::INBOUND_CIDRS,
            |cidrs| cidrs.iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
        ));
        problems.extend(unlike(
            self.prefix_lists,
            listener.prefix_lists.as_ref(),
            |one, other| one == other,
            &annotation::PREFIX_LISTS,
            |lists| lists.join(","),
        ));
        let field =
            format!("metadata.annotations[{}.{}-{port}]", annotation::LISTENER_ATTRIBUTES.key(), listener.protocol);
        let attributes =
            pairs_differ(&self.attributes, &listener.attributes, self.fixed, &annotation::LISTENER_ATTRIBUTES);
        problems.extend(attributes.into_iter().map(|problem| problem.at(field.clone())));
        problems.into_iter().map(on_port).collect()
    }
}

fn say<'a, T>(slot: &mut Said<'a, T>, value: Option<&'a T>, name: &'a ObjectName) {
    if slot.is_none() {
        *slot = value.map(|value| (value, name));
    }
}

fn say_pairs<'a>(seen: &mut BTreeMap<&'a str, (&'a String, &'a ObjectName)>, pairs: &'a Pairs, name: &'a ObjectName) {
    for (key, value) in pairs {
        seen.entry(key).or_insert((value, name));
    }
}

fn differs<T: PartialEq + Display>(
    seen: Said<'_, T>,
    value: Option<&T>,
    annotation: &'static Annotation,
) -> Option<Problem> {
    unlike(seen, value, |one, other| one == other, annotation, ToString::to_string)
}

fn unlike<T>(
    seen: Said<'_, T>,
    value: Option<&T>,
    same: impl Fn(&T, &T) -> bool,
    annotation: &'static Annotation,
    text: impl Fn(&T) -> String,
) -> Option<Problem> {
    let ((other, owner), value) = (seen?, value?);
    let differs = !same(other, value);
    differs.then(|| disagreement(annotation, text(value), &format!("Ingress {owner}"), text(other)))
}

fn pairs_differ(
    seen: &BTreeMap<&str, (&String, &ObjectName)>,
    pairs: &Pairs,
    fixed: Option<&Pairs>,
    annotation: &'static Annotation,
) -> Vec<Problem> {
    let is_fixed = |key: &String| fixed.is_some_and(|fixed| fixed.contains_key(key));
    let pair = |(key, value): (&String, &String)| {
        let (other, owner) = seen.get(key.as_str()).filter(|_| !is_fixed(key))?;
        let differs = *other != value;
        let said = format!("{key}={other}");
        differs.then(|| disagreement(annotation, format!("{key}={value}"), &format!("Ingress {owner}"), said))
    };
    pairs.iter().filter_map(pair).collect()
}

/// The order of annotated names means nothing between members; a class's selector must be the same to the letter.
fn same_subnets(one: &Subnets, other: &Subnets) -> bool {
    match (one, other) {
        (Subnets::Named(one), Subnets::Named(other)) => {
            let sorted = |names: &[SubnetName]| {
                let mut texts = names.iter().map(subnet_text).collect::<Vec<_>>();
                texts.sort();
                texts
            };
            sorted(one) == sorted(other)
        }
        _ => one == other,
    }
}

fn subnets_text(subnets: &Subnets) -> String {
    match subnets {
        Subnets::Named(names) | Subnets::OfClass(names) => names.iter().map(subnet_text).collect::<Vec<_>>().join(","),
        Subnets::Tagged(tags) => {
            tags.iter().map(|(key, values)| format!("{key} in {}", values.join("|"))).collect::<Vec<_>>().join(",")
        }
    }
}

fn subnet_text(name: &SubnetName) -> String {
    match name {
        SubnetName::Id(id) => id.to_string(),
        SubnetName::NameTag(name) => name.clone(),
    }
}

fn group_text(name: &SecurityGroupName) -> String {
    match name {
        SecurityGroupName::Id(id) => id.to_string(),
        SecurityGroupName::NameTag(name) => name.clone(),
    }
}
