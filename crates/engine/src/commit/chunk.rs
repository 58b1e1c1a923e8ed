//! Some recipients of a batch: each is taken or refused by itself, and all of that is stored in this commit.

use sambac_domain::id::BatchId;
use sambac_store::rows::BatchRecipientRow;

use super::{Chunk, Committer};
use crate::refusal::Refusal;
use crate::submit::Submitted;

impl Committer {
    pub(super) fn chunk(&mut self, chunk: Chunk) {
        let Chunk { batch, first, items, done, place: _place } = chunk;
        for (no, item) in (first..).zip(items) {
            let decided = item.and_then(|draft| self.admit(draft, None, None));
            if let Err(refusal) = &decided {
                self.inner.metrics.refused(refusal.code);
            }
            self.batch.recipients.push(recipient(batch, no, decided));
        }
        self.after.chunk(done);
    }
}

fn recipient(batch_id: BatchId, no: u32, decided: Result<Submitted, Refusal>) -> BatchRecipientRow {
    let row = BatchRecipientRow { batch_id, no, message_id: None, error: None, field: None, detail: None };
    match decided {
        Ok(submitted) => BatchRecipientRow { message_id: Some(submitted.message_id), ..row },
        Err(Refusal { code, detail, field, .. }) => BatchRecipientRow {
            error: Some(code),
            field: field.map(std::borrow::Cow::into_owned),
            detail: Some(detail).filter(|detail| detail != code.title()),
            ..row
        },
    }
}
