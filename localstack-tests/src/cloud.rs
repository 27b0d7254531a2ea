//! LocalStack and the simulator together: one endpoint for every AWS service. One pair serves a whole test run, because
//! each test has an account of its own.

use std::path::Path;

use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::account::Account;
use crate::aws::Aws;
use crate::http::Endpoint;
use crate::localstack::{LocalStack, given_endpoint};
use crate::process::{Recorded, temporary_folder};
use crate::simulator::Simulator;
use crate::{Error, random, setup};

/// AWS, as far as the tests go.
#[derive(Debug)]
pub struct Cloud {
    endpoint: Endpoint,
    /// None when `LOCALSTACK_ENDPOINT` names a LocalStack of somebody else's.
    own: Option<(Simulator, LocalStack)>,
}

impl Cloud {
    /// The one of this process, started when it is first asked for. It ends when the process does.
    pub async fn shared() -> Result<&'static Self, Error> {
        static SHARED: OnceCell<(Cloud, TempDir)> = OnceCell::const_new();
        let (cloud, _folder) = SHARED
            .get_or_try_init(|| async {
                // Statics are never dropped: the keeper removes it.
                let folder = temporary_folder()?;
                Ok::<_, Error>((Self::start(folder.path()).await?, folder))
            })
            .await?;
        Ok(cloud)
    }

    /// Another one of this process, whose load balancers carry requests, always its own. Following what every load
    /// balancer is at every moment costs more than most tests have need of.
    pub async fn carrying() -> Result<&'static Self, Error> {
        static CARRYING: OnceCell<(Cloud, TempDir)> = OnceCell::const_new();
        let (cloud, _folder) = CARRYING
            .get_or_try_init(|| async {
                let folder = temporary_folder()?;
                Ok::<_, Error>((Self::start_own(folder.path(), &["--data-path"]).await?, folder))
            })
            .await?;
        Ok(cloud)
    }

    /// Starts both, their files going to `folder`; or neither, when `LOCALSTACK_ENDPOINT` is set.
    pub async fn start(folder: &Path) -> Result<Self, Error> {
        match given_endpoint() {
            Some(url) => Ok(Self { endpoint: Endpoint::parse(&url)?, own: None }),
            None => Self::start_own(folder, &[]).await,
        }
    }

    async fn start_own(folder: &Path, flags_of_simulator: &[&str]) -> Result<Self, Error> {
        let install = blocking(setup::localstack).await?;
        // Each is told of the other, so LocalStack's port is chosen here.
        let port = random::free_port()?;
        let endpoint = Endpoint::local(port);
        let simulator = Simulator::start(&endpoint, folder, flags_of_simulator).await?;
        let localstack = LocalStack::start(&install, port, simulator.endpoint(), folder).await?;
        Ok(Self { endpoint, own: Some((simulator, localstack)) })
    }

    /// Where every AWS service answers.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// A client of one account, past any proxy.
    #[must_use]
    pub fn client(&self, account: &Account) -> Aws {
        Aws::new(self.endpoint.clone(), account.clone())
    }

    /// The simulator, for its controls; none with `LOCALSTACK_ENDPOINT`.
    #[must_use]
    pub fn simulator(&self) -> Option<&Simulator> {
        self.own.as_ref().map(|(simulator, _)| simulator)
    }

    /// LocalStack; none with `LOCALSTACK_ENDPOINT`.
    #[must_use]
    pub fn localstack(&self) -> Option<&LocalStack> {
        self.own.as_ref().map(|(_, localstack)| localstack)
    }

    /// Leaves both running when this process ends: in the order in which to end them.
    #[must_use]
    pub fn leave(self) -> Vec<Recorded> {
        let own = self.own;
        own.map(|(simulator, localstack)| vec![localstack.leave(), simulator.leave()]).unwrap_or_default()
    }
}

/// Runs what blocks, the set-up, where it holds nothing up.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(Error::Io { doing: "setting up".to_owned(), source: error.into() }),
    }
}
