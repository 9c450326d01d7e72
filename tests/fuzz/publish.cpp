// What a client that publishes may send: forms, packuments with their tarballs, fields of tokens,
// and what an operator may write as a namespace.
#include <boost/json.hpp>
#include <map>

#include "common/base/text.h"
#include "highside/access/token_store.h"
#include "highside/pipeline/namespaces.h"
#include "highside/publish/npm/publish_document.h"
#include "highside/publish/pypi/multipart.h"
#include "tests/fuzz/input.h"
#include "tests/support/memory_catalog.h"

namespace sluice::fuzz {
namespace {

// Staging files in memory.
class MemoryFiles final : public FileSystem {
 public:
  std::map<std::string, Bytes> files;

  Result<std::unique_ptr<File>> open_for_writing(const std::filesystem::path& path) override {
    return std::unique_ptr<File>(std::make_unique<Open>(files[path]));
  }
  Result<void> remove(const std::filesystem::path& path) override {
    files.erase(path);
    return {};
  }
  Result<std::unique_ptr<File>> open_for_reading(const std::filesystem::path&) override {
    return unused();
  }
  Result<void> rename(const std::filesystem::path&, const std::filesystem::path&) override {
    return unused();
  }
  Result<void> link(const std::filesystem::path&, const std::filesystem::path&) override {
    return unused();
  }
  Result<void> make_read_only(const std::filesystem::path&) override { return unused(); }
  Result<void> sync_directory(const std::filesystem::path&) override { return unused(); }
  Result<void> punch_hole(const std::filesystem::path&, std::uint64_t, std::uint64_t) override {
    return unused();
  }
  Result<std::uint64_t> allocated_bytes(const std::filesystem::path&) override { return unused(); }
  Result<void> create_directories(const std::filesystem::path&) override { return unused(); }
  Result<bool> exists(const std::filesystem::path&) override { return unused(); }
  Result<void> list_files(const std::filesystem::path&,
                          const std::function<void(std::string name)>&) override {
    return unused();
  }
  Result<std::uint64_t> free_bytes(const std::filesystem::path&) override { return unused(); }

 private:
  struct Open final : File {
    explicit Open(Bytes& into) : bytes(into) {}
    Result<void> write_at(std::uint64_t offset, ByteView what) override {
      SLUICE_ASSERT(offset == bytes.size());
      bytes.insert(bytes.end(), what.begin(), what.end());
      return {};
    }
    Result<void> read_at(std::uint64_t, MutableByteView) const override { return unused(); }
    Result<void> sync() override { return {}; }
    Result<std::uint64_t> size() const override { return bytes.size(); }
    int descriptor() const override { return -1; }
    Bytes& bytes;
  };
  static Error unused() { return {ErrorCode::kIo, "file", "not of this test", ""}; }
};

class StagingBlobs final : public high::test::MemoryBlobs {
  StagingPath new_staging_path() override { return StagingPath(std::to_string(next_++)); }
  std::uint64_t next_ = 0;
};

class Parts final : public high::PartTaker {
 public:
  std::string told;
  std::size_t open = 0;

  Result<void> begin(const high::PartHead& head) override {
    SLUICE_ASSERT(open++ == 0);
    told += "<" + head.name + "|" + head.filename.value_or("-") + ">";
    return {};
  }
  Result<void> data(ByteView bytes) override {
    SLUICE_ASSERT(open == 1);
    told.append(as_text(bytes));
    return {};
  }
  Result<void> end() override {
    SLUICE_ASSERT(open-- == 1);
    return {};
  }
};

template <class Reader>
bool feed(Reader& reader, std::string_view text, std::size_t piece) {
  for (; !text.empty(); text.remove_prefix(std::min(piece, text.size()))) {
    if (!reader.write(as_bytes(text.substr(0, piece)))) {
      return false;
    }
  }
  return true;
}

// However it is cut, it is the same.
void form(std::string_view text, std::size_t piece) {
  const auto read = [&](std::size_t size, std::string* told) {
    Parts parts;
    high::MultipartReader reader("b", parts);
    const bool whole = feed(reader, text, size) && reader.finish();
    *told = parts.told;
    return whole;
  };
  std::string one;
  std::string other;
  SLUICE_ASSERT(read(text.size() + 1, &one) == read(piece, &other));
  if (read(piece, &other)) {
    SLUICE_ASSERT(one == other);
  }
}

void document(std::string_view text, std::size_t piece) {
  const auto read = [&](std::size_t size) {
    StagingBlobs blobs;
    MemoryFiles files;
    std::string told;
    {
      high::PublishDocument document(blobs, files, 1000);
      if (feed(document, text, size)) {
        if (const auto object = document.finish()) {
          told = boost::json::serialize(*object);
          for (auto& [name, staged] : document.tarballs()) {
            SLUICE_ASSERT(staged->size() <= 1000);
            told += name + staged->finish().info.digest.hex();
          }
        }
      }
    }
    SLUICE_ASSERT(files.files.empty());
    return told;
  };
  SLUICE_ASSERT(read(text.size() + 1) == read(piece));
}

void names(Input& input) {
  const std::string name = input.text();
  const std::string text = input.text();
  if (const auto pattern = high::NamePattern::parse(text)) {
    const auto again = high::NamePattern::parse(pattern->text());
    SLUICE_ASSERT(again && again->text() == pattern->text());
    for (const char* ecosystem : {"pypi", "npm", "oci", "file"}) {
      SLUICE_ASSERT(pattern->matches(ecosystem, name) == again->matches(ecosystem, name));
    }
  }
  const std::string field = input.text();
  const auto token = high::token_in(http::Credentials(field));
  SLUICE_ASSERT(token.reveal().size() <= field.size());
  const auto basic = high::token_in(
      http::Credentials("Basic " + base64_encode(as_bytes("user:" + name.substr(0, 100)))));
  SLUICE_ASSERT(basic.reveal() == name.substr(0, 100));
  high::MultipartReader::boundary_of(field);
}

}  // namespace
}  // namespace sluice::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::fuzz::Input input(data, size);
  const std::size_t what = input.choice(3);
  const std::size_t piece = 1 + std::size_t{input.u8()};
  if (what == 0) {
    sluice::fuzz::form(input.rest_text(), piece);
  } else if (what == 1) {
    sluice::fuzz::document(input.rest_text(), piece);
  } else {
    sluice::fuzz::names(input);
  }
  return 0;
}
