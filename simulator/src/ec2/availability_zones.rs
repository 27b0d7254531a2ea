//! Availability Zones.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Members;
use super::describe::{Described, Filters, Selection};
use super::error::{Kind, invalid_parameter};
use super::request::{self, read};
use super::store::Account;
use super::tags::Tags;
use crate::wire::{self, ApiError, Tree};

/// A zone as AWS prints it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AvailabilityZone {
    pub(crate) zone_name: String,
    /// As in `usw2-az1`; filled in before it is stored.
    #[serde(default)]
    pub(crate) zone_id: String,
    /// `availability-zone`, `local-zone` or `wavelength-zone`.
    #[serde(default = "ordinary")]
    pub(crate) zone_type: String,
    #[serde(default)]
    pub(crate) region_name: String,
    #[serde(default = "super::available")]
    pub(crate) state: String,
    #[serde(default = "opt_in_not_required")]
    pub(crate) opt_in_status: String,
    /// The Region for an ordinary zone.
    #[serde(default)]
    pub(crate) group_name: String,
    /// The Region for an ordinary zone.
    #[serde(default)]
    pub(crate) network_border_group: String,
    pub(crate) parent_zone_id: Option<String>,
    pub(crate) parent_zone_name: Option<String>,
    /// A zone has none.
    #[serde(skip)]
    no_tags: Tags,
    /// What is only kept and shown again.
    #[serde(flatten)]
    pub(crate) more: Members,
}

fn ordinary() -> String {
    "availability-zone".to_owned()
}

fn opt_in_not_required() -> String {
    "opt-in-not-required".to_owned()
}

impl AvailabilityZone {
    /// An ordinary zone of this Region.
    pub(crate) fn ordinary(region: &str, zone_name: &str, zone_id: &str) -> Self {
        AvailabilityZone {
            zone_name: zone_name.to_owned(),
            zone_id: zone_id.to_owned(),
            zone_type: ordinary(),
            region_name: region.to_owned(),
            state: super::available(),
            opt_in_status: opt_in_not_required(),
            group_name: region.to_owned(),
            network_border_group: region.to_owned(),
            parent_zone_id: None,
            parent_zone_name: None,
            no_tags: Tags::default(),
            more: Members::new(),
        }
    }
}

/// `us-west-2b` to `usw2-az2`. In a real account the two need not go together; here somebody has to say how.
pub(crate) fn zone_id(region: &str, zone_name: &str) -> String {
    let number = zone_name.bytes().last().filter(u8::is_ascii_lowercase).map_or(1, |letter| letter - b'a' + 1);
    format!("{}-az{number}", short(region))
}

/// `us-west-2` to `usw2`, `ap-southeast-1` to `apse1`: AWS's short form in zone ids.
fn short(region: &str) -> String {
    let parts: Vec<&str> = region.split('-').collect();
    let compass = ["northeast", "northwest", "southeast", "southwest"];
    let letters = |part: &&str| match *part {
        part if compass.contains(&part) => format!("{}{}", &part[..1], &part[5..6]),
        part if part.len() == 2 || part.bytes().all(|byte| byte.is_ascii_digit()) => part.to_owned(),
        part => part.chars().take(1).collect(),
    };
    parts.iter().map(letters).collect()
}

impl Described for AvailabilityZone {
    const KIND: Kind = Kind::AvailabilityZone;
    const FILTERS: Filters<Self> = &[
        ("group-name", |zone| vec![zone.group_name.clone()]),
        ("opt-in-status", |zone| vec![zone.opt_in_status.clone()]),
        ("parent-zone-id", |zone| super::texts(zone.parent_zone_id.as_ref())),
        ("parent-zone-name", |zone| super::texts(zone.parent_zone_name.as_ref())),
        ("region-name", |zone| vec![zone.region_name.clone()]),
        ("state", |zone| vec![zone.state.clone()]),
        ("zone-id", |zone| vec![zone.zone_id.clone()]),
        ("zone-name", |zone| vec![zone.zone_name.clone()]),
        ("zone-type", |zone| vec![zone.zone_type.clone()]),
    ];

    const PATHS: &'static [(&'static str, &'static str)] =
        &[("group-long-name", "GroupLongName"), ("message", "Messages.Message")];

    fn id(&self) -> &str {
        &self.zone_name
    }

    fn tags(&self) -> &Tags {
        &self.no_tags
    }

    fn document(&self) -> Value {
        wire::answer(self)
    }
}

impl Account {
    /// DescribeAvailabilityZones. It has no pages.
    pub(super) fn describe_availability_zones(&self, params: &Tree) -> Result<Value, ApiError> {
        let mut selection = Selection::default();
        for (name, value) in request::members(params)? {
            match name {
                // Every zone of an account here is opted in.
                "AllAvailabilityZones" => {}
                "Filter" => selection.filters = read(value)?,
                "ZoneName" => selection.ids.extend(read::<Vec<String>>(value)?),
                "ZoneId" => selection.ids.extend(self.zone_names(read(value)?)?),
                _ => return Err(request::not_recognized(name)),
            }
        }
        let zones = selection.of::<AvailabilityZone, _>(self.availability_zones.values())?;
        Ok(json!({ "AvailabilityZones": wire::answer(&zones.items) }))
    }

    fn zone_names(&self, ids: BTreeSet<String>) -> Result<Vec<String>, ApiError> {
        let name = |id: &String| {
            let zone = self.availability_zones.values().find(|zone| zone.zone_id == *id);
            zone.map(|zone| zone.zone_name.clone())
                .ok_or_else(|| invalid_parameter(format!("Invalid availability zone-id: [{id}]")))
        };
        ids.iter().map(name).collect()
    }
}
