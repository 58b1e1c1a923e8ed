"""Signs requests by http-message-signatures, which we did not write: with HMAC-SHA256 and with Ed25519.

Makes an API key that asks for signatures for each, sends a message with it, and tries what must not pass.
"""

import base64
import os
import secrets

import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from http_message_signatures import HTTPMessageSigner, HTTPSignatureKeyResolver, algorithms

URL = os.environ["SAMBAC_URL"]
MAKER = {"Authorization": "Bearer " + os.environ["SAMBAC_API_KEY"]}
BODY = b'{"to":"+447700900123","from":"Bank","text":"signed by python"}'
COVERED = ("@method", "@target-uri", "content-digest", "content-type")


class Resolver(HTTPSignatureKeyResolver):
    def __init__(self, key):
        self.key = key

    def resolve_private_key(self, key_id):
        return self.key

    def resolve_public_key(self, key_id):
        raise NotImplementedError


def made(path, body):
    answer = requests.post(URL + path, json=body, headers=MAKER, timeout=10)
    assert answer.status_code == 201, answer.text
    return answer.json()


def sent(api_key, change=None, sign=None):
    headers = {"Authorization": "Bearer " + api_key, "Content-Type": "application/json"}
    request = requests.Request("POST", URL + "/v1/sms/send", data=BODY, headers=headers).prepare()
    if sign:
        sign(request)
    if change:
        change(request)
    return request, requests.Session().send(request, timeout=10)


def tried(name, algorithm, wanted, key_of):
    api_key = made("/v1/keys", {"name": name, "scopes": ["sms:send"]})
    request_key = made(f"/v1/keys/{api_key['id']}/request-keys", {"required": True, **wanted})
    signer = HTTPMessageSigner(signature_algorithm=algorithm, key_resolver=Resolver(key_of(request_key)))

    def sign(request):
        nonce = secrets.token_urlsafe(16)
        signer.sign(request, key_id=request_key["id"], nonce=nonce, body=BODY, covered_component_ids=COVERED)

    def other_body(request):
        request.body = BODY.replace(b"123", b"124")

    def other_type(request):
        request.headers["Content-Type"] = "application/json; charset=utf-8"

    request, answer = sent(api_key["key"], sign=sign)
    assert answer.status_code == 202, answer.text
    refused = [requests.Session().send(request, timeout=10)]
    refused += [sent(api_key["key"])[1]]
    refused += [sent(api_key["key"], change=change, sign=sign)[1] for change in (other_body, other_type)]
    for answer in refused:
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_request_signature"), answer.text
    return len(refused)


ed25519 = Ed25519PrivateKey.generate()
public = ed25519.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
count = tried("hmac", algorithms.HMAC_SHA256, {"algorithm": "hmac-sha256"}, lambda made: base64.b64decode(made["secret"]))
count += tried(
    "ed25519",
    algorithms.ED25519,
    {"algorithm": "ed25519", "public_key": base64.b64encode(public).decode()},
    lambda made: ed25519,
)
print(f"2 accepted, {count} refused")
