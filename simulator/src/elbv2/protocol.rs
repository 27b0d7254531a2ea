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

/// Which kind of load balancer a target group is for; its protocol decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Application,
    Network,
}

impl Protocol {
    /// The family of a target group of this protocol.
    pub(crate) fn family(self) -> Result<Family, ApiError> {
        match self {
            Self::Http | Self::Https => Ok(Family::Application),
            Self::Tcp | Self::Tls | Self::Udp | Self::TcpUdp => Ok(Family::Network),
            Self::Geneve | Self::Quic | Self::TcpQuic => Err(not_modelled(&format!("the protocol {self}"))),
        }
    }

    /// Whether connections may be UDP.
    pub(crate) fn carries_udp(self) -> bool {
        matches!(self, Self::Udp | Self::TcpUdp)
    }

    /// Whether the protocol is HTTP or HTTPS, so that a health check has a path and a matcher.
    pub(crate) fn is_http(self) -> bool {
        matches!(self, Self::Http | Self::Https)
    }

    /// Whether a network load balancer's listener of this protocol may forward to a group of that protocol.
    ///
    /// Source: Network Load Balancer guide, "Routing configuration" of target groups.
    pub(crate) fn may_forward_to(self, group: Self) -> bool {
        matches!(
            (self, group),
            (Self::Tcp, Self::Tcp | Self::TcpUdp)
                | (Self::Tls, Self::Tcp | Self::Tls)
                | (Self::Udp, Self::Udp | Self::TcpUdp)
                | (Self::TcpUdp, Self::TcpUdp)
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
    use super::Protocol::{Http, Tcp, TcpUdp, Tls, Udp};

    #[test]
    fn a_listener_forwards_to_the_groups_that_the_guide_lists() {
        let groups = [Tcp, Tls, Udp, TcpUdp, Http];
        let cases = [(Tcp, vec![Tcp, TcpUdp]), (Tls, vec![Tcp, Tls]), (Udp, vec![Udp, TcpUdp]), (TcpUdp, vec![TcpUdp])];
        for (listener, expected) in cases {
            let allowed = groups.into_iter().filter(|group| listener.may_forward_to(*group)).collect::<Vec<_>>();
            assert_eq!(allowed, expected, "{listener}");
        }
    }
}
