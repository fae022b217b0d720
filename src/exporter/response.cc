#include "exporter/response.h"

#include <algorithm>
#include <limits>

#include "exporter/transport.h"

namespace gateway::exporter {

namespace {

constexpr std::int64_t kRetryDelaySecondsMax = 24 * 3600;
constexpr std::size_t kVarintSizeBytesMax = 10;

struct Field {
  std::uint32_t number = 0;
  std::uint64_t value = 0;           // wire type varint
  std::span<const std::byte> bytes;  // wire type length-delimited
  bool delimited = false;
};

// Fields of one message, in order. After next() returned false, ok() tells end from damage.
class Fields {
 public:
  explicit Fields(std::span<const std::byte> bytes) noexcept : rest_(bytes) {}

  [[nodiscard]] bool ok() const noexcept { return ok_; }
  [[nodiscard]] bool next(Field& field) noexcept {
    if (rest_.empty() || !ok_) return false;
    std::uint64_t tag = 0;
    ok_ = varint(tag) && (tag >> 3U) != 0 && (tag >> 3U) <= 0x1fffffffU;
    if (!ok_) return false;
    field = {.number = static_cast<std::uint32_t>(tag >> 3U)};
    switch (tag & 7U) {
      case 0:
        ok_ = varint(field.value);
        break;
      case 1:
        ok_ = take(8, field.bytes);
        break;
      case 2: {
        std::uint64_t size = 0;
        field.delimited = true;
        ok_ = varint(size) && take(size, field.bytes);
        break;
      }
      case 5:
        ok_ = take(4, field.bytes);
        break;
      default:
        ok_ = false;  // groups: no answer of these has any
    }
    return ok_;
  }

 private:
  [[nodiscard]] bool varint(std::uint64_t& value) noexcept {
    value = 0;
    for (std::size_t i = 0; i < kVarintSizeBytesMax && i < rest_.size(); ++i) {
      const auto byte = std::to_integer<std::uint64_t>(rest_[i]);
      value |= (byte & 0x7fU) << (7U * i);
      if (byte < 0x80U) {
        rest_ = rest_.subspan(i + 1);
        return true;
      }
    }
    return false;
  }
  [[nodiscard]] bool take(std::uint64_t size, std::span<const std::byte>& bytes) noexcept {
    if (size > rest_.size()) return false;
    bytes = rest_.first(static_cast<std::size_t>(size));
    rest_ = rest_.subspan(static_cast<std::size_t>(size));
    return true;
  }

  std::span<const std::byte> rest_;
  bool ok_ = true;
};

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::optional<std::chrono::milliseconds> read_retry_info(std::span<const std::byte> bytes) {
  std::int64_t seconds = 0;
  std::int64_t nanos = 0;
  bool present = false;
  Field field;
  Fields info(bytes);
  while (info.next(field)) {
    if (field.number != 1 || !field.delimited) continue;
    present = true;
    Fields duration(field.bytes);
    while (duration.next(field)) {
      if (field.number == 1) seconds = static_cast<std::int64_t>(field.value);
      if (field.number == 2) nanos = static_cast<std::int64_t>(field.value);
    }
    if (!duration.ok()) return std::nullopt;
  }
  if (!info.ok()) return std::nullopt;
  // RetryInfo without a delay still says that a retry is welcome.
  if (!present || seconds < 0 || nanos < 0 || nanos > 999'999'999) {
    return std::chrono::milliseconds(0);
  }
  return std::chrono::milliseconds(std::min(seconds, kRetryDelaySecondsMax) * 1000 +
                                   (nanos + 999'999) / 1'000'000);
}

}  // namespace

std::optional<PartialSuccess> read_partial_success(std::span<const std::byte> body) {
  PartialSuccess result;
  Field field;
  Fields response(body);
  while (response.next(field)) {
    if (field.number != 1 || !field.delimited) continue;
    Fields partial(field.bytes);
    while (partial.next(field)) {
      if (field.number == 1 && !field.delimited) {
        const auto rejected = static_cast<std::int64_t>(field.value);
        result.rejected_items = rejected > 0 ? static_cast<std::uint64_t>(rejected) : 0;
      } else if (field.number == 2 && field.delimited) {
        result.error_message = printable(text_of(field.bytes));
      }
    }
    if (!partial.ok()) return std::nullopt;
  }
  if (!response.ok()) return std::nullopt;
  return result;
}

std::optional<RpcStatus> read_rpc_status(std::span<const std::byte> body) {
  RpcStatus result;
  Field field;
  Fields status(body);
  while (status.next(field)) {
    if (!field.delimited) continue;
    if (field.number == 2) result.message = printable(text_of(field.bytes));
    if (field.number != 3) continue;
    std::string_view type;
    std::span<const std::byte> value;
    Fields any(field.bytes);
    while (any.next(field)) {
      if (field.number == 1 && field.delimited) type = text_of(field.bytes);
      if (field.number == 2 && field.delimited) value = field.bytes;
    }
    if (!any.ok()) return std::nullopt;
    if (type.ends_with("/google.rpc.RetryInfo")) result.retry_delay = read_retry_info(value);
  }
  if (!status.ok()) return std::nullopt;
  return result;
}

}  // namespace gateway::exporter
