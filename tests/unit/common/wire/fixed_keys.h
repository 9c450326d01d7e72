// Keys and sessions that are the same in every run.
#pragma once

#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <numeric>
#include <string>

#include "common/base/text.h"
#include "common/crypto/datagram_cipher.h"
#include "common/crypto/keys.h"

namespace sluice::wire {

// `count` bytes: first, first + 1, …
inline Bytes counting_bytes(std::uint8_t first, std::size_t count) {
  Bytes bytes(count);
  std::iota(bytes.begin(), bytes.end(), first);
  return bytes;
}

// Loads a secret key made of the 32 bytes first, first + 1, … through a file, as a daemon does.
template <class Key>
Key fixed_key(std::string_view title, std::uint8_t first) {
  std::string folder = (std::filesystem::temp_directory_path() / "sluice-wire-XXXXXX").string();
  const std::filesystem::path path = std::filesystem::path(::mkdtemp(folder.data())) / "key";
  std::ofstream(path) << title << "\n" << base64_encode(counting_bytes(first, 32)) << "\n";
  ::chmod(path.c_str(), 0600);
  Key key = Key::load(path).value();
  std::filesystem::remove_all(folder);
  return key;
}

inline crypto::SigningKey fixed_signing_key(std::uint8_t first = 0x40) {
  return fixed_key<crypto::SigningKey>("sluice signing secret key v1", first);
}

inline crypto::OpeningKey fixed_opening_key(std::uint8_t first = 0x60) {
  return fixed_key<crypto::OpeningKey>("sluice sealing secret key v1", first);
}

inline crypto::SessionKey fixed_session_key() {
  return crypto::SessionKey::from_bytes(counting_bytes(0x00, 32)).value();
}

}  // namespace sluice::wire
