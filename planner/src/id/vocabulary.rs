//! The enumerations of AWS that we speak, by their own words.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

macro_rules! text_enum {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            /// Every value, in the order of the AWS reference.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The value as AWS spells it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownValue;

            fn from_str(text: &str) -> Result<Self, UnknownValue> {
                Self::ALL.iter().copied().find(|value| value.as_str() == text).ok_or_else(|| UnknownValue {
                    value: text.to_owned(),
                    allowed: Self::ALL.iter().map(|value| value.as_str()).collect(),
                })
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    )*};
}

/// A text that is none of an enumeration's values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{value:?} is none of {}", .allowed.join(", "))]
pub struct UnknownValue {
    /// The text.
    pub value: String,
    /// The values that are allowed.
    pub allowed: Vec<&'static str>,
}

text_enum! {
    /// Whether a load balancer has public addresses.
    Scheme {
        /// Private addresses only.
        Internal = "internal",
        /// Public addresses.
        InternetFacing = "internet-facing",
    }
    /// What a target group's targets are.
    TargetType {
        /// Instances, reached on a node port.
        Instance = "instance",
        /// Addresses, reached on the pod's own port.
        Ip = "ip",
    }
    /// The kind of a load balancer.
    LoadBalancerType {
        /// An Application Load Balancer.
        Application = "application",
        /// A Network Load Balancer.
        Network = "network",
    }
    /// The address type of a load balancer.
    IpAddressType {
        /// IPv4 only.
        Ipv4 = "ipv4",
        /// IPv4 and IPv6.
        Dualstack = "dualstack",
        /// IPv4 and IPv6, without public IPv4 addresses (Application Load Balancers).
        DualstackWithoutPublicIpv4 = "dualstack-without-public-ipv4",
    }
    /// The address family of a target group's targets.
    TargetIpAddressType {
        /// IPv4.
        Ipv4 = "ipv4",
        /// IPv6.
        Ipv6 = "ipv6",
    }
    /// The protocol of a listener or a target group.
    Protocol {
        /// TCP.
        Tcp = "TCP",
        /// TLS, ended at the load balancer.
        Tls = "TLS",
        /// UDP.
        Udp = "UDP",
        /// TCP and UDP on one port.
        TcpUdp = "TCP_UDP",
        /// QUIC.
        Quic = "QUIC",
        /// TCP and QUIC on one port.
        TcpQuic = "TCP_QUIC",
        /// HTTP (ALB).
        Http = "HTTP",
        /// HTTPS (ALB).
        Https = "HTTPS",
    }
    /// How an Application Load Balancer speaks to its targets.
    ProtocolVersion {
        /// HTTP/1.1.
        Http1 = "HTTP1",
        /// HTTP/2.
        Http2 = "HTTP2",
        /// gRPC.
        Grpc = "GRPC",
    }
    /// The status code of a redirect.
    RedirectStatusCode {
        /// For ever.
        Http301 = "HTTP_301",
        /// For now.
        Http302 = "HTTP_302",
    }
    /// The protocol of a health check.
    HealthCheckProtocol {
        /// A TCP connection.
        Tcp = "TCP",
        /// An HTTP request.
        Http = "HTTP",
        /// An HTTPS request.
        Https = "HTTPS",
    }
    /// The protocol of a security group's rule, as EC2 spells it.
    IpProtocol {
        /// TCP.
        Tcp = "tcp",
        /// UDP.
        Udp = "udp",
    }
}
