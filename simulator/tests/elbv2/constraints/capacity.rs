//! Capacity reservations.

use aws_sdk_elasticloadbalancingv2::operation::modify_capacity_reservation::builders::ModifyCapacityReservationFluentBuilder;
use aws_sdk_elasticloadbalancingv2::types::MinimumLoadBalancerCapacity;

use super::super::world::{World, arn};

fn reserve(world: &World, arn: &str, units: i32) -> ModifyCapacityReservationFluentBuilder {
    let minimum = MinimumLoadBalancerCapacity::builder().capacity_units(units).build();
    world.elb.modify_capacity_reservation().load_balancer_arn(arn).minimum_load_balancer_capacity(minimum)
}

const APPLICATION: &str = "reserved-application-load-balancer-capacity-units";
const NETWORK: &str = "reserved-network-load-balancer-capacity-units";

refused! {
    /// ALB "Capacity reservations"
    an_application_load_balancer_reserves_at_least_100_units => "InvalidConfigurationRequest: ", |world| {
        world.limit(&[(APPLICATION, 1000)]).await;
        let shop = world.application("shop").await;
        reserve(&world, &shop, 99).send().await
    };
    /// NLB "Capacity reservations"
    a_network_load_balancer_reserves_at_least_2750_units_in_each_zone => "InvalidConfigurationRequest: ", |world| {
        world.limit(&[(NETWORK, 10_000)]).await;
        let load_balancer = arn(world.load_balancer("net").await.load_balancer_arn());
        reserve(&world, &load_balancer, 5499).send().await
    };
    /// B.1: reserved capacity per Region is 0 at first
    nothing_is_reserved_without_a_quota => "CapacityUnitsLimitExceeded: ", |world| {
        let shop = world.application("shop").await;
        reserve(&world, &shop, 100).send().await
    };
    /// B.1; API ModifyCapacityReservation: CapacityUnitsLimitExceeded
    all_load_balancers_of_a_type_share_the_quota => "CapacityUnitsLimitExceeded: ", |world| {
        world.limit(&[(APPLICATION, 300)]).await;
        let (one, two) = (world.application("one").await, world.application("two").await);
        reserve(&world, &one, 200).send().await.expect("within the quota");
        reserve(&world, &two, 101).send().await
    };
    /// API ModifyCapacityReservation: CapacityReservationPending
    a_reservation_is_not_changed_while_it_is_pending => "CapacityReservationPending: ", |world| {
        world.limit(&[(APPLICATION, 1000)]).await;
        let shop = world.application("shop").await;
        reserve(&world, &shop, 200).send().await.expect("a reservation");
        reserve(&world, &shop, 300).send().await
    };
    /// API SetSubnets: CapacityReservationPending
    subnets_are_not_changed_while_a_reservation_is_pending => "CapacityReservationPending: ", |world| {
        world.limit(&[(APPLICATION, 1000)]).await;
        let shop = world.application("shop").await;
        reserve(&world, &shop, 200).send().await.expect("a reservation");
        world.elb.set_subnets().load_balancer_arn(shop).subnets("subnet-a").subnets("subnet-b").send().await
    };
    /// API ModifyCapacityReservation
    a_reservation_is_set_or_reset => "ValidationError: You must specify either", |world| {
        let shop = world.application("shop").await;
        reserve(&world, &shop, 100).reset_capacity_reservation(true).send().await
    };
    /// API ModifyIpPools
    an_address_pool_is_set_or_removed => "ValidationError: You must specify either", |world| {
        let shop = world.application("shop").await;
        world.elb.modify_ip_pools().load_balancer_arn(shop).send().await
    };
}
