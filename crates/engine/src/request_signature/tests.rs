//! The examples of the RFC, and signatures that do not hold.

use sambac_domain::Timestamp;
use sambac_domain::id::RequestKeyId;

use super::*;

const DATE: &str = "Tue, 20 Apr 2021 02:07:55 GMT";

fn headers(name: &str, input: &str, signature: &str) -> Vec<String> {
    let value = match name {
        "host" => "example.com",
        "date" => DATE,
        "content-type" => "application/json",
        "content-length" => "18",
        "signature-input" => input,
        "signature" => signature,
        _ => return Vec::new(),
    };
    vec![value.to_owned()]
}

fn request<'a>(header: &'a dyn Fn(&str) -> Vec<String>) -> SignedRequest<'a> {
    SignedRequest {
        method: "POST",
        public_url: "https://example.com",
        authority: "example.com",
        path: "/foo",
        query: Some("param=Value&Pet=dog"),
        header,
        has_body: true,
        is_digest_right: Some(true),
    }
}

/// RFC 9421, appendix B.2.5 and B.2.6: the bases are those of the RFC, and the signatures hold.
#[test]
fn the_examples_of_the_rfc_hold() {
    let secret = "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==";
    let hmac = Verifier::Hmac(Box::new(hmac::Key::new(hmac::HMAC_SHA256, &STANDARD.decode(secret).unwrap())));
    let ed25519 = Verifier::Ed25519(URL_SAFE_NO_PAD.decode("JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs").unwrap());
    for (verifier, parameters, signature, base) in [
        (
            hmac,
            r#"("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret""#,
            "pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=",
            format!("\"date\": {DATE}\n\"@authority\": example.com\n\"content-type\": application/json\n"),
        ),
        (
            ed25519,
            r#"("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519""#,
            "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==",
            format!(
                "\"date\": {DATE}\n\"@method\": POST\n\"@path\": /foo\n\"@authority\": example.com\n\
                 \"content-type\": application/json\n\"content-length\": 18\n"
            ),
        ),
    ] {
        let (input, signature) = (format!("sig={parameters}"), format!("sig=:{signature}:"));
        let header = |name: &str| headers(name, &input, &signature);
        let request = request(&header);
        let (made, octets) = request.base(&request.inputs().unwrap()[0]).unwrap();
        assert_eq!(made, format!("{base}\"@signature-params\": {parameters}"));
        assert!(verifier.has_signed(&made, &octets));
        assert!(!verifier.has_signed(&made.replace("example.com", "example.org"), &octets));
    }
}

/// A key of HMAC whose secret is known here, as it is stored.
fn own_key(seal: &Seal) -> RequestKeys {
    let id = RequestKeyId::from_raw(256);
    let row = RequestKeyRow {
        id,
        api_key_id: ApiKeyId::from_raw(256),
        algorithm: "hmac-sha256".to_owned(),
        public_key: String::new(),
        secret_sealed: Some(sambac_store::Sealed(seal.seal_text(id.raw(), &STANDARD.encode("secret")).unwrap())),
        required: true,
        created_at: Timestamp(0),
    };
    RequestKeys::new(vec![row], seal)
}

const NOW_S: i64 = 1_800_000_000;
const GOOD: &str = r#"("@method" "@target-uri" "content-digest")"#;

/// Signs as a client does, and answers what becomes of it.
fn verified(covered: &str, parameters: &str, change: impl Fn(&mut SignedRequest<'_>)) -> Result<String, String> {
    let seal = Seal::throwaway().unwrap();
    let keys = own_key(&seal);
    let parameters = parameters.replace("KEY", &RequestKeyId::from_raw(256).to_string());
    let input = format!("sig={covered}{parameters}");
    let header = |signature: &str| {
        let (input, signature) = (input.clone(), signature.to_owned());
        move |name: &str| match name {
            "content-digest" => vec!["sha-256=:…:".to_owned()],
            name => headers(name, &input, &signature),
        }
    };
    let unsigned = header("sig=::");
    let base = request(&unsigned).base(&request(&unsigned).inputs().map_err(|why| why.clone())?[0]);
    let signature = match base {
        Ok((base, _)) => STANDARD.encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"secret"), base.as_bytes())),
        Err(_) => STANDARD.encode([0; 32]),
    };
    let signed = header(&format!("sig=:{signature}:"));
    let mut request = request(&signed);
    change(&mut request);
    keys_verify(keys.of(ApiKeyId::from_raw(256)), &request, NOW_S).map_err(|refusal| {
        assert_eq!(refusal.code, ErrorCode::InvalidRequestSignature);
        refusal.detail
    })
}

/// What holds is taken, whichever way its place is covered; each thing that is missing, old or changed is refused.
#[test]
fn a_signature_covers_what_makes_the_request() {
    let parameters = |created_s: i64| format!(";created={created_s};keyid=\"KEY\";nonce=\"0123456789abcdef\"");
    let now = parameters(NOW_S);
    let nonce = Ok("0123456789abcdef".to_owned());
    assert_eq!(verified(GOOD, &now, |_| {}), nonce);
    assert_eq!(verified(r#"("@method" "@path" "@query" "content-digest")"#, &now, |_| {}), nonce);
    assert_eq!(
        verified(r#"("@method" "@path" "@query")"#, &now, |request| (request.has_body, request.is_digest_right) =
            (false, None)),
        nonce
    );
    for age in [-AHEAD_MAX_S, AGE_MAX_S] {
        assert_eq!(verified(GOOD, &parameters(NOW_S - age), |_| {}), nonce, "{age}");
    }
    for (covered, parameters) in [
        (r#"("@target-uri" "content-digest")"#, now.clone()),
        (r#"("@method" "content-digest")"#, now.clone()),
        (r#"("@method" "@path" "content-digest")"#, now.clone()),
        (r#"("@method" "@target-uri")"#, now.clone()),
        (r#"("@method" "@method" "@target-uri" "content-digest")"#, now.clone()),
        (r#"("@method" "@target-uri" "content-digest" "x-missing")"#, now.clone()),
        (r#"("@method" "@target-uri" "content-digest" "@status")"#, now.clone()),
        (r#"("@method";req "@target-uri" "content-digest")"#, now.clone()),
        (GOOD, parameters(NOW_S - AGE_MAX_S - 1)),
        (GOOD, parameters(NOW_S + AHEAD_MAX_S + 1)),
        (GOOD, now.replace(";created=1800000000", "")),
        (GOOD, now.replace("0123456789abcdef", "short")),
        (GOOD, now.replace(";nonce=\"0123456789abcdef\"", "")),
        (GOOD, now.replace("KEY", "rqk_0000000000200")),
        (GOOD, format!("{now};alg=\"ed25519\"")),
        (GOOD, format!("{now};expires=1800000000")),
    ] {
        assert!(verified(covered, &parameters, |_| {}).is_err(), "{covered}{parameters}");
    }
    for (what, change) in [
        ("method", (|request| request.method = "PUT") as fn(&mut SignedRequest<'_>)),
        ("path", |request| request.path = "/bar"),
        ("query", |request| request.query = Some("param=Value&Pet=cat")),
        ("host", |request| request.public_url = "https://example.org"),
        ("body", |request| request.is_digest_right = Some(false)),
        ("digest", |request| request.is_digest_right = None),
    ] {
        assert!(verified(GOOD, &now, change).is_err(), "{what}");
    }
}
