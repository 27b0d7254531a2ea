//! Protocols of listeners, target groups and health checks, and which go together.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::not_modelled;
use crate::wire::ApiError;

/// The protocol of a listener, a target group or a health check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Protocol {
    Http,
    Https,
    Tcp,
    Tls,
    Udp,
    TcpUdp,
    Geneve,
    Quic,
    TcpQuic,
}

/// Which kind of load balancer something is, or is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Family {
    Application,
    Network,
}

impl Family {
    /// The part of an ARN that says the kind.
    pub(crate) fn in_arn(self) -> &'static str {
        match self {
            Self::Application => "app",
            Self::Network => "net",
        }
    }

    /// As AWS's texts have it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Application => "application",
            Self::Network => "network",
        }
    }
}

impl Protocol {
    /// The family of a target group of this protocol.
    pub(crate) fn family(self) -> Result<Family, ApiError> {
        match self {
            Self::Http | Self::Https => Ok(Family::Application),
            Self::Tcp | Self::Tls | Self::Udp | Self::TcpUdp | Self::Quic | Self::TcpQuic => Ok(Family::Network),
            Self::Geneve => Err(not_modelled("the protocol GENEVE, which is for gateway load balancers")),
        }
    }

    /// Whether connections may be plain UDP.
    pub(crate) fn carries_udp(self) -> bool {
        matches!(self, Self::Udp | Self::TcpUdp)
    }

    /// Whether connections may be QUIC, so that targets have server ids.
    pub(crate) fn carries_quic(self) -> bool {
        matches!(self, Self::Quic | Self::TcpQuic)
    }

    /// Whether the protocol is HTTP or HTTPS, so that a health check has a path and a matcher.
    pub(crate) fn is_http(self) -> bool {
        matches!(self, Self::Http | Self::Https)
    }

    /// Whether a listener of this protocol ends TLS, so that it has certificates and a security policy.
    pub(crate) fn is_secure(self) -> bool {
        matches!(self, Self::Https | Self::Tls)
    }

    /// Whether a listener of this protocol may forward to a group of that protocol.
    ///
    /// Source: Network Load Balancer guide, "Routing configuration" of target groups and "Listener configuration";
    /// Application Load Balancer guide, "Routing configuration".
    pub(crate) fn may_forward_to(self, group: Self) -> bool {
        matches!(
            (self, group),
            (Self::Tcp, Self::Tcp | Self::TcpUdp)
                | (Self::Tls, Self::Tcp | Self::Tls)
                | (Self::Udp, Self::Udp | Self::TcpUdp)
                | (Self::TcpUdp, Self::TcpUdp)
                | (Self::Quic, Self::Quic | Self::TcpQuic)
                | (Self::TcpQuic, Self::TcpQuic)
                | (Self::Http | Self::Https, Self::Http | Self::Https)
        )
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "HTTP",
            Self::Https => "HTTPS",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
            Self::Udp => "UDP",
            Self::TcpUdp => "TCP_UDP",
            Self::Geneve => "GENEVE",
            Self::Quic => "QUIC",
            Self::TcpQuic => "TCP_QUIC",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Protocol::{Http, Https, Quic, Tcp, TcpQuic, TcpUdp, Tls, Udp};

    #[test]
    fn a_listener_forwards_to_the_groups_that_the_guides_list() {
        let groups = [Tcp, Tls, Udp, TcpUdp, Quic, TcpQuic, Http, Https];
        let cases = [
            (Tcp, vec![Tcp, TcpUdp]),
            (Tls, vec![Tcp, Tls]),
            (Udp, vec![Udp, TcpUdp]),
            (TcpUdp, vec![TcpUdp]),
            (Quic, vec![Quic, TcpQuic]),
            (TcpQuic, vec![TcpQuic]),
            (Http, vec![Http, Https]),
            (Https, vec![Http, Https]),
        ];
        for (listener, expected) in cases {
            let allowed = groups.into_iter().filter(|group| listener.may_forward_to(*group)).collect::<Vec<_>>();
            assert_eq!(allowed, expected, "{listener}");
        }
    }
}
