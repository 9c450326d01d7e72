#include "lowside/inspect/content_type.h"

#include <magic.h>

#include "common/base/file_system.h"

namespace sluice::low {
namespace {

// What libmagic may look at: signatures stand at the start (a tar's at byte 257, an ISO image's at
// 32 769).
constexpr std::size_t kMaxBytes = std::size_t{1} << 20;

Error magic_error_of(const std::string& thing, magic_t cookie) {
  const char* const text = magic_error(cookie);
  return {ErrorCode::kIo, thing, std::string("libmagic: ") + (text == nullptr ? "failed" : text),
          "check that the package libmagic-mgc is installed"};
}

}  // namespace

ContentTypes::ContentTypes() = default;
ContentTypes::~ContentTypes() = default;

void ContentTypes::Closer::operator()(magic_set* cookie) const { magic_close(cookie); }

// Opened here, because libmagic has a type for a file that it cannot open: "regular file, no read
// permission", also when descriptors are short or the disk fails.
Result<std::string> ContentTypes::type_of(const std::filesystem::path& path) {
  auto opened = posix_file_system().open_for_reading(path);
  if (!opened) {
    Error error = std::move(opened).error();
    error.code = error.code == ErrorCode::kExhausted ? error.code : ErrorCode::kIo;
    return error;
  }
  const File& file = **opened;
  SLUICE_TRY(const std::uint64_t size, file.size());
  if (size == 0) {
    return std::string("inode/x-empty");
  }
  SLUICE_TRY(Cookie cookie, take());
  const char* const found = magic_descriptor(cookie.get(), file.descriptor());
  Result<std::string> type = found != nullptr
                                 ? Result<std::string>(found)
                                 : Result<std::string>(magic_error_of(path.string(), cookie.get()));
  give_back(std::move(cookie));
  return type;
}

Result<ContentTypes::Cookie> ContentTypes::take() {
  {
    const std::scoped_lock lock(mutex_);
    if (!idle_.empty()) {
      Cookie cookie = std::move(idle_.back());
      idle_.pop_back();
      return cookie;
    }
  }
  // MAGIC_ERROR: a file that cannot be read is a failure, not a type.
  Cookie cookie(magic_open(MAGIC_MIME_TYPE | MAGIC_ERROR));
  if (cookie == nullptr) {
    return errno_error("libmagic", errno);
  }
  if (magic_load(cookie.get(), nullptr) != 0 ||
      magic_setparam(cookie.get(), MAGIC_PARAM_BYTES_MAX, &kMaxBytes) != 0) {
    return magic_error_of("libmagic", cookie.get());
  }
  return cookie;
}

void ContentTypes::give_back(Cookie cookie) {
  const std::scoped_lock lock(mutex_);
  idle_.push_back(std::move(cookie));
}

}  // namespace sluice::low
