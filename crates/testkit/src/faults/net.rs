//! A network of its own for an operator: a namespace, a pair of devices between it and this one, and a plug that can be pulled. The
//! kernel drops what is sent then, and says nothing to either side.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};

/// The way; it ends with this. Only root may make one.
#[derive(Debug)]
pub(super) struct Net {
    name: String,
    /// The third octet of its addresses.
    number: u8,
}

/// Networks that are tried.
const NUMBERS: std::ops::RangeInclusive<u8> = 1..=250;

impl Net {
    /// Makes one that no other test has.
    pub(super) fn new() -> Result<Self> {
        let mut last = None;
        let first = (std::process::id() % 250) as u8;
        for step in NUMBERS {
            let number = (first.wrapping_add(step) % 250) + 1;
            let net = Self { name: format!("sambac-{number}"), number };
            match ip(&["netns", "add", &net.name]) {
                Ok(()) => return net.connected(),
                // Another test has it, and its name: it is not ours to remove.
                Err(error) => {
                    std::mem::forget(net);
                    last = Some(error);
                }
            }
        }
        Err(last.context("no number is tried")?).context("no network namespace can be made (root may)")
    }

    fn connected(self) -> Result<Self> {
        let (here, there) = (format!("sbc{}a", self.number), format!("sbc{}b", self.number));
        ip(&["link", "add", &here, "type", "veth", "peer", "name", &there, "netns", &self.name])?;
        ip(&["addr", "add", &format!("10.213.{}.1/24", self.number), "dev", &here])?;
        ip(&["link", "set", &here, "up"])?;
        ip(&["-n", &self.name, "addr", "add", &format!("10.213.{}.2/24", self.number), "dev", &there])?;
        ip(&["-n", &self.name, "link", "set", &there, "up"])?;
        Ok(self)
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Where an operator listens in it.
    pub(super) fn listen(&self) -> String {
        format!("10.213.{}.2:0", self.number)
    }

    /// Nothing passes any more.
    pub(super) fn cut(&self) -> Result<()> {
        ip(&["-n", &self.name, "link", "set", &format!("sbc{}b", self.number), "down"])
    }

    /// All passes again.
    pub(super) fn heal(&self) -> Result<()> {
        ip(&["-n", &self.name, "link", "set", &format!("sbc{}b", self.number), "up"])
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        // The devices go with it.
        let _ = ip(&["netns", "del", &self.name]);
    }
}

fn ip(arguments: &[&str]) -> Result<()> {
    let output = Command::new("ip").args(arguments).output().context("ip of iproute2")?;
    ensure!(output.status.success(), "ip {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
