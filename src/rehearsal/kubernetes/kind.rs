//! The kinds of objects that the API knows: built in, and brought by `CustomResourceDefinition`s.

use std::sync::{Arc, LazyLock};

use serde_json::Value;

use super::objects::Objects;
use super::value::{items, text};

/// Where the objects of a kind are kept, `GROUP/PLURAL` with `core` for the core group.
pub(crate) mod at {
    pub(crate) const CONFIG_MAPS: &str = "core/configmaps";
    pub(crate) const ENDPOINTS: &str = "core/endpoints";
    pub(crate) const EVENTS: &str = "core/events";
    pub(crate) const NAMESPACES: &str = "core/namespaces";
    pub(crate) const NODES: &str = "core/nodes";
    pub(crate) const CLAIMS: &str = "core/persistentvolumeclaims";
    pub(crate) const VOLUMES: &str = "core/persistentvolumes";
    pub(crate) const PODS: &str = "core/pods";
    pub(crate) const LIMIT_RANGES: &str = "core/limitranges";
    pub(crate) const PRIORITY_CLASSES: &str = "scheduling.k8s.io/priorityclasses";
    pub(crate) const QUOTAS: &str = "core/resourcequotas";
    pub(crate) const SECRETS: &str = "core/secrets";
    pub(crate) const SERVICES: &str = "core/services";
    pub(crate) const SERVICE_ACCOUNTS: &str = "core/serviceaccounts";
    pub(crate) const DAEMON_SETS: &str = "apps/daemonsets";
    pub(crate) const DEPLOYMENTS: &str = "apps/deployments";
    pub(crate) const REPLICA_SETS: &str = "apps/replicasets";
    pub(crate) const STATEFUL_SETS: &str = "apps/statefulsets";
    pub(crate) const JOBS: &str = "batch/jobs";
    pub(crate) const ENDPOINT_SLICES: &str = "discovery.k8s.io/endpointslices";
    pub(crate) const INGRESSES: &str = "networking.k8s.io/ingresses";
    pub(crate) const INGRESS_CLASSES: &str = "networking.k8s.io/ingressclasses";
    pub(crate) const DISRUPTION_BUDGETS: &str = "policy/poddisruptionbudgets";
    pub(crate) const STORAGE_CLASSES: &str = "storage.k8s.io/storageclasses";
    pub(crate) const DEFINITIONS: &str = "apiextensions.k8s.io/customresourcedefinitions";
    pub(crate) const API_SERVICES: &str = "apiregistration.k8s.io/apiservices";
    pub(crate) const VALIDATING_WEBHOOKS: &str =
        "admissionregistration.k8s.io/validatingwebhookconfigurations";
    pub(crate) const MUTATING_WEBHOOKS: &str =
        "admissionregistration.k8s.io/mutatingwebhookconfigurations";
}

/// A kind of objects in one API version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kind {
    /// Empty for the core group.
    pub(crate) group: String,
    /// For example `v1`.
    pub(crate) version: String,
    /// For example `deployments`.
    pub(crate) plural: String,
    /// For example `deployment`.
    pub(crate) singular: String,
    /// For example `Deployment`.
    #[expect(clippy::struct_field_names, reason = "the API itself calls it so")]
    pub(crate) kind: String,
    /// Whether its objects are in namespaces.
    pub(crate) scope: Scope,
    /// For example `deploy`.
    pub(crate) short: Vec<String>,
    /// For example `all`.
    pub(crate) categories: Vec<String>,
    /// For example `status`, `scale`.
    pub(crate) subresources: Vec<String>,
    /// Whether a definition brought it.
    pub(crate) origin: Origin,
}

/// Where the objects of a kind live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    Namespaced,
    Cluster,
}

/// Where a kind comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    BuiltIn,
    Defined,
    /// Answers a question and is kept nowhere.
    Review,
}

impl Kind {
    /// `v1` or `apps/v1`.
    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.clone()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// Where its objects are kept, for example `apps/deployments`.
    pub(crate) fn path(&self) -> String {
        let group = if self.group.is_empty() { "core" } else { &self.group };
        format!("{group}/{}", self.plural)
    }

    /// `deployments.apps`, as errors name it.
    pub(crate) fn qualified(&self) -> String {
        qualify(&self.plural, &self.group)
    }

    /// `Deployment.apps`, as validation errors name it.
    pub(crate) fn qualified_kind(&self) -> String {
        qualify(&self.kind, &self.group)
    }

    /// Whether its objects are in namespaces.
    pub(crate) fn is_namespaced(&self) -> bool {
        self.scope == Scope::Namespaced
    }

    /// Whether it has that subresource.
    pub(crate) fn has(&self, subresource: &str) -> bool {
        self.subresources.iter().any(|s| s == subresource)
    }

    /// Whether the API counts changes of its specification in `metadata.generation`.
    pub(crate) fn has_generation(&self) -> bool {
        self.origin == Origin::Defined
            || matches!(
                self.group.as_str(),
                "apps"
                    | "batch"
                    | "policy"
                    | "networking.k8s.io"
                    | "apiextensions.k8s.io"
                    | "admissionregistration.k8s.io"
            )
    }
}

fn qualify(what: &str, group: &str) -> String {
    if group.is_empty() { what.to_owned() } else { format!("{what}.{group}") }
}

/// group, version, plural, kind, `n`amespaced or `c`luster or `r`eview, short names, categories,
/// subresources. Events of `events.k8s.io`, scheduling and flow control beyond what charts use
/// are left out.
const BUILT_IN: &[[&str; 8]] = &[
    ["", "v1", "bindings", "Binding", "r", "", "", ""],
    ["", "v1", "configmaps", "ConfigMap", "n", "cm", "", ""],
    ["", "v1", "endpoints", "Endpoints", "n", "ep", "", ""],
    ["", "v1", "events", "Event", "n", "ev", "", ""],
    ["", "v1", "limitranges", "LimitRange", "n", "limits", "", ""],
    ["", "v1", "namespaces", "Namespace", "c", "ns", "", "status finalize"],
    ["", "v1", "nodes", "Node", "c", "no", "", "status"],
    ["", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", "n", "pvc", "", "status"],
    ["", "v1", "persistentvolumes", "PersistentVolume", "c", "pv", "", "status"],
    ["", "v1", "pods", "Pod", "n", "po", "all", "status log eviction binding exec portforward"],
    ["", "v1", "podtemplates", "PodTemplate", "n", "", "", ""],
    ["", "v1", "replicationcontrollers", "ReplicationController", "n", "rc", "all", "status scale"],
    ["", "v1", "resourcequotas", "ResourceQuota", "n", "quota", "", "status"],
    ["", "v1", "secrets", "Secret", "n", "", "", ""],
    ["", "v1", "serviceaccounts", "ServiceAccount", "n", "sa", "", "token"],
    ["", "v1", "services", "Service", "n", "svc", "all", "status proxy"],
    ["apps", "v1", "controllerrevisions", "ControllerRevision", "n", "", "", ""],
    ["apps", "v1", "daemonsets", "DaemonSet", "n", "ds", "all", "status"],
    ["apps", "v1", "deployments", "Deployment", "n", "deploy", "all", "status scale"],
    ["apps", "v1", "replicasets", "ReplicaSet", "n", "rs", "all", "status scale"],
    ["apps", "v1", "statefulsets", "StatefulSet", "n", "sts", "all", "status scale"],
    ["batch", "v1", "cronjobs", "CronJob", "n", "cj", "all", "status"],
    ["batch", "v1", "jobs", "Job", "n", "", "all", "status"],
    [
        "autoscaling",
        "v2",
        "horizontalpodautoscalers",
        "HorizontalPodAutoscaler",
        "n",
        "hpa",
        "all",
        "status",
    ],
    ["policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", "n", "pdb", "", "status"],
    ["networking.k8s.io", "v1", "ingressclasses", "IngressClass", "c", "", "", ""],
    ["networking.k8s.io", "v1", "ingresses", "Ingress", "n", "ing", "", "status"],
    ["networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", "n", "netpol", "", ""],
    [
        "rbac.authorization.k8s.io",
        "v1",
        "clusterrolebindings",
        "ClusterRoleBinding",
        "c",
        "",
        "",
        "",
    ],
    ["rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", "c", "", "", ""],
    ["rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding", "n", "", "", ""],
    ["rbac.authorization.k8s.io", "v1", "roles", "Role", "n", "", "", ""],
    ["storage.k8s.io", "v1", "csidrivers", "CSIDriver", "c", "", "", ""],
    ["storage.k8s.io", "v1", "csinodes", "CSINode", "c", "", "", ""],
    ["storage.k8s.io", "v1", "storageclasses", "StorageClass", "c", "sc", "", ""],
    ["storage.k8s.io", "v1", "volumeattachments", "VolumeAttachment", "c", "", "", "status"],
    ["coordination.k8s.io", "v1", "leases", "Lease", "n", "", "", ""],
    ["scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass", "c", "pc", "", ""],
    ["node.k8s.io", "v1", "runtimeclasses", "RuntimeClass", "c", "", "", ""],
    ["discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", "n", "", "", ""],
    [
        "admissionregistration.k8s.io",
        "v1",
        "mutatingwebhookconfigurations",
        "MutatingWebhookConfiguration",
        "c",
        "",
        "api-extensions",
        "",
    ],
    [
        "admissionregistration.k8s.io",
        "v1",
        "validatingwebhookconfigurations",
        "ValidatingWebhookConfiguration",
        "c",
        "",
        "api-extensions",
        "",
    ],
    [
        "admissionregistration.k8s.io",
        "v1",
        "validatingadmissionpolicies",
        "ValidatingAdmissionPolicy",
        "c",
        "",
        "api-extensions",
        "status",
    ],
    [
        "admissionregistration.k8s.io",
        "v1",
        "validatingadmissionpolicybindings",
        "ValidatingAdmissionPolicyBinding",
        "c",
        "",
        "api-extensions",
        "",
    ],
    [
        "apiextensions.k8s.io",
        "v1",
        "customresourcedefinitions",
        "CustomResourceDefinition",
        "c",
        "crd crds",
        "api-extensions",
        "status",
    ],
    [
        "apiregistration.k8s.io",
        "v1",
        "apiservices",
        "APIService",
        "c",
        "",
        "api-extensions",
        "status",
    ],
    [
        "certificates.k8s.io",
        "v1",
        "certificatesigningrequests",
        "CertificateSigningRequest",
        "c",
        "csr",
        "",
        "status approval",
    ],
    ["authentication.k8s.io", "v1", "tokenreviews", "TokenReview", "r", "", "", ""],
    ["authentication.k8s.io", "v1", "selfsubjectreviews", "SelfSubjectReview", "r", "", "", ""],
    [
        "authorization.k8s.io",
        "v1",
        "selfsubjectaccessreviews",
        "SelfSubjectAccessReview",
        "r",
        "",
        "",
        "",
    ],
    [
        "authorization.k8s.io",
        "v1",
        "selfsubjectrulesreviews",
        "SelfSubjectRulesReview",
        "r",
        "",
        "",
        "",
    ],
    ["authorization.k8s.io", "v1", "subjectaccessreviews", "SubjectAccessReview", "r", "", "", ""],
    [
        "authorization.k8s.io",
        "v1",
        "localsubjectaccessreviews",
        "LocalSubjectAccessReview",
        "r",
        "",
        "",
        "",
    ],
];

static BUILT_IN_KINDS: LazyLock<Vec<Arc<Kind>>> =
    LazyLock::new(|| BUILT_IN.iter().map(|line| Arc::new(built_in(line))).collect());

fn built_in(line: &[&str; 8]) -> Kind {
    let [group, version, plural, kind, scope, short, categories, subresources] =
        line.map(String::from);
    let words = |text: String| text.split_whitespace().map(str::to_owned).collect();
    let namespaced =
        scope == "n" || matches!(plural.as_str(), "bindings" | "localsubjectaccessreviews");
    Kind {
        singular: kind.to_lowercase(),
        scope: if namespaced { Scope::Namespaced } else { Scope::Cluster },
        origin: if scope == "r" { Origin::Review } else { Origin::BuiltIn },
        short: words(short),
        categories: words(categories),
        subresources: words(subresources),
        group,
        version,
        plural,
        kind,
    }
}

/// Every kind that is served now: the built-in ones first, then those of the definitions.
pub(crate) fn all(objects: &Objects) -> Vec<Arc<Kind>> {
    let mut kinds = BUILT_IN_KINDS.clone();
    kinds.extend(objects.list(at::DEFINITIONS).iter().flat_map(defined));
    kinds
}

/// The kind at a path of the API.
pub(crate) fn find(
    objects: &Objects,
    group: &str,
    version: &str,
    plural: &str,
) -> Option<Arc<Kind>> {
    let meant = |k: &Arc<Kind>| k.group == group && k.version == version && k.plural == plural;
    if let Some(kind) = BUILT_IN_KINDS.iter().find(|k| meant(k)) {
        return Some(Arc::clone(kind));
    }
    let definition = objects.get(at::DEFINITIONS, "", &format!("{plural}.{group}"))?;
    defined(&definition).into_iter().find(meant)
}

/// The built-in kind of an object, by its `apiVersion` and `kind`.
pub(crate) fn built_in_of(object: &Value) -> Option<Arc<Kind>> {
    let (api_version, kind) = (text(object, "/apiVersion"), text(object, "/kind"));
    BUILT_IN_KINDS.iter().find(|k| k.kind == kind && k.api_version() == api_version).cloned()
}

/// The kinds that a definition brings: one for each served version, the storage version first.
fn defined(definition: &Value) -> Vec<Arc<Kind>> {
    let words = |pointer: &str| {
        items(definition, pointer).filter_map(|w| w.as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    let mut versions: Vec<&Value> =
        items(definition, "/spec/versions").filter(|v| v["served"] == true).collect();
    versions.sort_by_key(|v| v["storage"] != true);
    let kind = text(definition, "/spec/names/kind");
    let singular = match text(definition, "/spec/names/singular") {
        "" => kind.to_lowercase(),
        singular => singular.to_owned(),
    };
    versions
        .into_iter()
        .map(|version| {
            Arc::new(Kind {
                group: text(definition, "/spec/group").to_owned(),
                version: text(version, "/name").to_owned(),
                plural: text(definition, "/spec/names/plural").to_owned(),
                singular: singular.clone(),
                kind: kind.to_owned(),
                scope: match text(definition, "/spec/scope") {
                    "Cluster" => Scope::Cluster,
                    _ => Scope::Namespaced,
                },
                short: words("/spec/names/shortNames"),
                categories: words("/spec/names/categories"),
                subresources: version["subresources"]
                    .as_object()
                    .map(|s| s.keys().cloned().collect())
                    .unwrap_or_default(),
                origin: Origin::Defined,
            })
        })
        .collect()
}
