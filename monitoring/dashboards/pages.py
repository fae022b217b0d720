"""The dashboards. What an operator asks first is on top; every exported metric is on one of them or
in a rule, which a test holds."""

from panels import NAMESPACE, POD, graph, number, page

BREAKER = {0: ("closed", "green"), 1: ("open", "red"), 2: ("half-open", "orange")}
HEALTH = {0: ("healthy", "green"), 1: ("degraded", "orange"), 2: ("unhealthy", "red")}


def overview():
    return page("otlp-overview", "OTLP gateway: overview", "Requests, their answers, and what the gateway costs.", [
        ("Requests", [
            graph("Request rate", "reqps", (f"sum by (signal, transport) (rate(otlp_requests_total{{{POD}}}[$__rate_interval]))", "{{signal}} {{transport}}")),
            graph("Error ratio", "percentunit", (f"namespace:otlp_requests_failed:ratio_rate5m{{{NAMESPACE}}}", "failed"), limit=0.1),
            graph("Time to the acknowledgement", "s",
                  (f"namespace:otlp_request_duration_seconds:p50_5m{{{NAMESPACE}}}", "p50"),
                  (f"namespace:otlp_request_duration_seconds:p95_5m{{{NAMESPACE}}}", "p95"),
                  (f"namespace:otlp_request_duration_seconds:p99_5m{{{NAMESPACE}}}", "p99"), limit=1),
            graph("Answers other than success", "reqps",
                  (f'sum by (status) (rate(otlp_requests_total{{{POD}, status!="ok"}}[$__rate_interval])) > 0', "{{status}}"), stacked=True),
            graph("Items", "cps", (f"sum by (signal, outcome) (rate(otlp_items_total{{{POD}}}[$__rate_interval]))", "{{signal}} {{outcome}}")),
            graph("Bytes received", "Bps", (f"sum by (signal, transport) (rate(otlp_receiver_received_bytes_total{{{POD}}}[$__rate_interval]))", "{{signal}} {{transport}}")),
        ]),
        ("Destinations", [
            number("Circuit breakers", "none", f"max by (exporter) (otlp_circuit_breaker_state{{{POD}}})", "{{exporter}}", names=BREAKER),
            graph("Oldest undelivered item", "s", (f"max by (exporter, signal) (otlp_cursor_lag_seconds{{{POD}}})", "{{exporter}} {{signal}}"), limit=300),
        ]),
        ("Resources", [
            graph("Memory", "bytes", (f"process_resident_memory_bytes{{{POD}}}", "{{pod}}")),
            graph("CPU", "short", (f"rate(process_cpu_seconds_total{{{POD}}}[$__rate_interval])", "{{pod}}"), description="Cores in use."),
            number("Services", "none", f"max by (service) (otlp_service_health{{{POD}}})", "{{service}}", names=HEALTH),
            number("Versions", "none", f"count by (version, revision) (otlp_build_info{{{POD}}})", "{{version}} {{revision}}"),
        ]),
    ])


def storage():
    return page("otlp-storage", "OTLP gateway: storage and delivery", "What is stored, where it goes, and what became of it.", [
        ("The log", [
            graph("Fill", "percentunit", (f"otlp_storage_size_bytes{{{POD}}} / otlp_storage_size_max_bytes{{{POD}}}", "{{pod}}"), limit=0.8),
            graph("Segments", "short", (f"otlp_storage_segments{{{POD}}}", "{{pod}}")),
            graph("Commits", "ops", (f"rate(otlp_storage_commits_total{{{POD}}}[$__rate_interval])", "{{pod}}")),
            graph("Time the writer waited for exporters", "s", (f"rate(otlp_storage_pace_seconds_total{{{POD}}}[$__rate_interval])", "{{pod}}")),
            graph("Time of a commit", "s", (f"rate(otlp_storage_commit_seconds_total{{{POD}}}[$__rate_interval]) / rate(otlp_storage_commits_total{{{POD}}}[$__rate_interval])", "{{pod}}"),
                  description="Mean; every acknowledgement waits for one commit."),
            graph("Failed commits, refused records, damaged places", "short",
                  (f"increase(otlp_storage_commit_failures_total{{{POD}}}[5m])", "{{pod}} commits failed"),
                  (f"increase(otlp_storage_appends_refused_total{{{POD}}}[5m])", "{{pod}} records refused"),
                  (f"increase(otlp_storage_damaged_regions_total{{{POD}}}[5m])", "{{pod}} places damaged")),
            number("Write path", "none", f"min by (pod) (otlp_storage_write_path_ok{{{POD}}})", "{{pod}}",
                   names={0: ("broken", "red"), 1: ("works", "green")}),
            graph("Newest records kept in memory", "bytes", (f"otlp_storage_tail_cache_bytes{{{POD}}}", "{{pod}}")),
        ]),
        ("Delivery, by destination", [
            graph("Undelivered items", "short", (f"sum by (exporter, signal) (otlp_cursor_lag_items{{{POD}}})", "{{exporter}} {{signal}}")),
            graph("Undelivered bytes", "bytes", (f"max by (exporter, pod) (otlp_cursor_lag_bytes{{{POD}}})", "{{exporter}} {{pod}}")),
            graph("Requests by answer", "reqps", (f"sum by (exporter, outcome) (rate(otlp_export_requests_total{{{POD}}}[$__rate_interval]))", "{{exporter}} {{outcome}}")),
            graph("Time of a request", "s",
                  (f"histogram_quantile(0.5, sum by (exporter, le) (rate(otlp_export_duration_seconds_bucket{{{POD}}}[$__rate_interval])))", "{{exporter}} p50"),
                  (f"histogram_quantile(0.99, sum by (exporter, le) (rate(otlp_export_duration_seconds_bucket{{{POD}}}[$__rate_interval])))", "{{exporter}} p99")),
            graph("Requests in flight", "short", (f"sum by (exporter) (otlp_export_in_flight_requests{{{POD}}})", "{{exporter}}")),
            graph("Retries", "reqps", (f"sum by (exporter, signal) (rate(otlp_export_retries_total{{{POD}}}[$__rate_interval]))", "{{exporter}} {{signal}}")),
            graph("Bytes sent", "Bps", (f"sum by (exporter, signal) (rate(otlp_export_bytes_total{{{POD}}}[$__rate_interval]))", "{{exporter}} {{signal}}"), description="Before compression."),
            graph("Items by outcome", "cps", (f"sum by (exporter, outcome) (rate(otlp_export_items_total{{{POD}}}[$__rate_interval]))", "{{exporter}} {{outcome}}")),
        ]),
        ("Ledger: stored = delivered + filtered + dead-lettered + expired + damaged + pending", [
            graph("Items", "short", (f"sum by (exporter, signal, state) (otlp_ledger_items{{{POD}}})", "{{exporter}} {{signal}} {{state}}")),
            number("Imbalance", "short",
                   f'sum(otlp_ledger_items{{{POD}, state="stored"}}) - sum(otlp_ledger_items{{{POD}, state!="stored"}})', bad_from=1),
        ]),
    ])


def services():
    return page("otlp-services", "OTLP gateway: services and signals", "Each signal, each listener, each service within.", [
        ("Signals", [
            graph("Requests of a signal", "reqps", (f"sum by (signal) (rate(otlp_requests_total{{{POD}}}[$__rate_interval]))", "{{signal}}"), stacked=True),
            graph("Failed requests of a signal", "reqps", (f"sum by (signal, transport) (rate(otlp_requests_failed_total{{{POD}}}[$__rate_interval]))", "{{signal}} {{transport}}")),
            graph("p99 of a signal", "s", (f"histogram_quantile(0.99, sum by (signal, le) (rate(otlp_request_duration_seconds_bucket{{{POD}}}[$__rate_interval])))", "{{signal}}")),
            graph("Rejected items by reason", "cps", (f"sum by (signal, reason) (rate(otlp_items_rejected_total{{{POD}}}[$__rate_interval])) > 0", "{{signal}} {{reason}}")),
        ]),
        ("Traces", [
            graph("Traces", "cps", (f"sum(rate(otlp_traces_total{{{POD}}}[$__rate_interval]))", "seen"),
                  (f"sum(rate(otlp_traces_failed_total{{{POD}}}[$__rate_interval]))", "with an error")),
            graph("Active traces", "short", (f"otlp_traces_active{{{POD}}}", "{{pod}}"), limit=10000),
            graph("Spans that the trace service did not look at", "cps", (f"rate(otlp_trace_service_spans_skipped_total{{{POD}}}[$__rate_interval])", "{{pod}}")),
        ]),
        ("Listeners", [
            graph("Connections", "short", (f"sum by (listener, protocol) (otlp_receiver_connections{{{POD}}})", "{{listener}} {{protocol}}")),
            graph("Connections accepted", "cps", (f"sum by (listener) (rate(otlp_receiver_connections_accepted_total{{{POD}}}[$__rate_interval]))", "{{listener}}")),
            graph("Connections refused or ended", "cps", (f"sum by (listener, reason) (rate(otlp_receiver_connections_cut_total{{{POD}}}[$__rate_interval]))", "{{listener}} {{reason}}")),
            graph("Requests in flight", "short", (f"otlp_receiver_in_flight_requests{{{POD}}}", "{{pod}}")),
            graph("Senders that left before the answer", "reqps", (f"rate(otlp_receiver_abandoned_requests_total{{{POD}}}[$__rate_interval])", "{{pod}}")),
            graph("Names in JSON that are not OTLP's", "cps", (f"rate(otlp_receiver_json_tolerated_names_total{{{POD}}}[$__rate_interval])", "{{pod}}")),
        ]),
        ("Services", [
            graph("Health", "none", (f"max by (service) (otlp_service_health{{{POD}}})", "{{service}}"), description="0 healthy, 1 degraded, 2 unhealthy."),
            graph("Configuration reloads", "short", (f"sum by (result) (increase(otlp_config_reloads_total{{{POD}}}[$__rate_interval]))", "{{result}}"),
                  (f"1 - min(otlp_config_last_reload_successful{{{POD}}})", "refused, the old one is in force"),
                  (f"max(otlp_config_restart_pending{{{POD}}})", "settings that wait for a restart"), limit=1),
            graph("Age of the configuration", "s", (f"time() - max by (pod) (otlp_config_last_reload_success_timestamp_seconds{{{POD}}})", "{{pod}}")),
            graph("Items of removed exporters", "short", (f"sum(otlp_config_removed_exporter_items{{{POD}}})", "kept"),
                  (f"sum(increase(otlp_config_forgotten_items_total{{{POD}}}[$__rate_interval]))", "forgotten")),
            graph("Certificates taken over", "short", (f"sum by (result) (increase(otlp_tls_reloads_total{{{POD}}}[$__rate_interval]))", "{{result}}")),
            graph("Taps", "short", (f"sum(otlp_taps{{{POD}}})", "open")),
            graph("Items that taps were too slow for", "cps", (f"rate(otlp_tap_dropped_items_total{{{POD}}}[$__rate_interval])", "{{pod}}"),
                  description="Shown to nobody; delivered all the same."),
            graph("Own telemetry sent", "cps", (f"sum by (signal, outcome) (rate(otlp_own_exports_total{{{POD}}}[$__rate_interval]))", "{{signal}} {{outcome}}"),
                  (f"sum(rate(otlp_own_spans_dropped_total{{{POD}}}[$__rate_interval]))", "spans without room")),
            graph("Own log", "cps", (f"sum by (level) (rate(otlp_log_lines_total{{{POD}}}[$__rate_interval]))", "{{level}}"),
                  (f"sum(rate(otlp_log_lines_repeated_total{{{POD}}}[$__rate_interval]))", "summed up"),
                  (f"sum(rate(otlp_log_lines_lost_total{{{POD}}}[$__rate_interval]))", "lost")),
        ]),
    ])


def slo():
    windows = ("5m", "1h", "6h", "3d")
    return page("otlp-slo", "OTLP gateway: promises", "99.9 % of well-formed requests are taken; 99 % are answered within 250 ms.", [
        ("Availability", [
            graph("Refused", "percentunit", *((f"namespace:otlp_slo_refused:ratio_rate{w}{{{NAMESPACE}}}", w) for w in windows), limit=0.001),
            number("Budget left of 3 days", "percentunit", f"1 - namespace:otlp_slo_refused:ratio_rate3d{{{NAMESPACE}}} / 0.001"),
            graph("Burn rate", "short", (f"namespace:otlp_slo_refused:ratio_rate1h{{{NAMESPACE}}} / 0.001", "1h"),
                  (f"namespace:otlp_slo_refused:ratio_rate6h{{{NAMESPACE}}} / 0.001", "6h"), limit=14.4),
        ]),
        ("Latency", [
            graph("Slower than 250 ms", "percentunit", *((f"namespace:otlp_slo_slow:ratio_rate{w}{{{NAMESPACE}}}", w) for w in windows), limit=0.01),
            number("Budget left of 3 days", "percentunit", f"1 - namespace:otlp_slo_slow:ratio_rate3d{{{NAMESPACE}}} / 0.01"),
            graph("Burn rate", "short", (f"namespace:otlp_slo_slow:ratio_rate1h{{{NAMESPACE}}} / 0.01", "1h"),
                  (f"namespace:otlp_slo_slow:ratio_rate6h{{{NAMESPACE}}} / 0.01", "6h"), limit=14.4),
        ]),
    ])


def kubernetes():
    hpa = f'{NAMESPACE}, horizontalpodautoscaler="otlp-service"'
    return page("otlp-kubernetes", "OTLP gateway: Kubernetes", "Pods, limits, autoscaling.", [
        ("Pods", [
            number("Pods that answer", "short", f'sum(up{{job="otlp-service", {NAMESPACE}}})'),
            graph("Uptime", "s", (f"time() - process_start_time_seconds{{{POD}}}", "{{pod}}")),
            graph("Replicas", "short",
                  (f"kube_horizontalpodautoscaler_status_current_replicas{{{hpa}}}", "now"),
                  (f"kube_horizontalpodautoscaler_spec_max_replicas{{{hpa}}}", "at most")),
            graph("Requests per pod", "reqps", (f"sum by (pod) (rate(otlp_requests_total{{{POD}}}[2m]))", "{{pod}}"),
                  description="What the autoscaler sees as otlp_requests_per_second and http_requests_per_second."),
            number("Scaling in is held back", "none", f"max(otlp_scale_in_guard{{{NAMESPACE}}})",
                   names={0: ("no", "green"), 1: ("yes: undelivered data", "orange")}),
        ]),
        ("Limits", [
            graph("Memory against its limit", "percentunit",
                  (f'process_resident_memory_bytes{{{POD}}} / on (namespace, pod) group_left () max by (namespace, pod) '
                   f'(kube_pod_container_resource_limits{{{NAMESPACE}, resource="memory", container="gateway"}})', "{{pod}}"), limit=0.8),
            graph("Address space", "bytes", (f"process_virtual_memory_bytes{{{POD}}}", "{{pod}}")),
            graph("Byte budget of request bodies", "percentunit",
                  (f"otlp_memory_budget_taken_bytes{{{POD}}} / otlp_memory_budget_limit_bytes{{{POD}}}", "{{pod}}"), limit=0.9),
            graph("File descriptors", "percentunit", (f"process_open_fds{{{POD}}} / process_max_fds{{{POD}}}", "{{pod}}"), limit=0.8),
            graph("Threads", "short", (f"process_threads{{{POD}}}", "{{pod}}")),
        ]),
    ])


PAGES = {"overview": overview, "storage": storage, "services": services, "slo": slo, "kubernetes": kubernetes}
