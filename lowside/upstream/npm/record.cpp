#include "lowside/upstream/npm/record.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>

#include "common/ecosystem/npm/semver.h"

namespace sluice::low {
namespace {

std::string newest(const std::vector<std::string>& ascending) {
  const auto release = std::find_if(ascending.rbegin(), ascending.rend(), [](const auto& version) {
    const auto parsed = npm::SemVer::parse(version);
    return parsed && !parsed->is_prerelease();
  });
  return release == ascending.rend() ? ascending.back() : *release;
}

// Maps have no order of their own in protobuf: the same record must give the same bytes.
std::string serialize(const proto::NpmPackage& package) {
  std::string body;
  {
    google::protobuf::io::StringOutputStream stream(&body);
    google::protobuf::io::CodedOutputStream output(&stream);
    output.SetSerializationDeterministic(true);
    package.SerializeToCodedStream(&output);
  }
  return body;
}

}  // namespace

proto::Record make_npm_record(const std::string& name, const Packument& packument,
                              const std::map<std::string, HeldVersion>& held) {
  SLUICE_ASSERT(!held.empty());
  std::vector<std::string> versions;
  versions.reserve(held.size());
  for (const auto& [version, ignored] : held) {
    versions.push_back(version);
  }
  std::sort(versions.begin(), versions.end(), npm::version_less);

  proto::NpmPackage package;
  proto::Record record;
  package.set_name(name);
  package.set_extra(packument.extra);
  for (const std::string& version : versions) {
    const HeldVersion& entry = held.at(version);
    auto* added = package.add_versions();
    added->set_version(version);
    added->set_manifest(entry.manifest);
    added->set_tarball(entry.blob.sha256());
    added->set_size(entry.blob.size());
    record.add_blobs(entry.blob.sha256());
  }
  auto& tags = *package.mutable_dist_tags();
  for (const auto& [tag, version] : packument.dist_tags) {
    if (held.contains(version)) {
      tags[tag] = version;
    }
  }
  tags.insert({"latest", newest(versions)});  // only if it is not there
  for (const auto& [key, time] : packument.time) {
    if (key == "created" || key == "modified" || held.contains(key)) {
      (*package.mutable_time())[key] = time;
    }
  }
  record.set_ecosystem("npm");
  record.set_document(name);
  record.set_body(serialize(package));
  return record;
}

}  // namespace sluice::low
