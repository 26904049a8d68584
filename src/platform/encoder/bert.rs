//! The model itself: an encoder of BERT's kind (Devlin and others, 2018, arXiv 1810.04805), with the names that its weights have
//! in a `model.safetensors` of transformers.

use anyhow::{Context, bail, ensure};
use ndarray::{Array1, Array2, ArrayView1, Axis, Slice};
use safetensors::{Dtype, SafeTensors};
use serde::Deserialize;

/// `config.json`.
#[derive(Deserialize)]
pub struct Shape {
    model_type: String,
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    hidden_act: String,
    layer_norm_eps: f32,
    pub vocab_size: usize,
    pub max_position_embeddings: usize,
    type_vocab_size: usize,
    #[serde(default = "absolute")]
    position_embedding_type: String,
}

fn absolute() -> String {
    "absolute".into()
}

impl Shape {
    pub fn check(&self) -> anyhow::Result<()> {
        ensure!(self.model_type == "bert", "a model of the kind {:?}; known is \"bert\"", self.model_type);
        ensure!(self.hidden_act == "gelu", "the activation {:?}; known is \"gelu\"", self.hidden_act);
        ensure!(self.position_embedding_type == "absolute", "positions that are {:?}", self.position_embedding_type);
        let bounds = [
            (self.hidden_size, 8192),
            (self.num_hidden_layers, 64),
            (self.num_attention_heads, 128),
            (self.intermediate_size, 65_536),
            (self.vocab_size, 1_000_000),
            (self.max_position_embeddings, 65_536),
            (self.type_vocab_size, 16),
        ];
        ensure!(bounds.into_iter().all(|(size, most)| (1..=most).contains(&size)), "a size that no such model has");
        ensure!(self.hidden_size.is_multiple_of(self.num_attention_heads), "heads that do not share the width evenly");
        Ok(())
    }
}

/// What a text's vector is made of, of those of its pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pooling {
    Mean,
    First,
}

pub struct Bert {
    pieces: Array2<f32>,
    places: Array2<f32>,
    /// Of a text that stands for itself, and answers none.
    kind: Array1<f32>,
    norm: Norm,
    layers: Vec<Layer>,
    heads: usize,
    pooling: Pooling,
}

struct Layer {
    query: Linear,
    key: Linear,
    value: Linear,
    joined: Linear,
    joined_norm: Norm,
    wide: Linear,
    narrow: Linear,
    narrow_norm: Norm,
}

/// A row for each thing that comes out.
struct Linear {
    weight: Array2<f32>,
    bias: Array1<f32>,
}

struct Norm {
    weight: Array1<f32>,
    bias: Array1<f32>,
    epsilon: f32,
}

impl Bert {
    pub fn read(shape: &Shape, pooling: Pooling, weights: &[u8]) -> anyhow::Result<Self> {
        let weights = Weights::of(weights)?;
        let (width, wide, epsilon) = (shape.hidden_size, shape.intermediate_size, shape.layer_norm_eps);
        let linear = |name: &str, outputs, inputs| -> anyhow::Result<Linear> {
            let weight = weights.matrix(&format!("{name}.weight"), outputs, inputs)?;
            Ok(Linear { weight, bias: weights.vector(&format!("{name}.bias"), outputs)? })
        };
        let norm = |name: &str| -> anyhow::Result<Norm> {
            let weight = weights.vector(&format!("{name}.weight"), width)?;
            Ok(Norm { weight, bias: weights.vector(&format!("{name}.bias"), width)?, epsilon })
        };
        let layer = |number: usize| -> anyhow::Result<Layer> {
            let name = |part: &str| format!("encoder.layer.{number}.{part}");
            Ok(Layer {
                query: linear(&name("attention.self.query"), width, width)?,
                key: linear(&name("attention.self.key"), width, width)?,
                value: linear(&name("attention.self.value"), width, width)?,
                joined: linear(&name("attention.output.dense"), width, width)?,
                joined_norm: norm(&name("attention.output.LayerNorm"))?,
                wide: linear(&name("intermediate.dense"), wide, width)?,
                narrow: linear(&name("output.dense"), width, wide)?,
                narrow_norm: norm(&name("output.LayerNorm"))?,
            })
        };
        let kinds = weights.matrix("embeddings.token_type_embeddings.weight", shape.type_vocab_size, width)?;
        Ok(Self {
            pieces: weights.matrix("embeddings.word_embeddings.weight", shape.vocab_size, width)?,
            places: weights.matrix("embeddings.position_embeddings.weight", shape.max_position_embeddings, width)?,
            kind: kinds.row(0).to_owned(),
            norm: norm("embeddings.LayerNorm")?,
            layers: (0..shape.num_hidden_layers).map(layer).collect::<anyhow::Result<_>>()?,
            heads: shape.num_attention_heads,
            pooling,
        })
    }

    /// Of at least one piece, each of which the model knows, and no more than it has places.
    pub fn vector(&self, pieces: &[u32]) -> Vec<f32> {
        let rows: Vec<usize> = pieces.iter().map(|piece| *piece as usize).collect();
        let mut text = self.pieces.select(Axis(0), &rows);
        text += &self.places.slice_axis(Axis(0), Slice::from(..rows.len()));
        text += &self.kind;
        self.norm.apply(&mut text);
        for layer in &self.layers {
            let mut attended = layer.joined.of(&layer.attend(&text, self.heads));
            attended += &text;
            layer.joined_norm.apply(&mut attended);
            let mut next = layer.narrow.of(&layer.wide.of(&attended).mapv_into(gelu));
            next += &attended;
            layer.narrow_norm.apply(&mut next);
            text = next;
        }
        match self.pooling {
            Pooling::Mean => (text.sum_axis(Axis(0)) / rows.len() as f32).to_vec(),
            Pooling::First => text.row(0).to_vec(),
        }
    }
}

impl Layer {
    fn attend(&self, text: &Array2<f32>, heads: usize) -> Array2<f32> {
        let (query, key, value) = (self.query.of(text), self.key.of(text), self.value.of(text));
        let width = text.ncols() / heads;
        let mut joined = Array2::zeros(text.raw_dim());
        for head in 0..heads {
            let part = Slice::from(head * width..(head + 1) * width);
            let mut looks = query.slice_axis(Axis(1), part).dot(&key.slice_axis(Axis(1), part).t());
            looks /= (width as f32).sqrt();
            looks.rows_mut().into_iter().for_each(|mut row| {
                let most = row.fold(f32::NEG_INFINITY, |most, look| most.max(*look));
                row.mapv_inplace(|look| (look - most).exp());
                row /= row.sum();
            });
            joined.slice_axis_mut(Axis(1), part).assign(&looks.dot(&value.slice_axis(Axis(1), part)));
        }
        joined
    }
}

impl Linear {
    fn of(&self, rows: &Array2<f32>) -> Array2<f32> {
        rows.dot(&self.weight.t()) + &self.bias
    }
}

impl Norm {
    fn apply(&self, rows: &mut Array2<f32>) {
        for mut row in rows.rows_mut() {
            let mean = row.sum() / row.len() as f32;
            row -= mean;
            let spread = (square(row.view()) / row.len() as f32 + self.epsilon).sqrt();
            row /= spread;
            row *= &self.weight;
            row += &self.bias;
        }
    }
}

fn square(row: ArrayView1<'_, f32>) -> f32 {
    row.dot(&row)
}

/// The exact one, by the error function.
fn gelu(x: f32) -> f32 {
    0.5 * x * (1.0 + libm::erff(x * std::f32::consts::FRAC_1_SQRT_2))
}

struct Weights<'b>(SafeTensors<'b>);

impl<'b> Weights<'b> {
    fn of(bytes: &'b [u8]) -> anyhow::Result<Self> {
        Ok(Self(SafeTensors::deserialize(bytes).context("no safetensors")?))
    }

    fn matrix(&self, name: &str, rows: usize, columns: usize) -> anyhow::Result<Array2<f32>> {
        Ok(Array2::from_shape_vec((rows, columns), self.numbers(name, &[rows, columns])?)?)
    }

    fn vector(&self, name: &str, length: usize) -> anyhow::Result<Array1<f32>> {
        Ok(self.numbers(name, &[length])?.into())
    }

    /// Models that were saved with a head of their own have their encoder under `bert`.
    fn numbers(&self, name: &str, shape: &[usize]) -> anyhow::Result<Vec<f32>> {
        let found = self.0.tensor(name).or_else(|_| self.0.tensor(&format!("bert.{name}")));
        let Ok(tensor) = found else { bail!("there is no {name} in it") };
        ensure!(tensor.shape() == shape, "{name} is of the shape {:?} and not {shape:?}", tensor.shape());
        ensure!(tensor.dtype() == Dtype::F32, "{name} is of {:?}; known are numbers of 32 bits", tensor.dtype());
        let (numbers, _) = tensor.data().as_chunks::<4>();
        Ok(numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
    }
}
