pub async fn serve(listener: tokio::net::TcpListener, router: axum::Router, _: crate::platform::config::ServerConfig, shutdown: crate::platform::shutdown::Shutdown) {
    let _ = axum::serve(listener, router.into_make_service_with_connect_info::<std::net::SocketAddr>()).with_graceful_shutdown(async move { shutdown.begun().await }).await;
}
