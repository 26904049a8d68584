//! Release builds hold the pages of `web/dist`, so that they have to be compiled anew when those change; debug builds read
//! them from the folder as they are asked for. Every build holds, compressed, the documents of the API and of the sockets, and
//! of Swagger UI what `/docs` needs.

use std::borrow::Cow;
use std::error::Error;
use std::fs::{self, File};
use std::io::{self, Cursor, Read};
use std::path::Path;
use std::{env, result};

use flate2::Compression;
use flate2::write::GzEncoder;
use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::ZipArchive;

/// The rest of Swagger UI is other forms of the same script.
const OF_SWAGGER_UI: [&str; 3] = ["swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png"];
const DOCUMENTS: [&str; 2] = ["openapi.json", "asyncapi.json"];

fn main() -> result::Result<(), Box<dyn Error>> {
    let is_release = env::var("PROFILE").is_ok_and(|profile| profile == "release");
    println!("cargo::rerun-if-changed={}", if is_release { "web/dist" } else { "build.rs" });
    if is_release && env::var("CARGO_CFG_TARGET_ENV").is_ok_and(|libc| libc == "gnu") {
        // Relocations as a bitmap: half a megabyte less to read at each start. glibc knows it since 2.36.
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
    let folder = Path::new(&env::var("OUT_DIR")?).join("docs");
    fs::create_dir_all(&folder)?;
    let mut archive = ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED))?;
    let names = archive.file_names().map(|name| name.map(Cow::into_owned)).collect::<result::Result<Vec<_>, _>>()?;
    for file in OF_SWAGGER_UI {
        let ending = format!("/dist/{file}");
        let name =
            names.iter().find(|name| name.ends_with(&ending)).ok_or_else(|| format!("no {file} in Swagger UI"))?;
        compress(&mut archive.by_name(name)?, &folder, file)?;
    }
    for file in DOCUMENTS {
        let path = Path::new("docs").join(file);
        println!("cargo::rerun-if-changed={}", path.display());
        compress(&mut File::open(path)?, &folder, file)?;
    }
    Ok(())
}

fn compress(content: &mut impl Read, folder: &Path, name: &str) -> io::Result<()> {
    let mut encoder = GzEncoder::new(File::create(folder.join(format!("{name}.gz")))?, Compression::best());
    io::copy(content, &mut encoder)?;
    encoder.finish().map(drop)
}
