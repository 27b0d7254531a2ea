//! What becomes of a request, by what was asked for: a plain reading of Ingresses, to judge load balancers by.

use std::collections::{BTreeMap, BTreeSet};

use super::{Declared, Ingress};
use crate::workload::{Backend, Listen, Route, ingress};

/// A request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Request {
    /// The port of the load balancer.
    pub(crate) port: u16,
    /// The host that it names.
    pub(crate) host: String,
    /// Its path.
    pub(crate) path: String,
}

/// What becomes of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Answer {
    /// One of these Services gets it, by their weights; the weight of one alone is 1.
    To(BTreeMap<String, u16>),
    /// The load balancer answers with this status itself.
    Status(u16),
    /// The client is sent from HTTP to HTTPS.
    Redirected,
    /// Nobody listens.
    Nothing,
    /// It goes where nothing that was asked for leads; the text says where.
    Astray(String),
}

/// More ways in which Ingresses that are set aside can stand than are worth a look.
const MOST_WAYS: usize = 64;

impl Declared {
    /// Requests that an Ingress is for, some for each of its routes, as it is and as it was.
    pub(crate) fn requests(&self, name: &str) -> BTreeSet<Request> {
        let Some(ingress) = self.ingresses.get(name) else { return BTreeSet::new() };
        let mut requests = BTreeSet::new();
        for form in ingress.earlier.iter().chain([&ingress.asked]) {
            for route in form.routes.iter().take(6) {
                let host = match route.host {
                    "" => "any.example.net".to_owned(),
                    host => host.replace('*', "w"),
                };
                let deeper = (!route.exact).then(|| format!("{}/deep", route.path.trim_end_matches('/')));
                for path in deeper.into_iter().chain([route.path.clone()]) {
                    let asked = |port: &u16| Request { port: *port, host: host.clone(), path: path.clone() };
                    requests.extend(form.ports().iter().map(asked));
                }
            }
            let nowhere =
                |port: &u16| Request { port: *port, host: "no.example.net".to_owned(), path: "/nowhere".to_owned() };
            requests.extend(form.fallback.iter().flat_map(|_| form.ports()).map(nowhere));
        }
        requests
    }

    /// What may become of a request for an Ingress, in whichever group that is; `None`: too much could. `kept`: what an
    /// Ingress that is set aside had before was made once, and stays.
    pub(crate) fn answers_for(&self, name: &str, request: &Request, kept: bool) -> Option<BTreeSet<Answer>> {
        let ingress = self.ingresses.get(name)?;
        let mut all = BTreeSet::new();
        for group in self.groups_of(name, ingress) {
            all.extend(self.answers(&group, request, kept)?);
        }
        Some(all)
    }

    /// What may become of a request to the load balancer of a group.
    pub(crate) fn answers(&self, group: &str, request: &Request, kept: bool) -> Option<BTreeSet<Answer>> {
        // Each member in each form that it may have there.
        let mut ways: Vec<Vec<(&str, &ingress::Ingress)>> = vec![Vec::new()];
        for (name, ingress) in self.in_order() {
            let here = |form: &&ingress::Ingress| super::group(name, form) == group;
            let robbed = ingress.robbed.iter().filter(|_| !self.is_sound(&ingress.asked));
            let forms = self.forms(ingress).into_iter().chain(robbed).filter(here).collect::<Vec<_>>();
            if forms.is_empty() {
                continue;
            }
            let without = (!kept && !self.is_sound(&ingress.asked)).then(|| ways.clone());
            let with = forms.iter().flat_map(|form| {
                ways.iter().map(move |way| way.iter().copied().chain([(name, *form)]).collect::<Vec<_>>())
            });
            ways = with.chain(without.into_iter().flatten()).collect();
            if ways.len() > MOST_WAYS {
                return None;
            }
        }
        // What is set aside keeps its place, which may be before what it would have to follow.
        let is_sound = |(name, _): &(&str, &ingress::Ingress)| self.is_sound(&self.ingresses[*name].asked);
        let mut answers = BTreeSet::new();
        for mut way in ways {
            let is_whole = way.iter().all(is_sound);
            for by_place in [true, false] {
                answers.insert(self.answer(&way, request, false));
                if !is_whole {
                    answers.insert(self.answer(&way, request, true));
                }
                if by_place {
                    way.sort_by_key(is_sound);
                }
            }
        }
        Some(answers)
    }

    /// Whether an answer may come from a rule that a member of a group had once: one that is no forward does not tell whose it
    /// is, and stays while a member is set aside that it may belong to.
    pub(crate) fn may_be_left(&self, group: &str, answer: &Answer) -> bool {
        self.has_set_aside(group) && answer.is_own()
    }

    /// The same in any group that an Ingress may be in.
    pub(crate) fn may_be_left_of(&self, name: &str, answer: &Answer) -> bool {
        let groups = self.ingresses.get(name).map(|ingress| self.groups_of(name, ingress)).unwrap_or_default();
        groups.iter().any(|group| self.may_be_left(group, answer))
    }

    /// Whether requests are answered as by another: pods make no difference.
    pub(crate) fn is_alike(&self, other: &Self) -> bool {
        (&self.ingresses, self.class) == (&other.ingresses, other.class)
            && self.services.keys().eq(other.services.keys())
    }

    /// `stays`: what leads to a Service that is gone leads to its target group, which is empty; clients see no difference.
    fn answer(&self, members: &[(&str, &ingress::Ingress)], request: &Request, stays: bool) -> Answer {
        let forms = members.iter().map(|(_, form)| *form);
        if request.port == 80 && forms.clone().any(|form| form.listen == Listen::Redirected) {
            return Answer::Redirected;
        }
        let listening = forms.filter(|form| form.ports().contains(&request.port)).collect::<Vec<_>>();
        if listening.is_empty() {
            return Answer::Nothing;
        }
        let mut routes = listening.iter().flat_map(|form| in_order(&form.routes));
        let way = routes.find(|route| takes(route, request)).map(|route| &route.to);
        let way = way.or_else(|| listening.iter().find_map(|form| form.fallback.as_ref()));
        way.map_or(Answer::Status(404), |way| self.answer_of(way, stays))
    }

    fn answer_of(&self, backend: &Backend, stays: bool) -> Answer {
        match backend {
            Backend::Fixed(status) => Answer::Status(*status),
            Backend::Service(service) if !stays && !self.services.contains_key(*service) => Answer::Status(503),
            Backend::Service(service) => Answer::to([(*service, 1)]),
            Backend::Weighted(services) => Answer::to(services.iter().copied()),
        }
    }

    /// The Ingresses in the order in which their routes come, whatever group each is in.
    fn in_order(&self) -> Vec<(&str, &Ingress)> {
        let mut all = self.ingresses.iter().map(|(name, ingress)| (name.as_str(), ingress)).collect::<Vec<_>>();
        all.sort_by_key(|(name, ingress)| (ingress.asked.order, *name));
        all
    }
}

impl Answer {
    /// Whether it is one: not that there is nothing.
    pub(crate) fn is_one(&self) -> bool {
        !matches!(self, Self::Nothing | Self::Status(404))
    }

    /// Whether it is one of the load balancer's own: that of a Service that is not there is one too.
    pub(crate) fn is_own(&self) -> bool {
        matches!(self, Self::Status(status) if *status != 404)
    }

    /// Services by weight.
    pub(crate) fn to<'s>(services: impl IntoIterator<Item = (&'s str, u16)>) -> Self {
        let mut all = BTreeMap::new();
        for (service, weight) in services.into_iter().filter(|(_, weight)| *weight > 0) {
            *all.entry(service.to_owned()).or_default() += weight;
        }
        if all.len() == 1 {
            all.values_mut().for_each(|weight| *weight = 1);
        }
        Self::To(all)
    }
}

/// Routes that follow each other for one host are one rule of the Ingress; in each, exact paths come first, then the longer
/// before the shorter.
fn in_order(routes: &[Route]) -> Vec<&Route> {
    let mut all = Vec::new();
    for of_host in routes.chunk_by(|one, other| one.host == other.host) {
        let mut of_host = of_host.iter().collect::<Vec<_>>();
        of_host.sort_by_key(|route| if route.exact { (0, 0) } else { (1, usize::MAX - route.path.len()) });
        all.extend(of_host);
    }
    all
}

fn takes(route: &Route, request: &Request) -> bool {
    let host = match route.host.strip_prefix('*') {
        _ if route.host.is_empty() => true,
        Some(suffix) => request.host.ends_with(suffix),
        None => request.host == route.host,
    };
    let below = |path: &str| request.path == path || request.path.starts_with(&format!("{path}/"));
    host && if route.exact { request.path == route.path } else { below(route.path.trim_end_matches('/')) }
}
