use std::fmt;
use std::str::FromStr;

/// An email address, trimmed and in small letters: the same person typing it twice gives the same address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Email(String);

/// A text that is no email address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an email address")]
pub struct InvalidEmail;

impl Email {
    /// The address as a text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Email {
    type Err = InvalidEmail;

    /// Takes the ASCII addresses of RFC 5321 without quoted local parts, at most 254 characters.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let (local, domain) = text.split_once('@').ok_or(InvalidEmail)?;
        let is_sane = text.len() <= 254
            && (1..=64).contains(&local.len())
            && local.split('.').all(is_atom)
            && domain.split('.').all(is_label);
        if is_sane {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(InvalidEmail)
        }
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_atom(part: &str) -> bool {
    let is_text = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~-".contains(&byte);
    !part.is_empty() && part.bytes().all(is_text)
}

fn is_label(part: &str) -> bool {
    (1..=63).contains(&part.len())
        && part
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !part.starts_with('-')
        && !part.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_address_are_one_address() {
        let email: Email = "ada@example.com".parse().unwrap();
        for spelling in [" Ada@Example.COM ", "ADA@EXAMPLE.COM\n"] {
            assert_eq!(spelling.parse(), Ok(email.clone()));
        }
    }

    #[test]
    fn addresses_are_told_from_other_texts() {
        for good in [
            "a@b",
            "user0001@test.com",
            "o'neil+tag@a-b.c.example",
            "admin@localhost",
        ] {
            assert!(good.parse::<Email>().is_ok(), "{good}");
        }
        let long = format!("{}@example.com", "a".repeat(65));
        let longer = format!("a@{}", "a.".repeat(150));
        for bad in [
            "",
            "@",
            "a@",
            "@b",
            "a",
            "a@b@c",
            "a b@c",
            "a@b c",
            "a..b@c",
            ".a@b",
            "a@-b",
            "a@b..c",
            "a@b.",
            "a\0@b",
            "ä@b",
            "a@ä",
            "\"a\"@b",
            "a@b\r\nBcc: c@d",
            &long,
            &longer,
        ] {
            assert_eq!(bad.parse::<Email>(), Err(InvalidEmail), "{bad:?}");
        }
    }
}
