"""Does a client's main job with Python's aiosmpplib: bind, submit, receive receipts. Ends with 1 and a reason when it cannot.

    SAMBAC_SMPP_ADDR=… SAMBAC_SMPP_SYSTEM_ID=… SAMBAC_SMPP_PASSWORD=… .venv/bin/python aio.py

It has no server. Run by crates/app/tests/scenarios/interop/foreign.rs.
"""

import asyncio
import os
import sys

from aiosmpplib import ESME, NPI, TON, DeliverSm, PhoneNumber, SubmitSm, SubmitSmResp
from aiosmpplib.hook import AbstractHook

SOURCE, DESTINATION = "Bank", "447700900123"
TEXTS = ["aio: plain [GSM] text €", "айо: 🐟", "aio: another"]
DEADLINE_S = 30


class Failed(Exception):
    """What went wrong."""


class Hook(AbstractHook):
    """Counts answers and receipts."""

    def __init__(self):
        self.answers, self.receipts, self.error = {}, {}, None
        self.changed = asyncio.Event()

    async def sending(self, smpp_message, pdu, client_id):
        pass

    async def received(self, smpp_message, pdu, client_id):
        if isinstance(smpp_message, DeliverSm):
            if not smpp_message.is_receipt():
                self.error = Failed(f"not a receipt: {smpp_message.short_message}")
            receipt = smpp_message.parse_receipt()
            self.receipts[receipt["id"]] = (receipt["stat"], smpp_message.log_id)
        elif isinstance(smpp_message, SubmitSmResp):
            self.answers[smpp_message.message_id] = smpp_message.log_id
        self.changed.set()

    async def send_error(self, smpp_message, error, client_id):
        self.error = error
        self.changed.set()


async def run():
    host, port = os.environ["SAMBAC_SMPP_ADDR"].rsplit(":", 1)
    hook = Hook()
    esme = ESME(
        smsc_host=host,
        smsc_port=int(port),
        system_id=os.environ["SAMBAC_SMPP_SYSTEM_ID"],
        password=os.environ["SAMBAC_SMPP_PASSWORD"],
        hook=hook,
    )
    for number, text in enumerate(TEXTS):
        message = SubmitSm(
            short_message=text,
            source=PhoneNumber(SOURCE, TON.ALPHANUMERIC, NPI.UNKNOWN),
            destination=PhoneNumber(DESTINATION, TON.INTERNATIONAL, NPI.ISDN),
            registered_delivery=1,
            log_id=f"n-{number}",
        )
        await esme.broker.enqueue(message)
    task = asyncio.create_task(esme.start())
    try:
        async with asyncio.timeout(DEADLINE_S):
            while len(hook.receipts) < len(TEXTS) and hook.error is None:
                await hook.changed.wait()
                hook.changed.clear()
    except TimeoutError as error:
        raise Failed(f"{len(hook.answers)} answers, {len(hook.receipts)} receipts") from error
    if hook.error is not None:
        raise hook.error
    await esme.stop()
    task.cancel()
    # The library itself finds the message that each receipt is for.
    wanted = {message_id: ("DELIVRD", log_id) for message_id, log_id in hook.answers.items()}
    if hook.receipts != wanted:
        raise Failed(f"receipts {hook.receipts}, wanted {wanted}")
    print(f"{len(hook.answers)} submitted, {len(hook.receipts)} receipts")


try:
    asyncio.run(run())
except Exception as error:  # whatever it is, the caller wants one line and a status
    sys.exit(f"aio.py: {type(error).__name__}: {error}")
