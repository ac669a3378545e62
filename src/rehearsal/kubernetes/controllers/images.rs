//! Where images come from: the world's registry, EKS's own, or the internet.

use serde_json::Value;

use super::super::access;
use super::super::value::text;
use super::Control;

/// Finds an image; the digest, or what containerd says when it cannot be had.
///
/// Images of the account's own registry must have been pushed. Those of other ECR accounts are
/// EKS's and can always be had. Everything else comes from the internet and needs a way out.
pub(crate) fn find(control: &Control<'_>, image: &str) -> Result<String, String> {
    let (registry, path) = split(image);
    let account = &control.world().scenario.account.id;
    if registry.contains(".dkr.ecr.") {
        return if registry.starts_with(&format!("{account}.")) {
            find_pushed(control, image, &path)
        } else {
            Ok(digest_of(control, image))
        };
    }
    if has_way_out(control) {
        return Ok(digest_of(control, image));
    }
    let (repository, reference) = split_reference(&path);
    let whole = full_name(registry, repository, reference);
    let host = if registry == "docker.io" { "registry-1.docker.io" } else { registry };
    Err(format!(
        "failed to pull and unpack image \"{whole}\": failed to resolve reference \"{whole}\": \
         failed to do request: Head \"https://{host}/v2/{repository}/manifests/{}\": dial tcp: i/o \
         timeout",
        reference.trim_start_matches([':', '@'])
    ))
}

fn find_pushed(control: &Control<'_>, image: &str, path: &str) -> Result<String, String> {
    let (repository, reference) = split_reference(path);
    let key = format!("{repository}{reference}");
    let pushed = control.world().store.get("registry", &key);
    if let Some(pushed) = pushed {
        return Ok(match reference.strip_prefix('@') {
            Some(digest) => digest.to_owned(),
            None => text(&pushed, "/digest").to_owned(),
        });
    }
    let whole =
        if image.ends_with(reference) { image.to_owned() } else { format!("{image}{reference}") };
    let exists = access::live(control.world(), "aws_ecr_repository")
        .iter()
        .any(|r| text(r, "/name") == repository);
    // ECR answers 404 to both; only the text that containerd adds is the same for both.
    let _ = exists;
    Err(format!(
        "rpc error: code = NotFound desc = failed to pull and unpack image \"{whole}\": failed to \
         resolve reference \"{whole}\": {whole}: not found"
    ))
}

/// Registry and path; names without a registry are Docker Hub's.
fn split(image: &str) -> (&str, String) {
    match image.split_once('/') {
        Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => {
            (host, path.to_owned())
        }
        Some(_) => ("docker.io", image.to_owned()),
        None => ("docker.io", format!("library/{image}")),
    }
}

/// Repository, and `:TAG` or `@DIGEST`; a digest counts more than a tag, no tag is `latest`.
fn split_reference(path: &str) -> (&str, &str) {
    if let Some((named, _)) = path.split_once('@') {
        let repository = named.split_once(':').map_or(named, |(repository, _)| repository);
        return (repository, &path[named.len()..]);
    }
    match path.rsplit_once('/').map_or(path, |(_, last)| last).find(':') {
        Some(_) => path.split_at(path.rfind(':').unwrap_or(path.len())),
        None => (path, ":latest"),
    }
}

fn full_name(registry: &str, repository: &str, reference: &str) -> String {
    format!("{registry}/{repository}{reference}")
}

fn digest_of(control: &Control<'_>, image: &str) -> String {
    format!("sha256:{}", control.world().hex(&format!("image/{image}"), 64))
}

/// Whether the network has a way to the internet: a NAT gateway, or a default route through
/// something that is the operator's own.
fn has_way_out(control: &Control<'_>) -> bool {
    let world = control.world();
    if !access::live(world, "aws_nat_gateway").is_empty() {
        return true;
    }
    let leads_out = |route: &Value| {
        let destination = match text(route, "/destination_cidr_block") {
            "" => text(route, "/cidr_block"),
            given => given,
        };
        destination == "0.0.0.0/0"
            && [
                "transit_gateway_id",
                "network_interface_id",
                "vpc_peering_connection_id",
                "nat_gateway_id",
                "core_network_arn",
                "vpc_endpoint_id",
            ]
            .iter()
            .any(|way| route[way].as_str().is_some_and(|id| !id.is_empty()))
    };
    access::live(world, "aws_route").iter().any(leads_out)
        || access::live(world, "aws_route_table")
            .iter()
            .any(|table| super::super::value::items(table, "/route").any(leads_out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_as_containerd_does() {
        assert_eq!(split("nginx:1"), ("docker.io", "library/nginx:1".to_owned()));
        assert_eq!(split("quay.io/a/b:2"), ("quay.io", "a/b:2".to_owned()));
        assert_eq!(split_reference("a/b:2"), ("a/b", ":2"));
        assert_eq!(split_reference("a/b"), ("a/b", ":latest"));
        assert_eq!(split_reference("a/b:2@sha256:ff"), ("a/b", "@sha256:ff"));
    }
}
