#include "common/ecosystem/apt/compression.h"

#include <archive.h>
#include <archive_entry.h>

#include <array>
#include <memory>

#include "common/base/text.h"

namespace sluice::apt {
namespace {

struct CloseReader {
  void operator()(archive* reader) const { archive_read_free(reader); }
};
struct CloseWriter {
  void operator()(archive* writer) const { archive_write_free(writer); }
};
struct FreeEntry {
  void operator()(archive_entry* entry) const { archive_entry_free(entry); }
};

la_ssize_t append(archive*, void* out, const void* bytes, std::size_t size) {
  static_cast<std::string*>(out)->append(static_cast<const char*>(bytes), size);
  return static_cast<la_ssize_t>(size);
}

}  // namespace

Result<std::string> inflate(const std::string& thing, std::string_view bytes, std::uint64_t limit) {
  const std::unique_ptr<archive, CloseReader> reader(archive_read_new());
  SLUICE_ASSERT(reader != nullptr);
  archive_read_support_filter_gzip(reader.get());
  archive_read_support_filter_xz(reader.get());
  archive_read_support_filter_zstd(reader.get());
  archive_read_support_filter_bzip2(reader.get());
  archive_read_support_format_raw(reader.get());
  archive_read_support_format_empty(reader.get());
  const auto damaged = [&] {
    const char* cause = archive_error_string(reader.get());
    return Error{ErrorCode::kInvalid, thing,
                 std::string("does not unpack: ") + (cause != nullptr ? cause : "damaged"), ""};
  };
  std::string text;
  archive_entry* entry = nullptr;
  if (archive_read_open_memory(reader.get(), bytes.data(), bytes.size()) != ARCHIVE_OK) {
    return damaged();
  }
  if (const int status = archive_read_next_header(reader.get(), &entry); status != ARCHIVE_OK) {
    return status == ARCHIVE_EOF ? Result<std::string>(text) : damaged();
  }
  std::array<char, std::size_t{64} << 10> buffer{};
  while (true) {
    const la_ssize_t count = archive_read_data(reader.get(), buffer.data(), buffer.size());
    if (count == 0) {
      return text;
    }
    if (count < 0) {
      return damaged();
    }
    if (text.size() + static_cast<std::size_t>(count) > limit) {
      return Error{ErrorCode::kRefused, thing, "unpacks to more than " + human_size(limit), ""};
    }
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

std::string compress(std::string_view text, Compression compression) {
  std::string packed;
  const std::unique_ptr<archive, CloseWriter> writer(archive_write_new());
  const std::unique_ptr<archive_entry, FreeEntry> entry(archive_entry_new());
  SLUICE_ASSERT(writer != nullptr && entry != nullptr);
  archive_write_set_format_raw(writer.get());
  if (compression == Compression::kXz) {
    archive_write_add_filter_xz(writer.get());
  } else {
    archive_write_add_filter_gzip(writer.get());
    archive_write_set_filter_option(writer.get(), "gzip", "timestamp", nullptr);
  }
  archive_write_set_bytes_in_last_block(writer.get(), 1);  // no padding
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  // Nothing here depends on the outside: it fails only for want of memory.
  SLUICE_ASSERT(archive_write_open(writer.get(), &packed, nullptr, append, nullptr) == ARCHIVE_OK);
  SLUICE_ASSERT(archive_write_header(writer.get(), entry.get()) == ARCHIVE_OK);
  SLUICE_ASSERT(archive_write_data(writer.get(), text.data(), text.size()) ==
                static_cast<la_ssize_t>(text.size()));
  SLUICE_ASSERT(archive_write_close(writer.get()) == ARCHIVE_OK);
  return packed;
}

}  // namespace sluice::apt
