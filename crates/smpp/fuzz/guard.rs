//! The bounds that every target keeps: no input takes longer than 10 ms, and reading one allocates no more than twice the
//! largest PDU beside the input itself.

use std::alloc::System;
use std::time::{Duration, Instant};

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The largest PDU that is taken by default.
#[allow(dead_code, reason = "a session has buffers of its own")]
const PDU_OCTETS_MAX: usize = 64 * 1024;

const SLOW: Duration = Duration::from_millis(10);
/// A busy machine makes anything slow now and then: only what is slow each time counts.
const TRIES: usize = 5;

pub fn is_quick(octets: &[u8], check: fn(&[u8])) {
    let quick = (0..TRIES).any(|_| {
        let started = Instant::now();
        check(octets);
        started.elapsed() <= SLOW
    });
    assert!(quick, "{} octets took longer than {SLOW:?}, {TRIES} times", octets.len());
}

#[allow(dead_code, reason = "a session has buffers of its own")]
pub fn is_quick_and_small(octets: &[u8], check: fn(&[u8])) {
    let region = Region::new(ALLOCATOR);
    check(octets);
    let allocated = region.change().bytes_allocated;
    let most = octets.len() + 2 * PDU_OCTETS_MAX;
    assert!(allocated <= most, "{} octets made {allocated} be allocated", octets.len());
    is_quick(octets, check);
}
