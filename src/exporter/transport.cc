#include "exporter/transport.h"

#include "exporter/utf8.h"

namespace gateway::exporter {

std::string_view name_of(AnswerKind kind) noexcept {
  switch (kind) {
    case AnswerKind::delivered:
      return "delivered";
    case AnswerKind::retry:
      return "retry";
    case AnswerKind::data_refused:
      return "data_refused";
    case AnswerKind::refused:
      return "refused";
    case AnswerKind::cancelled:
      return "cancelled";
  }
  return "unknown";
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(std::min(text.size(), kAnswerMessageSizeBytesMax));
  while (!text.empty()) {
    const std::size_t size = utf8_sequence_size(text);
    const bool whole = size != 0;
    const std::string_view piece = text.substr(0, whole ? size : 1);
    const auto first = static_cast<unsigned char>(piece.front());
    const std::string_view written = !whole                            ? "\xEF\xBF\xBD"
                                     : first < 0x20U || first == 0x7fU ? " "
                                                                       : piece;
    if (out.size() + written.size() > kAnswerMessageSizeBytesMax) break;
    out += written;
    text.remove_prefix(piece.size());
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

}  // namespace gateway::exporter
