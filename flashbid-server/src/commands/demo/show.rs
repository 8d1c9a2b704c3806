//! What a person sees of the sale: a picture that is drawn in place at a terminal, a line now and then elsewhere.

use std::collections::{HashMap, VecDeque};
use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};
use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use super::client::Order;
use super::follow::{Line, Live, Stock};
use crate::commands::say;

/// The best that are shown.
const SHOWN: usize = 10;

/// The width of the picture.
const WIDTH: usize = 74;

/// Over what time bids are counted for the bids a second.
const RATE_OVER: Duration = Duration::from_secs(3);

const BOLD: &str = "1";
const DIM: &str = "2";
const GREEN: &str = "32";
const YELLOW: &str = "33";

/// One moment of the sale.
#[derive(Clone, Debug)]
pub(super) struct View {
    pub(super) address: String,
    pub(super) units: u32,
    pub(super) reserve: u32,
    pub(super) length: Duration,
    pub(super) left: Duration,
    pub(super) live: Live,
    /// Of the sale beside it.
    pub(super) stock: Option<Stock>,
    pub(super) refused: u64,
    pub(super) failed: u64,
}

/// Where the sale is shown. Leaves a terminal as it was when it is dropped.
#[derive(Debug)]
pub(super) struct Screen {
    is_terminal: bool,
    has_colours: bool,
    /// Whether the terminal shows the picture instead of what was there.
    is_open: bool,
    counted: VecDeque<(Instant, u64)>,
}

impl Screen {
    pub(super) fn new() -> Self {
        let is_terminal = std::io::stdout().is_terminal();
        Self {
            is_terminal,
            has_colours: is_terminal && std::env::var_os("NO_COLOR").is_none(),
            is_open: false,
            counted: VecDeque::new(),
        }
    }

    /// How often to show.
    pub(super) fn period(&self) -> Duration {
        if self.is_terminal {
            Duration::from_millis(200)
        } else {
            Duration::from_secs(5)
        }
    }

    /// Shows that `done` of `all` are done.
    pub(super) fn progress(&mut self, what: &str, done: usize, all: usize) {
        if self.is_terminal {
            let bar = bar(done, all, 24);
            let end = if done == all { "\n" } else { "" };
            put(&format!("\r\x1b[K{what}  {bar}  {done}/{all}{end}"));
        } else if done == all || done.is_multiple_of(100) {
            say(format_args!("{what}: {done}/{all}"));
        }
    }

    pub(super) fn show(&mut self, view: &View) {
        let rate = self.rate(view.live.bids);
        if !self.is_terminal {
            say(summary(view, rate));
            return;
        }
        // Each line is placed by itself and none is wrapped, so that a small terminal shows what it can.
        let mut picture = String::new();
        if !self.is_open {
            picture.push_str("\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J");
            self.is_open = true;
        }
        for (row, text) in self.picture(view, rate).iter().enumerate() {
            let _ = write!(picture, "\x1b[{};1H{text}\x1b[K", row + 1);
        }
        put(&picture);
    }

    /// Bids a second over the last moments.
    fn rate(&mut self, bids: u64) -> u64 {
        let now = Instant::now();
        self.counted.push_back((now, bids));
        while self.counted.len() > 2 && now - self.counted[1].0 >= RATE_OVER {
            self.counted.pop_front();
        }
        let (since, before) = self.counted[0];
        let millis = u64::try_from((now - since).as_millis()).unwrap_or(u64::MAX);
        (bids.saturating_sub(before) * 1_000)
            .checked_div(millis)
            .unwrap_or(0)
    }

    fn picture(&self, view: &View, rate: u64) -> Vec<String> {
        let live = &view.live;
        let is_late = view.left < view.length / 5;
        let clock_colour = if is_late { YELLOW } else { BOLD };
        let elapsed = view.length.saturating_sub(view.left);
        let (done, all) = (elapsed.as_millis(), view.length.as_millis().max(1));
        let done = usize::try_from(done * 1_000 / all).unwrap_or(0);
        let mut lines = vec![
            String::new(),
            format!(
                "  {}{:>width$}",
                self.paint(BOLD, "FlashBid demo"),
                format!("Open {} in a browser", view.address),
                width = WIDTH - 13
            ),
            format!(
                "  {}",
                self.paint(
                    DIM,
                    &format!(
                        "Aurora lamp, numbered edition · {} units · reserve price {}.00",
                        view.units, view.reserve
                    )
                )
            ),
            String::new(),
            format!(
                "  {}   {}",
                self.paint(clock_colour, &format!("{:<18}", countdown(view.left))),
                bar(done, 1_000, WIDTH - 21)
            ),
            String::new(),
            format!(
                "  {}{}{}{}",
                self.figure(&grouped(live.participants), "bidders"),
                self.figure(&grouped(live.bids), "bids"),
                self.figure(&grouped(rate), "bids a second"),
                live.line.map_or_else(String::new, |line| {
                    self.figure(&format!("{line:.2}"), "to win")
                }),
            ),
            String::new(),
            self.paint(
                DIM,
                &format!(
                    "  {:>4}  {:<28}{:>18}{:>20}",
                    "rank", "bidder", "price", "score"
                ),
            ),
        ];
        for place in 0..SHOWN {
            lines.push(match live.top.get(place) {
                Some(standing) => self.standing(standing),
                None => self.paint(DIM, &format!("  {:>4}  ·", place + 1)),
            });
        }
        lines.push(String::new());
        let mut rest = format!("  {} more winning", live.top.len().saturating_sub(SHOWN));
        if live.top.len() <= SHOWN {
            rest.clear();
        }
        if view.refused + view.failed > 0 {
            let _ = write!(
                rest,
                "  {} refused, {} without an answer",
                view.refused, view.failed
            );
        }
        lines.push(self.paint(DIM, &rest));
        lines.push(format!("  {}", view.stock.map_or_else(String::new, shop)));
        lines.push(self.paint(DIM, "  Ctrl-C stops the demo and the server"));
        lines
    }

    fn standing(&self, standing: &Line) -> String {
        let text = format!(
            "  {:>4}  {:<28}{:>18}{:>20}",
            standing.rank,
            fitted(standing.username.as_deref().unwrap_or("–"), 27),
            format!("{:.2}", standing.price),
            format!("{:.2}", standing.score),
        );
        if standing.rank == 1 {
            self.paint(GREEN, &text)
        } else {
            text
        }
    }

    fn figure(&self, number: &str, what: &str) -> String {
        let width = (WIDTH / 4).saturating_sub(number.chars().count() + 1);
        format!("{} {what:<width$}", self.paint(BOLD, number))
    }

    fn paint(&self, colour: &str, text: &str) -> String {
        if self.has_colours && !text.is_empty() {
            format!("\x1b[{colour}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if self.is_open {
            put("\x1b[?7h\x1b[?25h\x1b[?1049l");
        }
    }
}

/// Shows who got a unit.
pub(super) fn winners(orders: &[Order], names: &HashMap<Uuid, String>) {
    say("Winners");
    say(format_args!(
        "  {:>4}  {:<28}{:>18}{:>20}",
        "rank", "bidder", "price", "score"
    ));
    for order in orders {
        let name = names.get(&order.bidder).map_or("–", String::as_str);
        say(format_args!(
            "  {:>4}  {:<28}{:>18}{:>20}",
            order.rank,
            fitted(name, 27),
            format!("{:.2}", order.price),
            format!("{:.2}", order.score),
        ));
    }
}

/// How the sale at a fixed price goes.
fn shop(stock: Stock) -> String {
    format!(
        "Meridian headphones: {} left, {} to be paid, {} sold",
        stock.available, stock.held, stock.sold
    )
}

fn summary(view: &View, rate: u64) -> String {
    let live = &view.live;
    let mut summary = format!(
        "{:<18} {:>4} bidders  {:>7} bids  {:>4} a second",
        countdown(view.left),
        live.participants,
        grouped(live.bids),
        rate
    );
    if let Some(best) = live.top.first() {
        let name = best.username.as_deref().unwrap_or("–");
        let _ = write!(summary, "  leading: {name} with {:.2}", best.price);
    }
    if let Some(stock) = view.stock {
        let _ = write!(summary, "  headphones left: {}", stock.available);
    }
    summary
}

fn countdown(left: Duration) -> String {
    if left.is_zero() {
        return "over, settling".to_owned();
    }
    // Rounded up: the last second is shown as one.
    let seconds = left.as_millis().div_ceil(1_000);
    let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
    if hours > 0 {
        format!("ends in {hours}:{minutes:02}:{:02}", seconds % 60)
    } else {
        format!("ends in {minutes:02}:{:02}", seconds % 60)
    }
}

fn bar(done: usize, all: usize, width: usize) -> String {
    let full = (done * width).checked_div(all).unwrap_or(0).min(width);
    "━".repeat(full) + &"╌".repeat(width - full)
}

/// A number with its thousands set apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

fn fitted(name: &str, width: usize) -> String {
    if name.chars().count() <= width {
        return name.to_owned();
    }
    let mut fitted: String = name.chars().take(width - 1).collect();
    fitted.push('…');
    fitted
}

/// Prints at once. That nobody reads it is no reason to end.
fn put(text: &str) {
    let mut out = std::io::stdout();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(left: u64) -> View {
        let line = |rank| Line {
            rank,
            username: Some(format!("A name that is longer than its column {rank}")),
            score: "1234.5678".parse().unwrap(),
            price: "999.5".parse().unwrap(),
        };
        View {
            address: "http://127.0.0.1:8000".to_owned(),
            units: 12,
            reserve: 100,
            length: Duration::from_mins(3),
            left: Duration::from_secs(left),
            live: Live {
                top: (1..=12).map(line).collect(),
                participants: 287,
                bids: 12_345,
                line: "1010.1".parse().ok(),
                stock: None,
                is_over: false,
            },
            stock: Some(Stock {
                available: 12_000,
                held: 1_000,
                sold: 345_678,
            }),
            refused: 0,
            failed: 0,
        }
    }

    #[test]
    fn the_picture_keeps_its_width_and_its_height() {
        let screen = Screen {
            is_terminal: true,
            has_colours: false,
            is_open: false,
            counted: VecDeque::new(),
        };
        let mut early = view(180);
        early.live = Live::default();
        early.stock = None;
        for view in [early, view(90), view(0)] {
            let picture = screen.picture(&view, 99_999);
            assert_eq!(picture.len(), 23);
            for line in picture {
                assert!(line.chars().count() <= WIDTH + 2, "{line}");
            }
        }
    }

    #[test]
    fn the_last_second_is_shown_as_one() {
        assert_eq!(countdown(Duration::from_millis(1)), "ends in 00:01");
        assert_eq!(countdown(Duration::from_millis(59_001)), "ends in 01:00");
        assert_eq!(countdown(Duration::from_secs(3_661)), "ends in 1:01:01");
        assert_eq!(countdown(Duration::ZERO), "over, settling");
    }

    #[test]
    fn thousands_are_set_apart() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(grouped(number), text);
        }
    }
}
