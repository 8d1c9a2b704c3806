//! Amounts: whatever a text says, it is read exactly or refused.

use flashbid_core::money::Money;

/// Reads `text` as an amount and holds the answer against a reader of plain digits.
pub fn check(text: &str) {
    let read = text.parse::<Money>();
    if let Ok(amount) = read {
        assert!(amount >= Money::ZERO && amount <= Money::MAX);
        let spelled = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
        assert!(text.bytes().all(spelled), "{text:?} was read as {amount}");
        assert_eq!(amount.to_string().parse(), Ok(amount), "{text:?}");
    }
    if is_plain(text) {
        let expected = units(text).and_then(|units| Money::from_ten_thousandths(units).ok());
        assert_eq!(read.ok(), expected, "{text:?}");
    }
}

/// Whether `text` is a number in plain digits, few enough that no reader may refuse it for its length.
fn is_plain(text: &str) -> bool {
    let (whole, fraction) = split(text);
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole) && digits(fraction) && whole.len() + fraction.len() <= 28
}

/// The ten-thousandths of a number in plain digits, when it is a whole number of them.
fn units(text: &str) -> Option<i64> {
    let (whole, fraction) = split(text);
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > 4 {
        return None;
    }
    format!("{whole}{fraction:0<4}").parse().ok()
}

fn split(text: &str) -> (&str, &str) {
    text.split_once('.').unwrap_or((text, "0"))
}
