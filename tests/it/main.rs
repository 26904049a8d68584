//! All integration tests in one binary: one link, one private PostgreSQL for the whole run.

mod db;
mod gateway;
mod servers;
