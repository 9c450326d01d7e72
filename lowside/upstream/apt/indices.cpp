#include "lowside/upstream/apt/indices.h"

#include <algorithm>
#include <array>

#include "common/base/file_system.h"
#include "common/base/hasher.h"
#include "common/base/text.h"
#include "common/ecosystem/apt/compression.h"

namespace sluice::low {
namespace {

using observe::Metric;

// What common/ecosystem/apt/compression.h reads, the smallest first. Uncompressed indices are
// listed by archives that do not hold them, so they come last.
constexpr std::array<std::string_view, 5> kEndings{".xz", ".zst", ".bz2", ".gz", ""};

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) {
    text += (text.empty() ? "" : " ") + word;
  }
  return text;
}

std::vector<apt::IndexFile> variants(const apt::Release& release, const std::string& path) {
  std::vector<apt::IndexFile> found;
  for (const std::string_view ending : kEndings) {
    const auto* file = release.find(path + std::string(ending));
    // The plain file is only taken where there is nothing else.
    if (file != nullptr && (!ending.empty() || found.empty())) {
      found.push_back(*file);
    }
  }
  return found;
}

std::string folder_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return std::string(path.substr(0, slash == std::string_view::npos ? 0 : slash + 1));
}

}  // namespace

Result<std::vector<PackagesIndex>> packages_indices(const AcceptedSuite& suite) {
  std::vector<PackagesIndex> indices;
  auto architectures = suite.suite.source.architectures;
  if (suite.parsed.packages_of_all_apart && std::ranges::count(architectures, "all") == 0) {
    architectures.emplace_back("all");
  }
  for (const auto& component : suite.suite.source.components) {
    for (const auto& architecture : architectures) {
      PackagesIndex index{component, architecture, {}};
      index.variants = variants(suite.parsed, component + "/binary-" + architecture + "/Packages");
      if (!index.variants.empty()) {
        indices.push_back(std::move(index));
      } else if (architecture != "all") {
        return Error{ErrorCode::kNotFound, suite.suite.document,
                     "the archive lists no Packages of component " + component +
                         " for architecture " + architecture,
                     "its components are: " + join(suite.parsed.components) +
                         "; its architectures: " + join(suite.parsed.architectures)};
      }
    }
  }
  return indices;
}

Result<std::vector<PackagesIndex>> source_indices(const AcceptedSuite& suite) {
  std::vector<PackagesIndex> indices;
  for (const auto& component : suite.suite.source.components) {
    PackagesIndex index{component, std::string(apt::kSourceArchitecture),
                        variants(suite.parsed, component + "/source/Sources")};
    if (index.variants.empty()) {
      return Error{ErrorCode::kNotFound, suite.suite.document,
                   "the archive lists no Sources of component " + component,
                   "leave source_packages out, or take that component by a source of its own"};
    }
    indices.push_back(std::move(index));
  }
  return indices;
}

bool is_extra(std::string_view name) {
  return name == "translations" || name == "contents" || name == "dep11";
}

std::vector<apt::IndexFile> extra_indices(const AcceptedSuite& suite,
                                          const std::vector<std::string>& extras) {
  std::vector<apt::IndexFile> files;
  const auto add = [&](const std::string& path) {
    for (auto& file : variants(suite.parsed, path)) {
      files.push_back(std::move(file));
    }
  };
  const auto wants = [&](const char* name) { return std::ranges::count(extras, name) != 0; };
  for (const auto& component : suite.suite.source.components) {
    if (wants("translations")) {
      add(component + "/i18n/Translation-en");
    }
    for (const auto& architecture : suite.suite.source.architectures) {
      if (wants("contents")) {
        add(component + "/Contents-" + architecture);
      }
      if (wants("dep11")) {
        add(component + "/dep11/Components-" + architecture + ".yml");
      }
    }
    if (wants("contents")) {
      add(component + "/Contents-all");
    }
    if (wants("dep11")) {
      for (const char* icons : {"48x48", "64x64", "128x128"}) {
        add(component + "/dep11/icons-" + icons + ".tar");
      }
    }
  }
  return files;
}

std::filesystem::path IndexReader::kept(const apt::IndexFile& file) const {
  return context_.work / "indices" / file.sha256.hex();
}

Result<Document> IndexReader::fetch(const AcceptedSuite& suite, const apt::IndexFile& file) {
  DocumentRequest request;
  request.size_limit = file.size + 1;
  const std::string folder = suite.suite.folder() + folder_of(file.path);
  if (suite.parsed.acquire_by_hash) {
    request.uri = suite.suite.uri(folder + "by-hash/SHA256/" + file.sha256.hex());
    auto answer = context_.fetch.document(request, context_.stop);
    if (answer || answer.error().code != ErrorCode::kNotFound) {
      return answer;
    }
  }
  request.uri = suite.suite.uri(suite.suite.folder() + file.path);
  return context_.fetch.document(request, context_.stop);
}

Result<std::string> IndexReader::bytes(const AcceptedSuite& suite, const apt::IndexFile& file) {
  const std::string thing = suite.suite.uri(suite.suite.folder() + file.path);
  if (file.size > apt::kMaxIndexBytes) {
    return Error{
        ErrorCode::kRefused, thing,
        "has " + human_size(file.size) + ", and the limit is " + human_size(apt::kMaxIndexBytes),
        ""};
  }
  auto& files = posix_file_system();
  const auto path = kept(file);
  used_.insert(path.filename());
  if (const auto bytes = read_file(files, path, file.size);
      bytes && sha256(*bytes) == file.sha256) {
    return std::string(as_text(*bytes));
  }
  SLUICE_TRY(auto answer, fetch(suite, file));
  const auto digest = sha256(as_bytes(answer.body));
  if (answer.body.size() != file.size || digest != file.sha256) {
    counters_.add(Metric::kUpstreamBadDigest);
    return Error{ErrorCode::kIntegrity, thing,
                 "the answer has " + std::to_string(answer.body.size()) + " bytes and SHA-256 " +
                     digest.hex() + ", but the signed Release lists " + std::to_string(file.size) +
                     " bytes and " + file.sha256.hex(),
                 "a mirror in the middle of its update mends itself; else use another mirror"};
  }
  SLUICE_TRY_VOID(files.create_directories(path.parent_path()));
  SLUICE_TRY_VOID(write_file_durably(files, path, as_bytes(answer.body)));
  return std::move(answer.body);
}

Result<std::string> IndexReader::text(const AcceptedSuite& suite, const PackagesIndex& index) {
  const auto& file = index.variants.front();
  SLUICE_TRY(const auto packed, bytes(suite, file));
  auto text = apt::inflate(suite.suite.uri(suite.suite.folder() + file.path), packed);
  if (!text) {
    counters_.add(Metric::kUpstreamGarbage);
  }
  return text;
}

void IndexReader::forget_others() {
  auto& files = posix_file_system();
  std::vector<std::string> others;
  // A file that stays costs space only.
  static_cast<void>(files.list_files(context_.work / "indices", [&](std::string name) {
    if (!used_.contains(name)) {
      others.push_back(std::move(name));
    }
  }));
  for (const auto& name : others) {
    static_cast<void>(files.remove(context_.work / "indices" / name));
  }
}

}  // namespace sluice::low
