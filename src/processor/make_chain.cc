#include "processor/make_chain.h"

#include <utility>

#include "base/assert.h"
#include "processor/attributes/attributes_processor.h"
#include "processor/filter/filter_processor.h"
#include "processor/probabilistic_sampler/sampler_processor.h"
#include "processor/redaction/redaction_processor.h"
#include "processor/resource/resource_processor.h"
#include "processor/transform/transform_processor.h"

namespace gateway::processor {
namespace {

[[nodiscard]] std::unique_ptr<pipeline::Processor> make(const config::Processor& settings,
                                                        Signal signal, std::size_t memo_set_count) {
  switch (settings.kind) {
    case config::ProcessorKind::attributes:
      return make_attributes(settings, signal, memo_set_count);
    case config::ProcessorKind::resource:
      return make_resource(settings, signal, memo_set_count);
    case config::ProcessorKind::filter:
      return make_filter(settings, signal, memo_set_count);
    case config::ProcessorKind::transform:
      return make_transform(settings, signal, memo_set_count);
    case config::ProcessorKind::redaction:
      return make_redaction(settings, signal, memo_set_count);
    case config::ProcessorKind::probabilistic_sampler:
      return make_sampler(settings, signal);
  }
  GATEWAY_ASSERT(false);
  return nullptr;
}

}  // namespace

std::unique_ptr<pipeline::ProcessorChain> make_chain(
    const std::vector<config::Processor>& processors, Signal signal, std::size_t memo_set_count) {
  if (signal == Signal::profiles) return nullptr;  // they are forwarded whole
  std::vector<std::unique_ptr<pipeline::Processor>> made;
  for (const config::Processor& settings : processors) {
    auto processor = make(settings, signal, memo_set_count);
    if (processor->pass_count() != 0) made.push_back(std::move(processor));
  }
  if (made.empty()) return nullptr;
  return std::make_unique<pipeline::ProcessorChain>(signal, std::move(made));
}

pipeline::ProcessorChains make_chains(const config::Exporter& exporter) {
  pipeline::ProcessorChains chains;
  for (const Signal signal : kSignals) {
    chains[index_of(signal)] = make_chain(exporter.processors[index_of(signal)], signal);
  }
  return chains;
}

}  // namespace gateway::processor
