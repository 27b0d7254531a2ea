//! The rules of security groups: AWS's `IpPermission` and the single rules that one stands for.

use ipnet::{Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};

use super::error::{invalid_parameter, missing};
use super::tags::Tags;
use crate::wire::ApiError;

/// AWS's limit on a description, of a rule and of a group, in characters.
pub(super) const MAX_DESCRIPTION: usize = 255;

/// One rule: which traffic, with whom.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    /// `sgr-…`
    pub(crate) id: String,
    pub(crate) direction: Direction,
    pub(crate) traffic: Traffic,
    pub(crate) peer: Peer,
    /// Not a part of a rule's identity.
    pub(crate) description: Option<String>,
    pub(crate) tags: Tags,
    pub(crate) peering: Peering,
}

impl Direction {
    /// Both of them.
    pub(super) const BOTH: [Direction; 2] = [Direction::Ingress, Direction::Egress];
}

/// Which way a rule lets traffic pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Ingress,
    Egress,
}

/// Protocol and ports, canonical.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Traffic {
    /// `tcp`, `udp`, `icmp`, `icmpv6`, `-1` for all, or a number.
    pub(crate) protocol: String,
    /// First and last port, or ICMP type and code; none where the protocol has none.
    pub(crate) ports: Option<(i32, i32)>,
}

/// The other side of a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Peer {
    Ipv4(Ipv4Net),
    Ipv6(Ipv6Net),
    Group {
        /// The account that owns the group.
        account: String,
        group_id: String,
    },
    PrefixList(String),
}

/// AWS's bundle of rules with the same traffic.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct IpPermission {
    ip_protocol: Option<String>,
    from_port: Option<i32>,
    to_port: Option<i32>,
    /// `UserIdGroupPairs` in what the AWS CLI prints, `Groups` in a request.
    #[serde(default, rename = "UserIdGroupPairs", alias = "Groups")]
    groups: Vec<GroupPair>,
    #[serde(default)]
    ip_ranges: Vec<IpRange>,
    #[serde(default)]
    ipv6_ranges: Vec<Ipv6Range>,
    #[serde(default)]
    prefix_list_ids: Vec<PrefixListId>,
}

/// A security group as a peer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GroupPair {
    group_id: Option<String>,
    /// Instead of the id, for a group of the same VPC.
    #[serde(skip_serializing)]
    group_name: Option<String>,
    user_id: Option<String>,
    description: Option<String>,
    peering_status: Option<String>,
    vpc_id: Option<String>,
    vpc_peering_connection_id: Option<String>,
}

/// What AWS prints about a peer in another VPC or account; only kept and shown again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Peering {
    pub(super) peering_status: Option<String>,
    pub(super) vpc_id: Option<String>,
    pub(super) vpc_peering_connection_id: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct IpRange {
    cidr_ip: String,
    description: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Ipv6Range {
    cidr_ipv6: String,
    description: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PrefixListId {
    prefix_list_id: String,
    description: Option<String>,
}

impl Rule {
    /// A rule with nothing but what makes it this rule.
    pub(crate) fn new(direction: Direction, traffic: Traffic, peer: Peer) -> Self {
        let (id, tags, peering) = (String::new(), Tags::default(), Peering::default());
        Rule { id, direction, traffic, peer, description: None, tags, peering }
    }

    /// All traffic to everywhere, which AWS gives a new group.
    pub(super) fn to_everywhere(id: String, peer: Peer) -> Self {
        let traffic = Traffic { protocol: "-1".to_owned(), ports: None };
        Rule { id, ..Rule::new(Direction::Egress, traffic, peer) }
    }

    /// Whether AWS takes the two for the same rule.
    pub(crate) fn is(&self, other: &Rule) -> bool {
        self.direction == other.direction && self.traffic == other.traffic && self.peer == other.peer
    }
}

impl Peer {
    /// An IPv4 block; its address bits beyond the prefix are cleared, as AWS does.
    pub(crate) fn ipv4(cidr: &str) -> Result<Self, ApiError> {
        cidr.parse::<Ipv4Net>().map(|block| Peer::Ipv4(block.trunc())).map_err(|_| malformed(cidr))
    }

    /// An IPv6 block, as [`Peer::ipv4`].
    pub(crate) fn ipv6(cidr: &str) -> Result<Self, ApiError> {
        cidr.parse::<Ipv6Net>().map(|block| Peer::Ipv6(block.trunc())).map_err(|_| malformed(cidr))
    }

    /// How AWS names it in an error.
    pub(super) fn text(&self) -> String {
        match self {
            Peer::Ipv4(cidr) => cidr.to_string(),
            Peer::Ipv6(cidr) => cidr.to_string(),
            Peer::Group { group_id, .. } => group_id.clone(),
            Peer::PrefixList(id) => id.clone(),
        }
    }
}

impl Traffic {
    /// The traffic that a permission or a rule names, in canonical form.
    pub(crate) fn read(protocol: &str, from_port: Option<i32>, to_port: Option<i32>) -> Result<Self, ApiError> {
        let protocol = protocol.to_ascii_lowercase();
        let protocol = match protocol.as_str() {
            "6" => "tcp".to_owned(),
            "17" => "udp".to_owned(),
            "1" => "icmp".to_owned(),
            "58" => "icmpv6".to_owned(),
            "all" => "-1".to_owned(),
            _ => protocol,
        };
        let ports = match protocol.as_str() {
            "tcp" | "udp" => Some(ports(&protocol, from_port, to_port)?),
            "icmp" | "icmpv6" => Some((from_port.unwrap_or(-1), to_port.unwrap_or(-1))),
            // AWS opens all ports of these, whatever range is given.
            "-1" => None,
            number if number.parse::<u8>().is_ok() => None,
            unknown => {
                return Err(invalid_parameter(format!("Invalid value '{unknown}' for IP protocol. Unknown protocol.")));
            }
        };
        Ok(Traffic { protocol, ports })
    }
}

fn ports(protocol: &str, from: Option<i32>, to: Option<i32>) -> Result<(i32, i32), ApiError> {
    let (Some(from), Some(to)) = (from, to) else {
        let message = "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.";
        return Err(invalid_parameter(message));
    };
    if from > to || !(0..=65535).contains(&from) || !(0..=65535).contains(&to) {
        let protocol = protocol.to_ascii_uppercase();
        return Err(invalid_parameter(format!("Invalid {protocol} port range ({from}:{to})")));
    }
    Ok((from, to))
}

impl GroupPair {
    fn peering(&self) -> Peering {
        Peering {
            peering_status: self.peering_status.clone(),
            vpc_id: self.vpc_id.clone(),
            vpc_peering_connection_id: self.vpc_peering_connection_id.clone(),
        }
    }
}

/// A peer as a permission names it.
struct Named<'a> {
    peer: Peer,
    description: Option<&'a String>,
    peering: Peering,
}

impl<'a> Named<'a> {
    fn new(peer: Peer, description: &'a Option<String>) -> Self {
        Named { peer, description: description.as_ref(), peering: Peering::default() }
    }
}

impl IpPermission {
    /// The rules that a list of permissions stands for, canonical, without ids.
    /// A group without an account is one of `account`.
    pub(crate) fn rules(
        permissions: &[IpPermission],
        direction: Direction,
        account: &str,
    ) -> Result<Vec<Rule>, ApiError> {
        let mut rules = Vec::new();
        for permission in permissions {
            let traffic = permission.traffic()?;
            for Named { peer, description, peering } in permission.peers(account)? {
                if let Some(text) = description {
                    check_description("rule description", text)?;
                }
                let rule = Rule::new(direction, traffic.clone(), peer);
                rules.push(Rule { description: description.cloned(), peering, ..rule });
            }
        }
        Ok(rules)
    }

    /// Puts ids in the place of the names of groups.
    pub(super) fn resolve_names(&mut self, id: impl Fn(&str) -> Result<String, ApiError>) -> Result<(), ApiError> {
        for pair in self.groups.iter_mut().filter(|pair| pair.group_id.is_none()) {
            pair.group_id = pair.group_name.as_deref().map(&id).transpose()?;
        }
        Ok(())
    }

    /// The permissions of these rules: one for each kind of traffic.
    pub(super) fn bundle<'r>(rules: impl Iterator<Item = &'r Rule>) -> Vec<IpPermission> {
        let mut permissions = std::collections::BTreeMap::<Traffic, IpPermission>::new();
        for Rule { traffic, peer, description, peering, .. } in rules {
            let permission = permissions.entry(traffic.clone()).or_insert_with(|| IpPermission::of(traffic));
            let description = description.clone();
            match peer {
                Peer::Ipv4(cidr) => permission.ip_ranges.push(IpRange { cidr_ip: cidr.to_string(), description }),
                Peer::Ipv6(cidr) => permission.ipv6_ranges.push(Ipv6Range { cidr_ipv6: cidr.to_string(), description }),
                Peer::Group { account, group_id } => permission.groups.push(GroupPair {
                    group_id: Some(group_id.clone()),
                    user_id: Some(account.clone()),
                    group_name: None,
                    description,
                    peering_status: peering.peering_status.clone(),
                    vpc_id: peering.vpc_id.clone(),
                    vpc_peering_connection_id: peering.vpc_peering_connection_id.clone(),
                }),
                Peer::PrefixList(id) => {
                    permission.prefix_list_ids.push(PrefixListId { prefix_list_id: id.clone(), description });
                }
            }
        }
        permissions.into_values().collect()
    }

    fn of(traffic: &Traffic) -> Self {
        IpPermission {
            ip_protocol: Some(traffic.protocol.clone()),
            from_port: traffic.ports.map(|(from, _)| from),
            to_port: traffic.ports.map(|(_, to)| to),
            ..IpPermission::default()
        }
    }

    fn traffic(&self) -> Result<Traffic, ApiError> {
        let protocol = self.ip_protocol.as_deref().ok_or_else(|| missing("ipProtocol"))?;
        Traffic::read(protocol, self.from_port, self.to_port)
    }

    fn peers(&self, account: &str) -> Result<Vec<Named<'_>>, ApiError> {
        let mut peers = Vec::new();
        for IpRange { cidr_ip, description } in &self.ip_ranges {
            peers.push(Named::new(Peer::ipv4(cidr_ip)?, description));
        }
        for Ipv6Range { cidr_ipv6, description } in &self.ipv6_ranges {
            peers.push(Named::new(Peer::ipv6(cidr_ipv6)?, description));
        }
        for pair in &self.groups {
            let group_id = pair.group_id.clone().ok_or_else(|| missing("groupId"))?;
            let account = pair.user_id.clone().unwrap_or_else(|| account.to_owned());
            let named = Named::new(Peer::Group { account, group_id }, &pair.description);
            peers.push(Named { peering: pair.peering(), ..named });
        }
        for PrefixListId { prefix_list_id, description } in &self.prefix_list_ids {
            peers.push(Named::new(Peer::PrefixList(prefix_list_id.clone()), description));
        }
        Ok(peers)
    }
}

fn malformed(cidr: &str) -> ApiError {
    invalid_parameter(format!("CIDR block {cidr} is malformed"))
}

/// AWS's character set for the names and descriptions of groups in a VPC, and for the descriptions of rules.
pub(super) fn check_description(what: &str, text: &str) -> Result<(), ApiError> {
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(letter);
    if text.chars().count() <= MAX_DESCRIPTION && text.chars().all(allowed) {
        return Ok(());
    }
    Err(invalid_parameter(format!(
        "Invalid {what}. Valid values are strings less than 256 characters from the following set: \
         a-zA-Z0-9. _-:/()#,@[]+=&;{{}}!$*"
    )))
}
