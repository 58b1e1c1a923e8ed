//! Passkeys (WebAuthn level 3): a device signs a challenge of ours once its holder has shown the device a finger, a face or a PIN. One
//! is both factors at once, and answers no other site's pages.
//!
//! ```text
//! let challenge = engine.begin_passkey(&session, &password).await?;             // the browser: navigator.credentials.create()
//! engine.add_passkey(&session, &challenge.ceremony, name, &credential).await?;
//!
//! let challenge = engine.passkey_challenge()?;                                  // the browser: navigator.credentials.get()
//! let begun = engine.log_in_by_passkey(&challenge.ceremony, &credential, &from).await?;
//! ```

mod add;
mod ceremony;
mod log_in;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sambac_domain::error::ErrorCode;
use serde::Serialize;
use serde_json::Value;
use url::{Host, Url};
use webauthn_rs::WebauthnBuilder;
use webauthn_rs::prelude::Webauthn;

use crate::Engine;
use crate::refusal::Refusal;

/// A challenge for a device.
pub struct Challenge {
    /// To be given back with the device's answer.
    pub ceremony: String,
    /// What the browser's `parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON` takes.
    pub options: Value,
}

impl Engine {
    /// Who we are to a device: the site that people reach us at.
    fn relying_party(&self) -> Result<Webauthn, Refusal> {
        let wants = || {
            let text = "passkeys belong to a site: set http.public_url to the https address with a name by which people reach it";
            Refusal::new(ErrorCode::WrongState, text)
        };
        let mut origin = Url::parse(&self.0.settings.public_url).map_err(|_| wants())?;
        if is_this_machine(&origin) {
            // Browsers know passkeys of names only.
            origin.set_host(Some("localhost")).map_err(|_| wants())?;
        }
        let site = origin.domain().ok_or_else(wants)?;
        let builder = WebauthnBuilder::new(site, &origin).map_err(|_| wants())?;
        builder.rp_name("Sambac").build().map_err(|_| wants())
    }
}

fn is_this_machine(origin: &Url) -> bool {
    match origin.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        _ => false,
    }
}

/// The options within a challenge as the library writes it.
fn options(challenge: &impl Serialize) -> Result<Value, Refusal> {
    let mut whole = serde_json::to_value(challenge).map_err(|_| ErrorCode::Internal)?;
    Ok(whole["publicKey"].take())
}

/// A credential's id as it is kept.
fn written(credential_id: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(credential_id)
}
