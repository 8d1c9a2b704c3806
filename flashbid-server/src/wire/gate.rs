use data_encoding::BASE64;
use flashbid_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Time;
use crate::config::Secret;
use crate::gate::OpenChallenge;

/// A captcha that waits for its answer.
#[derive(Debug, Serialize, ToSchema)]
pub struct OpenCaptcha {
    captcha_id: Uuid,
    /// Its picture, a PNG, as a `data:` URL.
    #[schema(example = "data:image/png;base64,iVBORw0KGgo=")]
    image: String,
    /// The first moment at which no answer is taken any more.
    expires_at: Time,
}

impl OpenCaptcha {
    /// Shows `captcha`, which is good until `expires_at`.
    pub fn new(captcha: &OpenChallenge, expires_at: Timestamp) -> Self {
        let mut image = "data:image/png;base64,".to_owned();
        BASE64.encode_append(&captcha.image, &mut image);
        Self {
            captcha_id: captcha.id,
            image,
            expires_at: Time(expires_at),
        }
    }
}

/// Asks for a request token. Where the campaign asks for a captcha, both fields are needed.
#[derive(Debug, Deserialize, ToSchema)]
pub struct AskForToken {
    /// As `/captcha` gives it.
    #[serde(default)]
    pub captcha_id: Option<Uuid>,
    /// What its picture says, in capitals or small letters. A wrong answer uses the captcha up.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 64)]
    pub captcha_answer: Option<Secret>,
}

/// A token that is good for one bid or purchase.
#[derive(Serialize, ToSchema)]
pub struct RequestToken {
    /// Goes into the `X-Request-Token` header.
    token: String,
    /// The first moment at which it is not taken any more.
    expires_at: Time,
}

impl RequestToken {
    /// Gives `token`, which is good until `expires_at`.
    pub const fn new(token: String, expires_at: Timestamp) -> Self {
        Self {
            token,
            expires_at: Time(expires_at),
        }
    }
}

impl std::fmt::Debug for RequestToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RequestToken")
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}
