//! One key: made, sealed, opened, and how it signs.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use sambac_domain::id::SigningKeyId;
use sambac_domain::time::Timestamp;
use sambac_store::Sealed;
use sambac_store::rows::SigningKeyRow;
use secrecy::ExposeSecret as _;
use serde::Serialize;

use crate::seal::Seal;

/// The algorithm of all keys of today, by the registry of JSON Web Algorithms.
const ALGORITHM: &str = "EdDSA";

/// A key that signs. It prints nothing.
pub(crate) struct SigningKey {
    public: PublicKey,
    created_at: Timestamp,
    private: EncodingKey,
}

/// The public half of a key, as a JSON Web Key (RFC 8037).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PublicKey {
    kty: &'static str,
    crv: &'static str,
    alg: String,
    #[serde(rename = "use")]
    usage: &'static str,
    kid: String,
    x: String,
}

impl SigningKey {
    /// A new key, and its row. `None` when the system makes none.
    pub(super) fn make(id: i64, now: Timestamp, seal: &Seal) -> Option<(Self, SigningKeyRow)> {
        let pair = Ed25519KeyPair::generate().ok()?;
        let private = pair.to_pkcs8().ok()?;
        let row = SigningKeyRow {
            id: SigningKeyId::from_raw(id),
            algorithm: ALGORITHM.to_owned(),
            public_key: URL_SAFE_NO_PAD.encode(pair.public_key().as_ref()),
            private_sealed: Sealed(seal.seal_text(id, &STANDARD.encode(private.as_ref())).ok()?),
            created_at: now,
        };
        let key = Self {
            public: PublicKey::from(row.clone()),
            created_at: now,
            private: EncodingKey::from_ed_der(private.as_ref()),
        };
        Some((key, row))
    }

    /// The key of a row; `None`, and it is told, when it does not open with the present master key.
    pub(super) fn opened(row: &SigningKeyRow, seal: &Seal) -> Option<Self> {
        let text = seal.open_text(row.id.raw(), &row.private_sealed.0).inspect_err(|error| {
            tracing::error!(key = %row.id, %error, "a signing key does not open; another one is made");
        });
        let private = STANDARD.decode(text.ok()?.expose_secret()).ok()?;
        Some(Self {
            public: PublicKey::from(row.clone()),
            created_at: row.created_at,
            private: EncodingKey::from_ed_der(&private),
        })
    }

    pub(super) fn sign(&self, kind: &str, claims: &impl Serialize) -> Option<String> {
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(kind.to_owned());
        header.kid = Some(self.public.kid.clone());
        let signed = jsonwebtoken::encode(&header, claims, &self.private);
        signed.inspect_err(|error| tracing::error!(%error, "a signature could not be made")).ok()
    }

    pub(super) fn id(&self) -> &str {
        self.public.id()
    }

    pub(super) fn created_at(&self) -> Timestamp {
        self.created_at
    }

    pub(super) fn public(&self) -> PublicKey {
        self.public.clone()
    }
}

impl PublicKey {
    /// Its id, by which a signature names it.
    pub fn id(&self) -> &str {
        &self.kid
    }
}

impl From<SigningKeyRow> for PublicKey {
    fn from(row: SigningKeyRow) -> Self {
        let SigningKeyRow { id, algorithm, public_key, .. } = row;
        Self { kty: "OKP", crv: "Ed25519", alg: algorithm, usage: "sig", kid: id.to_string(), x: public_key }
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::jwk::Jwk;
    use jsonwebtoken::{DecodingKey, Validation, decode};
    use serde_json::{Value, json};

    use super::*;

    fn verified(token: &str, public: &PublicKey) -> Option<Value> {
        let jwk: Jwk = serde_json::from_value(serde_json::to_value(public).expect("JSON")).expect("a key");
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        let key = DecodingKey::from_jwk(&jwk).expect("a key");
        decode::<Value>(token, &key, &validation).ok().map(|data| data.claims)
    }

    #[test]
    fn what_a_key_signs_its_public_half_verifies_also_after_it_was_stored() {
        let seal = Seal::throwaway().expect("randomness");
        let (key, row) = SigningKey::make(256, Timestamp(1), &seal).expect("a key");
        let claims = json!({ "sub": "otp_0000000000100" });
        let token = key.sign("test+jwt", &claims).expect("a signature");
        assert_eq!(verified(&token, &key.public()), Some(claims.clone()));
        let again = SigningKey::opened(&row, &seal).expect("the same key");
        assert_eq!(again.sign("test+jwt", &claims).expect("a signature"), token, "EdDSA has no randomness");
        let (other, _) = SigningKey::make(512, Timestamp(1), &seal).expect("a key");
        assert_eq!(verified(&token, &other.public()), None);
        let mut spoilt = token.clone();
        spoilt.replace_range(30..31, if &token[30..31] == "A" { "B" } else { "A" });
        assert_eq!(verified(&spoilt, &key.public()), None);
    }

    #[test]
    fn a_key_opens_with_its_master_key_only() {
        let (_, row) = SigningKey::make(256, Timestamp(1), &Seal::throwaway().expect("randomness")).expect("a key");
        assert!(SigningKey::opened(&row, &Seal::throwaway().expect("randomness")).is_none());
    }
}
