#include "highside/mirror/pypi/render.h"

#include <algorithm>
#include <boost/json.hpp>

#include "common/base/html.h"
#include "common/base/text.h"
#include "common/ecosystem/pypi/file_name.h"

namespace sluice::high {
namespace {

namespace json = boost::json;

constexpr std::string_view kApiVersion = "1.3";  // PEP 740

std::string url(const std::string& root, const proto::PypiProject& project,
                const proto::PypiFile& file) {
  std::string out = root + "/packages/" + project.name() + "/";
  for (const char c : file.filename()) {  // its other characters stand for themselves in a path
    out += c == '+' ? std::string("%2B") : std::string(1, c);
  }
  return out;
}

std::string hex(const std::string& digest) { return hex_encode(as_bytes(digest)); }

// Empty: it has none.
std::string provenance_url(const std::string& root, const proto::PypiProject& project,
                           const proto::PypiFile& file) {
  return root.empty() || file.attestations().empty() ? ""
                                                     : url(root, project, file) + ".provenance";
}

json::object file_object(const proto::PypiProject& project, const proto::PypiFile& file,
                         const std::string& root) {
  json::object object{{"filename", file.filename()},
                      {"url", url("../..", project, file)},
                      {"hashes", json::object{{"sha256", hex(file.sha256())}}},
                      {"size", file.size()}};
  if (!file.upload_time().empty()) {
    object["upload-time"] = file.upload_time();
  }
  if (!file.requires_python().empty()) {
    object["requires-python"] = file.requires_python();
  }
  if (file.yanked() && !file.yanked_reason().empty()) {
    object["yanked"] = file.yanked_reason();
  } else {
    object["yanked"] = file.yanked();
  }
  if (!file.metadata().empty()) {
    object["core-metadata"] = json::object{{"sha256", hex(file.metadata())}};
  }
  if (const std::string provenance = provenance_url(root, project, file); !provenance.empty()) {
    object["provenance"] = provenance;
  }
  return object;
}

std::string project_json(const proto::PypiProject& project, const std::string& root) {
  json::array versions;
  json::array files;
  for (const auto& file : project.files()) {
    files.push_back(file_object(project, file, root));
    const auto name = pypi::read_file_name(project.name(), file.filename());
    if (!name) {
      continue;
    }
    const json::value version(name->version.text());
    if (std::ranges::find(versions, version) == versions.end()) {
      versions.push_back(version);
    }
  }
  return json::serialize(json::object{{"meta", json::object{{"api-version", kApiVersion}}},
                                      {"name", project.name()},
                                      {"versions", std::move(versions)},
                                      {"files", std::move(files)}});
}

std::string html_page(const std::string& title, const std::string& links) {
  return "<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n"
         "<meta name=\"pypi:repository-version\" content=\"" +
         std::string(kApiVersion) + "\">\n<title>" + title + "</title>\n</head>\n<body>\n<h1>" +
         title + "</h1>\n" + links + "</body>\n</html>\n";
}

std::string file_link(const proto::PypiProject& project, const proto::PypiFile& file,
                      const std::string& root) {
  std::string link =
      "<a href=\"" + url("../..", project, file) + "#sha256=" + hex(file.sha256()) + '"';
  if (!file.requires_python().empty()) {
    link += " data-requires-python=\"" + html_escape(file.requires_python()) + '"';
  }
  if (file.yanked()) {
    link += " data-yanked=\"" + html_escape(file.yanked_reason()) + '"';
  }
  if (!file.metadata().empty()) {  // the second name is for clients from before PEP 714
    const std::string digest = "sha256=" + hex(file.metadata());
    link += " data-core-metadata=\"" + digest + "\" data-dist-info-metadata=\"" + digest + '"';
  }
  if (const std::string provenance = provenance_url(root, project, file); !provenance.empty()) {
    link += " data-provenance=\"" + html_escape(provenance) + '"';
  }
  return link + ">" + file.filename() + "</a><br>\n";
}

bool is_lost(const CatalogReader& catalog, const std::string& bytes) {
  const auto digest = Sha256Digest::from_bytes(as_bytes(bytes));
  return digest && catalog.is_lost(*digest);
}

}  // namespace

std::string render_project(const proto::PypiProject& project, PageForm form,
                           const std::string& root) {
  if (form == PageForm::kJson) {
    return project_json(project, root);
  }
  std::string links;
  for (const auto& file : project.files()) {
    links += file_link(project, file, root);
  }
  return html_page("Links for " + project.name(), links);
}

std::string render_index(const std::vector<std::string>& names, PageForm form) {
  if (form == PageForm::kJson) {
    json::array projects;
    for (const std::string& name : names) {
      projects.push_back(json::object{{"name", name}});
    }
    return json::serialize(json::object{{"meta", json::object{{"api-version", kApiVersion}}},
                                        {"projects", std::move(projects)}});
  }
  std::string links;
  for (const std::string& name : names) {
    links.append("<a href=\"").append(name).append("/\">").append(name).append("</a><br>\n");
  }
  return html_page("Simple index", links);
}

void leave_out_lost(const CatalogReader& catalog, proto::PypiProject& project) {
  if (!catalog.any_lost()) {
    return;
  }
  auto& files = *project.mutable_files();
  files.erase(std::remove_if(files.begin(), files.end(),
                             [&](const auto& file) { return is_lost(catalog, file.sha256()); }),
              files.end());
  for (auto& file : files) {
    if (is_lost(catalog, file.metadata())) {
      file.clear_metadata();
    }
    if (is_lost(catalog, file.attestations())) {
      file.clear_attestations();
    }
  }
}

}  // namespace sluice::high
