use std::fmt;
use std::time::Duration;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use flashbid_core::time::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::config::Secret;

/// How far the time of a signature may be from now, both ways.
pub const TOLERANCE: Duration = Duration::from_mins(5);

/// The most signatures of one header that are looked at.
const MOST_SIGNATURES: usize = 8;

/// Checks who sent a webhook, after the header `X-FlashBid-Signature: t=UNIX_SECONDS,v1=HEX`, where `HEX` is the
/// HMAC-SHA-256 of `t.body` with a secret that the sender shares. A sender that changes its secret sends a `v1` for each.
#[derive(Clone)]
pub struct Webhooks(Hmac<Sha256>);

/// What a good signature says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// When it was signed.
    pub signed_at: Timestamp,
    /// The signature: what tells a webhook that is sent again from another one.
    pub signature: [u8; 32],
}

/// Why a signature is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The header has another form.
    #[error("the signature must be t=UNIX_SECONDS,v1=HEX")]
    Malformed,
    /// It was signed too long ago, or is to be signed in the future.
    #[error("the signature is from more than five minutes before or after now")]
    OutOfTime,
    /// None of its signatures is of this time and body.
    #[error("the signature does not belong to the body")]
    Wrong,
}

impl fmt::Debug for Webhooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhooks").finish_non_exhaustive()
    }
}

impl Webhooks {
    /// The header that carries the signature.
    pub const HEADER: &'static str = "x-flashbid-signature";

    /// Takes what is signed with `secret`.
    pub fn new(secret: &Secret) -> Self {
        let key = Hmac::new_from_slice(secret.expose().as_bytes());
        Self(key.expect("HMAC takes keys of any length"))
    }

    /// Checks the header against the body as it was sent, to the byte.
    ///
    /// # Errors
    /// [`SignatureError`]: the body is then not to be believed.
    pub fn verify(
        &self,
        header: &str,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Verified, SignatureError> {
        let signed = Signed::read(header)?;
        let signed_at = Timestamp::from_millis(signed.seconds.saturating_mul(1_000));
        // By whole seconds, as the header has them.
        let apart = signed.seconds.abs_diff(now.millis().div_euclid(1_000));
        if apart > TOLERANCE.as_secs() {
            return Err(SignatureError::OutOfTime);
        }
        let mac = self.mac(signed.text, body);
        signed
            .signatures
            .iter()
            .find(|signature| mac.clone().verify_slice(&signature[..]).is_ok())
            .map(|signature| Verified {
                signed_at,
                signature: *signature,
            })
            .ok_or(SignatureError::Wrong)
    }

    /// The header for a body that is sent at `now`.
    pub fn sign(&self, body: &[u8], now: Timestamp) -> String {
        let seconds = now.millis().div_euclid(1_000).to_string();
        let signature = self.mac(&seconds, body).finalize().into_bytes();
        format!("t={seconds},v1={}", HEXLOWER.encode(&signature))
    }

    fn mac(&self, seconds: &str, body: &[u8]) -> Hmac<Sha256> {
        self.0
            .clone()
            .chain_update(seconds)
            .chain_update(b".")
            .chain_update(body)
    }
}

/// A header in its parts.
struct Signed<'a> {
    /// The time as it was sent: what was signed is its text.
    text: &'a str,
    seconds: i64,
    signatures: Vec<[u8; 32]>,
}

impl<'a> Signed<'a> {
    /// Parts of other names are passed over, so that a later scheme may stand beside this one.
    fn read(header: &'a str) -> Result<Self, SignatureError> {
        let (mut time, mut signatures) = (None, Vec::new());
        for part in header.split(',') {
            match part.trim().split_once('=') {
                Some(("t", text)) if time.is_none() => time = Some(text),
                Some(("t", _)) | None => return Err(SignatureError::Malformed),
                Some(("v1", hex)) => {
                    let bytes = HEXLOWER_PERMISSIVE.decode(hex.as_bytes());
                    let signature = bytes.ok().and_then(|bytes| bytes.try_into().ok());
                    signatures.push(signature.ok_or(SignatureError::Malformed)?);
                }
                Some(_) => {}
            }
        }
        let text = time.ok_or(SignatureError::Malformed)?;
        let is_number = (1..=12).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        if !is_number || signatures.is_empty() || signatures.len() > MOST_SIGNATURES {
            return Err(SignatureError::Malformed);
        }
        let seconds = text.parse().map_err(|_| SignatureError::Malformed)?;
        Ok(Self {
            text,
            seconds,
            signatures,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_767_225_600_500);
    const BODY: &[u8] = br#"{"order_id":"1"}"#;

    fn webhooks(secret: &str) -> Webhooks {
        Webhooks::new(&Secret::new(secret))
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(NOW.millis() + seconds * 1_000)
    }

    #[test]
    fn a_signature_is_what_the_documentation_says() {
        // printf '1767225600.{"order_id":"1"}' | openssl dgst -sha256 -hmac sesame
        let known = "287a51a11526058ffbb1bd1b61356e01d62007d0b759d7aadc6cc12d049aa303";
        assert_eq!(
            webhooks("sesame").sign(BODY, NOW),
            format!("t=1767225600,v1={known}")
        );
    }

    #[test]
    fn what_was_signed_is_taken() {
        let webhooks = webhooks("sesame");
        let header = webhooks.sign(BODY, NOW);
        let verified = webhooks.verify(&header, BODY, NOW).unwrap();
        assert_eq!(verified.signed_at.millis(), 1_767_225_600_000);
        let loud = header
            .to_uppercase()
            .replace("T=", "t=")
            .replace("V1=", "v1=");
        assert_eq!(webhooks.verify(&loud, BODY, NOW), Ok(verified));
        let spaced = header.replace(',', " , ");
        assert_eq!(webhooks.verify(&spaced, BODY, NOW), Ok(verified));
        let another = webhooks.sign(b"", NOW);
        let another = webhooks.verify(&another, b"", NOW).unwrap();
        assert_ne!(another.signature, verified.signature);
    }

    #[test]
    fn a_changed_body_time_or_secret_is_noticed() {
        let ours = webhooks("sesame");
        let header = ours.sign(BODY, NOW);
        let wrong = Err(SignatureError::Wrong);
        assert_eq!(ours.verify(&header, b"{}", NOW), wrong);
        assert_eq!(ours.verify(&header, &[BODY, b" "].concat(), NOW), wrong);
        assert_eq!(webhooks("sesamf").verify(&header, BODY, NOW), wrong);
        let later = header.replace("t=1767225600", "t=1767225601");
        assert_eq!(ours.verify(&later, BODY, NOW), wrong);
        let zero = header.replace("t=1767225600", "t=01767225600");
        assert_eq!(ours.verify(&zero, BODY, NOW), wrong);
    }

    #[test]
    fn a_signature_is_good_for_five_minutes_both_ways() {
        let webhooks = webhooks("sesame");
        let header = webhooks.sign(BODY, NOW);
        for seconds in [-300, -1, 0, 1, 300] {
            assert!(
                webhooks.verify(&header, BODY, at(seconds)).is_ok(),
                "{seconds}"
            );
        }
        for seconds in [-301, 301, 86_400] {
            let verified = webhooks.verify(&header, BODY, at(seconds));
            assert_eq!(verified, Err(SignatureError::OutOfTime), "{seconds}");
        }
    }

    #[test]
    fn one_good_signature_of_several_is_enough() {
        let (old, new) = (webhooks("old"), webhooks("new"));
        let of = |webhooks: &Webhooks| {
            let header = webhooks.sign(BODY, NOW);
            header.split_once(',').unwrap().1.to_owned()
        };
        let both = format!("t=1767225600,{},{},v2=later", of(&old), of(&new));
        assert!(old.verify(&both, BODY, NOW).is_ok());
        assert!(new.verify(&both, BODY, NOW).is_ok());
        let wrong = Err(SignatureError::Wrong);
        assert_eq!(webhooks("third").verify(&both, BODY, NOW), wrong);
    }

    #[test]
    fn a_header_of_another_form_is_malformed() {
        let webhooks = webhooks("sesame");
        let good = webhooks.sign(BODY, NOW);
        let hex = good.split_once("v1=").unwrap().1;
        for header in [
            String::new(),
            ",".to_owned(),
            "t=1767225600".to_owned(),
            format!("v1={hex}"),
            format!("t=,v1={hex}"),
            format!("t=+1767225600,v1={hex}"),
            format!("t=-1,v1={hex}"),
            format!("t=soon,v1={hex}"),
            format!("t=99999999999999999999,v1={hex}"),
            format!("t=1767225600,t=1767225600,v1={hex}"),
            format!("t=1767225600,v1={}", &hex[1..]),
            format!("t=1767225600,v1={hex}00"),
            format!("t=1767225600,v1=é{}", &hex[2..]),
            format!("t=1767225600,v1={hex},nonsense"),
            format!("t=1767225600{}", format!(",v1={hex}").repeat(9)),
        ] {
            let verified = webhooks.verify(&header, BODY, NOW);
            assert_eq!(verified, Err(SignatureError::Malformed), "{header}");
        }
    }

    #[test]
    fn the_secret_is_not_printed() {
        assert_eq!(format!("{:?}", webhooks("sesame")), "Webhooks { .. }");
    }
}
