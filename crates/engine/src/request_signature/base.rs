//! What is signed of a request: the signature base (RFC 9421, section 2.5).

use std::fmt::Write as _;

use sfv::{BareItem, Dictionary, FieldType as _, InnerList, ListEntry, Parser};

/// Signatures of one request that are looked at.
const SIGNATURES_MAX: usize = 4;
/// Components that one signature may cover.
const COMPONENTS_MAX: usize = 32;

/// A request as it is signed.
pub struct SignedRequest<'a> {
    /// Its method.
    pub method: &'a str,
    /// Scheme and host that clients call, without a slash at the end.
    pub public_url: &'a str,
    /// The `Host` that it names.
    pub authority: &'a str,
    /// Its path.
    pub path: &'a str,
    /// Its query, without the question mark.
    pub query: Option<&'a str>,
    /// Gives the values of a header, each trimmed; none when it is not there, or not ASCII.
    pub header: &'a dyn Fn(&str) -> Vec<String>,
    /// Whether it has a body.
    pub has_body: bool,
    /// Whether its body is what `Content-Digest` says; `None` without that header.
    pub is_digest_right: Option<bool>,
}

/// One signature's covered components and parameters.
pub(super) struct Input {
    label: String,
    list: InnerList,
}

impl Input {
    fn parameter(&self, name: &str) -> Option<&BareItem> {
        self.list.params.iter().find(|(key, _)| key.as_str() == name).map(|(_, value)| value)
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.parameter(name)?.as_string().map(sfv::StringRef::as_str)
    }

    fn number(&self, name: &str) -> Option<i64> {
        self.parameter(name)?.as_integer().map(i64::from)
    }

    pub(super) fn key_id(&self) -> Option<&str> {
        self.text("keyid")
    }

    pub(super) fn algorithm(&self) -> Option<&str> {
        self.text("alg")
    }

    pub(super) fn nonce(&self) -> Option<&str> {
        self.text("nonce")
    }

    pub(super) fn created(&self) -> Option<i64> {
        self.number("created")
    }

    pub(super) fn expires(&self) -> Option<i64> {
        self.number("expires")
    }

    /// The names of what is covered; `None` when one is no name, or has parameters, which we do not take.
    fn components(&self) -> Option<Vec<&str>> {
        let name = |item: &'_ sfv::Item| item.params.is_empty();
        if !self.list.items.iter().all(name) || self.list.items.len() > COMPONENTS_MAX {
            return None;
        }
        self.list.items.iter().map(|item| item.bare_item.as_string().map(sfv::StringRef::as_str)).collect()
    }
}

impl SignedRequest<'_> {
    /// Whether it has a signature at all.
    pub fn is_signed(&self) -> bool {
        !self.joined("signature-input").is_empty() || !self.joined("signature").is_empty()
    }

    /// All its signatures.
    pub(super) fn inputs(&self) -> Result<Vec<Input>, String> {
        let dictionary = self.dictionary("signature-input")?;
        if dictionary.len() > SIGNATURES_MAX {
            return Err(format!("there are more than {SIGNATURES_MAX} signatures"));
        }
        let input = |(label, entry): (sfv::Key, ListEntry)| match entry {
            ListEntry::InnerList(list) => Ok(Input { label: label.as_str().to_owned(), list }),
            ListEntry::Item(_) => Err("Signature-Input is no list of components".to_owned()),
        };
        dictionary.into_iter().map(input).collect()
    }

    /// Whether a signature covers what makes the request: what it does, where, and with what.
    pub(super) fn covers_enough(&self, input: &Input) -> Result<(), String> {
        let names = input.components().ok_or("a component has parameters, or is no name")?;
        let has = |name: &str| names.contains(&name);
        let is_whole = has("@target-uri") || (has("@path") && (self.query.is_none() || has("@query")));
        if !has("@method") || !is_whole {
            return Err("@method and @target-uri, or @path and @query, have to be covered".to_owned());
        }
        match self.is_digest_right {
            Some(false) => Err("the body is not what Content-Digest says".to_owned()),
            Some(true) if has("content-digest") => Ok(()),
            _ if self.has_body => Err("content-digest has to be covered, with sha-256 or sha-512".to_owned()),
            _ => Ok(()),
        }
    }

    /// The signature base, and the signature over it.
    pub(super) fn base(&self, input: &Input) -> Result<(String, Vec<u8>), String> {
        let names = input.components().ok_or("a component has parameters, or is no name")?;
        let mut base = String::new();
        for (place, name) in names.iter().enumerate() {
            if names[..place].contains(name) {
                return Err(format!("{name} is covered twice"));
            }
            let value = self.component(name).ok_or_else(|| format!("{name} is covered and not there"))?;
            // Writing to a String does not fail.
            let _ = writeln!(base, "\"{name}\": {value}");
        }
        let parameters = vec![ListEntry::InnerList(input.list.clone())].serialize();
        let _ = write!(base, "\"@signature-params\": {}", parameters.ok_or("the signature has no parameters")?);
        let signatures = self.dictionary("signature")?;
        let signature = signatures.iter().find(|(label, _)| label.as_str() == input.label).map(|(_, entry)| entry);
        let Some(ListEntry::Item(item)) = signature else { return Err("Signature lacks what it names".to_owned()) };
        let octets = item.bare_item.as_byte_sequence().ok_or("a signature is a byte sequence")?;
        Ok((base, octets.to_vec()))
    }

    fn component(&self, name: &str) -> Option<String> {
        let query = || self.query.map(|query| format!("?{query}"));
        Some(match name {
            "@method" => self.method.to_owned(),
            "@target-uri" => format!("{}{}{}", self.public_url, self.path, query().unwrap_or_default()),
            "@authority" => self.authority.to_ascii_lowercase(),
            "@scheme" => self.public_url.split_once("://")?.0.to_ascii_lowercase(),
            "@path" => self.path.to_owned(),
            "@query" => query().unwrap_or_else(|| "?".to_owned()),
            "@request-target" => format!("{}{}", self.path, query().unwrap_or_default()),
            name if name.starts_with('@') || name.bytes().any(|octet| octet.is_ascii_uppercase()) => return None,
            name => {
                let values = (self.header)(name);
                (!values.is_empty()).then(|| values.join(", "))?
            }
        })
    }

    fn joined(&self, name: &str) -> String {
        (self.header)(name).join(", ")
    }

    fn dictionary(&self, name: &str) -> Result<Dictionary, String> {
        let text = self.joined(name);
        Parser::new(&text).parse::<Dictionary>().map_err(|error| format!("{name}: {error}"))
    }
}
