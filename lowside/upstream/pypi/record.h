// The record of a project: exactly the files held.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "lowside/upstream/pypi/simple_page.h"
#include "sluice/pypi.pb.h"
#include "sluice/shipment.pb.h"

namespace sluice::low {

struct HeldFile {
  proto::PypiFile file;
  proto::Blob blob;
  std::optional<proto::Blob> metadata;        // a wheel's
  std::optional<proto::Blob> attestations{};  // PEP 740
};

// What the index says of a file, without digests and size: those are the blobs'.
proto::PypiFile describe(const SimpleFile& listed);

// `held` by file name, not empty. The bytes depend on the arguments alone.
proto::Record make_pypi_record(const std::string& project,
                               const std::map<std::string, HeldFile>& held);

}  // namespace sluice::low
