use std::env;
use std::process::ExitCode;

fn main() -> ExitCode {
    let environment = env::vars_os()
        .filter_map(|(name, text)| Some((name.into_string().ok()?, text.to_string_lossy().into_owned())))
        .collect();
    smilechat::cli::run(env::args_os(), &environment)
}
