//! The workloads of a namespace: is each ready, and if not, which pod is to blame and why.

use serde_json::Value;

use super::client::{Cluster, ClusterError};
use super::pod::blame;
use super::readiness::{
    Readiness, Verdict, condition, is_true, last_warning, name_of, number, said, text,
};

/// The workloads of a namespace and what explains them, as the API lists them.
#[derive(Debug, Clone, Default)]
pub struct Workloads {
    /// Deployments.
    pub deployments: Vec<Value>,
    /// `StatefulSet`s.
    pub stateful_sets: Vec<Value>,
    /// `DaemonSet`s.
    pub daemon_sets: Vec<Value>,
    /// Jobs.
    pub jobs: Vec<Value>,
    /// Claims of volumes.
    pub claims: Vec<Value>,
    /// Pods.
    pub pods: Vec<Value>,
    /// Events.
    pub events: Vec<Value>,
    /// The nodes of the whole cluster.
    pub nodes: Vec<Value>,
}

/// Whether the jobs of hooks are judged too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hooks {
    /// While Helm waits for them.
    Counted,
    /// Once it does not: what is left of a failed one is made anew by the next Helm, and says
    /// nothing about what stands.
    LeftOut,
}

impl Workloads {
    /// Asks for everything in a namespace.
    ///
    /// # Errors
    /// When the API does not answer or refuses.
    pub async fn read(cluster: &Cluster, namespace: &str) -> Result<Self, ClusterError> {
        let path = |group: &str, plural: &str| format!("{group}/namespaces/{namespace}/{plural}");
        let core = |plural: &str| path("/api/v1", plural);
        let apps = |plural: &str| path("/apis/apps/v1", plural);
        let (deployments, stateful_sets, daemon_sets, jobs) = (
            apps("deployments"),
            apps("statefulsets"),
            apps("daemonsets"),
            path("/apis/batch/v1", "jobs"),
        );
        let (claims, pods, events) = (core("persistentvolumeclaims"), core("pods"), core("events"));
        let (deployments, stateful_sets, daemon_sets, jobs, claims, pods, events, nodes) = tokio::try_join!(
            cluster.list(&deployments),
            cluster.list(&stateful_sets),
            cluster.list(&daemon_sets),
            cluster.list(&jobs),
            cluster.list(&claims),
            cluster.list(&pods),
            cluster.list(&events),
            cluster.list("/api/v1/nodes"),
        )?;
        Ok(Self { deployments, stateful_sets, daemon_sets, jobs, claims, pods, events, nodes })
    }

    /// Keeps what belongs to a Helm release; what explains is kept.
    #[must_use]
    pub fn of_release(mut self, release: &str, hooks: Hooks) -> Self {
        let annotation = |object: &Value, name: &str| {
            let annotations = object.pointer("/metadata/annotations")?;
            Some(annotations.get(name)?.as_str()?.to_owned())
        };
        let is_owned = |object: &Value| {
            annotation(object, "meta.helm.sh/release-name").as_deref() == Some(release)
        };
        let lists = [
            &mut self.deployments,
            &mut self.stateful_sets,
            &mut self.daemon_sets,
            &mut self.claims,
        ];
        for list in lists {
            list.retain(is_owned);
        }
        // Helm writes no release on a hook; charts label it as they label everything.
        let is_hook = |job: &Value| {
            let label = job.pointer("/metadata/labels/app.kubernetes.io~1instance");
            annotation(job, "helm.sh/hook").is_some()
                && label.and_then(Value::as_str).is_none_or(|instance| instance == release)
        };
        self.jobs.retain(|job| is_owned(job) || hooks == Hooks::Counted && is_hook(job));
        self
    }

    /// How every workload stands, in the order of kinds.
    #[must_use]
    pub fn readiness(&self) -> Vec<Readiness> {
        let of = |kind: &str, object: &Value, verdict: Verdict| Readiness {
            object: format!("{kind}/{}", name_of(object)),
            verdict,
        };
        let deployments = self.deployments.iter().map(|d| of("deployment", d, self.deployment(d)));
        let sets = self.stateful_sets.iter().map(|s| of("statefulset", s, self.stateful_set(s)));
        let daemons = self.daemon_sets.iter().map(|d| of("daemonset", d, self.daemon_set(d)));
        let jobs = self.jobs.iter().map(|j| of("job", j, self.job(j)));
        let claims = self.claims.iter().map(|c| of("persistentvolumeclaim", c, self.claim(c)));
        deployments.chain(sets).chain(daemons).chain(jobs).chain(claims).collect()
    }

    fn deployment(&self, deployment: &Value) -> Verdict {
        let desired = replicas(deployment);
        let is_current = number(deployment, "/status/updatedReplicas") >= desired
            || number(deployment, "/status/readyReplicas") == desired
                && deployment.pointer("/status/updatedReplicas").is_none();
        let verdict = self.counted(deployment, "readyReplicas", desired, is_current);
        // Without a pod there is nobody to blame but the deployment itself.
        match condition(deployment, "ReplicaFailure") {
            Some(failure) if verdict != Verdict::Ready && self.pods_of(deployment).is_empty() => {
                let why = said(text(failure, "reason"), text(failure, "message"));
                Verdict::Waiting(why).after(verdict.reason().unwrap_or_default())
            }
            _ => verdict,
        }
    }

    fn stateful_set(&self, set: &Value) -> Verdict {
        let revision = |name: &str| set.pointer(&format!("/status/{name}Revision"));
        let is_current = revision("update").is_none() || revision("update") == revision("current");
        self.counted(set, "readyReplicas", replicas(set), is_current)
    }

    fn daemon_set(&self, set: &Value) -> Verdict {
        let desired = number(set, "/status/desiredNumberScheduled");
        let updated = set.pointer("/status/updatedNumberScheduled").and_then(Value::as_u64);
        let is_current = updated.is_none_or(|updated| updated >= desired);
        self.counted(set, "numberReady", desired, is_current)
    }

    fn counted(
        &self,
        object: &Value,
        ready_field: &str,
        desired: u64,
        is_current: bool,
    ) -> Verdict {
        let is_seen =
            number(object, "/status/observedGeneration") >= number(object, "/metadata/generation");
        let ready = number(object, &format!("/status/{ready_field}"));
        if is_seen && is_current && ready >= desired {
            return Verdict::Ready;
        }
        let count = format!("{ready} of {desired} ready");
        if !is_seen {
            return Verdict::Waiting(format!("{count}, its controller has not seen it yet"));
        }
        self.blamed(object, &count)
    }

    fn job(&self, job: &Value) -> Verdict {
        if is_true(job, "Complete") || is_true(job, "SuccessCriteriaMet") {
            return Verdict::Ready;
        }
        if is_true(job, "Failed") {
            let failed = condition(job, "Failed").unwrap_or(&Value::Null);
            let why = said(text(failed, "reason"), text(failed, "message"));
            return Verdict::Hopeless(format!("failed, {why}"));
        }
        self.blamed(job, "not complete")
    }

    /// A claim that waits for its first user is no problem of its own.
    fn claim(&self, claim: &Value) -> Verdict {
        let is_bound = claim.pointer("/status/phase").and_then(Value::as_str) == Some("Bound");
        match last_warning(&self.events, "PersistentVolumeClaim", name_of(claim)) {
            Some(warning) if !is_bound => Verdict::Waiting(warning),
            _ => Verdict::Ready,
        }
    }

    /// The pod that says best why the workload is not ready: a hopeless one, else the first.
    fn blamed(&self, object: &Value, count: &str) -> Verdict {
        let mut blamed: Vec<_> = self
            .pods_of(object)
            .into_iter()
            .filter_map(|pod| Some((pod, blame(pod, &self.events, &self.nodes)?)))
            .collect();
        blamed.sort_by_key(|(_, verdict)| !matches!(verdict, Verdict::Hopeless(_)));
        match blamed.into_iter().next() {
            None => Verdict::Waiting(count.to_owned()),
            Some((pod, Verdict::Hopeless(why))) => {
                Verdict::Hopeless(format!("{count}, pod {} {why}", name_of(pod)))
            }
            Some((pod, verdict)) => {
                let why = verdict.reason().unwrap_or_default();
                Verdict::Waiting(format!("{count}, pod {} {why}", name_of(pod)))
            }
        }
    }

    fn pods_of(&self, workload: &Value) -> Vec<&Value> {
        self.pods.iter().filter(|pod| selects(workload, pod)).collect()
    }
}

fn replicas(workload: &Value) -> u64 {
    workload.pointer("/spec/replicas").and_then(Value::as_u64).unwrap_or(1)
}

fn selects(workload: &Value, pod: &Value) -> bool {
    let wanted = workload.pointer("/spec/selector/matchLabels").and_then(Value::as_object);
    let Some(wanted) = wanted.filter(|wanted| !wanted.is_empty()) else { return false };
    let labels = pod.pointer("/metadata/labels");
    wanted.iter().all(|(name, value)| labels.and_then(|all| all.get(name)) == Some(value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn deployment(name: &str, release: &str, status: &Value) -> Value {
        json!({
            "metadata": {"name": name, "generation": 1,
                "annotations": {"meta.helm.sh/release-name": release}},
            "spec": {"replicas": 2, "selector": {"matchLabels": {"app": name}}},
            "status": status,
        })
    }

    fn standing(ready: u64) -> Value {
        json!({"observedGeneration": 1, "updatedReplicas": 2, "readyReplicas": ready})
    }

    fn pod(name: &str, reason: &str, message: &str) -> Value {
        json!({"metadata": {"name": name, "labels": {"app": "core-api"}}, "status": {
            "phase": "Pending", "containerStatuses": [{"name": "api",
                "state": {"waiting": {"reason": reason, "message": message}}}]}})
    }

    fn verdict(status: &Value, pods: Vec<Value>) -> Verdict {
        let deployments = vec![deployment("core-api", "platform", status)];
        let workloads = Workloads { deployments, pods, ..Workloads::default() };
        workloads.of_release("platform", Hooks::LeftOut).readiness().remove(0).verdict
    }

    #[test]
    fn a_deployment_with_all_its_new_replicas_is_ready() {
        assert_eq!(verdict(&standing(2), Vec::new()), Verdict::Ready);
        let old = json!({"observedGeneration": 1, "updatedReplicas": 1, "readyReplicas": 2});
        assert_eq!(verdict(&old, Vec::new()), Verdict::Waiting("2 of 2 ready".into()));
        let unseen = Verdict::Waiting("0 of 2 ready, its controller has not seen it yet".into());
        assert_eq!(verdict(&json!({}), Vec::new()), unseen);
    }

    #[test]
    fn the_pod_to_blame_is_named_a_hopeless_one_before_others() {
        let pods = [
            pod("core-api-1", "CreateContainerError", ""),
            pod("core-api-2", "ImagePullBackOff", "x/core-api:1: not found"),
        ];
        assert_eq!(
            verdict(&standing(1), vec![pods[1].clone()]),
            Verdict::Hopeless(
                "1 of 2 ready, pod core-api-2 ImagePullBackOff: x/core-api:1: not found".into()
            )
        );
        let waiting = pod("core-api-0", "ContainerCreating", "");
        assert_eq!(
            verdict(&standing(0), vec![waiting.clone(), pods[0].clone()]),
            Verdict::Hopeless("0 of 2 ready, pod core-api-1 CreateContainerError".into())
        );
        assert_eq!(
            verdict(&standing(0), vec![waiting]),
            Verdict::Waiting("0 of 2 ready, pod core-api-0 starting".into())
        );
    }

    #[test]
    fn a_deployment_that_may_not_make_pods_says_so_itself() {
        let mut status = standing(0);
        status["conditions"] = json!([{"type": "ReplicaFailure", "status": "True",
            "reason": "FailedCreate", "message": "exceeded quota"}]);
        assert_eq!(
            verdict(&status, Vec::new()),
            Verdict::Waiting("0 of 2 ready, FailedCreate: exceeded quota".into())
        );
    }

    fn hook_of(release: &str, mut job: Value) -> Value {
        job["metadata"]["labels"] = json!({"app.kubernetes.io/instance": release});
        job
    }

    #[test]
    fn only_what_belongs_to_the_release_is_judged() {
        let job = |name: &str, annotations: Value| {
            json!({"metadata": {"name": name, "annotations": annotations}, "status":
                {"conditions": [{"type": "Failed", "status": "True",
                    "reason": "BackoffLimitExceeded", "message": "Job has failed"}]}})
        };
        let workloads = Workloads {
            deployments: vec![
                deployment("core-api", "platform", &standing(2)),
                deployment("other", "another", &standing(0)),
            ],
            jobs: vec![
                job("migrate", json!({"helm.sh/hook": "pre-upgrade"})),
                hook_of("platform", job("own", json!({"helm.sh/hook": "pre-upgrade"}))),
                hook_of("another", job("others", json!({"helm.sh/hook": "pre-upgrade"}))),
                job("someones", json!({})),
            ],
            ..Workloads::default()
        };
        let judged = |hooks: Hooks| -> Vec<(String, Verdict)> {
            let readiness = workloads.clone().of_release("platform", hooks).readiness();
            readiness.into_iter().map(|r| (r.object, r.verdict)).collect()
        };
        let failed = Verdict::Hopeless("failed, BackoffLimitExceeded: Job has failed".into());
        let deployment = ("deployment/core-api".to_owned(), Verdict::Ready);
        assert_eq!(judged(Hooks::LeftOut), vec![deployment.clone()]);
        assert_eq!(
            judged(Hooks::Counted),
            [deployment, ("job/migrate".into(), failed.clone()), ("job/own".into(), failed)]
        );
    }

    #[test]
    fn a_claim_is_a_problem_only_when_somebody_says_so() {
        let claim = json!({"metadata": {"name": "data"}, "status": {"phase": "Pending"}});
        let mut workloads = Workloads { claims: vec![claim], ..Workloads::default() };
        assert_eq!(workloads.readiness()[0].verdict, Verdict::Ready);
        workloads.events = vec![json!({"type": "Warning", "reason": "ProvisioningFailed",
            "message": "no default StorageClass",
            "involvedObject": {"kind": "PersistentVolumeClaim", "name": "data"}})];
        assert_eq!(
            workloads.readiness()[0].verdict,
            Verdict::Waiting("ProvisioningFailed: no default StorageClass".into())
        );
    }
}
