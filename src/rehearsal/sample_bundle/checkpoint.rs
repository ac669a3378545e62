//! Model checkpoints: real tars with the files that a checkpoint has, without weights.

use std::io;

use serde_json::{Map, json};

use super::{archive, noise};

/// A checkpoint of the bundle.
pub(super) struct Checkpoint {
    /// The name of the tar: `<model>-<version>`.
    pub(super) stem: &'static str,
    /// Number of files with weights.
    shards: usize,
    /// Bytes of each of them.
    shard_size: usize,
}

/// Together they fit on one node of eight GPUs.
pub(super) const CHECKPOINTS: &[Checkpoint] = &[
    Checkpoint { stem: "malibu-2.2", shards: 4, shard_size: 192 << 10 },
    Checkpoint { stem: "point-1.4", shards: 2, shard_size: 128 << 10 },
    Checkpoint { stem: "laguna-xs-2", shards: 2, shard_size: 96 << 10 },
];

impl Checkpoint {
    /// The tar file.
    pub(super) fn tar(&self) -> io::Result<Vec<u8>> {
        let mut files = vec![
            ("config.json".to_owned(), json_file(&json!({"model_type": "stand-in"}))),
            ("generation_config.json".to_owned(), json_file(&json!({"max_new_tokens": 1024}))),
        ];
        let mut weights = Map::new();
        let mut shards = Vec::new();
        for number in 1..=self.shards {
            let name = format!("model-{number:05}-of-{:05}.safetensors", self.shards);
            let tensor = format!("layers.{}.weight", number - 1);
            weights.insert(tensor.clone(), json!(name));
            let label = format!("{} {number}", self.stem);
            shards.push((name, safetensors(&tensor, &noise(&label, self.shard_size))));
        }
        files.append(&mut shards);
        let total = self.shards * self.shard_size;
        let index = json!({"metadata": {"total_size": total}, "weight_map": weights});
        files.push(("model.safetensors.index.json".to_owned(), json_file(&index)));
        files.push(("tokenizer/".to_owned(), Vec::new()));
        files.push(("tokenizer/tokenizer.json".to_owned(), json_file(&json!({"version": "1.0"}))));
        files.push(("tokenizer/vocab.txt".to_owned(), b"<unk>\n<s>\n</s>\n".to_vec()));
        archive::tar(files)
    }
}

fn json_file(value: &serde_json::Value) -> Vec<u8> {
    format!("{value:#}\n").into_bytes()
}

/// A file of weights: length of the header, header, one tensor of bytes.
fn safetensors(tensor: &str, bytes: &[u8]) -> Vec<u8> {
    let shape = [bytes.len()];
    let part = json!({"dtype": "U8", "shape": shape, "data_offsets": [0, bytes.len()]});
    let header = json!({tensor: part}).to_string();
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend_from_slice(header.as_bytes());
    file.extend_from_slice(bytes);
    file
}
