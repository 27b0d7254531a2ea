//! Capacity reservations of load balancers: describe and modify.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::load_balancers::LoadBalancer;
use super::placement::invalid_configuration;
use super::protocol::Family;
use super::quotas::Quota;
use super::store::Store;
use crate::clock::Moment;
use crate::wire::ApiError;
use crate::wire::constraint::Int;

/// Decreases that AWS takes in a day. Source: API reference, `ModifyCapacityReservation`.
const DECREASES_PER_DAY: usize = 2;
/// The smallest reservation of an application load balancer. Source: guide, "Capacity reservations".
const LEAST_UNITS: i64 = 100;
/// The smallest reservation of a network load balancer, in each zone. Source: guide, "Capacity reservations".
const LEAST_UNITS_PER_ZONE: i64 = 2750;

/// What is reserved for one load balancer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Capacity {
    units: Option<i64>,
    last_modified: Option<Timestamp>,
    /// When it was decreased, the last day's included.
    decreased: Vec<Timestamp>,
    /// `pending` before, `provisioned` from then on.
    pending_until: Option<Instant>,
    /// The zones' states that a description has fixed.
    fixed: Option<Vec<ZonalState>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeCapacityReservation {
    load_balancer_arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ModifyCapacityReservation {
    load_balancer_arn: String,
    minimum_load_balancer_capacity: Option<MinimumRequest>,
    reset_capacity_reservation: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct MinimumRequest {
    capacity_units: Option<Int<0, 2_147_483_647>>,
}

/// A reservation as answers and account descriptions have it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct CapacityReservation {
    last_modified_time: Option<Timestamp>,
    decrease_requests_remaining: Option<usize>,
    minimum_load_balancer_capacity: Option<Minimum>,
    #[serde(skip_serializing_if = "Option::is_none")]
    capacity_reservation_state: Option<Vec<ZonalState>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Minimum {
    capacity_units: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ZonalState {
    state: Option<Status>,
    availability_zone: Option<String>,
    effective_capacity_units: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Status {
    code: Code,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Code {
    Provisioned,
    Pending,
    Rebalancing,
    Failed,
}

/// `DescribeCapacityReservation`.
pub(crate) fn describe(
    store: &Store,
    request: DescribeCapacityReservation,
    now: Moment,
) -> Result<CapacityReservation, ApiError> {
    Ok(store.load_balancer(&request.load_balancer_arn)?.capacity_reservation(now))
}

/// `ModifyCapacityReservation`: a new minimum, or none any more.
pub(crate) fn modify(
    store: &mut Store,
    request: ModifyCapacityReservation,
    now: Moment,
) -> Result<CapacityReservation, ApiError> {
    let load_balancer = store.load_balancer(&request.load_balancer_arn)?;
    let minimum = request.minimum_load_balancer_capacity.and_then(|minimum| minimum.capacity_units).map(Int::get);
    let units = match (minimum, request.reset_capacity_reservation.unwrap_or(false)) {
        (Some(units), false) => Some(units),
        (None, true) => None,
        _ => {
            return Err(ApiError::validation(
                "You must specify either MinimumLoadBalancerCapacity or ResetCapacityReservation, but not both",
            ));
        }
    };
    refuse_pending(load_balancer, now)?;
    let mut changed = load_balancer.capacity.clone();
    if let Some(units) = units {
        check_least(load_balancer, units)?;
        check_region(store, load_balancer, units)?;
        if changed.units.is_some_and(|reserved| units < reserved) {
            changed.note_decrease(now)?;
        }
    }
    if changed.units != units {
        changed.pending_until = units.map(|_| now.instant + store.options().provisioning_delay);
        changed.fixed = None;
        changed.last_modified = Some(now.wall);
        changed.units = units;
    }
    let load_balancer = store.load_balancer_mut(&request.load_balancer_arn)?;
    load_balancer.capacity = changed;
    Ok(load_balancer.capacity_reservation(now))
}

/// Refuses a change while a reservation is being provisioned.
pub(super) fn refuse_pending(load_balancer: &LoadBalancer, now: Moment) -> Result<(), ApiError> {
    let capacity = &load_balancer.capacity;
    let pending = |state: &ZonalState| state.state.as_ref().is_some_and(|status| status.code == Code::Pending);
    let fixed = capacity.fixed.as_ref().is_some_and(|zones| zones.iter().any(pending));
    if fixed || capacity.pending_until.is_some_and(|until| now.instant < until) {
        let message = format!("There is a pending capacity reservation for load balancer '{}'", load_balancer.arn);
        return Err(ApiError::new("CapacityReservationPending", message));
    }
    Ok(())
}

impl Capacity {
    /// What a description says.
    pub(super) fn described(described: CapacityReservation) -> Self {
        let CapacityReservation {
            last_modified_time,
            decrease_requests_remaining,
            minimum_load_balancer_capacity,
            capacity_reservation_state,
        } = described;
        let used = DECREASES_PER_DAY.saturating_sub(decrease_requests_remaining.unwrap_or(DECREASES_PER_DAY));
        Self {
            units: minimum_load_balancer_capacity.and_then(|minimum| minimum.capacity_units),
            last_modified: last_modified_time,
            decreased: last_modified_time.into_iter().cycle().take(used).collect(),
            pending_until: None,
            fixed: capacity_reservation_state,
        }
    }

    fn decreases_remaining(&self, now: Moment) -> usize {
        let recent = |at: &&Timestamp| now.wall.duration_since(**at) < SignedDuration::from_hours(24);
        DECREASES_PER_DAY.saturating_sub(self.decreased.iter().filter(recent).count())
    }

    fn note_decrease(&mut self, now: Moment) -> Result<(), ApiError> {
        if self.decreases_remaining(now) == 0 {
            return Err(ApiError::new(
                "CapacityDecreaseRequestLimitExceeded",
                "You've exceeded the daily capacity decrease limit for this reservation",
            ));
        }
        self.decreased.push(now.wall);
        Ok(())
    }
}

impl LoadBalancer {
    fn capacity_reservation(&self, now: Moment) -> CapacityReservation {
        let Capacity { units, last_modified, pending_until, fixed, .. } = &self.capacity;
        CapacityReservation {
            last_modified_time: *last_modified,
            decrease_requests_remaining: Some(self.capacity.decreases_remaining(now)),
            minimum_load_balancer_capacity: units.map(|units| Minimum { capacity_units: Some(units) }),
            capacity_reservation_state: fixed.clone().or_else(|| {
                units.map(|units| self.zonal_states(units, pending_until.is_some_and(|at| now.instant < at)))
            }),
        }
    }

    /// The units, spread over the zones.
    fn zonal_states(&self, units: i64, pending: bool) -> Vec<ZonalState> {
        let zones = &self.settings.zones;
        #[expect(clippy::cast_precision_loss, reason = "units and zones are small numbers")]
        let share = units as f64 / zones.len().max(1) as f64;
        let code = if pending { Code::Pending } else { Code::Provisioned };
        let state = |zone: &super::placement::Zone| ZonalState {
            state: Some(Status { code, reason: None }),
            availability_zone: Some(zone.zone_name.clone()),
            effective_capacity_units: Some(if pending { 0.0 } else { share }),
        };
        zones.iter().map(state).collect()
    }
}

fn check_least(load_balancer: &LoadBalancer, units: i64) -> Result<(), ApiError> {
    let zones = i64::try_from(load_balancer.settings.zones.len()).unwrap_or(i64::MAX);
    let least = match load_balancer.family() {
        Family::Application => LEAST_UNITS,
        Family::Network => LEAST_UNITS_PER_ZONE * zones,
    };
    if units >= least {
        return Ok(());
    }
    Err(invalid_configuration(format!("The minimum load balancer capacity must be at least {least} capacity units")))
}

/// What all load balancers of the family reserve together, at most.
fn check_region(store: &Store, load_balancer: &LoadBalancer, units: i64) -> Result<(), ApiError> {
    let family = load_balancer.family();
    let others = store.load_balancers.values().filter(|one| one.family() == family && one.arn != load_balancer.arn);
    let reserved = others.filter_map(|one| one.capacity.units).sum::<i64>();
    let quota = match family {
        Family::Application => Quota::ReservedApplicationUnits,
        Family::Network => Quota::ReservedNetworkUnits,
    };
    store.options().quotas.check(quota, usize::try_from(reserved + units).unwrap_or(usize::MAX))
}
