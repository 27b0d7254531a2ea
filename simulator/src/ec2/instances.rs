//! Instances, with the interfaces attached to them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::Members;
use super::describe::{Described, Filters, Page, Selection};
use super::error::{Kind, refused};
use super::network_interfaces::{GroupIdentifier, NetworkInterface};
use super::store::Account;
use super::tags::Tags;
use crate::wire::{self, ApiError, Tree};

mod filters;

/// An instance as AWS prints it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Instance {
    pub(crate) instance_id: String,
    #[serde(default)]
    pub(crate) state: InstanceState,
    pub(crate) image_id: Option<String>,
    pub(crate) instance_type: Option<String>,
    pub(crate) launch_time: Option<String>,
    pub(crate) private_dns_name: Option<String>,
    pub(crate) private_ip_address: Option<String>,
    pub(crate) public_dns_name: Option<String>,
    pub(crate) public_ip_address: Option<String>,
    pub(crate) ipv6_address: Option<String>,
    pub(crate) subnet_id: Option<String>,
    pub(crate) vpc_id: Option<String>,
    #[serde(default)]
    pub(crate) placement: Placement,
    #[serde(default)]
    pub(crate) security_groups: Vec<GroupIdentifier>,
    /// Kept with all interfaces; filled in for an answer.
    #[serde(default)]
    pub(crate) network_interfaces: Vec<NetworkInterface>,
    #[serde(default)]
    pub(crate) tags: Tags,
    /// When a terminated instance is listed no more.
    #[serde(skip)]
    pub(crate) gone_at: Option<Instant>,
    /// The launch that it came from.
    #[serde(skip)]
    pub(crate) reservation_id: Option<String>,
    /// What is only kept and shown again.
    #[serde(flatten)]
    pub(crate) more: Members,
}

/// The life of an instance.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct InstanceState {
    /// Derived from the name.
    #[serde(skip_deserializing)]
    pub(crate) code: u16,
    pub(crate) name: StateName,
}

/// AWS's names of an instance's states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum StateName {
    Pending,
    Running,
    ShuttingDown,
    Terminated,
    Stopping,
    Stopped,
}

/// Where an instance runs.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Placement {
    pub(crate) availability_zone: Option<String>,
    pub(crate) availability_zone_id: Option<String>,
    pub(crate) tenancy: Option<String>,
    /// What is only kept and shown again.
    #[serde(flatten)]
    pub(crate) more: Members,
}

impl StateName {
    /// As AWS writes it.
    pub(super) fn text(self) -> &'static str {
        match self {
            StateName::Pending => "pending",
            StateName::Running => "running",
            StateName::ShuttingDown => "shutting-down",
            StateName::Terminated => "terminated",
            StateName::Stopping => "stopping",
            StateName::Stopped => "stopped",
        }
    }

    /// AWS's number for it.
    pub(crate) fn code(self) -> u16 {
        match self {
            StateName::Pending => 0,
            StateName::Running => 16,
            StateName::ShuttingDown => 32,
            StateName::Terminated => 48,
            StateName::Stopping => 64,
            StateName::Stopped => 80,
        }
    }
}

impl Default for InstanceState {
    fn default() -> Self {
        InstanceState { code: StateName::Running.code(), name: StateName::Running }
    }
}

impl InstanceState {
    pub(crate) fn is_terminated(&self) -> bool {
        self.name == StateName::Terminated
    }
}

impl Instance {
    /// The id of the launch that it came from; one of which nothing else is known was launched by itself.
    fn reservation(&self) -> String {
        let derived = || format!("r-{}", self.instance_id.trim_start_matches("i-"));
        self.reservation_id.clone().unwrap_or_else(derived)
    }

    /// As an answer shows it, with less of each interface than the interface's own answer.
    fn shown(&self) -> Value {
        let mut shown = wire::answer(self);
        shown["NetworkInterfaces"] = self.network_interfaces.iter().map(NetworkInterface::inside_instance).collect();
        shown
    }

    /// Values of all its interfaces, for a filter.
    fn of_interfaces<'i, I: IntoIterator<Item = &'i String>>(
        &'i self,
        values: fn(&'i NetworkInterface) -> I,
    ) -> Vec<String> {
        self.network_interfaces.iter().flat_map(values).cloned().collect()
    }
}

impl Described for Instance {
    const KIND: Kind = Kind::Instance;
    const FILTERS: Filters<Self> = &[
        ("availability-zone", |instance| super::texts(instance.placement.availability_zone.as_ref())),
        ("availability-zone-id", |instance| super::texts(instance.placement.availability_zone_id.as_ref())),
        ("dns-name", |instance| super::texts(instance.public_dns_name.as_ref())),
        ("image-id", |instance| super::texts(instance.image_id.as_ref())),
        ("instance-id", |instance| vec![instance.instance_id.clone()]),
        ("instance-state-code", |instance| vec![instance.state.code.to_string()]),
        ("instance-state-name", |instance| vec![instance.state.name.text().to_owned()]),
        ("instance-type", |instance| super::texts(instance.instance_type.as_ref())),
        ("instance.group-id", |instance| super::texts(instance.security_groups.iter().map(|group| &group.group_id))),
        ("instance.group-name", |instance| {
            super::texts(instance.security_groups.iter().map(|group| &group.group_name))
        }),
        ("ip-address", |instance| super::texts(instance.public_ip_address.as_ref())),
        ("ipv6-address", |instance| {
            instance.of_interfaces(|interface| interface.ipv6_addresses.iter().map(|address| &address.ipv6_address))
        }),
        ("network-interface.addresses.private-ip-address", |instance| {
            instance.of_interfaces(|interface| {
                interface.private_ip_addresses.iter().map(|address| &address.private_ip_address)
            })
        }),
        ("network-interface.group-id", |instance| {
            instance.of_interfaces(|interface| interface.groups.iter().map(|group| &group.group_id))
        }),
        ("network-interface.ipv6-addresses.ipv6-address", |instance| {
            instance.of_interfaces(|interface| interface.ipv6_addresses.iter().map(|address| &address.ipv6_address))
        }),
        ("network-interface.network-interface-id", |instance| {
            instance.of_interfaces(|interface| [&interface.network_interface_id])
        }),
        ("network-interface.subnet-id", |instance| instance.of_interfaces(|interface| [&interface.subnet_id])),
        ("network-interface.vpc-id", |instance| instance.of_interfaces(|interface| [&interface.vpc_id])),
        ("private-dns-name", |instance| super::texts(instance.private_dns_name.as_ref())),
        ("private-ip-address", |instance| super::texts(instance.private_ip_address.as_ref())),
        ("reservation-id", |instance| vec![instance.reservation()]),
        ("subnet-id", |instance| super::texts(instance.subnet_id.as_ref())),
        ("vpc-id", |instance| super::texts(instance.vpc_id.as_ref())),
    ];

    const PATHS: &'static [(&'static str, &'static str)] = filters::PATHS;

    fn id(&self) -> &str {
        &self.instance_id
    }

    fn tags(&self) -> &Tags {
        &self.tags
    }

    fn document(&self) -> Value {
        wire::answer(self)
    }
}

impl Account {
    /// DescribeInstances
    pub(super) fn describe_instances(&self, params: &Tree) -> Result<Value, ApiError> {
        let selection = Selection::read(params, "InstanceId")?;
        if selection.max_results.is_some() && !selection.ids.is_empty() {
            let message = "The parameter instancesSet cannot be used with the parameter maxResults";
            return Err(refused("InvalidParameterCombination", message));
        }
        let Page { items, next_token } = selection.of::<Instance, _>(self.whole_instances())?;
        let mut launches = BTreeMap::<&str, Vec<&Instance>>::new();
        for instance in &items {
            let launch = instance.reservation_id.as_deref().unwrap_or(&instance.instance_id);
            launches.entry(launch).or_default().push(instance);
        }
        let reservations: Vec<Value> = launches.values().map(|instances| self.reservation(instances)).collect();
        Ok(json!({ "Reservations": reservations, "NextToken": next_token }))
    }

    /// One launch.
    pub(super) fn reservation(&self, instances: &[&Instance]) -> Value {
        json!({
            "ReservationId": instances.first().map(|instance| instance.reservation()),
            "OwnerId": self.scope.account,
            "Groups": [],
            "Instances": instances.iter().map(|instance| instance.shown()).collect::<Vec<_>>(),
        })
    }

    /// All instances, each with its interfaces in the order of their devices.
    pub(super) fn whole_instances(&self) -> impl Iterator<Item = Instance> {
        let mut attached = BTreeMap::<&str, Vec<&NetworkInterface>>::new();
        for interface in self.network_interfaces.values() {
            attached.entry(interface.instance_id().unwrap_or_default()).or_default().push(interface);
        }
        self.instances.values().map(move |instance| {
            let mut interfaces = attached.remove(instance.instance_id.as_str()).unwrap_or_default();
            interfaces.sort_by_key(|interface| interface.attachment.as_ref().map(|to| to.device_index));
            Instance { network_interfaces: interfaces.into_iter().cloned().collect(), ..instance.clone() }
        })
    }
}
