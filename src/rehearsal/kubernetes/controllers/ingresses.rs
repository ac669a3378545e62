//! Ingresses: an address once the controller of their class is ready.
//!
//! Class `alb` is the AWS Load Balancer Controller's: a load balancer of its own for each group,
//! and a finalizer that only the controller takes away again. Class `nginx` is the NGINX
//! controller's, behind the load balancer of its service.

use std::io;
use std::time::Duration;

use serde_json::{Value, json};

use super::super::kind::at;
use super::super::value::{annotation, is_deleting, items, label, name, namespace, text, uid};
use super::Control;
use super::events::Tone;

const BALANCER: Duration = Duration::from_mins(2);
const FINALIZER: &str = "ingress.k8s.aws/resources";
const ALB_CONTROLLER: &str = "aws-load-balancer-controller";

/// Gives ingresses and services of type `LoadBalancer` their addresses.
pub(crate) fn run(control: &mut Control<'_>) -> io::Result<()> {
    let has_alb = is_running(control, ALB_CONTROLLER);
    let has_nginx = is_running(control, "ingress-nginx");
    for service in control.list(at::SERVICES) {
        if text(&service, "/spec/type") == "LoadBalancer" && !is_deleting(&service) {
            let scheme = annotation(&service, "service.beta.kubernetes.io/aws-load-balancer-type");
            // Without the controller EKS itself makes a classic load balancer.
            if has_alb || !matches!(scheme, Some("external" | "nlb-ip")) {
                address(control, at::SERVICES, &service)?;
            }
        }
    }
    for ingress in control.list(at::INGRESSES) {
        match class(control, &ingress).as_str() {
            "ingress.k8s.aws/alb" if has_alb => balance(control, &ingress)?,
            "k8s.io/ingress-nginx" if has_nginx && !is_deleting(&ingress) => {
                address(control, at::INGRESSES, &ingress)?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whether a controller has an available deployment, found by its name or its label.
pub(crate) fn is_running(control: &Control<'_>, controller: &str) -> bool {
    control.list(at::DEPLOYMENTS).iter().any(|deployment| {
        let is_meant = name(deployment) == controller
            || name(deployment).starts_with(&format!("{controller}-controller"))
            || label(deployment, "app.kubernetes.io/name") == Some(controller);
        is_meant && deployment["status"]["availableReplicas"].as_i64() > Some(0)
    })
}

/// The controller that an ingress is for.
fn class(control: &Control<'_>, ingress: &Value) -> String {
    let class = match text(ingress, "/spec/ingressClassName") {
        "" => annotation(ingress, "kubernetes.io/ingress.class").unwrap_or_default(),
        class => class,
    };
    if let Some(found) = control.api.objects.get(at::INGRESS_CLASSES, "", class) {
        return text(&found, "/spec/controller").to_owned();
    }
    match class {
        "alb" => "ingress.k8s.aws/alb".into(),
        "nginx" => "k8s.io/ingress-nginx".into(),
        other => other.to_owned(),
    }
}

fn balance(control: &mut Control<'_>, ingress: &Value) -> io::Result<()> {
    let has_finalizer = items(ingress, "/metadata/finalizers").any(|f| f == FINALIZER);
    if is_deleting(ingress) {
        if has_finalizer {
            let others: Vec<Value> = items(ingress, "/metadata/finalizers")
                .filter(|f| *f != FINALIZER)
                .cloned()
                .collect();
            control.timers.forget_all(uid(ingress));
            if others.is_empty() {
                return control.remove(at::INGRESSES, ingress);
            }
            return control.modify(at::INGRESSES, ingress, |i| {
                i["metadata"]["finalizers"] = json!(others);
            });
        }
        return Ok(());
    }
    if !has_finalizer {
        control.modify(at::INGRESSES, ingress, |ingress| {
            let finalizers = &mut ingress["metadata"]["finalizers"];
            if !finalizers.is_array() {
                *finalizers = json!([]);
            }
            if let Some(finalizers) = finalizers.as_array_mut() {
                finalizers.push(json!(FINALIZER));
            }
        })?;
    }
    if let Some(missing) = missing_service(control, ingress) {
        let message = format!("Failed build model due to Service \"{missing}\" not found");
        return control.event(ingress, Tone::Warning, "ingress", "FailedBuildModel", &message);
    }
    if address(control, at::INGRESSES, ingress)? {
        control.event(
            ingress,
            Tone::Normal,
            "ingress",
            "SuccessfullyReconciled",
            "Successfully reconciled",
        )?;
    }
    Ok(())
}

fn missing_service(control: &Control<'_>, ingress: &Value) -> Option<String> {
    items(ingress, "/spec/rules")
        .flat_map(|rule| items(rule, "/http/paths"))
        .map(|path| &path["backend"])
        .chain(std::iter::once(&ingress["spec"]["defaultBackend"]))
        .map(|backend| text(backend, "/service/name"))
        .filter(|service| !service.is_empty())
        .find(|service| !control.api.objects.has(at::SERVICES, namespace(ingress), service))
        .map(|service| format!("{}/{service}", namespace(ingress)))
}

/// Sets the address after the time that a load balancer takes; whether it is there.
fn address(control: &mut Control<'_>, path: &str, object: &Value) -> io::Result<bool> {
    if !text(object, "/status/loadBalancer/ingress/0/hostname").is_empty() {
        return Ok(true);
    }
    if !control.has_taken(&format!("load-balancer/{}", uid(object)), BALANCER) {
        return Ok(false);
    }
    let short = |text: &str| -> String {
        text.chars().filter(char::is_ascii_alphanumeric).take(8).collect()
    };
    let label = format!("load-balancer/{}/{}", namespace(object), name(object));
    let hash = control.world().hex(&label, 10);
    let number = control.world().number(&label) % 10_000_000_000;
    let hostname = format!(
        "k8s-{}-{}-{hash}-{number}.{}.elb.amazonaws.com",
        short(namespace(object)),
        short(name(object)),
        control.cluster.region
    );
    control.modify(path, object, |object| {
        object["status"] = json!({"loadBalancer": {"ingress": [{"hostname": hostname}]}});
    })?;
    Ok(true)
}
