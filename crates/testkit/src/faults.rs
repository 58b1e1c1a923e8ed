//! The catalogue of faults: each one breaks something around the real platform while clients send, and an oracle lays what each of
//! them was told beside what is stored.
//!
//! A fault is a function from a [`Setting`] to a [`Report`]. `make faults` plays all of them at length and writes each report;
//! scenario tests play them in short.

pub mod ledger;
pub mod oracle;

mod bench;
mod clients;
mod cluster;
mod disk;
mod f01;
mod f02;
mod f03;
mod f04;
mod f05;
mod f06;
mod f07;
mod f08;
mod f09;
mod f10;
mod f11;
mod f12;
mod f13;
mod f14;
mod f15;
mod f16;
mod f17;
mod f18;
mod f19;
mod f20;
mod f21;
mod f22;
mod f23;
mod f24;
mod flood;
mod net;
mod page;
mod report;
mod rig;
mod shim;
mod steady;

pub use page::page;
pub use report::{Report, Setting};

/// A fault by its number in the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// As reports and the command line call it.
    pub number: &'static str,
    /// What is broken.
    pub title: &'static str,
    /// What must hold.
    pub holds: &'static str,
}

/// Those that are played by [`play`], in their order.
pub const FAULTS: &[Fault] = &[
    f01::FAULT,
    f02::FAULT,
    f03::FAULT,
    f04::FAULT,
    f05::FAULT,
    f06::FAULT,
    f07::FAULT,
    f08::FAULT,
    f09::FAULT,
    f10::FAULT,
    f11::FAULT,
    f12::FAULT,
    f13::FAULT,
    f14::FAULT,
    f15::FAULT,
    f16::FAULT,
    f17::FAULT,
    f18::FAULT,
    f19::FAULT,
    f20::FAULT,
    f21::FAULT,
    f22::FAULT,
    f23::FAULT,
    f24::FAULT,
];

/// Plays one of [`FAULTS`].
///
/// # Errors
/// When something cannot be started, or does not recover; what does not hold is in the report.
pub async fn play(number: &str, setting: &Setting) -> anyhow::Result<Report> {
    match number {
        "F01" => f01::run(setting).await,
        "F03" => f03::run(setting).await,
        "F04" => f04::run(setting).await,
        "F05" => f05::run(setting).await,
        "F14" => f14::run(setting).await,
        "F02" => f02::run(setting).await,
        "F06" => f06::run(setting).await,
        "F07" => f07::run(setting).await,
        "F08" => f08::run(setting).await,
        "F09" => f09::run(setting).await,
        "F10" => f10::run(setting).await,
        "F11" => f11::run(setting).await,
        "F12" => f12::run(setting).await,
        "F13" => f13::run(setting).await,
        "F15" => f15::run(setting).await,
        "F16" => f16::run(setting).await,
        "F17" => f17::run(setting).await,
        "F21" => f21::run(setting).await,
        "F22" => f22::run(setting).await,
        "F18" => f18::run(setting).await,
        "F19" => f19::run(setting).await,
        "F20" => f20::run(setting).await,
        "F23" => f23::run(setting).await,
        "F24" => f24::run(setting).await,
        _ => anyhow::bail!("no fault is called {number}"),
    }
}
