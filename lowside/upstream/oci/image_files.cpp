#include "lowside/upstream/oci/image_files.h"

#include <unistd.h>

#include <cerrno>

#include "common/base/text.h"

namespace sluice::low {
namespace {

constexpr int kMaxLinks = 8;                                       // one behind the other
constexpr std::uint64_t kMaxTextsBytes = std::uint64_t{64} << 20;  // 1000 configurations of 64 KiB

class FolderFiles final : public ImageFiles {
 public:
  FolderFiles(DropFolder& drop, std::string prefix, const std::map<std::string, FileState>& all)
      : drop_(drop), prefix_(std::move(prefix)) {
    for (auto at = all.lower_bound(prefix_); at != all.end() && at->first.starts_with(prefix_);
         ++at) {
      const std::string name = at->first.substr(prefix_.size());
      states_.emplace(name, at->second);
      sizes_.emplace(name, at->second.size);
    }
  }

  Result<void> read(const std::set<std::string>& names, const Take& take,
                    const std::stop_token& /*stop*/) override {
    for (const std::string& name : names) {
      const std::string path = prefix_ + name;
      const FileState& state = states_.at(name);
      SLUICE_TRY(const Descriptor file, drop_.open(path, state));
      SLUICE_TRY_VOID(take(name, [&](MutableByteView into) -> Result<std::size_t> {
        for (;;) {
          const ssize_t got = ::read(file.value(), into.data(), into.size());
          if (got >= 0) {
            return static_cast<std::size_t>(got);
          }
          if (errno != EINTR) {
            return errno_error(drop_.place(path).string(), errno);
          }
        }
      }));
      SLUICE_TRY_VOID(drop_.check_unchanged(file, path, state));
    }
    return {};
  }

 private:
  DropFolder& drop_;
  const std::string prefix_;
  std::map<std::string, FileState> states_;
};

}  // namespace

std::string ImageFiles::resolve(const std::string& name) const {
  std::string at = name;
  for (int i = 0; i < kMaxLinks; ++i) {
    if (sizes_.contains(at)) {
      return at;
    }
    const auto link = links_.find(at);
    if (link == links_.end()) {
      break;
    }
    at = link->second;
  }
  return "";
}

Result<std::map<std::string, std::string>> ImageFiles::texts(const std::set<std::string>& names,
                                                             std::uint64_t limit,
                                                             const std::stop_token& stop) {
  std::uint64_t room = kMaxTextsBytes;
  for (const std::string& name : names) {
    const std::uint64_t size = sizes_.at(name);
    if (size > limit || size > room) {
      return Error{ErrorCode::kRefused, name,
                   "it has more than " + human_size(limit) + ", or more than " +
                       human_size(kMaxTextsBytes) + " together with others",
                   "save the image again, or fewer images in one archive"};
    }
    room -= size;
  }
  std::map<std::string, std::string> texts;
  const auto take = [&](const std::string& name, const DropFolder::Read& read) -> Result<void> {
    Bytes bytes(sizes_.at(name));
    for (std::size_t done = 0; done < bytes.size();) {
      SLUICE_TRY(const std::size_t got, read(MutableByteView(bytes).subspan(done)));
      if (got == 0) {
        return Error{ErrorCode::kInvalid, name, "it ends too early", "make it anew"};
      }
      done += got;
    }
    texts.emplace(name, as_text(bytes));
    return {};
  };
  SLUICE_TRY_VOID(read(names, take, stop));
  return texts;
}

std::unique_ptr<ImageFiles> open_image_folder(DropFolder& drop, const std::string& prefix,
                                              const std::map<std::string, FileState>& all) {
  return std::make_unique<FolderFiles>(drop, prefix, all);
}

}  // namespace sluice::low
