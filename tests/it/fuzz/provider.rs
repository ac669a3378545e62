//! Requests to the simulated provider.
//!
//! An input is one of two things: `raw METHOD` and a line break, followed by the message itself,
//! or lines `METHOD TYPE` followed by two lines of JSON, of which the message is made. Several
//! of the latter kind may follow each other and are asked of one world.

use bytes::Bytes;
use serde_json::{Value, json};
use springboard::rehearsal::provider::Tool;
use springboard::rehearsal::{Scenario, World};

use super::folder;

/// One or several requests.
pub(super) fn requests(bytes: &[u8]) {
    let folder = folder();
    let world = World::open(folder.path(), Scenario::default(), 0.0).unwrap();
    let tool = Tool::new(world);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let ask = |method: &str, body: Vec<u8>| {
        // A hang that a request asks for is no hang.
        let answer = runtime.block_on(tool.ask(method, Bytes::from(body)));
        drop(answer.map_err(|status| status.to_string()));
    };
    if let Some((method, body)) = raw(bytes) {
        ask(&method, body);
        return;
    }
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<_> = text.lines().collect();
    for request in lines.chunks(3).take(16) {
        let (method, kind) = request[0].split_once(' ').unwrap_or((request[0], ""));
        let part = |index: usize| request.get(index).copied().unwrap_or("null");
        ask(method, message(method, kind, part(1), part(2)));
    }
}

fn raw(bytes: &[u8]) -> Option<(String, Vec<u8>)> {
    let rest = bytes.strip_prefix(b"raw ")?;
    let end = rest.iter().position(|&byte| byte == b'\n')?;
    Some((String::from_utf8_lossy(&rest[..end]).into_owned(), rest[end + 1..].to_vec()))
}

/// The message of a request, by field number as in the published protocol.
fn message(method: &str, kind: &str, first: &str, second: &str) -> Vec<u8> {
    let value = |text: &str| field(2, text.as_bytes());
    let mut message = field(1, kind.as_bytes());
    match method {
        "UpgradeResourceState" => message.extend(field(3, &field(1, first.as_bytes()))),
        "ImportResourceState" => message.extend(field(2, first.as_bytes())),
        "PlanResourceChange" => {
            for (number, text) in [(2, first), (3, second), (4, second)] {
                message.extend(field(number, &value(text)));
            }
        }
        _ => {
            message.extend(field(2, &value(first)));
            message.extend(field(3, &value(second)));
        }
    }
    message
}

/// A field that has a length.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![number << 3 | 2];
    let mut length = content.len();
    while length >= 0x80 {
        bytes.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
        length >>= 7;
    }
    bytes.push(u8::try_from(length).unwrap());
    bytes.extend(content);
    bytes
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let observed = include_bytes!("../../fixtures/aws/observed-plans-5.46.json");
    let observed: Value = serde_json::from_slice(observed).unwrap();
    let mut seeds = Vec::new();
    for (kind, cases) in observed["create"].as_object().unwrap() {
        let after = &cases.as_object().unwrap().values().next().unwrap()["after"];
        let mut changed = after.clone();
        changed["tags"] = json!({"Name": "other"});
        let text = [
            "ConfigureProvider x\n{\"region\":\"us-west-2\"}\nnull\n".to_owned(),
            format!("ValidateResourceConfig {kind}\n{after}\nnull\n"),
            format!("PlanResourceChange {kind}\nnull\n{after}\n"),
            format!("ApplyResourceChange {kind}\nnull\n{after}\n"),
            format!("ReadResource {kind}\n{after}\nnull\n"),
            format!("PlanResourceChange {kind}\n{after}\n{changed}\n"),
            format!("UpgradeResourceState {kind}\n{after}\nnull\n"),
            format!("ApplyResourceChange {kind}\n{after}\nnull\n"),
            format!("ImportResourceState {kind}\nacme\nnull\n"),
        ];
        seeds.push(text.concat().into_bytes());
    }
    for kind in ["aws_iam_policy_document", "aws_ami", "aws_caller_identity", "aws_subnets"] {
        seeds.push(format!("ReadDataSource {kind}\n{{\"filter\":[]}}\nnull\n").into_bytes());
    }
    // In MessagePack, as the tools send it: {"name": unknown, "tags": {"a": "b"}}.
    let packed = b"\x82\xa4name\xd4\x00\x00\xa4tags\x81\xa1a\xa1b";
    let mut body = field(1, b"aws_iam_role");
    for number in [2, 3, 4] {
        body.extend(field(number, &field(1, packed)));
    }
    for method in ["PlanResourceChange", "ApplyResourceChange", "ReadResource", "ReadDataSource"] {
        seeds.push([b"raw ", method.as_bytes(), b"\n", &body].concat());
    }
    seeds
}
