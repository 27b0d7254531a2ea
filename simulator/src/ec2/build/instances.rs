//! Instances: launched, stopped, started, terminated.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::error::{invalid_combination, invalid_parameter, missing, refused};
use super::super::instances::{Instance, InstanceState, Placement, StateName};
use super::super::network_interfaces::Attachment;
use super::super::request::{done, read};
use super::super::store::Account;
use super::super::tags::{TagSpecification, Tags};
use super::network_interfaces::{Address, Wanted, in_order};
use crate::clock::Moment;
use crate::wire::{ApiError, Tree};

/// How long a terminated instance is still listed. Source: DescribeInstances, "usually less than one hour".
const LINGERS: Duration = Duration::from_secs(3600);
/// The most instances of one call here; AWS's limit is on virtual processors.
const MOST_INSTANCES: u32 = 1000;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RunInstances {
    image_id: Option<String>,
    instance_type: Option<String>,
    min_count: u32,
    max_count: u32,
    subnet_id: Option<String>,
    private_ip_address: Option<String>,
    #[serde(default, rename = "SecurityGroupId")]
    groups: Vec<String>,
    #[serde(default, rename = "NetworkInterface")]
    interfaces: Vec<Interface>,
    placement: Option<Placement>,
    key_name: Option<String>,
    client_token: Option<String>,
    #[serde(default, rename = "TagSpecification")]
    tag_specifications: Vec<TagSpecification>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Interface {
    #[serde(default)]
    device_index: u32,
    network_interface_id: Option<String>,
    subnet_id: Option<String>,
    private_ip_address: Option<String>,
    #[serde(default)]
    private_ip_addresses: Vec<Address>,
    #[serde(default)]
    secondary_private_ip_address_count: usize,
    #[serde(default, rename = "SecurityGroupId")]
    groups: Vec<String>,
    #[serde(default)]
    description: String,
    delete_on_termination: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Instances {
    #[serde(default, rename = "InstanceId")]
    ids: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ModifyInstanceAttribute {
    instance_id: String,
    #[serde(default, rename = "GroupId")]
    groups: Vec<String>,
    source_dest_check: Option<super::Flag>,
}

impl Account {
    /// RunInstances: a repeated client token names the instances that it launched.
    pub(super) fn run_instances(&mut self, params: &Tree, now: Moment) -> Result<Value, ApiError> {
        let request: RunInstances = read(params)?;
        let launched = self.launched_with(request.client_token.as_deref());
        let ids = if launched.is_empty() { self.launch(&request, now)? } else { launched };
        let instances: Vec<Instance> = self.whole_instances().filter(|one| ids.contains(&one.instance_id)).collect();
        let shown = instances.into_iter().map(|instance| match instance.state.name {
            // AWS answers before they run.
            StateName::Running => Instance { state: StateName::Pending.into(), ..instance },
            _ => instance,
        });
        Ok(self.reservation(&shown.collect::<Vec<_>>().iter().collect::<Vec<_>>()))
    }

    fn launched_with(&self, token: Option<&str>) -> BTreeSet<String> {
        let of_token = |instance: &&Instance| {
            let known = instance.more.get("ClientToken").and_then(Value::as_str);
            known.is_some() && known == token
        };
        self.instances.values().filter(of_token).map(|instance| instance.instance_id.clone()).collect()
    }

    fn launch(&mut self, request: &RunInstances, now: Moment) -> Result<BTreeSet<String>, ApiError> {
        request.check()?;
        let of_type = |kind: &str| {
            let specified: Vec<TagSpecification> =
                request.tag_specifications.iter().filter(|one| one.is_for(kind)).cloned().collect();
            Tags::specified(&specified, kind)
        };
        let (tags, interface_tags) = (of_type("instance")?, of_type("network-interface")?);
        let mut reservation_id = None;
        let mut ids = BTreeSet::new();
        for _ in 0..request.max_count {
            let id = self.new_id("i");
            let reservation_id = reservation_id.get_or_insert_with(|| id.replacen("i-", "r-", 1)).clone();
            self.attach_interfaces(request, &id, &interface_tags)?;
            let instance = self.instance(request, &id, tags.clone(), now);
            self.instances.insert(id.clone(), Instance { reservation_id: Some(reservation_id), ..instance });
            ids.insert(id);
        }
        Ok(ids)
    }

    /// Makes the interfaces of a new instance, or attaches those that are named.
    fn attach_interfaces(&mut self, request: &RunInstances, id: &str, tags: &Tags) -> Result<(), ApiError> {
        let primary = || Interface {
            device_index: 0,
            network_interface_id: None,
            subnet_id: request.subnet_id.clone(),
            private_ip_address: request.private_ip_address.clone(),
            private_ip_addresses: Vec::new(),
            secondary_private_ip_address_count: 0,
            groups: request.groups.clone(),
            description: String::new(),
            delete_on_termination: None,
        };
        let asked = if request.interfaces.is_empty() { vec![primary()] } else { request.interfaces.clone() };
        for interface in asked {
            let mut attachment = Attachment::to(id, interface.device_index);
            attachment.attachment_id = Some(self.new_id("eni-attach"));
            attachment.instance_owner_id = Some(self.scope.account.clone());
            if let Some(existing) = &interface.network_interface_id {
                attachment.delete_on_termination = interface.delete_on_termination.unwrap_or(false);
                let existing = self.known_interface(existing)?;
                if existing.attachment.is_some() {
                    let message = format!("Interface: [{}] in use.", existing.network_interface_id);
                    return Err(refused("InvalidNetworkInterface.InUse", message));
                }
                existing.attachment = Some(attachment);
                existing.status = "in-use".to_owned();
                continue;
            }
            attachment.delete_on_termination = interface.delete_on_termination.unwrap_or(true);
            let subnet_id =
                interface.subnet_id.or_else(|| request.subnet_id.clone()).or_else(|| self.default_subnet(request));
            let made = self.new_interface(Wanted {
                subnet_id: subnet_id.ok_or_else(|| missing("SubnetId"))?,
                addresses: in_order(interface.private_ip_address, interface.private_ip_addresses),
                secondary: interface.secondary_private_ip_address_count,
                groups: interface.groups,
                description: interface.description,
                tags: tags.clone(),
            })?;
            let made = super::super::network_interfaces::NetworkInterface { attachment: Some(attachment), ..made };
            self.network_interfaces.insert(made.network_interface_id.clone(), made);
        }
        Ok(())
    }

    /// A subnet of the default VPC, in the zone that is asked for.
    fn default_subnet(&self, request: &RunInstances) -> Option<String> {
        let zone = request.placement.as_ref().and_then(|placement| placement.availability_zone.as_ref());
        let mut subnets = self.subnets.values().filter(|subnet| subnet.default_for_az);
        let found = subnets.find(|subnet| zone.is_none_or(|zone| *zone == subnet.availability_zone))?;
        Some(found.subnet_id.clone())
    }

    fn instance(&self, request: &RunInstances, id: &str, tags: Tags, now: Moment) -> Instance {
        let primary = self.network_interfaces.values().find(|interface| interface.is_primary_of(id));
        let subnet = primary.and_then(|primary| self.subnets.get(&primary.subnet_id));
        let mut placement = request.placement.clone().unwrap_or_default();
        placement.availability_zone = subnet.map(|subnet| subnet.availability_zone.clone());
        placement.availability_zone_id = subnet.map(|subnet| subnet.availability_zone_id.clone());
        placement.tenancy.get_or_insert_with(|| "default".to_owned());
        let named = [("KeyName", &request.key_name), ("ClientToken", &request.client_token)];
        let named = named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value.as_ref()?))));
        Instance {
            instance_id: id.to_owned(),
            state: InstanceState::default(),
            image_id: request.image_id.clone(),
            instance_type: Some(request.instance_type.clone().unwrap_or_else(|| "m1.small".to_owned())),
            launch_time: Some(now.wall.to_string()),
            private_dns_name: primary.and_then(|primary| primary.private_dns_name.clone()),
            private_ip_address: primary.and_then(|primary| primary.private_ip_address.clone()),
            public_dns_name: None,
            public_ip_address: None,
            ipv6_address: None,
            subnet_id: subnet.map(|subnet| subnet.subnet_id.clone()),
            vpc_id: subnet.map(|subnet| subnet.vpc_id.clone()),
            placement,
            security_groups: primary.map(|primary| primary.groups.clone()).unwrap_or_default(),
            network_interfaces: Vec::new(),
            tags,
            gone_at: None,
            reservation_id: None,
            more: named.collect(),
        }
    }

    /// TerminateInstances: those that are terminated already stay so. Their interfaces go, where these are to.
    pub(super) fn terminate_instances(&mut self, params: &Tree, now: Moment) -> Result<Value, ApiError> {
        let Instances { ids } = read(params)?;
        let changes = self.change_states(&ids, StateName::ShuttingDown, |_| true)?;
        for id in &ids {
            let attached = self.network_interfaces.values_mut().filter(|interface| interface.instance_id() == Some(id));
            let mut going = Vec::new();
            for interface in attached {
                let goes = interface.attachment.take().is_some_and(|to| to.delete_on_termination);
                interface.status = super::super::available();
                going.extend(goes.then(|| interface.network_interface_id.clone()));
            }
            for interface in going {
                self.remove_interface(&interface);
            }
            let instance = self.instances.get_mut(id).expect("the instances were found");
            if !instance.state.is_terminated() {
                instance.terminate(now);
            }
        }
        Ok(json!({ "TerminatingInstances": changes }))
    }

    pub(super) fn stop_instances(&mut self, params: &Tree, now: Moment) -> Result<Value, ApiError> {
        let Instances { ids } = read(params)?;
        let changes = self.change_states(&ids, StateName::Stopping, |state| state != StateName::Terminated)?;
        for id in &ids {
            let instance = self.instances.get_mut(id).expect("the instances were found");
            instance.state = StateName::Stopped.into();
            instance.note_reason(now);
        }
        Ok(json!({ "StoppingInstances": changes }))
    }

    pub(super) fn start_instances(&mut self, params: &Tree) -> Result<Value, ApiError> {
        let Instances { ids } = read(params)?;
        let changes = self.change_states(&ids, StateName::Pending, |state| state != StateName::Terminated)?;
        for id in &ids {
            let instance = self.instances.get_mut(id).expect("the instances were found");
            instance.state = StateName::Running.into();
            instance.more.remove("StateTransitionReason");
        }
        Ok(json!({ "StartingInstances": changes }))
    }

    /// The answer of an action that changes states; `fits` says of which states it may.
    fn change_states(
        &self,
        ids: &BTreeSet<String>,
        to: StateName,
        fits: fn(StateName) -> bool,
    ) -> Result<Vec<Value>, ApiError> {
        if ids.is_empty() {
            return Err(missing("InstanceId"));
        }
        self.known_instances(ids)?;
        let change = |id: &String| {
            let state = self.instances[id].state.name;
            if !fits(state) {
                let message = format!("This instance '{id}' is not in a state from which it can be changed.");
                return Err(refused("IncorrectInstanceState", message));
            }
            let to = if state == StateName::Terminated { state } else { to };
            let shown = |state: StateName| json!({ "Code": state.code(), "Name": state.text() });
            Ok(json!({ "InstanceId": id, "PreviousState": shown(state), "CurrentState": shown(to) }))
        };
        ids.iter().map(change).collect()
    }

    /// ModifyInstanceAttribute: the security groups of the primary interface, and its source check.
    pub(super) fn modify_instance_attribute(&mut self, params: &Tree) -> Result<Value, ApiError> {
        let request: ModifyInstanceAttribute = read(params)?;
        let id = request.instance_id;
        self.known_instances(&[id.clone()].into())?;
        let primary = self.network_interfaces.values().find(|interface| interface.is_primary_of(&id));
        let (interface_id, subnet_id) = primary
            .map(|primary| (primary.network_interface_id.clone(), primary.subnet_id.clone()))
            .ok_or_else(|| refused("IncorrectInstanceState", format!("The instance '{id}' has no network")))?;
        if !request.groups.is_empty() {
            let groups = self.groups_in(&subnet_id, &request.groups)?;
            self.instances.get_mut(&id).expect("the instance was found").security_groups.clone_from(&groups);
            self.known_interface(&interface_id)?.groups = groups;
        }
        if let Some(super::Flag { value }) = request.source_dest_check {
            self.known_interface(&interface_id)?.source_dest_check = value;
        }
        Ok(done())
    }
}

impl Instance {
    fn terminate(&mut self, now: Moment) {
        self.state = StateName::Terminated.into();
        self.gone_at = Some(now.instant + LINGERS);
        self.private_dns_name = None;
        self.private_ip_address = None;
        self.subnet_id = None;
        self.vpc_id = None;
        self.security_groups.clear();
        self.note_reason(now);
    }

    fn note_reason(&mut self, now: Moment) {
        let reason = format!("User initiated ({})", now.wall.strftime("%Y-%m-%d %H:%M:%S GMT"));
        self.more.insert("StateTransitionReason".to_owned(), json!(reason));
    }
}

impl From<StateName> for InstanceState {
    fn from(name: StateName) -> Self {
        InstanceState { code: name.code(), name }
    }
}

impl RunInstances {
    fn check(&self) -> Result<(), ApiError> {
        if self.image_id.is_none() {
            return Err(missing("ImageId"));
        }
        if self.min_count == 0 || self.min_count > self.max_count {
            let message =
                format!("Invalid value '{}' for MinCount: it is at least 1 and at most MaxCount", self.min_count);
            return Err(invalid_parameter(message));
        }
        if self.max_count > MOST_INSTANCES {
            let message = format!("You have requested more instances ({}) than {MOST_INSTANCES}", self.max_count);
            return Err(refused("InstanceLimitExceeded", message));
        }
        if !self.interfaces.is_empty() && (self.subnet_id.is_some() || !self.groups.is_empty()) {
            let message = "Network interfaces and an instance-level subnet ID or security groups may not be specified on \
                           the same request";
            return Err(invalid_combination(message));
        }
        if self.max_count > 1 && (self.private_ip_address.is_some()) {
            return Err(invalid_combination("A private address can be given for one instance only"));
        }
        Ok(())
    }
}
