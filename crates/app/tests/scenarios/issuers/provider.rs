//! An identity provider: keys of each kind, a key set over HTTP, and tokens that are as asked for, good or not.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use anyhow::{Context as _, Result};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    RsaKeyPair,
};
use axum::Router;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sambac_engine::clock::Clock;
use serde_json::{Value, json};

use super::AUDIENCE;

/// The provider; it ends with the test's runtime.
pub(super) struct Provider {
    url: String,
    address: SocketAddr,
    keys: Keys,
    published: Arc<Mutex<Value>>,
    asked: Arc<AtomicUsize>,
}

/// A pair of each kind. Their ids are those of the algorithms, with `generation` behind.
pub(super) struct Keys {
    generation: usize,
    pub(super) ed: Ed25519KeyPair,
    pub(super) ec: EcdsaKeyPair,
    pub(super) rsa: RsaKeyPair,
}

/// Now, in whole seconds.
pub(super) fn now() -> i64 {
    Clock::system().now().as_secs()
}

/// A good header.
pub(super) fn header(algorithm: &str) -> Value {
    json!({ "alg": algorithm, "typ": "at+jwt", "kid": "" })
}

/// Good claims of the bank's.
pub(super) fn claims(provider: &Provider) -> Value {
    json!({
        "iss": provider.url, "aud": AUDIENCE, "sub": "payments-service", "tenant": "bank", "scope": "openid sms:read sms:send",
        "iat": now(), "nbf": now(), "exp": now() + 300, "jti": "one",
    })
}

impl Provider {
    pub(super) async fn start() -> Result<Self> {
        let keys = Keys::make(0)?;
        let published = Arc::new(Mutex::new(keys.published()));
        let asked = Arc::new(AtomicUsize::new(0));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (set, counter) = (Arc::clone(&published), Arc::clone(&asked));
        let answer = move || {
            counter.fetch_add(1, Ordering::Relaxed);
            let set = set.lock().map(|set| set.clone()).unwrap_or_default();
            async move { axum::Json(set) }
        };
        tokio::spawn(axum::serve(listener, Router::new().route("/jwks.json", get(answer))).into_future());
        Ok(Self { url: format!("https://idp-{}.example", address.port()), address, keys, published, asked })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn jwks_url(&self) -> String {
        format!("http://{}/jwks.json", self.address)
    }

    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    pub(super) fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Other keys from now on.
    pub(super) fn rotate(&mut self) {
        if let Ok(keys) = Keys::make(self.keys.generation + 1) {
            if let Ok(mut published) = self.published.lock() {
                *published = keys.published();
            }
            self.keys = keys;
        }
    }

    /// A token signed by the key of its `alg`; an empty `kid` is filled in.
    pub(super) fn token(&self, header: &Value, claims: &Value) -> String {
        let mut header = header.clone();
        let algorithm = header["alg"].as_str().unwrap_or_default().to_owned();
        if header["kid"] == "" {
            header["kid"] = json!(self.keys.id(&algorithm));
        }
        self.keys.signed(&algorithm, &header.to_string(), &claims.to_string())
    }
}

impl Keys {
    fn make(generation: usize) -> Result<Self> {
        Ok(Self {
            generation,
            ed: Ed25519KeyPair::generate().ok().context("an Ed25519 key")?,
            ec: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).ok().context("a P-256 key")?,
            rsa: RsaKeyPair::generate(KeySize::Rsa2048).ok().context("an RSA key")?,
        })
    }

    pub(super) fn id(&self, algorithm: &str) -> String {
        let kind = match algorithm {
            "EdDSA" => "ed",
            "ES256" => "ec",
            _ => "rsa",
        };
        format!("{kind}-{}", self.generation)
    }

    /// The key set, with keys in it that must not be used.
    fn published(&self) -> Value {
        let (ec, rsa) = (self.ec.public_key().as_ref(), self.rsa.public_key());
        let n = URL_SAFE_NO_PAD.encode(rsa.modulus().big_endian_without_leading_zero());
        let e = URL_SAFE_NO_PAD.encode(rsa.exponent().big_endian_without_leading_zero());
        let mut identity = [0; 32];
        identity[0] = 1;
        json!({ "keys": [
            { "kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": self.id("EdDSA"), "x": self.x() },
            { "kty": "EC", "crv": "P-256", "kid": self.id("ES256"), "alg": "ES256",
              "x": URL_SAFE_NO_PAD.encode(&ec[1..33]), "y": URL_SAFE_NO_PAD.encode(&ec[33..]) },
            { "kty": "RSA", "kid": self.id("RS256"), "n": n, "e": e },
            { "kty": "RSA", "kid": "encryption", "use": "enc", "n": n, "e": e },
            { "kty": "RSA", "kid": "pss-only", "alg": "PS256", "n": n, "e": e },
            { "kty": "oct", "kid": "secret", "alg": "HS256", "k": URL_SAFE_NO_PAD.encode("secret") },
            { "kty": "OKP", "crv": "Ed25519", "kid": "identity", "x": URL_SAFE_NO_PAD.encode(identity) },
        ] })
    }

    /// The public half of the Ed25519 key.
    pub(super) fn x(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.ed.public_key())
    }

    /// A token of these texts, whatever they are.
    pub(super) fn signed(&self, algorithm: &str, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let signature = self.signature(algorithm, message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    pub(super) fn signature(&self, algorithm: &str, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        let mut signature = vec![0; self.rsa.public_modulus_len()];
        match algorithm {
            "EdDSA" => return self.ed.sign(message).as_ref().to_vec(),
            "ES256" => return self.ec.sign(&random, message).map(|it| it.as_ref().to_vec()).unwrap_or_default(),
            "RS256" => drop(self.rsa.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)),
            _ => drop(self.rsa.sign(&RSA_PSS_SHA256, &random, message, &mut signature)),
        }
        signature
    }
}
