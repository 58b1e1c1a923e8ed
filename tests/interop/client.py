"""Does a client's main job with Python's smpplib: bind, submit, receive receipts. Ends with 1 and a reason when it cannot.

    SAMBAC_SMPP_ADDR=127.0.0.1:2775 SAMBAC_SMPP_SYSTEM_ID=demo SAMBAC_SMPP_PASSWORD=... .venv/bin/python client.py

Run by crates/app/tests/scenarios/interop.rs, which looks at what reached the operator. Works with demo.env, too.
"""

import os
import sys
import time

import smpplib.client
import smpplib.consts
import smpplib.gsm

SOURCE, DESTINATION = "Bank", "447700900123"
TEXTS = [
    "python: plain [GSM] text €",
    "питон: 🐍",
    "python: long " + "0123456789" * 20,
]
DEADLINE_S = 30


class Failed(Exception):
    """What went wrong."""


def run():
    host, port = os.environ["SAMBAC_SMPP_ADDR"].rsplit(":", 1)
    client = smpplib.client.Client(host, port, timeout=1, allow_unknown_opt_params=True)
    answers, receipts = {}, {}
    client.set_message_sent_handler(lambda pdu: answers.update({pdu.sequence: pdu.message_id.decode()}))
    client.set_message_received_handler(lambda pdu: note_receipt(pdu, receipts))
    client.connect()
    client.bind_transceiver(
        system_id=os.environ["SAMBAC_SMPP_SYSTEM_ID"], password=os.environ["SAMBAC_SMPP_PASSWORD"]
    )
    sent = [sequence for text in TEXTS for sequence in submit(client, text)]
    read_until(client, lambda: len(answers) == len(sent), lambda: f"{len(answers)} of {len(sent)} answers")
    ids = {answers[sequence] for sequence in sent}
    if len(ids) != len(sent) or "" in ids:
        raise Failed(f"message ids are not distinct: {ids}")
    read_until(client, lambda: ids <= receipts.keys(), lambda: f"{len(receipts)} of {len(ids)} receipts")
    wrong = {message_id: state for message_id, state in receipts.items() if state != 2}
    if wrong:
        raise Failed(f"not delivered: {wrong}")
    client.unbind()
    client.disconnect()
    print(f"{len(sent)} submitted, {len(receipts)} receipts")


def submit(client, text):
    """Submits a text, in as many segments as smpplib makes of it."""
    parts, coding, esm_class = smpplib.gsm.make_parts(text)
    for part in parts:
        pdu = client.send_message(
            source_addr_ton=smpplib.consts.SMPP_TON_ALNUM,
            source_addr=SOURCE,
            dest_addr_ton=smpplib.consts.SMPP_TON_INTL,
            dest_addr_npi=smpplib.consts.SMPP_NPI_ISDN,
            destination_addr=DESTINATION,
            short_message=part,
            data_coding=coding,
            esm_class=esm_class,
            registered_delivery=True,
        )
        yield pdu.sequence


def note_receipt(pdu, receipts):
    if pdu.command != "deliver_sm" or pdu.esm_class & 0x3C != 0x04:
        raise Failed(f"not a receipt: {pdu.command} with esm_class {pdu.esm_class}")
    message_id = pdu.receipted_message_id.rstrip(b"\0").decode()
    if f"id:{message_id} " not in pdu.short_message.decode():
        raise Failed(f"text and TLV name different messages: {pdu.short_message!r}, {message_id}")
    if pdu.source_addr.decode() != DESTINATION or pdu.destination_addr.decode() != SOURCE:
        raise Failed(f"addresses of the receipt: {pdu.source_addr!r}, {pdu.destination_addr!r}")
    receipts[message_id] = pdu.message_state if isinstance(pdu.message_state, int) else pdu.message_state[0]


def read_until(client, done, progress):
    deadline = time.monotonic() + DEADLINE_S
    while not done():
        if time.monotonic() > deadline:
            raise Failed(f"after {DEADLINE_S} s: {progress()}")
        client.read_once()


try:
    run()
except Exception as error:  # whatever it is, the caller wants one line and a status
    sys.exit(f"client.py: {type(error).__name__}: {error}")
