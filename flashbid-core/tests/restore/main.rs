//! A hot store that was lost, or that fell back to an older copy of itself, costs nothing that was acknowledged under
//! `Durability::Ledger`; and no disaster at any step of placing a bid makes it count twice or not at all.

mod books;
mod placing;
mod stores;
