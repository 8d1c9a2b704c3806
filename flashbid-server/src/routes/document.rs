//! What every route answers alike, put into the document in one place.

use std::collections::BTreeMap;

use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::header::Header;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::{OpenApi, RefOr, Response};
use utoipa::{IntoResponses, PartialSchema};

use super::responses::{
    BodyIncomplete, BodyTooLarge, BodyTooSlow, Malformed, NotJson, TooMany, Unauthorized,
    Unavailable,
};
use crate::gate;

/// Completes what the routes say of themselves: the answers that come from around them, and the headers of all.
pub(super) fn complete(document: &mut OpenApi) {
    for (path, item) in &mut document.paths.paths {
        for operation in operations(item) {
            if gate::is_limited(path) {
                add::<TooMany>(operation);
            }
            add_common_answers(operation);
            for (status, answer) in &mut operation.responses.responses {
                if let RefOr::T(answer) = answer {
                    add_headers(status, answer);
                }
            }
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [
        &mut item.get,
        &mut item.put,
        &mut item.post,
        &mut item.delete,
        &mut item.options,
        &mut item.head,
        &mut item.patch,
        &mut item.trace,
    ]
    .into_iter()
    .flatten()
}

fn add_common_answers(operation: &mut Operation) {
    if operation.request_body.is_some() {
        add::<BodyIncomplete>(operation);
        add::<BodyTooSlow>(operation);
        add::<BodyTooLarge>(operation);
        add::<NotJson>(operation);
        add::<Malformed>(operation);
    }
    if operation.security.is_some() {
        add::<Unauthorized>(operation);
        add::<Unavailable>(operation);
    }
}

/// What the route itself says of a status stays.
fn add<R: IntoResponses>(operation: &mut Operation) {
    for (status, answer) in R::responses() {
        let said = &mut operation.responses.responses;
        said.entry(status).or_insert(answer);
    }
}

fn add_headers(status: &str, answer: &mut Response) {
    let text = ObjectBuilder::new().schema_type(Type::String).into();
    let id = header("Which request this was, for whoever reads the log", text);
    add_header(answer, "X-Request-Id", id);
    match status {
        "401" => {
            let text = ObjectBuilder::new().schema_type(Type::String).into();
            let challenge = header("How to authenticate (RFC 6750)", text);
            add_header(answer, "WWW-Authenticate", challenge);
        }
        // The state of the stores is answered for a probe, which comes again when it wants.
        "429" | "503" if answer.content.contains_key(PROBLEM) => {
            let seconds = header("After how many seconds to try again", u32::schema());
            add_header(answer, "Retry-After", seconds);
        }
        _ => {}
    }
}

const PROBLEM: &str = "application/problem+json";

fn add_header(answer: &mut Response, name: &str, header: Header) {
    let headers: &mut BTreeMap<_, _> = &mut answer.headers;
    headers.insert(name.to_owned(), RefOr::T(header));
}

/// A header that is always there. The type of headers has no field to say so.
fn header(description: &str, schema: RefOr<Schema>) -> Header {
    let mut header = Header::new(schema);
    header.description = Some(description.to_owned());
    header.extensions = Some(Extensions::from_iter([("required", true)]));
    header
}
