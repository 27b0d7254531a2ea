//! How soon things are done where nothing goes wrong: targets within a second (L4), those that go also where there is no room
//! for those that come (S10), a mended mistake within five (L10).

use std::collections::BTreeMap;
use std::time::Duration;

use crate::agreement;
use crate::declared::Purpose;
use crate::stage::{HEALTH_DELAY, Stage};
use crate::workload::Event;

const TARGETS: Duration = Duration::from_secs(1);
const MENDED: Duration = Duration::from_secs(5);

/// What has to be so a while after an event.
#[derive(Debug)]
pub(crate) enum Expectation {
    /// These target groups have the targets that they are to have; `all`: also those that are new.
    Targets { groups: Vec<Purpose>, all: bool },
    /// What was refused before is carried out, of Services and of Ingresses.
    Mended(Vec<String>, Vec<String>),
}

/// The Services and ports as they are before an event.
#[derive(Debug)]
pub(crate) struct Before {
    in_agreement: BTreeMap<Purpose, bool>,
    refused: Vec<String>,
    set_aside: Vec<String>,
}

impl Before {
    /// Looks at the world.
    pub(crate) async fn of(stage: &Stage) -> Self {
        let view = stage.observe().await;
        let declared = stage.declared();
        let groups = agreement::targets(&view, declared);
        let in_agreement =
            groups.into_iter().map(|(group, (registered, wanted))| (group, registered == wanted)).collect();
        let refused = declared.services.iter().filter(|(_, service)| service.wanted && !service.is_served());
        let set_aside = declared.ingresses.iter().filter(|(_, ingress)| !declared.is_sound(&ingress.asked));
        Self {
            in_agreement,
            refused: refused.map(|(name, _)| name.clone()).collect(),
            set_aside: set_aside.map(|(name, _)| name.clone()).collect(),
        }
    }

    /// What is expected after the event; `full`: a quota may leave no room for what is new.
    pub(crate) fn expect(self, event: &Event, stage: &Stage, full: bool) -> Option<Expectation> {
        match event {
            Event::Pods(..) | Event::NodeJoins(_) | Event::NodeLeaves(_) => {
                let settled = self.in_agreement.into_iter().filter(|(_, agrees)| full || *agrees);
                Some(Expectation::Targets { groups: settled.map(|(group, _)| group).collect(), all: !full })
            }
            Event::Annotate(..) | Event::Ingress(..) if !full => {
                let declared = stage.declared();
                let is_mended = |name: &String| declared.services.get(name).is_some_and(|now| now.is_served());
                let services = self.refused.into_iter().filter(is_mended).collect::<Vec<_>>();
                let is_sound = |name: &String| {
                    declared.ingresses.get(name).is_some_and(|ingress| declared.is_sound(&ingress.asked))
                };
                let ingresses = self.set_aside.into_iter().filter(is_sound).collect::<Vec<_>>();
                let any = !services.is_empty() || !ingresses.is_empty();
                any.then_some(Expectation::Mended(services, ingresses))
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
            Self::Mended(_, ingresses) if ingresses.is_empty() => MENDED,
            // Requests that are answered move when the targets that are new are healthy.
            Self::Mended(..) => MENDED + HEALTH_DELAY,
        }
    }

    /// What is not so.
    pub(crate) async fn disappointments(&self, stage: &Stage) -> Vec<String> {
        let view = stage.observe().await;
        let mut found = Vec::new();
        match self {
            Self::Targets { groups, all } => {
                let targets = agreement::targets(&view, stage.declared());
                for (group, (registered, wanted)) in targets.iter().filter(|(group, _)| groups.contains(group)) {
                    let gone = registered.difference(wanted).collect::<Vec<_>>();
                    let new = wanted.difference(registered).collect::<Vec<_>>();
                    // A group is not emptied before another target has found room.
                    if gone.len() > usize::from(!*all) {
                        let law = if *all { "L4" } else { "S10" };
                        found.push(format!("{law}: {group} still has {gone:?} after {TARGETS:?}"));
                    }
                    if *all && !new.is_empty() {
                        found.push(format!("L4: {group} has no {new:?} yet after {TARGETS:?}"));
                    }
                }
            }
            Self::Mended(services, ingresses) => {
                let declared = stage.declared();
                let of_services = services.iter().flat_map(|name| agreement::missing_of_service(name, declared, &view));
                let of_ingresses =
                    ingresses.iter().flat_map(|name| agreement::missing_of_ingress(name, declared, &view));
                let missing = of_services.chain(of_ingresses);
                found
                    .extend(missing.map(|one| format!("L10: {:?} after the mistake was mended: {one}", self.within())));
            }
        }
        found
    }
}
