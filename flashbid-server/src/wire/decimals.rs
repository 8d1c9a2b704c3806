use serde_json::json;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{Object, RefOr};
use utoipa::{PartialSchema, ToSchema};

/// How the document describes an amount of money in a request.
pub(super) struct Price;

/// How the document describes an amount of money that is not nothing.
pub(super) struct Reserve;

/// How the document describes a factor of the score.
pub(super) struct Factor;

impl PartialSchema for Price {
    fn schema() -> RefOr<Schema> {
        let decimal = decimal(10_000_000_000, r"^[0-9]{1,10}(\.[0-9]{1,4})?$");
        decimal.minimum(Some(0_usize)).build().into()
    }
}

impl PartialSchema for Reserve {
    fn schema() -> RefOr<Schema> {
        let decimal = decimal(10_000_000_000, r"^(?=.*[1-9])[0-9]{1,10}(\.[0-9]{1,4})?$");
        decimal.exclusive_minimum(Some(0_usize)).build().into()
    }
}

impl PartialSchema for Factor {
    fn schema() -> RefOr<Schema> {
        let decimal = decimal(1_000_000_000, r"^[0-9]{1,9}(\.[0-9]{1,4})?$");
        decimal.minimum(Some(0_usize)).build().into()
    }
}

impl ToSchema for Price {}
impl ToSchema for Reserve {}
impl ToSchema for Factor {}

/// A number or a string. Each keyword is for one of the two: the bounds for numbers, the pattern for strings.
fn decimal(largest: usize, pattern: &str) -> ObjectBuilder {
    Object::builder()
        .schema_type(SchemaType::from_iter([Type::Number, Type::String]))
        .description(Some(
            "A decimal with at most four places, as a number or a string; it is taken exactly",
        ))
        .maximum(Some(largest))
        .multiple_of(Some(0.000_1))
        .pattern(Some(pattern))
        .examples([json!("500.50")])
}
