//! Takes every type of the schema through its whole life, with what it requires and no more.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::json;

use super::Provider;
use super::schema::{Block, Nesting, Resource, Type, catalogue};
use super::session::Session;
use super::value::{Object, Value};
use super::wire::{self, DynamicValue};
use crate::rehearsal::{Scenario, World};

struct Client {
    provider: Provider,
    session: Arc<Session>,
    _dir: tempfile::TempDir,
}

impl Client {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let world = World::open(dir.path(), Scenario::default(), 0.0).unwrap();
        let cluster = json!({"type": "aws_eks_cluster", "id": "base",
            "attributes": {"id": "base", "name": "base", "version": "1.35"}});
        world.store.put("aws", "aws_eks_cluster/base", cluster).unwrap();
        Self { provider: Provider::new(world), session: Arc::new(Session::new()), _dir: dir }
    }

    async fn call<Q: prost::Message, A: prost::Message + Default>(
        &self,
        method: &str,
        request: Q,
    ) -> A {
        let body = Bytes::from(request.encode_to_vec());
        let answer = self.provider.answer(&self.session, method, body).await.unwrap();
        A::decode(answer).unwrap()
    }

    async fn plan(&self, type_name: &str, prior: &Value, config: &Value) -> Value {
        let answer: wire::PlanResponse = self
            .call(
                "PlanResourceChange",
                wire::PlanRequest {
                    type_name: type_name.into(),
                    prior_state: Some(DynamicValue::of(prior)),
                    proposed_new_state: Some(DynamicValue::of(config)),
                    config: Some(DynamicValue::of(config)),
                    prior_private: Vec::new(),
                },
            )
            .await;
        Value::from_msgpack(&answer.planned_state.unwrap().msgpack).unwrap()
    }

    async fn apply(&self, type_name: &str, prior: &Value, planned: &Value) -> Value {
        let answer: wire::ApplyResponse = self
            .call(
                "ApplyResourceChange",
                wire::ApplyRequest {
                    type_name: type_name.into(),
                    prior_state: Some(DynamicValue::of(prior)),
                    planned_state: Some(DynamicValue::of(planned)),
                    config: Some(DynamicValue::of(planned)),
                    planned_private: Vec::new(),
                },
            )
            .await;
        let told: Vec<_> = answer.diagnostics.iter().map(|d| d.summary.clone()).collect();
        assert_eq!(told, [""; 0], "{type_name}");
        Value::from_msgpack(&answer.new_state.unwrap().msgpack).unwrap()
    }

    async fn read(&self, type_name: &str, state: &Value) -> Value {
        let answer: wire::ReadResponse = self
            .call(
                "ReadResource",
                wire::ReadRequest {
                    type_name: type_name.into(),
                    current_state: Some(DynamicValue::of(state)),
                    private: Vec::new(),
                },
            )
            .await;
        Value::from_msgpack(&answer.new_state.unwrap().msgpack).unwrap()
    }

    async fn import(&self, type_name: &str, id: &str) -> Value {
        let request = wire::ImportRequest { type_name: type_name.into(), id: id.into() };
        let answer: wire::ImportResponse = self.call("ImportResourceState", request).await;
        let state = answer.imported_resources[0].state.clone().unwrap();
        Value::from_msgpack(&state.msgpack).unwrap()
    }
}

/// A configuration with what the type requires.
fn least(type_name: &str, resource: &Resource) -> Value {
    let mut object = least_block(&resource.block);
    if type_name == "aws_db_instance" {
        object.insert("password".into(), "secret-secret".into());
        object.insert("skip_final_snapshot".into(), Value::Bool(true));
    }
    Value::Map(object).conform(&resource.ty)
}

fn least_block(block: &Block) -> Object {
    let attributes = block.attributes.iter().map(|(name, attribute)| {
        let value = if attribute.required { least_value(name, &attribute.ty) } else { Value::Null };
        (name.clone(), value)
    });
    let blocks = block.blocks.iter().map(|(name, nested)| {
        let value = match nested.nesting {
            Nesting::Single => Value::Null,
            _ if nested.is_required() => Value::List(vec![Value::Map(least_block(&nested.block))]),
            _ => Value::List(Vec::new()),
        };
        (name.clone(), value)
    });
    attributes.chain(blocks).collect()
}

fn least_value(name: &str, ty: &Type) -> Value {
    match ty {
        Type::Bool => Value::Bool(true),
        Type::Number => Value::Number(1.into()),
        Type::String if name == "cluster_name" => "base".into(),
        Type::String => "x".into(),
        Type::List(t) | Type::Set(t) => Value::List(vec![least_value(name, t)]),
        Type::Map(_) => Value::Map(Object::new()),
        Type::Object(fields) => {
            Value::Map(fields.iter().map(|(k, t)| (k.clone(), least_value(k, t))).collect())
        }
    }
}

#[tokio::test]
async fn every_resource_type_is_made_read_planned_empty_imported_and_deleted() {
    let client = Client::new();
    for (name, resource) in &catalogue().resources {
        let config = least(name, resource);
        let planned = client.plan(name, &Value::Null, &config).await;
        let state = client.apply(name, &Value::Null, &planned).await;
        assert!(state.is_wholly_known(), "{name}: {state:?}");
        let read = client.read(name, &state).await;
        assert!(read.same(&state, &resource.ty), "{name}:\n{state:?}\n{read:?}");
        let again = client.plan(name, &read, &config).await;
        assert!(again.same(&state, &resource.ty), "{name}:\n{state:?}\n{again:?}");
        if !state.text("id").is_empty() {
            let imported = client.import(name, state.text("id")).await;
            let found = client.read(name, &imported).await;
            assert!(found.same(&state, &resource.ty), "{name}:\n{state:?}\n{found:?}");
        }
        let gone = client.apply(name, &state, &Value::Null).await;
        assert!(gone.is_null() && client.read(name, &state).await.is_null(), "{name}");
    }
}

#[tokio::test]
async fn every_data_source_answers() {
    let client = Client::new();
    for (name, source) in &catalogue().data_sources {
        let config = Value::Map(least_block(&source.block)).conform(&source.ty);
        let request = wire::ConfigRequest {
            type_name: name.clone(),
            config: Some(DynamicValue::of(&config)),
        };
        let answer: wire::DataResponse = client.call("ReadDataSource", request).await;
        assert_eq!(answer.diagnostics, [], "{name}");
        let state = Value::from_msgpack(&answer.state.unwrap().msgpack).unwrap();
        assert!(state.is_wholly_known() && !state.is_null(), "{name}: {state:?}");
    }
}
