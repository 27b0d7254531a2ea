//! Host names of load balancers and the hosted zones that they are in.

use super::load_balancers::Scheme;
use super::protocol::Family;

/// Hosted zones of load balancers' names, by Region: of application load balancers, of network load balancers.
/// Source: AWS General Reference, "Elastic Load Balancing endpoints and quotas".
const HOSTED_ZONES: &[(&str, &str, &str)] = &[
    ("af-south-1", "Z268VQBMOI5EKX", "Z203XCE67M25HM"),
    ("ap-east-1", "Z3DQVH9N71FHZ0", "Z12Y7K3UBGUAD1"),
    ("ap-northeast-1", "Z14GRHDCWA56QT", "Z31USIVHYNEOWT"),
    ("ap-northeast-2", "ZWKZPGTI48KDX", "ZIBE1TIR4HY56"),
    ("ap-northeast-3", "Z5LXEXXYW11ES", "Z1GWIQ4HH19I5X"),
    ("ap-south-1", "ZP97RAFLXTNZK", "ZVDDRBQ08TROA"),
    ("ap-southeast-1", "Z1LMS91P8CMLE5", "ZKVM4W9LS7TM"),
    ("ap-southeast-2", "Z1GM3OXH4ZPM65", "ZCT6FZBF4DROD"),
    ("ca-central-1", "ZQSVJUPU6J1EY", "Z2EPGBW3API2WT"),
    ("eu-central-1", "Z215JYRZR1TBD5", "Z3F0SRJ5LGBH90"),
    ("eu-north-1", "Z23TAZ6LKFMNIO", "Z1UDT6IFJ4EJM"),
    ("eu-south-1", "Z3ULH7SSC9OV64", "Z23146JA1KNAFP"),
    ("eu-west-1", "Z32O12XQLNTSW2", "Z2IFOLAFXWLO4F"),
    ("eu-west-2", "ZHURV8PSTC4K8", "ZD4D7Y8KGAS4G"),
    ("eu-west-3", "Z3Q77PNBQS71R4", "Z1CMS0P5QUZ6D5"),
    ("me-south-1", "ZS929ML54UICD", "Z3QSRYVP46NYYV"),
    ("sa-east-1", "Z2P70J7HTTTPLU", "ZTK26PT1VY4CU"),
    ("us-east-1", "Z35SXDOTRQ7X7K", "Z26RNL4JYFTOTI"),
    ("us-east-2", "Z3AADJGX6KTTL2", "ZLMOA37VPKANP"),
    ("us-west-1", "Z368ELLRRE2KJ0", "Z24FKFUX50B4VW"),
    ("us-west-2", "Z1H1FL5HABSF5", "Z18D5FSROUN65G"),
];

/// The host name of a load balancer. An application load balancer's ends in a number, which its id gives here.
pub(super) fn dns_name(family: Family, scheme: Scheme, name: &str, id: &str, region: &str) -> String {
    match family {
        Family::Network => format!("{name}-{id}.elb.{region}.amazonaws.com"),
        Family::Application => {
            let prefix = if scheme == Scheme::Internal { "internal-" } else { "" };
            let number = u64::from_str_radix(id, 16).unwrap_or_default() % 10_000_000_000;
            format!("{prefix}{name}-{number}.{region}.elb.amazonaws.com")
        }
    }
}

/// The hosted zone of a Region's load balancers; a placeholder where AWS's is not known here.
pub(super) fn hosted_zone(family: Family, region: &str) -> String {
    let known = HOSTED_ZONES.iter().find(|(name, ..)| *name == region);
    let zone = known.map_or("Z00000000000000000000", |(_, application, network)| match family {
        Family::Application => application,
        Family::Network => network,
    });
    zone.to_owned()
}
