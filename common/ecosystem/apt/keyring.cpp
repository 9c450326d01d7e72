#include "common/ecosystem/apt/keyring.h"

#include "common/base/file_system.h"
#include "common/base/text.h"

namespace sluice::apt {
namespace {

constexpr std::string_view kBegin = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
constexpr std::string_view kEnd = "-----END PGP PUBLIC KEY BLOCK-----";
// The first byte of a binary public key: the packet tag 6, in the old or the new format (RFC 4880
// section 4.2).
constexpr std::uint8_t kOldPublicKey = 0x98;
constexpr std::uint8_t kNewPublicKey = 0xc6;

bool is_binary(std::string_view keys) {
  const unsigned first = keys.empty() ? 0 : static_cast<std::uint8_t>(keys.front());
  return (first & 0xfcU) == kOldPublicKey || first == kNewPublicKey;
}

// The lines between the marks: headers, an empty line, base64, a checksum behind '='.
std::optional<Bytes> read_block(std::string_view block) {
  std::string base64;
  bool body = false;
  const auto lines = split(block, '\n');
  for (std::size_t i = 1; i < lines.size(); ++i) {  // the first is the rest of the mark's own line
    const std::string_view line = trim(lines[i]);
    if (!body) {
      body = line.empty();
    } else if (!line.starts_with('=')) {
      base64 += line;
    }
  }
  return base64_decode(base64);
}

std::uint32_t crc24(ByteView bytes) {
  std::uint32_t crc = 0xb704ce;
  for (const std::uint8_t byte : bytes) {
    crc ^= static_cast<std::uint32_t>(byte) << 16;
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc & 0x800000U) != 0 ? (crc << 1) ^ 0x1864cfb : crc << 1;
    }
  }
  return crc & 0xffffff;
}

}  // namespace

Result<Bytes> dearmor(const std::string& thing, std::string_view keys) {
  if (is_binary(keys)) {
    const ByteView bytes = as_bytes(keys);
    return Bytes(bytes.begin(), bytes.end());
  }
  Bytes all;
  for (std::size_t at = keys.find(kBegin); at != std::string_view::npos;
       at = keys.find(kBegin, at)) {
    const std::size_t begin = at + kBegin.size();
    const std::size_t end = keys.find(kEnd, begin);
    const auto block =
        end == std::string_view::npos ? std::nullopt : read_block(keys.substr(begin, end - begin));
    if (!block || block->empty()) {
      return Error{ErrorCode::kInvalid, thing, "holds an armored key that does not read",
                   "export it again with gpg --armor --export"};
    }
    all.insert(all.end(), block->begin(), block->end());
    at = end;
  }
  if (all.empty()) {
    return Error{ErrorCode::kInvalid, thing, "holds no OpenPGP public key",
                 "give a keyring as gpg --export writes it, armored or not"};
  }
  return all;
}

std::string armor(ByteView keys) {
  const std::string base64 = base64_encode(keys);
  std::string text = std::string(kBegin) + "\n\n";
  constexpr std::size_t kLine = 64;
  for (std::size_t at = 0; at < base64.size(); at += kLine) {
    text += base64.substr(at, kLine) + '\n';
  }
  const std::uint32_t crc = crc24(keys);
  const Bytes checksum{static_cast<std::uint8_t>(crc >> 16), static_cast<std::uint8_t>(crc >> 8),
                       static_cast<std::uint8_t>(crc)};
  return text + '=' + base64_encode(checksum) + '\n' + std::string(kEnd) + '\n';
}

Result<Bytes> load_keyring(const std::vector<std::string>& files, std::string_view inline_key) {
  Bytes all;
  const auto add = [&](const std::string& thing, std::string_view keys) -> Result<void> {
    SLUICE_TRY(const Bytes bytes, dearmor(thing, keys));
    all.insert(all.end(), bytes.begin(), bytes.end());
    return {};
  };
  for (const auto& file : files) {
    SLUICE_TRY(const Bytes content, read_file(posix_file_system(), file, kMaxKeyringBytes));
    SLUICE_TRY_VOID(add(file, as_text(content)));
  }
  if (!inline_key.empty()) {
    SLUICE_TRY_VOID(add("Signed-By", inline_key));
  }
  return all;
}

}  // namespace sluice::apt
