//! The models to serve: from the checkpoints that were delivered, or as the operator declares.
//!
//! Owns the built-in facts of the known models and the question whether all of them fit on the
//! GPU nodes. The rules are those of the reference architecture: whoever declares one model
//! declares all; a known key may leave out what has a default. Start at [`resolve`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::Hint;

/// A model as the inference chart takes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Model {
    /// Where its weights are, `s3://…`.
    pub model: String,
    /// How many GPUs of one node it takes.
    pub gpus: u32,
    /// The name under which it is asked for.
    pub model_name: String,
    /// What it is good for.
    pub model_type: String,
    /// What else the operator declared, for the chart alone to know.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// A model as the operator declares it in `inference_models`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeclaredModel {
    /// Where its weights are; without it, the uploaded checkpoint of that model.
    pub model: Option<String>,
    /// How many GPUs it takes.
    pub gpus: Option<u32>,
    /// The name under which it is asked for.
    pub model_name: Option<String>,
    /// What it is good for.
    pub model_type: Option<String>,
    /// Everything else, handed on to the chart as it is.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// Checkpoints that are in, or on their way to, the managed bucket.
#[derive(Debug, Clone, Copy)]
pub struct Uploaded<'a> {
    /// The bucket.
    pub bucket: &'a str,
    /// The names of the tars without `.tar`: `<model>-<version>`.
    pub stems: &'a [String],
}

/// What is known of a model without being told.
struct Known {
    key: &'static str,
    gpus: u32,
    model_type: &'static str,
}

/// The keys and the GPU counts of malibu, point and laguna-xs are the reference's. The other
/// counts and the types are ours, until the real chart says otherwise.
const KNOWN: &[Known] = &[
    Known { key: "laguna", gpus: 4, model_type: "chat" },
    Known { key: "laguna-m", gpus: 4, model_type: "chat" },
    Known { key: "laguna-xs", gpus: 1, model_type: "chat" },
    Known { key: "malibu", gpus: 4, model_type: "chat" },
    Known { key: "point", gpus: 2, model_type: "completion" },
];

/// GPUs of every node type that is offered.
pub const GPUS_PER_NODE: u32 = 8;

/// The models to serve, by the key that becomes part of their object names.
///
/// # Errors
/// Everything that is wrong, at once.
pub fn resolve(
    declared: &BTreeMap<String, DeclaredModel>,
    uploaded: Option<Uploaded<'_>>,
) -> Result<BTreeMap<String, Model>, Vec<ModelProblem>> {
    let derived;
    let declared = if declared.is_empty() {
        derived = derive(uploaded)?;
        &derived
    } else {
        declared
    };
    let mut models = BTreeMap::new();
    let mut problems = Vec::new();
    for (key, model) in declared {
        match complete(key, model, uploaded) {
            Ok(model) => {
                models.insert(key.clone(), model);
            }
            Err(mut more) => problems.append(&mut more),
        }
    }
    problems.append(&mut shared_names(&models));
    if problems.is_empty() { Ok(models) } else { Err(problems) }
}

/// Requests are told apart by the name alone.
fn shared_names(models: &BTreeMap<String, Model>) -> Vec<ModelProblem> {
    let mut keys: BTreeMap<&str, &str> = BTreeMap::new();
    let mut problems = Vec::new();
    for (key, model) in models {
        if let Some(other) = keys.insert(&model.model_name, key) {
            problems.push(ModelProblem::SameName {
                name: model.model_name.clone(),
                one: other.to_owned(),
                other: key.clone(),
            });
        }
    }
    problems
}

/// Whether all models can run at once on so many nodes; a model never spans two.
///
/// # Errors
/// Every model that is too large by itself, or else that all together are.
pub fn fit(models: &BTreeMap<String, Model>, nodes: u32) -> Result<(), Vec<ModelProblem>> {
    let too_large: Vec<_> = models
        .iter()
        .filter(|(_, model)| model.gpus == 0 || model.gpus > GPUS_PER_NODE)
        .map(|(key, model)| ModelProblem::Gpus { key: key.clone(), gpus: model.gpus })
        .collect();
    if !too_large.is_empty() {
        return Err(too_large);
    }
    let mut sizes: Vec<u32> = models.values().map(|model| model.gpus).collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    let wanted: u32 = sizes.iter().sum();
    // More nodes than models are never needed.
    let count = (nodes as usize).min(sizes.len());
    if wanted > nodes.saturating_mul(GPUS_PER_NODE) || !pack(&sizes, &mut vec![0; count]) {
        return Err(vec![ModelProblem::TooMany { wanted, nodes }]);
    }
    Ok(())
}

/// Whether models of these sizes, the largest first, fit beside what the nodes already carry.
fn pack(sizes: &[u32], used: &mut Vec<u32>) -> bool {
    let Some((size, rest)) = sizes.split_first() else {
        return true;
    };
    let mut tried = Vec::new();
    for node in 0..used.len() {
        // Two nodes that carry as much are the same choice.
        if used[node] + size > GPUS_PER_NODE || tried.contains(&used[node]) {
            continue;
        }
        tried.push(used[node]);
        used[node] += size;
        if pack(rest, used) {
            return true;
        }
        used[node] -= size;
    }
    false
}

/// One model for each checkpoint of a known model.
fn derive(
    uploaded: Option<Uploaded<'_>>,
) -> Result<BTreeMap<String, DeclaredModel>, Vec<ModelProblem>> {
    let Some(uploaded) = uploaded else {
        return Err(vec![ModelProblem::NothingDeclared]);
    };
    let mut models = BTreeMap::new();
    let mut problems = Vec::new();
    for stem in uploaded.stems {
        let key = model_of(stem);
        if known(key).is_none() {
            problems.push(ModelProblem::UnknownCheckpoint { stem: stem.clone() });
        }
        models.insert(key.to_owned(), DeclaredModel::default());
    }
    if uploaded.stems.is_empty() {
        problems.push(ModelProblem::NoCheckpoints);
    }
    if problems.is_empty() { Ok(models) } else { Err(problems) }
}

fn complete(
    key: &str,
    declared: &DeclaredModel,
    uploaded: Option<Uploaded<'_>>,
) -> Result<Model, Vec<ModelProblem>> {
    let mut problems = Vec::new();
    if !is_name(key) {
        problems.push(ModelProblem::NotAName { key: key.to_owned() });
    }
    let known = known(key);
    let mut missing = |field: &'static str| {
        problems.push(ModelProblem::Missing { key: key.to_owned(), field });
    };
    let gpus = declared.gpus.or(known.map(|k| k.gpus));
    let model_type = declared.model_type.clone().or(known.map(|k| k.model_type.to_owned()));
    let model_name = declared.model_name.clone().or(known.map(|k| k.key.to_owned()));
    for (field, is_there) in [
        ("gpus", gpus.is_some()),
        ("modelName", model_name.is_some()),
        ("modelType", model_type.is_some()),
    ] {
        if !is_there {
            missing(field);
        }
    }
    let model = match declared.model.clone() {
        Some(model) if is_place(&model) => Some(model),
        Some(model) => {
            problems.push(ModelProblem::NotAPlace { key: key.to_owned(), model });
            None
        }
        None => place(key, uploaded).map_err(|problem| problems.push(problem)).ok(),
    };
    match (model, gpus, model_name, model_type) {
        (Some(model), Some(gpus), Some(model_name), Some(model_type)) if problems.is_empty() => {
            Ok(Model { model, gpus, model_name, model_type, other: declared.other.clone() })
        }
        _ => Err(problems),
    }
}

/// Where the one uploaded checkpoint of a model is.
fn place(key: &str, uploaded: Option<Uploaded<'_>>) -> Result<String, ModelProblem> {
    let Some(uploaded) = uploaded else {
        return Err(ModelProblem::Missing { key: key.to_owned(), field: "model" });
    };
    let mut stems = uploaded.stems.iter().filter(|stem| model_of(stem) == key);
    match (stems.next(), stems.next()) {
        (Some(stem), None) => Ok(checkpoint_uri(uploaded.bucket, stem)),
        (None, _) => Err(ModelProblem::Missing { key: key.to_owned(), field: "model" }),
        (Some(one), Some(other)) => Err(ModelProblem::TwoCheckpoints {
            key: key.to_owned(),
            one: one.clone(),
            other: other.clone(),
        }),
    }
}

/// `s3://BUCKET/models/checkpoints/STEM`: the layout of the reference.
pub fn checkpoint_uri(bucket: &str, stem: &str) -> String {
    format!("s3://{bucket}/models/checkpoints/{stem}")
}

/// `laguna-xs` of `laguna-xs-2`: what stands before the first part that is a version.
pub fn model_of(stem: &str) -> &str {
    stem.match_indices('-')
        .find(|(at, _)| {
            let version = &stem[at + 1..];
            version.strip_prefix('v').unwrap_or(version).starts_with(|c: char| c.is_ascii_digit())
        })
        .map_or(stem, |(at, _)| &stem[..at])
}

/// Whether a key has defaults for what its declaration leaves out.
pub fn is_known(key: &str) -> bool {
    known(key).is_some()
}

/// The GPUs that a known model takes where nobody says otherwise.
pub fn default_gpus(key: &str) -> Option<u32> {
    known(key).map(|known| known.gpus)
}

fn known(key: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.key == key)
}

fn is_name(key: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    // `inference-` stands before it in the name of a Service, which has at most 63 characters.
    !key.is_empty()
        && key.len() <= 52
        && key.chars().all(allowed)
        && !key.starts_with('-')
        && !key.ends_with('-')
}

fn is_place(model: &str) -> bool {
    model
        .strip_prefix("s3://")
        .and_then(|rest| rest.split_once('/'))
        .is_some_and(|(bucket, path)| !bucket.is_empty() && !path.is_empty())
}

/// What is wrong with the models.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelProblem {
    /// No upload, and nothing declared.
    #[error("`inference_models` is missing: without an upload nothing says which models to serve")]
    NothingDeclared,
    /// An upload of nothing.
    #[error("there is no checkpoint to serve")]
    NoCheckpoints,
    /// A checkpoint of a model that we know nothing about.
    #[error("the checkpoint `{stem}` is of no known model")]
    UnknownCheckpoint {
        /// Its name.
        stem: String,
    },
    /// Two versions of a model.
    #[error("the checkpoints `{one}` and `{other}` are both of the model `{key}`")]
    TwoCheckpoints {
        /// The model.
        key: String,
        /// One.
        one: String,
        /// The other.
        other: String,
    },
    /// A key that cannot be in the name of an object.
    #[error("`{key}` is not a name for a model: use up to 52 of a-z, 0-9 and `-`")]
    NotAName {
        /// The key.
        key: String,
    },
    /// Two models that answer to one name.
    #[error("the models `{one}` and `{other}` have the same `modelName`, `{name}`")]
    SameName {
        /// The name.
        name: String,
        /// One key.
        one: String,
        /// The other.
        other: String,
    },
    /// A place that is not in S3.
    #[error("the model `{key}` is at `{model}`, which is not of the form `s3://BUCKET/PATH`")]
    NotAPlace {
        /// The key.
        key: String,
        /// The value.
        model: String,
    },
    /// A field without default.
    #[error("`{field}` is missing for the model `{key}`")]
    Missing {
        /// The key.
        key: String,
        /// The field.
        field: &'static str,
    },
    /// More GPUs than a node has, or none.
    #[error(
        "the model `{key}` asks for {gpus} GPUs; allowed are 1 to {GPUS_PER_NODE}, because it runs on one node"
    )]
    Gpus {
        /// The key.
        key: String,
        /// What it asks for.
        gpus: u32,
    },
    /// All together.
    #[error("the models take {wanted} GPUs, which do not fit on {nodes} of {GPUS_PER_NODE} each",
        nodes = counted(*.nodes))]
    TooMany {
        /// What they take.
        wanted: u32,
        /// The nodes there are.
        nodes: u32,
    },
}

fn counted(nodes: u32) -> String {
    if nodes == 1 { "1 node".to_owned() } else { format!("{nodes} nodes") }
}

impl Hint for ModelProblem {
    fn hint(&self) -> Option<String> {
        let text = match self {
            Self::NothingDeclared => {
                "declare every model to serve in `inference_models`".to_owned()
            }
            Self::NoCheckpoints => {
                "set `checkpoints_dir` to a folder with `*.tar` files".to_owned()
            }
            Self::UnknownCheckpoint { .. } => {
                let keys: Vec<_> = KNOWN.iter().map(|known| known.key).collect();
                format!(
                    "declare all models in `inference_models`; known without that: {}",
                    keys.join(", ")
                )
            }
            Self::TwoCheckpoints { .. } => {
                "move one of them away, or declare all models in `inference_models`".to_owned()
            }
            Self::TooMany { .. } => {
                "raise `gpu_desired_size`, or serve fewer models with `inference_models`".to_owned()
            }
            _ => return None,
        };
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stems(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    fn uploaded(stems: &[String]) -> Uploaded<'_> {
        Uploaded { bucket: "acme-models", stems }
    }

    fn model(gpus: u32) -> Model {
        Model {
            model: "s3://b/m".into(),
            gpus,
            model_name: "m".into(),
            model_type: "chat".into(),
            other: Map::new(),
        }
    }

    fn models(gpus: &[u32]) -> BTreeMap<String, Model> {
        gpus.iter().enumerate().map(|(n, &gpus)| (format!("m{n}"), model(gpus))).collect()
    }

    #[test]
    fn checkpoints_of_known_models_need_no_declaration() {
        let stems = stems(&["laguna-xs-2", "malibu-2.2", "point-1.4"]);
        let models = resolve(&BTreeMap::new(), Some(uploaded(&stems))).unwrap();
        let lines: Vec<_> =
            models.iter().map(|(k, m)| format!("{k} {} {}", m.gpus, m.model)).collect();
        assert_eq!(
            lines,
            [
                "laguna-xs 1 s3://acme-models/models/checkpoints/laguna-xs-2",
                "malibu 4 s3://acme-models/models/checkpoints/malibu-2.2",
                "point 2 s3://acme-models/models/checkpoints/point-1.4",
            ]
        );
        assert_eq!(fit(&models, 1), Ok(()));
    }

    #[test]
    fn a_declaration_is_the_whole_set_and_defaults_fill_what_a_known_key_leaves_out() {
        let stems = stems(&["malibu-2.2", "point-1.4"]);
        let declared = BTreeMap::from([(
            "malibu".to_owned(),
            DeclaredModel { gpus: Some(8), ..Default::default() },
        )]);
        let models = resolve(&declared, Some(uploaded(&stems))).unwrap();
        assert_eq!(models.keys().collect::<Vec<_>>(), ["malibu"]);
        assert_eq!(
            models["malibu"],
            Model {
                model: "s3://acme-models/models/checkpoints/malibu-2.2".into(),
                gpus: 8,
                model_name: "malibu".into(),
                model_type: "chat".into(),
                other: Map::new(),
            }
        );
    }

    #[test]
    fn a_column_that_only_the_chart_knows_is_handed_on() {
        let row = serde_json::json!({"gpus": 1, "maxModelLen": 4096});
        let declared = BTreeMap::from([("point".to_owned(), serde_json::from_value(row).unwrap())]);
        let stems = stems(&["point-1.4"]);
        let models = resolve(&declared, Some(uploaded(&stems))).unwrap();
        assert_eq!(
            serde_json::to_value(&models["point"]).unwrap(),
            serde_json::json!({
                "model": "s3://acme-models/models/checkpoints/point-1.4",
                "gpus": 1,
                "modelName": "point",
                "modelType": "completion",
                "maxModelLen": 4096,
            })
        );
    }

    #[test]
    fn everything_that_an_unknown_key_lacks_is_said_at_once() {
        let declared = BTreeMap::from([("mine".to_owned(), DeclaredModel::default())]);
        let problems = resolve(&declared, None).unwrap_err();
        let fields: Vec<_> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            fields,
            ["gpus", "modelName", "modelType", "model"]
                .map(|field| format!("`{field}` is missing for the model `mine`"))
        );
    }

    #[test]
    fn without_an_upload_the_models_must_be_declared() {
        assert_eq!(resolve(&BTreeMap::new(), None), Err(vec![ModelProblem::NothingDeclared]));
    }

    #[test]
    fn two_checkpoints_of_a_model_are_ambiguous() {
        let stems = stems(&["malibu-2.1", "malibu-2.2"]);
        let problems = resolve(&BTreeMap::new(), Some(uploaded(&stems))).unwrap_err();
        assert_eq!(
            problems[0].to_string(),
            "the checkpoints `malibu-2.1` and `malibu-2.2` are both of the model `malibu`"
        );
    }

    #[test]
    fn a_checkpoint_of_an_unknown_model_must_be_declared() {
        let stems = stems(&["falcon-7", "malibu-2.2"]);
        assert_eq!(
            resolve(&BTreeMap::new(), Some(uploaded(&stems))),
            Err(vec![ModelProblem::UnknownCheckpoint { stem: "falcon-7".into() }])
        );
    }

    #[test]
    fn the_version_begins_at_the_first_part_with_a_digit() {
        let names = ["malibu-2.2", "malibu-2.2-int4", "laguna-xs-2", "point-v1", "laguna"];
        assert_eq!(names.map(model_of), ["malibu", "malibu", "laguna-xs", "point", "laguna"]);
    }

    #[test]
    fn models_fit_when_there_is_a_node_for_each() {
        assert_eq!(fit(&models(&[4, 2, 1]), 1), Ok(()));
        assert_eq!(fit(&models(&[5, 3, 4, 4]), 2), Ok(()));
        assert_eq!(
            fit(&models(&[4, 4, 1]), 1),
            Err(vec![ModelProblem::TooMany { wanted: 9, nodes: 1 }])
        );
        // 15 of 16 GPUs, but no node has five left.
        assert_eq!(
            fit(&models(&[5, 5, 5]), 2),
            Err(vec![ModelProblem::TooMany { wanted: 15, nodes: 2 }])
        );
        assert_eq!(
            fit(&models(&[9]), 4),
            Err(vec![ModelProblem::Gpus { key: "m0".into(), gpus: 9 }])
        );
    }
}
