"""The cases: what is sent, how, and who is measured. Names are what `./dev bench NAME` takes."""

import dataclasses

SERVICE, COPIER, COLLECTOR, PERSISTENT = "service, commit", "copier", "Collector, memory", "Collector, persistent queue"


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    items: int = 100
    signal: str = "traces"
    resources: int = 1
    transport: str = "grpc"  # grpc, http2, http1
    encoding: str = "protobuf"  # protobuf, json
    tls: bool = False  # of the sender's connections
    coding_in: str = "identity"
    coding_out: str = "none"
    reuse: bool = False  # the service sends on what came in that coding as it came
    transport_out: str = "grpc"  # grpc, http1
    exporters: int = 1
    connections: int = 4
    streams: int = 16
    contestants: tuple = (COPIER, SERVICE, COLLECTOR)
    share: float = 1.0  # of the usual number of items, for what is slow
    log_size_max: int = 4 << 30
    budget_mib: int | None = None  # of bodies in memory; h2load does not come again when it is told to


# The names of earlier runs stay: results are compared by them.
CASES = {case.name: case for case in (
    Case("grpc-10", items=10, share=0.25, contestants=(COPIER, "copier, and to a file", SERVICE, "service, memory", COLLECTOR, PERSISTENT)),
    Case("grpc-100", contestants=(COPIER, "copier, and to a file", SERVICE, "service, interval", "service, memory", COLLECTOR, PERSISTENT)),
    Case("grpc-1000", items=1000, contestants=(COPIER, "copier, and to a file", SERVICE, "service, memory", COLLECTOR, PERSISTENT)),
    Case("grpc-8000", items=8000, streams=2),
    Case("grpc-resources", resources=20),
    Case("logs", signal="logs"),
    Case("metrics", signal="metrics"),
    # The copier changes no protocol: it stands beside what goes out as it came in.
    Case("http1-in-out", transport="http1", connections=64, streams=1, transport_out="http1"),
    Case("http1", transport="http1", connections=64, streams=1, contestants=(SERVICE, COLLECTOR)),
    # The Collector takes HTTP/2 under TLS alone.
    Case("http2", transport="http2", contestants=(SERVICE,)),
    Case("http2-tls", transport="http2", tls=True, contestants=(SERVICE, COLLECTOR)),
    Case("http1-logs", transport="http1", connections=64, streams=1, signal="logs", contestants=(SERVICE, COLLECTOR)),
    Case("http1-metrics", transport="http1", connections=64, streams=1, signal="metrics", contestants=(SERVICE, COLLECTOR)),
    Case("json", transport="http1", connections=64, streams=1, encoding="json", share=0.5, contestants=(SERVICE, COLLECTOR)),
    Case("gzip-in", coding_in="gzip", share=0.5, contestants=(SERVICE, COLLECTOR)),
    Case("gzip-in-out", coding_in="gzip", coding_out="gzip", share=0.25, contestants=(SERVICE, COLLECTOR)),
    Case("gzip-reused", coding_in="gzip", coding_out="gzip", reuse=True, share=0.5, contestants=(SERVICE, COLLECTOR)),
    Case("zstd-in", coding_in="zstd", share=0.5, contestants=(SERVICE, COLLECTOR)),
    # zstd is a coding of OTLP/HTTP, not of gRPC.
    Case("zstd-in-out", transport="http1", connections=64, streams=1, transport_out="http1", coding_in="zstd", coding_out="zstd", share=0.25,
         contestants=(SERVICE, COLLECTOR)),
    Case("http1-gzip-in-out", transport="http1", connections=64, streams=1, transport_out="http1", coding_in="gzip", coding_out="gzip",
         share=0.25, contestants=(SERVICE, COLLECTOR)),
    Case("exporters-3", exporters=3, share=0.5, contestants=(SERVICE, COLLECTOR)),
    Case("connections-1", connections=1, streams=64),
    Case("connections-1000", connections=1000, streams=1, budget_mib=64, contestants=(COPIER, SERVICE)),
)}

# What runs when nobody says: the floor's cases. `all` runs every case; `quick` is CI's slice.
DEFAULT = ("grpc-10", "grpc-100", "grpc-1000")
QUICK = ("grpc-100",)


@dataclasses.dataclass(frozen=True)
class Target:
    """At most `at_most` times (or at least `at_least` times less than) another, by medians of one run."""
    what: str
    case: str
    figure: str  # cpu, rss
    of: str
    beside: str | None  # None: the figure itself
    at_most: float | None = None
    at_least: float | None = None
    beside_case: str | None = None


TARGETS = (
    *(Target(f"{case[5:]} spans a request, beside the copier", case, "cpu", SERVICE, COPIER, at_most=1.2) for case in DEFAULT),
    *(Target(f"{case[5:]} spans a request, beside the Collector in memory", case, "cpu", SERVICE, COLLECTOR, at_least=12) for case in DEFAULT),
    *(Target(f"{case[5:]} spans a request, beside the Collector's persistent queue", case, "cpu", SERVICE, PERSISTENT, at_least=40)
      for case in DEFAULT),
    *(Target(f"{case}, beside the Collector", case, "cpu", SERVICE, COLLECTOR, at_least=12)
      for case in ("logs", "metrics", "http1", "http1-in-out", "http2-tls", "http1-logs", "http1-metrics")),
    *(Target(f"{case}, beside the Collector", case, "cpu", SERVICE, COLLECTOR, at_least=4) for case in ("gzip-in", "gzip-in-out", "gzip-reused", "zstd-in", "zstd-in-out", "http1-gzip-in-out")),
    Target("JSON in, beside the Collector", "json", "cpu", SERVICE, COLLECTOR, at_least=6),
    Target("commit beside memory durability", "grpc-100", "cpu", SERVICE, "service, memory", at_most=1.2),
    Target("items a second with memory durability beside commit, 64 in flight", "grpc-100", "rate", "service, memory", SERVICE, at_most=1.1),
    Target("three exporters beside one", "exporters-3", "cpu", SERVICE, SERVICE, at_most=1.8, beside_case="grpc-100"),
    Target("one connection beside 4", "connections-1", "cpu", SERVICE, SERVICE, at_most=1.1, beside_case="grpc-100"),
    Target("1,000 connections beside 4", "connections-1000", "cpu", SERVICE, SERVICE, at_most=1.1, beside_case="grpc-100"),
    Target("resident memory at all it can carry, gRPC, MiB", "grpc-100", "rss", SERVICE, None, at_most=64),
    Target("resident memory at all it can carry, HTTP/1.1, MiB", "http1", "rss", SERVICE, None, at_most=64),
    Target("resident memory with 1,000 connections, MiB", "connections-1000", "rss", SERVICE, None, at_most=64),
)
