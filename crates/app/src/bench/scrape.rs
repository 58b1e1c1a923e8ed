//! The platform's metrics, read as a scraper reads them.

use std::net::SocketAddr;

use super::http;

/// The metrics at one moment.
pub(crate) struct Metrics(String);

impl Metrics {
    /// Asks the platform's services port.
    pub(crate) async fn fetch(services: SocketAddr) -> anyhow::Result<Self> {
        Ok(Self(http::get(services, "/metrics").await?))
    }

    /// The sum over all labels of `name`, without fractions; 0 when there is none.
    pub(crate) fn sum(&self, name: &str) -> u64 {
        self.samples(name).map(|(_, value)| whole(value)).sum()
    }

    /// The sum of `name` in millionths, for sums of seconds.
    pub(crate) fn sum_micros(&self, name: &str) -> u64 {
        self.samples(name).map(|(_, value)| micros(value)).sum()
    }

    /// The bound of the bucket of the histogram `name` in which this share (in hundredths) of what came after `earlier`
    /// lies, in microseconds. `None` when nothing came, or when it is above the last bound.
    pub(crate) fn bucket_us(&self, earlier: &Self, name: &str, percent: u64) -> Option<u64> {
        let bucket = format!("{name}_bucket");
        let before: Vec<u64> = earlier.samples(&bucket).map(|(_, value)| whole(value)).collect();
        let counts: Vec<(&str, u64)> = self
            .samples(&bucket)
            .enumerate()
            .map(|(at, (labels, value))| {
                (labels, whole(value).saturating_sub(before.get(at).copied().unwrap_or_default()))
            })
            .collect();
        let total = counts.last().map(|(_, count)| *count).filter(|total| *total > 0)?;
        let (labels, _) = counts.iter().find(|(_, count)| count * 100 >= total * percent)?;
        let bound = labels.split_once("le=\"")?.1.split_once('"')?.0;
        bound.starts_with(|c: char| c.is_ascii_digit()).then(|| micros(bound))
    }

    /// The labels and the value of each sample of `name`.
    fn samples<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.lines().filter_map(move |line| {
            let rest = line.strip_prefix(name)?;
            let (labels, value) = rest.rsplit_once(' ')?;
            (labels.is_empty() || labels.starts_with('{')).then_some((labels, value))
        })
    }
}

fn whole(value: &str) -> u64 {
    micros(value) / 1_000_000
}

/// A decimal number in millionths; exponents are not written by our encoder for what is counted here.
fn micros(value: &str) -> u64 {
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let fraction: String = fraction.chars().chain(std::iter::repeat('0')).take(6).collect();
    let whole: u64 = whole.parse().unwrap_or_default();
    whole.saturating_mul(1_000_000).saturating_add(fraction.parse().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# TYPE a_messages counter
a_messages_total{name=\"x\"} 3
a_messages_total{name=\"y\"} 4
a_messages_total_more 100
a_seconds_sum 1.25
a_seconds_bucket{le=\"0.001\"} 90
a_seconds_bucket{le=\"0.002\"} 99
a_seconds_bucket{le=\"+Inf\"} 100
";

    #[test]
    fn sums_are_over_labels_and_not_over_longer_names() {
        let metrics = Metrics(TEXT.to_owned());
        assert_eq!(metrics.sum("a_messages_total"), 7);
        assert_eq!(metrics.sum("b"), 0);
        assert_eq!(metrics.sum_micros("a_seconds_sum"), 1_250_000);
    }

    #[test]
    fn a_quantile_is_the_bound_of_its_bucket() {
        let (none, metrics) = (Metrics(String::new()), Metrics(TEXT.to_owned()));
        assert_eq!(metrics.bucket_us(&none, "a_seconds", 50), Some(1_000));
        assert_eq!(metrics.bucket_us(&none, "a_seconds", 99), Some(2_000));
        assert_eq!(metrics.bucket_us(&none, "a_seconds", 100), None);
        assert_eq!(metrics.bucket_us(&metrics, "a_seconds", 50), None);
    }
}
