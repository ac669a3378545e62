//! Deployment bundles: images in every form, charts, checkpoints, and folders that are none.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use serde_json::json;
use springboard::bundle::{BundleError, DeploymentBundle, Digest, Image, checkpoints, containers};
use springboard::error::{Hint as _, render};
use springboard::rehearsal::sample_bundle;

use crate::support::images::{
    Pieces, docker_archive, gzip, multi_arch_members, oci_members, tar_of, tar_of_owned,
    write_folder,
};

fn labels(images: &[Image]) -> Vec<String> {
    images.iter().map(Image::label).collect()
}

fn message(error: &BundleError, dir: &Path) -> String {
    render(error).replace(&dir.display().to_string(), "DIR")
}

#[test]
fn a_docker_archive_holds_several_images_and_the_registry_part_of_a_name_is_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let (api, web) = (Pieces::new(&["base", "api"]), Pieces::new(&["base", "web"]));
    let tar = docker_archive(&[
        (&["registry.example:5000/poolside/core-api:1.2", "core-api:stable"], &api),
        (&["poolside/web-assistant:1.2"], &web),
    ]);
    fs::write(dir.path().join("images.tar"), &tar).unwrap();
    let images = containers::read(dir.path()).unwrap();
    assert_eq!(labels(&images), ["core-api:1.2", "core-api:stable", "web-assistant:1.2"]);
    assert_eq!(images[0].digest, images[1].digest);
    let bytes = api.config.len() + api.layers.iter().map(Vec::len).sum::<usize>();
    assert_eq!(images[0].size, bytes as u64);
}

#[test]
fn the_digest_of_a_docker_archive_is_the_same_compressed_or_not() {
    let dir = tempfile::tempdir().unwrap();
    let tar = docker_archive(&[(&["core-api:1"], &Pieces::new(&["a", "b"]))]);
    for (name, bytes) in [
        ("plain", tar.clone()),
        ("gzip", gzip(&tar)),
        ("zstd", zstd::encode_all(tar.as_slice(), 1).unwrap()),
    ] {
        let folder = dir.path().join(name);
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("image.tar"), bytes).unwrap();
    }
    let digest = |name: &str| containers::read(&dir.path().join(name)).unwrap()[0].digest.clone();
    assert_eq!(digest("plain"), digest("gzip"));
    assert_eq!(digest("plain"), digest("zstd"));
}

#[test]
fn every_blob_reads_as_the_bytes_of_its_digest_in_every_form() {
    let dir = tempfile::tempdir().unwrap();
    let pieces = Pieces::new(&["one", "two"]);
    let named = json!({"org.opencontainers.image.ref.name": "1.0"});
    let members = oci_members(&pieces, &named);
    write_folder(&dir.path().join("layout"), &members);
    fs::write(dir.path().join("archive-1.0.tar"), tar_of_owned(&members)).unwrap();
    fs::write(dir.path().join("squeezed_1.0.tar.gz"), gzip(&tar_of_owned(&members))).unwrap();
    fs::write(dir.path().join("saved.tar"), docker_archive(&[(&["saved:1.0"], &pieces)])).unwrap();
    let images = containers::read(dir.path()).unwrap();
    assert_eq!(labels(&images), ["archive:1.0", "layout:1.0", "saved:1.0", "squeezed:1.0"]);
    for image in &images {
        assert_eq!(image.digest, Digest::of(&image.manifests().last().unwrap().content));
        assert_eq!(image.blobs().len(), 3);
        for blob in image.blobs() {
            let mut bytes = Vec::new();
            blob.open(0).unwrap().read_to_end(&mut bytes).unwrap();
            assert_eq!((Digest::of(&bytes), bytes.len() as u64), (blob.digest.clone(), blob.size));
            let mut rest = Vec::new();
            blob.open(7).unwrap().read_to_end(&mut rest).unwrap();
            assert_eq!(rest, bytes[7..]);
        }
    }
}

#[test]
fn an_index_of_platforms_is_kept_whole_and_comes_last() {
    let dir = tempfile::tempdir().unwrap();
    let (amd, arm) = (Pieces::new(&["amd"]), Pieces::new(&["arm"]));
    let members = multi_arch_members(&[&amd, &arm], "example.com/team/proxy:2");
    fs::write(dir.path().join("proxy.tar"), tar_of_owned(&members)).unwrap();
    let images = containers::read(dir.path()).unwrap();
    assert_eq!(labels(&images), ["proxy:2"]);
    let kinds: Vec<_> = images[0].manifests().iter().map(|m| m.media_type.as_str()).collect();
    let manifest = "application/vnd.oci.image.manifest.v1+json";
    assert_eq!(kinds, [manifest, manifest, "application/vnd.oci.image.index.v1+json"]);
    assert_eq!(images[0].digest, images[0].manifests()[2].digest);
}

#[test]
fn a_newer_docker_save_that_has_not_all_platforms_is_read_by_its_older_half() {
    let dir = tempfile::tempdir().unwrap();
    let (amd, arm) = (Pieces::new(&["amd"]), Pieces::new(&["arm"]));
    let mut members = multi_arch_members(&[&amd, &arm], "proxy:2");
    let missing = format!("blobs/sha256/{}", Digest::of(&arm.layers[0]).hex());
    members.retain(|(name, _)| *name != missing);
    let blob = |bytes: &[u8]| format!("blobs/sha256/{}", Digest::of(bytes).hex());
    let list = json!([{"Config": blob(&amd.config), "RepoTags": ["proxy:2"],
                       "Layers": [blob(&amd.layers[0])]}]);
    members.push(("manifest.json".into(), list.to_string().into_bytes()));
    fs::write(dir.path().join("proxy.tar"), tar_of_owned(&members)).unwrap();
    let images = containers::read(dir.path()).unwrap();
    assert_eq!(labels(&images), ["proxy:2"]);
    assert_eq!(images[0].manifests().len(), 1);
}

#[test]
fn compressed_layers_inside_a_docker_archive_are_pushed_as_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let plain = tar_of(&[("file", b"text")]);
    let squeezed = gzip(&plain);
    let config = Pieces::of_layers(vec![plain]).config;
    let members = [
        ("config.json".to_owned(), config),
        ("layer.tar.gz".to_owned(), squeezed.clone()),
        (
            "manifest.json".to_owned(),
            json!([{"Config": "config.json", "RepoTags": ["x:1"], "Layers": ["layer.tar.gz"]}])
                .to_string()
                .into_bytes(),
        ),
    ];
    fs::write(dir.path().join("x.tar"), tar_of_owned(&members)).unwrap();
    let images = containers::read(dir.path()).unwrap();
    let manifest = String::from_utf8(images[0].manifests()[0].content.clone()).unwrap();
    assert!(manifest.contains("application/vnd.oci.image.layer.v1.tar+gzip"), "{manifest}");
    assert_eq!(images[0].blobs()[1].digest, Digest::of(&squeezed));
}

#[test]
fn images_that_share_the_last_part_of_their_path_keep_one_part_more() {
    let dir = tempfile::tempdir().unwrap();
    let tar = docker_archive(&[
        (&["example.com/a/proxy:1"], &Pieces::new(&["a"])),
        (&["example.com/b/proxy:1"], &Pieces::new(&["b"])),
        (&["example.com/b/web:1"], &Pieces::new(&["c"])),
    ]);
    fs::write(dir.path().join("images.tar"), tar).unwrap();
    let images = containers::read(dir.path()).unwrap();
    assert_eq!(labels(&images), ["a/proxy:1", "b/proxy:1", "web:1"]);
}

#[test]
fn what_is_not_an_image_is_refused_in_one_sentence_with_its_path() {
    let cases: [(&str, Vec<u8>, &str); 4] = [
        ("a.tar", b"hello".to_vec(), "it is not a tar file"),
        ("b.tar", tar_of(&[("README", b"x")]), "it has neither `manifest.json` nor `index.json`"),
        (
            "c.tar",
            docker_archive(&[(&["x:1"], &Pieces::new(&["x"]))])[..1600].to_vec(),
            "the tar file cannot be read to its end (",
        ),
        (
            "d.tar",
            tar_of(&[("manifest.json", b"[{}]")]),
            "its `manifest.json` is not right (missing field `Config`",
        ),
    ];
    for (name, bytes, reason) in cases {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(name), bytes).unwrap();
        let error = containers::read(dir.path()).unwrap_err();
        let text = message(&error, dir.path());
        let expected = format!("error: `DIR/{name}` is not a container image: {reason}");
        assert!(text.starts_with(&expected), "{text}");
        assert_eq!(text.lines().count(), 2, "{text}");
    }
}

#[test]
fn an_image_whose_bytes_were_changed_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut members = oci_members(&Pieces::new(&["one"]), &json!({}));
    let at = members.iter().position(|(_, bytes)| bytes.starts_with(b"{\"schema")).unwrap();
    members[at].1.push(b' ');
    fs::write(dir.path().join("x-1.tar"), tar_of_owned(&members)).unwrap();
    let text = containers::read(dir.path()).unwrap_err().to_string();
    assert!(text.ends_with("does not have that digest"), "{text}");
}

#[test]
fn two_different_images_of_one_name_are_refused_and_one_image_twice_is_one() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let tar = docker_archive(&[(&["core-api:1"], &Pieces::new(&[text]))]);
        fs::write(dir.path().join(name), tar).unwrap();
    };
    write("a.tar", "same");
    write("b.tar", "same");
    assert_eq!(labels(&containers::read(dir.path()).unwrap()), ["core-api:1"]);
    write("b.tar", "other");
    let error = containers::read(dir.path()).unwrap_err();
    assert_eq!(
        message(&error, dir.path()),
        "error: `DIR/a.tar` and `DIR/b.tar` hold different images called `core-api:1`\n\
         hint: remove one of the two"
    );
}

fn write_chart(dir: &Path, name: &str) {
    let folder = dir.join("charts").join(name);
    fs::create_dir_all(&folder).unwrap();
    let text = format!("apiVersion: v2\nname: {name}\nversion: 1.2.3\nappVersion: 1.27\n");
    fs::write(folder.join("Chart.yaml"), text).unwrap();
}

#[test]
fn charts_are_found_as_folders_and_packaged() {
    let dir = tempfile::tempdir().unwrap();
    write_chart(dir.path(), "poolside-deployment");
    let package = tar_of(&[
        ("inference-stack/charts/sub/Chart.yaml", b"name: sub\nversion: 9.9.9\n"),
        ("inference-stack/Chart.yaml", b"name: inference-stack\nversion: 0.4.0\n"),
    ]);
    fs::write(dir.path().join("charts/inference-stack-0.4.0.tgz"), gzip(&package)).unwrap();
    fs::write(dir.path().join("charts/README.md"), "x").unwrap();
    let bundle = DeploymentBundle::open(dir.path()).unwrap();
    let chart = bundle.chart("poolside-deployment", None).unwrap();
    assert_eq!((chart.version.as_str(), chart.app_version.as_deref()), ("1.2.3", Some("1.27")));
    assert_eq!(bundle.chart("inference-stack", Some("inference")).unwrap().version, "0.4.0");
}

#[test]
fn a_bundle_that_is_not_one_is_told_apart_from_one_that_lacks_a_chart() {
    let dir = tempfile::tempdir().unwrap();
    let open = || DeploymentBundle::open(dir.path());
    assert_eq!(
        message(&open().unwrap_err(), dir.path()),
        "error: `DIR` is not a deployment bundle: it has no folder `charts`\n\
         hint: name the folder that the bundle was extracted to; it holds `charts` and `containers`"
    );
    write_chart(dir.path(), "poolside-deployment");
    let bundle = open().unwrap();
    assert_eq!(
        message(&bundle.chart("inference-stack", Some("inference")).unwrap_err(), dir.path()),
        "error: the chart `inference-stack` is missing in `DIR/charts`\n\
         hint: the charts there are: poolside-deployment"
    );
    write_chart(dir.path(), "inference");
    let bundle = open().unwrap();
    assert_eq!(
        message(&bundle.chart("inference-stack", Some("inference")).unwrap_err(), dir.path()),
        "error: `DIR/charts/inference` is the standalone chart `inference`, where \
         `inference-stack` is needed\n\
         hint: ask for a bundle that has `inference-stack`, or install the profile without it"
    );
    let archive = dir.path().join("bundle.tar.gz");
    fs::write(&archive, "x").unwrap();
    let error = DeploymentBundle::open(&archive).unwrap_err();
    assert!(error.hint().unwrap().starts_with("extract it with `tar -xzf "));
}

#[test]
fn checkpoints_are_the_tar_files_of_a_folder() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("malibu-2.2.tar"), "12345").unwrap();
    fs::write(dir.path().join("laguna-xs-1.0.tar"), "1").unwrap();
    fs::write(dir.path().join("notes.txt"), "x").unwrap();
    let found = checkpoints::read(dir.path()).unwrap();
    let listed: Vec<_> = found.iter().map(|c| (c.stem.as_str(), c.size)).collect();
    assert_eq!(listed, [("laguna-xs-1.0", 1), ("malibu-2.2", 5)]);
}

#[test]
fn the_sample_bundle_of_a_rehearsal_is_a_whole_one() {
    let dir = tempfile::tempdir().unwrap();
    let sample = sample_bundle::write(dir.path()).unwrap();
    let bundle = DeploymentBundle::open(&sample.root).unwrap();
    for name in ["poolside-deployment", "inference-stack"] {
        bundle.chart(name, Some("inference")).unwrap();
    }
    assert_eq!(
        labels(&bundle.images(None).unwrap()),
        [
            "atlas:2.3.0",
            "core-api:2.3.0",
            "envoy:v1.35.3",
            "models-reconciliation-loop:2.3.0",
            "web-assistant:2.3.0"
        ]
    );
    let found = checkpoints::read(&sample.checkpoints).unwrap();
    let stems: Vec<_> = found.iter().map(|checkpoint| checkpoint.stem.as_str()).collect();
    assert_eq!(stems, ["laguna-xs-2", "malibu-2.2", "point-1.4"]);
}
