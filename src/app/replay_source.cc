#include "app/replay_source.h"

#include <chrono>
#include <memory>
#include <utility>

#include "exporter/dead_letter_reader.h"
#include "exporter/decode.h"
#include "io/random.h"
#include "net/http_client.h"
#include "net/query_string.h"
#include "query/tap/tap_answer.h"
#include "storage/inspect.h"

namespace gateway::app {
namespace {

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Result<void, std::string> read_gateway(const ReplaySource& source, const EachRequest& each) {
  net::HttpClient client(source.endpoint, std::chrono::milliseconds(source.timeout_ms));
  const bool dead_letters = !source.dead_letters.empty();
  std::string fixed;
  if (dead_letters) {
    net::append_query(fixed, "exporter", source.dead_letters);
  } else {
    net::append_query(fixed, "id", std::to_string(io::real_random().next()));
    net::append_query(fixed, "mode", "all");
    net::append_query(fixed, "received_from", std::to_string(source.from_unix_nano));
    net::append_query(fixed, "received_until", std::to_string(source.until_unix_nano));
  }
  if (!source.signals.empty()) net::append_query(fixed, "signal", source.signals);
  std::string from = "oldest";
  for (bool go_on = true; go_on;) {
    std::string query = fixed;
    net::append_query(query, "from", from);
    const auto answer =
        client.get((dead_letters ? "/api/v1/dead-letters?" : "/api/v1/tap?") + query);
    if (!answer) return fail(answer.error());
    if (answer->status != 200) {
      return fail(source.endpoint + " answers " + std::to_string(answer->status) + " " +
                  answer->body.substr(0, answer->body.find('\n')));
    }
    const auto end = query::read_tap_answer(answer->body, [&](const pipeline::CapturedView& entry) {
      go_on = each(entry.head, entry.payload);
      return go_on;
    });
    if (!end) return fail("the answer of " + source.endpoint + " cannot be read: " + end.error());
    from = end->next;
    go_on = go_on && end->more;
  }
  return {};
}

Result<void, std::string> read_directory(io::FileSystem& files, const ReplaySource& source,
                                         const EachRequest& each) {
  storage::InspectOptions options;
  options.each_payload = [&each](const storage::RecordInfo& info, const Slice& payload) {
    const auto plain = exporter::decode_payload(info.coding, payload);
    if (!plain) return true;
    return each({.signal = info.signal,
                 .time_unix_nano = info.received_unix_nano,
                 .item_count = info.item_count,
                 .size_bytes = plain->bytes.size(),
                 .tenant = info.tenant,
                 .context = info.context},
                text_of(plain->bytes));
  };
  const auto inspected = storage::inspect(files, source.path, options);
  if (!inspected) return fail(inspected.error().message);
  if (inspected->segments.empty()) return fail(source.path + " holds no segment files");
  std::uint64_t damaged = 0;
  for (const storage::SegmentSummary& segment : inspected->segments) {
    damaged += segment.damaged_regions;
  }
  if (damaged == 0) return {};
  return fail(std::to_string(damaged) + " damaged places were passed over, see: log verify " +
              source.path);
}

Result<void, std::string> read_file(io::FileSystem& files, const ReplaySource& source,
                                    const EachRequest& each) {
  auto opened = files.open(source.path, {});
  if (!opened) return fail(source.path + ": " + opened.error().message());
  pipeline::CapturedFileReader reader(std::move(*opened));
  for (;;) {
    const auto entry = reader.next();
    if (!entry) {
      return fail(source.path + " at " + std::to_string(reader.offset_bytes()) + ": " +
                  std::string(name_of(entry.error())));
    }
    if (!*entry || !each((*entry)->head, (*entry)->payload)) return {};
  }
}

}  // namespace

Result<void, std::string> read_requests(io::FileSystem& files, const ReplaySource& source,
                                        const EachRequest& each) {
  if (source.path.empty()) return read_gateway(source, each);
  const bool is_directory = files.list(source.path).has_value();
  if (source.dead_letters.empty()) {
    return is_directory ? read_directory(files, source, each) : read_file(files, source, each);
  }
  if (!is_directory) return fail(source.path + " is no storage directory");
  const auto read = exporter::read_dead_letters(
      files, source.path + "/dead_letters", source.dead_letters, {},
      [&each](const pipeline::CapturedRequest& entry) { return each(entry.head, entry.payload); });
  if (!read) return fail(read.error());
  if (read->file_time_unix_nano == 0) {
    return fail(source.path + " holds no dead letters of " + source.dead_letters);
  }
  return {};
}

}  // namespace gateway::app
