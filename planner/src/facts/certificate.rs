//! Certificates of ACM: which of them a host can use, and why the others cannot.

use crate::id::CertificateArn;

/// A certificate of the account in the Region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Its ARN.
    pub arn: CertificateArn,
    /// `ISSUED`, or why it cannot be used, as ACM spells it.
    pub status: String,
    /// Every name that it is for.
    pub domains: Vec<String>,
    /// The ARN of the private authority that issued it; `None` for Amazon's, for imported ones, and where nobody asked.
    pub authority: Option<String>,
}

/// A certificate that was thought of for a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate<'a> {
    /// The certificate.
    pub certificate: &'a Certificate,
    /// Why it is not used; `None`: it is.
    pub dropped: Option<String>,
}

/// The status of a certificate that listeners take.
const ISSUED: &str = "ISSUED";

impl Certificate {
    /// Whether one of its names covers the host (`ingress-alb.md` §6.4): `*.x.y` stands for exactly one label, and case
    /// counts.
    pub fn covers(&self, host: &str) -> bool {
        self.domains.iter().any(|domain| covers(domain, host))
    }
}

/// Every certificate that has to do with the host: one of its names covers it, or is for the same parent domain. In the order
/// of their ARNs. With authorities only theirs are taken.
pub fn candidates<'a>(
    certificates: &'a [Certificate],
    host: &str,
    authorities: &std::collections::BTreeSet<String>,
) -> Vec<Candidate<'a>> {
    let near = certificates.iter().filter(|certificate| certificate.domains.iter().any(|domain| is_near(domain, host)));
    let mut candidates = near
        .map(|certificate| Candidate { certificate, dropped: why_not(certificate, host, authorities) })
        .collect::<Vec<_>>();
    candidates.sort_by(|one, other| one.certificate.arn.cmp(&other.certificate.arn));
    candidates
}

fn why_not(certificate: &Certificate, host: &str, authorities: &std::collections::BTreeSet<String>) -> Option<String> {
    let Certificate { arn: _, status, domains, authority } = certificate;
    if !certificate.covers(host) {
        return Some(format!("it is for {} only", domains.join(", ")));
    }
    if status != ISSUED {
        return Some(format!("its status is {status}"));
    }
    if authorities.is_empty() || authority.as_ref().is_some_and(|authority| authorities.contains(authority)) {
        return None;
    }
    Some(match authority {
        Some(authority) => format!("its authority {authority} is not allowed"),
        None => "it is of no private authority, and only those of some are allowed".to_owned(),
    })
}

fn covers(domain: &str, host: &str) -> bool {
    match (domain.strip_prefix("*."), host.split_once('.')) {
        (Some(parent), Some((_, rest))) => parent == rest,
        _ => domain == host,
    }
}

/// Whether a name is for the host, for its parent or for another host beside it.
fn is_near(domain: &str, host: &str) -> bool {
    let parent = |name: &str| name.split_once('.').map(|(_, rest)| rest.to_lowercase());
    let (domain, host) = (domain.to_lowercase(), host.to_lowercase());
    domain == host
        || parent(&host).is_some_and(|of_host| parent(&domain).as_ref() == Some(&of_host) || domain == of_host)
        || host.strip_suffix(domain.strip_prefix("*.").unwrap_or(&domain)).is_some_and(|rest| rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn certificate(arn: &str, status: &str, domains: &[&str]) -> Certificate {
        let domains = domains.iter().map(|domain| (*domain).to_owned()).collect();
        Certificate { arn: CertificateArn::new(arn), status: status.to_owned(), domains, authority: None }
    }

    #[test]
    fn a_wildcard_stands_for_exactly_one_label() {
        for (domain, host, expected) in [
            ("a.example.com", "a.example.com", true),
            ("*.example.com", "a.example.com", true),
            ("*.example.com", "*.example.com", true),
            ("*.example.com", "example.com", false),
            ("*.example.com", "a.b.example.com", false),
            ("a.example.com", "A.example.com", false),
            ("*.example.com", "a.example.org", false),
        ] {
            assert_eq!(certificate("c", "ISSUED", &[domain]).covers(host), expected, "{domain} {host}");
        }
    }

    #[test]
    fn every_candidate_says_why_it_is_dropped() {
        let certificates = [
            certificate("d", "ISSUED", &["other.org"]),
            certificate("c", "ISSUED", &["*.example.com", "example.com"]),
            certificate("b", "EXPIRED", &["a.example.com"]),
            certificate("a", "ISSUED", &["b.example.com"]),
        ];
        let found = candidates(&certificates, "a.example.com", &BTreeSet::new());
        let told = found.iter().map(|one| (one.certificate.arn.as_str(), one.dropped.as_deref())).collect::<Vec<_>>();
        let expected = [("a", Some("it is for b.example.com only")), ("b", Some("its status is EXPIRED")), ("c", None)];
        assert_eq!(told, expected);
        let deep = candidates(&certificates, "x.a.example.com", &BTreeSet::new());
        let wildcard = deep.iter().find(|one| one.certificate.arn.as_str() == "c").unwrap();
        assert_eq!(wildcard.dropped.as_deref(), Some("it is for *.example.com, example.com only"));
    }

    #[test]
    fn only_allowed_authorities_count_when_there_are_any() {
        let of = |authority: Option<&str>| Certificate {
            authority: authority.map(str::to_owned),
            ..certificate("c", "ISSUED", &["a.example.com"])
        };
        let allowed = BTreeSet::from(["arn:ca-1".to_owned()]);
        for (authority, taken) in [(Some("arn:ca-1"), true), (Some("arn:ca-2"), false), (None, false)] {
            let certificates = [of(authority)];
            let found = candidates(&certificates, "a.example.com", &allowed);
            assert_eq!(found[0].dropped.is_none(), taken, "{authority:?}");
        }
    }
}
