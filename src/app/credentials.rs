//! `springboard credentials`: what AWS SDKs run as the `credential_process` of our private profile,
//! and where a login is kept.

use std::sync::Arc;
use std::time::Duration;

use springboard::cli::{ClusterToken, WhoseCredentials};
use springboard::cloud::sign::{self, Credentials};
use springboard::cloud::{CredentialSource, Patient, Renewal, Served};
use springboard::engine::deployment::{Deployment, Kind};
use springboard::frontend::printer::Printer;
use springboard::host::Host;
use springboard::rehearsal::Scenario;
use springboard::rehearsal::login::{self, RehearsedLogin};
use springboard::rehearsal::process::Address;
use springboard::rehearsal::scenario::Keys;

use super::{Ending, named};

/// Where the credentials of a deployment come from.
#[derive(Clone)]
pub(crate) struct Login {
    /// As they are now.
    pub(crate) now: Arc<dyn CredentialSource>,
    /// The same; where they have ended, new ones are waited for.
    pub(crate) patient: Arc<dyn CredentialSource>,
    /// What tells `springboard credentials` which login is meant.
    pub(crate) arguments: Vec<String>,
}

/// In a fast world less is waited for, but nobody types a command in less.
const SHORTEST_WAIT: Duration = Duration::from_secs(15);

impl Login {
    /// The login to the world of a rehearsal. Keys that cannot be renewed stay those with which the
    /// run was begun, those of `number`.
    pub(crate) async fn rehearsed(
        deployment: &Deployment,
        address: &Address,
        number: Option<u64>,
        host: &Host,
    ) -> Result<Self, Ending> {
        let text = super::rehearsal::kept_scenario(deployment)?;
        let scenario = Scenario::parse(&text).map_err(|error| Ending::usage(&error))?;
        let command = renewing(deployment, host);
        let (renewal, number) = match scenario.account.credentials {
            Keys::Session => (Renewal::Elsewhere(command), None),
            Keys::Static => {
                let present = login::number(&address.control).await;
                let number = number.or(present.ok());
                let remedy = format!("give new keys (`{command}`)");
                (Renewal::Never { remedy }, number)
            }
        };
        let arguments = number.map(|number| vec!["--login".to_owned(), number.to_string()]);
        let now = Arc::new(RehearsedLogin::new(address.control.clone(), number, renewal));
        let limit = Patient::LIMIT.mul_f64(address.time_scale.min(1.0)).max(SHORTEST_WAIT);
        let patient = Arc::new(Patient::new(now.clone(), limit, deployment.login_awaited()));
        Ok(Self { now, patient, arguments: arguments.unwrap_or_default() })
    }
}

/// The command that logs in to the world of a rehearsal again.
fn renewing(deployment: &Deployment, host: &Host) -> String {
    let name = &deployment.name;
    let root = deployment.state_root();
    if root == host.state_root() {
        return format!("springboard world login --deployment {name}");
    }
    format!("springboard world login --deployment {name} --state-dir {}", root.display())
}

/// Prints the credentials of a deployment and nothing else.
pub(crate) async fn print(
    args: &WhoseCredentials,
    host: &Host,
    printer: &mut Printer,
) -> Result<Ending, Ending> {
    let missing = || Ending::plain(2, "error: which deployment is meant (`--deployment LABEL`)?");
    let served = of_deployment(args, host).await?.ok_or_else(missing)?;
    printer.secret_line(&served.process_document());
    Ok(Ending::DONE)
}

/// Prints a token for a cluster, signed with the credentials of a deployment or, without one,
/// with those of the environment.
pub(crate) async fn cluster_token(
    args: &ClusterToken,
    host: &Host,
    printer: &mut Printer,
) -> Result<Ending, Ending> {
    let served = match of_deployment(&args.whose, host).await? {
        Some(served) => served,
        None => of_environment(host)?,
    };
    let document = sign::exec_credential(&served, &args.region, &args.cluster, host.now())
        .map_err(|error| Ending::not_ready(&error))?;
    printer.secret_line(&document);
    Ok(Ending::DONE)
}

async fn of_deployment(args: &WhoseCredentials, host: &Host) -> Result<Option<Served>, Ending> {
    let Some(label) = &args.deployment else { return Ok(None) };
    let deployment = named(args.state_dir.as_ref(), label, host)?;
    if deployment.kind == Kind::Real {
        return of_real(args, &deployment, host).await.map(Some);
    }
    let gone = || Ending::plain(3, format!("error: the world of {label} is not there"));
    let address = Address::read(&deployment.world()).ok_or_else(gone)?;
    let login = Login::rehearsed(&deployment, &address, args.login, host).await?;
    let served = login.patient.credentials().await;
    served.map(Some).map_err(|error| Ending::not_ready(&error))
}

/// The credentials of a real install, from where its beginning found them.
#[cfg(feature = "aws")]
async fn of_real(
    args: &WhoseCredentials,
    deployment: &Deployment,
    host: &Host,
) -> Result<Served, Ending> {
    let way = super::real::Way::of_arguments(args, deployment, host)?;
    let served = way.login.patient.credentials().await;
    served.map_err(|error| Ending::not_ready(&error))
}

/// Without the SDK there is no way to AWS.
#[cfg(not(feature = "aws"))]
#[expect(clippy::unused_async, reason = "it takes the place of one that waits")]
async fn of_real(
    _args: &WhoseCredentials,
    _deployment: &Deployment,
    _host: &Host,
) -> Result<Served, Ending> {
    Err(Ending::plain(2, "error: this springboard was built without AWS"))
}

fn of_environment(host: &Host) -> Result<Served, Ending> {
    let variable = |name: &str| {
        host.var(name).ok_or_else(|| {
            Ending::plain(3, format!("error: the environment variable {name} is missing"))
        })
    };
    let keys = Credentials::new(
        variable("AWS_ACCESS_KEY_ID")?,
        variable("AWS_SECRET_ACCESS_KEY")?,
        host.var("AWS_SESSION_TOKEN").map(str::to_owned),
    );
    Ok(Served { keys, expires: None })
}
