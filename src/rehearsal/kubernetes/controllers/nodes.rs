//! Nodes: as many as the node groups want, with labels, taints and what their type has.
//!
//! A node is Ready a little after its group is live, if the network add-on `vpc-cni` is there.
//! GPUs are allocatable once a device plugin runs on the node (see [`super::gpu`]).

use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use ipnet::Ipv4Net;
use serde_json::{Value, json};

use super::super::access;
use super::super::kind::at;
use super::super::value::{condition, entries, items, label, name, number, text, uid};
use super::Control;

/// The label that names a node's group.
pub(crate) const GROUP_LABEL: &str = "eks.amazonaws.com/nodegroup";

/// EKS sees a group as active only when its nodes have joined: what is left is short.
const JOIN: Duration = Duration::from_secs(5);

/// vCPUs, memory in GiB and GPUs of an instance type: Amazon's published sizes.
pub(crate) struct Shape {
    pub(crate) cpus: i64,
    pub(crate) memory_gib: i64,
    pub(crate) gpus: i64,
}

const fn shape(cpus: i64, memory_gib: i64, gpus: i64) -> Shape {
    Shape { cpus, memory_gib, gpus }
}

/// What an instance type has. GPU types by name; the others by family and size, as their sizes
/// double from one to the next.
pub(crate) fn shape_of(instance_type: &str) -> Shape {
    match instance_type {
        "p5.48xlarge" | "p5e.48xlarge" | "p5en.48xlarge" | "p6-b200.48xlarge" => {
            return shape(192, 2048, 8);
        }
        "p5.4xlarge" => return shape(16, 256, 1),
        "p4d.24xlarge" | "p4de.24xlarge" => return shape(96, 1152, 8),
        "g6.48xlarge" | "g5.48xlarge" => return shape(192, 768, 8),
        "g6e.48xlarge" => return shape(192, 1536, 8),
        "g6.12xlarge" | "g5.12xlarge" => return shape(48, 192, 4),
        "g6e.12xlarge" => return shape(48, 384, 4),
        _ => {}
    }
    let (family, size) = instance_type.split_once('.').unwrap_or((instance_type, "large"));
    let cpus = match size {
        "medium" => 1,
        "large" => 2,
        "xlarge" => 4,
        "metal" => 96,
        other => other
            .strip_suffix("xlarge")
            .and_then(|times| times.parse::<i64>().ok())
            .map_or(2, |times| times * 4),
    };
    let gib_per_cpu = match family.chars().next() {
        Some('c') => 2,
        Some('r' | 'x') => 8,
        _ => 4,
    };
    let gpus = i64::from(family.starts_with('g') && !family.starts_with("gr"));
    shape(cpus.max(2), cpus * gib_per_cpu, gpus)
}

/// Makes, updates and removes nodes.
pub(crate) fn run(control: &mut Control<'_>) -> io::Result<()> {
    let subnets = access::live(control.world(), "aws_subnet");
    let templates = access::live(control.world(), "aws_launch_template");
    let networked = control.cluster.self_managed_addons
        || access::live(control.world(), "aws_eks_addon")
            .iter()
            .any(|addon| addon["addon_name"] == "vpc-cni");
    let mut wanted = Vec::new();
    for group in access::live(control.world(), "aws_eks_node_group") {
        if text(&group, "/cluster_name") != control.cluster.name {
            continue;
        }
        let count = number(&group, "/scaling_config/0/desired_size").unwrap_or(0);
        for index in 0..count {
            wanted.push(node(control, &group, &subnets, &templates, index));
        }
    }
    for there in control.list(at::NODES) {
        let is_ours = label(&there, GROUP_LABEL).is_some();
        if is_ours && !wanted.iter().any(|node| name(node) == name(&there)) {
            control.timers.forget_all(uid(&there));
            control.remove(at::NODES, &there)?;
        }
    }
    for node in wanted {
        match control.api.objects.get(at::NODES, "", name(&node)) {
            None => {
                let status = node["status"].clone();
                if control.create(node.clone())?.is_ok()
                    && let Some(made) = control.api.objects.get(at::NODES, "", name(&node))
                {
                    control.set_status(at::NODES, &made, status)?;
                }
            }
            Some(there) => join(control, &there, networked)?,
        }
    }
    Ok(())
}

/// Says whether a node is ready.
fn join(control: &mut Control<'_>, node: &Value, networked: bool) -> io::Result<()> {
    let has_joined = control.has_taken(&format!("node-join/{}", uid(node)), JOIN);
    let is_ready = has_joined && networked;
    let now = control.now.clone();
    let (reason, message) = if is_ready {
        ("KubeletReady", "kubelet is posting ready status")
    } else {
        (
            "KubeletNotReady",
            "container runtime network not ready: NetworkReady=false \
             reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not \
             initialized",
        )
    };
    let pressure = |kind, reason, message| condition(node, kind, false, reason, message, &now);
    let conditions = json!([
        pressure(
            "MemoryPressure",
            "KubeletHasSufficientMemory",
            "kubelet has sufficient memory available"
        ),
        pressure("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        pressure("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        condition(node, "Ready", is_ready, reason, message, &now),
    ]);
    control.modify(at::NODES, node, |node| {
        node["status"]["conditions"] = conditions;
        let unready = json!({"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"});
        let mut taints: Vec<Value> = items(node, "/spec/taints").cloned().collect();
        taints.retain(|taint| taint["key"] != unready["key"]);
        if !is_ready {
            taints.push(unready);
        }
        if taints.is_empty() {
            node["spec"].as_object_mut().map(|spec| spec.shift_remove("taints"));
        } else {
            node["spec"]["taints"] = json!(taints);
        }
    })
}

/// A node of a group.
fn node(
    control: &Control<'_>,
    group: &Value,
    subnets: &[Value],
    templates: &[Value],
    index: i64,
) -> Value {
    let group_name = text(group, "/node_group_name");
    let label = format!("{}/{group_name}/{index}", control.cluster.name);
    let subnet = subnet_of(group, subnets, index);
    let (zone, address) = (
        subnet.map(|s| text(s, "/availability_zone")).filter(|z| !z.is_empty()),
        subnet.map_or("10.0.0.0/16", |s| text(s, "/cidr_block")),
    );
    let region = &control.cluster.region;
    let zone = zone.map_or_else(|| format!("{region}a"), str::to_owned);
    let address = host_address(address, control.world().number(&format!("node/{label}")));
    let instance_type = instance_type(group, templates);
    let shape = shape_of(&instance_type);
    let domain = match region.as_str() {
        "us-east-1" => "ec2.internal".to_owned(),
        other => format!("{other}.compute.internal"),
    };
    let node_name = format!("ip-{}.{domain}", address.to_string().replace('.', "-"));
    let instance = format!("i-0{}", control.world().hex(&format!("instance/{label}"), 16));
    let capacity_type = match text(group, "/capacity_type") {
        "" => "ON_DEMAND",
        given => given,
    };
    let mut labels = json!({
        "beta.kubernetes.io/arch": "amd64", "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64", "kubernetes.io/os": "linux",
        "kubernetes.io/hostname": node_name,
        "node.kubernetes.io/instance-type": instance_type,
        "beta.kubernetes.io/instance-type": instance_type,
        "topology.kubernetes.io/region": region, "topology.kubernetes.io/zone": zone,
        "failure-domain.beta.kubernetes.io/region": region,
        "failure-domain.beta.kubernetes.io/zone": zone,
        "topology.ebs.csi.aws.com/zone": zone,
        "eks.amazonaws.com/capacityType": capacity_type,
        "eks.amazonaws.com/nodegroup": group_name,
        "k8s.io/cloud-provider-aws": control.world().hex("cloud-provider", 32),
    });
    for (key, value) in entries(group, "/labels") {
        labels[key] = value.clone();
    }
    let mut spec = json!({"providerID": format!("aws:///{zone}/{instance}")});
    let taints: Vec<Value> = items(group, "/taint").map(taint).collect();
    if !taints.is_empty() {
        spec["taints"] = json!(taints);
    }
    json!({
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": node_name, "labels": labels},
        "spec": spec,
        "status": {
            "addresses": [
                {"type": "InternalIP", "address": address.to_string()},
                {"type": "InternalDNS", "address": node_name},
                {"type": "Hostname", "address": node_name},
            ],
            "capacity": capacity(&shape), "allocatable": allocatable(&shape),
            "nodeInfo": {
                "kubeletVersion": format!("v{}.2-eks-3c60543", control.cluster.version),
                "containerRuntimeVersion": "containerd://2.1.5", "operatingSystem": "linux",
                "architecture": "amd64", "osImage": "Amazon Linux 2023.9.20251117",
                "kernelVersion": "6.12.55-74.119.amzn2023.x86_64", "machineID": instance,
                "systemUUID": instance, "bootID": instance, "kubeProxyVersion": "",
            },
        },
    })
}

/// Terraform writes effects in capitals.
fn taint(taint: &Value) -> Value {
    let effect = match text(taint, "/effect") {
        "NO_EXECUTE" => "NoExecute",
        "PREFER_NO_SCHEDULE" => "PreferNoSchedule",
        _ => "NoSchedule",
    };
    json!({"key": text(taint, "/key"), "value": text(taint, "/value"), "effect": effect})
}

/// The subnets of a group take turns.
fn subnet_of<'a>(group: &Value, subnets: &'a [Value], index: i64) -> Option<&'a Value> {
    let mut ids: Vec<&str> = items(group, "/subnet_ids").filter_map(Value::as_str).collect();
    ids.sort_unstable();
    let turn = usize::try_from(index).ok()?.checked_rem(ids.len())?;
    subnets.iter().find(|subnet| text(subnet, "/id") == ids[turn])
}

/// A host of a network, the ones that AWS keeps for itself left out.
fn host_address(cidr: &str, number: u64) -> Ipv4Addr {
    let network: Ipv4Net =
        cidr.parse().unwrap_or_else(|_| Ipv4Net::new_assert(Ipv4Addr::new(10, 0, 0, 0), 16));
    let size = 1u64 << (32 - u64::from(network.prefix_len()));
    let offset = 4 + number % size.saturating_sub(5).max(1);
    let base = u32::from(network.network());
    Ipv4Addr::from(base.saturating_add(u32::try_from(offset).unwrap_or(4)))
}

fn instance_type(group: &Value, templates: &[Value]) -> String {
    let own = items(group, "/instance_types").find_map(Value::as_str);
    let template = &group["launch_template"][0];
    let from_template = templates
        .iter()
        .filter(|t| {
            let id = text(template, "/id");
            (!id.is_empty() && text(t, "/id") == id)
                || (!text(template, "/name").is_empty() && t["name"] == template["name"])
        })
        .map(|t| text(t, "/instance_type"))
        .find(|t| !t.is_empty());
    own.or(from_template).unwrap_or("t3.medium").to_owned()
}

fn capacity(shape: &Shape) -> Value {
    // The kernel takes its part before the kubelet sees the memory.
    let memory_kib = shape.memory_gib * 1024 * 1024 * 97 / 100;
    json!({"cpu": shape.cpus.to_string(), "memory": format!("{memory_kib}Ki"),
        "ephemeral-storage": "209702892Ki", "hugepages-1Gi": "0", "hugepages-2Mi": "0",
        "pods": pods(shape).to_string()})
}

/// What EKS leaves to pods: its AMIs reserve processor and memory by these published formulas.
fn allocatable(shape: &Shape) -> Value {
    let reserved_cpu: i64 = (0..shape.cpus)
        .map(|cpu| match cpu {
            0 => 600,
            1 => 100,
            2 | 3 => 50,
            _ => 25,
        })
        .sum::<i64>()
        / 10;
    let reserved_kib = (255 + 11 * pods(shape) + 100) * 1024;
    let memory_kib = shape.memory_gib * 1024 * 1024 * 97 / 100 - reserved_kib;
    json!({"cpu": format!("{}m", shape.cpus * 1000 - reserved_cpu),
        "memory": format!("{memory_kib}Ki"), "ephemeral-storage": "192188443124",
        "hugepages-1Gi": "0", "hugepages-2Mi": "0", "pods": pods(shape).to_string()})
}

fn pods(shape: &Shape) -> i64 {
    if shape.cpus < 30 { 110 } else { 250 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instance_types_have_their_published_sizes_and_eks_keeps_its_part() {
        let m5 = shape_of("m5.4xlarge");
        assert_eq!((m5.cpus, m5.memory_gib, m5.gpus), (16, 64, 0));
        assert_eq!(allocatable(&m5)["cpu"], "15890m");
        let p5 = shape_of("p5e.48xlarge");
        assert_eq!((p5.cpus, p5.memory_gib, p5.gpus), (192, 2048, 8));
        assert_eq!(shape_of("r6i.2xlarge").memory_gib, 64);
    }

    #[test]
    fn hosts_lie_within_their_network() {
        let net: Ipv4Net = "10.0.16.0/20".parse().unwrap();
        for number in [0, 1, u64::MAX, 4090] {
            assert!(net.contains(&host_address("10.0.16.0/20", number)));
        }
    }
}
