#include "lowside/media/iso_image.h"

#include <algorithm>
#include <cctype>

#include "common/base/file_system.h"
#include "common/process/run.h"

namespace sluice::low {
namespace {

constexpr std::size_t kLabelCharacters = 32;  // ISO 9660, volume identifier
constexpr std::chrono::hours kTimeLimit{24};  // of the largest volume to a slow disk
constexpr std::size_t kToldBytes = 300;       // of what xorriso said

// Upper-case letters, digits and underscores; the end says which volume it is.
std::string label_of(const std::string& name) {
  std::string label;
  for (const char c : name) {
    label += std::isalnum(static_cast<unsigned char>(c)) != 0
                 ? static_cast<char>(std::toupper(static_cast<unsigned char>(c)))
                 : '_';
  }
  return label.size() > kLabelCharacters ? label.substr(label.size() - kLabelCharacters) : label;
}

}  // namespace

Result<void> make_iso_image(const std::filesystem::path& folder, const std::filesystem::path& image,
                            const std::string& label, const std::stop_token& stop) {
  std::filesystem::path partial = image;
  partial += ".partial";
  FileSystem& files = posix_file_system();
  SLUICE_TRY_VOID(files.remove(partial));
  SLUICE_TRY(const process::Outcome outcome,
             process::run({.arguments = {"xorriso", "-as", "mkisofs", "-quiet", "-iso-level", "3",
                                         "-rational-rock", "-joliet", "-volid", label_of(label),
                                         "-o", partial.string(), folder.string()},
                           .environment = {{"LC_ALL", "C.UTF-8"}},
                           .time_limit = kTimeLimit},
                          stop));
  if (outcome.exit_code != 0) {
    static_cast<void>(files.remove(partial));
    return Error{ErrorCode::kIo, image.string(),
                 "xorriso ended with " + std::to_string(outcome.exit_code) + ": " +
                     outcome.standard_error.substr(0, kToldBytes),
                 "the volume's folder is whole; is there room for the image?"};
  }
  SLUICE_TRY(const auto written, files.open_for_writing(partial));
  SLUICE_TRY_VOID(written->sync());
  SLUICE_TRY_VOID(files.rename(partial, image));
  return files.sync_directory(image.parent_path());
}

}  // namespace sluice::low
