//! Where log lines and traces go.

#[cfg(feature = "otel")]
mod otlp;

use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt};

use crate::config::{Config, LogFormat};
use crate::failure::Failure;

/// Whether spans of this process go to a collector.
static EXPORTING: AtomicBool = AtomicBool::new(false);

/// Whether spans of this process go to a collector.
pub(crate) fn is_exporting() -> bool {
    EXPORTING.load(Ordering::Relaxed)
}

/// A layer of any kind.
type Any = Box<dyn Layer<Registry> + Send + Sync>;

/// What takes log lines and traces until it is dropped; what was not yet exported then is.
#[derive(Debug)]
pub(crate) struct Telemetry {
    #[cfg(feature = "otel")]
    _exporter: Option<otlp::Exporter>,
}

impl Telemetry {
    /// Begins to take them. To be called before there is a runtime: the exporter's client has one of its own.
    ///
    /// # Errors
    /// A collector that cannot be exported to in this build or by this URL.
    pub(crate) fn start(config: &Config) -> Result<Self, Failure> {
        let mut layers = vec![log(config)];
        #[cfg(feature = "otel")]
        let exporter = match &config.otlp_endpoint {
            Some(endpoint) => {
                let (exporter, layer) = otlp::export(endpoint)?;
                layers.push(layer);
                Some(exporter)
            }
            None => None,
        };
        #[cfg(not(feature = "otel"))]
        if config.otlp_endpoint.is_some() {
            return Err(Failure::usage(
                "this build cannot export traces: it lacks the feature otel",
            ));
        }
        // Fails only when a program that embeds this one logs already.
        let started = tracing_subscriber::registry().with(layers).try_init();
        EXPORTING.store(
            started.is_ok() && config.otlp_endpoint.is_some(),
            Ordering::Relaxed,
        );
        Ok(Self {
            #[cfg(feature = "otel")]
            _exporter: exporter,
        })
    }
}

fn log(config: &Config) -> Any {
    let filter = EnvFilter::new(config.log.as_str());
    let lines = fmt::layer().with_writer(std::io::stderr);
    match config.log_format {
        LogFormat::Text => lines
            .with_ansi(std::io::stderr().is_terminal())
            .with_filter(filter)
            .boxed(),
        LogFormat::Json => lines
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .with_filter(filter)
            .boxed(),
    }
}
