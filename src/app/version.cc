#include "app/version.h"

#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/version.hpp>
#include <google/protobuf/stubs/common.h>
#include <grpcpp/version_info.h>
#include <nghttp2/nghttp2ver.h>
#include <openssl/crypto.h>
#include <simdjson.h>

#include "telemetry/json_text.h"

namespace gateway::app {
namespace {

std::string dotted(std::initializer_list<int> numbers) {
  std::string text;
  for (const int number : numbers) text += (text.empty() ? "" : ".") + std::to_string(number);
  return text;
}

std::vector<std::pair<std::string_view, std::string>> libraries() {
  const int boost = BOOST_VERSION;
  return {
      {"boost", dotted({boost / 100000, boost / 100 % 1000})},
      {"grpc", GRPC_CPP_VERSION_STRING},
      {"nghttp2", NGHTTP2_VERSION},
      {"openssl", OpenSSL_version(OPENSSL_VERSION_STRING)},
      {"protobuf", google::protobuf::internal::VersionString(GOOGLE_PROTOBUF_VERSION)},
      {"simdjson", dotted({simdjson::SIMDJSON_VERSION_MAJOR, simdjson::SIMDJSON_VERSION_MINOR,
                           simdjson::SIMDJSON_VERSION_REVISION})},
  };
}

}  // namespace

std::string version_number() { return GATEWAY_VERSION; }

std::string version_revision() { return GATEWAY_REVISION; }

std::string version_compiler() {
#if defined(__clang__)
  return "clang " __clang_version__;
#else
  return "gcc " __VERSION__;
#endif
}

std::string version_text() {
  std::string text = "otlp-service " + version_number() + "\nrevision  " + version_revision() +
                     "\ncompiler  " + version_compiler() + "\n";
  for (const auto& [name, version] : libraries()) {
    text += name;
    text.append(10 - name.size(), ' ');
    text += version + "\n";
  }
  return text;
}

std::string version_json() {
  std::string out = "{\"version\":";
  telemetry::append_json_string(out, version_number());
  out += ",\"revision\":";
  telemetry::append_json_string(out, version_revision());
  out += ",\"compiler\":";
  telemetry::append_json_string(out, version_compiler());
  out += ",\"libraries\":{";
  bool first = true;
  for (const auto& [name, version] : libraries()) {
    if (!first) out += ",";
    first = false;
    telemetry::append_json_string(out, name);
    out += ":";
    telemetry::append_json_string(out, version);
  }
  return out + "}}";
}

}  // namespace gateway::app
