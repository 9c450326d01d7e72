#include "highside/mirror/huggingface/render.h"

#include <algorithm>
#include <boost/json.hpp>

#include "common/base/text.h"

namespace sluice::high {
namespace {

namespace json = boost::json;

std::string hex(const std::string& bytes) { return hex_encode(as_bytes(bytes)); }

json::object entry_of(const proto::HuggingFaceFile& file) {
  json::object entry{
      {"type", "file"}, {"oid", hex(file.oid())}, {"size", file.size()}, {"path", file.path()}};
  if (file.pointer_size() > 0) {
    entry["lfs"] = json::object{
        {"oid", hex(file.sha256())}, {"size", file.size()}, {"pointerSize", file.pointer_size()}};
  }
  return entry;
}

json::object entry_of(const proto::HuggingFaceFolder& folder) {
  return {{"type", "directory"}, {"oid", hex(folder.oid())}, {"size", 0}, {"path", folder.path()}};
}

json::object sibling_of(const proto::HuggingFaceFile& file, bool with_files) {
  json::object sibling{{"rfilename", file.path()}};
  if (with_files) {
    sibling["size"] = file.size();
    sibling["blobId"] = hex(file.oid());
    if (file.pointer_size() > 0) {
      sibling["lfs"] = json::object{{"sha256", hex(file.sha256())},
                                    {"size", file.size()},
                                    {"pointerSize", file.pointer_size()}};
    }
  }
  return sibling;
}

bool is_in(std::string_view path, std::string_view folder, bool recursive) {
  if (!folder.empty()) {
    if (!path.starts_with(folder) || path.size() <= folder.size() || path[folder.size()] != '/') {
      return false;
    }
    path.remove_prefix(folder.size() + 1);
  }
  return recursive || path.find('/') == std::string_view::npos;
}

}  // namespace

const proto::HuggingFaceFile* find_file(const proto::HuggingFaceRevision& revision,
                                        std::string_view path) {
  const auto& files = revision.files();
  const auto found = std::ranges::lower_bound(files, path, {}, &proto::HuggingFaceFile::path);
  return found != files.end() && found->path() == path ? &*found : nullptr;
}

std::string etag_of(const proto::HuggingFaceFile& file) {
  return hex(file.pointer_size() > 0 ? file.sha256() : file.oid());
}

// Counts of downloads and likes are the hub's; clients only ask that they be there.
json::object render_about(const HubRevisionView& view, bool with_files) {
  json::object about = json::parse(view.revision.about()).as_object();
  const std::string& id = view.repository.id;
  about["id"] = id;
  if (view.repository.kind == huggingface::Kind::kModel) {
    about["modelId"] = id;
  }
  about["sha"] = view.commit;
  if (!view.revision.last_modified().empty()) {
    about["lastModified"] = view.revision.last_modified();
  }
  for (const char* flag : {"private", "gated", "disabled"}) {
    about[flag] = false;  // who comes here may read it
  }
  for (const char* count : {"downloads", "likes"}) {
    about[count] = 0;
  }
  if (!about.contains("tags")) {
    about["tags"] = json::array();
  }
  json::array siblings;
  for (const auto& file : view.revision.files()) {
    siblings.push_back(sibling_of(file, with_files));
  }
  about["siblings"] = std::move(siblings);
  return about;
}

json::array render_tree(const proto::HuggingFaceRevision& revision, std::string_view folder,
                        bool recursive) {
  json::array entries;
  for (const auto& one : revision.folders()) {
    if (is_in(one.path(), folder, recursive)) {
      entries.push_back(entry_of(one));
    }
  }
  for (const auto& one : revision.files()) {
    if (is_in(one.path(), folder, recursive)) {
      entries.push_back(entry_of(one));
    }
  }
  return entries;
}

json::array render_paths(const proto::HuggingFaceRevision& revision,
                         const std::vector<std::string>& paths) {
  json::array entries;
  for (const std::string& path : paths) {
    if (const auto* file = find_file(revision, path)) {
      entries.push_back(entry_of(*file));
      continue;
    }
    const auto folder =
        std::ranges::find(revision.folders(), path, &proto::HuggingFaceFolder::path);
    if (folder != revision.folders().end()) {
      entries.push_back(entry_of(*folder));
    }
  }
  return entries;
}

// The hub tells tags and conversions apart from branches; which of them a name is, no client needs
// to know to resolve it.
json::object render_refs(const proto::HuggingFaceRefs& refs) {
  std::vector<std::string> names;
  for (const auto& [name, commit] : refs.commits()) {
    names.push_back(name);
  }
  std::ranges::sort(names);
  json::array branches;
  for (const std::string& name : names) {
    branches.push_back({{"name", name},
                        {"ref", (name.starts_with("refs/") ? "" : "refs/heads/") + name},
                        {"targetCommit", refs.commits().at(name)}});
  }
  return {{"branches", std::move(branches)}, {"tags", json::array()}, {"converts", json::array()}};
}

}  // namespace sluice::high
