// Takes over changed configuration and certificate files while the gateway runs.
//
//   tick()   : looks whether files have changed (config_watch.h), and reloads if they have
//   reload() : reads the configuration anew, whatever has changed: SIGHUP
//
// What a file has that cannot hold before a restart is named, and shown until the restart.
//
// Errors:  a configuration that does not load or cannot be taken over leaves the one before it in
//          force: log lines, config_service and metrics say so.
// Threads: main thread.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "app/config_watch.h"
#include "app/gateway.h"
#include "config/load.h"

namespace gateway::app {

class Reloader {
 public:
  // `first` is what the gateway is started with; `services` is --services=, which files do not
  // change. `watch` was made before `first` was read, this before the gateway starts: what changes
  // meanwhile is seen. `gateway` and `watch` outlive it.
  Reloader(Gateway& gateway, config::LoadRequest request, std::vector<std::string> services,
           const config::Loaded& first, ConfigWatch& watch);

  void tick(std::chrono::steady_clock::time_point now);
  void reload(std::string_view cause, std::chrono::steady_clock::time_point now);

 private:
  void renew_certificates(std::vector<std::string> files);
  void note_restart_pending(const config::Node& wanted);

  Gateway& gateway_;
  const config::LoadRequest request_;
  const std::vector<std::string> services_;
  const config::Node started_with_;
  config::Node in_force_;  // as the files have it; what waits for a restart included
  ConfigWatch& watch_;
  std::vector<std::string> files_to_renew_;  // that could not be used when they last changed
};

}  // namespace gateway::app
