//! Kubernetes reads: readiness with reasons, tokens, kubeconfig.
