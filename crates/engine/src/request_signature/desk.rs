//! Makes and removes request keys: whoever may change the API key may.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sambac_domain::error::ErrorCode;
use sambac_domain::{ApiKeyId, RequestKeyId};
use sambac_store::rows::RequestKeyRow;
use sambac_store::{Sealed, StoreError};
use secrecy::SecretString;

use super::RequestAlgorithm;
use crate::Engine;
use crate::admin::store_refusal;
use crate::api_key::random_octets;
use crate::audit::Event;
use crate::keyring::KeyHolder;
use crate::refusal::Refusal;

/// Request keys of one API key: enough to change over.
const KEYS_MAX: usize = 4;

/// A request key to make.
#[derive(Clone, Debug)]
pub struct NewRequestKeyOrder {
    /// How it signs.
    pub algorithm: RequestAlgorithm,
    /// The public half, 32 octets, for Ed25519; nothing for HMAC, whose secret we make.
    pub public_key: Option<Vec<u8>>,
    /// Whether no call of the API key passes without a signature.
    pub required: bool,
}

/// A request key that was made.
pub struct RequestKeySecret {
    /// As it is stored.
    pub row: RequestKeyRow,
    /// The secret of HMAC, in base64, shown only now.
    pub secret: Option<SecretString>,
}

impl Engine {
    /// Makes a request key for an API key.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`], [`ErrorCode::Forbidden`] for what the holder may not change, [`ErrorCode::InvalidRequest`] for a public
    /// half that is none, [`ErrorCode::Conflict`] when there are too many.
    pub async fn make_request_key(
        &self,
        by: &KeyHolder,
        key: ApiKeyId,
        order: NewRequestKeyOrder,
    ) -> Result<RequestKeySecret, Refusal> {
        let _changing = self.0.admin_changes.lock().await;
        let mut work = self.0.store.begin_configuration().await.map_err(refused)?;
        let api_key = self.changeable_key(&mut work, by, key).await?;
        let others = work.request_keys_of(key).await.map_err(refused)?;
        if others.len() >= KEYS_MAX {
            let text = format!("an API key may have {KEYS_MAX} request keys; remove one");
            return Err(Refusal::new(ErrorCode::Conflict, text));
        }
        let now = self.0.clock.now();
        let id = RequestKeyId::from_raw(self.0.ids.next(now));
        let (public_key, secret) = self.material(&order)?;
        let sealed = secret.as_ref().map(|secret| self.0.settings.seal.seal_text(id.raw(), secret)).transpose();
        let row = RequestKeyRow {
            id,
            api_key_id: key,
            algorithm: order.algorithm.as_str().to_owned(),
            public_key,
            secret_sealed: sealed.map_err(|_| ErrorCode::Internal)?.map(Sealed),
            required: order.required,
            created_at: now,
        };
        work.upsert_request_key(&row).await.map_err(refused)?;
        let event = Event::new(by.author(), "request_key.create", id.to_string()).of(api_key.account_id);
        let event = event.from(by.address()).with("api_key", key.to_string()).with("required", order.required);
        work.append_audit(&[event.entry(now)]).await.map_err(refused)?;
        work.commit().await.map_err(refused)?;
        self.reload().await;
        Ok(RequestKeySecret { row, secret: secret.map(SecretString::from) })
    }

    /// The public half, and the secret in base64 where there is one.
    fn material(&self, order: &NewRequestKeyOrder) -> Result<(String, Option<String>), Refusal> {
        let bad = |why: &'static str| Err(Refusal::new(ErrorCode::InvalidRequest, why).at("/public_key"));
        match (order.algorithm, &order.public_key) {
            (RequestAlgorithm::Ed25519, Some(octets)) if octets.len() == 32 => {
                Ok((URL_SAFE_NO_PAD.encode(octets), None))
            }
            (RequestAlgorithm::Ed25519, _) => bad("is the 32 octets of an Ed25519 key in base64"),
            (RequestAlgorithm::HmacSha256, Some(_)) => bad("is not given for hmac-sha256: the secret is made here"),
            (RequestAlgorithm::HmacSha256, None) => {
                let secret = random_octets::<32>().map_err(|_| ErrorCode::Internal)?;
                Ok((String::new(), Some(STANDARD.encode(secret))))
            }
        }
    }

    /// The request keys of an API key.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`].
    pub async fn request_keys(&self, by: &KeyHolder, key: ApiKeyId) -> Result<Vec<RequestKeyRow>, Refusal> {
        let mut work = self.0.store.begin().await.map_err(refused)?;
        self.seen_key(&mut work, by, key).await?;
        work.request_keys_of(key).await.map_err(refused)
    }

    /// Removes a request key; calls that are signed by it are refused from then on.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`], [`ErrorCode::Forbidden`].
    pub async fn remove_request_key(&self, by: &KeyHolder, id: RequestKeyId) -> Result<(), Refusal> {
        let _changing = self.0.admin_changes.lock().await;
        let mut work = self.0.store.begin_configuration().await.map_err(refused)?;
        let row = work.request_key(id).await.map_err(refused)?.ok_or(ErrorCode::NotFound)?;
        let api_key = self.changeable_key(&mut work, by, row.api_key_id).await?;
        work.delete_request_key(id).await.map_err(refused)?;
        let event = Event::new(by.author(), "request_key.remove", id.to_string()).of(api_key.account_id);
        let event = event.from(by.address()).with("api_key", row.api_key_id.to_string());
        work.append_audit(&[event.entry(self.0.clock.now())]).await.map_err(refused)?;
        work.commit().await.map_err(refused)?;
        self.reload().await;
        Ok(())
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the signature that map_err wants")]
fn refused(error: StoreError) -> Refusal {
    store_refusal(&error)
}
