//! The bounds that every target keeps: no input takes longer than 10 ms, and reading one allocates no more than twice the
//! largest PDU beside the input itself.

use std::alloc::System;
use std::time::{Duration, Instant};

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The most that reading one input may allocate beside the input: twice the largest PDU that is taken by default.
pub const READING: usize = 2 * 64 * 1024;

const SLOW: Duration = Duration::from_millis(10);
/// A busy machine makes anything slow now and then: only what is slow each time counts.
const TRIES: usize = 5;

/// Runs the check within the bounds.
pub fn within(allocated_max: usize, octets: &[u8], check: fn(&[u8])) {
    let region = Region::new(ALLOCATOR);
    check(octets);
    let allocated = region.change().bytes_allocated;
    assert!(allocated <= octets.len() + allocated_max, "{} octets made {allocated} be allocated", octets.len());
    let is_quick = (0..TRIES).any(|_| {
        let started = Instant::now();
        check(octets);
        started.elapsed() <= SLOW
    });
    assert!(is_quick, "{} octets took longer than {SLOW:?}, {TRIES} times", octets.len());
}
