// A registry on loopback, over a catalog in memory, asked as clients ask: the answers are bytes.
#pragma once

#include <gmock/gmock.h>

#include <boost/json.hpp>
#include <memory>
#include <string>

#include "common/http/router.h"
#include "common/http/server.h"
#include "highside/mirror/oci/oci_mirror.h"
#include "highside/mirror/oci/record_check.h"
#include "tests/support/events.h"
#include "tests/support/raw_http_client.h"
#include "tests/unit/highside/mirror/oci/repository.h"

namespace sluice::high::test {

class RegistryFixture : public testing::Test {
 protected:
  using Answer = sluice::test::RawHttpClient::Answer;

  RegistryFixture() {
    http::Router router;
    router.mount("/v2", OciMirror::handler(mirror_));
    router.mount("/sif", OciMirror::sif_handler(mirror_, "/sif"));
    server_ = http::Server::start(
                  {.listen = {"127.0.0.1:0"}, .workers = 2},
                  [router](const http::Request& request) { return router.handle(request); },
                  counters_, events_)
                  .value();
  }

  void publish(const OciSource& source) {
    const proto::Record record = source.record();
    check_.check(record, std::nullopt, blobs_).value();
    catalog_.publish(record);
  }

  // `head`: further lines of the header, each with its line break.
  Answer ask(const std::string& method, const std::string& target, const std::string& head = "") {
    sluice::test::RawHttpClient client(server_->addresses().front());
    client.send(method + " " + target + " HTTP/1.1\r\nHost: high.example\r\n" + head + "\r\n");
    return client.read_answer(method == "HEAD");
  }
  Answer get(const std::string& target, const std::string& head = "") {
    return ask("GET", target, head);
  }
  static std::string field(const Answer& answer, const std::string& name) {
    const std::string start = "\r\n" + name + ": ";
    const std::size_t at = answer.head.find(start);
    return at == std::string::npos
               ? ""
               : answer.head.substr(at + start.size(),
                                    answer.head.find("\r\n", at + 2) - at - start.size());
  }
  static boost::json::object json(const Answer& answer) {
    boost::system::error_code failed;
    const boost::json::value value = boost::json::parse(answer.body, failed);
    EXPECT_FALSE(failed) << answer.body;
    return value.is_object() ? value.get_object() : boost::json::object();
  }
  static std::string error_code(const Answer& answer) {
    const boost::json::object body = json(answer);
    const auto* errors = body.if_contains("errors");
    return errors == nullptr ? "" : std::string(errors->at(0).at("code").as_string());
  }
  static std::vector<std::string> strings(const boost::json::value& list) {
    std::vector<std::string> all;
    for (const boost::json::value& one : list.as_array()) {
      all.emplace_back(one.as_string());
    }
    return all;
  }
  // The target of the next page; empty: there is none.
  static std::string next(const Answer& answer) {
    const std::string link = field(answer, "Link");
    return link.empty() ? "" : link.substr(1, link.find('>') - 1);
  }

  MemoryCatalog catalog_;
  MemoryBlobs blobs_;
  OciRecordCheck check_;
  OciSource source_{blobs_};  // docker.io/library/tiny
  std::shared_ptr<OciMirror> mirror_ =
      std::make_shared<OciMirror>("/v2", "docker.io", catalog_, blobs_);
  observe::Counters counters_;
  sluice::test::RecordedEvents events_;
  std::unique_ptr<http::Server> server_;
};

}  // namespace sluice::high::test
