// Certificates in a file, to be shown to others.
#pragma once

#include <filesystem>
#include <string>

#include "common/base/error.h"

namespace sluice::http {

// The certificates of a PEM file (RFC 7468), written anew: a private key in the same file is left
// behind. At most 1 MiB is read. kInvalid: there is none, or one that cannot be read; kNotFound,
// kIo: the file.
Result<std::string> read_certificates(const std::filesystem::path& file);

}  // namespace sluice::http
