//! Vectors of texts, by OpenAI's embeddings (https://platform.openai.com/docs/api-reference/embeddings), which Ollama, vLLM,
//! llama.cpp and Mistral have too.
//!
//! A vector is kept as one byte a dimension: of unit length, times 127. What that loses lies far below what tells a near text
//! from a far one, and a tenant's vectors are read in a quarter of the bytes.

use serde::Deserialize;
use serde_json::json;

use super::{below, openai};
use crate::platform::outbound::{Failure, Outbound};
use crate::tickets::bot::settings::models::EmbeddingSettings;

const MOST_BYTES: usize = 16 * 1024 * 1024;
const MOST_DIMENSIONS: usize = 4096;

#[derive(Deserialize)]
struct Answer {
    data: Vec<Embedding>,
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Usage {
    prompt_tokens: Option<i64>,
}

pub struct Embedded {
    /// One for each text, in their order.
    pub vectors: Vec<Vec<i8>>,
    /// As it counts them itself.
    pub tokens: Option<i64>,
}

#[derive(Deserialize)]
struct Embedding {
    index: usize,
    embedding: Vec<f32>,
}

pub async fn embed(
    outbound: &Outbound,
    settings: &EmbeddingSettings,
    key: Option<&str>,
    texts: &[String],
) -> Result<Embedded, Failure> {
    let url = below(&settings.url, "embeddings")?;
    let body = json!({ "model": settings.name, "input": texts, "encoding_format": "float" });
    let answer = outbound.post(&url, &openai::headers(&settings.url, key), body.to_string()).await?;
    let answer: Answer =
        serde_json::from_slice(&answer.up_to(MOST_BYTES).whole().await?).map_err(|_| Failure::Broken)?;
    let mut vectors = vec![Vec::new(); texts.len()];
    for Embedding { index, embedding } in answer.data {
        *vectors.get_mut(index).ok_or(Failure::Broken)? = small(&embedding).ok_or(Failure::Broken)?;
    }
    let dimensions = vectors.first().map_or(0, Vec::len);
    match dimensions > 0 && vectors.iter().all(|vector| vector.len() == dimensions) {
        true => Ok(Embedded { vectors, tokens: answer.usage.and_then(|usage| usage.prompt_tokens) }),
        false => Err(Failure::Broken),
    }
}

/// None for what has no direction.
pub fn small(vector: &[f32]) -> Option<Vec<i8>> {
    let length = vector.iter().map(|part| part * part).sum::<f32>().sqrt();
    let is_good = length.is_finite() && length > 0.0 && vector.len() <= MOST_DIMENSIONS;
    is_good.then(|| vector.iter().map(|part| (part / length * 127.0).round() as i8).collect())
}

/// The cosine of their angle; 0 where they are of different models.
pub fn likeness(one: &[i8], other: &[i8]) -> f64 {
    if one.len() != other.len() {
        return 0.0;
    }
    let dot = |a: &[i8], b: &[i8]| a.iter().zip(b).map(|(a, b)| i64::from(i32::from(*a) * i32::from(*b))).sum::<i64>();
    let lengths = (dot(one, one) as f64 * dot(other, other) as f64).sqrt();
    if lengths > 0.0 { dot(one, other) as f64 / lengths } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_a_dimension_tells_near_from_far() {
        let near: Vec<f32> = (0..384).map(|n| (n as f32).sin()).collect();
        let nearer: Vec<f32> = near.iter().enumerate().map(|(n, part)| part + 0.1 * (n as f32 * 7.0).cos()).collect();
        let far: Vec<f32> = (0..384).map(|n| (n as f32 * 1.7).cos()).collect();
        let small = |vector: &[f32]| small(vector).expect("a vector");
        assert!((likeness(&small(&near), &small(&near)) - 1.0).abs() < 1e-9);
        assert!(likeness(&small(&near), &small(&nearer)) > 0.98 && likeness(&small(&near), &small(&far)) < 0.1);
        assert_eq!(likeness(&small(&near), &[1, 2]), 0.0);
        for none in [vec![], vec![0.0; 3], vec![f32::NAN, 1.0], vec![f32::INFINITY]] {
            assert!(super::small(&none).is_none(), "{none:?}");
        }
    }
}
