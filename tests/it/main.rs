//! All integration tests in one binary: one link, one private PostgreSQL for the whole run.

mod contract;
mod db;
mod encoder;
mod gateway;
mod harness;
mod limits;
mod matrix;
mod panics;
mod rollup;
mod servers;
mod strangers;
