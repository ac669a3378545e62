//! The kubeconfig that helm gets: our own program makes the tokens, nothing secret is in the file.

use std::fs::File;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use url::Url;

/// What a kubeconfig is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kubeconfig {
    /// Name of the cluster.
    pub cluster: String,
    /// Its region.
    pub region: String,
    /// `https://….eks.amazonaws.com`, as AWS names it.
    pub endpoint: String,
    /// Certificate authority of the cluster, PEM.
    pub certificate_authority: String,
    /// Where it is reached, when that is not where its name says.
    pub address: Option<SocketAddr>,
    /// Path of our own program, which makes the tokens.
    pub program: PathBuf,
    /// Its arguments that say whose credentials sign them.
    pub whose: Vec<String>,
}

impl Kubeconfig {
    /// Writes the file, readable by its owner only.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let yaml = serde_yaml_ng::to_string(&self.document()).map_err(io::Error::other)?;
        let new = path.with_extension("new");
        let mut options = File::options();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = options.open(&new)?;
        file.write_all(yaml.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(new, path)
    }

    fn document(&self) -> Value {
        let name = &self.cluster;
        let fixed = ["cluster-token", "--cluster", name, "--region", &self.region];
        let whose = self.whose.iter().map(String::as_str);
        let args: Vec<&str> = fixed.into_iter().chain(whose).collect();
        json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": name, "cluster": self.cluster_entry()}],
            "users": [{"name": name, "user": {"exec": {
                "apiVersion": "client.authentication.k8s.io/v1",
                "command": self.program.to_string_lossy(),
                "args": args,
                "interactiveMode": "Never",
                "provideClusterInfo": false,
            }}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
            "current-context": name,
        })
    }

    fn cluster_entry(&self) -> Value {
        let mut entry = json!({
            "server": self.endpoint,
            "certificate-authority-data": STANDARD.encode(&self.certificate_authority),
        });
        let host = self.endpoint.parse::<Url>().ok();
        let host = host.as_ref().and_then(Url::host_str);
        if let (Some(address), Some(host)) = (self.address, host) {
            // The certificate is for the name, whatever the address.
            entry["server"] = format!("https://{address}").into();
            entry["tls-server-name"] = host.into();
        }
        entry
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn kubeconfig(address: Option<&str>) -> Kubeconfig {
        Kubeconfig {
            cluster: "acme".into(),
            region: "us-west-2".into(),
            endpoint: "https://ABC.gr7.us-west-2.eks.amazonaws.com".into(),
            certificate_authority: "-----BEGIN CERTIFICATE-----".into(),
            address: address.map(|address| address.parse().unwrap()),
            program: "/opt/springboard".into(),
            whose: vec!["--deployment".into(), "acme".into()],
        }
    }

    #[test]
    fn the_file_names_our_own_program_and_holds_no_secret() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("kubeconfig");
        kubeconfig(None).write(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(
            std::fs::read_to_string(path).unwrap(),
            "apiVersion: v1\nkind: Config\nclusters:\n- name: acme\n  cluster:\n    server: \
             https://ABC.gr7.us-west-2.eks.amazonaws.com\n    certificate-authority-data: \
             LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t\nusers:\n- name: acme\n  user:\n    exec:\n      \
             apiVersion: client.authentication.k8s.io/v1\n      command: /opt/springboard\n      \
             args:\n      - cluster-token\n      - --cluster\n      - acme\n      - --region\n      \
             - us-west-2\n      - --deployment\n      - acme\n      interactiveMode: Never\n      provideClusterInfo: false\n\
             contexts:\n- name: acme\n  context:\n    cluster: acme\n    user: acme\n\
             current-context: acme\n"
        );
    }

    #[test]
    fn another_address_keeps_the_name_of_the_certificate() {
        let entry = kubeconfig(Some("127.0.0.1:6443")).cluster_entry();
        assert_eq!(entry["server"], "https://127.0.0.1:6443");
        assert_eq!(entry["tls-server-name"], "abc.gr7.us-west-2.eks.amazonaws.com");
    }
}
