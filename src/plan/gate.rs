//! Gates: what must be true when a step is done, before the next one begins.

/// A condition that is asked of the world itself, never inferred from what was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gate {
    /// The cluster is `ACTIVE`.
    ClusterActive,
    /// Every add-on of the cluster is `ACTIVE`.
    AddonsActive,
    /// The database instance is available.
    DatabaseAvailable {
        /// Its identifier.
        identifier: String,
    },
    /// The Kubernetes API answers from this host.
    ClusterReachable,
    /// As many nodes of the node group are ready as it wants.
    NodesReady {
        /// Name of the node group.
        group: String,
    },
    /// Exactly one StorageClass is the default one.
    OneDefaultStorageClass,
    /// Every workload of the namespace is ready.
    WorkloadsReady {
        /// The namespace.
        namespace: String,
        /// Only those of this Helm release.
        release: String,
    },
    /// Every ExternalSecret of the namespace is ready.
    ExternalSecretsReady {
        /// The namespace.
        namespace: String,
    },
    /// Every Ingress of the namespace has an address.
    IngressAddress {
        /// The namespace.
        namespace: String,
    },
    /// Every node of the group offers so many units of a resource.
    Allocatable {
        /// Name of the node group.
        group: String,
        /// For example `nvidia.com/gpu`.
        resource: String,
        /// Units on each node.
        each: u64,
    },
    /// A service answers inside the cluster.
    ServiceAnswers {
        /// The namespace.
        namespace: String,
        /// The service.
        service: String,
        /// Its port.
        port: u16,
        /// The path that is asked for.
        path: String,
    },
}
