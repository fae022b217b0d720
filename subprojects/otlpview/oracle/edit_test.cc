// Edits of the bytes against the same edits of protobuf's objects: what a Draft and an Editor do to
// a request must be what decode, edit and encode do, unknown fields, doubled fields and all; and a
// message that no rule touches must keep its bytes.
#include <cstdlib>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "opentelemetry/proto/collector/logs/v1/logs_service.pb.h"
#include "opentelemetry/proto/collector/metrics/v1/metrics_service.pb.h"
#include "opentelemetry/proto/collector/trace/v1/trace_service.pb.h"
#include "otlpview/check.h"
#include "otlpview/rewrite.h"
#include "otlpview/visit.h"
#include "protobuf_versions.h"
#include "random_request.h"

namespace otlpview::oracle {
namespace {

namespace pb = google::protobuf;
using Attributes = pb::RepeatedPtrField<opentelemetry::proto::common::v1::KeyValue>;

Bytes bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

// What happens to a key; the same rule for both sides.
enum class Fate { keep, remove, change };
Fate fate_of(std::string_view key) {
  if (key.size() % 4 == 1) return Fate::remove;
  return key.size() % 4 == 2 ? Fate::change : Fate::keep;
}
bool is_dropped(std::string_view name) { return name.size() % 5 == 4; }
bool is_renamed(std::string_view name) { return name.size() % 5 == 3; }

void edit(Attributes& attributes) {
  for (int i = 0; i < attributes.size();) {
    const Fate fate = fate_of(attributes[i].key());
    if (fate == Fate::remove) {
      attributes.DeleteSubrange(i, 1);
      continue;
    }
    if (fate == Fate::change) {
      attributes[i].mutable_value()->Clear();
      attributes[i].mutable_value()->set_string_value("changed");
    }
    ++i;
  }
  for (auto& attribute : attributes) {
    if (attribute.key() == "added") return;
  }
  auto* const added = attributes.Add();
  added->set_key("added");
  added->mutable_value()->set_int_value(-7);
}

// The same on a Draft, with the name under `name_field` (0: it has none).
class Edits final : public Visitor {
 public:
  explicit Edits(std::uint32_t name_field) : name_field_(name_field) {}

  Verdict visit(Place&, Draft& draft) override {
    draft.read();
    if (name_field_ != 0) {
      const Field* const field = draft.field(name_field_);
      const std::string_view name = field == nullptr ? std::string_view() : field->text();
      if (is_dropped(name)) return Verdict::drop;
      if (is_renamed(name)) {
        draft.set_field(name_field_, draft.arena().len_field(name_field_, bytes_of(kName)));
      }
    }
    if (attributes_field(draft.context(), draft.metric_kind()) == 0) return Verdict::keep;
    draft.change_each([](const Draft::Attribute& it) -> Draft::Change {
      const Fate fate = fate_of(it.key());
      if (fate == Fate::remove) return {.remove = true};
      if (fate == Fate::change) return {.value = bytes_of(kChanged)};
      return {};
    });
    if (draft.find("added") == nullptr) draft.set("added", bytes_of(kAdded));
    return Verdict::keep;
  }

  inline static const std::string kName = "renamed";

 private:
  inline static const std::string kChanged =
      "\x0a\x07"
      "changed";
  inline static const std::string kAdded = "\x18\xf9\xff\xff\xff\xff\xff\xff\xff\xff\x01";
  std::uint32_t name_field_;
};

// Edits items of a repeated field, drops some; whether it has lost its last.
template <typename Items, typename Each>
bool edit_each(Items& items, Each each) {
  bool some_dropped = false;
  for (int i = 0; i < items.size();) {
    if (each(items[i])) {
      ++i;
    } else {
      items.DeleteSubrange(i, 1);
      some_dropped = true;
    }
  }
  return some_dropped && items.empty();
}

struct Case {
  Signal signal;
  Context context;
  std::uint32_t name_field;
};

using TracesRequest = opentelemetry::proto::collector::trace::v1::ExportTraceServiceRequest;
using MetricsRequest = opentelemetry::proto::collector::metrics::v1::ExportMetricsServiceRequest;
using LogsRequest = opentelemetry::proto::collector::logs::v1::ExportLogsServiceRequest;

void edit_traces(TracesRequest& request, Context context) {
  edit_each(*request.mutable_resource_spans(), [&](auto& resource) {
    if (context == Context::resource) {
      edit(*resource.mutable_resource()->mutable_attributes());
      return true;
    }
    return !edit_each(*resource.mutable_scope_spans(), [&](auto& scope) {
      if (context == Context::scope) {
        const std::string name = scope.scope().name();
        if (is_dropped(name)) return false;
        if (is_renamed(name)) scope.mutable_scope()->set_name(Edits::kName);
        edit(*scope.mutable_scope()->mutable_attributes());
        return true;
      }
      return !edit_each(*scope.mutable_spans(), [&](auto& span) {
        if (context == Context::spanevent) {
          edit_each(*span.mutable_events(), [](auto& event) {
            if (is_dropped(event.name())) return false;
            if (is_renamed(event.name())) event.set_name(Edits::kName);
            edit(*event.mutable_attributes());
            return true;
          });
          return true;
        }
        if (is_dropped(span.name())) return false;
        if (is_renamed(span.name())) span.set_name(Edits::kName);
        edit(*span.mutable_attributes());
        return true;
      });
    });
  });
}

template <typename Data>
bool edit_points(Data& data) {
  for (auto& point : *data.mutable_data_points()) edit(*point.mutable_attributes());
  return true;
}

void edit_metrics(MetricsRequest& request, Context context) {
  edit_each(*request.mutable_resource_metrics(), [&](auto& resource) {
    return !edit_each(*resource.mutable_scope_metrics(), [&](auto& scope) {
      return !edit_each(*scope.mutable_metrics(), [&](auto& metric) {
        if (context == Context::metric) {
          if (is_dropped(metric.name())) return false;
          if (is_renamed(metric.name())) metric.set_name(Edits::kName);
          return true;
        }
        if (metric.has_gauge()) return edit_points(*metric.mutable_gauge());
        if (metric.has_sum()) return edit_points(*metric.mutable_sum());
        if (metric.has_histogram()) return edit_points(*metric.mutable_histogram());
        if (metric.has_summary()) return edit_points(*metric.mutable_summary());
        if (metric.has_exponential_histogram()) {
          return edit_points(*metric.mutable_exponential_histogram());
        }
        return true;
      });
    });
  });
}

void edit_logs(LogsRequest& request) {
  edit_each(*request.mutable_resource_logs(), [&](auto& resource) {
    return !edit_each(*resource.mutable_scope_logs(), [&](auto& scope) {
      return !edit_each(*scope.mutable_log_records(), [&](auto& record) {
        if (is_dropped(record.severity_text())) return false;
        if (is_renamed(record.severity_text())) record.set_severity_text(Edits::kName);
        edit(*record.mutable_attributes());
        return true;
      });
    });
  });
}

void edit_objects(pb::Message& request, Context context) {
  if (auto* traces = dynamic_cast<TracesRequest*>(&request)) edit_traces(*traces, context);
  if (auto* metrics = dynamic_cast<MetricsRequest*>(&request)) edit_metrics(*metrics, context);
  if (auto* logs = dynamic_cast<LogsRequest*>(&request)) edit_logs(*logs);
}

std::uint64_t seed() {
  const char* const text = std::getenv("OTLPVIEW_SEED");
  return text == nullptr ? 20261121 : std::strtoull(text, nullptr, 10);
}

class EditOracle : public ::testing::TestWithParam<Case> {};

// Goal: editing bytes is decode, edit and encode. Method: random requests, disordered on the wire.
TEST_P(EditOracle, EditedBytesAreEditedObjects) {
  silence_protobuf();
  const Case& it = GetParam();
  std::cout << "OTLPVIEW_SEED=" << seed() << '\n';
  Random random(seed() + static_cast<std::uint64_t>(it.context) * 31);
  Editor editor;
  int compared = 0;
  int changed = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::string made = random_request(it.signal, random);
    if (!check(it.signal, bytes_of(made)).has_value()) continue;
    // As the gateway stores it.
    std::vector<std::byte> body;
    rewrite(it.signal, bytes_of(made), {}, body);
    const auto want = new_request(it.signal);
    if (!want->ParseFromArray(body.data(), static_cast<int>(body.size()))) continue;
    edit_objects(*want, it.context);

    Edits edits(it.name_field);
    editor.visit(it.signal, body, it.context, edits);
    std::vector<std::byte> out(editor.edits().size_bytes());
    editor.edits().write(out.data());
    const auto got = new_request(it.signal);
    ASSERT_TRUE(got->ParseFromArray(out.data(), static_cast<int>(out.size())));
    ASSERT_EQ(got->SerializeAsString(), want->SerializeAsString())
        << i << "\n"
        << got->DebugString() << "\n---\n"
        << want->DebugString();
    ++compared;
    if (!editor.edits().empty()) ++changed;
    if (editor.edits().empty()) {
      ASSERT_EQ(out, body);
    }
  }
  EXPECT_GT(compared, 250);
  EXPECT_GT(changed, 50);
}

INSTANTIATE_TEST_SUITE_P(All, EditOracle,
                         ::testing::Values(Case{Signal::traces, Context::resource, 0},
                                           Case{Signal::traces, Context::scope, 1},
                                           Case{Signal::traces, Context::span, 5},
                                           Case{Signal::traces, Context::spanevent, 2},
                                           Case{Signal::metrics, Context::metric, 1},
                                           Case{Signal::metrics, Context::datapoint, 0},
                                           Case{Signal::logs, Context::log, 3}));

// The edits of several contexts, each with the name of its own.
class ManyEdits final : public Visitor {
 public:
  explicit ManyEdits(const std::vector<Case>& cases) {
    for (const Case& it : cases) edits_.emplace_back(it.context, Edits(it.name_field));
  }
  Verdict visit(Place& place, Draft& draft) override {
    for (auto& [context, edits] : edits_) {
      if (context == draft.context()) return edits.visit(place, draft);
    }
    ADD_FAILURE() << "a context that was not asked for";
    return Verdict::keep;
  }

 private:
  std::vector<std::pair<Context, Edits>> edits_;
};

// Goal: several contexts in one visit are the same as a visit for each, the inner before the outer.
TEST(EditManyOracle, OneVisitIsAsGoodAsMany) {
  silence_protobuf();
  const std::vector<Case> traces = {{Signal::traces, Context::resource, 0},
                                    {Signal::traces, Context::scope, 1},
                                    {Signal::traces, Context::spanevent, 2},
                                    {Signal::traces, Context::span, 5}};
  const std::vector<Case> metrics = {{Signal::metrics, Context::resource, 0},
                                     {Signal::metrics, Context::scope, 1},
                                     {Signal::metrics, Context::datapoint, 0},
                                     {Signal::metrics, Context::metric, 1}};
  const std::vector<Case> logs = {{Signal::logs, Context::resource, 0},
                                  {Signal::logs, Context::scope, 1},
                                  {Signal::logs, Context::log, 3}};
  std::cout << "OTLPVIEW_SEED=" << seed() << '\n';
  Random random(seed() + 977);
  Editor editor;
  int changed = 0;
  for (int i = 0; i < 3000; ++i) {
    const auto& all = i % 3 == 0 ? traces : i % 3 == 1 ? metrics : logs;
    const Signal signal = all[0].signal;
    const std::string made = random_request(signal, random);
    if (!check(signal, bytes_of(made)).has_value()) continue;
    std::vector<std::byte> body;
    rewrite(signal, bytes_of(made), {}, body);
    // Some of the contexts: each subset comes.
    std::vector<Case> cases;
    Contexts contexts;
    for (const Case& it : all) {
      if (random() % 4 == 0) continue;
      cases.push_back(it);
      contexts.add(it.context);
    }
    const auto edited = [&](const std::vector<std::byte>& before, Contexts which) {
      ManyEdits edits(cases);
      editor.visit(signal, before, which, edits);
      std::vector<std::byte> out(editor.edits().size_bytes());
      editor.edits().write(out.data());
      return out;
    };
    const std::vector<std::byte> at_once = edited(body, contexts);
    std::vector<std::byte> in_turn = body;
    for (const Case& it : cases) in_turn = edited(in_turn, it.context);
    ASSERT_EQ(at_once, in_turn) << i;
    if (at_once != body) ++changed;
  }
  EXPECT_GT(changed, 500);
}

}  // namespace
}  // namespace otlpview::oracle
