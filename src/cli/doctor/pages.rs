//! What a browser asks before a page of another site may call.

use http::Method;

use super::report::{Finding, Outcome};
use super::target::{Answer, Target};

const ALLOWED: &str = "access-control-allow-origin";
const HEADERS: [&str; 3] = ["authorization", "content-type", "x-api-key"];

pub async fn cors(target: &Target) -> Outcome {
    let Some(origin) = &target.origin else {
        return Ok(Finding::skipped("give --origin https://your-shop.example to have it checked"));
    };
    if target.is_own(origin) {
        return Ok(Finding::good(format!("{origin} is this server's own address: browsers ask no leave for it")));
    }
    let preflight = target.request(Method::OPTIONS, "/api/tickets").header("access-control-request-method", "POST");
    let preflight = target.send(preflight.header("access-control-request-headers", HEADERS.join(","))).await?;
    hold("the preflight", &preflight, origin)?;
    let granted = preflight.header("access-control-allow-headers").unwrap_or_default().to_lowercase();
    if let Some(missing) = HEADERS.iter().find(|name| granted != "*" && !granted.contains(*name)) {
        let advice = "SmileChat allows it: the proxy answers preflights itself. Let it pass OPTIONS on.";
        return Err(Finding::broken(format!("the preflight does not allow the header {missing}"), advice));
    }
    let mut request = target.request(Method::GET, "/api/widget");
    if let Some(key) = &target.api_key {
        request = request.header("x-api-key", key);
    }
    let answer = target.send(request).await?;
    if answer.code().as_deref() == Some("origin_not_allowed") {
        let advice = format!("The API key does not list {origin}: console, Settings, API keys.");
        return Err(Finding::broken("the key is for other pages", advice));
    }
    hold("the request after it", &answer, origin)?;
    Ok(Finding::good(format!("{origin} may call")))
}

fn hold(what: &str, answer: &Answer, origin: &str) -> Result<(), Finding> {
    let values: Vec<_> = answer.headers.get_all(ALLOWED).iter().filter_map(|value| value.to_str().ok()).collect();
    match values.as_slice() {
        [one] if *one == origin || *one == "*" => Ok(()),
        [] => Err(Finding::broken(
            format!("{what} is answered {} without {ALLOWED}", answer.status),
            format!(
                "Browsers keep the answer from {origin}. Let a publishable key list it (console, Settings, API keys) or set \
                 CORS_ORIGINS; if that is done, the proxy strips the header: let it pass Origin and Access-Control-* on."
            ),
        )),
        [one] => Err(Finding::broken(
            format!("{what} allows {one}, not {origin}"),
            "The proxy sets this header itself. Let it pass on what SmileChat answers.",
        )),
        several => Err(Finding::broken(
            format!("{what} has {ALLOWED} {} times", several.len()),
            "The proxy adds the header to SmileChat's own, and browsers refuse two. Take it out of the proxy.",
        )),
    }
}
