//! Page: bundle and checkpoints.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::super::values::DeclaredModel;
use super::super::values::models::is_known;
use super::REFERENCE;
use super::profile::{WITH_FULL, is_full};
use crate::answers::value::{BucketName, ExistingFolder, KmsKeyArn, ModelKey, S3Uri, Word};
use crate::answers::{
    Answers, Column, ColumnKind, Default, Kind, Page, Question, Reference, Row, Table, Text,
};

/// The page.
pub const PAGE: Page = Page {
    id: "bundle",
    title: "Bundle and checkpoints",
    questions: &[
        &CONTAINERS_DIR,
        &CHARTS_DIR,
        &ENABLE_MODEL_S3_UPLOAD,
        &CHECKPOINTS_DIR,
        &EXTERNAL_MODELS_BUCKET,
        &EXTERNAL_MODELS_BUCKET_KMS_KEY_ARN,
        &INFERENCE_MODELS,
    ],
};

/// Where the container images are.
pub const CONTAINERS_DIR: Question = Question {
    key: "containers_dir",
    label: "Folder of images",
    kind: Kind::Text(Text::of::<ExistingFolder>()),
    why: "The deployment bundle brings the container images in a folder `containers`.",
    consequence: "Each image gets a repository in the registry of the account and is pushed there.",
    example: "\"/srv/poolside/bundle/containers\"",
    name: Reference::Confirmed,
    ..Question::PLAIN
};

/// Where the charts are.
pub const CHARTS_DIR: Question = Question {
    key: "charts_dir",
    label: "Folder of charts",
    kind: Kind::Text(Text::of::<ExistingFolder>()),
    default: Default::Derived {
        value: |answers| {
            let containers = Path::new(answers.text(&CONTAINERS_DIR)?);
            Some(containers.with_file_name("charts").display().to_string().as_str().into())
        },
        how: "the folder `charts` beside `containers_dir`",
    },
    why: "The deployment bundle brings the Helm charts in a folder `charts`.",
    consequence: "The platform, and inference with the profile `full`, are installed from them.",
    basis: "the layout of the deployment bundle",
    example: "\"/srv/poolside/bundle/charts\"",
    name: Reference::OwnName,
    ..Question::PLAIN
};

/// Whether checkpoints are uploaded.
pub const ENABLE_MODEL_S3_UPLOAD: Question = Question {
    key: "enable_model_s3_upload",
    label: "Upload checkpoints",
    default: Default::Flag(true),
    applies: is_full,
    when: WITH_FULL,
    why: "Models are loaded from a bucket: one that is made and filled here, or one that you have.",
    consequence: "With `true` the bucket DEPLOYMENT-models is made, and checkpoints are streamed \
                  into it.",
    basis: REFERENCE,
    example: "true",
    name: Reference::Confirmed,
    feeds: Some("enable_model_s3_upload"),
    ..Question::PLAIN
};

/// Whether checkpoints are uploaded here.
pub fn uploads_checkpoints(answers: &Answers) -> bool {
    is_full(answers) && answers.flag(&ENABLE_MODEL_S3_UPLOAD)
}

fn brings_bucket(answers: &Answers) -> bool {
    is_full(answers) && !answers.flag(&ENABLE_MODEL_S3_UPLOAD)
}

const WITHOUT_UPLOAD: &str = "with the profile `full` and without `enable_model_s3_upload`";

/// Where the checkpoints are.
pub const CHECKPOINTS_DIR: Question = Question {
    key: "checkpoints_dir",
    label: "Folder of checkpoints",
    kind: Kind::Text(Text::of::<ExistingFolder>()),
    applies: uploads_checkpoints,
    when: "with the profile `full` and `enable_model_s3_upload`",
    why: "The weights of the models: every `*.tar` in the folder is one model.",
    consequence: "They are streamed into the bucket and never unpacked on this host.",
    example: "\"/srv/poolside/checkpoints\"",
    name: Reference::Confirmed,
    ..Question::PLAIN
};

/// A bucket that already holds the checkpoints.
pub const EXTERNAL_MODELS_BUCKET: Question = Question {
    key: "external_models_bucket",
    label: "Bucket of checkpoints",
    kind: Kind::Text(Text::of::<BucketName>()),
    applies: brings_bucket,
    when: WITHOUT_UPLOAD,
    why: "Without an upload the checkpoints have to be somewhere already.",
    consequence: "The inference role may read it; it has to be in the same account.",
    example: "\"acme-checkpoints\"",
    name: Reference::Confirmed,
    feeds: Some("external_models_bucket"),
    ..Question::PLAIN
};

/// The key of that bucket.
pub const EXTERNAL_MODELS_BUCKET_KMS_KEY_ARN: Question = Question {
    key: "external_models_bucket_kms_key_arn",
    label: "Key of that bucket",
    kind: Kind::Text(Text::of::<KmsKeyArn>()),
    default: Default::Optional("the bucket has no customer-managed key"),
    live: Some("the default encryption of the bucket"),
    applies: brings_bucket,
    when: WITHOUT_UPLOAD,
    why: "Objects that a customer-managed key encrypts can be read only with that key.",
    consequence: "The inference role may decrypt with it.",
    example: "\"arn:aws:kms:us-west-2:123456789012:key/01234567-89ab-cdef-0123-456789abcdef\"",
    feeds: Some("external_models_bucket_kms_key_arn"),
    ..Question::PLAIN
};

/// The models that are served.
pub const INFERENCE_MODELS: Question = Question {
    key: "inference_models",
    label: "Models",
    kind: Kind::Table(&Table {
        key: Text::of::<ModelKey>(),
        columns: &[
            Column {
                name: "model",
                kind: ColumnKind::Text(Text::of::<S3Uri>()),
                meaning: "the checkpoint in S3, such as s3://BUCKET/models/checkpoints/STEM/",
            },
            Column {
                name: "gpus",
                kind: ColumnKind::Number { min: 1, max: 8 },
                meaning: "how many GPUs it takes, at most the 8 of one node",
            },
            Column {
                name: "modelName",
                kind: ColumnKind::Text(Text::of::<Word>()),
                meaning: "the name that clients ask for",
            },
            Column {
                name: "modelType",
                kind: ColumnKind::Text(Text::of::<Word>()),
                meaning: "the type that the chart knows it by",
            },
        ],
        // Where the checkpoints are uploaded their places are known; a rule asks for the others.
        needs: |model, column| column != "model" && !is_known(model),
    }),
    default: Default::Optional("the models whose checkpoints are uploaded"),
    applies: is_full,
    when: WITH_FULL,
    why: "To change one model, the whole set has to be named.",
    consequence: "Each key becomes the name of a Deployment as it stands.",
    example: "{ malibu = { model = \"s3://acme-checkpoints/models/checkpoints/malibu-2.2/\", gpus = 4 } }",
    name: Reference::Confirmed,
    ..Question::PLAIN
};

/// The models that were named, by key; none where they are those of the checkpoints.
pub fn declared_models(answers: &Answers) -> BTreeMap<String, DeclaredModel> {
    let rows = answers.table(&INFERENCE_MODELS).filter(|_| is_full(answers));
    rows.into_iter().flatten().map(|(key, row)| (key.clone(), declared(row))).collect()
}

fn declared(row: &Row) -> DeclaredModel {
    let text = |column: &str| row.get(column).and_then(|value| value.as_str()).map(str::to_owned);
    let ours =
        |column: &&String| ["model", "gpus", "modelName", "modelType"].contains(&column.as_str());
    DeclaredModel {
        model: text("model"),
        gpus: row.get("gpus").and_then(Value::as_u64).and_then(|gpus| gpus.try_into().ok()),
        model_name: text("modelName"),
        model_type: text("modelType"),
        other: row
            .iter()
            .filter(|(column, _)| !ours(column))
            .map(|(column, value)| (column.clone(), value.clone()))
            .collect(),
    }
}
