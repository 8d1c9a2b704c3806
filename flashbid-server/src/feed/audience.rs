//! Who watches one campaign, and who waits to be let in.

use std::collections::HashMap;

use axum::extract::ws::Utf8Bytes;
use flashbid_core::id::BidderId;
use flashbid_core::rank::Sequence;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Notice;

/// Somebody who wants to watch.
#[derive(Debug)]
pub(super) struct Join {
    /// The last position the watcher knows of; `None` for a snapshot.
    pub(super) since: Option<Sequence>,
    pub(super) member: Member,
}

/// The task's end of one watcher.
#[derive(Debug)]
pub(super) struct Member {
    user: BidderId,
    queue: mpsc::Sender<Notice>,
    overrun: CancellationToken,
    /// Up to where the last ranking goes that it was told.
    pub(super) ranked: Sequence,
}

impl Member {
    pub(super) fn new(
        user: BidderId,
        queue: mpsc::Sender<Notice>,
        overrun: CancellationToken,
    ) -> Self {
        Self {
            user,
            queue,
            overrun,
            ranked: Sequence::ZERO,
        }
    }

    fn is_there(&self) -> bool {
        !self.queue.is_closed()
    }

    /// Whether the watcher is still there and has room for `notice`.
    pub(super) fn offer(&self, notice: Notice) -> bool {
        match self.queue.try_send(notice) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Closed(_)) => false,
            Err(mpsc::error::TrySendError::Full(_)) => {
                tracing::debug!(user = %self.user, "dropped a watcher that does not keep up");
                self.overrun.cancel();
                false
            }
        }
    }
}

/// Everybody at one campaign's task.
#[derive(Debug)]
pub(super) struct Audience {
    joins: mpsc::UnboundedReceiver<Join>,
    joining: Vec<Join>,
    members: HashMap<BidderId, Vec<Member>>,
}

impl Audience {
    pub(super) fn new(first: Join, joins: mpsc::UnboundedReceiver<Join>) -> Self {
        Self {
            joins,
            joining: vec![first],
            members: HashMap::new(),
        }
    }

    /// Ends when somebody has come. May be dropped and called again: nobody is lost.
    pub(super) async fn arrival(&mut self) {
        match self.joins.recv().await {
            Some(join) => self.joining.push(join),
            None => std::future::pending().await,
        }
    }

    /// Takes in everybody who has come meanwhile, and answers whether anybody had.
    pub(super) fn gather(&mut self) -> bool {
        let before = self.joining.len();
        while let Ok(join) = self.joins.try_recv() {
            self.joining.push(join);
        }
        self.joining.len() > before
    }

    /// Whether everybody has left.
    pub(super) fn is_deserted(&mut self) -> bool {
        self.members.retain(|_, members| {
            members.retain(Member::is_there);
            !members.is_empty()
        });
        self.joining.retain(|join| join.member.is_there());
        self.members.is_empty() && self.joining.is_empty()
    }

    pub(super) fn is_anyone_waiting(&self) -> bool {
        !self.joining.is_empty()
    }

    /// Takes who waits: each is let in or forgotten.
    pub(super) fn take_waiting(&mut self) -> Vec<Join> {
        std::mem::take(&mut self.joining)
    }

    pub(super) fn let_in(&mut self, member: Member) {
        self.members.entry(member.user).or_default().push(member);
    }

    pub(super) fn members(&self) -> impl Iterator<Item = &Member> {
        self.members.values().flatten()
    }

    /// Keeps the members of whom `is_kept` says so.
    pub(super) fn retain(&mut self, mut is_kept: impl FnMut(&mut Member) -> bool) {
        for members in self.members.values_mut() {
            members.retain_mut(&mut is_kept);
        }
    }

    /// Tells everybody.
    pub(super) fn tell(&mut self, notice: &Notice) {
        self.retain(|member| member.offer(notice.clone()));
    }

    /// Tells one user what `text` makes, if it watches.
    pub(super) fn tell_user(&mut self, user: BidderId, text: impl FnOnce() -> Utf8Bytes) {
        if let Some(members) = self.members.get_mut(&user) {
            let notice = Notice::Text(text());
            members.retain(|member| member.offer(notice.clone()));
        }
    }

    /// Lets everybody go, and tells them why.
    pub(super) fn dismiss(&mut self, notice: &Notice) {
        self.tell(notice);
        self.members.clear();
    }
}
