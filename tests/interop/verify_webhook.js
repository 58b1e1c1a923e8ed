// Verifies webhooks as a receiver in Node does: with the official library where there is a shared secret, with Node's own `crypto` where
// there is a public key. Reads one JSON object a line (body, headers, and secret or public_key), and says of each what event it is, or
// that it is refused.
const crypto = require("node:crypto");
const readline = require("node:readline");
const { Webhook, WebhookVerificationError } = require("standardwebhooks");

function verifiedByKey(publicKey, body, headers) {
  const x = Buffer.from(publicKey.replace("whpk_", ""), "base64").toString("base64url");
  const key = crypto.createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  const signed = Buffer.from(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`);
  const signatures = headers["webhook-signature"].split(" ").map((text) => text.split(","));
  const mine = signatures.filter(([scheme]) => scheme === "v1a");
  if (mine.some(([, octets]) => crypto.verify(null, signed, key, Buffer.from(octets, "base64")))) {
    return JSON.parse(body);
  }
  throw new WebhookVerificationError("no signature of this key");
}

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const { body, headers, secret, public_key: publicKey } = JSON.parse(line);
  try {
    const event = secret ? new Webhook(secret).verify(body, headers) : verifiedByKey(publicKey, body, headers);
    console.log(event.type);
  } catch (error) {
    if (!(error instanceof WebhookVerificationError)) throw error;
    console.log("refused");
  }
});
