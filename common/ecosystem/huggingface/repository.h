// Names of the Hugging Face Hub's repositories, revisions and files, as both sides must agree on
// them. The rules are those of huggingface_hub's validate_repo_id and of git-check-ref-format.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/base/error.h"

namespace sluice::huggingface {

inline constexpr std::string_view kEcosystem = "huggingface";  // of records

enum class Kind { kModel, kDataset, kSpace };
std::string_view plural(Kind kind);  // "models", "datasets", "spaces": as in the hub's API
std::optional<Kind> kind_from(std::string_view plural);
// What stands before the id in the hub's addresses of files: "" for models, "datasets/".
std::string address_prefix(Kind kind);

struct Repository {
  Kind kind = Kind::kModel;
  std::string id;  // "org/name", or "name" for the oldest models

  auto operator<=>(const Repository&) const = default;

  std::string document() const;  // "models/org/name": of its refs
  std::string document_of(std::string_view commit) const;
  std::string address() const;  // "org/name", "datasets/org/name": for people and addresses
};

// ASCII letters, digits, '-', '_' and '.'; a part neither starts nor ends with '-' or '.', holds
// neither "--" nor "..", and does not end in ".git"; at most 96 characters. kInvalid says which
// rule is broken.
Result<void> check_id(std::string_view id);

bool is_commit(std::string_view revision);  // 40 hexadecimal digits in lower case
// A branch, a tag or a commit: at most 255 printable ASCII characters that git allows in a ref.
Result<void> check_revision(std::string_view revision);
// A file's path within a repository: parts between slashes as files::check_segment has them.
Result<void> check_path(std::string_view path);

struct Document {
  Repository repository;
  std::string commit;  // empty: of its refs
};
// Of a record's name. kInvalid: it is none of ours.
Result<Document> parse_document(std::string_view name);

}  // namespace sluice::huggingface
