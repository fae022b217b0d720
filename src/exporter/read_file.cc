#include "exporter/read_file.h"

namespace gateway::exporter {

Result<std::string, std::string> read_file(io::FileSystem& files, const std::string& path) {
  auto file = files.open(path, {});
  if (!file) return fail("cannot open " + path + ": " + file.error().message());
  const auto size = (*file)->size();
  if (!size) return fail("cannot read " + path + ": " + size.error().message());
  if (*size == 0) return fail(path + " is empty");
  if (*size > kSmallFileSizeBytesMax) return fail(path + " is too large");
  std::string text(static_cast<std::size_t>(*size), '\0');
  const auto read = (*file)->read_at(0, std::as_writable_bytes(std::span(text)));
  if (!read) return fail("cannot read " + path + ": " + read.error().message());
  text.resize(*read);
  return text;
}

}  // namespace gateway::exporter
