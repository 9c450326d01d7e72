#include "highside/mirror/npm/render.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "common/base/text.h"
#include "common/ecosystem/npm/json_text.h"
#include "common/ecosystem/npm/package_name.h"

namespace sluice::high {
namespace {

using Members = std::vector<npm::JsonMember>;

// npm/registry docs/responses/package-metadata.md, and what npm's own client reads besides (os,
// cpu, libc, funding, acceptDependencies).
constexpr std::array<std::string_view, 20> kAbbreviatedFields{"name",
                                                              "version",
                                                              "deprecated",
                                                              "dependencies",
                                                              "optionalDependencies",
                                                              "devDependencies",
                                                              "bundleDependencies",
                                                              "bundledDependencies",
                                                              "peerDependencies",
                                                              "peerDependenciesMeta",
                                                              "acceptDependencies",
                                                              "bin",
                                                              "directories",
                                                              "dist",
                                                              "engines",
                                                              "os",
                                                              "cpu",
                                                              "libc",
                                                              "funding",
                                                              "_hasShrinkwrap"};

// A record was checked before it was published; what cannot be cut nevertheless is empty.
Members members_of(std::string_view text) {
  auto members = npm::json_members(text);
  return members ? std::move(*members) : Members();
}

std::string tarball_url(const std::string& root, const std::string& name,
                        const std::string& version) {
  return root + "/" + name + "/-/" + npm::tarball_file_name(name, version);
}

std::string with_tarball(std::string_view dist, const std::string& url) {
  npm::JsonObjectText text;
  for (const npm::JsonMember& member : members_of(dist)) {
    text.add(member.key, member.key == "tarball" ? npm::json_quote(url) : member.value);
  }
  return std::move(text).finish();
}

bool runs_on_install(const Members& members) {
  const Members scripts = members_of(npm::json_find(members, "scripts"));
  return std::any_of(scripts.begin(), scripts.end(), [](const npm::JsonMember& script) {
    return script.key == "preinstall" || script.key == "install" || script.key == "postinstall";
  });
}

std::string abbreviate(const Members& members, std::string_view dist) {
  npm::JsonObjectText text;
  for (const npm::JsonMember& member : members) {
    if (std::find(kAbbreviatedFields.begin(), kAbbreviatedFields.end(), member.key) !=
        kAbbreviatedFields.end()) {
      text.add(member.key, member.key == "dist" ? dist : member.value);
    }
  }
  const std::string_view flag = npm::json_find(members, "hasInstallScript");
  if (!flag.empty()) {
    text.add("hasInstallScript", flag);
  } else if (runs_on_install(members)) {
    text.add("hasInstallScript", "true");
  }
  return std::move(text).finish();
}

std::string render_version(const proto::NpmPackage& package, const proto::NpmVersion& version,
                           PackumentForm form, const std::string& root) {
  const Members members = members_of(version.manifest());
  const std::string dist = with_tarball(npm::json_find(members, "dist"),
                                        tarball_url(root, package.name(), version.version()));
  if (form == PackumentForm::kAbbreviated) {
    return abbreviate(members, dist);
  }
  npm::JsonObjectText text;
  for (const npm::JsonMember& member : members) {
    text.add(member.key, member.key == "dist" ? dist : member.value);
  }
  return std::move(text).finish();
}

// Protobuf's maps have no order: sorted, so that the same record gives the same bytes and ETag.
std::string render_strings(const google::protobuf::Map<std::string, std::string>& strings) {
  npm::JsonObjectText text;
  for (const auto& [key, value] :
       std::map<std::string, std::string>(strings.begin(), strings.end())) {
    text.add(key, npm::json_quote(value));
  }
  return std::move(text).finish();
}

std::string upstream_file_name(const proto::NpmVersion& version) {
  const Members members = members_of(version.manifest());
  const Members dist = members_of(npm::json_find(members, "dist"));
  boost::system::error_code failure;
  const auto url = boost::json::parse(npm::json_find(dist, "tarball"), failure);
  const std::string text = !failure && url.is_string() ? std::string(url.get_string()) : "";
  return text.substr(text.rfind('/') + 1);
}

}  // namespace

std::string render_packument(const proto::NpmPackage& package, PackumentForm form,
                             const std::string& root) {
  npm::JsonObjectText versions;
  for (const auto& version : package.versions()) {
    versions.add(version.version(), render_version(package, version, form, root));
  }
  npm::JsonObjectText text;
  if (form == PackumentForm::kFull) {
    text.add("_id", npm::json_quote(package.name()));
  }
  text.add("name", npm::json_quote(package.name()));
  if (form == PackumentForm::kAbbreviated) {
    const auto modified = package.time().find("modified");
    if (modified != package.time().end()) {
      text.add("modified", npm::json_quote(modified->second));
    }
  }
  text.add("dist-tags", render_strings(package.dist_tags()));
  text.add("versions", std::move(versions).finish());
  text.add("time", render_strings(package.time()));
  if (form == PackumentForm::kFull) {
    for (const npm::JsonMember& member : members_of(package.extra())) {
      text.add(member.key, member.value);
    }
  }
  return std::move(text).finish();
}

std::string render_manifest(const proto::NpmPackage& package, const proto::NpmVersion& version,
                            const std::string& root) {
  return render_version(package, version, PackumentForm::kFull, root);
}

bool is_lost(const CatalogReader& catalog, const proto::NpmVersion& version) {
  const auto digest = Sha256Digest::from_bytes(as_bytes(version.tarball()));
  return digest && catalog.is_lost(*digest);
}

void leave_out_lost(const CatalogReader& catalog, proto::NpmPackage& package) {
  if (!catalog.any_lost()) {
    return;
  }
  auto& versions = *package.mutable_versions();
  versions.erase(std::remove_if(versions.begin(), versions.end(),
                                [&](const auto& each) { return is_lost(catalog, each); }),
                 versions.end());
  std::vector<std::string> stale;
  for (const auto& [tag, version] : package.dist_tags()) {
    if (std::ranges::find(package.versions(), version, &proto::NpmVersion::version) ==
        package.versions().end()) {
      stale.push_back(tag);
    }
  }
  for (const std::string& tag : stale) {
    package.mutable_dist_tags()->erase(tag);
  }
}

const proto::NpmVersion* find_version(const proto::NpmPackage& package, std::string_view wanted) {
  const auto tag = package.dist_tags().find(std::string(wanted));
  const std::string_view version = tag == package.dist_tags().end() ? wanted : tag->second;
  const auto found = std::find_if(package.versions().begin(), package.versions().end(),
                                  [&](const auto& each) { return each.version() == version; });
  return found == package.versions().end() ? nullptr : &*found;
}

const proto::NpmVersion* find_tarball(const proto::NpmPackage& package, std::string_view file) {
  for (const auto& version : package.versions()) {
    if (npm::tarball_file_name(package.name(), version.version()) == file) {
      return &version;
    }
  }
  for (const auto& version : package.versions()) {
    if (upstream_file_name(version) == file) {
      return &version;
    }
  }
  return nullptr;
}

}  // namespace sluice::high
