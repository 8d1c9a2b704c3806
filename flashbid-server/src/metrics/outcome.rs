use flashbid_core::{Error, Rejection};

/// What became of a bid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Accepted,
    PriceTooLow,
    NotStarted,
    Ended,
    KeyReused,
    UnknownCampaign,
    Overloaded,
    StoreError,
    Other,
}

impl Outcome {
    /// Every outcome, in the order of its discriminants.
    pub(super) const ALL: [Self; 9] = [
        Self::Accepted,
        Self::PriceTooLow,
        Self::NotStarted,
        Self::Ended,
        Self::KeyReused,
        Self::UnknownCampaign,
        Self::Overloaded,
        Self::StoreError,
        Self::Other,
    ];

    pub(super) const fn of<T>(placed: &Result<T, Error>) -> Self {
        match placed {
            Ok(_) => Self::Accepted,
            Err(Error::Overloaded) => Self::Overloaded,
            Err(Error::Store(_)) => Self::StoreError,
            Err(Error::Rejected(rejection)) => match rejection {
                Rejection::PriceTooLow { .. } => Self::PriceTooLow,
                Rejection::NotStarted { .. } => Self::NotStarted,
                Rejection::Ended => Self::Ended,
                Rejection::KeyReused => Self::KeyReused,
                Rejection::UnknownCampaign => Self::UnknownCampaign,
                _ => Self::Other,
            },
            Err(_) => Self::Other,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::PriceTooLow => "price_too_low",
            Self::NotStarted => "not_started",
            Self::Ended => "ended",
            Self::KeyReused => "key_reused",
            Self::UnknownCampaign => "unknown_campaign",
            Self::Overloaded => "overloaded",
            Self::StoreError => "store_error",
            Self::Other => "other",
        }
    }
}

#[cfg(test)]
mod tests {
    use flashbid_core::time::Timestamp;
    use flashbid_core::{StoreError, StoreErrorKind};

    use super::*;

    #[test]
    fn each_answer_of_the_engine_has_its_outcome() {
        let minimum = "1".parse().unwrap();
        let start = Timestamp::from_millis(0);
        let store = StoreError::new("sqlite", "record", StoreErrorKind::Indeterminate);
        for (error, name) in [
            (Rejection::PriceTooLow { minimum }.into(), "price_too_low"),
            (Rejection::NotStarted { start }.into(), "not_started"),
            (Rejection::Ended.into(), "ended"),
            (Rejection::KeyReused.into(), "key_reused"),
            (Rejection::UnknownCampaign.into(), "unknown_campaign"),
            (Rejection::SoldOut.into(), "other"),
            (Error::Overloaded, "overloaded"),
            (store.into(), "store_error"),
        ] {
            assert_eq!(Outcome::of::<()>(&Err(error)).name(), name);
        }
        assert_eq!(Outcome::of(&Ok(())).name(), "accepted");
    }

    #[test]
    fn outcomes_are_listed_where_their_discriminants_point() {
        for (index, outcome) in Outcome::ALL.into_iter().enumerate() {
            assert_eq!(outcome as usize, index, "{outcome:?}");
        }
    }
}
