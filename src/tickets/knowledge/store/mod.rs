//! The SQL of knowledge.

pub mod articles;
pub mod collections;
pub mod passages;
pub mod shelves;
pub mod vectors;
pub mod versions;
