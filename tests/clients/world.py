"""A world of its own for real clients: the hosts that they have built in are ours, on the ports 80 and 443.

    unshare --mount --net python tests/clients/world.py PLAN

PLAN is a JSON file: ``data`` (an installation's folder), ``hosts`` (names that lead to us), ``commands`` (by name, each
a list; their environment has the certificate to trust). Prints a JSON object: what each command said and its status.
It needs network and mount namespaces: root, or ``unshare --map-root-user`` where the kernel lets users have them.
"""

import asyncio
import fcntl
import json
import os
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

TOP = Path(__file__).parent.parent.parent
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1


def loopback_up() -> None:
    """What ``ip link set lo up`` does; a new network has it down."""
    with socket.socket() as any_socket:
        request = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack("16sH14x", fcntl.ioctl(any_socket, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | IFF_UP))


def resolve(hosts: Sequence[str], folder: Path) -> None:
    """Have these names, and no others, lead to this machine."""
    for target, text in (
        ("/etc/hosts", f"127.0.0.1 localhost {' '.join(hosts)}\n"),
        ("/etc/nsswitch.conf", "hosts: files\n"),
    ):
        source = folder / Path(target).name
        source.write_text(text)
        subprocess.run(["mount", "--bind", str(source), target], check=True)


def certificate(hosts: Sequence[str], folder: Path) -> Path:
    """A certificate for these names, that is its own authority; with its key in one file."""
    path = folder / "certificate.pem"
    names = ",".join(f"DNS:{host}" for host in hosts)
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "2", "-subj", "/CN=moderator test", "-keyout", str(path), "-out", str(folder / "public.pem")]
    command += ["-addext", f"subjectAltName={names}"]
    subprocess.run(command, check=True, capture_output=True)
    path.write_text(path.read_text() + (folder / "public.pem").read_text())
    return path


async def terminate_tls(pem: Path, ready: threading.Event) -> None:
    """Take TLS on port 443 and hand on in the clear to port 80, as a proxy before us would."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem)

    async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass  # the client hung up; the other direction ends of itself
        finally:
            writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ours_reader, ours_writer = await asyncio.open_connection("127.0.0.1", 80)
        await asyncio.gather(pipe(reader, ours_writer), pipe(ours_reader, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 443, ssl=context)
    ready.set()
    await server.serve_forever()


def run(command: Sequence[str], environment: Mapping[str, str]) -> dict[str, Any]:
    """What a client's program said."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=dict(environment))
    return {"status": done.returncode, "said": done.stdout, "complained": done.stderr}


def main(plan: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Serve, run the commands one after another, and tell."""
    loopback_up()
    resolve(plan["hosts"], folder)
    pem = certificate(plan["hosts"], folder)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MODERATOR_")}
    ours = environment | {"PYTHONPATH": str(TOP)}
    command = [sys.executable, str(TOP / "serve.py"), "--data", plan["data"], "--port", "80"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=ours)
    try:
        assert server.stdout is not None
        assert "http" in server.stdout.readline()  # it serves
        ready = threading.Event()
        threading.Thread(target=lambda: asyncio.run(terminate_tls(pem, ready)), daemon=True).start()
        ready.wait(10)
        trust = {
            name: str(folder / "public.pem") for name in ("NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
        }
        return {name: run(told, environment | trust) for name, told in plan["commands"].items()}
    finally:
        server.terminate()
        server.wait(30)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        print(json.dumps(main(json.loads(Path(sys.argv[1]).read_text("utf-8")), Path(temporary))))
