//! Ingresses as people write them in an episode.

/// What an Ingress says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ingress {
    /// The group that it names; `None`: it has a load balancer of its own.
    pub(crate) group: Option<&'static str>,
    /// Its place in the group.
    pub(crate) order: i8,
    /// Whether its targets are pod addresses.
    pub(crate) ip: bool,
    /// Where it listens.
    pub(crate) listen: Listen,
    /// The ways of requests, in order.
    pub(crate) routes: Vec<Route>,
    /// Who gets what no route takes. At most one Ingress of a group has it.
    pub(crate) fallback: Option<Backend>,
    /// A tag of its own, by its value.
    pub(crate) tag: Option<u8>,
    /// What is wrong with it.
    pub(crate) mistake: Option<Mistake>,
}

/// Where an Ingress listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Listen {
    /// HTTP on port 80.
    Http,
    /// HTTPS on port 443.
    Https,
    /// Both, and HTTP is redirected.
    Redirected,
}

/// The way of some requests.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Route {
    /// The host; empty: any.
    pub(crate) host: &'static str,
    /// The path.
    pub(crate) path: String,
    /// Whether the path is to be met exactly; otherwise what begins with it will do.
    pub(crate) exact: bool,
    /// Who gets them.
    pub(crate) to: Backend,
}

/// Who gets a request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Backend {
    /// Port 80 of a Service.
    Service(&'static str),
    /// Services by weight.
    Weighted(Vec<(&'static str, u16)>),
    /// Nobody: the load balancer answers with this status.
    Fixed(u16),
}

/// What can be wrong with an Ingress, each found at another stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mistake {
    /// A setting of the load balancer has a value that there is not.
    Scheme,
    /// A structured annotation is not JSON.
    Json,
    /// It listens on HTTPS for a host that no certificate is for.
    Certificate,
    /// It names a host that is longer than AWS takes.
    LongHost,
    /// It names a class that does not exist.
    Class,
    /// It forwards by weight to a Service that does not exist.
    WeightedMissing,
}

impl Mistake {
    /// All of them.
    pub(crate) const ALL: [Self; 6] =
        [Self::Scheme, Self::Json, Self::Certificate, Self::LongHost, Self::Class, Self::WeightedMissing];
}

impl Ingress {
    /// One of its own that says nothing yet.
    pub(crate) fn new() -> Self {
        Self {
            group: None,
            order: 0,
            ip: false,
            listen: Listen::Http,
            routes: Vec::new(),
            fallback: None,
            tag: None,
            mistake: None,
        }
    }

    /// With one more route: what begins with `path` at `host` goes to a Service.
    pub(crate) fn route(mut self, host: &'static str, path: &str, service: &'static str) -> Self {
        self.routes.push(Route { host, path: path.to_owned(), exact: false, to: Backend::Service(service) });
        self
    }

    /// With one more route, for one path, to anybody.
    pub(crate) fn exact(mut self, path: &str, to: Backend) -> Self {
        self.routes.push(Route { host: "", path: path.to_owned(), exact: true, to });
        self
    }

    /// The same in a group.
    pub(crate) fn member(self, group: &'static str, order: i8) -> Self {
        Self { group: Some(group), order, ..self }
    }

    /// The same with a mistake.
    pub(crate) fn mistaken(&self, mistake: Mistake) -> Self {
        Self { mistake: Some(mistake), ..self.clone() }
    }

    /// Everybody that it sends requests to.
    pub(crate) fn backends(&self) -> impl Iterator<Item = &Backend> {
        self.routes.iter().map(|route| &route.to).chain(&self.fallback)
    }

    /// The ports that it listens on.
    pub(crate) fn ports(&self) -> &'static [u16] {
        match self.listen {
            Listen::Http => &[80],
            Listen::Https => &[443],
            Listen::Redirected => &[80, 443],
        }
    }
}

impl Backend {
    /// The Services that it names.
    pub(crate) fn services(&self) -> Vec<&'static str> {
        match self {
            Self::Service(service) => vec![service],
            Self::Weighted(services) => services.iter().map(|(service, _)| *service).collect(),
            Self::Fixed(_) => Vec::new(),
        }
    }
}
