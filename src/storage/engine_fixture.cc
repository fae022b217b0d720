#include "storage/engine_fixture.h"

#include <cstdlib>
#include <utility>

#include "base/assert.h"

namespace gateway::storage {

EngineFixture::EngineFixture(std::uint64_t seed) : files(seed), random(seed ^ 0x5EED) {
  options.directory = "/log";
  options.segment_size_bytes = 64 << 10;
  options.size_bytes_max = 1 << 20;
  options.tail_cache_size_bytes = 0;  // everything is read from the disk
  options.random = &random;
}

EngineFixture::~EngineFixture() = default;

bool EngineFixture::open() {
  auto opened = Engine::open(files, clock, options, {});
  if (!opened) {
    failure = opened.error().message;
    return false;
  }
  engine = std::move(*opened);
  return true;
}

void EngineFixture::crash() {
  files.crash();  // before the engine goes: what it does on its way out is lost
  engine.reset();
}

void EngineFixture::stop() {
  engine->writer().close();
  engine->save_cursors();
  engine.reset();
}

void EngineFixture::on_appended(Append* /*first*/) noexcept {}

std::vector<std::optional<AppendErrc>> EngineFixture::append(const std::vector<Item>& items) {
  std::vector<Append> appends(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    appends[i].payload = Buffer::allocate(items[i].payload.size());
    appends[i].payload.append(std::as_bytes(std::span(items[i].payload)));
    appends[i].info.signal = items[i].signal;
    appends[i].info.item_count = items[i].item_count;
    appends[i].info.received_unix_nano = clock.unix_nano();
    appends[i].info.tenant = items[i].tenant;
    appends[i].info.context = items[i].context;
    appends[i].sink = this;
    appends[i].next = i + 1 < items.size() ? &appends[i + 1] : nullptr;
  }
  if (!appends.empty()) engine->writer().commit_all(appends.data());
  std::vector<std::optional<AppendErrc>> answers;
  answers.reserve(appends.size());
  for (const Append& append : appends) answers.push_back(append.error);
  return answers;
}

std::optional<AppendErrc> EngineFixture::append_one(std::string payload, std::uint32_t item_count,
                                                    Signal signal) {
  return append({{std::move(payload), item_count, signal, {}, {}}}).front();
}

std::vector<SeenRecord> EngineFixture::read_all(std::uint32_t signals, Position from) {
  std::vector<SeenRecord> seen;
  const auto reader = engine->reader(signals, from);
  int failures = 0;
  while (true) {
    auto record = reader->next();
    if (!record) {
      GATEWAY_ASSERT(++failures < 10'000);
      continue;
    }
    if (!*record) return seen;
    const Record& found = **record;
    SeenRecord one;
    one.position = found.position;
    one.next = found.next;
    one.signal = found.info.signal;
    one.item_count = found.info.item_count;
    one.items_before = found.items_before[index_of(found.info.signal)];
    one.payload.assign(reinterpret_cast<const char*>(found.payload.bytes.data()),
                       found.payload.bytes.size());
    one.tenant = found.info.tenant;
    one.context = found.info.context;
    one.expired_before = found.expired_before;
    seen.push_back(std::move(one));
  }
}

std::vector<std::string> EngineFixture::payloads(std::uint32_t signals) {
  std::vector<std::string> texts;
  for (SeenRecord& record : read_all(signals)) texts.push_back(std::move(record.payload));
  return texts;
}

std::vector<std::string> EngineFixture::segment_paths() {
  std::vector<std::string> paths;
  for (const Segment& segment : engine->catalog().segments()) {
    paths.push_back(
        file_path(options.directory, segment_file_name(kSegmentPrefix, segment.header.sequence)));
  }
  return paths;
}

std::string random_text(std::uint64_t seed, std::size_t size) {
  io::SimRandom random(seed);
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>(random.next());
  return text;
}

std::uint64_t number_from_environment(const char* name, std::uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

}  // namespace gateway::storage
