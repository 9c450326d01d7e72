// A server on loopback that tells what it was asked.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/http/server.h"
#include "tests/support/events.h"
#include "tests/support/raw_http_client.h"

namespace sluice::http {

class ServerTest : public testing::Test {
 protected:
  void start(Handler handler, ServerOptions options = {}) {
    if (options.listen.empty()) {
      options.listen = {"127.0.0.1:0"};
    }
    auto started = Server::start(std::move(options), std::move(handler), counters_, events_);
    ASSERT_TRUE(started) << started.error().message();
    server_ = std::move(*started);
  }
  // Answers "METHOD path raw_path query body" as text.
  void start_echo(ServerOptions options = {}) {
    start(
        [](const Request& request) {
          return error_response(200, request.method + " " + request.path + " " + request.raw_path +
                                         " " + request.query + " " + request.body);
        },
        std::move(options));
  }
  std::string address() const { return server_->addresses().at(0); }

  // The whole conversation of a client that sends this and waits for the end.
  std::string exchange(std::string_view bytes) {
    test::RawHttpClient client(address());
    return client.send(bytes).finish_sending().read_all();
  }
  int status_of(std::string_view bytes) {
    test::RawHttpClient client(address());
    return client.send(bytes).read_answer().status;
  }
  // What was told, as logfmt.
  std::vector<std::string> told() const {
    std::vector<std::string> lines;
    for (const observe::Event& event : events_.all()) {
      lines.push_back(to_logfmt(event));
    }
    return lines;
  }
  std::uint64_t count(observe::Metric metric) const { return counters_.get(metric); }

  observe::Counters counters_;
  test::RecordedEvents events_;
  std::unique_ptr<Server> server_;
};

}  // namespace sluice::http
