//! The real helm, 3 and 4, with the command lines of ours; no cluster is asked.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::json;
use springboard::tools::helm::{Helm, HistoryError, Release, read_history};
use springboard::tools::{CommandLine, Search, capture};
use tempfile::TempDir;

use crate::support::programs::program;

/// Every helm that is there, with a folder of its own and a chart.
async fn helms() -> Vec<(Helm, Release, TempDir)> {
    let mut helms = Vec::new();
    for path in ["helm3", "helm4"].into_iter().filter_map(program) {
        let dir = tempfile::tempdir().unwrap();
        let search = Search {
            path: "/usr/bin:/bin".into(),
            current_dir: dir.path().to_owned(),
            home: dir.path().to_owned(),
            engine: None,
            terraform: None,
            helm: Some(path),
        };
        let found = search.look().await.into_iter().find(|finding| finding.name == "helm").unwrap();
        let env = BTreeMap::from([("PATH".into(), "/usr/bin:/bin".into())]);
        let kubeconfig = dir.path().join("kubeconfig");
        let helm = Helm::new(&found.found.unwrap(), dir.path(), &kubeconfig, env);
        let release = release(dir.path());
        helms.push((helm, release, dir));
    }
    helms
}

fn release(dir: &Path) -> Release {
    let chart = dir.join("chart");
    std::fs::create_dir_all(chart.join("templates")).unwrap();
    let write = |name: &str, text: &str| std::fs::write(chart.join(name), text).unwrap();
    write("Chart.yaml", "apiVersion: v2\nname: sample\nversion: 0.1.0\n");
    write("values.schema.json", r#"{"properties":{"size":{"type":"integer"}}}"#);
    write(
        "templates/map.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\n  \
         namespace: {{ .Release.Namespace }}\ndata:\n  size: {{ .Values.size | quote }}\n",
    );
    let values = dir.join("values.yaml");
    let release = Release {
        name: "sample".into(),
        namespace: "apps".into(),
        chart,
        values,
        timeout: Duration::from_secs(5),
        description: "springboard 1a2b".into(),
    };
    release.write_values(&json!({"size": 3})).unwrap();
    release
}

/// Exit code, standard output and standard error.
async fn run(command: &CommandLine) -> (Option<i32>, String, String) {
    let said = capture(command, Duration::from_mins(1)).await.unwrap();
    (said.exit, String::from_utf8(said.stdout).unwrap(), said.stderr)
}

#[tokio::test]
async fn a_chart_is_rendered_and_checked_with_its_values() {
    for (helm, release, _dir) in helms().await {
        let (exit, said, error) = run(&helm.template(&release, "1.35.0")).await;
        assert_eq!(exit, Some(0), "{error}");
        assert!(said.contains("namespace: apps\ndata:\n  size: \"3\""), "{said}");
        assert_eq!(run(&helm.lint(&release)).await.0, Some(0));
        release.write_values(&json!({"size": "large"})).unwrap();
        let (exit, said, error) = run(&helm.template(&release, "1.35.0")).await;
        assert_eq!(exit, Some(1), "{said}");
        assert!(error.contains("size"), "{error}");
    }
}

#[tokio::test]
async fn every_command_line_is_understood_up_to_the_missing_cluster() {
    for (helm, release, _dir) in helms().await {
        let timeout = release.timeout;
        for command in [
            helm.upgrade(&release),
            helm.rollback("sample", "apps", 1, timeout),
            helm.uninstall("sample", "apps", timeout),
        ] {
            let (exit, _, error) = run(&command).await;
            assert_eq!(exit, Some(1), "{command:?}");
            assert!(error.contains("cluster unreachable"), "{command:?}: {error}");
        }
        let history = helm.history("sample", "apps");
        let said = capture(&history, Duration::from_mins(1)).await.unwrap();
        let error = read_history(&said).unwrap_err();
        assert!(matches!(&error, HistoryError::Failed { said } if said.contains("unreachable")));
    }
}
