//! The one provider of TLS in the process.

/// Before the first HTTP client is built. Later calls change nothing.
pub fn install() {
    // It fails where one is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
