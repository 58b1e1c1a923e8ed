//! What both listeners count of their requests: by route, method and status, and how long they took.
//!
//! Labels come from the router's own paths, so their number is bounded whatever clients ask for.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

use axum::http::{Method, StatusCode};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode_registry;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// The counters; cheap to clone.
#[derive(Clone)]
pub(crate) struct Traffic(Arc<Inner>);

struct Inner {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    durations: Family<RouteLabels, Histogram>,
    in_flight: Gauge,
}

/// A request that runs. Dropped without [`Timer::end`] (the client went away), it is not counted as answered.
pub(crate) struct Timer<'a> {
    traffic: &'a Inner,
    begun: Instant,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: String,
}

const BUCKETS_S: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

impl Traffic {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("sambac_http");
        let requests = Family::default();
        let durations: Family<RouteLabels, Histogram> = Family::new_with_constructor(|| Histogram::new(BUCKETS_S));
        let in_flight = Gauge::default();
        registry.register("requests", "Requests answered", requests.clone());
        registry.register("request_duration_seconds", "Time from head to answer", durations.clone());
        registry.register("requests_in_flight", "Requests being handled", in_flight.clone());
        Self(Arc::new(Inner { registry, requests, durations, in_flight }))
    }

    pub(crate) fn begin(&self) -> Timer<'_> {
        self.0.in_flight.inc();
        Timer { traffic: &self.0, begun: Instant::now() }
    }

    /// Appends these counters to a text in the OpenMetrics format, keeping its end mark last.
    pub(crate) fn append_to(&self, text: &mut String) {
        let end = text.trim_end().strip_suffix("# EOF").map_or(text.len(), str::len);
        text.truncate(end);
        if encode_registry(text, &self.0.registry).is_err() {
            tracing::warn!("the HTTP counters could not be written out");
        }
        let _ = text.write_str("# EOF\n");
    }
}

impl Timer<'_> {
    pub(crate) fn end(self, method: &Method, route: &str, status: StatusCode) {
        let labels = RequestLabels { method: known(method), route: route.to_owned(), status: status.as_u16() };
        self.traffic.requests.get_or_create(&labels).inc();
        let route = RouteLabels { route: labels.route };
        self.traffic.durations.get_or_create(&route).observe(self.begun.elapsed().as_secs_f64());
    }
}

impl Drop for Timer<'_> {
    fn drop(&mut self) {
        self.traffic.in_flight.dec();
    }
}

/// A client may make methods up; a label may not.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::DELETE => "DELETE",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_route_and_status_and_the_end_mark_stays_last() {
        let traffic = Traffic::new();
        traffic.begin().end(&Method::GET, "/v1/sms/{id}", StatusCode::NOT_FOUND);
        let unanswered = traffic.begin();
        let mut text = "# TYPE a counter\na_total 1\n# EOF\n".to_owned();
        traffic.append_to(&mut text);
        drop(unanswered);
        assert!(text.starts_with("# TYPE a counter\na_total 1\n# HELP"), "{text}");
        let line = "sambac_http_requests_total{method=\"GET\",route=\"/v1/sms/{id}\",status=\"404\"} 1";
        assert!(text.contains(line), "{text}");
        assert!(text.contains("sambac_http_requests_in_flight 1\n"), "{text}");
        assert!(text.ends_with("# EOF\n") && text.matches("# EOF").count() == 1, "{text}");
    }

    #[test]
    fn a_made_up_method_makes_no_label() {
        assert_eq!(known(&Method::from_bytes(b"BREW").expect("a method")), "other");
    }
}
