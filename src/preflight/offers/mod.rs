//! What can be chosen from: asked of the account, this host and the network while answers are given.
//!
//! [`ask`] has an [`Offered`] for each kind of question: rows, each with the reason where it cannot
//! be chosen, and the value that is taken where nothing is answered. What cannot be chosen stays in
//! the list, after the others. Facts are gathered here; the rules are in the files beside.

mod capacity;
mod files;
mod network;
mod site;

use std::sync::Arc;

use super::finding::Unable;
use super::reach::Reach;
use super::{Account, Asked};
use crate::answers::{Offers, Value};
use crate::cloud::Cloud;
use crate::host::Host;
use crate::plan::demand::Demand;

/// What can be chosen from.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Offered {
    /// Heads of the columns.
    pub heads: Vec<&'static str>,
    /// The rows, those that can be chosen first.
    pub rows: Vec<Offer>,
    /// What is taken where nothing is answered.
    pub value: Option<Value>,
    /// What was found, in a sentence.
    pub note: String,
}

/// Something that can be chosen, or not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Offer {
    /// What is answered by choosing it.
    pub value: String,
    /// What the list shows of it.
    pub columns: Vec<String>,
    /// Why it cannot be chosen.
    pub refused: Option<String>,
}

impl Offered {
    fn rows(heads: &[&'static str], rows: Vec<Offer>) -> Self {
        let (mut rows, refused): (Vec<_>, Vec<_>) =
            rows.into_iter().partition(|row| row.refused.is_none());
        rows.extend(refused);
        Self { heads: heads.to_vec(), rows, ..Self::default() }
    }

    fn value(value: Option<impl Into<Value>>) -> Self {
        Self { value: value.map(Into::into), ..Self::default() }
    }

    fn taking(self, value: Option<impl Into<Value>>) -> Self {
        Self { value: value.map(Into::into), ..self }
    }

    fn noting(self, note: impl Into<String>) -> Self {
        Self { note: note.into(), ..self }
    }
}

/// Whom to ask, and for which answers.
#[derive(Debug, Clone)]
pub struct Asking {
    /// The account.
    pub account: Arc<Account>,
    /// The network.
    pub reach: Arc<dyn Reach>,
    /// This host.
    pub host: Host,
    /// What the answers so far lead to.
    pub demand: Demand,
    /// The profile of the AWS command line that was answered.
    pub profile: Option<String>,
}

/// What of the answers an offer depends on: it is asked again when that changes.
pub fn depends(offers: Offers, asking: &Asking) -> String {
    let demand = &asking.demand;
    let region = demand.region.value.clone().unwrap_or_default();
    let profile = asking.profile.clone().unwrap_or_default();
    let gpu = demand.gpu.as_ref();
    let kind = gpu.map(|gpu| gpu.instance_type.clone()).unwrap_or_default();
    let reservation = gpu.and_then(|gpu| gpu.reservation.clone()).unwrap_or_default();
    let more = match offers {
        Offers::Nothing | Offers::AwsProfiles | Offers::OwnAddress | Offers::CaFile => {
            return String::new();
        }
        Offers::Regions | Offers::OwnPrincipal | Offers::Boundaries => return profile,
        Offers::Reservations | Offers::Zones => kind,
        Offers::ReservationKind | Offers::GpuZone => format!("{kind} {reservation}"),
        Offers::Certificates | Offers::HostedZones => {
            demand.site.hostname.value.clone().unwrap_or_default()
        }
        Offers::FreeRange | Offers::KubernetesVersions => String::new(),
    };
    format!("{profile} {region} {more}")
}

/// Asks what can be chosen from.
///
/// # Errors
/// When nobody answers, or an answer is missing that has to be known first.
pub async fn ask(offers: Offers, asking: &Asking) -> Asked<Offered> {
    let (account, demand) = (&asking.account, &asking.demand);
    let in_region = || demand.region.known().map_err(Unable::Waits).map(|_| ());
    match offers {
        Offers::Nothing => Ok(Offered::default()),
        Offers::AwsProfiles => Ok(files::profiles(&asking.host)),
        Offers::CaFile => Ok(files::certificates(&asking.host)),
        Offers::OwnAddress => {
            let address = asking
                .reach
                .egress()
                .await
                .map_err(|error| Unable::Unasked { reason: error.to_string(), remedy: None })?;
            Ok(network::own_address(address))
        }
        Offers::OwnPrincipal => {
            let caller = account.caller().await?;
            let principal = account.principal(caller).await;
            let row = Offer {
                value: principal.clone(),
                columns: vec![principal, "who you are now".into()],
                refused: None,
            };
            Ok(Offered::rows(&["principal", ""], vec![row]))
        }
        Offers::Boundaries => {
            let own = account.own_role().await;
            let policies = account.ask("the policies of the account", Cloud::policies).await?;
            let own = own.ok().flatten().and_then(|role| role.boundary);
            Ok(site::boundaries(&policies, own.as_deref()))
        }
        Offers::Regions => {
            let regions = account.ask("the regions", Cloud::regions).await?;
            let usual = files::usual_region(&asking.host, asking.profile.as_deref());
            Ok(network::regions(&regions, usual.as_deref()))
        }
        Offers::Zones | Offers::GpuZone | Offers::Reservations | Offers::ReservationKind => {
            in_region()?;
            capacity(offers, asking).await
        }
        Offers::FreeRange => {
            in_region()?;
            Ok(network::free_range(account.vpcs().await?))
        }
        Offers::Certificates => {
            in_region()?;
            let host = demand.site.hostname.value.as_deref();
            Ok(site::certificates(account.certificates().await?, host))
        }
        Offers::HostedZones => {
            let zones = account.ask("the hosted zones", Cloud::hosted_zones).await?;
            Ok(site::hosted_zones(&zones, demand.site.hostname.value.as_deref()))
        }
        Offers::KubernetesVersions => {
            in_region()?;
            let versions = account.ask("the versions", Cloud::cluster_versions).await?;
            Ok(site::versions(&versions))
        }
    }
}

async fn capacity(offers: Offers, asking: &Asking) -> Asked<Offered> {
    let (account, demand) = (&asking.account, &asking.demand);
    let (zones, offerings, reservations) = tokio::join!(
        account.zones(),
        account.gpu_offerings(demand),
        account.ask("the reservations", Cloud::reservations),
    );
    let gpu = demand.gpu.as_ref();
    let now = asking.host.now();
    Ok(match offers {
        Offers::Reservations => capacity::reservations(&reservations?, gpu, offerings.ok(), now),
        Offers::ReservationKind => capacity::kind(&reservations?, gpu),
        Offers::GpuZone => capacity::gpu_zones(zones?, offerings?, &reservations?, gpu),
        _ => capacity::zones(zones?, offerings.ok(), gpu),
    })
}

/// Who asks, as facts beside the question for the login: what, and how it is.
///
/// # Errors
/// When nobody answers.
pub async fn identity(asking: &Asking) -> Asked<Vec<(String, String)>> {
    let caller = asking.account.caller().await?;
    let ends = match caller.expires {
        None => "do not end, or renew themselves".to_owned(),
        Some(at) => {
            let left = at.duration_since(asking.host.now());
            let left = super::span(std::time::Duration::try_from(left).unwrap_or_default());
            format!("end {} (in {left})", at.strftime("%H:%M UTC"))
        }
    };
    Ok(vec![
        ("account".into(), caller.account.clone()),
        ("principal".into(), asking.account.principal(caller).await),
        ("credentials".into(), ends),
    ])
}
