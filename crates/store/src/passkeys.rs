//! Passkeys of persons. How many a user has is kept with the user, so that a log-in asks for one row only.

use sambac_domain::{PasskeyId, Timestamp, UserId};

use crate::query::{query, select};
use crate::rows::PasskeyRow;
use crate::unit_of_work::UnitOfWork;
use crate::{Store, StoreError};

impl Store {
    /// A user's passkeys, the oldest first.
    pub async fn passkeys_of(&self, user: UserId) -> Result<Vec<PasskeyRow>, StoreError> {
        select::<PasskeyRow>("WHERE user_id = $1 ORDER BY id").bind(&user).all(self.pool()).await
    }

    /// The passkey of a credential.
    pub async fn passkey_by_credential(&self, credential_id: &str) -> Result<Option<PasskeyRow>, StoreError> {
        let credential_id = credential_id.to_owned();
        select::<PasskeyRow>("WHERE credential_id = $1").bind(&credential_id).first(self.pool()).await
    }
}

impl UnitOfWork {
    /// Gives a user a passkey. One of that credential is a `Conflict("user_passkeys.credential_id")`.
    pub async fn insert_passkey(&mut self, row: &PasskeyRow) -> Result<(), StoreError> {
        self.lock_user(row.user_id).await?;
        self.insert(row).await?;
        self.count_passkeys(row.user_id).await
    }

    /// Notes that a challenge was answered, which is good until `ends_at`, and forgets those that are good no more. One that was answered before is a
    /// `Conflict("passkey_answers.digest")`.
    pub async fn answer_challenge(
        &mut self,
        digest: &str,
        ends_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        query("DELETE FROM passkey_answers WHERE ends_at <= $1").bind(&now).run(self).await?;
        let digest = digest.to_owned();
        let insert = query("INSERT INTO passkey_answers (digest, ends_at) VALUES ($1, $2)");
        insert.bind(&digest).bind(&ends_at).run(self).await.map(drop)
    }

    /// Notes that somebody logged in with a passkey, and what its credential says since. False when it was used meanwhile, and its
    /// credential is not as it was read any more.
    pub async fn use_passkey(
        &mut self,
        before: &PasskeyRow,
        credential: &str,
        used_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let credential = credential.to_owned();
        let update = query("UPDATE user_passkeys SET credential = $2, used_at = $3 WHERE id = $1 AND credential = $4");
        let update = update.bind(&before.id).bind(&credential).bind(&used_at).bind(&before.credential);
        Ok(update.run(self).await? > 0)
    }

    /// Takes one of a user's passkeys away. Answers whether there was one.
    pub async fn delete_passkey(&mut self, user: UserId, id: PasskeyId) -> Result<bool, StoreError> {
        self.lock_user(user).await?;
        let delete = query("DELETE FROM user_passkeys WHERE user_id = $1 AND id = $2");
        let was_there = delete.bind(&user).bind(&id).run(self).await? > 0;
        self.count_passkeys(user).await?;
        Ok(was_there)
    }

    /// Takes all of a user's passkeys away.
    pub async fn clear_passkeys(&mut self, user: UserId) -> Result<(), StoreError> {
        query("DELETE FROM user_passkeys WHERE user_id = $1").bind(&user).run(self).await?;
        self.count_passkeys(user).await
    }

    /// Who changes a user's passkeys waits for who does already: the count is of all that is there.
    async fn lock_user(&mut self, user: UserId) -> Result<(), StoreError> {
        query("UPDATE users SET passkeys = passkeys WHERE id = $1").bind(&user).run(self).await.map(drop)
    }

    async fn count_passkeys(&mut self, user: UserId) -> Result<(), StoreError> {
        let count = "UPDATE users SET passkeys = (SELECT COUNT(*) FROM user_passkeys WHERE user_id = $1) WHERE id = $1";
        query(count).bind(&user).run(self).await.map(drop)
    }
}
