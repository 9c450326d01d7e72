#include "common/media/manifest.h"

#include <algorithm>
#include <boost/json.hpp>

#include "common/base/text.h"
#include "common/wire/announce.h"

namespace sluice::media {
namespace {

namespace json = boost::json;

constexpr std::string_view kFormat = "sluice-volume-1";
constexpr std::size_t kDepth = 8;

// What reading stops at; turned into an Error at the end.
struct Refused {
  std::string cause;
};

json::string_view text_of(const json::object& from, const char* key) {
  const json::value* const found = from.if_contains(key);
  if (found == nullptr || !found->is_string()) {
    throw Refused{std::string("has no text \"") + key + "\""};
  }
  return found->get_string();
}

std::uint64_t number_of(const json::object& from, const char* key) {
  const json::value* const found = from.if_contains(key);
  boost::system::error_code failure;
  const auto number = found == nullptr ? 0 : found->to_number<std::uint64_t>(failure);
  if (found == nullptr || failure) {
    throw Refused{std::string("has no number \"") + key + "\""};
  }
  return number;
}

Sha256Digest digest_of(const json::object& from, const char* key) {
  const auto digest = Sha256Digest::from_hex(text_of(from, key));
  if (!digest) {
    throw Refused{std::string("has no SHA-256 \"") + key + "\""};
  }
  return *digest;
}

template <class Each>
void each_of(const json::object& from, const char* key, std::size_t limit, const Each& each) {
  const json::value* const found = from.if_contains(key);
  if (found == nullptr || !found->is_array()) {
    throw Refused{std::string("has no list \"") + key + "\""};
  }
  if (found->get_array().size() > limit) {
    throw Refused{std::string("lists more than ") + std::to_string(limit) + " of \"" + key + "\""};
  }
  for (const json::value& entry : found->get_array()) {
    if (!entry.is_object()) {
      throw Refused{std::string("\"") + key + "\" lists what is no object"};
    }
    each(entry.get_object());
  }
}

std::uint16_t volume_of(const json::object& from) {
  const std::uint64_t volume = number_of(from, "volume");
  if (volume == 0 || volume > kMaxVolumes) {
    throw Refused{"\"volume\" is none"};
  }
  return static_cast<std::uint16_t>(volume);
}

std::string string_of(const json::object& from, const char* key) {
  return std::string(text_of(from, key));
}

VolumeManifest read(const json::object& root) {
  VolumeManifest manifest;
  if (text_of(root, "format") != kFormat) {
    throw Refused{"is of another format than " + std::string(kFormat)};
  }
  manifest.bundle = number_of(root, "bundle");
  manifest.timestamp = string_of(root, "timestamp");
  manifest.origin_user = string_of(root, "origin_user");
  each_of(root, "artifacts", kMaxListed, [&](const json::object& entry) {
    manifest.artifacts.push_back({string_of(entry, "file"), digest_of(entry, "sha256"),
                                  number_of(entry, "bytes"), string_of(entry, "source")});
    if (!safe_file_name(manifest.artifacts.back().file)) {
      throw Refused{"names a file that no volume has"};
    }
  });
  manifest.stream = string_of(root, "stream");
  if (!wire::valid_stream_name(manifest.stream) || manifest.bundle == 0) {
    throw Refused{"names no stream and bundle"};
  }
  manifest.volume = volume_of(root);
  each_of(root, "volumes", kMaxVolumes, [&](const json::object& entry) {
    manifest.volumes.push_back({volume_of(entry), digest_of(entry, "sha256sums"),
                                number_of(entry, "bytes"), string_of(entry, "shipments")});
  });
  manifest.shipments = string_of(root, "shipments");
  manifest.stands_on = string_of(root, "stands_on");
  manifest.sender = string_of(root, "sender");
  manifest.reason = string_of(root, "reason");
  each_of(root, "receivers", kMaxListed, [&](const json::object& entry) {
    manifest.receivers.push_back(string_of(entry, "fingerprint"));
  });
  each_of(root, "contents", kMaxListed, [&](const json::object& entry) {
    manifest.contents.push_back({number_of(entry, "shipment"), string_of(entry, "source"),
                                 string_of(entry, "name"), digest_of(entry, "sha256"),
                                 number_of(entry, "bytes"), string_of(entry, "origin")});
  });
  manifest.contents_omitted = number_of(root, "contents_omitted");
  return manifest;
}

// One entry a line: for people, and for a sector that is lost.
template <class List, class Make>
void add_list(std::string& text, std::string_view key, const List& list, const Make& make) {
  text += "  \"" + std::string(key) + "\": [";
  bool first = true;
  for (const auto& entry : list) {
    text += (first ? "\n    " : ",\n    ") + json::serialize(make(entry));
    first = false;
  }
  text += first ? "],\n" : "\n  ],\n";
}

void add(std::string& text, std::string_view key, const json::value& value) {
  text += "  \"" + std::string(key) + "\": " + json::serialize(value) + ",\n";
}

}  // namespace

bool safe_file_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxFileNameBytes) {
    return false;
  }
  const auto parts = split(name, '/');
  return parts.size() <= 2 && std::ranges::all_of(parts, [](std::string_view part) {
           return !part.empty() && part.front() != '.' && std::ranges::all_of(part, [](char c) {
             return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '.' || c == '_' || c == '-';
           });
         });
}

std::string bundle_name(std::string_view stream, std::uint64_t bundle) {
  const auto begun = from_unix_micros(
      static_cast<std::int64_t>(std::min<std::uint64_t>(bundle, 1ULL << 37) * 1'000'000));
  std::string time;  // 2026-11-29T06:01:02… → 20261129-060102
  for (const char c : format_rfc3339(begun).substr(0, 19)) {
    if (c == 'T') {
      time += '-';
    } else if (c >= '0' && c <= '9') {
      time += c;
    }
  }
  return std::string(stream) + "-" + time;
}

std::string volume_name(std::string_view stream, std::uint64_t bundle, std::uint16_t volume) {
  std::string number = std::to_string(volume);
  number.insert(0, number.size() < 3 ? 3 - number.size() : 0, '0');
  return bundle_name(stream, bundle) + "-v" + number;
}

std::string write_manifest(const VolumeManifest& manifest) {
  std::string text = "{\n";
  add(text, "timestamp", json::value(manifest.timestamp));
  add(text, "origin_user", json::value(manifest.origin_user));
  add_list(text, "artifacts", manifest.artifacts, [](const ManifestFile& file) {
    return json::object{{"file", file.file},
                        {"sha256", file.sha256.hex()},
                        {"source", file.source},
                        {"bytes", file.bytes}};
  });
  add(text, "format", json::value(kFormat));
  add(text, "stream", json::value(manifest.stream));
  add(text, "bundle", json::value(manifest.bundle));
  add(text, "volume", json::value(manifest.volume));
  add_list(text, "volumes", manifest.volumes, [](const VolumeLine& line) {
    return json::object{{"volume", line.volume},
                        {"sha256sums", line.sums.hex()},
                        {"bytes", line.bytes},
                        {"shipments", line.shipments}};
  });
  add(text, "shipments", json::value(manifest.shipments));
  add(text, "stands_on", json::value(manifest.stands_on));
  add(text, "sender", json::value(manifest.sender));
  add_list(text, "receivers", manifest.receivers, [](const std::string& fingerprint) {
    return json::object{{"fingerprint", fingerprint}};
  });
  add(text, "reason", json::value(manifest.reason));
  add_list(text, "contents", manifest.contents, [](const ContentLine& line) {
    return json::object{{"shipment", line.shipment}, {"source", line.source},
                        {"name", line.name},         {"sha256", line.sha256.hex()},
                        {"bytes", line.bytes},       {"origin", line.origin}};
  });
  text += "  \"contents_omitted\": " + std::to_string(manifest.contents_omitted) + "\n}\n";
  return text;
}

Result<VolumeManifest> read_manifest(std::string_view text) {
  const auto refuse = [](std::string cause) {
    return Error{ErrorCode::kInvalid, std::string(kManifestFile), std::move(cause), ""};
  };
  if (text.size() > kMaxManifestFileBytes) {
    return refuse("is longer than " + human_size(kMaxManifestFileBytes));
  }
  boost::system::error_code failure;
  const json::value root = json::parse({text.data(), text.size()}, failure, {},
                                       json::parse_options{.max_depth = kDepth});
  if (failure || !root.is_object()) {
    return refuse("is no JSON object");
  }
  try {
    return read(root.get_object());
  } catch (const Refused& refused) {
    return refuse(refused.cause);
  }
}

}  // namespace sluice::media
