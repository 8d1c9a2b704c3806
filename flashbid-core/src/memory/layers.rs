/// The four layers that each stop an oversell by themselves. All are on; a test may switch some off to show what each
/// stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four switches that are set in every combination"
)]
pub struct Layers {
    /// The ledger refuses a token older than the newest that it saw.
    pub fence: bool,
    /// The stock gate counts what it gives away.
    pub counter: bool,
    /// The ledger holds the campaign's row from reading it to writing it.
    pub row_lock: bool,
    /// The ledger writes only over the version and phase that the plan was made from, within stock and quota, and one
    /// order a bidder.
    pub constraints: bool,
}

impl Layers {
    /// Every layer on.
    pub const ALL: Self = Self {
        fence: true,
        counter: true,
        row_lock: true,
        constraints: true,
    };
}

impl Default for Layers {
    fn default() -> Self {
        Self::ALL
    }
}
