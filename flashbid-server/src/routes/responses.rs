//! Problems that many routes answer alike, for the document.

use std::collections::BTreeMap;

use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

use crate::problem::ProblemBody;

macro_rules! problem {
    ($name:ident, $status:literal, $description:literal) => {
        pub(super) struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                BTreeMap::from([($status.to_owned(), problem($description).into())])
            }
        }
    };
}

problem!(
    BodyIncomplete,
    "400",
    "BODY_INCOMPLETE: the body could not be read to its end"
);
problem!(Unauthorized, "401", "There is no token, or it is not good");
problem!(NotAnAdmin, "403", "Only an administrator may do this");
problem!(NotFound, "404", "It does not exist");
problem!(
    BodyTooSlow,
    "408",
    "BODY_TOO_SLOW: the body did not arrive within 10 seconds"
);
problem!(BodyTooLarge, "413", "The body is larger than 64 KiB");
problem!(NotJson, "415", "The body is not JSON");
problem!(Malformed, "422", "The request is malformed");
problem!(
    TooMany,
    "429",
    "RATE_LIMITED, or TOO_MANY_REQUESTS for logins; Retry-After says when to try again"
);
problem!(
    Unavailable,
    "503",
    "Overloaded, or a store is away; Retry-After says when to try again"
);

fn problem(description: &str) -> Response {
    let body = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name(ProblemBody::name())))
        .build();
    ResponseBuilder::new()
        .description(description)
        .content("application/problem+json", body)
        .build()
}
