use flashbid_core::{Error, Rejection};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

/// What became of a bid or of a purchase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Accepted,
    Held,
    PriceTooLow,
    SoldOut,
    LimitReached,
    NotStarted,
    Ended,
    KeyReused,
    NoTicket,
    WrongFormat,
    HoldEnded,
    UnknownCampaign,
    Overloaded,
    StoreError,
    Other,
}

/// What may become of a bid.
pub(super) const BIDS: &[Outcome] = &[
    Outcome::Accepted,
    Outcome::PriceTooLow,
    Outcome::NotStarted,
    Outcome::Ended,
    Outcome::KeyReused,
    Outcome::NoTicket,
    Outcome::WrongFormat,
    Outcome::UnknownCampaign,
    Outcome::Overloaded,
    Outcome::StoreError,
    Outcome::Other,
];

/// What may become of a purchase.
pub(super) const PURCHASES: &[Outcome] = &[
    Outcome::Held,
    Outcome::SoldOut,
    Outcome::LimitReached,
    Outcome::HoldEnded,
    Outcome::NotStarted,
    Outcome::Ended,
    Outcome::KeyReused,
    Outcome::NoTicket,
    Outcome::WrongFormat,
    Outcome::UnknownCampaign,
    Outcome::Overloaded,
    Outcome::StoreError,
    Outcome::Other,
];

/// One counter an outcome, looked up once: a bid costs no search for its counter.
#[derive(Debug)]
pub(super) struct Outcomes(Vec<(Outcome, Counter)>);

impl Outcomes {
    /// A counter in `family` for each of `outcomes`, the last of which stands for all others.
    pub(super) fn new(family: &Family<OfOutcome, Counter>, outcomes: &[Outcome]) -> Self {
        let counter = |outcome: &Outcome| {
            let labels = OfOutcome {
                outcome: outcome.name(),
            };
            (*outcome, family.get_or_create_owned(&labels))
        };
        Self(outcomes.iter().map(counter).collect())
    }

    pub(super) fn count(&self, outcome: Outcome) {
        let known = self.0.iter().find(|(known, _)| *known == outcome);
        if let Some((_, counter)) = known.or(self.0.last()) {
            counter.inc();
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct OfOutcome {
    outcome: &'static str,
}

impl Outcome {
    pub(super) const fn of_bid<T>(placed: &Result<T, Error>) -> Self {
        match placed {
            Ok(_) => Self::Accepted,
            Err(error) => Self::of_failure(error),
        }
    }

    pub(super) const fn of_purchase<T>(held: &Result<T, Error>) -> Self {
        match held {
            Ok(_) => Self::Held,
            Err(error) => Self::of_failure(error),
        }
    }

    const fn of_failure(error: &Error) -> Self {
        match error {
            Error::Overloaded => Self::Overloaded,
            Error::Store(_) => Self::StoreError,
            Error::Rejected(rejection) => match rejection {
                Rejection::PriceTooLow { .. } => Self::PriceTooLow,
                Rejection::SoldOut => Self::SoldOut,
                Rejection::LimitReached => Self::LimitReached,
                Rejection::NotStarted { .. } => Self::NotStarted,
                Rejection::Ended => Self::Ended,
                Rejection::KeyReused => Self::KeyReused,
                Rejection::TicketSpent | Rejection::TicketMissing => Self::NoTicket,
                Rejection::WrongFormat => Self::WrongFormat,
                Rejection::HoldEnded => Self::HoldEnded,
                Rejection::UnknownCampaign => Self::UnknownCampaign,
                _ => Self::Other,
            },
            _ => Self::Other,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Held => "held",
            Self::PriceTooLow => "price_too_low",
            Self::SoldOut => "sold_out",
            Self::LimitReached => "limit_reached",
            Self::NotStarted => "not_started",
            Self::Ended => "ended",
            Self::KeyReused => "key_reused",
            Self::NoTicket => "no_token",
            Self::WrongFormat => "wrong_format",
            Self::HoldEnded => "hold_ended",
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
            (Rejection::SoldOut.into(), "sold_out"),
            (Rejection::LimitReached.into(), "limit_reached"),
            (Rejection::NotStarted { start }.into(), "not_started"),
            (Rejection::Ended.into(), "ended"),
            (Rejection::KeyReused.into(), "key_reused"),
            (Rejection::UnknownCampaign.into(), "unknown_campaign"),
            (Rejection::EmptyQuota.into(), "other"),
            (Error::Overloaded, "overloaded"),
            (store.into(), "store_error"),
        ] {
            assert_eq!(Outcome::of_bid::<()>(&Err(error.clone())).name(), name);
            assert_eq!(Outcome::of_purchase::<()>(&Err(error)).name(), name);
        }
        assert_eq!(Outcome::of_bid(&Ok(())).name(), "accepted");
        assert_eq!(Outcome::of_purchase(&Ok(())).name(), "held");
    }

    #[test]
    fn an_outcome_that_has_no_counter_is_another_one() {
        let family = Family::default();
        let bids = Outcomes::new(&family, BIDS);
        bids.count(Outcome::Ended);
        bids.count(Outcome::SoldOut);
        for (outcome, count) in [("ended", 1), ("other", 1), ("accepted", 0)] {
            assert_eq!(family.get_or_create(&OfOutcome { outcome }).get(), count);
        }
    }
}
