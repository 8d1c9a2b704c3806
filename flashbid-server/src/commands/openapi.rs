use super::say;
use crate::failure::Failure;
use crate::routes;

/// Prints the document that the server publishes.
#[expect(clippy::unnecessary_wraps, reason = "every command may fail")]
pub(crate) fn run() -> Result<(), Failure> {
    let (_, document) = routes::all().split_for_parts();
    let document = document.to_pretty_json();
    say(document.expect("a document has only texts, numbers and lists of them"));
    Ok(())
}
