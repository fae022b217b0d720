"""Recording destinations: OTLP over gRPC and over HTTP, raw request bytes kept as they came.

A destination answers by its `answer` function, which a test replaces at any moment:
    answer(signal, body, count) -> Answer        count: requests seen before this one
"""

import concurrent.futures
import dataclasses
import gzip
import http.server
import socket
import threading
import time

import grpc
import zstandard
from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2

import otlp


@dataclasses.dataclass
class Answer:
    code: int | grpc.StatusCode = 200  # HTTP status, or gRPC code
    body: bytes = b""
    delay_s: float = 0
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    retry_after_s: float | None = None  # RetryInfo, or Retry-After
    record: bool = True  # whether the body counts as arrived


@dataclasses.dataclass
class Arrival:
    signal: str
    body: bytes  # decompressed
    headers: dict[str, str]
    recorded: bool
    at: float


class Destination:
    def __init__(self):
        self._lock = threading.Lock()
        self.seen: list[Arrival] = []  # every request, in order of its end
        self.answer = lambda signal, body, count: Answer()
        self.peers = set()
        self.keep_bodies = True  # not where minutes of overload arrive

    def decide(self, signal, body, headers, peer):
        with self._lock:
            answer = self.answer(signal, body, len(self.seen))
            good = answer.record and answer.code in (200, 202, grpc.StatusCode.OK)
            self.seen.append(Arrival(signal, body if self.keep_bodies else b"", headers, good, time.monotonic()))
            self.peers.add(peer)
        if answer.delay_s:
            time.sleep(answer.delay_s)
        return answer

    def arrived(self, signal) -> list[bytes]:
        """Request bodies that were answered well."""
        with self._lock:
            return [arrival.body for arrival in self.seen if arrival.recorded and arrival.signal == signal]

    def containers(self, signal):
        """ResourceSpans, ResourceMetrics, ResourceLogs as they came, as a multiset."""
        return otlp.containers(self.arrived(signal))

    def items(self, signal):
        return sum(otlp.item_count(signal, body) for body in self.arrived(signal))


class GrpcDestination(Destination):
    """Stays on its port over down() and up()."""

    def __init__(self):
        super().__init__()
        self.port = free_port()
        self.up()

    @property
    def endpoint(self):
        return f"127.0.0.1:{self.port}"

    def up(self):
        self._server = grpc.server(
            concurrent.futures.ThreadPoolExecutor(16),
            options=[("grpc.max_receive_message_length", -1), ("grpc.so_reuseport", 0)])
        self._server.add_generic_rpc_handlers([_Handler(self)])
        assert self._server.add_insecure_port(self.endpoint) == self.port
        self._server.start()

    def down(self):
        self._server.stop(None).wait()

    close = down


class _Handler(grpc.GenericRpcHandler):
    def __init__(self, destination):
        self._destination = destination

    def service(self, details):
        signal = otlp.SIGNAL_OF_METHOD.get(details.method)
        if signal is None:
            return None
        headers = {k: v for k, v in details.invocation_metadata}

        def export(body, context):
            answer = self._destination.decide(signal, body, headers, context.peer())
            if answer.code in (200, grpc.StatusCode.OK):
                return answer.body
            if answer.retry_after_s is not None:
                context.set_trailing_metadata([("grpc-status-details-bin", retry_info(answer))])
            context.abort(answer.code, "told to")
        return grpc.unary_unary_rpc_method_handler(export)


def retry_info(answer):
    detail = any_pb2.Any()
    delay = duration_pb2.Duration()
    delay.FromMicroseconds(int(answer.retry_after_s * 1e6))
    detail.Pack(error_details_pb2.RetryInfo(retry_delay=delay))
    return status_pb2.Status(code=answer.code.value[0], message="told to", details=[detail]).SerializeToString()


class HttpDestination(Destination):
    def __init__(self):
        super().__init__()
        self.port = free_port()
        self.up()

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.port}"

    def up(self):
        destination = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self):
                headers = {":path": self.path, **{k.lower(): v for k, v in self.headers.items()}}
                size = int(headers.get("content-length", 0))
                body = self.rfile.read(size)
                if len(body) < size:  # cut off: it has not arrived
                    self.close_connection = True
                    return
                coding = headers.get("content-encoding", "identity")
                if coding == "gzip":
                    body = gzip.decompress(body)
                elif coding == "zstd":
                    body = zstandard.ZstdDecompressor().decompressobj().decompress(body)
                signal = otlp.SIGNAL_OF_PATH.get(self.path)
                answer = destination.decide(signal, body, headers, self.client_address)
                self.send_response(answer.code)
                self.send_header("Content-Type", headers.get("content-type", "application/x-protobuf"))
                if answer.retry_after_s is not None:
                    self.send_header("Retry-After", str(int(answer.retry_after_s)))
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False
            open_sockets = set()

            def process_request(self, request, client_address):
                self.open_sockets.add(request)
                super().process_request(request, client_address)

            def shutdown_request(self, request):
                self.open_sockets.discard(request)
                super().shutdown_request(request)

            def handle_error(self, request, client_address):
                pass  # a connection that the test cut

        Server.open_sockets = set()
        self._server = Server(("127.0.0.1", self.port), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def down(self):
        self._server.shutdown()
        self._server.server_close()
        for connection in list(self._server.open_sockets):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self._thread.join()

    close = down


def free_port():
    """A port that was free a moment ago; only destinations, which go down and up, need to know one."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
