//! A campaign as bytes, for the nodes of one deployment. A copy that cannot be read counts as none.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::campaign::{
    Campaign, FencingToken, Format, Guards, Phase, Rebid, RunnersUp, Terms, Window,
};
use crate::id::{CampaignId, ProductId};
use crate::money::{Coefficient, Money};
use crate::score::Weights;
use crate::stock::{Level, Units};
use crate::time::Timestamp;

#[derive(Serialize, Deserialize)]
struct Copy {
    id: CampaignId,
    product: ProductId,
    format: CopiedFormat,
    starts_at: i64,
    ends_at: i64,
    quota: u32,
    min_price: i64,
    payment_deadline: Duration,
    runners_up: Option<(u32, Duration)>,
    phase: u8,
    version: u64,
    fence: u64,
    stock: [u32; 3],
    returned: u32,
    ticket: bool,
    captcha: bool,
    created_at: i64,
}

#[derive(Serialize, Deserialize)]
enum CopiedFormat {
    Ranked { weights: [i64; 3], best: bool },
    FirstCome { price: i64, per_buyer: Option<u32> },
}

const PHASES: [Phase; 5] = [
    Phase::Scheduled,
    Phase::Open,
    Phase::Sealing,
    Phase::Settled,
    Phase::Cancelled,
];

pub(super) fn encode(campaign: &Campaign) -> Vec<u8> {
    let Terms {
        format,
        window,
        quota,
        min_price,
        payment_deadline,
        runners_up,
    } = campaign.terms;
    let format = match format {
        Format::Ranked { weights, rebid } => CopiedFormat::Ranked {
            weights: [weights.alpha(), weights.beta(), weights.gamma()]
                .map(Coefficient::ten_thousandths),
            best: rebid == Rebid::Best,
        },
        Format::FirstCome { price, per_buyer } => CopiedFormat::FirstCome {
            price: price.ten_thousandths(),
            per_buyer: per_buyer.map(Units::get),
        },
    };
    let place = PHASES.iter().position(|phase| *phase == campaign.phase);
    let Level {
        available,
        held,
        sold,
    } = campaign.stock;
    let copy = Copy {
        id: campaign.id,
        product: campaign.product,
        format,
        starts_at: window.start().millis(),
        ends_at: window.end().millis(),
        quota: quota.get(),
        min_price: min_price.ten_thousandths(),
        payment_deadline,
        runners_up: runners_up.map(|terms| (terms.places, terms.payment_deadline)),
        phase: place
            .and_then(|place| u8::try_from(place).ok())
            .unwrap_or(u8::MAX),
        version: campaign.version,
        fence: campaign.fence.get(),
        stock: [available, held, sold].map(Units::get),
        returned: campaign.returned.get(),
        ticket: campaign.guards.ticket,
        captcha: campaign.guards.captcha,
        created_at: campaign.created_at.millis(),
    };
    serde_json::to_vec(&copy).expect("a copy is numbers and ids only")
}

pub(super) fn decode(bytes: &[u8]) -> Option<Campaign> {
    let copy: Copy = serde_json::from_slice(bytes).ok()?;
    let at = Timestamp::from_millis;
    let money = |units| Money::from_ten_thousandths(units).ok();
    let format = match copy.format {
        CopiedFormat::Ranked { weights, best } => {
            let factor = |units| Coefficient::from_ten_thousandths(units).ok();
            let [alpha, beta, gamma] = weights.map(factor);
            Format::Ranked {
                weights: Weights::new(alpha?, beta?, gamma?).ok()?,
                rebid: if best { Rebid::Best } else { Rebid::Latest },
            }
        }
        CopiedFormat::FirstCome { price, per_buyer } => Format::FirstCome {
            price: money(price)?,
            per_buyer: match per_buyer {
                Some(most) => Some(Units::new(most)?),
                None => None,
            },
        },
    };
    let [available, held, sold] = copy.stock.map(Units::new);
    Some(Campaign {
        id: copy.id,
        product: copy.product,
        terms: Terms {
            format,
            window: Window::new(at(copy.starts_at), at(copy.ends_at)).ok()?,
            quota: Units::new(copy.quota)?,
            min_price: money(copy.min_price)?,
            payment_deadline: copy.payment_deadline,
            runners_up: copy.runners_up.map(|(places, payment_deadline)| RunnersUp {
                places,
                payment_deadline,
            }),
        },
        phase: *PHASES.get(usize::from(copy.phase))?,
        version: copy.version,
        fence: FencingToken::new(copy.fence),
        stock: Level {
            available: available?,
            held: held?,
            sold: sold?,
        },
        returned: Units::new(copy.returned)?,
        guards: Guards {
            ticket: copy.ticket,
            captcha: copy.captcha,
        },
        created_at: at(copy.created_at),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn campaign(format: Format) -> Campaign {
        let at = Timestamp::from_millis;
        let units = |count| Units::new(count).unwrap();
        Campaign {
            phase: Phase::Sealing,
            version: 7,
            fence: FencingToken::new(u64::MAX),
            stock: Level {
                available: units(1),
                held: units(2),
                sold: units(3),
            },
            returned: units(4),
            guards: Guards {
                ticket: true,
                captcha: false,
            },
            ..Campaign::scheduled(
                uuid::Uuid::from_u128(1).into(),
                uuid::Uuid::from_u128(2).into(),
                Terms {
                    format,
                    window: Window::new(at(-5), at(i64::MAX)).unwrap(),
                    quota: units(10),
                    min_price: Money::MAX,
                    payment_deadline: Duration::from_millis(1),
                    runners_up: Some(RunnersUp {
                        places: u32::MAX,
                        payment_deadline: Duration::from_mins(1),
                    }),
                },
                at(9),
            )
        }
    }

    #[test]
    fn a_copy_reads_back() {
        let factor = |text: &str| text.parse().unwrap();
        let ranked = Format::Ranked {
            weights: Weights::new(factor("1"), factor("1000"), factor("0.0001")).unwrap(),
            rebid: Rebid::Best,
        };
        let first_come = Format::FirstCome {
            price: "12.34".parse().unwrap(),
            per_buyer: Some(Units::ONE),
        };
        let unlimited = Format::FirstCome {
            price: Money::ZERO,
            per_buyer: None,
        };
        for format in [ranked, first_come, unlimited] {
            let campaign = campaign(format);
            assert_eq!(decode(&encode(&campaign)), Some(campaign));
        }
    }

    #[test]
    fn what_is_no_copy_is_none() {
        for bytes in [&b""[..], b"{}", b"null", b"\xff\x00"] {
            assert_eq!(decode(bytes), None);
        }
    }
}
