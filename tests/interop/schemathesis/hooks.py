"""What schemathesis cannot know of this platform.

- What it lives by (its key, its session, its account) it may look at, and not change or end: OWN names all that.
- Messages go to numbers of the sandbox, and half of them are plain ones, so that some are taken.
- Connectors that it makes lead to this machine.
"""

import copy
import os
import re
import zlib

import schemathesis

OWN = set(os.environ["OWN"].split())
NUMBER = re.compile(r"^\+[0-9]{7,15}$")
TO = "+99955000001"
PLAIN = {
    "POST /v1/sms/send": {"to": TO, "from": "Bank", "text": "hello"},
    "POST /v1/sms/quote": {"to": [TO], "from": "Bank", "text": "hello"},
    "POST /v1/sms/batch": {"from": "Bank", "text": "hello", "recipients": [{"to": TO}]},
    "POST /v1/otp": {"to": TO, "from": "Bank"},
}


@schemathesis.hook
def before_call(context, case, kwargs):
    spare_our_own(case)
    if isinstance(case.body, dict):
        on_this_machine(case.body)
        if zlib.crc32(repr(case.body).encode()) % 2 and case.meta.generation.mode.is_positive:
            make_plain(case)


def spare_our_own(case):
    if case.method.upper() != "GET":
        for name, value in case.path_parameters.items():
            if value in OWN:
                case.path_parameters[name] = "nobody"


def on_this_machine(body):
    if isinstance(body.get("to"), str) and NUMBER.match(body["to"]):
        body["to"] = "+9995500" + body["to"][-4:]
    if isinstance(body.get("host"), str) and body["host"]:
        body["host"] = "127.0.0.1"


def make_plain(case):
    if case.operation.label in PLAIN:
        case.body = copy.deepcopy(PLAIN[case.operation.label])
        # A key that went with another body would be refused.
        if case.headers:
            case.headers.pop("Idempotency-Key", None)
