//! Variables that OpenTelemetry has for every program, and that set no key of ours by themselves.

use std::collections::BTreeMap;

use super::layers::Setting;
use super::load::Mistake;

const ENDPOINT: &str = "telemetry.otlp_endpoint";
const DISABLED: &str = "OTEL_SDK_DISABLED";
const PROTOCOL: &str = "OTEL_EXPORTER_OTLP_PROTOCOL";
const SPOKEN: &str = "http/protobuf";

/// After all other layers: what switches telemetry off wins over every address.
pub fn apply(
    environment: &BTreeMap<String, String>,
    settings: &mut Vec<Setting>,
    mistakes: &mut Vec<Mistake>,
    warnings: &mut Vec<Mistake>,
) {
    let given = |name: &str| environment.get(name).map(|text| text.trim()).filter(|text| !text.is_empty());
    match given(DISABLED).map(str::to_lowercase).as_deref() {
        Some("true") => {
            settings.push(Setting { name: DISABLED.into(), key: ENDPOINT.into(), value: "".into() });
            return;
        }
        Some("false") | None => {}
        Some(_) => warnings.push(Mistake::new(DISABLED, "takes true or false, and counts as false")),
    }
    let endpoint = settings.iter().rev().find(|setting| setting.key == ENDPOINT);
    let is_sent = endpoint.and_then(|setting| setting.value.as_str()).is_some_and(|url| !url.is_empty());
    // Where nothing is sent, it speaks to other programs.
    if is_sent && given(PROTOCOL).is_some_and(|protocol| protocol != SPOKEN) {
        let fault = "takes http/protobuf, the one that is spoken (a collector has it on port 4318; 4317 is gRPC's)";
        mistakes.push(Mistake::new(PROTOCOL, fault));
    }
    for signal in ["TRACES", "METRICS", "LOGS"] {
        for what in ["ENDPOINT", "HEADERS", "PROTOCOL"] {
            let name = format!("OTEL_EXPORTER_OTLP_{signal}_{what}");
            if given(&name).is_some_and(|text| what != "PROTOCOL" || text != SPOKEN) {
                let fault =
                    "is not read: traces, metrics and logs all go by OTEL_EXPORTER_OTLP_ENDPOINT and its _HEADERS";
                warnings.push(Mistake::new(name, fault));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::load::{self, Loaded};
    use super::*;

    fn load_from(variables: &[(&str, &str)]) -> Result<Loaded, Vec<String>> {
        let environment = variables.iter().map(|(name, text)| (name.to_string(), text.to_string())).collect();
        let lines = |mistakes: Vec<Mistake>| mistakes.iter().map(ToString::to_string).collect();
        load::load(&environment, None, Vec::new()).map_err(lines)
    }

    const ADDRESS: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318");

    #[test]
    fn what_is_disabled_sends_nothing() {
        for (text, endpoint, warnings) in
            [("true", "", 0), ("True", "", 0), ("false", ADDRESS.1, 0), ("", ADDRESS.1, 0), ("1", ADDRESS.1, 1)]
        {
            let loaded = load_from(&[ADDRESS, ("OTEL_SDK_DISABLED", text)]).expect("no mistake");
            let found = (loaded.config.telemetry.otlp_endpoint.as_str(), loaded.warnings.len());
            assert_eq!(found, (endpoint, warnings), "{text:?}");
        }
    }

    #[test]
    fn a_protocol_that_is_not_spoken_is_a_mistake_where_something_is_sent() {
        let grpc = ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
        let lines = load_from(&[ADDRESS, grpc]).expect_err("not spoken");
        assert!(
            lines.len() == 1 && lines[0].starts_with("OTEL_EXPORTER_OTLP_PROTOCOL: takes http/protobuf"),
            "{lines:?}"
        );
        assert!(load_from(&[ADDRESS, (grpc.0, "http/protobuf")]).is_ok());
        assert!(load_from(&[grpc]).is_ok(), "nothing is sent");
        assert!(load_from(&[ADDRESS, grpc, ("OTEL_SDK_DISABLED", "true")]).is_ok(), "nothing is sent");
    }

    #[test]
    fn what_is_for_one_signal_is_told_to_be_unread() {
        let loaded = load_from(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://x"), ADDRESS]).expect("no mistake");
        let warnings: Vec<_> = loaded.warnings.iter().map(ToString::to_string).collect();
        assert!(warnings.len() == 1 && warnings[0].starts_with("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: is not read"));
        assert!(load_from(&[("OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "http/protobuf")]).expect("fine").warnings.is_empty());
    }

    #[test]
    fn the_path_of_a_signal_is_put_behind_the_address_by_the_server() {
        for path in ["/v1/traces", "/v1/metrics/", "/base/v1/logs"] {
            let lines = load_from(&[(ADDRESS.0, &format!("{}{path}", ADDRESS.1))]).expect_err("refused");
            assert!(lines.len() == 1 && lines[0].contains("leave the path away"), "{lines:?}");
        }
        assert!(load_from(&[(ADDRESS.0, "https://otlp.example/v1")]).is_ok());
    }
}
