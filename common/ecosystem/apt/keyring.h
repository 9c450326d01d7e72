// OpenPGP public keys as files: binary, as gpgv takes them, or armored (RFC 4880 section 6), as
// people pass them on.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/error.h"

namespace sluice::apt {

// Debian's own has 60 KiB.
inline constexpr std::uint64_t kMaxKeyringBytes = std::uint64_t{4} << 20;

// Binary keys are returned as they are, each armored block is unpacked. kInvalid: neither.
Result<Bytes> dearmor(const std::string& thing, std::string_view keys);
std::string armor(ByteView keys);

// All keys of these files and of `inline_key` together. The error names the file.
Result<Bytes> load_keyring(const std::vector<std::string>& files, std::string_view inline_key);

}  // namespace sluice::apt
