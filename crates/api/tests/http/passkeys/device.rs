//! A device with passkeys, as WebAuthn level 3 describes one, and the browser before it. Each step can be told a lie.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

pub(crate) const SITE: &str = "https://sms.example";

/// Flags of authenticator data (section 6.1).
const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const HAS_CREDENTIAL: u8 = 0x40;

/// One passkey on one device.
pub(crate) struct Device {
    key: EcdsaKeyPair,
    id: Vec<u8>,
    /// Who it is for, as it was told when the passkey was made.
    handle: String,
    counter: u32,
}

/// What a device or its browser says.
#[derive(Clone)]
pub(crate) struct Said {
    /// Where the page is from.
    pub(crate) origin: String,
    /// Which site the device signs for.
    pub(crate) site: String,
    /// What was done: `webauthn.create` or `webauthn.get`.
    pub(crate) kind: &'static str,
    /// Whether its holder showed who it is.
    pub(crate) is_verified: bool,
    /// Another challenge than the one that was given.
    pub(crate) challenge: Option<String>,
}

impl Said {
    /// The truth.
    pub(crate) fn truth(kind: &'static str) -> Self {
        Self { origin: SITE.into(), site: "sms.example".into(), kind, is_verified: true, challenge: None }
    }

    fn client_data(&self, options: &Value) -> Vec<u8> {
        let challenge = self.challenge.clone().unwrap_or_else(|| options["challenge"].as_str().unwrap().to_owned());
        let said = json!({ "type": self.kind, "challenge": challenge, "origin": self.origin, "crossOrigin": false });
        said.to_string().into_bytes()
    }

    fn authenticator_data(&self, more: u8, counter: u32) -> Vec<u8> {
        let mut data = digest(&SHA256, self.site.as_bytes()).as_ref().to_vec();
        data.push(PRESENT | more | if self.is_verified { VERIFIED } else { 0 });
        data.extend(counter.to_be_bytes());
        data
    }
}

impl Device {
    /// Makes a passkey; gives what `credential.toJSON()` would.
    pub(crate) fn create(options: &Value, said: &Said) -> (Self, Value) {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let id = digest(&SHA256, key.public_key().as_ref()).as_ref().to_vec();
        let device = Self { key, id, handle: options["user"]["id"].as_str().unwrap().to_owned(), counter: 1 };
        let mut data = said.authenticator_data(HAS_CREDENTIAL, device.counter);
        data.extend([0; 16]);
        data.extend(u16::try_from(device.id.len()).unwrap().to_be_bytes());
        data.extend(&device.id);
        data.extend(device.cose_key());
        let response = json!({
            "clientDataJSON": URL_SAFE_NO_PAD.encode(said.client_data(options)),
            "attestationObject": URL_SAFE_NO_PAD.encode(attestation(&data)),
            "transports": ["internal"],
        });
        let made = device.credential(&response);
        (device, made)
    }

    /// Answers a challenge to log in.
    pub(crate) fn get(&mut self, options: &Value, said: &Said) -> Value {
        self.counter += 1;
        let (client, data) = (said.client_data(options), said.authenticator_data(0, self.counter));
        let signed = [&data[..], digest(&SHA256, &client).as_ref()].concat();
        let signature = self.key.sign(&SystemRandom::new(), &signed).unwrap();
        self.credential(&json!({
            "clientDataJSON": URL_SAFE_NO_PAD.encode(client),
            "authenticatorData": URL_SAFE_NO_PAD.encode(data),
            "signature": URL_SAFE_NO_PAD.encode(signature.as_ref()),
            "userHandle": self.handle,
        }))
    }

    /// A copy whose counter stands still.
    pub(crate) fn wind_back(&mut self) {
        self.counter = 0;
    }

    fn credential(&self, response: &Value) -> Value {
        let id = URL_SAFE_NO_PAD.encode(&self.id);
        json!({ "id": id, "rawId": id, "type": "public-key", "response": response, "clientExtensionResults": {} })
    }

    /// The public key (RFC 9053, section 7.1): EC2, ES256, P-256, x, y.
    fn cose_key(&self) -> Vec<u8> {
        let point = &self.key.public_key().as_ref()[1..];
        let (x, y) = point.split_at(32);
        [&[0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20][..], x, &[0x22, 0x58, 0x20], y].concat()
    }
}

/// An attestation object of the format `none` (section 8.7).
fn attestation(data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap().to_be_bytes();
    [b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59", &length[..], data].concat()
}
