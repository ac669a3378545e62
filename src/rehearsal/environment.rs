//! The environment in which other programs use the world: terraform, tofu, helm, kubectl, crane, aws.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::authority::Authority;
use super::process::Address;

/// Access key id that the world knows, whatever becomes of the operator's login; not a secret.
pub const ACCESS_KEY_ID: &str = "AKIAREHEARSAL0000000";
/// The key that belongs to it; not a secret either, it opens nothing but a world on loopback.
pub const SECRET_ACCESS_KEY: &str = "rehearsal";
/// Region of programs that are not told another.
const REGION: &str = "us-west-2";

/// Provider addresses under which terraform and tofu look for the provider.
const PROVIDERS: [&str; 2] =
    ["registry.terraform.io/hashicorp/aws", "registry.opentofu.org/hashicorp/aws"];

/// What terraform and tofu need to find the provider of the world.
pub fn for_terraform(address: &Address) -> BTreeMap<String, String> {
    let plugin = json!({
        "Protocol": "grpc",
        "ProtocolVersion": 6,
        "Pid": address.pid,
        "Test": true,
        "Addr": { "Network": "unix", "String": address.provider },
    });
    let attached: BTreeMap<_, _> = PROVIDERS.iter().map(|name| (*name, plugin.clone())).collect();
    BTreeMap::from([("TF_REATTACH_PROVIDERS".to_owned(), json!(attached).to_string())])
}

/// What terraform and tofu need to find the provider of the world, and a state in its storage.
pub fn for_engine(address: &Address) -> BTreeMap<String, String> {
    let mut variables = for_terraform(address);
    variables.insert("AWS_ENDPOINT_URL_S3".into(), format!("http://{}", address.storage));
    variables
}

/// What a backend `s3` has to be told in the world: an address cannot have a bucket before it, and
/// there is no STS and no IAM that could be asked who asks.
pub fn backend() -> Map<String, Value> {
    let names = ["use_path_style", "skip_credentials_validation", "skip_requesting_account_id"];
    names.into_iter().map(|name| (name.to_owned(), Value::Bool(true))).collect()
}

/// Static credentials of the world for programs of the user's own, as every AWS program reads them.
/// What springboard starts itself is served the operator's login instead ([`super::login`]).
pub fn credentials() -> BTreeMap<String, String> {
    BTreeMap::from([
        ("AWS_ACCESS_KEY_ID".to_owned(), ACCESS_KEY_ID.to_owned()),
        ("AWS_SECRET_ACCESS_KEY".to_owned(), SECRET_ACCESS_KEY.to_owned()),
        ("AWS_REGION".to_owned(), REGION.to_owned()),
        ("AWS_DEFAULT_REGION".to_owned(), REGION.to_owned()),
        ("AWS_EC2_METADATA_DISABLED".to_owned(), "true".to_owned()),
    ])
}

/// Everything for a shell of the user's own.
pub fn of(address: &Address, kubeconfig: &Path) -> BTreeMap<String, String> {
    let mut variables = for_terraform(address);
    variables.extend(credentials());
    let storage = format!("http://{}", address.storage);
    variables.insert("AWS_ENDPOINT_URL_S3".into(), storage);
    variables.insert("KUBECONFIG".into(), kubeconfig.display().to_string());
    variables.insert("SPRINGBOARD_WORLD_REGISTRY".into(), address.registry.to_string());
    variables
}

/// Writes a kubeconfig for the world's cluster: the address is on loopback, the certificate the
/// cluster's.
///
/// # Errors
/// When the world's folder cannot be read or written.
pub fn write_kubeconfig(dir: &Path, address: &Address, program: &Path) -> io::Result<PathBuf> {
    use base64::Engine as _;

    let authority = Authority::open(dir)?;
    let certificate = base64::engine::general_purpose::STANDARD.encode(authority.certificate_pem());
    let cluster = live_cluster(dir);
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "world",
        "clusters": [{ "name": "world", "cluster": {
            "server": format!("https://{}", address.kubernetes),
            "certificate-authority-data": certificate,
        }}],
        "contexts": [{ "name": "world", "context": { "cluster": "world", "user": "world" } }],
        "users": [{ "name": "world", "user": { "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": program,
            "args": ["cluster-token", "--cluster", cluster, "--region", REGION],
            "env": credentials()
                .into_iter()
                .map(|(name, value)| json!({ "name": name, "value": value }))
                .collect::<Vec<_>>(),
            "interactiveMode": "Never",
        }}}],
    });
    let path = dir.join("kubeconfig");
    std::fs::write(&path, serde_json::to_vec_pretty(&config).map_err(io::Error::other)?)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    Ok(path)
}

/// The name of the cluster in the world; a token must name it.
fn live_cluster(dir: &Path) -> String {
    let lines = crate::host::read_lines(&dir.join("world.jsonl")).unwrap_or_default();
    let cluster = |line: &String| {
        let change: serde_json::Value = serde_json::from_str(line).ok()?;
        let key = change.get("key")?.as_str()?;
        let name = key.strip_prefix("aws_eks_cluster/")?;
        change.get("value").map(|_| name.to_owned())
    };
    lines.iter().rev().find_map(cluster).unwrap_or_else(|| "none".to_owned())
}
