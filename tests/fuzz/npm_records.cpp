#include <boost/json.hpp>

#include "common/base/hasher.h"
#include "common/ecosystem/npm/package_name.h"
#include "sluice/npm.pb.h"
#include "tests/fuzz/records.h"

namespace sluice::fuzz {
namespace {

namespace json = boost::json;

constexpr std::array kNames{"odd", "@types/odd", "Odd~1"};
constexpr std::array kVersions{"1.0.0", "1.0.1", "2.0.0-rc.1", "1.0.0+build"};

// Two levels deeper than a manifest may be.
json::value parse(std::string_view text) {
  json::parse_options options;
  options.max_depth = 66;
  boost::system::error_code failure;
  json::value value = json::parse(json::string_view(text.data(), text.size()), failure,
                                  json::storage_ptr(), options);
  SLUICE_ASSERT(!failure);
  return value;
}

std::string manifest(Input& input, const std::string& name, const std::string& version,
                     std::string_view tarball) {
  if (input.choice(8) == 0) {
    return input.text();
  }
  const ByteView bytes = as_bytes(tarball);
  const std::string integrity = hash(DigestAlgorithm::kSha512, bytes).sri();
  const std::string shasum = hash(DigestAlgorithm::kSha1, bytes).hex();
  std::string text = R"({"name":")" + name + R"(","version":")" + version + '"' + input.text() +
                     R"(,"dist":{"tarball":"https://registry.example/odd.tgz")";
  switch (input.choice(4)) {
    case 0:
      text += R"(,"integrity":")" + integrity + '"';
      break;
    case 1:
      text += R"(,"shasum":")" + shasum + '"';
      break;
    case 2:
      text += R"(,"integrity":")" + integrity + R"(","shasum":")" + shasum + '"';
      break;
    default:
      text += R"(,"integrity":")" + integrity + ' ' + input.text() + '"';
      break;
  }
  return text + input.text() + "}}";
}

void add_version(Input& input, Mirrors& mirrors, proto::NpmPackage& package,
                 proto::Record& record) {
  const std::string tarball = "tarball " + std::to_string(input.choice(3));
  proto::NpmVersion& version = *package.add_versions();
  version.set_version(input.choice(8) == 0 ? input.text()
                                           : kVersions[input.choice(kVersions.size())]);
  version.set_manifest(manifest(input, package.name(), version.version(), tarball));
  version.set_tarball(std::string(as_text(mirrors.blobs.add(tarball).bytes())));
  version.set_size(input.choice(16) == 0 ? input.u64() : tarball.size());
  if (input.choice(16) != 0) {
    record.add_blobs(version.tarball());
  }
  if (input.flag()) {
    (*package.mutable_dist_tags())[input.flag() ? "latest" : input.text()] = version.version();
  }
}

std::string string_at(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

// Every digest that a client is shown is that of what it fetches.
void check_version(const json::object& manifest, const proto::NpmVersion& version,
                   Mirrors& mirrors) {
  constexpr std::string_view kRoot = "http://high.example";
  const json::object& dist = manifest.at("dist").as_object();
  const std::string url = string_at(dist, "tarball");
  SLUICE_ASSERT(url.starts_with(kRoot));
  const std::string bytes = mirrors.fetch(url.substr(kRoot.size()));
  SLUICE_ASSERT(bytes.size() == version.size());
  SLUICE_ASSERT(as_text(sha256(as_bytes(bytes)).bytes()) == version.tarball());
  const auto shasum = Digest::from_hex(DigestAlgorithm::kSha1, string_at(dist, "shasum"));
  SLUICE_ASSERT(!shasum || *shasum == hash(DigestAlgorithm::kSha1, as_bytes(bytes)));
}

}  // namespace

proto::Record npm_record(Input& input, Mirrors& mirrors) {
  proto::NpmPackage package;
  proto::Record record;
  package.set_name(input.choice(8) == 0 ? input.text() : kNames[input.choice(kNames.size())]);
  for (std::size_t versions = input.choice(4); versions > 0; --versions) {
    add_version(input, mirrors, package, record);
  }
  if (input.flag()) {
    (*package.mutable_time())[input.text()] = input.text();
  }
  if (input.flag()) {
    package.set_extra(input.text());
  }
  record.set_ecosystem("npm");
  record.set_document(package.name());
  record.set_body(package.SerializeAsString() + input.text());
  return record;
}

void check_npm(const proto::Record& record, Mirrors& mirrors) {
  proto::NpmPackage package;
  SLUICE_ASSERT(package.ParseFromString(record.body()));
  const std::string path = "/npm/" + package.name();
  for (const char* accept : {"application/json", "application/vnd.npm.install-v1+json"}) {
    const json::value document = parse(mirrors.fetch(path, {{"Accept", accept}}));
    SLUICE_ASSERT(string_at(document.as_object(), "name") == package.name());
    const json::object& versions = document.at("versions").as_object();
    SLUICE_ASSERT(versions.size() == static_cast<std::size_t>(package.versions_size()));
    for (const auto& version : package.versions()) {
      check_version(versions.at(version.version()).as_object(), version, mirrors);
    }
    for (const auto& [tag, version] : document.at("dist-tags").as_object()) {
      SLUICE_ASSERT(versions.contains(version.as_string()));
    }
  }
  for (const auto& version : package.versions()) {
    check_version(parse(mirrors.fetch(path + "/" + version.version())).as_object(), version,
                  mirrors);
  }
  parse(mirrors.fetch("/npm/-/v1/search"));
}

}  // namespace sluice::fuzz
