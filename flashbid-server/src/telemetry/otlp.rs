//! Traces for an OpenTelemetry collector, by OTLP over HTTP.

use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tracing::Level;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;

use super::Any;
use crate::config::OtlpEndpoint;
use crate::failure::Failure;

/// What sends finished spans in batches, from a thread of its own. Dropping it sends the rest.
#[derive(Debug)]
pub(super) struct Exporter(SdkTracerProvider);

impl Drop for Exporter {
    fn drop(&mut self) {
        if let Err(error) = self.0.shutdown() {
            eprintln!("flashbid-server: the last traces were not exported: {error}");
        }
    }
}

/// Exports to `endpoint`. A request that is part of a client's trace is traced when the client says so, any other
/// always.
pub(super) fn export(endpoint: &OtlpEndpoint) -> Result<(Exporter, Any), Failure> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_endpoint(endpoint.traces())
        .build()
        .map_err(|error| Failure::usage(format!("cannot export traces: {error}")))?;
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::AlwaysOn)))
        .with_resource(
            Resource::builder()
                .with_service_name("flashbid-server")
                .with_attribute(opentelemetry::KeyValue::new(
                    "service.version",
                    env!("CARGO_PKG_VERSION"),
                ))
                .build(),
        )
        .build();
    // Our own spans only: those of the exporter's client would be exported by the client, and so on.
    let ours = Targets::new()
        .with_target("flashbid_server", Level::INFO)
        .with_target("flashbid_core", Level::INFO);
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("flashbid-server"))
        .with_filter(ours)
        .boxed();
    Ok((Exporter(provider), layer))
}
