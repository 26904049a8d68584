//! A model of the server's own that makes vectors of texts, from a folder as sentence-transformers keeps one: `config.json`,
//! `vocab.txt`, `model.safetensors` (docs/decisions/0052).
//!
//! It is read when it is first asked, and computes beside the requests, one text at a time. Of many texts in a row, others wait for
//! one at most.

mod bert;
mod wordpiece;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::{fs, io};

use anyhow::{Context, bail, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use self::bert::{Bert, Pooling, Shape};
use self::wordpiece::WordPiece;
use crate::platform::secret::hex;

const LARGEST: u64 = 4 << 30;
const POOLING: &str = "1_Pooling/config.json";
/// Another one, where what is computed here changes: vectors of before may not be compared with those of then.
const ARITHMETIC: &str = "1";

pub struct Encoder {
    folder: PathBuf,
    /// Or why it could not be read: it is not tried again for each question.
    model: Arc<OnceLock<Result<Arc<Model>, String>>>,
    turns: Arc<Semaphore>,
    /// For many texts: one after another, so that between two of them there is room for a question.
    rows: Semaphore,
}

struct Model {
    bert: Bert,
    words: WordPiece,
    /// Pieces of a text, with the marks around it. What is longer is cut.
    longest: usize,
    fingerprint: String,
}

/// Of `tokenizer_config.json`.
#[derive(Deserialize)]
struct Tokenizer {
    #[serde(default = "yes")]
    do_lower_case: bool,
}

/// Of `sentence_bert_config.json`.
#[derive(Default, Deserialize)]
struct Sentences {
    max_seq_length: Option<usize>,
}

/// Of `1_Pooling/config.json`, which also has the width: what is `true` is done, and put side by side.
type Pools = BTreeMap<String, Value>;

/// Of `modules.json`: what is done one after another.
#[derive(Deserialize)]
struct Module {
    #[serde(rename = "type")]
    kind: String,
}

fn yes() -> bool {
    true
}

impl Encoder {
    /// Of a model that this can compute; its weights are not read yet.
    pub fn open(folder: &Path) -> anyhow::Result<Self> {
        shape(folder)?;
        pooling(folder)?;
        for name in ["vocab.txt", "model.safetensors"] {
            let path = folder.join(name);
            let about = fs::metadata(&path).with_context(|| path.display().to_string())?;
            ensure!(about.len() <= LARGEST, "{}: larger than 4 GiB", path.display());
        }
        let (turns, rows) = (Arc::new(Semaphore::new(1)), Semaphore::new(1));
        Ok(Self { folder: folder.to_owned(), model: Arc::default(), turns, rows })
    }

    /// One for each text.
    pub async fn vectors(&self, texts: &[String]) -> anyhow::Result<Vec<Vec<f32>>> {
        let _row = if texts.len() > 1 { Some(self.rows.acquire().await?) } else { None };
        let mut vectors = Vec::with_capacity(texts.len());
        for text in texts {
            let (model, text) = (self.model().await?, text.clone());
            // It is the computation's own: whoever no longer waits for it does not end it.
            let turn = self.turns.clone().acquire_owned().await?;
            let compute = move || {
                let vector = model.vector(&text);
                drop(turn);
                vector
            };
            vectors.push(spawn_blocking(compute).await?);
        }
        Ok(vectors)
    }

    /// The same on every node that has this model, and that of no other one.
    pub async fn fingerprint(&self) -> anyhow::Result<String> {
        Ok(self.model().await?.fingerprint.clone())
    }

    async fn model(&self) -> anyhow::Result<Arc<Model>> {
        let (read, folder) = (self.model.clone(), self.folder.clone());
        // It goes on, whoever no longer waits for it, and is done once.
        let model = spawn_blocking(move || {
            let model = read.get_or_init(|| {
                let model = Model::read(&folder).map_err(|error| format!("{error:#}"));
                match &model {
                    Ok(model) => {
                        tracing::info!(folder = %folder.display(), model.fingerprint, "the model of texts is read")
                    }
                    Err(error) => tracing::error!(error, "the model of texts cannot be read"),
                }
                model.map(Arc::new)
            });
            model.clone()
        });
        model.await?.map_err(anyhow::Error::msg)
    }
}

impl Model {
    fn read(folder: &Path) -> anyhow::Result<Self> {
        let shape = shape(folder)?;
        let tokenizer = read_json(folder, "tokenizer_config.json")?.unwrap_or(Tokenizer { do_lower_case: true });
        let sentences: Sentences = read_json(folder, "sentence_bert_config.json")?.unwrap_or_default();
        let path = folder.join("vocab.txt");
        let vocabulary = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let words = WordPiece::new(&vocabulary, tokenizer.do_lower_case)
            .and_then(|words| words.fits(shape.vocab_size).map(|()| words))
            .with_context(|| path.display().to_string())?;
        let path = folder.join("model.safetensors");
        let weights = fs::read(&path).with_context(|| path.display().to_string())?;
        let bert = Bert::read(&shape, pooling(folder)?, &weights).with_context(|| path.display().to_string())?;
        let places = shape.max_position_embeddings;
        let longest = sentences.max_seq_length.unwrap_or(places).clamp(2, places.max(2));
        Ok(Self { bert, words, longest, fingerprint: fingerprint(folder, &weights)? })
    }

    fn vector(&self, text: &str) -> Vec<f32> {
        self.bert.vector(&self.words.split(text, self.longest))
    }
}

/// Of all that a vector depends on, our own arithmetic too.
fn fingerprint(folder: &Path, weights: &[u8]) -> anyhow::Result<String> {
    let mut hash = Sha256::new_with_prefix(ARITHMETIC);
    for name in ["config.json", "tokenizer_config.json", "sentence_bert_config.json", POOLING, "vocab.txt"] {
        let content = fs::read(folder.join(name)).or_else(none_if_absent)?;
        hash.update((content.len() as u64).to_be_bytes());
        hash.update(content);
    }
    hash.update(weights);
    Ok(hex(&hash.finalize()[..8]))
}

fn none_if_absent(error: io::Error) -> io::Result<Vec<u8>> {
    if error.kind() == io::ErrorKind::NotFound { Ok(Vec::new()) } else { Err(error) }
}

fn shape(folder: &Path) -> anyhow::Result<Shape> {
    let name = "config.json";
    let shape: Shape = read_json(folder, name)?.with_context(|| format!("{}: there is no {name}", folder.display()))?;
    shape.check().with_context(|| folder.join(name).display().to_string())?;
    Ok(shape)
}

fn pooling(folder: &Path) -> anyhow::Result<Pooling> {
    let modules: Vec<Module> = read_json(folder, "modules.json")?.unwrap_or_default();
    for module in modules {
        let kind = module.kind.rsplit('.').next().unwrap_or_default();
        let is_known = ["Transformer", "Pooling", "Normalize"].contains(&kind);
        ensure!(is_known, "{}: a step {kind:?} that is not known here", folder.join("modules.json").display());
    }
    let Some(pools) = read_json::<Pools>(folder, POOLING)? else { return Ok(Pooling::Mean) };
    let done: Vec<&str> =
        pools.iter().filter(|(_, is_done)| **is_done == true).map(|(name, _)| name.as_str()).collect();
    match done[..] {
        ["pooling_mode_mean_tokens"] => Ok(Pooling::Mean),
        ["pooling_mode_cls_token"] => Ok(Pooling::First),
        _ => bail!("{}: known are the mean alone and the first alone", folder.join(POOLING).display()),
    }
}

/// None: there is no such file.
fn read_json<T: DeserializeOwned>(folder: &Path, name: &str) -> anyhow::Result<Option<T>> {
    let path = folder.join(name);
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        read => read.with_context(|| path.display().to_string())?,
    };
    Ok(Some(serde_json::from_str(&text).with_context(|| path.display().to_string())?))
}

#[cfg(test)]
mod tests {
    use safetensors::tensor::{Dtype, TensorView, serialize};
    use serde_json::{Value, json};
    use tempfile::TempDir;

    use super::*;

    const WIDTH: usize = 4;
    const WIDE: usize = 6;

    fn config() -> Value {
        json!({
            "model_type": "bert", "hidden_size": WIDTH, "num_hidden_layers": 1, "num_attention_heads": 2,
            "intermediate_size": WIDE, "hidden_act": "gelu", "layer_norm_eps": 1e-12, "vocab_size": 5,
            "max_position_embeddings": 8, "type_vocab_size": 2,
        })
    }

    /// One that knows two words, and was trained on nothing.
    fn folder(config: Value, prefix: &str, change: impl Fn(&str) -> bool) -> TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, content: &[u8]| fs::write(folder.path().join(name), content).expect("written");
        write("config.json", config.to_string().as_bytes());
        write("vocab.txt", b"[UNK]\n[CLS]\n[SEP]\nred\nblue\n");
        let mut shapes: Vec<(String, Vec<usize>)> = vec![
            ("embeddings.word_embeddings.weight".into(), vec![5, WIDTH]),
            ("embeddings.position_embeddings.weight".into(), vec![8, WIDTH]),
            ("embeddings.token_type_embeddings.weight".into(), vec![2, WIDTH]),
        ];
        for name in ["embeddings", "encoder.layer.0.attention.output", "encoder.layer.0.output"] {
            for part in ["weight", "bias"] {
                shapes.push((format!("{name}.LayerNorm.{part}"), vec![WIDTH]));
            }
        }
        let layer = [
            ("attention.self.query", WIDTH, WIDTH),
            ("attention.self.key", WIDTH, WIDTH),
            ("attention.self.value", WIDTH, WIDTH),
            ("attention.output.dense", WIDTH, WIDTH),
            ("intermediate.dense", WIDE, WIDTH),
            ("output.dense", WIDTH, WIDE),
        ];
        for (name, outputs, inputs) in layer {
            shapes.push((format!("encoder.layer.0.{name}.weight"), vec![outputs, inputs]));
            shapes.push((format!("encoder.layer.0.{name}.bias"), vec![outputs]));
        }
        shapes.retain(|(name, _)| change(name));
        let bytes: Vec<u8> = (0..200).flat_map(|n| (n as f32 * 0.7).sin().to_le_bytes()).collect();
        let tensors = shapes.iter().map(|(name, shape)| {
            let length = shape.iter().product::<usize>() * 4;
            let view = TensorView::new(Dtype::F32, shape.clone(), &bytes[..length]).expect("a tensor");
            (format!("{prefix}{name}"), view)
        });
        write("model.safetensors", &serialize(tensors, None).expect("tensors"));
        folder
    }

    async fn vectors(folder: &TempDir, texts: &[&str]) -> anyhow::Result<Vec<Vec<f32>>> {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        Encoder::open(folder.path())?.vectors(&texts).await
    }

    #[tokio::test]
    async fn a_text_has_its_vector_however_it_is_asked_for() {
        let whole = folder(config(), "", |_| true);
        let texts = ["red blue", "blue red", "", "green", "red red red red red red red red red red red red"];
        let all = vectors(&whole, &texts).await.expect("vectors");
        assert!(all.iter().all(|vector| vector.len() == WIDTH && vector.iter().all(|part| part.is_finite())));
        assert_ne!(all[0], all[1], "the order of words counts");
        assert_eq!(vectors(&whole, &["blue red"]).await.expect("vectors"), all[1..2]);
        assert_eq!(vectors(&whole, &["BLUE  red"]).await.expect("vectors"), all[1..2]);
        let named = folder(config(), "bert.", |_| true);
        assert_eq!(vectors(&named, &texts).await.expect("vectors"), all);
        fs::create_dir(whole.path().join("1_Pooling")).expect("a folder");
        let mean = Encoder::open(whole.path()).expect("a model").fingerprint().await.expect("read");
        let pool = |how: &str| fs::write(whole.path().join(POOLING), how).expect("written");
        pool(r#"{"word_embedding_dimension": 4, "pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false}"#);
        let first = Encoder::open(whole.path()).expect("a model");
        assert_ne!(first.vectors(&["blue red".to_owned()]).await.expect("vectors"), all[1..2]);
        assert_ne!(first.fingerprint().await.expect("read"), mean);
        pool(r#"{"pooling_mode_max_tokens": true, "pooling_mode_mean_tokens": true}"#);
        assert!(Encoder::open(whole.path()).is_err(), "two side by side are no mean");
    }

    #[tokio::test]
    async fn what_it_cannot_compute_is_said() {
        async fn fault(folder: &TempDir) -> String {
            format!("{:#}", vectors(folder, &["red"]).await.expect_err("a fault"))
        }
        let with = |key: &str, value: Value| {
            let mut config = config();
            config[key] = value;
            folder(config, "", |_| true)
        };
        assert!(fault(&with("model_type", json!("xlm-roberta"))).await.contains("known is \"bert\""));
        assert!(fault(&with("hidden_act", json!("relu"))).await.contains("known is \"gelu\""));
        assert!(fault(&with("num_attention_heads", json!(3))).await.contains("evenly"));
        assert!(fault(&with("hidden_size", json!(0))).await.contains("a size"));
        assert!(fault(&with("vocab_size", json!(4))).await.contains("vocab.txt: it has more lines"));
        assert!(
            fault(&with("intermediate_size", json!(7))).await.contains("intermediate.dense.weight is of the shape")
        );
        let lacking = folder(config(), "", |name| !name.contains("query.bias"));
        assert!(fault(&lacking).await.contains("there is no encoder.layer.0.attention.self.query.bias"));
        let step = folder(config(), "", |_| true);
        let dense = r#"[{"type": "sentence_transformers.models.Dense"}]"#;
        fs::write(step.path().join("modules.json"), dense).expect("written");
        assert!(fault(&step).await.contains("a step \"Dense\""));
        let cut = folder(config(), "", |_| true);
        fs::write(cut.path().join("model.safetensors"), b"\xff\xff\xff\xff\xff\xff\xff\x7f").expect("written");
        assert!(fault(&cut).await.contains("no safetensors"));
        fs::remove_file(cut.path().join("vocab.txt")).expect("removed");
        assert!(fault(&cut).await.contains("vocab.txt: No such file"));
        assert!(fault(&tempfile::tempdir().expect("a folder")).await.contains("there is no config.json"));
    }
}
