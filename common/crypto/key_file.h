// Key files: one line that says what it is, one line of base64.
#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/error.h"
#include "common/crypto/guarded.h"

namespace sluice::crypto {

inline constexpr std::size_t kKeyBytes = 32;  // Ed25519 public keys and seeds, X25519 keys

// Both lines of a key file are below 80 bytes; nothing longer is read.
inline constexpr std::size_t kMaxKeyFileBytes = 256;

using PublicBytes = std::array<std::uint8_t, kKeyBytes>;

// `title` is the first line that the file must have. `thing` names the file in errors.
Result<PublicBytes> parse_public_key(std::string_view file_text, std::string_view title,
                                     const std::string& thing);
Result<Bytes> read_key_file(const std::filesystem::path& path);  // of a public key
std::string public_key_text(const PublicBytes& key, std::string_view title);

// The file's secret goes straight into guarded memory. kRefused if group or others may touch it.
Result<std::unique_ptr<GuardedBytes>> load_secret_key(const std::filesystem::path& path,
                                                      std::string_view title);
// kRefused if the file exists. Durable on return.
Result<void> save_secret_key(const std::filesystem::path& path, std::string_view title,
                             const GuardedBytes& secret);

}  // namespace sluice::crypto
