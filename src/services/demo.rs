use crate::platform::config::Config;

pub async fn seed(_config: &Config) -> anyhow::Result<String> {
    Ok(String::new())
}
