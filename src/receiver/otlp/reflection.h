// Server reflection: which services this server has, and the .proto files they are described by.
//
//   descriptors : a google.protobuf.FileDescriptorSet, made from proto/ when the program is built
//   question    : grpc.reflection.v1.ServerReflectionRequest; v1alpha has the same bytes
//   answer      : ServerReflectionResponse, one a question
//
// Limits:  kReflectionRequestSizeBytesMax a question.
// Errors:  what is not known is an answer with NOT_FOUND in it; a question that does not parse is
//          std::nullopt.
// Threads: immutable once made.
// Source:  proto/grpc/reflection/v1/reflection.proto; google/protobuf/descriptor.proto.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gateway::receiver::otlp {

inline constexpr std::size_t kReflectionRequestSizeBytesMax = 4096;

// Written by proto/embed.py.
extern const unsigned char kDescriptors[];
extern const std::size_t kDescriptorsSizeBytes;

class Reflection {
 public:
  // `services` are those that this server really serves, by their full names.
  explicit Reflection(std::vector<std::string_view> services);

  [[nodiscard]] std::optional<std::string> answer(std::span<const std::byte> question) const;

 private:
  struct File {
    std::string_view name;
    std::span<const std::byte> bytes;
    std::vector<std::string_view> imports;
  };

  void add_file(std::span<const std::byte> bytes);
  void add_message(const std::string& scope, std::span<const std::byte> bytes, std::size_t file);
  void add_with_imports(std::size_t file, std::vector<bool>& added,
                        std::vector<std::byte>& out) const;
  [[nodiscard]] std::vector<std::byte> file_answer(std::size_t file) const;

  std::vector<std::string_view> services_;
  std::vector<File> files_;
  std::map<std::string, std::size_t, std::less<>> file_of_name_;
  std::map<std::string, std::size_t, std::less<>> file_of_symbol_;
  std::map<std::string, std::size_t, std::less<>> file_of_message_;
};

}  // namespace gateway::receiver::otlp
