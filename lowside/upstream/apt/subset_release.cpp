#include "lowside/upstream/apt/subset_release.h"

#include <set>

#include "common/base/hasher.h"
#include "common/ecosystem/apt/compression.h"
#include "common/ecosystem/apt/source_package.h"

namespace sluice::low {
namespace {

std::string list_of(DigestAlgorithm algorithm, const std::map<std::string, std::string>& files) {
  std::string list = std::string(apt::digest_field_name(algorithm)) + ":\n";
  for (const auto& [path, bytes] : files) {
    list += " " + hash(algorithm, as_bytes(bytes)).hex() + " " + std::to_string(bytes.size()) +
            " " + path + "\n";
  }
  return list;
}

std::string words(const std::set<std::string>& all) {
  std::string text;
  for (const auto& word : all) {
    text += " " + word;
  }
  return text;
}

bool is_of_sources(const SubsetIndex& index) {
  return index.architecture == apt::kSourceArchitecture;
}

std::string path_of(const SubsetIndex& index) {
  return index.component +
         (is_of_sources(index) ? "/source/Sources" : "/binary-" + index.architecture + "/Packages");
}

}  // namespace

std::map<std::string, std::string> make_index_files(const std::vector<SubsetIndex>& indices) {
  std::map<std::string, std::string> files;
  for (const auto& index : indices) {
    std::string text;
    for (const auto& entry : index.entries) {
      text += entry.stanza;
      text += entry.stanza.ends_with('\n') ? "\n" : "\n\n";
    }
    const std::string path = path_of(index);
    files[path + ".xz"] = apt::compress(text, apt::Compression::kXz);
    files[path + ".gz"] = apt::compress(text, apt::Compression::kGzip);
    files[path] = std::move(text);
  }
  return files;
}

SubsetRelease make_release(const apt::Release& upstream, const std::vector<SubsetIndex>& indices,
                           const std::map<std::string, std::string>& files) {
  std::string head;
  for (const auto& [name, value] :
       {std::pair("Origin", &upstream.origin), std::pair("Label", &upstream.label),
        std::pair("Suite", &upstream.suite), std::pair("Version", &upstream.version),
        std::pair("Codename", &upstream.codename)}) {
    if (!value->empty()) {
      head += std::string(name) + ": " + *value + "\n";
    }
  }
  std::set<std::string> components;
  std::set<std::string> architectures;
  for (const auto& index : indices) {
    components.insert(index.component);
    if (!is_of_sources(index)) {
      architectures.insert(index.architecture);
    }
  }
  std::string lists = "Acquire-By-Hash: yes\nArchitectures:" + words(architectures) +
                      "\nComponents:" + words(components) + "\n";
  if (!upstream.packages_of_all_apart) {
    lists += "No-Support-for-Architecture-all: Packages\n";
  }
  lists += list_of(DigestAlgorithm::kSha256, files) + list_of(DigestAlgorithm::kSha512, files);
  return {std::move(head), std::move(lists)};
}

}  // namespace sluice::low
