//! Stands before every route: is there a place, and is the client within its limits?

use std::convert::Infallible;
use std::net::IpAddr;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::extract::Query;
use axum::http::{HeaderValue, Method, Request, Uri, header};
use axum::response::{IntoResponse, Response};
use futures_util::future::BoxFuture;
use serde::Deserialize;
use tower::{Layer, Service};

use crate::auth::bearer;
use crate::problem::Problem;
use crate::state::AppState;

/// What operators look at when there is too much to do: it takes no place.
const ALWAYS_OPEN: [&str; 2] = ["/health", "/metrics"];

/// Where the API begins, and its live feed.
const LIMITED: [&str; 2] = ["/api/v1/", "/ws/"];

/// Whether requests for `path` are limited.
pub(crate) fn is_limited(path: &str) -> bool {
    LIMITED.iter().any(|start| path.starts_with(start))
}

/// What counts as a purchase when it is posted.
const PURCHASES: [&str; 2] = ["/api/v1/purchases", "/api/v1/carts"];

/// Puts the gate before a service.
#[derive(Clone, Debug)]
pub(crate) struct GateLayer(pub(crate) AppState);

impl<S> Layer<S> for GateLayer {
    type Service = Gated<S>;

    fn layer(&self, inner: S) -> Gated<S> {
        Gated {
            inner,
            state: self.0.clone(),
        }
    }
}

/// A service behind the gate.
#[derive(Clone, Debug)]
pub(crate) struct Gated<S> {
    inner: S,
    state: AppState,
}

impl<S> Service<Request<Body>> for Gated<S>
where
    S: Service<Request<Body>, Response = Response, Error = Infallible, Future: Send>
        + Clone
        + Send
        + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let path = request.uri().path();
        if ALWAYS_OPEN.contains(&path) {
            return Box::pin(self.inner.call(request));
        }
        // Before anything else is looked at: to refuse is as cheap as can be.
        let Some(place) = self.state.gate().places().take() else {
            return Box::pin(async { Ok(Problem::overloaded().into_response()) });
        };
        let asking = (is_limited(path) && self.state.gate().limits().are_on())
            .then(|| Asking::of(&request, &self.state));
        // The clone was never asked whether it is ready; the one that was takes the call.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let state = self.state.clone();
        Box::pin(async move {
            let _place = place;
            if let Some(asking) = asking
                && let Err(problem) = asking.count(&state).await
            {
                return Ok(problem.into_response());
            }
            inner.call(request).await
        })
    }
}

/// Who asks, and for what kind of thing.
struct Asking {
    credentials: Option<Credentials>,
    address: Option<IpAddr>,
    is_purchase: bool,
}

enum Credentials {
    Header(HeaderValue),
    Query(String),
}

impl Asking {
    fn of(request: &Request<Body>, state: &AppState) -> Self {
        let proxies = state.gate().proxies();
        Self {
            credentials: Credentials::of(request),
            address: proxies.client(request.extensions(), request.headers()),
            is_purchase: request.method() == Method::POST
                && PURCHASES.contains(&request.uri().path()),
        }
    }

    async fn count(&self, state: &AppState) -> Result<(), Problem> {
        let token = self.credentials.as_ref().and_then(Credentials::token);
        // Whose token it is, is in the token: the accounts are asked only by those who are within their limits. A
        // request whose token is not good is limited by its address, and its route answers what is wrong.
        let user = match token {
            Some(token) => {
                let now = state.engine().now();
                state.sessions().bidder(token, now).await
            }
            None => None,
        };
        let limits = state.gate().limits();
        let counted = if self.is_purchase {
            limits.purchase(user, self.address).await
        } else {
            limits.request(user, self.address).await
        };
        counted.map_err(Problem::rate_limited)
    }
}

impl Credentials {
    fn of(request: &Request<Body>) -> Option<Self> {
        // As the routes read them: the feed's has its token in the query, and looks at no header.
        if request.uri().path().starts_with("/ws/") {
            return Self::in_query(request.uri());
        }
        let header = request.headers().get(header::AUTHORIZATION)?;
        Some(Self::Header(header.clone()))
    }

    fn in_query(uri: &Uri) -> Option<Self> {
        #[derive(Deserialize)]
        struct Parameters {
            token: String,
        }
        let Query(Parameters { token }) = Query::try_from_uri(uri).ok()?;
        Some(Self::Query(token))
    }

    fn token(&self) -> Option<&str> {
        match self {
            Self::Header(value) => bearer(value.to_str().ok()?),
            Self::Query(token) => Some(token),
        }
    }
}
