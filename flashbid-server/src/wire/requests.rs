use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::decimals::{Factor, Price, Reserve};
use super::{CampaignFormat, Number, RunnersUp, Time, Whole};
use crate::config::Secret;

/// Makes an account.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Registration {
    /// Where to reach the user; also the login.
    #[schema(format = "email", max_length = 254, example = "ada@example.com")]
    pub email: String,
    /// 8 to 128 characters.
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 128)]
    pub password: Secret,
    /// The name that rankings show: no control characters, and not only blanks.
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$",
        example = "Ada"
    )]
    pub username: String,
}

/// Asks for a token.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Login {
    /// The account's email.
    #[schema(example = "ada@example.com")]
    pub email: String,
    /// The account's password.
    #[schema(value_type = String, format = Password)]
    pub password: Secret,
}

/// Makes a product.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewProduct {
    /// What people call it: no control characters but line breaks and tabs, and not only blanks.
    #[schema(
        min_length = 1,
        max_length = 255,
        pattern = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$",
        example = "Console"
    )]
    pub name: String,
    /// More words, under the same rules; or nothing.
    #[serde(default)]
    #[schema(
        max_length = 10_000,
        pattern = r"^([^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*)?$"
    )]
    pub description: Option<String>,
    /// Where its picture is: an http(s) URL or an absolute path on this site.
    #[serde(default)]
    #[schema(
        max_length = 2_048,
        pattern = r#"^((https?://|/(?!/))[^\s<>"'\\\u0000-\u001f\u007f-\u009f]*)?$"#
    )]
    pub image_url: Option<String>,
    /// The units there are.
    #[schema(value_type = u32, minimum = 0, maximum = 1_000_000_000, example = 10)]
    pub stock: Whole,
    /// The reserve price, more than zero.
    #[schema(value_type = Reserve)]
    pub min_price: Number,
}

/// Makes a campaign.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewCampaign {
    /// What it sells.
    pub product_id: Uuid,
    /// The first moment at which bids are taken.
    pub start_time: Time,
    /// The first moment at which no bid is taken any more.
    pub end_time: Time,
    /// The factor of the price.
    #[serde(default = "alpha")]
    #[schema(value_type = Factor, default = json!(1))]
    pub alpha: Number,
    /// The factor of being early.
    #[serde(default = "beta")]
    #[schema(value_type = Factor, default = json!(1000))]
    pub beta: Number,
    /// The factor of the member's weight.
    #[serde(default = "gamma")]
    #[schema(value_type = Factor, default = json!(100))]
    pub gamma: Number,
    /// The units it may sell; without it, all that the product has available.
    #[serde(default)]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1_000_000_000)]
    pub quota: Option<Whole>,
    /// How units find their buyers. A first-come campaign has a price; alpha, beta and gamma are of no use to it.
    #[serde(default)]
    pub format: CampaignFormat,
    /// What a unit costs in a first-come campaign.
    #[serde(default)]
    #[schema(value_type = Option<Price>)]
    pub price: Option<Number>,
    /// The most units that one buyer may have in a first-come campaign, held and paid together.
    #[serde(default)]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1_000_000_000)]
    pub per_buyer_limit: Option<Whole>,
    /// How long a winner or buyer has to pay, in seconds; without it 15 minutes.
    #[serde(default)]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 31_536_000)]
    pub payment_deadline: Option<Whole>,
    /// To whom a ranked campaign offers a unit that was not paid.
    #[serde(default)]
    pub runners_up: Option<RunnersUp>,
    /// Whether a bid or purchase needs a request token.
    #[serde(default)]
    pub require_token: bool,
    /// Whether a request token is given for a solved captcha only.
    #[serde(default)]
    pub require_captcha: bool,
}

/// Changes a product. What is left out stays as it is; of the three changes of the stock one may be given.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct ChangeProduct {
    /// What people call it.
    #[serde(default)]
    #[schema(
        min_length = 1,
        max_length = 255,
        pattern = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$"
    )]
    pub name: Option<String>,
    /// More words; an empty text for none.
    #[serde(default)]
    #[schema(
        max_length = 10_000,
        pattern = r"^([^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*)?$"
    )]
    pub description: Option<String>,
    /// Where its picture is; an empty text for none.
    #[serde(default)]
    #[schema(
        max_length = 2_048,
        pattern = r#"^((https?://|/(?!/))[^\s<>"'\\\u0000-\u001f\u007f-\u009f]*)?$"#
    )]
    pub image_url: Option<String>,
    /// The reserve price of campaigns that are made from now on.
    #[serde(default)]
    #[schema(value_type = Option<Reserve>)]
    pub min_price: Option<Number>,
    /// All units together, wherever they are, are to be so many.
    #[serde(default)]
    #[schema(value_type = Option<u32>, minimum = 0, maximum = 1_000_000_000)]
    pub stock: Option<Whole>,
    /// So many arrived. With an `Idempotency-Key`, once.
    #[serde(default)]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1_000_000_000)]
    pub add_stock: Option<Whole>,
    /// So many are gone. With an `Idempotency-Key`, once.
    #[serde(default)]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1_000_000_000)]
    pub remove_stock: Option<Whole>,
}

/// Changes what bids and purchases of a campaign need. What is left out stays as it is.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct ChangeCampaign {
    /// Whether they need a request token.
    #[serde(default)]
    pub require_token: Option<bool>,
    /// Whether a request token is given for a solved captcha only.
    #[serde(default)]
    pub require_captcha: Option<bool>,
}

/// Places a bid.
#[derive(Debug, Deserialize, ToSchema)]
pub struct PlaceBid {
    /// In which campaign.
    pub campaign_id: Uuid,
    /// What the bidder pays if it wins.
    #[schema(value_type = Price)]
    pub price: Number,
}

fn alpha() -> Number {
    Number::default_of("1")
}

fn beta() -> Number {
    Number::default_of("1000")
}

fn gamma() -> Number {
    Number::default_of("100")
}
