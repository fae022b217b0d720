#include "storage/log_reader.h"

#include <memory>
#include <utility>

namespace gateway::storage {

void LogReader::seek(Position to) {
  scanner_.reset();
  position_ = scanned_ = to;
  batch_.clear();
  expired_before_ = false;
  failed_attempts_ = 0;
}

void LogReader::skip_to_memory() {
  const Position oldest = source_.cache.covered_from();
  if (batch_.empty() && scanned_ < oldest) seek(oldest);
}

Record LogReader::take(Record record) {
  position_ = record.next;
  record.expired_before = std::exchange(expired_before_, false);
  failed_attempts_ = 0;
  return record;
}

Result<std::optional<Record>, ReadErrc> LogReader::next() {
  passed_bytes_ = 0;
  while (true) {
    if (passed_bytes_ >= kPassedSizeBytesMax) return fail(ReadErrc::paused);
    if (!batch_.empty()) {
      Record record = std::move(batch_.front());
      batch_.pop_front();
      return take(std::move(record));
    }
    if (scanned_ >= head_.position) head_ = source_.catalog.head();
    if (scanned_ >= head_.position) {
      scanner_.reset();  // it keeps up: no memory is held for reading the disk
      position_ = head_.position;
      return std::nullopt;
    }
    const auto cached = source_.cache.read(scanned_, head_.position, signals_, follower_, batch_);
    if (cached.covered) {
      scanner_.reset();
      scanned_ = cached.scanned_to;
      if (batch_.empty()) position_ = scanned_;
      continue;
    }
    const auto segment = source_.catalog.at_or_after(scanned_.segment);
    if (!segment) return std::nullopt;
    if (segment->header.sequence != scanned_.segment) {
      // Between two segments there is nothing, unless retention has been there.
      if (scanned_ < source_.catalog.oldest()) expired_before_ = true;
      scanned_ = segment->begin();
    }
    if (scanned_.offset_bytes < kFirstRecordOffsetBytes) scanned_ = segment->begin();
    if (scanned_.offset_bytes >= segment->end_bytes) {
      scanned_ = {segment->header.sequence + 1, kFirstRecordOffsetBytes};
      continue;
    }
    auto record = next_from_disk(*segment);
    if (!record || *record) return record;
  }
}

bool LogReader::open_segment(const Segment& segment) {
  if (scanner_ && open_.header.epoch == segment.header.epoch) return true;
  std::shared_ptr<io::File> file = segment.file;
  if (file == nullptr) {
    const std::string name = segment_file_name(kSegmentPrefix, segment.header.sequence);
    auto opened =
        source_.files.open(file_path(source_.directory, name),
                           {.write = false, .create = false, .direct = source_.direct_io});
    if (!opened) return false;
    file = std::move(*opened);
  }
  scanner_.emplace(std::move(file), segment.header.epoch);
  open_ = segment;
  open_.file.reset();
  return true;
}

bool LogReader::still_there(const Segment& segment) const {
  const auto now = source_.catalog.at_or_after(segment.header.sequence);
  return now && now->header.epoch == segment.header.epoch;
}

ReadErrc LogReader::failed() {
  ++failed_attempts_;
  return ReadErrc::io_error;
}

// The next wanted record of `segment`; nothing when the search has to go on elsewhere.
Result<std::optional<Record>, ReadErrc> LogReader::next_from_disk(const Segment& segment) {
  if (!open_segment(segment)) {
    if (!still_there(segment)) return std::nullopt;
    return fail(failed());
  }
  scanner_->set_tolerant(failed_attempts_ >= kReadAttemptsMax - 1);
  while (scanned_.offset_bytes < segment.end_bytes) {
    const auto found = scanner_->find(scanned_.offset_bytes, segment.end_bytes);
    if (!found) {
      if (!still_there(segment)) return std::nullopt;
      return fail(failed());
    }
    const Position from = scanned_;
    if (!*found || (*found)->after_damage) {
      if (!still_there(segment)) return std::nullopt;  // rewritten under us, not damaged
      scanned_.offset_bytes = *found ? (*found)->offset_bytes : segment.end_bytes;
      source_.damage.note(from, scanned_);
      if (!*found) return std::nullopt;
    }
    const RecordHeader& header = (*found)->header;
    const Position at{segment.header.sequence, (*found)->offset_bytes};
    const Position next{at.segment, at.offset_bytes + header.extent_size_bytes};
    if (header.probe() || (signals_ >> index_of(header.signal) & 1U) == 0) {
      position_ = scanned_ = next;
      passed_bytes_ += header.extent_size_bytes;
      if (passed_bytes_ >= kPassedSizeBytesMax) return std::nullopt;
      continue;
    }
    auto content = scanner_->content(**found, segment.end_bytes);
    if (!content) {
      if (!still_there(segment)) return std::nullopt;
      return fail(failed());
    }
    if (!*content) {
      if (!still_there(segment)) return std::nullopt;
      source_.damage.note(at, next);
      scanned_ = next;
      continue;
    }
    Record record;
    record.position = at;
    record.next = scanned_ = next;
    record.info.signal = header.signal;
    record.info.coding = header.coding;
    record.info.item_count = header.item_count;
    record.info.received_unix_nano = header.received_unix_nano;
    record.info.tenant = std::move((*content)->tenant);
    record.info.context = std::move((*content)->context);
    record.items_before[index_of(header.signal)] = header.items_before;
    record.payload = std::move((*content)->payload);
    return take(std::move(record));
  }
  return std::nullopt;
}

}  // namespace gateway::storage
