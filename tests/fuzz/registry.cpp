// What a client of the registry of images asks for, and records of repositories: what a record that
// holds shows, clients can fetch.
#include <boost/json.hpp>

#include "common/ecosystem/oci/manifest.h"
#include "common/ecosystem/oci/names.h"
#include "common/http/head.h"
#include "highside/mirror/oci/oci_mirror.h"
#include "highside/mirror/oci/record_check.h"
#include "highside/mirror/oci/snapshot_names.h"
#include "sluice/oci.pb.h"
#include "tests/fuzz/input.h"
#include "tests/unit/highside/mirror/oci/repository.h"

namespace sluice::fuzz {
namespace {

namespace json = boost::json;

class Registry {
 public:
  void publish(const proto::Record& record) { catalog_.publish(record); }

  http::Response ask(const std::string& path, const std::string& query) {
    http::Request request;
    request.method = "GET";
    request.path = request.raw_path = path;
    request.query = query;
    request.headers.emplace("Host", "high.example");
    http::Response response = mirror_.handle(request);
    SLUICE_ASSERT(http::is_sendable(response.headers));
    return response;
  }
  // By a target as the mirror itself writes it.
  http::Response follow(const std::string& target) {
    const std::size_t mark = std::min(target.find('?'), target.size());
    return ask(target.substr(0, mark), target.substr(std::min(mark + 1, target.size())));
  }

  high::test::MemoryBlobs blobs;

 private:
  high::test::MemoryCatalog catalog_;
  high::OciMirror mirror_{"/v2", "docker.io", catalog_, blobs};
};

std::string field(const http::Response& response, const std::string& name) {
  const auto found = response.headers.find(name);
  return found == response.headers.end() ? "" : found->second;
}

// Whatever is asked, the answer is one of the specification's, and a list's pages come to an end.
void ask(Input& input) {
  Registry registry;
  high::test::OciSource source(registry.blobs);
  const Sha256Digest image = source.image("layer");
  for (const char* tag : {"1.0", "2.0", "latest", "Latest"}) {
    source.tag(tag, image);
  }
  source.image("signature", R"(,"subject":)" + high::test::OciSource::descriptor(image, 1, "x/y"));
  registry.publish(source.record());
  const std::string path = "/v2" + input.text();
  http::Response response = registry.ask(path, std::string(input.rest_text()));
  std::size_t pages = 0;
  for (;;) {
    const unsigned status = response.status;
    SLUICE_ASSERT(status == 200 || status == 400 || status == 404);
    if (field(response, "Content-Type") == "application/json") {
      boost::system::error_code failed;
      static_cast<void>(json::parse(std::get<std::string>(response.body), failed));
      SLUICE_ASSERT(!failed);
    }
    const std::string link = field(response, "Link");
    if (link.empty()) {
      break;
    }
    SLUICE_ASSERT(status == 200 && link.starts_with("</v2/") && ++pages <= 8);
    response = registry.follow(link.substr(1, link.find('>') - 1));
    SLUICE_ASSERT(response.status == 200);
  }
  http::Request request;
  request.path = request.raw_path = path;
  SLUICE_ASSERT(high::behind_the_snapshot(request).path.size() == path.size());
}

void fetch(Registry& registry, const std::string& document, const std::string& what,
           const std::string& digest) {
  const http::Response response = registry.ask("/v2/" + document + what, "");
  SLUICE_ASSERT(response.status == 200 && field(response, "Docker-Content-Digest") == digest);
}

void take_record(Input& input) {
  Registry registry;
  proto::Record record;
  record.set_ecosystem("oci");
  record.set_document(input.flag() ? "docker.io/library/tiny" : input.text());
  for (std::size_t left = input.choice(5); left > 0; --left) {
    record.add_blobs(high::test::as_string(registry.blobs.add(input.text())));
  }
  record.set_body(std::string(input.rest_text()));
  if (!high::OciRecordCheck().check(record, std::nullopt, registry.blobs)) {
    return;
  }
  registry.publish(record);
  proto::OciRepository body;
  SLUICE_ASSERT(body.ParseFromString(record.body()));
  const auto text_of = [](const std::string& sha256) {
    return oci::digest_text(Sha256Digest::from_bytes(as_bytes(sha256)).value());
  };
  for (const auto& manifest : body.manifests()) {
    const std::string digest = text_of(manifest.sha256());
    fetch(registry, record.document(), "/manifests/" + digest, digest);
  }
  for (const auto& [tag, sha256] : body.tags()) {
    fetch(registry, record.document(), "/manifests/" + tag, text_of(sha256));
  }
  for (const auto& blob : body.blobs()) {
    fetch(registry, record.document(), "/blobs/" + text_of(blob.sha256()), text_of(blob.sha256()));
  }
}

}  // namespace
}  // namespace sluice::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::fuzz::Input input(data, size);
  if (input.flag()) {
    sluice::fuzz::take_record(input);
  } else {
    sluice::fuzz::ask(input);
  }
  return 0;
}
