// An SMSC with Node's smpp: takes binds and messages, answers them, sends a receipt of each and one message of its own.
//
//     PASSWORD=... node server.js
//
// Its first line of output is where it listens; then a line of JSON for each message. Ends with its standard input.
// Run by crates/app/tests/scenarios/interop/foreign.rs.

'use strict';

const smpp = require('smpp');

const RECEIPT = smpp.consts.ESM_CLASS.MC_DELIVERY_RECEIPT;
let last = 0x5a5a00;

function say(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function bind(session, pdu) {
  if (pdu.system_id !== 'sambac' || pdu.password !== process.env.PASSWORD) {
    session.send(pdu.response({ command_status: smpp.ESME_RBINDFAIL }));
    session.close();
    return;
  }
  session.send(pdu.response({ system_id: 'node', sc_interface_version: 0x34 }));
  session.on('enquire_link', (request) => session.send(request.response()));
  session.on('unbind', (request) => {
    session.send(request.response());
    session.close();
  });
  session.on('submit_sm', (request) => submit(session, request));
}

// Ids in hexadecimal in the answer, and the same in the receipt.
function submit(session, pdu) {
  const id = (last += 1).toString(16);
  const text = pdu.short_message.message;
  session.send(pdu.response({ message_id: id }));
  say({ id, text, source: pdu.source_addr, destination: pdu.destination_addr, udh: (pdu.short_message.udh || []).length });
  const fields = {
    source_addr_ton: 1,
    source_addr_npi: 1,
    source_addr: pdu.destination_addr,
    destination_addr: pdu.source_addr,
    esm_class: RECEIPT,
    short_message: `id:${id} sub:001 dlvrd:001 submit date:2611230900 done date:2611230900 stat:DELIVRD err:000 text:`,
  };
  session.deliver_sm(fields, (answer) => say({ receipt: id, status: answer.command_status }));
}

const server = smpp.createServer((session) => {
  session.on('error', () => session.close());
  for (const kind of ['bind_transceiver', 'bind_transmitter', 'bind_receiver']) {
    session.on(kind, (pdu) => bind(session, pdu));
  }
});
server.listen(0, '127.0.0.1', () => say({ listening: server.address().port }));
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
