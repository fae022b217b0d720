// The table of all settings. "{a,b}" in the middle of a path stands for one row each.
#include "config/schema_table.h"

#include <algorithm>
#include <array>
#include <vector>

#include "config/schema.h"

namespace gateway::config {
namespace {

using enum Type;

constexpr std::string_view kNoBuffers = "bodies are read into blocks of the byte budget";
constexpr std::string_view kQueueIsLog =
    "the queue is the log on disk, bounded by `storage.size_max`";
constexpr std::string_view kConnectionsAreReused = "connections are kept and reused";
constexpr std::string_view kFilesAreWatched =
    "a certificate or key that changes is taken over within seconds";
constexpr std::string_view kGiveAFile = "write it to a file and name that";
constexpr std::string_view kTlsByOpenSsl = "OpenSSL's own choice holds";
constexpr std::string_view kNoServerAuth =
    "senders are not asked for credentials; mutual TLS (`tls.client_ca_file`) is, or a proxy "
    "before "
    "the gateway does it";
constexpr std::string_view kNoMiddlewares = "there are no middlewares";
constexpr std::string_view kNotOtlp =
    "only OTLP is received; let an agent beside the application turn it into OTLP";
constexpr std::string_view kNotHere =
    "there are attributes, resource, filter, transform, redaction, probabilistic_sampler, batch "
    "and "
    "memory_limiter; let another Collector, before or behind the gateway, do this";
constexpr std::string_view kOtlpOut =
    "only OTLP is sent; most backends take it, else a Collector behind the gateway turns it into "
    "this";
constexpr std::string_view kNoCredentials =
    "credentials are not fetched or renewed; `headers` and `tls` of the exporter can carry fixed "
    "ones";
constexpr std::string_view kBudget =
    "bytes are taken from a budget before a body is read, so nothing is sampled; `limit_mib` sets "
    "the budget";

constexpr std::array kRows = {
    // --- receivers
    SchemaRow{"receivers.otlp[/name].protocols.grpc", section, "", "",
              "OTLP over gRPC; listens when this section is there."},
    SchemaRow{"receivers.otlp[/name].protocols.grpc.endpoint", address, "127.0.0.1:4317", "",
              "Address to listen on; 0.0.0.0 for all interfaces, port 0 for a free one."},
    SchemaRow{"receivers.otlp[/name].protocols.{grpc,http}.transport", choice, "", "tcp",
              "Only TCP is served."},
    SchemaRow{"receivers.otlp[/name].protocols.{grpc,http}.auth", unsupported, "", "",
              kNoServerAuth},
    SchemaRow{"receivers.otlp[/name].protocols.{grpc,http}.middlewares", unsupported, "", "",
              kNoMiddlewares},
    SchemaRow{"receivers.otlp[/name].protocols.{grpc,http}.dialer", ignored, "", "",
              "a listener does not dial"},
    SchemaRow{
        "receivers.otlp[/name].protocols.grpc.max_recv_msg_size_mib", integer, "64", "1..4095",
        "Largest message, in MiB, before and after decompression; when it is not set, no more "
        "than a segment of the log holds."},
    SchemaRow{
        "receivers.otlp[/name].protocols.grpc.keepalive.server_parameters.max_connection_idle",
        duration, "60s", "1s..", "An idle connection is closed after this time."},
    SchemaRow{"receivers.otlp[/name].protocols.grpc.keepalive.server_parameters.max_connection_age",
              duration, "", "1s..",
              "A connection is closed gracefully at this age, so that clients spread anew over "
              "replicas; no limit when missing."},
    SchemaRow{"receivers.otlp[/name].protocols.grpc.keepalive.server_parameters."
              "max_connection_age_grace",
              duration, "10s", "0..", "Time for requests in flight after that."},
    SchemaRow{"receivers.otlp[/name].protocols.grpc.keepalive.server_parameters.time", ignored, "",
              "", "the server sends no pings; idle connections are closed"},
    SchemaRow{"receivers.otlp[/name].protocols.grpc.keepalive.server_parameters.timeout", ignored,
              "", "", "the server sends no pings; idle connections are closed"},
    SchemaRow{"receivers.otlp[/name].protocols.grpc.keepalive.enforcement_policy.min_time",
              duration, "10s", "0..",
              "Pings of a client at shorter intervals than this are abuse and end the "
              "connection."},
    SchemaRow{"receivers.otlp[/name].protocols.grpc.keepalive.enforcement_policy."
              "permit_without_stream",
              better, "", "", "pings without a stream are always allowed"},
    SchemaRow{"receivers.otlp[/name].protocols.grpc.{read_buffer_size,write_buffer_size}", ignored,
              "", "", kNoBuffers},
    SchemaRow{"receivers.otlp[/name].protocols.{grpc,http}.include_metadata", boolean, "false", "",
              "Whether the headers that processors ask for by `from_context` are kept; no others "
              "are."},

    SchemaRow{"receivers.otlp[/name].protocols.http", section, "", "",
              "OTLP over HTTP/1.1 and HTTP/2, protobuf and JSON; listens when this section is "
              "there."},
    SchemaRow{"receivers.otlp[/name].protocols.http.endpoint", address, "127.0.0.1:4318", "",
              "Address to listen on; 0.0.0.0 for all interfaces, port 0 for a free one."},
    SchemaRow{"receivers.otlp[/name].protocols.http.max_request_body_size", size, "64MiB",
              "1KiB..4095MiB",
              "Largest body, before and after decompression; when it is not set, no more than a "
              "segment of the log holds."},
    SchemaRow{"receivers.otlp[/name].protocols.http.traces_url_path", text, "/v1/traces", "",
              "Path that takes traces."},
    SchemaRow{"receivers.otlp[/name].protocols.http.metrics_url_path", text, "/v1/metrics", "",
              "Path that takes metrics."},
    SchemaRow{"receivers.otlp[/name].protocols.http.logs_url_path", text, "/v1/logs", "",
              "Path that takes logs."},
    SchemaRow{"receivers.otlp[/name].protocols.http.cors.allowed_origins", list, "", "",
              "Origins of browsers that may send, `https://*.example.com` included; none when "
              "missing."},
    SchemaRow{"receivers.otlp[/name].protocols.http.cors.allowed_headers", better, "", "",
              "preflights are answered with the headers they ask for"},
    SchemaRow{"receivers.otlp[/name].protocols.http.cors.{max_age,exposed_headers}", ignored, "",
              "", "a browser keeps the answer for its own time, and reads the body alone"},
    SchemaRow{"receivers.otlp[/name].protocols.http.response_headers", unsupported, "", "",
              "answers have the headers of OTLP; a proxy can add others"},
    SchemaRow{"receivers.otlp[/name].protocols.http.idle_timeout", duration, "60s", "1s..",
              "An idle connection is closed after this time."},
    SchemaRow{"receivers.otlp[/name].protocols.http.{write_timeout,keep_alives_enabled}", ignored,
              "", "", "answers are small, and connections are kept"},
    SchemaRow{"receivers.otlp[/name].protocols.http.compression_algorithms", ignored, "", "",
              "gzip and zstd are read, and what is not compressed"},

    SchemaRow{"receivers.otlp[/name].protocols.{grpc,http}.tls", section, "", "",
              "TLS on this listener; clear text when missing."},
    SchemaRow{"receivers.otlp[/name].protocols.{grpc,http}.tls.cert_file", text, "", "",
              "Certificate chain, PEM."},
    SchemaRow{"receivers.otlp[/name].protocols.{grpc,http}.tls.key_file", text, "", "",
              "Private key, PEM."},
    SchemaRow{"receivers.otlp[/name].protocols.{grpc,http}.tls.client_ca_file", text, "", "",
              "Clients must show a certificate signed by one of these, PEM (mutual TLS)."},
    SchemaRow{"receivers.otlp[/name].protocols.{grpc,http}.tls.min_version", choice, "1.2",
              "1.2|1.3", "Lowest version of TLS."},
    SchemaRow{"receivers.otlp[/name].protocols.{grpc,http}.tls.{reload_interval,"
              "client_ca_file_reload}",
              better, "", "", kFilesAreWatched},
    SchemaRow{"receivers.otlp[/name].protocols.{grpc,http}.tls.{ca_file,"
              "include_system_ca_certs_pool}",
              ignored, "", "", "a server checks no server; `client_ca_file` is who clients are of"},
    SchemaRow{"receivers.otlp[/name].protocols.{grpc,http}.tls.{ca_pem,cert_pem,key_pem}",
              unsupported, "", "", kGiveAFile},
    SchemaRow{"receivers.otlp[/name].protocols.{grpc,http}.tls.{max_version,cipher_suites,"
              "include_insecure_cipher_suites,curve_preferences,tpm}",
              unsupported, "", "", kTlsByOpenSsl},
    SchemaRow{"receivers.otlp[/name].protocols.{grpc,http}.max_concurrent_streams", integer, "1024",
              "1..1000000", "Requests at a time on one HTTP/2 connection."},
    SchemaRow{"receivers.otlp[/name].protocols.{grpc,http}.max_header_size", size, "16KiB",
              "1KiB..1MiB", "Largest header section of a request."},
    SchemaRow{"receivers.otlp[/name].protocols.{grpc,http}.max_connections", integer, "10000",
              "1..1000000", "Connections at a time; more are closed at once."},
    SchemaRow{"receivers.otlp[/name].protocols.{grpc,http}.read_header_timeout", duration, "10s",
              "10ms..", "A header section must be whole after this time."},
    SchemaRow{"receivers.otlp[/name].protocols.{grpc,http}.read_timeout", duration, "30s", "10ms..",
              "A body must be whole after this time."},
    SchemaRow{"receivers.otlp[/name].accept_proto_names", boolean, "false", "",
              "JSON keys may also be as in the .proto (`trace_id`)."},
    SchemaRow{"receivers.otlp[/name].accept_enum_names", boolean, "true", "",
              "JSON enums may also be names (`SPAN_KIND_SERVER`)."},

    SchemaRow{"receivers.otlp[/name].max_nesting_levels", integer, "100", "8..100",
              "Messages within messages, in protobuf and JSON alike; common parsers take 100."},
    SchemaRow{"receivers.{jaeger,zipkin,prometheus,opencensus,kafka,hostmetrics,kubeletstats,"
              "k8s_cluster,k8s_events,k8sobjects,filelog,journald,syslog,fluentforward,statsd,"
              "awsxray,datadog,loki,splunk_hec,otelarrow,otlpjsonfile}[/name]",
              unsupported, "", "", kNotOtlp},

    // --- processors
    SchemaRow{"processors.batch[/name]", section, "", "",
              "Sets `batch` of the exporters of its pipelines, where they have none."},
    SchemaRow{"processors.batch[/name].send_batch_size", integer, "8192", "0..10000000",
              "As `exporters...batch.send_batch_size`."},
    SchemaRow{"processors.batch[/name].send_batch_max_size", integer, "0", "0..10000000",
              "As `exporters...batch.send_batch_max_size`."},
    SchemaRow{"processors.batch[/name].timeout", duration, "200ms", "0..10m",
              "As `exporters...batch.timeout`."},
    SchemaRow{"processors.batch[/name].{metadata_keys,metadata_cardinality_limit}", ignored, "", "",
              "batches are not told apart by metadata"},
    SchemaRow{"processors.memory_limiter[/name]", section, "", "",
              "The byte budget of request bodies in memory, all listeners together."},
    SchemaRow{
        "processors.memory_limiter[/name].limit_mib", integer, "32", "1..1048576",
        "The budget in MiB; a sender beyond it is told to come later. One request at a time may "
        "be larger."},
    SchemaRow{"processors.memory_limiter[/name].{check_interval,spike_limit_mib,"
              "limit_percentage,spike_limit_percentage,min_gc_interval_when_soft_limited,"
              "min_gc_interval_when_hard_limited}",
              better, "", "", kBudget},
    SchemaRow{
        "processors.{k8sattributes,k8s_attributes,resourcedetection,tail_sampling,groupbytrace,"
        "groupbyattrs,span,metricstransform,metricsgeneration,cumulativetodelta,"
        "deltatocumulative,deltatorate,interval,routing,logdedup,remotetap,geoip,schema,"
        "sumologic,coralogix}[/name]",
        unsupported, "", "", kNotHere},

    // --- exporters: common
    SchemaRow{"exporters.{otlp,otlp_http}[/name]", section, "", "",
              "Delivers over OTLP: `otlp` over gRPC, `otlp_http` over HTTP."},
    SchemaRow{"exporters.otlp[/name].endpoint", text, "", "",
              "Where to send: host:port, or a URL whose scheme decides on TLS."},
    SchemaRow{"exporters.otlp_http[/name].endpoint", url, "", "",
              "Base URL; `/v1/traces` and so on are added."},
    SchemaRow{"exporters.otlp_http[/name].{traces_endpoint,metrics_endpoint,logs_endpoint}", url,
              "", "", "Whole URL for that signal; taken as it is."},
    SchemaRow{"exporters.otlp_http[/name].encoding", choice, "proto", "proto|json",
              "Protobuf or JSON."},
    SchemaRow{"exporters.{otlp,otlp_http}[/name].compression", choice, "gzip", "none|gzip|zstd",
              "Coding of requests; zstd over HTTP only."},
    SchemaRow{"exporters.{otlp,otlp_http}[/name].compression_params.level", level, "-1", "-1..22",
              "Effort; -1 is the coding's default."},
    SchemaRow{
        "exporters.{otlp,otlp_http}[/name].compression_params.reuse", boolean, "false", "",
        "What came in this coding is stored and sent on as it came. The destination must read "
        "gzip of several members, or zstd of several frames."},
    SchemaRow{
        "exporters.{otlp,otlp_http}[/name].headers", pairs, "", "",
        "Sent with every request; values are secrets and never shown. gRPC takes printable ASCII, "
        "and anything where the name ends in `-bin`.",
        true},
    SchemaRow{"exporters.otlp[/name].timeout", duration, "5s", "0..",
              "Of one request; 0 for none."},
    SchemaRow{"exporters.otlp_http[/name].timeout", duration, "30s", "0..",
              "Of one request; 0 for none."},
    SchemaRow{"exporters.otlp_http[/name].max_conns_per_host", integer, "4", "1..1000",
              "Connections at a time."},
    SchemaRow{"exporters.otlp_http[/name].{read_buffer_size,write_buffer_size,max_idle_conns,"
              "max_idle_conns_per_host,idle_conn_timeout,disable_keep_alives,"
              "http2_read_idle_timeout,http2_ping_timeout,force_attempt_http2}",
              ignored, "", "", kConnectionsAreReused},
    SchemaRow{"exporters.otlp[/name].{read_buffer_size,write_buffer_size}", ignored, "", "",
              "batches are slices of the log"},
    SchemaRow{"exporters.otlp[/name].wait_for_ready", better, "", "",
              "what cannot be sent stays in the log"},
    SchemaRow{"exporters.otlp[/name].keepalive", ignored, "", "",
              "a connection with requests in flight is pinged by itself"},
    SchemaRow{"exporters.otlp[/name].balancer_name", choice, "round_robin",
              "pick_first|round_robin",
              "Where requests go when the endpoint's name has several addresses."},
    SchemaRow{"exporters.otlp[/name].authority", text, "", "",
              "The `:authority` of requests, instead of the endpoint's."},
    SchemaRow{"exporters.otlp[/name].user_agent", ignored, "", "",
              "it says otlp-service and its version; `service.name` of "
              "`service.telemetry.resource` is added"},
    SchemaRow{"exporters.otlp_http[/name].proxy_url", unsupported, "", "",
              "requests go to the endpoint itself"},
    SchemaRow{"exporters.otlp_http[/name].cookies", unsupported, "", "", "cookies are not kept"},
    SchemaRow{"exporters.otlp_http[/name].profiles_endpoint", unsupported, "", "",
              "profiles go to the path of their format below `endpoint`"},
    SchemaRow{"exporters.{otlp,otlp_http}[/name].auth.authenticator", text, "", "",
              "A `bearertokenauth` or `basicauth` extension; sets a header of `headers`."},
    SchemaRow{"exporters.{otlp,otlp_http}[/name].middlewares", unsupported, "", "", kNoMiddlewares},
    SchemaRow{"exporters.{otlp,otlp_http}[/name].tls.reload_interval", better, "", "",
              kFilesAreWatched},
    SchemaRow{"exporters.{otlp,otlp_http}[/name].tls.min_version", choice, "", "1.2",
              "TLS 1.2 is the lowest that is spoken."},
    SchemaRow{"exporters.{otlp,otlp_http}[/name].tls.{ca_pem,cert_pem,key_pem}", unsupported, "",
              "", kGiveAFile},
    SchemaRow{"exporters.{otlp,otlp_http}[/name].tls.include_system_ca_certs_pool", unsupported, "",
              "", "without `ca_file` the system's authorities hold, with it those of the file"},
    SchemaRow{"exporters.{otlp,otlp_http}[/name].tls.{max_version,cipher_suites,"
              "include_insecure_cipher_suites,curve_preferences,tpm}",
              unsupported, "", "", kTlsByOpenSsl},
    SchemaRow{"exporters.{otlp,otlp_http}[/name].tls.insecure", boolean, "false", "",
              "Clear text. A URL's scheme wins over it."},
    SchemaRow{"exporters.{otlp,otlp_http}[/name].tls.insecure_skip_verify", boolean, "false", "",
              "TLS without checking the server's certificate."},
    SchemaRow{"exporters.{otlp,otlp_http}[/name].tls.ca_file", text, "", "",
              "Who may sign the server's certificate, PEM; the system's when missing."},
    SchemaRow{"exporters.{otlp,otlp_http}[/name].tls.cert_file", text, "", "",
              "Own certificate for mutual TLS, PEM."},
    SchemaRow{"exporters.{otlp,otlp_http}[/name].tls.key_file", text, "", "", "Its key, PEM."},
    SchemaRow{"exporters.{otlp,otlp_http}[/name].tls.server_name_override", text, "", "",
              "Name expected in the certificate instead of the endpoint's host."},

    // --- exporters: delivery
    SchemaRow{"exporters.{otlp,otlp_http,file,debug}[/name].retry_on_failure.enabled", boolean,
              "true", "",
              "Failed batches are sent again; without it they go to the dead-letter "
              "log at once."},
    SchemaRow{"exporters.{otlp,otlp_http,file,debug}[/name].retry_on_failure.initial_interval",
              duration, "5s", "1ms..", "Wait before the first retry."},
    SchemaRow{"exporters.{otlp,otlp_http,file,debug}[/name].retry_on_failure.randomization_factor",
              number, "0.5", "0..1", "Share of the wait that is left to chance."},
    SchemaRow{"exporters.{otlp,otlp_http,file,debug}[/name].retry_on_failure.multiplier", number,
              "1.5", "1..100", "Each wait is this much longer than the one before."},
    SchemaRow{"exporters.{otlp,otlp_http,file,debug}[/name].retry_on_failure.max_interval",
              duration, "30s", "1ms..", "Longest wait."},
    SchemaRow{"exporters.{otlp,otlp_http,file,debug}[/name].retry_on_failure.max_elapsed_time",
              duration, "0s", "0..",
              "A batch older than this goes to the dead-letter log; 0: as long as the log keeps "
              "it."},
    SchemaRow{"exporters.{otlp,otlp_http,file,debug}[/name].circuit_breaker.enabled", boolean,
              "true", "", "A destination that keeps failing is probed instead of flooded."},
    SchemaRow{"exporters.{otlp,otlp_http,file,debug}[/name].circuit_breaker.failure_threshold",
              integer, "5", "1..1000000", "Failures in a row that open it."},
    SchemaRow{"exporters.{otlp,otlp_http,file,debug}[/name].circuit_breaker.open_interval",
              duration, "5s", "1ms..", "Time before the first probe; grows like a backoff."},
    SchemaRow{"exporters.{otlp,otlp_http,file,debug}[/name].circuit_breaker.open_interval_max",
              duration, "60s", "1ms..", "Longest time between probes."},
    SchemaRow{"exporters.{otlp,otlp_http,file,debug}[/name].sending_queue.num_consumers", integer,
              "4", "1..1000", "Requests in flight at most, per signal."},
    SchemaRow{"exporters.{otlp,otlp_http,file,debug}[/name].sending_queue.in_flight_size_max", size,
              "16MiB", "64KiB..", "Bytes in flight at most, 512 a record with them."},
    SchemaRow{"exporters.{otlp,otlp_http,file,debug}[/name].sending_queue.start_at", choice,
              "earliest", "earliest|latest",
              "Where an exporter that is new begins: with the log's history or with new data."},
    SchemaRow{"exporters.{otlp,otlp_http,file,debug}[/name].sending_queue.{enabled,queue_size,"
              "storage,sizer,block_on_overflow,wait_for_result}",
              better, "", "", kQueueIsLog},
    SchemaRow{"exporters.{otlp,otlp_http,file,debug}[/name].sending_queue.batch.partition",
              unsupported, "", "", "the log keeps no headers of requests to tell batches apart by"},
    SchemaRow{"exporters.{otlp,otlp_http,file,debug}[/name].sending_queue.batch", section, "", "",
              "The Collector's other place for `batch`."},
    SchemaRow{"exporters.{otlp,otlp_http,file,debug}[/name].sending_queue.batch.flush_timeout",
              duration, "", "0..10m", "As `batch.timeout`."},
    SchemaRow{"exporters.{otlp,otlp_http,file,debug}[/name].sending_queue.batch.min_size", integer,
              "", "0..10000000", "As `batch.send_batch_size`."},
    SchemaRow{"exporters.{otlp,otlp_http,file,debug}[/name].sending_queue.batch.max_size", integer,
              "", "0..10000000", "As `batch.send_batch_max_size`."},
    SchemaRow{"exporters.{otlp,otlp_http,file,debug}[/name].sending_queue.batch.sizer", choice, "",
              "items", "Batches are counted in items."},
    SchemaRow{"exporters.{otlp,otlp_http,file,debug}[/name].batch.send_batch_size", integer, "8192",
              "0..10000000", "Items that make a batch due at once."},
    SchemaRow{"exporters.{otlp,otlp_http,file,debug}[/name].batch.send_batch_max_size", integer,
              "0", "0..10000000", "Items at most; 0: no limit."},
    SchemaRow{"exporters.{otlp,otlp_http,file,debug}[/name].batch.max_size", size, "3500000",
              "1KiB..", "Bytes at most before compression; gRPC peers take 4 MiB by default."},
    SchemaRow{"exporters.{otlp,otlp_http,file,debug}[/name].batch.timeout", duration, "200ms",
              "0..10m", "Age at which a batch is due."},

    // --- exporters: file and debug
    SchemaRow{"exporters.file[/name]", section, "", "", "Appends each batch to a file."},
    SchemaRow{"exporters.file[/name].path", text, "", "", "File to write."},
    SchemaRow{
        "exporters.file[/name].format", choice, "json", "json|proto",
        "One line of OTLP JSON a batch, or protobuf behind its length in 4 big-endian bytes."},
    SchemaRow{"exporters.file[/name].rotation.max_megabytes", integer, "100", "1..1048576",
              "A file that is larger, in MiB, is put aside."},
    SchemaRow{"exporters.file[/name].rotation.max_backups", integer, "10", "0..100000",
              "Files put aside that are kept."},
    SchemaRow{"exporters.file[/name].{append,flush_interval,create_directory}", better, "", "",
              "files are appended to, written batch by batch, and folders made"},
    SchemaRow{"exporters.file[/name].rotation.{max_days,localtime}", ignored, "", "",
              "files are put aside by size, and `max_backups` of them kept"},
    SchemaRow{"exporters.file[/name].directory_permissions", ignored, "", "",
              "folders are made as the process's umask says"},
    SchemaRow{"exporters.file[/name].{compression,encoding,group_by}", unsupported, "", "",
              "a file holds OTLP as JSON lines or protobuf, uncompressed, of all resources"},
    SchemaRow{"exporters.debug[/name]", section, "", "", "Tells on stderr what it is given."},
    SchemaRow{"exporters.debug[/name].verbosity", choice, "basic", "basic|normal|detailed",
              "A line a batch, a line an item, or everything."},
    SchemaRow{"exporters.debug[/name].{sampling_initial,sampling_thereafter,"
              "use_internal_logger,output_paths}",
              ignored, "", "", "it goes to stderr whole; `verbosity` says how much"},
    SchemaRow{"exporters.debug[/name].loglevel", ignored, "", "",
              "of the older `logging`; `verbosity` says how much"},
    SchemaRow{"exporters.{prometheus,prometheusremotewrite,kafka,loki,elasticsearch,opensearch,"
              "clickhouse,datadog,splunk_hec,sapm,signalfx,zipkin,jaeger,awsxray,awsemf,"
              "awscloudwatchlogs,googlecloud,googlemanagedprometheus,azuremonitor,loadbalancing,"
              "coralogix,logzio,honeycombmarker,influxdb,otelarrow,nop}[/name]",
              unsupported, "", "", kOtlpOut},

    // --- connectors
    SchemaRow{"connectors", unsupported, "", "",
              "an item goes from a receiver to exporters; let a Collector behind the gateway join "
              "pipelines"},

    // --- extensions
    SchemaRow{"extensions.health_check[/name]", section, "", "",
              "The Collector's health page; sets `admin.endpoint` (127.0.0.1:13133 when it names "
              "none) and `admin.health_path`."},
    SchemaRow{"extensions.health_check[/name].endpoint", address, "", "", "As `admin.endpoint`."},
    SchemaRow{"extensions.health_check[/name].path", text, "", "", "As `admin.health_path`."},
    SchemaRow{"extensions.health_check[/name].{response_body,check_collector_pipeline}", ignored,
              "", "", "the status is the answer; each exporter has its own state in /health"},
    SchemaRow{"extensions.health_check[/name].{tls,auth,cors,response_headers,middlewares}",
              unsupported, "", "",
              "the admin listener speaks clear text to whoever reaches it; bind it to loopback, or "
              "let a network policy guard it"},
    SchemaRow{"extensions.health_check[/name].{transport,include_metadata,max_request_body_size,"
              "compression_algorithms,read_timeout,read_header_timeout,write_timeout,idle_timeout,"
              "keep_alives_enabled}",
              ignored, "", "", "the admin listener has limits of its own"},
    SchemaRow{"extensions.healthcheckv2[/name]", section, "", "",
              "The Collector's newer health page; sets the same."},
    SchemaRow{"extensions.healthcheckv2[/name].http.endpoint", address, "", "",
              "As `admin.endpoint`."},
    SchemaRow{"extensions.healthcheckv2[/name].http.status.path", text, "", "",
              "As `admin.health_path`."},
    SchemaRow{"extensions.healthcheckv2[/name].{use_v2,component_health,http.status.enabled,"
              "http.config}",
              ignored, "", "", "health is always served, and `otlp-service config` shows settings"},
    SchemaRow{"extensions.healthcheckv2[/name].grpc", better, "", "",
              "grpc.health.v1.Health is served on the receivers' gRPC port"},
    SchemaRow{
        "extensions.zpages[/name]", better, "", "",
        "its pages are on `admin.endpoint`, below /debug/; those that have no counterpart say "
        "so"},
    SchemaRow{"extensions.pprof[/name]", ignored, "", "",
              "it profiles Go programs, and this is none; `perf` does it here"},
    SchemaRow{"extensions.memory_limiter[/name]", better, "", "", kBudget},
    SchemaRow{"extensions.bearertokenauth[/name]", section, "", "",
              "A token that exporters send, where `auth` names it."},
    SchemaRow{"extensions.bearertokenauth[/name].token", text, "", "", "The token.", true},
    SchemaRow{"extensions.bearertokenauth[/name].scheme", any, "", "",
              "The word before it; `Bearer` when missing, and none when empty."},
    SchemaRow{"extensions.bearertokenauth[/name].header", text, "", "",
              "The header that carries it; `authorization` when missing."},
    SchemaRow{"extensions.bearertokenauth[/name].filename", unsupported, "", "",
              "a token is part of the settings: write `token: ${env:NAME}`"},
    SchemaRow{"extensions.bearertokenauth[/name].tokens", unsupported, "", "",
              "one `token` can be sent; senders are not asked for any"},
    SchemaRow{"extensions.basicauth[/name]", section, "", "",
              "A name and a password that exporters send, where `auth` names it."},
    SchemaRow{"extensions.basicauth[/name].client_auth.{username,password}", text, "", "",
              "What is sent.", true},
    SchemaRow{"extensions.basicauth[/name].client_auth.{username_file,password_file,"
              "aws_secrets_manager}",
              unsupported, "", "",
              "a password is part of the settings: write `password: ${env:NAME}`"},
    SchemaRow{"extensions.basicauth[/name].htpasswd", unsupported, "", "", kNoServerAuth},
    SchemaRow{"extensions.{oauth2client,sigv4auth,azureauth,googleclientauth,asapclient}[/name]",
              unsupported, "", "", kNoCredentials},
    SchemaRow{
        "extensions.headers_setter[/name]", unsupported, "", "",
        "the log keeps what a request carried, not the headers it came with; `headers` of the "
        "exporter are fixed"},
    SchemaRow{"extensions.{oidc,jwtauth,k8sauth}[/name]", unsupported, "", "", kNoServerAuth},
    SchemaRow{"extensions.{k8s_observer,docker_observer,host_observer,ecs_observer,"
              "k8s_leader_elector,opamp,remotetap,awsproxy,jaegerremotesampling,http_forwarder,"
              "db_storage,redis_storage,encoding,ack}[/name]",
              unsupported, "", "", "nothing here uses it; take it out of `service.extensions`"},
    SchemaRow{"extensions.file_storage[/name]", section, "", "",
              "The Collector's queue storage; sets `storage.directory`."},
    SchemaRow{"extensions.file_storage[/name].directory", text, "", "", "As `storage.directory`."},
    SchemaRow{"extensions.file_storage[/name].{timeout,compaction,fsync,create_directory,"
              "directory_permissions,recreate}",
              better, "", "",
              "the log syncs before it acknowledges, makes its folder, and needs no compaction"},

    // --- storage
    SchemaRow{"storage.directory", text, "./data", "", "Where the log lives."},
    SchemaRow{"storage.durability", choice, "commit", "commit|interval|memory",
              "Acknowledge after the disk has it (`commit`), after write with a sync now and then "
              "(`interval`), or from memory."},
    SchemaRow{"storage.sync_interval", duration, "50ms", "1ms..1h",
              "Time between syncs with durability `interval`."},
    SchemaRow{"storage.segment_size", size, "128MiB", "1MiB..4GiB",
              "Size of one segment file; must be a multiple of 4KiB."},
    SchemaRow{"storage.size_max", size, "10GiB", "2MiB..", "Disk space of all segments together."},
    SchemaRow{"storage.history_size_max", size, "0", "",
              "Kept for queries after every exporter has passed."},
    SchemaRow{"storage.age_max", duration, "0s", "0..",
              "Records expire, delivered or not, when they are older, or by an eighth more; 0: no "
              "limit."},
    SchemaRow{"storage.when_full", choice, "refuse", "refuse|drop_oldest",
              "Tell senders to come later, or drop the oldest and count it."},
    SchemaRow{"storage.tail_cache_size", size, "16MiB", "1MiB..",
              "The newest records, kept in memory for exporters that keep up."},
    SchemaRow{"storage.direct_io", boolean, "true", "",
              "Write past the page cache where the file system can."},
    SchemaRow{"storage.removed_exporters_kept", duration, "1h", "0..",
              "The place of an exporter that is no longer configured is kept this long, and its "
              "backlog with it, while the log has room; 0: forgotten at once."},

    // --- admin
    SchemaRow{"admin.endpoint", address, "127.0.0.1:8080", "", "Health, metrics and status pages."},
    SchemaRow{"admin.metrics_endpoint", address, "", "",
              "A listener for metrics alone; off when missing."},
    SchemaRow{"admin.metrics_path", text, "/metrics", "", "Path of the metrics, on both."},
    SchemaRow{"admin.health_path", text, "", "",
              "One more path, for probes of old: 200 when the gateway has started and lives, else "
              "503. None when missing."},
    SchemaRow{"admin.metrics_enabled", boolean, "true", "", "Whether metrics are served."},

    // --- service
    SchemaRow{"service.extensions", list, "", "",
              "Extensions in use; each sets what it says above."},
    SchemaRow{"service.pipelines.{traces,metrics,logs,profiles}[/name]", section, "", "",
              "One way of one signal through the gateway."},
    SchemaRow{"service.pipelines.{traces,metrics,logs,profiles}[/name].receivers", list, "", "",
              "Receivers that feed it; the same in all pipelines of one signal."},
    SchemaRow{"service.pipelines.{traces,metrics,logs,profiles}[/name].processors", list, "", "",
              "Processors on the way."},
    SchemaRow{"service.pipelines.{traces,metrics,logs,profiles}[/name].exporters", list, "", "",
              "Exporters, each with a cursor of its own."},
    SchemaRow{"service.telemetry.logs.level", filter, "info", "",
              "trace, debug, info, warn, error or off; also by module: `info,storage=debug`."},
    SchemaRow{"service.telemetry.logs.encoding", choice, "json", "json|console",
              "JSON lines, or text for people."},
    SchemaRow{"service.telemetry.logs.{development,disable_caller,disable_stacktrace,sampling,"
              "output_paths,error_output_paths,initial_fields,disable_zap_resource}",
              ignored, "", "", "the log goes to stderr, and repeated lines are summed up"},
    SchemaRow{"service.telemetry.logs.processors", unsupported, "", "",
              "the log goes to stderr, for an agent to collect; metrics and spans can be sent"},
    SchemaRow{"service.telemetry.metrics.level", choice, "", "none|basic|normal|detailed",
              "`none` turns the metrics off; otherwise all are there."},
    SchemaRow{"service.telemetry.metrics.views", ignored, "", "",
              "the metrics are a list that does not change (docs/metrics.md)"},
    SchemaRow{"service.telemetry.metrics.address", address, "", "", "As `admin.metrics_endpoint`."},
    SchemaRow{"service.telemetry.metrics.readers", any, "", "",
              "Its Prometheus reader sets `admin.metrics_endpoint`, its periodic one "
              "`service.telemetry.export.metrics`."},
    SchemaRow{"service.telemetry.traces.processors", any, "", "",
              "Its batch processor sets `service.telemetry.export.traces`."},
    SchemaRow{"service.telemetry.traces.sampler", any, "", "",
              "Its ratio sets `service.telemetry.export.traces.ratio`."},
    SchemaRow{"service.telemetry.traces.{level,propagators,limits}", ignored, "", "",
              "a W3C traceparent of a request is always taken over"},
    SchemaRow{"service.telemetry.export.{metrics,traces}", section, "", "",
              "Own metrics, or spans of the requests answered, sent as OTLP."},
    SchemaRow{"service.telemetry.export.{metrics,traces}.endpoint", url, "", "",
              "Where to, for example `http://collector:4318`."},
    SchemaRow{"service.telemetry.export.{metrics,traces}.protocol", choice, "http/protobuf",
              "grpc|http/protobuf", "How."},
    SchemaRow{"service.telemetry.export.metrics.interval", duration, "60s", "100ms..1h",
              "Time between two requests."},
    SchemaRow{"service.telemetry.export.traces.interval", duration, "5s", "100ms..1h",
              "Time between two requests."},
    SchemaRow{"service.telemetry.export.traces.ratio", number, "0.01", "0..1",
              "How many of the requests become a span."},
    SchemaRow{"service.telemetry.export.{metrics,traces}.timeout", duration, "5s", "100ms..1m",
              "A request that takes longer has failed; it is not tried again."},
    SchemaRow{"service.telemetry.export.{metrics,traces}.compression", choice, "gzip",
              "none|gzip|zstd", "Of the requests."},
    SchemaRow{"service.telemetry.export.{metrics,traces}.headers", pairs, "", "",
              "Sent with each request.", true},
    SchemaRow{
        "service.telemetry.resource", pairs, "", "",
        "Who this is: the resource of own telemetry; `service.name` goes into User-Agent too."},
    SchemaRow{"service.io_threads", integer, "0", "0..1024",
              "Threads that serve connections; 0: one a core that affinity and cgroup leave."},
    SchemaRow{"service.shutdown_timeout", duration, "20s", "0..1h",
              "Time to finish what is in flight at the end."},
};

}  // namespace

namespace detail {
std::span<const SchemaRow> compact_schema_rows() {
  static const std::vector<SchemaRow> kAll = [] {
    const auto exporters = std::find_if(kRows.begin(), kRows.end(), [](const SchemaRow& row) {
      return row.path.starts_with("exporters.");
    });
    std::vector<SchemaRow> rows(kRows.begin(), exporters);
    rows.insert(rows.end(), processor_rows().begin(), processor_rows().end());
    rows.insert(rows.end(), exporters, kRows.end());
    return rows;
  }();
  return kAll;
}
}  // namespace detail

}  // namespace gateway::config
