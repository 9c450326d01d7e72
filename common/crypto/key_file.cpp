#include "common/crypto/key_file.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "common/base/file_system.h"
#include "common/base/text.h"
#include "common/crypto/keys.h"

namespace sluice::crypto {
namespace {

namespace fs = std::filesystem;

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) {
      ::close(number_);
    }
  }
  int number() const { return number_; }

 private:
  int number_;
};

Error not_this_kind(const std::string& thing, std::string_view title) {
  return {ErrorCode::kInvalid, thing,
          "is not a key file that begins with \"" + std::string(title) + "\"",
          "name the right file; public and secret, signing and sealing keys are different files"};
}

// The base64 line of `text`, or the error. A final newline may be missing.
Result<std::string_view> key_line(std::string_view text, std::string_view title,
                                  const std::string& thing) {
  if (!text.starts_with(title) || text.substr(title.size(), 1) != "\n") {
    return not_this_kind(thing, title);
  }
  std::string_view line = text.substr(title.size() + 1);
  if (line.ends_with('\n')) {
    line.remove_suffix(1);
  }
  return line;
}

// Decodes in constant time with respect to the key.
Result<void> decode_key(std::string_view line, std::uint8_t* into, const std::string& thing) {
  std::size_t decoded = 0;
  const char* end = nullptr;
  const int status = sodium_base642bin(into, kKeyBytes, line.data(), line.size(), nullptr, &decoded,
                                       &end, sodium_base64_VARIANT_ORIGINAL);
  if (status != 0 || decoded != kKeyBytes || end != line.data() + line.size()) {
    return Error{ErrorCode::kInvalid, thing,
                 "its second line is not the base64 of " + std::to_string(kKeyBytes) + " bytes",
                 "restore the file from its backup, or make a new key"};
  }
  return {};
}

Result<std::size_t> read_some(const Descriptor& file, MutableByteView into, const fs::path& path) {
  std::size_t filled = 0;
  while (filled < into.size()) {
    const ssize_t got = ::read(file.number(), into.data() + filled, into.size() - filled);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return errno_error(path.string(), errno);
    }
    if (got == 0) {
      break;
    }
    filled += static_cast<std::size_t>(got);
  }
  return filled;
}

Result<void> write_all(const Descriptor& file, ByteView bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(file.number(), bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) {
      continue;
    }
    if (put < 0) {
      return errno_error(path.string(), errno);
    }
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
  return {};
}

Result<void> fill_and_sync(const Descriptor& file, ByteView bytes, mode_t mode,
                           const fs::path& path) {
  if (::fchmod(file.number(), mode) != 0) {  // whatever the umask says
    return errno_error(path.string(), errno);
  }
  SLUICE_TRY_VOID(write_all(file, bytes, path));
  if (::fsync(file.number()) != 0) {
    return errno_error(path.string(), errno);
  }
  return {};
}

// Under its name only when it is whole: a program that is killed here must not leave an empty key
// that the next attempt would take for one.
Result<void> create_file(const fs::path& path, ByteView bytes, mode_t mode) {
  fs::path beside = path;
  beside += ".new";
  SLUICE_TRY_VOID(posix_file_system().remove(beside));  // of an attempt that was broken off
  const Descriptor file(
      ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (file.number() < 0) {
    return errno_error(path.string(), errno);
  }
  Result<void> created = fill_and_sync(file, bytes, mode, path);
  if (created &&
      ::renameat2(AT_FDCWD, beside.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) != 0) {
    created = errno == EEXIST ? Error{ErrorCode::kRefused, path.string(),
                                      "exists, and a key is never overwritten",
                                      "move the file away first if a new key is meant"}
                              : errno_error(path.string(), errno);
  }
  if (!created) {
    ::unlink(beside.c_str());
    return created;
  }
  return posix_file_system().sync_directory(path.has_parent_path() ? path.parent_path()
                                                                   : fs::path("."));
}

Result<void> check_private(const Descriptor& file, const fs::path& path) {
  struct stat info{};
  if (::fstat(file.number(), &info) != 0) {
    return errno_error(path.string(), errno);
  }
  if (!S_ISREG(info.st_mode)) {
    return Error{ErrorCode::kInvalid, path.string(), "is not a regular file", ""};
  }
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return Error{ErrorCode::kRefused, path.string(),
                 "is a secret key that group or others may read or write",
                 "chmod 600 " + path.string() + "; make a new key if somebody may have read it"};
  }
  return {};
}

}  // namespace

Result<PublicBytes> parse_public_key(std::string_view file_text, std::string_view title,
                                     const std::string& thing) {
  initialize_sodium();
  SLUICE_TRY(const std::string_view line, key_line(file_text, title, thing));
  PublicBytes key{};
  SLUICE_TRY_VOID(decode_key(line, key.data(), thing));
  return key;
}

Result<Bytes> read_key_file(const fs::path& path) {
  return read_file(posix_file_system(), path, kMaxKeyFileBytes);
}

std::string public_key_text(const PublicBytes& key, std::string_view title) {
  return std::string(title) + "\n" + base64_encode(key) + "\n";
}

Result<std::unique_ptr<GuardedBytes>> load_secret_key(const fs::path& path,
                                                      std::string_view title) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.number() < 0) {
    return errno_error(path.string(), errno);
  }
  SLUICE_TRY_VOID(check_private(file, path));
  GuardedBytes text(kMaxKeyFileBytes);
  SLUICE_TRY(const std::size_t size, read_some(file, {text.data(), text.size()}, path));
  SLUICE_TRY(const std::string_view line,
             key_line(as_text({text.data(), size}), title, path.string()));
  auto secret = std::make_unique<GuardedBytes>(kKeyBytes);
  SLUICE_TRY_VOID(decode_key(line, secret->data(), path.string()));
  return secret;
}

Result<void> save_secret_key(const fs::path& path, std::string_view title,
                             const GuardedBytes& secret) {
  SLUICE_ASSERT(secret.size() == kKeyBytes);
  // sodium_bin2base64 ends with a NUL, which the final newline replaces.
  const std::size_t encoded = sodium_base64_encoded_len(kKeyBytes, sodium_base64_VARIANT_ORIGINAL);
  GuardedBytes text(title.size() + 1 + encoded);
  std::memcpy(text.data(), title.data(), title.size());
  text.data()[title.size()] = '\n';
  sodium_bin2base64(reinterpret_cast<char*>(text.data()) + title.size() + 1, encoded, secret.data(),
                    kKeyBytes, sodium_base64_VARIANT_ORIGINAL);
  text.data()[text.size() - 1] = '\n';
  return create_file(path, {text.data(), text.size()}, 0600);
}

Result<void> save_public_key(const fs::path& path, const std::string& file_text) {
  return create_file(path, as_bytes(file_text), 0644);
}

}  // namespace sluice::crypto
