//! The notices of what does not agree.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};

use uuid::Uuid;

use crate::discrepancy::{Discrepancy, DiscrepancyKind};
use crate::id::CampaignId;
use crate::time::Timestamp;

#[derive(Debug, Default)]
pub(super) struct Notices {
    /// As they were noted.
    all: Vec<Discrepancy>,
    /// Places of those that last.
    open: BTreeMap<(CampaignId, Subject), usize>,
}

type Subject = (DiscrepancyKind, Uuid);

impl Notices {
    /// Opens what is new and resolves what is gone; answers how many were opened.
    pub(super) fn note(
        &mut self,
        campaign: CampaignId,
        found: &[Discrepancy],
        at: Timestamp,
    ) -> usize {
        let before = self.all.len();
        let mut lasting = HashSet::new();
        for discrepancy in found {
            let subject = (discrepancy.kind, discrepancy.subject);
            lasting.insert(subject);
            self.open.entry((campaign, subject)).or_insert_with(|| {
                self.all.push(Discrepancy {
                    campaign,
                    noticed_at: at,
                    resolved_at: None,
                    ..discrepancy.clone()
                });
                self.all.len() - 1
            });
        }
        let gone = |of: &(CampaignId, Subject)| of.0 == campaign && !lasting.contains(&of.1);
        self.open.retain(|of, place| {
            if gone(of) {
                self.all[*place].resolved_at = Some(at);
            }
            !gone(of)
        });
        self.all.len() - before
    }

    pub(super) fn newest_first(&self, open: bool) -> Vec<&Discrepancy> {
        let all = self.all.iter().enumerate();
        let mut noticed: Vec<_> = all
            .filter(|(_, one)| !open || one.resolved_at.is_none())
            .collect();
        noticed.sort_unstable_by_key(|(place, one)| Reverse((one.noticed_at, *place)));
        noticed.into_iter().map(|(_, one)| one).collect()
    }
}
