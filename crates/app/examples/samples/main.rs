//! The Rust samples of the guides, as they are printed there: `samples first_message | otp | webhook`. `crates/app/tests/scenarios/samples.rs` runs them and
//! holds the guides to them.
#![expect(clippy::print_stdout, reason = "samples say what they have seen")]

use std::error::Error;

macro_rules! samples {
    ($($name:ident)*) => {
        $(mod $name {
            include!(concat!(stringify!($name), ".rs"));

            pub(super) fn run() -> Result<(), Box<dyn Error>> {
                main()
            }
        })*

        fn main() -> Result<(), Box<dyn Error>> {
            match std::env::args().nth(1).as_deref() {
                $(Some(stringify!($name)) => $name::run(),)*
                _ => Err(concat!("which one?", $(" ", stringify!($name)),*).into()),
            }
        }
    };
}

samples! { first_message otp webhook }
