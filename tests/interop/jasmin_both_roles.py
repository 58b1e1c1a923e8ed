"""Starts Jasmin with its own Redis and RabbitMQ, as a client of ours and as an upstream for us at the same time.

    SAMBAC_SMPP_ADDR=… SAMBAC_SMPP_SYSTEM_ID=… SAMBAC_SMPP_PASSWORD=… FOLDER=… UPSTREAM_PORT=… .venv-jasmin/bin/python jasmin_both_roles.py

Its connector is bound to us; its SMPP server listens on UPSTREAM_PORT for user "sambac". What comes in there goes out by the
connector. It sends one message by its HTTP API, waits for the receipt, says so, and serves until its standard input ends.
Run by crates/app/tests/scenarios/interop/foreign.rs.
"""

import glob
import os
import pathlib
import socket
import sys

import txamqp
from private import DEADLINE_S, Callbacks, Failed, Folder, free_port, get

TEXT, SOURCE, DESTINATION = "jasmin: hello €", "Bank", "447700900123"


def run():
    folder = Folder(os.environ["FOLDER"])
    redis, rabbit = start_redis(folder), start_rabbit(folder)
    console, http = start_jasmin(folder, redis, rabbit)
    configure(console)
    receipts = Callbacks()
    folder.until("Jasmin's connector is bound", lambda: "BOUND_TRX" in console.ask("smppccm --list"))
    status, answer = get(
        f"http://127.0.0.1:{http}/send",
        username="sambac",
        password="pa55word",
        to=DESTINATION,
        **{"from": SOURCE},
        content=TEXT,
        coding=0,
        dlr="yes",
        **{"dlr-url": f"http://127.0.0.1:{receipts.port}/dlr", "dlr-level": 2, "dlr-method": "GET"},
    )
    if not answer.startswith("Success"):
        raise Failed(f"Jasmin refused the message: {status} {answer}")
    receipt = receipts.next("the receipt")
    if receipt.get("message_status") != "DELIVRD" or receipt.get("id") != answer.split('"')[1]:
        raise Failed(f"the receipt: {receipt}")
    print("1 submitted, 1 receipts", flush=True)
    sys.stdin.read()


def start_redis(folder):
    port = free_port()
    folder.start("redis", ["redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
    folder.until_listening("redis", port)
    return port


def start_rabbit(folder):
    port, names = free_port(), free_port()
    servers = sorted(glob.glob("/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server"))
    if not servers:
        raise Failed("rabbitmq-server is missing: run tools/setup test")
    variables = {
        "ERL_EPMD_PORT": names,
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODENAME": f"sambac{os.getpid()}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": port,
        "RABBITMQ_DIST_PORT": free_port(),
        "RABBITMQ_MNESIA_BASE": folder.path / "mnesia",
        "RABBITMQ_LOG_BASE": folder.path / "rabbit-log",
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_ENABLED_PLUGINS_FILE": folder.write("plugins", "[].\n"),
        "RABBITMQ_CONF_ENV_FILE": folder.write("rabbit-env", ""),
        "RABBITMQ_CONFIG_FILE": folder.write("rabbitmq.conf", "loopback_users = none\n"),
        "RABBITMQ_PID_FILE": folder.path / "rabbit.pid",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 -kernel inet_dist_use_interface {127,0,0,1}",
    }
    # Erlang's name server would outlive the test if RabbitMQ started it.
    folder.start("epmd", ["epmd", "-port", names, "-address", "127.0.0.1"])
    folder.until_listening("epmd", names)
    folder.start("rabbit", [servers[-1]], **variables)
    folder.until_listening("rabbit", port)
    return port


def start_jasmin(folder, redis, rabbit):
    console, http = free_port(), free_port()
    spec = pathlib.Path(txamqp.__file__).parent / "specs/standard/amqp0-9-1.stripped.xml"
    (folder.path / "store").mkdir()
    config = folder.write(
        "jasmin.cfg",
        f"""
[smpp-server]
bind = 127.0.0.1
port = {os.environ["UPSTREAM_PORT"]}
[smpp-server-pb]
bind = 127.0.0.1
port = {free_port()}
[client-management]
bind = 127.0.0.1
port = {free_port()}
store_path = {folder.path}/store
[router]
bind = 127.0.0.1
port = {free_port()}
store_path = {folder.path}/store
[dlr]
dlr_lookup_retry_delay = 1
[http-api]
bind = 127.0.0.1
port = {http}
[jcli]
bind = 127.0.0.1
port = {console}
authentication = False
[amqp-broker]
port = {rabbit}
spec = {spec}
[redis-client]
port = {redis}
""",
    )
    program = pathlib.Path(sys.executable).parent / "jasmind.py"
    flags = ["--enable-dlr-thrower", "--enable-dlr-lookup"]
    # Its lock is the machine's, so that two tests could not run; here it is the folder's.
    launch = (
        "import lockfile, os, runpy, sys; lock = lockfile.FileLock; "
        "lockfile.FileLock = lambda path: lock(os.path.join(os.getcwd(), 'jasmind')); "
        "sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    command = [sys.executable, "-c", launch, program, "-c", config, *flags]
    folder.start("jasmin", command, LOG_PATH=folder.path, ROOT_PATH=folder.path)
    folder.until_listening("jasmin", console)
    return Console(console), http


class Console:
    """Jasmin's console."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), DEADLINE_S)
        # The first prompt comes only when asked for.
        self.ask("")

    def read(self, *prompts):
        text = ""
        while not any(text.endswith(prompt) for prompt in prompts):
            part = self.socket.recv(4096)
            if not part:
                raise Failed(f"the console closed after: {text}")
            text += part.decode(errors="replace")
        return text

    def ask(self, line):
        self.socket.sendall(line.encode() + b"\r\n")
        return self.read("jcli : ", "\r\n> ")

    def do(self, *lines):
        """Asks each line; what the last one says must not be a refusal."""
        answers = [self.ask(line) for line in lines]
        if "Error" in answers[-1] or "Unknown" in answers[-1] or "Must" in answers[-1]:
            raise Failed(f"{lines}: {answers}")
        return answers[-1]


def configure(console):
    host, port = os.environ["SAMBAC_SMPP_ADDR"].rsplit(":", 1)
    console.do("group -a", "gid clients", "ok")
    console.do("user -a", "username sambac", "password pa55word", "gid clients", "uid sambac", "ok")
    console.do(
        "smppccm -a",
        "cid sambac",
        f"host {host}",
        f"port {port}",
        f"username {os.environ['SAMBAC_SMPP_SYSTEM_ID']}",
        f"password {os.environ['SAMBAC_SMPP_PASSWORD']}",
        "bind transceiver",
        "submit_throughput 0",
        "con_fail_delay 1",
        "src_ton 5",
        "src_npi 0",
        "dst_ton 1",
        "dst_npi 1",
        "ok",
    )
    console.do("smppccm -1 sambac")
    console.do("mtrouter -a", "type DefaultRoute", "connector smppc(sambac)", "rate 0.00", "ok")


try:
    run()
except Exception as error:  # whatever it is, the caller wants one line and a status
    sys.exit(f"jasmin_both_roles.py: {type(error).__name__}: {error}")
