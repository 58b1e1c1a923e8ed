//! Challenges on their way: what judges the answer travels with the challenge, sealed by the master key. So any node takes the answer, a restart forgets
//! none, and whoever asks for many fills no memory. Each is good once and for five minutes: that one was answered is kept in the database for that long.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sambac_domain::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::seal::{Seal, SealError};

/// How long a challenge is good: as long as browsers are told to wait.
const GOOD_FOR: Duration = Duration::from_secs(300);

/// What a challenge is for. What is sealed for one opens for no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To make a passkey.
    Registration,
    /// To log in by one.
    LogIn,
}

/// A challenge that is good, if it was not answered before.
pub(super) struct Ceremony<T> {
    pub(super) state: T,
    /// By which it is known that it was answered.
    pub(super) digest: String,
    /// Until when it is good.
    pub(super) ends_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct Sealed<T> {
    ends_at: Timestamp,
    state: T,
}

impl Purpose {
    /// An id that no row has.
    const fn id(self) -> i64 {
        match self {
            Self::Registration => -6,
            Self::LogIn => -7,
        }
    }
}

/// What a challenge is called: all that is needed to judge its answer.
///
/// # Errors
/// [`SealError`] when there is no randomness.
pub(super) fn sealed<T: Serialize>(
    seal: &Seal,
    purpose: Purpose,
    state: T,
    now: Timestamp,
) -> Result<String, SealError> {
    let plain = Sealed { ends_at: now.saturating_add(GOOD_FOR), state };
    // What was just made of a library's own values can be written.
    let plain = serde_json::to_vec(&plain).map_err(|_| SealError::DoesNotOpen)?;
    Ok(URL_SAFE_NO_PAD.encode(seal.seal_again(purpose.id(), &plain)?))
}

/// What was sealed, if it was by us, for this, and is still good.
pub(super) fn opened<T: DeserializeOwned>(
    seal: &Seal,
    purpose: Purpose,
    name: &str,
    now: Timestamp,
) -> Option<Ceremony<T>> {
    let octets = URL_SAFE_NO_PAD.decode(name).ok()?;
    let plain = seal.open_again(purpose.id(), &octets).ok()?;
    let Sealed { ends_at, state } = serde_json::from_slice(&plain).ok()?;
    let digest = URL_SAFE_NO_PAD.encode(Sha256::digest(&octets));
    (now < ends_at).then_some(Ceremony { state, digest, ends_at })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000_000);

    fn seal() -> Seal {
        Seal::throwaway().unwrap()
    }

    /// A challenge opens in time, whole, for what it was made for, and by who has the master key.
    #[test]
    fn each_opens_in_time_and_for_its_purpose() {
        let seal = seal();
        let name = sealed(&seal, Purpose::LogIn, 7, NOW).unwrap();
        let open = |seal: &Seal, purpose, name: &str, now| opened::<i32>(seal, purpose, name, now);
        let ceremony = open(&seal, Purpose::LogIn, &name, NOW).unwrap();
        assert_eq!((ceremony.state, ceremony.ends_at), (7, NOW.saturating_add(GOOD_FOR)));
        assert!(open(&seal, Purpose::LogIn, &name, NOW.saturating_add(GOOD_FOR)).is_none(), "late");
        assert!(open(&seal, Purpose::Registration, &name, NOW).is_none(), "for something else");
        assert!(open(&self::seal(), Purpose::LogIn, &name, NOW).is_none(), "of another platform");
        let mut wrong = URL_SAFE_NO_PAD.decode(&name).unwrap();
        for place in 0..wrong.len() {
            wrong[place] ^= 1;
            assert!(open(&seal, Purpose::LogIn, &URL_SAFE_NO_PAD.encode(&wrong), NOW).is_none(), "{place}");
            wrong[place] ^= 1;
        }
        for wrong in [&name[..20], "", "?", &format!("{name}=")] {
            assert!(open(&seal, Purpose::LogIn, wrong, NOW).is_none(), "{wrong}");
        }
        let again = sealed(&seal, Purpose::LogIn, 7, NOW).unwrap();
        assert_ne!(open(&seal, Purpose::LogIn, &again, NOW).unwrap().digest, ceremony.digest, "each is another one");
    }
}
