//! What takes its time in the world, by the names under which a scenario may say how long.
//!
//! Owns the names. How long each takes on a good day stands where it is waited for; what
//! Terraform makes goes by its resource type.

use super::provider::is_resource_type;

/// Everything but resources that takes its time.
const WAITS: &[&str] = &[
    "checkpoint-upload", // one object of a checkpoint
    "external-secret",   // from the secret store into the cluster
    "gpu-plugin",        // until a node offers its GPUs
    "image-pull",        // one image on one node
    "image-push",        // one image into the registry
    "init-run",          // one init container
    "job-run",           // a pod that runs to an end
    "load-balancer",     // until an ingress has its host name
    "model-load",        // a pod with GPUs, from its start until it is ready
    "node-join",         // from the instance until the node is ready
    "pod-start",         // any other pod, from its start until it is ready
    "pod-stop",          // from the signal to the end
    "secret-store",      // until its access has been tried
    "volume",            // a persistent volume
];

/// Whether something of that name takes its time.
pub(super) fn is_known(name: &str) -> bool {
    WAITS.contains(&name) || is_resource_type(name)
}

/// Whether `name` can be given a duration.
pub(super) fn check(name: &str) -> Result<(), String> {
    if is_known(name) {
        return Ok(());
    }
    if name.starts_with("aws_") {
        return Err(format!(
            "the provider has no resource type `{name}`, so nothing takes that long"
        ));
    }
    let nearest = WAITS.iter().min_by_key(|known| strsim::damerau_levenshtein(name, known));
    Err(format!(
        "nothing that takes its time is called `{name}`; it is a resource type or one of the world's \
         own waits, the nearest of which is `{}`",
        nearest.expect("there are such waits")
    ))
}
