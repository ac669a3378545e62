//! Rules about roles, nodes, the database and models.

use std::collections::BTreeSet;

use super::super::super::deviations;
use super::super::super::values::models::default_gpus;
use super::super::account::{REGION, TAGS};
use super::super::advanced::{cluster, database, nodes};
use super::super::authentication::{COGNITO_DOMAIN_PREFIX, ENABLE_COGNITO};
use super::super::bundle::{
    ENABLE_MODEL_S3_UPLOAD, EXTERNAL_MODELS_BUCKET, EXTERNAL_MODELS_BUCKET_KMS_KEY_ARN,
    INFERENCE_MODELS, declared_models, uploads_checkpoints,
};
use super::super::gpu::{GPU_DESIRED_SIZE, GPU_MAX_SIZE};
use super::super::profile::{PROFILE, is_full};
use super::super::review::DEVIATIONS;
use super::super::security::{CLUSTER_ADMIN_PRINCIPAL_ARNS, PERMISSIONS_BOUNDARY_ARN};
use super::capacity::in_order;
use super::conflict;
use crate::answers::value::{
    DomainPrefix, KmsKeyArn, KubernetesVersion, Region, Tag, same_partition,
};
use crate::answers::{Answers, Conflict, Question};

pub(super) fn cognito_prefix(answers: &Answers) -> Option<Conflict> {
    // The default is the deployment name, which was not checked as a prefix.
    let prefix = answers.text(&COGNITO_DOMAIN_PREFIX).filter(|_| answers.flag(&ENABLE_COGNITO))?;
    let error = prefix.parse::<DomainPrefix>().err()?;
    let keys = [&COGNITO_DOMAIN_PREFIX, &ENABLE_COGNITO];
    Some(Conflict::new(&keys, format!("{error}: choose another prefix")))
}

pub(super) fn tags_once(answers: &Answers) -> Option<Conflict> {
    let tags: Vec<Tag> = answers.parsed_list(&TAGS);
    let mut keys = BTreeSet::new();
    let twice = tags.iter().map(|tag| tag.parts().0).find(|key| !keys.insert(*key))?;
    Some(Conflict::new(&[&TAGS], format!("the tag `{twice}` has two values")))
}

pub(super) fn boundary_partition(answers: &Answers) -> Option<Conflict> {
    let region: Region = answers.parsed(&REGION)?;
    let error = same_partition(answers.text(&PERMISSIONS_BOUNDARY_ARN)?, &region).err()?;
    Some(Conflict::new(&[&PERMISSIONS_BOUNDARY_ARN, &REGION], error.to_string()))
}

pub(super) fn administrators_partition(answers: &Answers) -> Option<Conflict> {
    let region: Region = answers.parsed(&REGION)?;
    let principals = answers.list(&CLUSTER_ADMIN_PRINCIPAL_ARNS);
    let error = principals.iter().find_map(|arn| same_partition(arn, &region).err())?;
    Some(Conflict::new(&[&CLUSTER_ADMIN_PRINCIPAL_ARNS, &REGION], error.to_string()))
}

pub(super) fn cpu_architecture(answers: &Answers) -> Option<Conflict> {
    is_x86(answers, &nodes::CPU_INSTANCE_TYPE)
}

pub(super) fn web_architecture(answers: &Answers) -> Option<Conflict> {
    is_x86(answers, &nodes::WEB_INSTANCE_TYPE)
        .filter(|_| answers.flag(&nodes::ENABLE_WEB_NODE_GROUP))
}

fn is_x86(answers: &Answers, question: &Question) -> Option<Conflict> {
    let name = answers.text(question)?;
    let family = name.split('.').next()?;
    // AWS marks Graviton by a `g` after the generation: `m7g`, `c7gn`, `im4gn`, `a1` excepted.
    let after = family.split(|c: char| c.is_ascii_digit()).next_back()?;
    conflict(after.contains('g') || family == "a1", &[question], || {
        format!("`{name}` is an Arm type; the images of the platform are for x86-64")
    })
}

pub(super) fn cpu_sizes(answers: &Answers) -> Option<Conflict> {
    in_order(answers, &nodes::CPU_MIN_SIZE, &nodes::CPU_DESIRED_SIZE, &nodes::CPU_MAX_SIZE)
}

pub(super) fn web_sizes(answers: &Answers) -> Option<Conflict> {
    if !answers.flag(&nodes::ENABLE_WEB_NODE_GROUP) {
        return None;
    }
    in_order(answers, &nodes::WEB_MIN_SIZE, &nodes::WEB_DESIRED_SIZE, &nodes::WEB_MAX_SIZE)
}

pub(super) fn log_retention(answers: &Answers) -> Option<Conflict> {
    let days = answers.number(&cluster::LOG_RETENTION_DAYS)?;
    conflict(!cluster::RETENTIONS.contains(&days), &[&cluster::LOG_RETENTION_DAYS], || {
        let known: Vec<String> = cluster::RETENTIONS.iter().map(ToString::to_string).collect();
        format!("CloudWatch does not keep logs for {days} days, but for {}", known.join(", "))
    })
}

pub(super) fn kubernetes_version(answers: &Answers) -> Option<Conflict> {
    let version: KubernetesVersion = answers.parsed(&cluster::KUBERNETES_VERSION)?;
    conflict(version.minor() < 29, &[&cluster::KUBERNETES_VERSION], || {
        format!("Kubernetes `{version}` is too old: 1.29 or later")
    })
}

pub(super) fn database_version(answers: &Answers) -> Option<Conflict> {
    let version = answers.text(&database::DATABASE_ENGINE_VERSION)?;
    let major: u32 = version.split('.').next()?.parse().ok()?;
    conflict(major < 14, &[&database::DATABASE_ENGINE_VERSION], || {
        format!("PostgreSQL `{version}` is too old: 14 or later")
    })
}

pub(super) fn database_storage(answers: &Answers) -> Option<Conflict> {
    let keys =
        [&database::DATABASE_MAX_ALLOCATED_STORAGE_GB, &database::DATABASE_ALLOCATED_STORAGE_GB];
    let (max, storage) = (answers.number(keys[0])?, answers.number(keys[1])?);
    conflict(max <= storage, &keys, || {
        format!("the storage may grow to {max} GB, which must be above the {storage} GB at first")
    })
}

pub(super) fn upload_or_bucket(answers: &Answers) -> Option<Conflict> {
    let bucket = answers.text(&EXTERNAL_MODELS_BUCKET)?;
    let keys = [&EXTERNAL_MODELS_BUCKET, &ENABLE_MODEL_S3_UPLOAD];
    conflict(uploads_checkpoints(answers), &keys, || {
        format!(
            "`{bucket}` is named, and checkpoints are uploaded to a bucket that is made: take it \
             out, or set `enable_model_s3_upload = false`"
        )
    })
}

pub(super) fn bucket_key_in_region(answers: &Answers) -> Option<Conflict> {
    let key: KmsKeyArn = answers.parsed(&EXTERNAL_MODELS_BUCKET_KMS_KEY_ARN)?;
    let region = answers.text(&REGION).filter(|_| is_full(answers))?;
    conflict(key.region() != region, &[&EXTERNAL_MODELS_BUCKET_KMS_KEY_ARN, &REGION], || {
        format!("the key is in `{}`, not in `{region}`", key.region())
    })
}

pub(super) fn models_in_full(answers: &Answers) -> Option<Conflict> {
    let mut named = [&INFERENCE_MODELS, &EXTERNAL_MODELS_BUCKET].into_iter();
    let question = named.find(|question| answers.is_chosen(question))?;
    conflict(!is_full(answers), &[question, &PROFILE], || {
        "belongs to the profile `full`; with `platform-only` no model runs here".to_owned()
    })
}

pub(super) fn departures_known(answers: &Answers) -> Option<Conflict> {
    let given = answers.table(&DEVIATIONS).filter(|_| answers.applies(&DEVIATIONS))?;
    let known = deviations::known();
    let unknown = given.keys().find(|id| !known.contains(&id.as_str()))?;
    let text = format!("there is no departure `{unknown}`; `springboard plan` names them");
    Some(Conflict::new(&[&DEVIATIONS], text))
}

pub(super) fn models_named(answers: &Answers) -> Option<Conflict> {
    let wrong =
        is_full(answers) && !uploads_checkpoints(answers) && declared_models(answers).is_empty();
    conflict(wrong, &[&INFERENCE_MODELS, &ENABLE_MODEL_S3_UPLOAD], || {
        "without an upload the models cannot be derived: name each in a table \
         `[inference_models.KEY]`"
            .to_owned()
    })
}

pub(super) fn models_in_bucket(answers: &Answers) -> Option<Conflict> {
    let bucket = answers.text(&EXTERNAL_MODELS_BUCKET).filter(|_| !uploads_checkpoints(answers))?;
    let prefix = format!("s3://{bucket}/");
    let text = declared_models(answers).into_iter().find_map(|(key, model)| match model.model {
        Some(uri) if uri.starts_with(&prefix) => None,
        Some(uri) => Some(format!(
            "`{key}.model` is `{uri}`, outside of the bucket `{bucket}`; the inference role can \
             read that bucket only"
        )),
        None => Some(format!(
            "`{key}.model` is missing: without an upload nothing else says where it is, such as \
             `{prefix}models/checkpoints/{key}-1.0/`"
        )),
    })?;
    Some(Conflict::new(&[&INFERENCE_MODELS, &EXTERNAL_MODELS_BUCKET], text))
}

pub(super) fn models_fit(answers: &Answers) -> Option<Conflict> {
    let models = declared_models(answers);
    let wanted: u32 =
        models.iter().filter_map(|(key, model)| model.gpus.or_else(|| default_gpus(key))).sum();
    let wanted = i64::from(wanted);
    // No nodes at first means that a Capacity Block has not begun: the greatest number counts.
    let (question, nodes) = match answers.number(&GPU_DESIRED_SIZE)? {
        0 => (&GPU_MAX_SIZE, answers.number(&GPU_MAX_SIZE)?),
        nodes => (&GPU_DESIRED_SIZE, nodes),
    };
    conflict(wanted > nodes * 8, &[&INFERENCE_MODELS, question], || {
        let noun = if nodes == 1 { "node has" } else { "nodes have" };
        format!("the models ask for {wanted} GPUs; {nodes} {noun} {}", nodes * 8)
    })
}
