"""Starts Kannel, bound to us as a transceiver, and does a client's main job with its smsbox: send, and hear of the receipts.

    SAMBAC_SMPP_ADDR=… SAMBAC_SMPP_SYSTEM_ID=… SAMBAC_SMPP_PASSWORD=… FOLDER=… python3 kannel.py

Kannel in Debian has no SMPP server, so there is no other role to test. Run by crates/app/tests/scenarios/interop/foreign.rs.
"""

import os
import sys

from private import Callbacks, Failed, Folder, free_port, get

SOURCE, DESTINATION = "Bank", "447700900123"
TEXTS = [("kannel: plain text", 0), ("каннель: 🐫", 2), ("kannel: long " + "0123456789" * 20, 0)]
DELIVERED = "1"


def run():
    folder = Folder(os.environ["FOLDER"])
    receipts = Callbacks(answer="")
    admin, sendsms = start(folder)
    folder.until("Kannel is bound", lambda: "online" in get(f"http://127.0.0.1:{admin}/status.txt", password="pa55word")[1])
    for number, (text, coding) in enumerate(TEXTS):
        status, answer = get(
            f"http://127.0.0.1:{sendsms}/cgi-bin/sendsms",
            username="bank",
            password="pa55word",
            to=f"+{DESTINATION}",
            text=text,
            charset="UTF-8",
            coding=coding,
            **{"from": SOURCE, "dlr-mask": 3, "dlr-url": f"http://127.0.0.1:{receipts.port}/?n={number}&d=%d&id=%F"},
        )
        if status != 202 or not answer.startswith("0: Accepted"):
            raise Failed(f"Kannel refused: {status} {answer}")
    heard = [receipts.next("a receipt") for _ in range(len(TEXTS))]
    # Of a message in several segments it asks for one receipt only.
    wrong = [receipt for receipt in heard if receipt.get("d") != DELIVERED]
    if wrong or {receipt["n"] for receipt in heard} != {str(number) for number in range(len(TEXTS))}:
        raise Failed(f"receipts: {heard}")
    print(f"{len(TEXTS)} submitted, {len(heard)} receipts")


def start(folder):
    host, port = os.environ["SAMBAC_SMPP_ADDR"].rsplit(":", 1)
    admin, boxes, sendsms = free_port(), free_port(), free_port()
    config = folder.write(
        "kannel.conf",
        f"""
group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = pa55word
smsbox-port = {boxes}
smsbox-interface = 127.0.0.1
log-file = {folder.path}/kannel.log
log-level = 0
dlr-storage = internal
sms-resend-freq = 1

group = smsc
smsc = smpp
smsc-id = sambac
host = {host}
port = {port}
transceiver-mode = true
smsc-username = {os.environ["SAMBAC_SMPP_SYSTEM_ID"]}
smsc-password = {os.environ["SAMBAC_SMPP_PASSWORD"]}
system-type = ""
source-addr-ton = 5
source-addr-npi = 0
source-addr-autodetect = true
dest-addr-ton = 1
dest-addr-npi = 1
enquire-link-interval = 5
msg-id-type = 0x00
interface-version = 34

group = smsbox
bearerbox-host = 127.0.0.1
bearerbox-port = {boxes}
sendsms-port = {sendsms}
sendsms-interface = 127.0.0.1
log-file = {folder.path}/smsbox.log
log-level = 0
sendsms-chars = "0123456789 +-"

group = sendsms-user
username = bank
password = pa55word
default-sender = {SOURCE}
max-messages = 3
concatenation = true
""",
    )
    folder.start("bearerbox", ["/usr/sbin/bearerbox", config])
    folder.until_listening("bearerbox", boxes)
    folder.start("smsbox", ["/usr/sbin/smsbox", config])
    folder.until_listening("smsbox", sendsms)
    return admin, sendsms


try:
    run()
except Exception as error:  # whatever it is, the caller wants one line and a status
    sys.exit(f"kannel.py: {type(error).__name__}: {error}")
