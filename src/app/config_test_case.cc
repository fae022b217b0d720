#include "app/config_test_case.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "app/json_format.h"
#include "app/routes.h"
#include "base/buffer.h"
#include "config/source.h"
#include "otlpview/check.h"
#include "otlpview/json_to_wire.h"
#include "otlpview/rewrite.h"
#include "otlpview/wire_to_json.h"
#include "processor/make_chain.h"
#include "telemetry/json_text.h"

namespace gateway::app {
namespace {

constexpr std::uint64_t kInputFileSizeBytesMax = 256U << 20U;

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

otlpview::Signal wire_signal(Signal signal) {
  return static_cast<otlpview::Signal>(index_of(signal));
}

// A list of texts, or one.
std::optional<std::vector<std::string>> texts_of(const config::Node* node) {
  std::vector<std::string> texts;
  if (node == nullptr || node->is_null()) return texts;
  if (node->is_scalar()) return std::vector{node->text};
  for (const config::Node& item : node->items) {
    if (!item.is_scalar()) return std::nullopt;
    texts.push_back(item.text);
  }
  return texts;
}

// As the receiver does it: bad items are cut out, bad bodies are refused.
Result<pipeline::CapturedRequest, std::string> checked(Signal signal, std::vector<std::byte> body) {
  const auto report = otlpview::check(wire_signal(signal), body);
  if (!report) {
    return fail("the gateway would refuse it: " + std::string(describe(report.error().code)));
  }
  if (report->needs_rewrite) {
    std::vector<std::byte> kept;
    otlpview::rewrite(wire_signal(signal), body, {}, kept);
    body = std::move(kept);
  }
  pipeline::CapturedRequest request;
  request.head.signal = signal;
  request.head.item_count = report->item_count - report->rejected_count;
  request.head.size_bytes = body.size();
  request.payload = text_of(body);
  return request;
}

std::optional<Signal> signal_of_json(std::string_view line) {
  constexpr std::array<std::pair<std::string_view, Signal>, 4> kNames = {
      {{"\"resourceSpans\"", Signal::traces},
       {"\"resourceMetrics\"", Signal::metrics},
       {"\"resourceLogs\"", Signal::logs},
       {"\"resourceProfiles\"", Signal::profiles}}};
  std::size_t first = std::string_view::npos;
  std::optional<Signal> found;
  for (const auto& [name, signal] : kNames) {
    if (const std::size_t at = line.find(name); at < first) {
      first = at;
      found = signal;
    }
  }
  return found;
}

Result<pipeline::CapturedRequest, std::string> from_json(std::string_view line) {
  const auto signal = signal_of_json(line);
  if (!signal) return fail(std::string("this is no OTLP JSON request"));
  std::vector<std::byte> wire;
  const auto read = otlpview::json_to_wire(wire_signal(*signal), bytes_of(line), {}, wire);
  if (!read) return fail(read.error().message);
  return checked(*signal, std::move(wire));
}

// What one exporter gets of one signal.
struct Outlet {
  std::uint64_t items = 0;
  std::uint64_t filtered = 0;
  std::vector<std::string> requests;  // OTLP JSON
};

Result<void, std::string> send_through(const pipeline::CapturedRequest& request,
                                       pipeline::ProcessorChain* chain, Outlet& outlet) {
  Buffer buffer = Buffer::allocate(request.payload.size());
  buffer.append(bytes_of(request.payload));
  const std::span<const std::byte> bytes = std::as_const(buffer).payload();
  Slice payload{.owner = std::move(buffer), .bytes = bytes};
  const std::uint64_t before = request.head.item_count;
  const std::uint64_t left =
      chain == nullptr ? before : chain->apply(payload, before, request.head.context);
  outlet.items += left;
  outlet.filtered += before - left;
  if (left == 0) return {};
  std::string json;
  if (!otlpview::wire_to_json(wire_signal(request.head.signal), payload.bytes, json)) {
    return fail(std::string("what comes out cannot be shown as OTLP JSON"));
  }
  outlet.requests.push_back(std::move(json));
  return {};
}

void append_outlet(const Outlet& outlet, std::string& out) {
  out += "{\"items\":" + std::to_string(outlet.items) +
         ",\"filtered\":" + std::to_string(outlet.filtered) + ",\"requests\":[";
  for (std::size_t i = 0; i < outlet.requests.size(); ++i) {
    if (i != 0) out += ',';
    out += outlet.requests[i];
  }
  out += "]}";
}

}  // namespace

Result<std::string, std::string> read_text(io::FileSystem& files, const std::string& path) {
  auto opened = files.open(path, {});
  if (!opened) return fail(path + ": " + opened.error().message());
  const auto size = (*opened)->size();
  if (!size) return fail(path + ": " + size.error().message());
  if (*size > kInputFileSizeBytesMax) return fail(path + " is larger than a test can be");
  std::string text(static_cast<std::size_t>(*size), '\0');
  const auto got =
      (*opened)->read_at(0, std::as_writable_bytes(std::span(text.data(), text.size())));
  if (!got) return fail(path + ": " + got.error().message());
  text.resize(*got);
  return text;
}

Result<ConfigTestFile, std::string> parse_config_tests(std::string_view text,
                                                       const std::string& file) {
  config::Diagnostics diagnostics;
  const config::Node root = config::parse_yaml(text, file, diagnostics);
  if (diagnostics.has_errors()) {
    return fail(text_of(std::move(diagnostics).take().front()));
  }
  const auto mistake = [](const config::Origin& origin, const std::string& what) {
    return fail(config::text_of(origin) + ": " + what);
  };
  for (const config::Entry& entry : root.entries) {
    if (entry.key != "config" && entry.key != "tests") {
      return mistake(entry.origin, "`" + entry.key + "` is unknown; config, tests");
    }
  }
  ConfigTestFile found;
  const auto config = texts_of(root.find("config"));
  if (!config) return mistake(root.origin, "`config` is a list of files");
  found.config = *config;
  const config::Node* const tests = root.find("tests");
  if (tests == nullptr || !tests->is_list() || tests->items.empty()) {
    return fail(file + ": `tests` is a list of at least one");
  }
  for (const config::Node& item : tests->items) {
    for (const config::Entry& entry : item.entries) {
      if (entry.key != "name" && entry.key != "input" && entry.key != "expected") {
        return mistake(entry.origin, "`" + entry.key + "` is unknown; name, input, expected");
      }
    }
    ConfigTestCase one;
    const config::Node* const name = item.find("name");
    const config::Node* const expected = item.find("expected");
    const auto input = texts_of(item.find("input"));
    if (name == nullptr || expected == nullptr || !input || input->empty()) {
      return mistake(item.origin, "a test has `name`, `input` and `expected`");
    }
    one.name = name->text;
    one.input = *input;
    one.expected = expected->text;
    found.cases.push_back(std::move(one));
  }
  return found;
}

Result<std::vector<pipeline::CapturedRequest>, std::string> read_input(io::FileSystem& files,
                                                                       const std::string& path) {
  std::vector<pipeline::CapturedRequest> requests;
  if (path.ends_with(".json") || path.ends_with(".jsonl")) {
    const auto text = read_text(files, path);
    if (!text) return fail(text.error());
    std::string_view rest = *text;
    for (std::size_t number = 1; !rest.empty(); ++number) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(line.size() + 1, rest.size()));
      if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
      auto request = from_json(line);
      if (!request) {
        return fail(path + ":" + std::to_string(number) + ": " + request.error());
      }
      requests.push_back(std::move(*request));
    }
    return requests;
  }
  auto opened = files.open(path, {});
  if (!opened) return fail(path + ": " + opened.error().message());
  pipeline::CapturedFileReader reader(std::move(*opened));
  for (;;) {
    const std::uint64_t at = reader.offset_bytes();
    const auto entry = reader.next();
    if (entry && !*entry) return requests;
    auto request = !entry ? fail(std::string(name_of(entry.error())))
                          : checked((*entry)->head.signal, {bytes_of((*entry)->payload).begin(),
                                                            bytes_of((*entry)->payload).end()});
    if (!request) return fail(path + " at " + std::to_string(at) + ": " + request.error());
    requests.push_back(std::move(*request));
  }
}

Result<std::string, std::string> run_pipelines(
    const config::Settings& settings, const std::vector<pipeline::CapturedRequest>& requests) {
  std::string out = "{";
  for (const config::Exporter& exporter : settings.exporters) {
    const std::vector<Signal> signals = signals_of(settings, exporter.id);
    if (signals.empty()) continue;
    const pipeline::ProcessorChains chains = processor::make_chains(exporter);
    std::string by_signal;
    for (const Signal signal : signals) {
      Outlet outlet;
      bool any = false;
      for (const pipeline::CapturedRequest& request : requests) {
        if (request.head.signal != signal) continue;
        any = true;
        if (auto sent = send_through(request, chains[index_of(signal)].get(), outlet); !sent) {
          return fail(sent.error());
        }
      }
      if (!any) continue;
      if (!by_signal.empty()) by_signal += ',';
      telemetry::append_json_string(by_signal, name_of(signal));
      by_signal += ':';
      append_outlet(outlet, by_signal);
    }
    if (out.size() > 1) out += ',';
    telemetry::append_json_string(out, exporter.id);
    out += ":{" + by_signal + "}";
  }
  auto text = format_json(out + "}");
  if (!text) return fail(std::string("what comes out cannot be laid out"));
  return *text + "\n";
}

}  // namespace gateway::app
