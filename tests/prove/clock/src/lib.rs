//! A clock that is wrong, for `LD_PRELOAD`: the time of day is `CLOCK_SHIFT_MS` milliseconds off, every other clock as it is.

use std::ffi::{CStr, c_char, c_int};

use rustix::time::{ClockId, Timespec, clock_gettime as right};

/// In front of the C library's.
///
/// # Safety
/// As for the C library's: `time` is a place for a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clock_gettime(clock: c_int, time: *mut Timespec) -> c_int {
    let is_time_of_day = matches!(clock, 0 | 5);
    let clock = match clock {
        0 => ClockId::Realtime,
        2 => ClockId::ProcessCPUTime,
        3 => ClockId::ThreadCPUTime,
        5 => ClockId::RealtimeCoarse,
        6 => ClockId::MonotonicCoarse,
        7 => ClockId::Boottime,
        _ => ClockId::Monotonic,
    };
    let mut now = right(clock);
    if is_time_of_day {
        let ms = shift_ms();
        now.tv_sec += ms.div_euclid(1000);
        now.tv_nsec += ms.rem_euclid(1000) * 1_000_000;
        if now.tv_nsec >= 1_000_000_000 {
            now.tv_sec += 1;
            now.tv_nsec -= 1_000_000_000;
        }
    }
    // SAFETY: the caller promises that there is a place for it.
    unsafe { time.write(now) };
    0
}

/// Read anew each time, and without allocating: allocators ask for the time too.
fn shift_ms() -> i64 {
    unsafe extern "C" {
        fn getenv(name: *const c_char) -> *const c_char;
    }
    // SAFETY: the name ends with a zero, and nobody changes the environment of a server that runs.
    let value = unsafe {
        let value = getenv(c"CLOCK_SHIFT_MS".as_ptr());
        if value.is_null() {
            return 0;
        }
        CStr::from_ptr(value)
    };
    let text = value.to_str().unwrap_or("0");
    text.parse().unwrap_or(0)
}
