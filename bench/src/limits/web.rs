//! axum with one route and no layer.

use anyhow::Result;
use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use tokio::net::TcpListener;

pub async fn serve(port: u16) -> Result<()> {
    let page = axum::body::Bytes::from(format!(r#"{{"data":"{}"}}"#, "x".repeat(8000)));
    let router = Router::new()
        .route("/readyz", get(async || "ok"))
        .route("/api/tickets", get(async move || ([(CONTENT_TYPE, "application/json")], page.clone())));
    Ok(axum::serve(TcpListener::bind(("127.0.0.1", port)).await?, router).await?)
}
