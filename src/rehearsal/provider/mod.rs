//! The simulated `hashicorp/aws`: a provider that plans as the real one and applies to the world.
//!
//! Owns Terraform's plugin protocol 6 as unmodified `terraform` and `tofu` speak it, and the table
//! `aws` of the world. Knows all 314 resource and 188 data source types of release 6.47.0; types
//! that have no facts of their own here get plausible values, never a refusal. Does not speak any
//! AWS API. Start at [`serve()`]; a request goes through [`Provider::answer`] to [`planning`],
//! [`apply`], [`objects`] or [`data`]; [`inventory()`] lists what exists.
//!
//! Quotas, reservations and offers of instance types are what the scenario says ([`capacity`],
//! [`quotas`]). Not simulated: IAM evaluation beyond the scenario's denials, ephemeral resources
//! that are no data source too, moves between types, and a `region` taken from the tool's
//! environment (a provider block without one is in `us-west-2`).

mod access;
mod alter;
mod apply;
mod bounds;
mod caller;
pub(in crate::rehearsal) mod capacity;
mod computed;
mod conflict;
mod data;
mod dependants;
mod durations;
mod elsewhere;
#[cfg(test)]
mod everything;
pub(in crate::rehearsal) mod existing;
mod faults;
mod functions;
mod inventory;
mod kinds;
mod limits;
mod making;
mod objects;
#[cfg(test)]
mod observed;
mod operations;
pub(in crate::rehearsal) mod places;
mod planning;
mod policy;
mod quotas;
mod refusal;
mod scene;
mod schema;
mod serve;
mod session;
mod tags;
mod validate;
mod value;
pub(in crate::rehearsal) mod versions;
mod wire;
mod zero;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use prost::Message;
use tonic::Status;

pub use alter::AlterError;
pub(in crate::rehearsal) use alter::alter;
pub(in crate::rehearsal) use elsewhere::put;
pub(in crate::rehearsal) use existing::{is_foreign, seed};
pub use inventory::inventory;
pub use serve::serve;

use super::{World, victims};
use apply::Change;
use planning::Segment;
use scene::{Scene, TABLE};
use schema::{Resource, catalogue};
use session::Session;
use tags::Defaults;
use value::Value;
use wire::{DiagnosticsResponse, DynamicValue};

/// Whether the provider has a resource type of that name.
pub(in crate::rehearsal) fn is_resource_type(name: &str) -> bool {
    name.starts_with("aws_") && catalogue().resources.contains_key(name)
}

/// The provider in front of one world.
#[derive(Debug)]
pub(crate) struct Provider {
    world: Arc<World>,
    /// What was configured last, for a tool that lost its connection and came back.
    last: Mutex<Arc<Defaults>>,
}

impl Provider {
    fn new(world: Arc<World>) -> Self {
        Self { world, last: Mutex::new(Arc::new(Defaults::default())) }
    }

    /// Goes on with what was being made when the world was stopped.
    fn go_on(&self) {
        for (key, object) in self.world.store.list(TABLE) {
            if object["status"] == "creating" && object["failed"].is_null() {
                let wait = object["ready_after_ms"].as_u64().unwrap_or(0);
                let wait = Duration::from_millis(wait);
                making::finish_later(Arc::clone(&self.world), key, wait, None);
            }
        }
    }

    /// Answers one request of the protocol.
    async fn answer(
        &self,
        session: &Arc<Session>,
        method: &str,
        body: Bytes,
    ) -> Result<Bytes, Status> {
        self.world.touch();
        let encoded = match method {
            "GetProviderSchema" => return Ok(catalogue().encoded()),
            "GetMetadata" => metadata().encode_to_vec(),
            "ValidateProviderConfig"
            | "ValidateEphemeralResourceConfig"
            | "RenewEphemeralResource"
            | "CloseEphemeralResource" => Vec::new(),
            "GetFunctions" => {
                wire::GetFunctionsResponse { functions: functions::signatures() }.encode_to_vec()
            }
            "CallFunction" => call_function(&decode(body)?)?.encode_to_vec(),
            "OpenEphemeralResource" => self.open(session, &decode(body)?)?.encode_to_vec(),
            "ConfigureProvider" => self.configure(session, &decode(body)?).await?.encode_to_vec(),
            "ValidateResourceConfig" => validate_resource(&decode(body)?)?.encode_to_vec(),
            "ValidateDataResourceConfig" => DiagnosticsResponse::default().encode_to_vec(),
            "UpgradeResourceState" => upgrade(&decode(body)?)?.encode_to_vec(),
            "ReadResource" => self.read(session, decode(body)?).await?.encode_to_vec(),
            "PlanResourceChange" => self.plan(session, decode(body)?)?.encode_to_vec(),
            "ApplyResourceChange" => self.apply(session, decode(body)?).await?.encode_to_vec(),
            "ImportResourceState" => self.import(session, &decode(body)?)?.encode_to_vec(),
            "ReadDataSource" => self.read_data(session, decode(body)?).await?.encode_to_vec(),
            "StopProvider" => {
                session.stop();
                Vec::new()
            }
            other => return Err(Status::unimplemented(format!("{other} is not simulated"))),
        };
        Ok(encoded.into())
    }

    fn defaults(&self, session: &Session) -> Arc<Defaults> {
        session.defaults().unwrap_or_else(|| {
            Arc::clone(&self.last.lock().unwrap_or_else(PoisonError::into_inner))
        })
    }

    async fn configure(
        &self,
        session: &Session,
        request: &wire::ConfigRequest,
    ) -> Result<DiagnosticsResponse, Status> {
        let config = value_of(request.config.as_ref(), catalogue().provider())?;
        let defaults = Arc::new(Defaults::read(&config, "us-west-2"));
        session.configure(Arc::clone(&defaults));
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = defaults;
        if let Some(caller) = session.caller() {
            caller.configure(&config);
        }
        let diagnostic = access::on_configure(&self.world, session, &config).await;
        Ok(DiagnosticsResponse { diagnostics: diagnostic.into_iter().collect() })
    }

    fn scene(
        &self,
        session: &Session,
        type_name: &str,
        resource: &'static Resource,
        object: &Value,
    ) -> Scene {
        let region = &self.defaults(session).region;
        Scene::new(Arc::clone(&self.world), type_name, resource, region, object)
    }

    async fn read(
        &self,
        session: &Session,
        request: wire::ReadRequest,
    ) -> Result<wire::ReadResponse, Status> {
        let resource = resource(&request.type_name)?;
        let state = value_of(request.current_state.as_ref(), resource)?;
        let scene = self.scene(session, &request.type_name, resource, &state);
        let told = faults::told_of_read(&scene, &state);
        self.undergo(session, &told).await?;
        let refused = access::on_read(&scene, session, &state).await;
        let diagnostics: Vec<_> = refused.or(told.diagnostic).into_iter().collect();
        let new_state = if diagnostics.is_empty() { objects::read(&scene, &state) } else { state };
        let new_state = Some(DynamicValue::of(&new_state));
        Ok(wire::ReadResponse { new_state, diagnostics, private: request.private })
    }

    /// Lets happen what the scenario wants at a read.
    async fn undergo(&self, session: &Session, told: &faults::Told) -> Result<(), Status> {
        tokio::time::sleep(told.hang).await;
        if let Some(fault) = &told.strikes {
            victims::strike(&self.world, fault, session.peer());
        }
        if told.dropped { Err(dropped()) } else { Ok(()) }
    }

    fn plan(
        &self,
        session: &Session,
        request: wire::PlanRequest,
    ) -> Result<wire::PlanResponse, Status> {
        let resource = resource(&request.type_name)?;
        let prior = value_of(request.prior_state.as_ref(), resource)?;
        let proposed = value_of(request.proposed_new_state.as_ref(), resource)?;
        let config = value_of(request.config.as_ref(), resource)?;
        let config = if proposed.is_null() { Value::Null } else { config };
        let defaults = self.defaults(session);
        let plan = planning::plan(&request.type_name, resource, &defaults, &prior, &config);
        Ok(wire::PlanResponse {
            planned_state: Some(DynamicValue::of(&plan.planned)),
            requires_replace: plan.replace.iter().map(|path| to_wire(path)).collect(),
            planned_private: request.prior_private,
            diagnostics: Vec::new(),
            // As the real provider, which is written with the older SDK for the most part.
            legacy_type_system: true,
        })
    }

    async fn apply(
        &self,
        session: &Arc<Session>,
        request: wire::ApplyRequest,
    ) -> Result<wire::ApplyResponse, Status> {
        let resource = resource(&request.type_name)?;
        let defaults = self.defaults(session);
        let applied = apply::apply(Change {
            world: &self.world,
            session,
            type_name: &request.type_name,
            resource,
            region: &defaults.region,
            prior: value_of(request.prior_state.as_ref(), resource)?,
            planned: value_of(request.planned_state.as_ref(), resource)?,
        })
        .await;
        if applied.dropped {
            return Err(dropped());
        }
        Ok(wire::ApplyResponse {
            new_state: Some(DynamicValue::of(&applied.state)),
            private: request.planned_private,
            diagnostics: applied.diagnostics,
            legacy_type_system: true,
        })
    }

    fn import(
        &self,
        session: &Session,
        request: &wire::ImportRequest,
    ) -> Result<wire::ImportResponse, Status> {
        let resource = resource(&request.type_name)?;
        let region = &self.defaults(session).region;
        let state = objects::import(&self.world, &request.type_name, resource, region, &request.id);
        let imported = wire::ImportedResource {
            type_name: request.type_name.clone(),
            state: Some(DynamicValue::of(&state)),
            private: Vec::new(),
        };
        Ok(wire::ImportResponse { imported_resources: vec![imported], diagnostics: Vec::new() })
    }

    fn open(
        &self,
        session: &Session,
        request: &wire::ConfigRequest,
    ) -> Result<wire::OpenResponse, Status> {
        let source = catalogue().ephemeral.get(&request.type_name).ok_or_else(|| {
            Status::invalid_argument(format!("{} is not known", request.type_name))
        })?;
        let config = value_of(request.config.as_ref(), source)?;
        let defaults = self.defaults(session);
        let (value, diagnostics) =
            match data::question(&self.world, &request.type_name, source, &defaults, &config)
                .read(source)
            {
                Ok(value) => (value, Vec::new()),
                Err(diagnostic) => (Value::Null, vec![diagnostic]),
            };
        Ok(wire::OpenResponse { result: Some(DynamicValue::of(&value)), diagnostics })
    }

    async fn read_data(
        &self,
        session: &Session,
        request: wire::ConfigRequest,
    ) -> Result<wire::DataResponse, Status> {
        let source = catalogue().data_sources.get(&request.type_name).ok_or_else(|| {
            Status::invalid_argument(format!("{} is not known", request.type_name))
        })?;
        let config = value_of(request.config.as_ref(), source)?;
        let defaults = self.defaults(session);
        let question = data::question(&self.world, &request.type_name, source, &defaults, &config);
        let told = faults::told_of_read(&question.scene, &config);
        self.undergo(session, &told).await?;
        let refused = access::on_read(&question.scene, session, &config).await;
        let answer = match refused.or(told.diagnostic) {
            Some(diagnostic) => Err(diagnostic),
            None => question.read(source),
        };
        let (state, diagnostics) = match answer {
            Ok(state) => (state, Vec::new()),
            Err(diagnostic) => (Value::Null, vec![diagnostic]),
        };
        Ok(wire::DataResponse { state: Some(DynamicValue::of(&state)), diagnostics })
    }
}

fn dropped() -> Status {
    Status::unavailable("the connection to the service was dropped")
}

/// A tool that asks without a socket: for tests and fuzzers, which ask anything.
#[derive(Debug)]
pub struct Tool {
    provider: Provider,
    session: Arc<Session>,
}

impl Tool {
    /// A tool that has just connected.
    #[must_use]
    pub fn new(world: Arc<World>) -> Self {
        Self { provider: Provider::new(world), session: Arc::new(Session::new()) }
    }

    /// Asks for `method` with a message of the protocol, and returns the one that is answered.
    ///
    /// # Errors
    /// When the message cannot be read, or the method is not simulated.
    pub async fn ask(&self, method: &str, message: Bytes) -> Result<Bytes, Status> {
        self.provider.answer(&self.session, method, message).await
    }
}

fn call_function(request: &wire::CallRequest) -> Result<wire::CallResponse, Status> {
    let arguments: Result<Vec<Value>, String> = request
        .arguments
        .iter()
        .map(|argument| DynamicValue::read(Some(argument), &schema::Type::String))
        .collect();
    let arguments = arguments.map_err(Status::invalid_argument)?;
    Ok(match functions::call(&request.name, &arguments) {
        Ok(value) => wire::CallResponse { result: Some(DynamicValue::of(&value)), error: None },
        Err(text) => wire::CallResponse { result: None, error: Some(wire::FunctionError { text }) },
    })
}

fn decode<M: Message + Default>(body: Bytes) -> Result<M, Status> {
    M::decode(body).map_err(|e| Status::invalid_argument(e.to_string()))
}

fn resource(type_name: &str) -> Result<&'static Resource, Status> {
    let known = catalogue().resources.get(type_name);
    known.ok_or_else(|| Status::invalid_argument(format!("{type_name} is not known")))
}

fn value_of(value: Option<&DynamicValue>, resource: &Resource) -> Result<Value, Status> {
    DynamicValue::read(value, &resource.ty).map_err(Status::invalid_argument)
}

fn metadata() -> wire::GetMetadataResponse {
    let names = |types: &std::collections::BTreeMap<String, Resource>| {
        types.keys().map(|name| wire::TypeName { type_name: name.clone() }).collect()
    };
    wire::GetMetadataResponse {
        server_capabilities: Some(schema::capabilities()),
        data_sources: names(&catalogue().data_sources),
        resources: names(&catalogue().resources),
        ephemeral_resources: names(&catalogue().ephemeral),
        functions: functions::names().map(|type_name| wire::TypeName { type_name }).collect(),
    }
}

fn validate_resource(request: &wire::ConfigRequest) -> Result<DiagnosticsResponse, Status> {
    let resource = resource(&request.type_name)?;
    let config = value_of(request.config.as_ref(), resource)?;
    Ok(DiagnosticsResponse {
        diagnostics: validate::resource(&request.type_name, resource, &config),
    })
}

/// States of older schema versions are taken by the names of their attributes.
fn upgrade(request: &wire::UpgradeRequest) -> Result<wire::UpgradeResponse, Status> {
    let resource = resource(&request.type_name)?;
    let raw = request.raw_state.as_ref().map(|r| r.json.as_slice()).unwrap_or_default();
    let json = DynamicValue { msgpack: Vec::new(), json: raw.to_vec() };
    let state = value_of(Some(&json), resource)?;
    Ok(wire::UpgradeResponse {
        upgraded_state: Some(DynamicValue::of(&state)),
        diagnostics: Vec::new(),
    })
}

fn to_wire(path: &[Segment]) -> wire::AttributePath {
    let steps = path.iter().map(|segment| match segment {
        Segment::Attribute(name) => wire::Step::attribute(name),
        Segment::Index(index) => wire::Step::index(*index),
    });
    wire::AttributePath { steps: steps.collect() }
}
