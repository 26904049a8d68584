//! Release builds hold the pages of `web/dist`, so that they have to be compiled anew when those change. Debug builds read
//! them from the folder as they are asked for.

use std::env;

fn main() {
    let is_release = env::var("PROFILE").is_ok_and(|profile| profile == "release");
    println!("cargo::rerun-if-changed={}", if is_release { "web/dist" } else { "build.rs" });
}
