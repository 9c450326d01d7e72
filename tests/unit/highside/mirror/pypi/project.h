// A project under construction, whose files are in a blob store in memory.
#pragma once

#include <string>

#include "common/base/hasher.h"
#include "sluice/pypi.pb.h"
#include "tests/support/memory_catalog.h"

namespace sluice::high::test {

class Project {
 public:
  Project(const std::string& name, MemoryBlobs& blobs) : blobs_(blobs) { body.set_name(name); }

  // A wheel for any machine; `content` are its bytes.
  proto::PypiFile& add_wheel(const std::string& version, const std::string& content,
                             const std::string& tags = "py3-none-any") {
    std::string stem = body.name();
    std::replace(stem.begin(), stem.end(), '-', '_');
    proto::PypiFile& file = add(stem + "-" + version + "-" + tags + ".whl", content);
    file.set_metadata(put("Metadata-Version: 2.1\nName: " + body.name() + "\nVersion: " + version +
                          "\n\n" + content));
    return file;
  }
  proto::PypiFile& add(const std::string& name, const std::string& content) {
    proto::PypiFile& file = *body.add_files();
    file.set_filename(name);
    file.set_sha256(put(content));
    file.set_size(content.size());
    return file;
  }
  std::string put(const std::string& content) {
    return std::string(as_text(blobs_.add(content).bytes()));
  }

  proto::Record record() const {
    proto::Record made;
    made.set_ecosystem("pypi");
    made.set_document(body.name());
    made.set_body(body.SerializeAsString());
    for (const auto& file : body.files()) {
      made.add_blobs(file.sha256());
      if (!file.metadata().empty()) {
        made.add_blobs(file.metadata());
      }
      if (!file.attestations().empty()) {
        made.add_blobs(file.attestations());
      }
    }
    return made;
  }

  proto::PypiProject body;

 private:
  MemoryBlobs& blobs_;
};

}  // namespace sluice::high::test
