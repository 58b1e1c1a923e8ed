//! On what the program broke.

use sambac_domain::Timestamp;

use super::row;

row! {
    /// A message, or what came in from outside, on which the program broke.
    BreakageRow in "breakages" {
        /// Step and subject: `intent/256`.
        id: String,
        /// What was being done.
        step: String,
        /// A message's id, or a hash of what has none.
        about: i64,
        /// How often.
        times: i64,
        /// What the program said, without anything of the message.
        reason: String,
        /// Which version of it.
        program: String,
        /// The first time.
        first_at: Timestamp,
        /// The last time.
        last_at: Timestamp,
    }
}
