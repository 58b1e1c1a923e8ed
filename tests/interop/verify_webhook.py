"""Verifies webhooks as a receiver in Python does: with the official library where there is a shared secret, with `cryptography` where
there is a public key. Reads one JSON object a line (body, headers, and secret or public_key), and says of each what event it is, or that
it is refused."""

import base64
import json
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import Webhook, WebhookVerificationError


def verified_by_key(public_key, body, headers):
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key.removeprefix("whpk_")))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body}".encode()
    for signature in headers["webhook-signature"].split(" "):
        scheme, _, octets = signature.partition(",")
        if scheme == "v1a":
            try:
                key.verify(base64.b64decode(octets), signed)
                return json.loads(body)
            except InvalidSignature:
                continue
    raise WebhookVerificationError("no signature of this key")


for line in sys.stdin:
    one = json.loads(line)
    try:
        if "secret" in one:
            event = Webhook(one["secret"]).verify(one["body"], one["headers"])
        else:
            event = verified_by_key(one["public_key"], one["body"], one["headers"])
        print(event["type"])
    except WebhookVerificationError:
        print("refused")
