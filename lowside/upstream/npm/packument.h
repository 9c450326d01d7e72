// A registry's answer about one package, cut into the parts that matter.
#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/digest.h"
#include "common/base/error.h"

namespace sluice::low {

struct NpmSignature {
  std::string key_id;
  std::string signature;  // base64 of DER
};

// One member of `versions`.
struct NpmManifest {
  std::string text;  // as it came
  boost::json::object json;
  std::string tarball;    // dist.tarball
  std::string integrity;  // dist.integrity as it came; empty if there is none
  Digest digest;          // of dist.integrity; of dist.shasum only where there is no integrity
  std::vector<Digest>
      digests;  // all that clients are shown and that are known here: each must hold
  std::vector<NpmSignature> signatures;
};

struct Packument {
  std::map<std::string, std::string> dist_tags;
  std::map<std::string, std::string>
      versions;  // of those asked for: the manifest's text, unchecked
  std::map<std::string, std::string> time;
  std::string extra;  // the other members, as an object's text
};

// `body` is what `uri` answered about `name`. kInvalid: garbage, with the address and what is
// wrong.
Result<Packument> read_packument(const std::string& name, const std::string& uri,
                                 std::string_view body, const std::set<std::string>& wanted);

// kInvalid: it does not describe name@version, or names no tarball, no digest known here, or two
// of one algorithm.
Result<NpmManifest> read_manifest(const std::string& name, const std::string& version,
                                  std::string text);

}  // namespace sluice::low
