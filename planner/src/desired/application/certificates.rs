//! Certificates of HTTPS listeners: those that are named, or those of ACM that are for the Ingress's hosts
//! (`ingress-alb.md` §6.3, §6.4).

use std::collections::{BTreeMap, BTreeSet};

use super::{Culprits, Deciding, blame};
use crate::facts::{Candidate, candidates};
use crate::id::{CertificateArn, ObjectName};
use crate::problem::Problem;
use crate::spec::annotation::ingress as annotation;
use crate::spec::ingress::{ListenerSettings, Member};

/// What was found by their hosts, by member.
pub(super) type Discovered<'a> = BTreeMap<&'a ObjectName, Vec<CertificateArn>>;

/// How many candidates a message names.
const CANDIDATES_SHOWN: usize = 5;

/// Finds the certificates of the members that name none. A host without one is its Ingress's problem.
pub(super) fn of_members<'a>(deciding: Deciding<'a>, culprits: &mut Culprits) -> Discovered<'a> {
    // Many Ingresses have the same hosts, and an account may have many certificates.
    let mut by_host = BTreeMap::new();
    let mut discovered = Discovered::new();
    for member in deciding.group.heard.iter().filter(|member| member.discovers_certificates()) {
        let mut arns = BTreeSet::new();
        for (host, field) in &member.hosts {
            let found = by_host.entry(host.as_str()).or_insert_with(|| of_host(deciding, host));
            match found {
                Ok(found) => arns.extend(found.iter().cloned()),
                Err(problem) => blame(culprits, member, problem.clone().at(field.clone())),
            }
        }
        discovered.insert(&member.name, arns.into_iter().collect());
    }
    discovered
}

/// All certificates that are for the host, or why none of them can be used.
fn of_host(deciding: Deciding<'_>, host: &str) -> Result<Vec<CertificateArn>, Problem> {
    let authorities = &deciding.spec.settings.allowed_certificate_authorities;
    let candidates = candidates(&deciding.facts.certificates, host, authorities);
    let usable = candidates.iter().filter(|candidate| candidate.dropped.is_none());
    let usable = usable.map(|candidate| candidate.certificate.arn.clone()).collect::<Vec<_>>();
    if usable.is_empty() { Err(missing(host, &candidates)) } else { Ok(usable) }
}

fn missing(host: &str, candidates: &[Candidate<'_>]) -> Problem {
    let mut message = "ACM has no certificate for this host that can be used".to_owned();
    let shown = candidates.iter().take(CANDIDATES_SHOWN).map(|candidate| {
        format!("{} ({})", candidate.certificate.arn, candidate.dropped.as_deref().unwrap_or_default())
    });
    let mut shown = shown.collect::<Vec<_>>();
    if candidates.len() > CANDIDATES_SHOWN {
        shown.push(format!("{} more", candidates.len() - CANDIDATES_SHOWN));
    }
    if !shown.is_empty() {
        message.push_str(&format!("; not {}", shown.join(", ")));
    }
    Problem::general(message).value(host).hint(format!(
        "have a certificate issued in ACM in the load balancer's Region, or name one with {}",
        annotation::CERTIFICATE_ARN.key()
    ))
}

/// The certificates of a listener: the first is the default, that of the first member that has any.
pub(super) fn of_listener<'a>(
    members: impl Iterator<Item = (&'a Member, &'a ListenerSettings)>,
    discovered: &Discovered<'_>,
) -> Vec<CertificateArn> {
    let mut all = Vec::new();
    let mut seen = BTreeSet::new();
    for (member, listener) in members {
        let of_member = match listener.certificates.as_slice() {
            [] => discovered.get(&member.name).map(Vec::as_slice).unwrap_or_default(),
            named => named,
        };
        all.extend(of_member.iter().filter(|arn| seen.insert((*arn).clone())).cloned());
    }
    all
}
