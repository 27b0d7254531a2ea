//! How soon things are done where nothing goes wrong: targets within a second (L4), those that go also where there is no room
//! for those that come (S10), a mended mistake within five (L10).

use std::collections::BTreeMap;
use std::time::Duration;

use crate::agreement;
use crate::stage::Stage;
use crate::workload::Event;

const TARGETS: Duration = Duration::from_secs(1);
const MENDED: Duration = Duration::from_secs(5);

/// What has to be so a while after an event.
#[derive(Debug)]
pub(crate) enum Expectation {
    /// These ports of Services have the targets that they are to have; `all`: also those that are new.
    Targets { ports: Vec<(String, u16)>, all: bool },
    /// What was refused before is carried out.
    Mended(Vec<String>),
}

/// The Services and ports as they are before an event.
#[derive(Debug)]
pub(crate) struct Before {
    in_agreement: BTreeMap<(String, u16), bool>,
    refused: Vec<String>,
}

impl Before {
    /// Looks at the world.
    pub(crate) async fn of(stage: &Stage) -> Self {
        let view = stage.observe().await;
        let declared = stage.declared();
        let groups = agreement::targets(&view, declared);
        let in_agreement =
            groups.into_iter().map(|(port, (registered, wanted))| (port, registered == wanted)).collect();
        let refused = declared.services.iter().filter(|(_, service)| service.wanted && !service.is_served());
        Self { in_agreement, refused: refused.map(|(name, _)| name.clone()).collect() }
    }

    /// What is expected after the event; `full`: a quota may leave no room for what is new.
    pub(crate) fn expect(self, event: &Event, stage: &Stage, full: bool) -> Option<Expectation> {
        match event {
            Event::Pods(..) | Event::NodeJoins(_) | Event::NodeLeaves(_) => {
                let settled = self.in_agreement.into_iter().filter(|(_, agrees)| full || *agrees);
                Some(Expectation::Targets { ports: settled.map(|(port, _)| port).collect(), all: !full })
            }
            Event::Annotate(..) if !full => {
                let services = &stage.declared().services;
                let is_mended = |name: &String| services.get(name).is_some_and(|now| now.is_served());
                let mended = self.refused.into_iter().filter(is_mended).collect::<Vec<_>>();
                (!mended.is_empty()).then_some(Expectation::Mended(mended))
            }
            _ => None,
        }
    }
}

impl Expectation {
    /// How long after the event.
    pub(crate) fn within(&self) -> Duration {
        match self {
            Self::Targets { .. } => TARGETS,
            Self::Mended(_) => MENDED,
        }
    }

    /// What is not so.
    pub(crate) async fn disappointments(&self, stage: &Stage) -> Vec<String> {
        let view = stage.observe().await;
        let mut found = Vec::new();
        match self {
            Self::Targets { ports, all } => {
                let targets = agreement::targets(&view, stage.declared());
                for (port, (registered, wanted)) in targets.iter().filter(|(port, _)| ports.contains(port)) {
                    let (service, port) = port;
                    let gone = registered.difference(wanted).collect::<Vec<_>>();
                    let new = wanted.difference(registered).collect::<Vec<_>>();
                    // A group is not emptied before another target has found room.
                    if gone.len() > usize::from(!*all) {
                        let law = if *all { "L4" } else { "S10" };
                        found.push(format!("{law}: {service}:{port} still has {gone:?} after {TARGETS:?}"));
                    }
                    if *all && !new.is_empty() {
                        found.push(format!("L4: {service}:{port} has no {new:?} yet after {TARGETS:?}"));
                    }
                }
            }
            Self::Mended(services) => {
                for name in services {
                    for missing in agreement::missing(name, stage.declared(), &view) {
                        found.push(format!("L10: {MENDED:?} after the mistake was mended: {missing}"));
                    }
                }
            }
        }
        found
    }
}
