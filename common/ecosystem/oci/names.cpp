#include "common/ecosystem/oci/names.h"

#include <algorithm>
#include <charconv>

#include "common/base/limits.h"
#include "common/base/plain_text.h"
#include "common/base/text.h"

namespace sluice::oci {
namespace {

constexpr std::size_t kMaxRegistryBytes = 255;    // of a host name in the DNS
constexpr std::size_t kMaxHostPartBytes = 63;     // RFC 1035, section 2.3.4
constexpr std::size_t kMaxRepositoryBytes = 255;  // what clients take, registries too
constexpr std::size_t kMaxTagBytes = 128;
constexpr std::size_t kMaxShownBytes = 256;
constexpr std::string_view kDigestPrefix = "sha256:";
constexpr std::string_view kLegacyPrefix = "sha256-";
constexpr std::size_t kDigestDigits = 2 * Sha256Digest::kSize;

bool is_lower_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

Error invalid(std::string_view what, std::string_view text, std::string cause, std::string cure) {
  const std::string_view start = text.substr(0, kMaxShownBytes);
  const std::string shown = is_plain_text(start) ? "\"" + std::string(start) + "\""
                                                 : "of the bytes " + hex_encode(as_bytes(start));
  return {ErrorCode::kInvalid, std::string(what) + " " + shown, std::move(cause), std::move(cure)};
}

bool is_host_part(std::string_view part) {
  return !part.empty() && part.size() <= kMaxHostPartBytes && part.front() != '-' &&
         part.back() != '-' &&
         std::ranges::all_of(part, [](char c) { return is_lower_alphanumeric(c) || c == '-'; });
}

bool is_host(std::string_view host) {
  if (host.starts_with('[')) {
    const auto allowed = [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || c == ':'; };
    return host.size() > 3 && host.ends_with(']') &&
           std::ranges::all_of(host.substr(1, host.size() - 2), allowed);
  }
  const auto parts = split(host, '.');
  return std::ranges::all_of(parts, is_host_part);
}

// One way of writing each port, since the registry is part of a document's name.
bool is_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), port);
  return failure == std::errc() && end == text.data() + text.size() && port != 0 &&
         text.front() != '0';
}

// [a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*
bool is_path_part(std::string_view part) {
  std::size_t at = 0;
  while (true) {
    const std::size_t start = at;
    while (at < part.size() && is_lower_alphanumeric(part[at])) {
      ++at;
    }
    if (at == start) {
      return false;
    }
    if (at == part.size()) {
      return true;
    }
    const std::size_t between = at;
    while (at < part.size() && part[at] == part[between]) {
      ++at;
    }
    const char c = part[between];
    const std::size_t length = at - between;
    if (c != '-' && !(c == '.' && length == 1) && !(c == '_' && length <= 2)) {
      return false;
    }
  }
}

bool is_tag_character(char c) {
  return is_lower_alphanumeric(c) || (c >= 'A' && c <= 'Z') || c == '_' || c == '.' || c == '-';
}

// Digits in lower case alone, so that each digest has one text.
std::optional<Sha256Digest> read_digits(std::string_view hex) {
  const auto lower = [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); };
  return hex.size() == kDigestDigits && std::ranges::all_of(hex, lower)
             ? Sha256Digest::from_hex(hex)
             : std::nullopt;
}

}  // namespace

Result<void> check_registry(std::string_view registry) {
  const auto refuse = [&](std::string cause) {
    return invalid("registry", registry, std::move(cause),
                   "write its host and, where it has one, its port: registry.example.org:5000");
  };
  if (registry.empty() || registry.size() > kMaxRegistryBytes) {
    return refuse("a registry's name has 1 to 255 bytes");
  }
  const std::size_t colon = registry.find(':', registry.starts_with('[') ? registry.find(']') : 0);
  if (!is_host(registry.substr(0, colon))) {
    return refuse("its host is neither a name in lower case nor an address");
  }
  if (colon != std::string_view::npos && !is_port(registry.substr(colon + 1))) {
    return refuse("what follows the colon is no port");
  }
  return {};
}

Result<void> check_repository(std::string_view repository) {
  const auto refuse = [&](std::string cause) {
    return invalid("repository", repository, std::move(cause),
                   "write it as the registry does: library/nginx");
  };
  if (repository.size() > kMaxRepositoryBytes) {
    return refuse("a repository's name has at most 255 bytes");
  }
  if (!std::ranges::all_of(split(repository, '/'), is_path_part)) {
    return refuse(
        "a part of it is not made of lower-case letters and digits with one '.', one or two '_' or "
        "any number of '-' between them");
  }
  return {};
}

Result<void> check_tag(std::string_view tag) {
  if (tag.empty() || tag.size() > kMaxTagBytes || tag.front() == '.' || tag.front() == '-' ||
      !std::ranges::all_of(tag, is_tag_character)) {
    return invalid("tag", tag,
                   "a tag has 1 to 128 ASCII letters, digits, '_', '.' and '-', and starts with "
                   "neither '.' nor '-'",
                   "write it as the registry lists it");
  }
  return {};
}

std::optional<Sha256Digest> parse_digest(std::string_view text) {
  return text.starts_with(kDigestPrefix) ? read_digits(text.substr(kDigestPrefix.size()))
                                         : std::nullopt;
}

std::string digest_text(const Sha256Digest& digest) {
  return std::string(kDigestPrefix) + digest.hex();
}

std::string Document::name() const { return registry + "/" + repository; }

Result<Document> parse_document(std::string_view name) {
  const std::size_t slash = name.find('/');
  if (slash == std::string_view::npos || name.size() > limits::kMaxDocumentNameBytes) {
    return invalid("document", name, "it is no registry and repository with a slash between them",
                   "");
  }
  Document document{std::string(name.substr(0, slash)), std::string(name.substr(slash + 1))};
  SLUICE_TRY_VOID(check_registry(document.registry));
  SLUICE_TRY_VOID(check_repository(document.repository));
  return document;
}

std::optional<Sha256Digest> subject_of_legacy_tag(std::string_view tag) {
  const std::size_t digits_end = kLegacyPrefix.size() + kDigestDigits;
  if (!tag.starts_with(kLegacyPrefix) || !check_tag(tag) ||
      (tag.size() > digits_end && tag[digits_end] != '.')) {
    return std::nullopt;
  }
  return read_digits(tag.substr(kLegacyPrefix.size(), kDigestDigits));
}

std::string legacy_tag(const Sha256Digest& subject) {
  return std::string(kLegacyPrefix) + subject.hex();
}

}  // namespace sluice::oci
