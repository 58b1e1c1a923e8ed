"""Programs of a test: started in a folder of their own on free ports, ended with it, heard of when they fail."""

import atexit
import ctypes
import http.server
import os
import pathlib
import queue
import signal
import socket
import subprocess
import threading
import time
import urllib.parse
import urllib.request

DEADLINE_S = 60
PR_SET_PDEATHSIG = 1


class Failed(Exception):
    """What went wrong."""


def end_with_parent():
    """The kernel ends a child whose parent has gone, also when that was killed."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Folder:
    """A folder, and the programs that run in it."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.path.mkdir(parents=True, exist_ok=True)
        self.children = []
        atexit.register(self.end)

    def write(self, name, text):
        path = self.path / name
        path.write_text(text)
        return path

    def start(self, name, command, **variables):
        """Starts a program; its output goes to `name`.log."""
        log = open(self.path / f"{name}.log", "ab")
        try:
            child = subprocess.Popen(
                [str(part) for part in command],
                cwd=self.path,
                env=os.environ | {"HOME": str(self.path)} | {key: str(value) for key, value in variables.items()},
                stdin=subprocess.DEVNULL,
                stdout=log,
                preexec_fn=end_with_parent,
                stderr=log,
            )
        except FileNotFoundError as error:
            raise Failed(f"{error.filename} is missing: run tools/setup test") from error
        self.children.append((name, child))
        return child

    def until(self, what, done):
        """Waits until `done` gives something, and for as long as every program runs."""
        deadline = time.monotonic() + DEADLINE_S
        while True:
            try:
                if found := done():
                    return found
            except OSError:
                pass
            for name, child in self.children:
                if child.poll() is not None:
                    raise Failed(f"{name} has ended with {child.returncode}: {self.tail(name)}")
            if time.monotonic() > deadline:
                raise Failed(f"not within {DEADLINE_S} s: {what}")
            time.sleep(0.05)

    def until_listening(self, name, port):
        self.until(f"{name} listens", lambda: socket.create_connection(("127.0.0.1", port), 1).close() or True)

    def tail(self, name):
        return (self.path / f"{name}.log").read_text(errors="replace")[-1500:]

    def end(self):
        for _, child in reversed(self.children):
            child.terminate()
        for _, child in reversed(self.children):
            try:
                child.wait(5)
            except subprocess.TimeoutExpired:
                child.kill()
        self.children.clear()


class Callbacks:
    """An HTTP server that takes the parameters of every request, and answers what is wanted."""

    def __init__(self, answer="ACK/Jasmin"):
        self.seen = queue.Queue(1000)
        callbacks = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.take(urllib.parse.urlsplit(self.path).query)

            def do_POST(self):
                self.take(self.rfile.read(int(self.headers["Content-Length"])).decode())

            def take(self, query):
                callbacks.seen.put(dict(urllib.parse.parse_qsl(query, keep_blank_values=True)))
                body = answer.encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def next(self, what):
        try:
            return self.seen.get(timeout=DEADLINE_S)
        except queue.Empty:
            raise Failed(f"not within {DEADLINE_S} s: {what}") from None


def get(url, **parameters):
    """`GET url`; its status and text."""
    with urllib.request.urlopen(f"{url}?{urllib.parse.urlencode(parameters)}", timeout=DEADLINE_S) as answer:
        return answer.status, answer.read().decode()
