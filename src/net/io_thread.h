// What an IoThread holds inside: Asio's loop, and buffers that all its connections share, so that
// an idle connection owns none. For net/ alone.
//
// Errors:  none.
// Threads: as IoThread.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "net/io_threads.h"
#include "net/limits.h"

namespace gateway::net {

struct IoThread::Impl {
  Impl() : context(1), work(context.get_executor()), tick_timer(context) {}

  boost::asio::io_context context;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work;
  boost::asio::steady_timer tick_timer;
  std::thread thread;
  // Filled by one read and emptied before the next; likewise output before one write.
  std::vector<std::byte> read_buffer = std::vector<std::byte>(kReadBufferSizeBytes);
  std::vector<std::byte> write_buffer;
};

}  // namespace gateway::net
