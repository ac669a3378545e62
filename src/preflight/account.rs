//! The account as checks ask it: each fact once, few calls at a time, each within a limit.
//!
//! Who asks is asked first. Where that has no answer, no other question is put, and all checks of
//! the account have the same reason.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OnceCell, Semaphore};
use tokio::time::timeout;
use url::Url;

use super::finding::Unable;
use crate::cloud::{
    Caller, Certificate, Cloud, CloudError, CredentialSource, InstanceType, Offering, Reservation,
    Role, Tagged, Vpc, Zone,
};
use crate::plan::demand::Demand;

/// An answer, or why there is none.
pub type Asked<T> = Result<T, Unable>;

/// How many calls may be on their way at once.
const AT_ONCE: usize = 24;
/// How long one call may take, tries again included.
const LIMIT: Duration = Duration::from_secs(10);

/// The account.
#[derive(Debug)]
pub struct Account {
    door: Result<Arc<dyn Cloud>, Unable>,
    login: Option<Arc<dyn CredentialSource>>,
    limit: Duration,
    calls: Semaphore,
    caller: OnceCell<Asked<Caller>>,
    zones: OnceCell<Asked<Vec<Zone>>>,
    vpcs: OnceCell<Asked<Vec<Vpc>>>,
    reservation: OnceCell<Asked<Option<Reservation>>>,
    offerings: OnceCell<Asked<Vec<Offering>>>,
    types: OnceCell<Asked<Vec<InstanceType>>>,
    certificates: OnceCell<Asked<Vec<Certificate>>>,
    tagged: OnceCell<Asked<Vec<Tagged>>>,
}

impl Account {
    /// An account that is asked with that login. What it says holds as long as this lives.
    pub fn new(cloud: Arc<dyn Cloud>, login: Option<Arc<dyn CredentialSource>>) -> Self {
        Self::behind(Ok(cloud.remembering().unwrap_or(cloud)), login)
    }

    /// No account: every question has the same answer.
    pub fn absent(reason: impl Into<String>, remedy: Option<String>) -> Self {
        Self::behind(Err(Unable::Unasked { reason: reason.into(), remedy }), None)
    }

    /// With another limit for each call.
    #[must_use]
    pub fn within(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    fn behind(
        door: Result<Arc<dyn Cloud>, Unable>,
        login: Option<Arc<dyn CredentialSource>>,
    ) -> Self {
        Self {
            door,
            login,
            limit: LIMIT,
            calls: Semaphore::new(AT_ONCE),
            caller: OnceCell::new(),
            zones: OnceCell::new(),
            vpcs: OnceCell::new(),
            reservation: OnceCell::new(),
            offerings: OnceCell::new(),
            types: OnceCell::new(),
            certificates: OnceCell::new(),
            tagged: OnceCell::new(),
        }
    }

    /// The login that the account is asked with.
    pub fn login(&self) -> Option<&Arc<dyn CredentialSource>> {
        self.login.as_ref()
    }

    /// Where a service is, if that is not where it always is.
    pub fn endpoint(&self, service: &str) -> Option<Url> {
        self.door.as_ref().ok()?.endpoint(service)
    }

    /// Who asks.
    pub async fn caller(&self) -> Asked<&Caller> {
        let ask = async || {
            let cloud = self.door.as_ref().map_err(Clone::clone)?;
            self.limited("who asks", cloud.caller()).await
        };
        self.caller.get_or_init(ask).await.as_ref().map_err(Clone::clone)
    }

    /// The way to ask: open once the account has said who asks.
    pub async fn door(&self) -> Asked<&Arc<dyn Cloud>> {
        self.caller().await?;
        self.door.as_ref().map_err(Clone::clone)
    }

    /// One question, put through [`Self::door`].
    pub async fn ask<'a, T, F>(
        &'a self,
        what: &str,
        question: impl FnOnce(&'a dyn Cloud) -> F,
    ) -> Asked<T>
    where
        F: Future<Output = Result<T, CloudError>>,
    {
        let cloud = self.door().await?;
        self.limited(what, question(&**cloud)).await
    }

    /// The role behind the caller, with its path and its boundary; `None` where no role asks.
    pub async fn own_role(&self) -> Asked<Option<Role>> {
        let caller = self.caller().await?;
        let principal = caller.principal();
        match principal.split_once(":role/").filter(|_| principal != caller.arn) {
            Some((_, name)) => self.ask("the role of the caller", |cloud| cloud.role(name)).await,
            None => Ok(None),
        }
    }

    /// ARN of the role or user whose policies count, with its path as far as it may be read: the ARN
    /// of a session does not say it, and without it the simulator and EKS find no role.
    pub async fn principal(&self, caller: &Caller) -> String {
        let role = self.own_role().await.ok().flatten();
        role.map_or_else(|| caller.principal(), |role| role.arn)
    }

    /// The zones of the region.
    pub async fn zones(&self) -> Asked<&Vec<Zone>> {
        once(&self.zones, self.ask("the zones", Cloud::zones)).await
    }

    /// The VPCs of the region.
    pub async fn vpcs(&self) -> Asked<&Vec<Vpc>> {
        once(&self.vpcs, self.ask("the VPCs", Cloud::vpcs)).await
    }

    /// The certificates of the region.
    pub async fn certificates(&self) -> Asked<&Vec<Certificate>> {
        once(&self.certificates, self.ask("the certificates", Cloud::certificates)).await
    }

    /// The reservation that `demand` names.
    pub async fn reservation(&self, demand: &Demand) -> Asked<Option<&Reservation>> {
        let id = demand.gpu.as_ref().and_then(|gpu| gpu.reservation.as_deref());
        let Some(id) = id else { return Ok(None) };
        let asked = self.ask("the reservation", |cloud| cloud.reservation(id));
        once(&self.reservation, asked).await.map(Option::as_ref)
    }

    /// Which zones have the GPU type of `demand`.
    pub async fn gpu_offerings(&self, demand: &Demand) -> Asked<&Vec<Offering>> {
        let types: Vec<String> = demand.gpu.iter().map(|gpu| gpu.instance_type.clone()).collect();
        let asked = async {
            let cloud = self.door().await?;
            self.limited("the offerings", cloud.offerings(&types)).await
        };
        once(&self.offerings, asked).await
    }

    /// The instance types of `demand`, as the region has them.
    pub async fn instance_types(&self, demand: &Demand) -> Asked<&Vec<InstanceType>> {
        let mut types: BTreeSet<String> =
            demand.nodes.iter().map(|nodes| nodes.instance_type.clone()).collect();
        types.extend(demand.gpu.iter().map(|gpu| gpu.instance_type.clone()));
        let types: Vec<String> = types.into_iter().collect();
        let asked = async {
            let cloud = self.door().await?;
            self.limited("the instance types", cloud.instance_types(&types)).await
        };
        once(&self.types, asked).await
    }

    /// What exists of the deployment already.
    pub async fn made(&self, demand: &Demand) -> Asked<&Vec<Tagged>> {
        let name = demand.deployment.known().map_err(Unable::Waits)?;
        let asked = self.ask("the objects of the deployment", |cloud| cloud.tagged(name));
        once(&self.tagged, asked).await
    }

    /// One call, when it is its turn and for as long as it may take.
    async fn limited<T>(
        &self,
        what: &str,
        call: impl Future<Output = Result<T, CloudError>>,
    ) -> Asked<T> {
        let _turn = self.calls.acquire().await.expect("the turns are never closed");
        match timeout(self.limit, call).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(Unable::from(&error)),
            Err(_too_late) => Err(Unable::Unasked {
                reason: format!("AWS did not say {what} within {} s", self.limit.as_secs_f32()),
                remedy: Some("see whether this host reaches AWS, and through which proxy".into()),
            }),
        }
    }
}

async fn once<T>(cell: &OnceCell<Asked<T>>, asked: impl Future<Output = Asked<T>>) -> Asked<&T> {
    cell.get_or_init(|| asked).await.as_ref().map_err(Clone::clone)
}
