//! The web page, which is within the program.
//!
//! `make web` builds it; a program that was built without it serves the API alone, and says so at `/`.

use std::borrow::Cow;
use std::path::Path;

use axum::Router;
use axum::body::Body;
use axum::extract::{self, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rust_embed::{Embed, EmbeddedFile};
use tower::ServiceBuilder;

use crate::app::always;
use crate::config::PictureHost;
use crate::extract::nothing_there;
use crate::problem::Problem;
use crate::state::AppState;

/// Beside each text there is `X.gz`, so that nothing is compressed while a sale runs.
#[derive(Embed)]
#[folder = "web/dist"]
#[allow_missing = true]
struct Files;

/// The file that every address of the page answers; its scripts look at the address.
const INDEX: &str = "index.html";

/// The addresses of the page.
const ADDRESSES: [&str; 9] = [
    "/",
    "/admin",
    "/admin/{*page}",
    "/bids",
    "/campaigns/{campaign_id}",
    "/cart",
    "/login",
    "/orders",
    "/register",
];

/// What is for programs: a mistaken path here is answered as such, whoever asks.
const FOR_PROGRAMS: [&str; 6] = ["/api", "/assets", "/docs", "/health", "/metrics", "/ws"];

/// A name that changes with the content, as those of all assets do, may be kept for good.
const FOR_GOOD: &str = "public, max-age=31536000, immutable";

/// Asked for again each time, and answered in a few bytes when it is still the same.
const ASK_AGAIN: &str = "no-cache";

/// Whether the program has its page.
pub(crate) fn is_built() -> bool {
    Files::get(INDEX).is_some()
}

/// The routes of the page, which may show pictures from `hosts`.
pub(crate) fn router(hosts: &[PictureHost]) -> Router<AppState> {
    let mut router = Router::new().route("/assets/{*file}", get(asset));
    for address in ADDRESSES {
        router = router.route(address, get(index));
    }
    for name in Files::iter().filter(|name| is_beside_index(name)) {
        router = router.route(&format!("/{name}"), get(beside_index));
    }
    let [policy, framing, referrer] = guards(hosts);
    router.layer(
        ServiceBuilder::new()
            .layer(always(policy.0, policy.1))
            .layer(always(framing.0, framing.1))
            .layer(always(referrer.0, referrer.1)),
    )
}

/// The headers that keep other sites out of the page.
fn guards(hosts: &[PictureHost]) -> [(HeaderName, HeaderValue); 3] {
    [
        (header::CONTENT_SECURITY_POLICY, policy(hosts)),
        (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        (
            header::REFERRER_POLICY,
            HeaderValue::from_static("no-referrer"),
        ),
    ]
}

/// Nothing but what this server gives, save for pictures from `hosts`.
fn policy(hosts: &[PictureHost]) -> HeaderValue {
    let mut pictures = String::new();
    for host in hosts {
        pictures.push(' ');
        pictures.push_str(host.as_str());
    }
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; \
         img-src 'self' data: blob:{pictures}; connect-src 'self'; manifest-src 'self'; base-uri 'none'; \
         form-action 'self'; frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).expect("a host of pictures is plain ASCII")
}

async fn index(headers: HeaderMap) -> Response {
    or_no_page(file(INDEX, &headers, ASK_AGAIN))
}

fn or_no_page(page: Option<Response>) -> Response {
    let problem = || {
        Problem::not_found(
            "NO_PAGE",
            "This server was built without its page; build it with `make web`.",
        )
    };
    page.unwrap_or_else(|| problem().into_response())
}

/// Whether a file has an address of its own, at the root: such as the icon that browsers ask for by themselves.
fn is_beside_index(name: &str) -> bool {
    name != INDEX && !name.starts_with('.') && !name.contains('/') && !is_compressed(name)
}

async fn beside_index(uri: Uri, headers: HeaderMap) -> Response {
    let name = uri.path().trim_start_matches('/');
    file(name, &headers, ASK_AGAIN).unwrap_or_else(|| nothing_there().into_response())
}

async fn asset(extract::Path(name): extract::Path<String>, headers: HeaderMap) -> Response {
    (!is_compressed(&name))
        .then(|| file(&format!("assets/{name}"), &headers, FOR_GOOD))
        .flatten()
        .unwrap_or_else(|| nothing_there().into_response())
}

/// The answer to a path that nobody knows: the page, which says so, to who looks with a browser.
pub(crate) async fn unknown_path(
    State(state): State<AppState>,
    method: Method,
    uri: Uri,
    mut headers: HeaderMap,
) -> Response {
    let is_read = method == Method::GET || method == Method::HEAD;
    if is_read && takes_html(&headers) && !is_for_programs(uri.path()) {
        // That the browser has the page already is no reason to say that there is something.
        headers.remove(header::IF_NONE_MATCH);
        if let Some(mut page) = file(INDEX, &headers, ASK_AGAIN) {
            *page.status_mut() = StatusCode::NOT_FOUND;
            page.headers_mut()
                .extend(guards(&state.site().picture_hosts));
            return page;
        }
    }
    nothing_there().into_response()
}

fn is_for_programs(path: &str) -> bool {
    FOR_PROGRAMS.iter().any(|root| {
        path.strip_prefix(root)
            .is_some_and(|below| below.is_empty() || below.starts_with('/'))
    })
}

/// An embedded file as an answer, the compressed one to who takes it; `None` when there is no such file.
fn file(name: &str, headers: &HeaderMap, caching: &'static str) -> Option<Response> {
    let plain = Files::get(name)?;
    let compressed = takes_gzip(headers)
        .then(|| Files::get(&format!("{name}.gz")))
        .flatten();
    Some(answer(plain, compressed, headers, caching))
}

fn answer(
    plain: EmbeddedFile,
    compressed: Option<EmbeddedFile>,
    asked: &HeaderMap,
    caching: &'static str,
) -> Response {
    let kind = plain.metadata.mimetype().to_owned();
    let is_packed = compressed.is_some();
    let sent = compressed.unwrap_or(plain);
    let tag = format!(
        "\"{}\"",
        data_encoding::HEXLOWER.encode(&sent.metadata.sha256_hash()[..16])
    );
    // A proxy that changes the coding on the way makes the tag a weak one.
    let is_known = listed(asked, &header::IF_NONE_MATCH)
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag);
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let body = match sent.data {
            Cow::Borrowed(bytes) => Body::from(bytes),
            Cow::Owned(bytes) => Body::from(bytes),
        };
        body.into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(
        header::ETAG,
        HeaderValue::try_from(tag).expect("a tag is hexadecimal"),
    );
    if !is_known {
        let kind = HeaderValue::try_from(kind).expect("a media type is plain ASCII");
        headers.insert(header::CONTENT_TYPE, kind);
        if is_packed {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
    }
    response
}

fn takes_html(headers: &HeaderMap) -> bool {
    listed(headers, &header::ACCEPT).any(|accepted| {
        let (kind, _) = accepted.split_once(';').unwrap_or((accepted, ""));
        kind.trim_end().eq_ignore_ascii_case("text/html")
    })
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    listed(headers, &header::ACCEPT_ENCODING).any(|accepted| {
        let (coding, weight) = accepted.split_once(';').unwrap_or((accepted, ""));
        coding.trim_end().eq_ignore_ascii_case("gzip")
            && !matches!(
                weight.trim().strip_prefix("q="),
                Some("0" | "0.0" | "0.00" | "0.000")
            )
    })
}

/// The entries of a header that is a list.
fn listed<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lists = headers.get_all(name).iter();
    lists
        .filter_map(|list| list.to_str().ok())
        .flat_map(|list| list.split(','))
        .map(str::trim)
}

/// Whether it is the compressed copy of a file, which is only sent instead of that.
fn is_compressed(name: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("gz"))
}

#[cfg(test)]
mod tests {
    use rust_embed::Metadata;

    use super::*;

    fn embedded(bytes: &'static [u8], hash: u8) -> EmbeddedFile {
        EmbeddedFile {
            data: Cow::Borrowed(bytes),
            metadata: Metadata::__rust_embed_new([hash; 32], None, None, "text/javascript"),
        }
    }

    fn headers(given: &[(HeaderName, &'static str)]) -> HeaderMap {
        let given = given.iter();
        given
            .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn the_compressed_file_goes_to_who_takes_it_under_the_kind_of_the_plain_one() {
        let response = answer(
            embedded(b"plain", 1),
            Some(embedded(b"small", 2)),
            &HeaderMap::new(),
            FOR_GOOD,
        );
        assert_eq!(response.headers()[header::CONTENT_ENCODING], "gzip");
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/javascript");
        assert_eq!(response.headers()[header::VARY], "accept-encoding");
        assert_eq!(response.headers()[header::CACHE_CONTROL], FOR_GOOD);
    }

    #[test]
    fn what_a_browser_has_already_is_not_sent_again() {
        let first = answer(embedded(b"plain", 1), None, &HeaderMap::new(), ASK_AGAIN);
        let tag = first.headers()[header::ETAG].to_str().unwrap().to_owned();
        let mut asked = HeaderMap::new();
        asked.insert(
            header::IF_NONE_MATCH,
            HeaderValue::try_from(format!("\"other\", {tag}")).unwrap(),
        );
        let second = answer(embedded(b"plain", 1), None, &asked, ASK_AGAIN);
        assert_eq!(second.status(), StatusCode::NOT_MODIFIED);
        let changed = answer(embedded(b"newer", 3), None, &asked, ASK_AGAIN);
        assert_eq!(changed.status(), StatusCode::OK);
    }

    #[test]
    fn a_tag_that_a_proxy_has_weakened_is_known() {
        let first = answer(embedded(b"plain", 1), None, &HeaderMap::new(), ASK_AGAIN);
        let tag = first.headers()[header::ETAG].to_str().unwrap();
        let mut asked = HeaderMap::new();
        asked.insert(
            header::IF_NONE_MATCH,
            HeaderValue::try_from(format!("W/{tag}")).unwrap(),
        );
        let second = answer(embedded(b"plain", 1), None, &asked, ASK_AGAIN);
        assert_eq!(second.status(), StatusCode::NOT_MODIFIED);
    }

    #[test]
    fn a_server_without_its_page_says_so() {
        let response = or_no_page(None);
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        let kind = &response.headers()[header::CONTENT_TYPE];
        assert_eq!(kind, "application/problem+json");
    }

    #[test]
    fn only_plain_files_at_the_root_have_addresses_there() {
        for (name, has_one) in [
            ("favicon.svg", true),
            ("site.webmanifest", true),
            ("favicon.svg.gz", false),
            ("index.html", false),
            (".gitignore", false),
            ("assets/index.js", false),
        ] {
            assert_eq!(is_beside_index(name), has_one, "{name}");
        }
    }

    #[test]
    fn what_is_below_the_paths_of_programs_is_never_the_page() {
        for (path, is_theirs) in [
            ("/api", true),
            ("/api/v1/no", true),
            ("/ws/x", true),
            ("/assets/old.js", true),
            ("/metrics", true),
            ("/apis", false),
            ("/healthy", false),
            ("/", false),
        ] {
            assert_eq!(is_for_programs(path), is_theirs, "{path}");
        }
    }

    #[test]
    fn a_browser_is_who_names_html() {
        for (accepted, named) in [
            ("text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", true),
            ("application/json, TEXT/HTML;level=1", true),
            ("*/*", false),
            ("text/htmlx", false),
        ] {
            let headers = headers(&[(header::ACCEPT, accepted)]);
            assert_eq!(takes_html(&headers), named, "{accepted}");
        }
    }

    #[test]
    fn gzip_is_sent_to_who_names_it_and_does_not_refuse_it() {
        for (accepted, taken) in [
            ("gzip, deflate, br", true),
            ("br, GZIP;q=0.5", true),
            ("gzip;q=0", false),
            ("br", false),
            ("identity", false),
        ] {
            let headers = headers(&[(header::ACCEPT_ENCODING, accepted)]);
            assert_eq!(takes_gzip(&headers), taken, "{accepted}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }

    #[test]
    fn the_policy_names_only_this_server_and_the_hosts_of_pictures() {
        let hosts = ["https://img.example.com", "https://*.cdn.example:8443"]
            .map(|host| host.parse().unwrap());
        let policy = policy(&hosts);
        let policy = policy.to_str().unwrap();
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self';"),
            "{policy}"
        );
        assert!(
            policy.contains(
                "img-src 'self' data: blob: https://img.example.com https://*.cdn.example:8443;"
            ),
            "{policy}"
        );
    }
}
