#include "common/ecosystem/huggingface/repository.h"

#include <algorithm>
#include <array>

#include "common/base/limits.h"
#include "common/base/text.h"
#include "common/ecosystem/files/document_name.h"

namespace sluice::huggingface {
namespace {

constexpr std::size_t kMaxIdBytes = 96;  // huggingface_hub's own limit
constexpr std::size_t kMaxRevisionBytes = 255;
constexpr std::size_t kCommitDigits = 40;
// Deeper than any tree that people make; a path's length is bounded besides.
constexpr std::size_t kMaxPathParts = 64;

struct KindName {
  Kind kind;
  std::string_view plural;
};
constexpr std::array kKinds{KindName{Kind::kModel, "models"}, KindName{Kind::kDataset, "datasets"},
                            KindName{Kind::kSpace, "spaces"}};

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool holds(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::string shown(std::string_view text) {
  const bool plain = std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
  return plain ? std::string(text.substr(0, kMaxRevisionBytes))
               : "the bytes " + hex_encode(as_bytes(text.substr(0, kMaxRevisionBytes)));
}

std::optional<std::string> fault_of_part(std::string_view part) {
  if (part.empty()) {
    return "a part of it is empty";
  }
  const auto allowed = [](char c) {
    return is_alphanumeric(c) || c == '-' || c == '_' || c == '.';
  };
  if (!std::ranges::all_of(part, allowed)) {
    return "it has a character that is neither an ASCII letter or digit nor '-', '_' or '.'";
  }
  const auto at_no_end = [](char c) { return c == '-' || c == '.'; };
  if (at_no_end(part.front()) || at_no_end(part.back())) {
    return "a part of it starts or ends with '-' or '.'";
  }
  if (holds(part, "--") || holds(part, "..") || part.ends_with(".git")) {
    return "it has \"--\" or \"..\", or ends in \".git\"";
  }
  return std::nullopt;
}

Error invalid(std::string_view what, std::string_view text, std::string cause,
              std::string cure = "write it as the hub's page shows it") {
  return {ErrorCode::kInvalid, std::string(what) + " " + shown(text), std::move(cause),
          std::move(cure)};
}

}  // namespace

std::string_view plural(Kind kind) {
  return std::ranges::find(kKinds, kind, &KindName::kind)->plural;
}

std::optional<Kind> kind_from(std::string_view plural) {
  const auto* found = std::ranges::find(kKinds, plural, &KindName::plural);
  return found == kKinds.end() ? std::nullopt : std::optional(found->kind);
}

std::string address_prefix(Kind kind) {
  return kind == Kind::kModel ? std::string() : std::string(plural(kind)) + "/";
}

std::string Repository::document() const { return std::string(plural(kind)) + "/" + id; }

std::string Repository::document_of(std::string_view commit) const {
  return document() + "@" + std::string(commit);
}

std::string Repository::address() const { return address_prefix(kind) + id; }

Result<void> check_id(std::string_view id) {
  const auto parts = split(id, '/');
  if (id.size() > kMaxIdBytes || parts.size() > 2) {
    return invalid("repository", id, "an id is \"name\" or \"org/name\" of at most 96 characters");
  }
  for (const std::string_view part : parts) {
    if (const auto fault = fault_of_part(part)) {
      return invalid("repository", id, *fault);
    }
  }
  return {};
}

bool is_commit(std::string_view revision) {
  return revision.size() == kCommitDigits && std::ranges::all_of(revision, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

Result<void> check_revision(std::string_view revision) {
  constexpr std::string_view kForbidden = " ~^:?*[\\";
  const bool well_formed =
      !revision.empty() && revision.size() <= kMaxRevisionBytes &&
      std::ranges::all_of(
          revision, [&](char c) { return c > ' ' && c < '\x7f' && !holds(kForbidden, {&c, 1}); }) &&
      !holds(revision, "..") && !holds(revision, "//") && !holds(revision, "@{") &&
      revision.front() != '/' && revision.back() != '/' && revision.back() != '.';
  return well_formed ? Result<void>()
                     : invalid("revision", revision, "git allows no branch or tag of that name",
                               "give a branch, a tag or a commit");
}

Result<void> check_path(std::string_view path) {
  const auto parts = split(path, '/');
  if (path.size() > limits::kMaxDocumentNameBytes || parts.size() > kMaxPathParts) {
    return invalid("path", path, "it is longer or deeper than any sensible one",
                   "leave the file out by exclude");
  }
  for (const std::string_view part : parts) {
    if (const auto checked = files::check_segment(part); !checked) {
      return invalid("path", path, checked.error().cause, "leave the file out by exclude");
    }
  }
  return {};
}

Result<Document> parse_document(std::string_view name) {
  const std::size_t slash = name.find('/');
  const auto kind = kind_from(name.substr(0, slash));
  if (!kind || slash == std::string_view::npos) {
    return invalid("document", name, "it starts with none of models/, datasets/ and spaces/", "");
  }
  const std::string_view rest = name.substr(slash + 1);
  const std::size_t at = rest.find('@');
  Document document{{*kind, std::string(rest.substr(0, at))}, ""};
  SLUICE_TRY_VOID(check_id(document.repository.id));
  if (at != std::string_view::npos) {
    document.commit = rest.substr(at + 1);
    if (!is_commit(document.commit)) {
      return invalid("document", name, "what follows the '@' is no commit", "");
    }
  }
  return document;
}

}  // namespace sluice::huggingface
