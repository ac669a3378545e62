//! Whether AWS lets a tool in, asked before everything that a real provider asks AWS for, and what
//! the provider says when it does not.

use std::sync::Arc;

use super::caller::Trouble;
use super::durations::Action;
use super::faults;
use super::kinds;
use super::operations::{self, Calls, Operation};
use super::refusal::Telling;
use super::scene::Scene;
use super::schema::catalogue;
use super::session::Session;
use super::value::Value;
use super::wire::Diagnostic;
use crate::rehearsal::World;

/// Data sources that are worked out without asking AWS.
const WITHOUT_AWS: &[&str] = &[
    "aws_arn",
    "aws_billing_service_account",
    "aws_default_tags",
    "aws_iam_policy_document",
    "aws_partition",
    "aws_region",
    "aws_service",
    "aws_service_principal",
];

/// What configuring the provider meets: it looks for credentials and asks AWS whose they are.
pub(super) async fn on_configure(
    world: &Arc<World>,
    session: &Session,
    config: &Value,
) -> Option<Diagnostic> {
    let trouble = session.admitted(world).await.err()?;
    if let Trouble::None(words) = &trouble {
        let detail = format!(
            "Please see https://registry.terraform.io/providers/hashicorp/aws\nfor more \
             information about providing credentials.\n\nError: {words}\n"
        );
        return Some(Diagnostic::error("No valid credential sources found", detail));
    }
    if *config.field("skip_credentials_validation") == Value::Bool(true) {
        return None;
    }
    let operation = Operation { service: "STS".into(), name: "GetCallerIdentity".into() };
    let refusal = trouble.refusal(&operation);
    let request = kinds::uuid(&world.hex("request/GetCallerIdentity", 32));
    let summary = format!(
        "validating provider credentials: retrieving caller identity from STS: operation error \
         STS: GetCallerIdentity, https response error StatusCode: {}, RequestID: {request}, api \
         error {}: {}",
        refusal.status, refusal.code, refusal.message
    );
    Some(Diagnostic::error(summary, ""))
}

/// What reading an object or a data source meets.
pub(super) async fn on_read(
    scene: &Scene,
    session: &Session,
    object: &Value,
) -> Option<Diagnostic> {
    let is_source = catalogue()
        .data_sources
        .get(&scene.type_name)
        .is_some_and(|source| std::ptr::eq(source, scene.resource));
    if is_source && WITHOUT_AWS.contains(&scene.type_name.as_str()) {
        return None;
    }
    let calls = if is_source {
        operations::of_data_source(&scene.type_name)
    } else {
        operations::of_resource(&scene.type_name, Action::Read)
    };
    let trouble = session.admitted(&scene.world).await.err()?;
    Some(told(scene, &trouble, &calls, Action::Read, &faults::subject(scene, object).name))
}

/// What a look at an object that is being made, changed or removed meets.
pub(super) async fn on_poll(scene: &Scene, session: &Session, whom: &str) -> Option<Diagnostic> {
    let trouble = session.admitted(&scene.world).await.err()?;
    let calls = operations::of_resource(&scene.type_name, Action::Read);
    let mut diagnostic = told(scene, &trouble, &calls, Action::Read, "");
    let words = diagnostic.summary.split_once(": operation error ");
    let words = words.map(|(_, words)| format!("waiting for {whom}: operation error {words}"));
    diagnostic.summary = words.unwrap_or(diagnostic.summary);
    Some(diagnostic)
}

/// The trouble as the provider reports it of one call.
pub(super) fn told(
    scene: &Scene,
    trouble: &Trouble,
    calls: &Calls,
    action: Action,
    name: &str,
) -> Diagnostic {
    let operation = operations::main_call(calls, action);
    trouble.refusal(&operation).diagnostic(&Telling {
        action,
        title: &scene.kind.title,
        name,
        operation,
        request_id: kinds::uuid(&scene.digits),
    })
}
