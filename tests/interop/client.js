// Does a client's main job with Node's smpp: bind, submit, receive receipts. Ends with 1 and a reason when it cannot.
//
//     SAMBAC_SMPP_ADDR=127.0.0.1:2775 SAMBAC_SMPP_SYSTEM_ID=demo SAMBAC_SMPP_PASSWORD=... node client.js
//
// Run by crates/app/tests/scenarios/interop.rs, which looks at what reached the operator. Works with demo.env, too.

'use strict';

const smpp = require('smpp');

const SOURCE = 'Bank';
const DESTINATION = '447700900123';
const LONG = 'node: long ' + '0123456789'.repeat(20);
const DEADLINE_MS = 30_000;

const MESSAGES = [
  { short_message: 'node: plain [GSM] text €' },
  { short_message: 'узел: 🟢' },
  ...segments(LONG).map((short_message) => ({ short_message })),
  { message_payload: LONG.replace('long', 'payload') },
];

// A text of ASCII in segments with a concatenation header.
function segments(text) {
  const parts = text.match(/[^]{1,153}/g);
  return parts.map((message, index) => ({ udh: Buffer.from([5, 0, 3, 0x5a, parts.length, index + 1]), message }));
}

function fail(reason) {
  console.error(`client.js: ${reason}`);
  process.exit(1);
}

async function run() {
  const session = await connect(`smpp://${process.env.SAMBAC_SMPP_ADDR}`);
  const receipts = new Map();
  session.on('deliver_sm', (pdu) => {
    noteReceipt(pdu, receipts);
    session.send(pdu.response());
  });
  await request(session, 'bind_transceiver', {
    system_id: process.env.SAMBAC_SMPP_SYSTEM_ID,
    password: process.env.SAMBAC_SMPP_PASSWORD,
  });
  await request(session, 'enquire_link', {});
  const answers = await Promise.all(MESSAGES.map((message) => request(session, 'submit_sm', addressed(message))));
  const ids = answers.map((answer) => answer.message_id);
  if (new Set(ids).size !== MESSAGES.length || ids.includes('')) {
    fail(`message ids are not distinct: ${ids}`);
  }
  await until(() => ids.every((id) => receipts.has(id)), () => `${receipts.size} of ${ids.length} receipts came`);
  const wrong = [...receipts].filter(([, state]) => state !== 2);
  if (wrong.length > 0) {
    fail(`not delivered: ${JSON.stringify(wrong)}`);
  }
  await request(session, 'unbind', {});
  session.close();
  console.log(`${ids.length} submitted, ${receipts.size} receipts`);
}

function connect(url) {
  return new Promise((resolve) => {
    const session = smpp.connect({ url }, () => resolve(session));
    session.on('error', (error) => fail(error));
  });
}

function request(session, command, fields) {
  return new Promise((resolve) => {
    session[command](fields, (pdu) => {
      if (pdu.command_status !== 0) {
        fail(`${command}: command_status ${pdu.command_status}`);
      }
      resolve(pdu);
    });
  });
}

function addressed(message) {
  return {
    source_addr_ton: 5,
    source_addr: SOURCE,
    dest_addr_ton: 1,
    dest_addr_npi: 1,
    destination_addr: DESTINATION,
    registered_delivery: 1,
    ...message,
  };
}

function noteReceipt(pdu, receipts) {
  const text = pdu.short_message.message.toString();
  const id = pdu.receipted_message_id;
  if ((pdu.esm_class & 0x3c) !== 0x04 || !text.startsWith(`id:${id} `)) {
    fail(`not a receipt: esm_class ${pdu.esm_class}, ${text}, ${id}`);
  }
  if (pdu.source_addr !== DESTINATION || pdu.destination_addr !== SOURCE) {
    fail(`addresses of the receipt: ${pdu.source_addr}, ${pdu.destination_addr}`);
  }
  receipts.set(id, pdu.message_state);
}

function until(done, progress) {
  return new Promise((resolve) => {
    const deadline = Date.now() + DEADLINE_MS;
    const look = setInterval(() => {
      if (done()) {
        clearInterval(look);
        resolve();
      } else if (Date.now() > deadline) {
        fail(`after ${DEADLINE_MS} ms: ${progress()}`);
      }
    }, 10);
  });
}

setTimeout(() => fail(`it is not done after ${2 * DEADLINE_MS} ms`), 2 * DEADLINE_MS).unref();
run().catch(fail);
