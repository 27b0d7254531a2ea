//! How often a plan asks AWS: once for what all stacks share, a fixed number of times for each of them.

use northgate_simulator::Simulator;

use super::*;

/// `first-service` many times over, each with a port of its own.
fn services(count: usize, template: &Snapshot) -> Snapshot {
    let mut snapshot = template.clone();
    let (_, service) = snapshot.services.pop_first().unwrap();
    for number in 0..count {
        let mut service = (*service).clone();
        service.metadata.name = Some(format!("web-{number}"));
        service.metadata.uid = Some(format!("5f0f5c1e-0000-4000-8000-{number:012}"));
        service.metadata.finalizers = Some(vec!["service.k8s.aws/resources".to_owned()]);
        let port = &mut service.spec.as_mut().unwrap().ports.as_mut().unwrap()[0];
        port.node_port = Some(31_000 + i32::try_from(number).unwrap());
        let name = ObjectName::of(&service.metadata);
        snapshot.services.insert(name, Arc::new(service));
    }
    snapshot
}

/// The calls of a plan, by operation.
async fn calls(world: &World, simulator: &Simulator) -> BTreeMap<String, usize> {
    let last = simulator.calls_after(0).last().map_or(0, |call| call.number);
    let document = world.plan().await;
    assert!(document.problems.is_empty());
    let mut calls = BTreeMap::new();
    for call in simulator.calls_after(last) {
        *calls.entry(call.action.clone()).or_default() += 1;
    }
    calls
}

/// The calls of a plan that makes `count` Services, and of the plan after that.
async fn before_and_after(count: usize) -> [BTreeMap<String, usize>; 2] {
    let case = Case::open(Path::new(CASES).join("first-service"));
    let template = source::open(&case.args.source).await.unwrap().snapshot;
    let snapshot = Snapshot { files_alone: false, ..services(count, &template) };
    let mut world = World::open(&case, snapshot).await;
    let simulator = world.simulator.clone();
    let before = calls(&world, &simulator).await;
    let plan = world.plan().await;
    world.carry_out(&plan, usize::MAX).await;
    let after = calls(&world, &simulator).await;
    assert_eq!(world.plan().await.summary.calls, 0);
    [before, after]
}

#[tokio::test(start_paused = true)]
async fn twice_the_services_never_cost_more_than_twice_the_calls() {
    let (few, many) = (before_and_after(6).await, before_and_after(12).await);
    for (few, many) in few.iter().zip(&many) {
        for (operation, calls) in many {
            let of_few = few.get(operation).copied().unwrap_or_default();
            assert!(*calls <= 2 * of_few.max(1), "{operation}: {of_few}, then {calls}");
        }
    }
    let total = |calls: &BTreeMap<String, usize>| calls.values().sum::<usize>();
    assert_eq!(total(&few[0]), total(&many[0]), "nothing is there of a Service that is new: {:?}", many[0]);
    let each = (total(&many[1]) - total(&few[1])) / 6;
    assert_eq!(each, 4, "listeners, their tags, the group's attributes and health: {:?}", many[1]);
}
