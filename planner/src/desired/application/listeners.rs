//! Listeners with their default actions (`ingress-alb.md` §6).

use super::certificates::{self, Discovered};
use super::{Culprits, Deciding, Listeners, blame, redirects, rules};
use crate::desired::{Listener, Origin};
use crate::id::{Protocol, RedirectStatusCode};
use crate::model::{Action, Redirect};
use crate::problem::Problem;
use crate::spec::annotation::ingress as annotation;
use crate::spec::ingress::{Member, MergedListener};

/// Decides the listeners of a group.
pub(super) fn decide(deciding: Deciding<'_>, discovered: &Discovered<'_>, culprits: &mut Culprits) -> Listeners {
    let mut all = Listeners::default();
    let redirect = ssl_redirect(deciding, culprits);
    for (port, merged) in &deciding.group.merged.listeners {
        // Where only members listen that are set aside, what there is stays as it is.
        if deciding.listening(*port).next().is_none() {
            continue;
        }
        // A guess is for what is not known: where nothing redirects nobody may have asked for it.
        let is_guess = deciding.group.merged.ssl_redirect.is_none();
        let redirects = deciding.live.is_some_and(|live| live.redirecting_ports.contains(port));
        let redirect = redirect.filter(|_| merged.protocol == Protocol::Http && (redirects || !is_guess));
        let listener = listener(deciding, *port, merged, redirect, discovered, culprits, &mut all);
        all.listeners.insert(*port, listener);
    }
    rules::limit(deciding, &mut all, culprits);
    all
}

/// The port that HTTP listeners redirect to; it must be one of the group's HTTPS listeners.
fn ssl_redirect(deciding: Deciding<'_>, culprits: &mut Culprits) -> Option<u16> {
    let listeners = &deciding.group.merged.listeners;
    let is_https = |port: &u16| listeners.get(port).is_some_and(|listener| listener.protocol == Protocol::Https);
    let mut https = listeners.keys().copied().filter(is_https);
    let Some(port) = deciding.group.merged.ssl_redirect else {
        // What a member that cannot be read asked for may be a redirect: plain text would be the worse guess.
        return if deciding.is_unknown() { https.next() } else { None };
    };
    if is_https(&port) {
        return Some(port);
    }
    let ports = https.map(|port| port.to_string()).collect::<Vec<_>>().join(", ");
    let hint = match ports.as_str() {
        "" => format!("give the Ingress an HTTPS listener with {}", annotation::LISTEN_PORTS.key()),
        ports => format!("the HTTPS listeners are {ports}"),
    };
    for member in deciding.group.good.iter().filter(|member| member.settings.ssl_redirect == Some(port)) {
        let problem = Problem::general("the load balancer has no HTTPS listener on this port")
            .at(format!("metadata.annotations[{}]", annotation::SSL_REDIRECT.key()))
            .value(port.to_string())
            .hint(hint.clone());
        blame(culprits, member, problem);
    }
    None
}

fn listener(
    deciding: Deciding<'_>,
    port: u16,
    merged: &MergedListener,
    redirect: Option<u16>,
    discovered: &Discovered<'_>,
    culprits: &mut Culprits,
    all: &mut Listeners,
) -> Listener {
    let MergedListener { protocol, ssl_policy, inbound_cidrs: _, prefix_lists: _, attributes, tags } = merged;
    let https = *protocol == Protocol::Https;
    let certificates = if https { certificates(deciding, port, discovered, culprits) } else { Vec::new() };
    let default_policy = Some(&deciding.spec.settings.default_ssl_policy).filter(|_| !deciding.is_unknown());
    let mut listener = Listener {
        protocol: *protocol,
        default_actions: vec![Action::not_found()],
        default_origin: None,
        ssl_policy: ssl_policy.as_ref().or(default_policy).filter(|_| https).cloned(),
        certificates,
        attributes: attributes.clone(),
        rules: Vec::new(),
        tags: deciding.listener_tags(tags, &port.to_string()),
    };
    if let Some(https_port) = redirect {
        listener.default_actions = vec![to_https(https_port)];
        listener.default_origin = origin_of_redirect(deciding);
        all.routes.push(format!("client → ALB:{port} → redirect to HTTPS:{https_port}"));
        return listener;
    }
    rules::decide(deciding, port, &mut listener, culprits, all);
    default_backend(deciding, port, &mut listener, culprits, all);
    listener
}

/// An HTTPS listener needs a certificate; LBC leaves it to AWS to say so.
fn certificates(
    deciding: Deciding<'_>,
    port: u16,
    discovered: &Discovered<'_>,
    culprits: &mut Culprits,
) -> Vec<crate::id::CertificateArn> {
    let listening =
        deciding.group.heard.iter().filter_map(|member| Some((*member, member.settings.listeners.get(&port)?)));
    let certificates = certificates::of_listener(listening, discovered);
    if certificates.is_empty() {
        for member in deciding.listening(port).filter(|member| !culprits.contains_key(&member.name)).collect::<Vec<_>>()
        {
            let problem = Problem::general(format!("the HTTPS listener on port {port} has no certificate"))
                .at(format!("metadata.annotations[{}]", annotation::LISTEN_PORTS.key()))
                .hint(format!(
                    "name one with {}, or give the rules hosts that ACM has certificates for",
                    annotation::CERTIFICATE_ARN.key()
                ));
            blame(culprits, member, problem);
        }
    }
    certificates
}

/// At most one Ingress of a port may say what is done with requests that no rule takes.
fn default_backend(
    deciding: Deciding<'_>,
    port: u16,
    listener: &mut Listener,
    culprits: &mut Culprits,
    all: &mut Listeners,
) {
    let asking = deciding.listening(port).filter(|member| member.rules.default_action.is_some()).collect::<Vec<_>>();
    let Some(oldest) = asking.iter().copied().min_by_key(|member| age(member)) else { return };
    for member in asking.iter().filter(|member| member.name != oldest.name) {
        let message = format!("Ingress {} already has the default backend of port {port}", oldest.name);
        let problem = Problem::general(message).at("spec.defaultBackend");
        blame(culprits, member, problem.hint("only one Ingress of a load balancer's port can have one"));
    }
    if let Some(action) = &oldest.rules.default_action {
        all.warnings.extend(rules::unfit_version(oldest, action, (port, listener.protocol), "spec.defaultBackend"));
        let performed = rules::action(deciding, action, all);
        if let Some(problem) = redirects::refused(&performed, port, listener.protocol) {
            blame(culprits, oldest, problem.at("spec.defaultBackend"));
        }
        listener.default_actions = vec![performed];
        listener.default_origin = Some(Origin { object: oldest.object(), field: "spec.defaultBackend".to_owned() });
        all.routes.push(rules::route(deciding, oldest, port, "", action));
    }
}

fn age(member: &Member) -> impl Ord + use<> {
    (member.created.is_none(), member.created, member.order, member.name.clone())
}

fn origin_of_redirect(deciding: Deciding<'_>) -> Option<Origin> {
    let member = deciding.group.heard.iter().find(|member| member.settings.ssl_redirect.is_some())?;
    let field = format!("metadata.annotations[{}]", annotation::SSL_REDIRECT.key());
    Some(Origin { object: member.object(), field })
}

fn to_https(port: u16) -> Action {
    Action::Redirect(Redirect {
        protocol: Some("HTTPS".to_owned()),
        port: Some(port.to_string()),
        host: None,
        path: None,
        query: None,
        status_code: RedirectStatusCode::Http301,
    })
}
