"""One raw HTTP/2 connection in clear text: frames as a test wants them, which no gRPC library would send."""

import socket
import struct

import h2.config
import h2.connection
import h2.events
import h2.settings

import otlp


def frame(body, compressed=0, length=None):
    """A gRPC message; `length` lies about its size."""
    return struct.pack(">BI", compressed, len(body) if length is None else length) + body


class Answer:
    def __init__(self):
        self.headers, self.trailers, self.body = {}, {}, b""
        self.reset = None  # error code of RST_STREAM
        self.done = False

    @property
    def status(self):
        return int(self.headers.get(":status", 0))

    @property
    def grpc_status(self):
        """From the trailers, or from the headers of a trailers-only answer."""
        value = self.trailers.get("grpc-status", self.headers.get("grpc-status"))
        return None if value is None else int(value)

    @property
    def grpc_message(self):
        return self.trailers.get("grpc-message", self.headers.get("grpc-message", ""))


class Http2:
    def __init__(self, address, timeout=20):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=timeout)
        self.connection = h2.connection.H2Connection(h2.config.H2Configuration(
            client_side=True, validate_outbound_headers=False, normalize_outbound_headers=False, header_encoding="utf-8"))
        self.connection.initiate_connection()
        self.flush()
        self.answers = {}
        self.went_away = None

    def flush(self):
        data = self.connection.data_to_send()
        if data:
            self.socket.sendall(data)

    def begin(self, headers, end=False):
        stream = self.connection.get_next_available_stream_id()
        self.connection.send_headers(stream, headers, end_stream=end)
        self.flush()
        self.answers[stream] = Answer()
        return stream

    def send(self, stream, data, end=True):
        """Within the peer's windows; reads while it waits for them."""
        at = 0
        while True:
            answer = self.answers[stream]
            if answer.done or answer.reset is not None:
                return
            room = min(self.connection.local_flow_control_window(stream), self.connection.max_outbound_frame_size)
            if room <= 0 and at < len(data):
                if not self.receive():
                    return
                continue
            chunk = data[at:at + room]
            at += len(chunk)
            self.connection.send_data(stream, chunk, end_stream=end and at >= len(data))
            self.flush()
            if at >= len(data):
                return

    def receive(self):
        data = self.socket.recv(65536)
        if not data:
            return False
        for event in self.connection.receive_data(data):
            answer = self.answers.get(getattr(event, "stream_id", None))
            if isinstance(event, h2.events.ConnectionTerminated):
                self.went_away = event.error_code
            if answer is None:
                continue
            if isinstance(event, h2.events.ResponseReceived):
                answer.headers.update(event.headers)
            elif isinstance(event, h2.events.TrailersReceived):
                answer.trailers.update(event.headers)
            elif isinstance(event, h2.events.DataReceived):
                answer.body += event.data
                self.connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, h2.events.StreamReset):
                answer.reset = event.error_code
                answer.done = True
            elif isinstance(event, h2.events.StreamEnded):
                answer.done = True
        self.flush()
        return True

    def wait(self, stream):
        while not self.answers[stream].done:
            assert self.receive(), f"connection closed; GOAWAY {self.went_away}"
        return self.answers[stream]

    def grpc_headers(self, path=otlp.METHOD["traces"], method="POST", content_type="application/grpc", **more):
        headers = [(":method", method), (":scheme", "http"), (":path", path), (":authority", "localhost"), ("te", "trailers")]
        if content_type is not None:
            headers.append(("content-type", content_type))
        return headers + [(name.replace("_", "-"), value) for name, value in more.items()]

    def call(self, data, **headers):
        stream = self.begin(self.grpc_headers(**headers))
        self.send(stream, data)
        return self.wait(stream)

    def close(self):
        self.socket.close()
