//! The API over HTTP, against a server in this process.

mod accounts;
mod captchas;
mod document;
mod gate;
mod hostile;
mod metrics;
mod outages;
mod sale;
mod site;
mod stop;
mod tokens;
