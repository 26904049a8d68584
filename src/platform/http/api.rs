//! Routes that say at their handlers what they are, by `#[utoipa::path]`.
//!
//! What is served takes the path and the methods from there. The rest, the OpenAPI document, is made by tests alone: they hold
//! `docs/openapi.json` against it, and that file is what a server hands out. A server that made it would carry three megabytes
//! of program for a text that is known beforehand.

use std::convert::Infallible;

use axum::Router;
use axum::extract::Request;
use axum::response::IntoResponse;
use axum::routing::{MethodFilter, MethodRouter, Route};
use tower::{Layer, Service};
use utoipa::openapi::HttpMethod;

/// What is at one path.
pub struct Routes<S> {
    pub path: String,
    pub methods: MethodRouter<S>,
    #[cfg(test)]
    pub described: Described,
}

/// Schemas by their names, and operations by their paths.
#[cfg(test)]
pub type Described = (Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::Schema>)>, utoipa::openapi::Paths);

/// The handlers of one path, each for its methods.
macro_rules! routes {
    ($first:ident $(, $more:ident)* $(,)?) => {
        pastey::paste! {{
            let methods = axum::routing::MethodRouter::new()
                .on($crate::platform::http::api::filter::<[<__path_ $first>]>(), $first)
                $(.on($crate::platform::http::api::filter::<[<__path_ $more>]>(), $more))*;
            $crate::platform::http::api::Routes {
                path: <[<__path_ $first>] as utoipa::Path>::path(),
                #[cfg(test)]
                described: $crate::platform::http::api::described(&methods, utoipa_axum::routes!($first $(, $more)*)),
                methods,
            }
        }}
    };
}
pub(crate) use routes;

#[cfg(test)]
pub fn described<S>(
    _of: &MethodRouter<S>,
    (schemas, paths, _): utoipa_axum::router::UtoipaMethodRouter<S>,
) -> Described {
    (schemas, paths)
}

/// The methods that a handler is for.
pub fn filter<P: utoipa::Path>() -> MethodFilter {
    let methods = P::methods().into_iter().map(|method| match method {
        HttpMethod::Get => MethodFilter::GET,
        HttpMethod::Put => MethodFilter::PUT,
        HttpMethod::Post => MethodFilter::POST,
        HttpMethod::Delete => MethodFilter::DELETE,
        HttpMethod::Options => MethodFilter::OPTIONS,
        HttpMethod::Head => MethodFilter::HEAD,
        HttpMethod::Patch => MethodFilter::PATCH,
        HttpMethod::Trace => MethodFilter::TRACE,
    });
    methods.reduce(MethodFilter::or).expect("a handler has a method")
}

/// The routes of a part of the server.
pub struct Api<S> {
    router: Router<S>,
    paths: Vec<String>,
    #[cfg(test)]
    described: Vec<Described>,
}

impl<S: Clone + Send + Sync + 'static> Default for Api<S> {
    fn default() -> Api<S> {
        Api::from(Router::new())
    }
}

impl<S: Clone + Send + Sync + 'static> Api<S> {
    pub fn new() -> Api<S> {
        Api::default()
    }

    pub fn routes(mut self, routes: Routes<S>) -> Api<S> {
        #[cfg(test)]
        {
            assert!(routes.described.1.paths.len() == 1, "the handlers of {} are of several paths", routes.path);
            self.described.push(routes.described);
        }
        self.router = self.router.route(&routes.path, routes.methods);
        self.paths.push(routes.path);
        self
    }

    pub fn merge(mut self, other: Api<S>) -> Api<S> {
        self.router = self.router.merge(other.router);
        self.paths.extend(other.paths);
        #[cfg(test)]
        self.described.extend(other.described);
        self
    }

    pub fn layer<L>(mut self, layer: L) -> Api<S>
    where
        L: Layer<Route> + Clone + Send + Sync + 'static,
        L::Service: Service<Request, Error: Into<Infallible>, Response: IntoResponse> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Future: Send + 'static,
    {
        self.router = self.router.layer(layer);
        self
    }

    /// Those that describe themselves.
    pub fn paths(&self) -> &[String] {
        &self.paths
    }

    pub fn into_router(self) -> Router<S> {
        self.router
    }

    #[cfg(test)]
    pub fn into_described(self) -> Vec<Described> {
        self.described
    }
}

/// Routes that are for people, and described nowhere.
impl<S> From<Router<S>> for Api<S> {
    fn from(router: Router<S>) -> Api<S> {
        Api {
            router,
            paths: Vec::new(),
            #[cfg(test)]
            described: Vec::new(),
        }
    }
}
