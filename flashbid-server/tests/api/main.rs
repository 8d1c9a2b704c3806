//! The API over HTTP, against a server in this process.

mod accounts;
mod captchas;
mod document;
mod first_come;
mod gate;
mod guards;
mod hostile;
mod metrics;
mod operations;
mod orders;
mod outages;
mod page;
mod sale;
mod site;
mod stock;
mod stop;
mod tokens;
