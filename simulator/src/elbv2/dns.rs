//! Host names of network load balancers and the hosted zones that they are in.

/// Hosted zones of network load balancers' names, by Region.
/// Source: AWS General Reference, "Elastic Load Balancing endpoints and quotas".
const HOSTED_ZONES: &[(&str, &str)] = &[
    ("af-south-1", "Z203XCE67M25HM"),
    ("ap-east-1", "Z12Y7K3UBGUAD1"),
    ("ap-northeast-1", "Z31USIVHYNEOWT"),
    ("ap-northeast-2", "ZIBE1TIR4HY56"),
    ("ap-northeast-3", "Z1GWIQ4HH19I5X"),
    ("ap-south-1", "ZVDDRBQ08TROA"),
    ("ap-southeast-1", "ZKVM4W9LS7TM"),
    ("ap-southeast-2", "ZCT6FZBF4DROD"),
    ("ca-central-1", "Z2EPGBW3API2WT"),
    ("eu-central-1", "Z3F0SRJ5LGBH90"),
    ("eu-north-1", "Z1UDT6IFJ4EJM"),
    ("eu-south-1", "Z23146JA1KNAFP"),
    ("eu-west-1", "Z2IFOLAFXWLO4F"),
    ("eu-west-2", "ZD4D7Y8KGAS4G"),
    ("eu-west-3", "Z1CMS0P5QUZ6D5"),
    ("me-south-1", "Z3QSRYVP46NYYV"),
    ("sa-east-1", "ZTK26PT1VY4CU"),
    ("us-east-1", "Z26RNL4JYFTOTI"),
    ("us-east-2", "ZLMOA37VPKANP"),
    ("us-west-1", "Z24FKFUX50B4VW"),
    ("us-west-2", "Z18D5FSROUN65G"),
];

/// The host name of a network load balancer.
pub(super) fn dns_name(name: &str, id: &str, region: &str) -> String {
    format!("{name}-{id}.elb.{region}.amazonaws.com")
}

/// The hosted zone of a Region's network load balancers; a placeholder where AWS's is not known here.
pub(super) fn hosted_zone(region: &str) -> String {
    let known = HOSTED_ZONES.iter().find(|(name, _)| *name == region);
    known.map_or("Z00000000000000000000", |(_, zone)| zone).to_owned()
}
