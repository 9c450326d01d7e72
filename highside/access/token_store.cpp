#include "highside/access/token_store.h"

#include <algorithm>
#include <array>

#include "common/base/hasher.h"
#include "common/base/text.h"
#include "common/crypto/random.h"
#include "sluice/stored_access.pb.h"

namespace sluice::high {
namespace {

using store::Family;

constexpr std::string_view kPrefix = "token/";
// So that who finds one in a file or a log knows what it is, and scanners for secrets do.
constexpr std::string_view kMark = "sluice_";
constexpr std::size_t kSecretBytes = 32;
// A token has 71 characters; what is far longer is none and is not hashed.
constexpr std::size_t kMaxGivenBytes = 1024;

std::string key_of(std::string_view name) { return std::string(kPrefix).append(name); }

Error damaged(std::string_view name) {
  return {ErrorCode::kIo, "token " + std::string(name), "its entry in the index does not read",
          "the index is damaged: restore it, or revoke the token and make another"};
}

bool is_name(std::string_view name) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-@";
  return !name.empty() && name.size() <= TokenStore::kMaxNameBytes && name.front() != '-' &&
         name.find_first_not_of(kPlain) == std::string_view::npos;
}

Result<void> check(const Token& token, UtcTime now) {
  const std::string thing = "token " + token.name.substr(0, TokenStore::kMaxNameBytes);
  if (!is_name(token.name)) {
    return Error{ErrorCode::kInvalid, thing, "that is no name for a token",
                 "take 1 to 64 letters, digits, \".\", \"_\", \"-\" and \"@\""};
  }
  if (token.role == Role::kPublisher ? token.namespaces.empty() : !token.namespaces.empty()) {
    return Error{ErrorCode::kInvalid, thing,
                 token.role == Role::kPublisher ? "a publisher needs namespaces to publish in"
                                                : "only a publisher has namespaces",
                 "write --role publisher --namespace 'pypi:acme-*'"};
  }
  if (token.namespaces.size() > TokenStore::kMaxNamespaces) {
    return Error{ErrorCode::kInvalid, thing,
                 "it has more than " + std::to_string(TokenStore::kMaxNamespaces) + " namespaces",
                 "join them: \"*\" stands for any characters"};
  }
  if (token.expired(now)) {
    return Error{ErrorCode::kInvalid, thing, "it would have expired already", ""};
  }
  return {};
}

std::string encode(const Token& token, const Sha256Digest& digest) {
  proto::StoredToken stored;
  stored.set_sha256(std::string(as_text(digest.bytes())));
  stored.set_role(static_cast<proto::StoredToken::Role>(static_cast<int>(token.role) + 1));
  for (const NamePattern& pattern : token.namespaces) {
    stored.add_namespaces(pattern.text());
  }
  stored.set_created_micros(to_unix_micros(token.created));
  stored.set_expires_micros(to_unix_micros(token.expires));
  stored.set_last_used_micros(to_unix_micros(token.last_used));
  return stored.SerializeAsString();
}

std::optional<std::pair<Token, Sha256Digest>> decode(std::string_view name,
                                                     std::string_view value) {
  proto::StoredToken stored;
  if (!is_name(name) || !stored.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
    return std::nullopt;
  }
  const auto digest = Sha256Digest::from_bytes(as_bytes(stored.sha256()));
  if (!digest || stored.role() < proto::StoredToken::READER ||
      stored.role() > proto::StoredToken::ADMIN) {
    return std::nullopt;
  }
  Token token;
  token.name = name;
  token.role = static_cast<Role>(static_cast<int>(stored.role()) - 1);
  for (const std::string& text : stored.namespaces()) {
    auto pattern = NamePattern::parse(text);
    if (!pattern) {
      return std::nullopt;
    }
    token.namespaces.push_back(std::move(*pattern));
  }
  token.created = from_unix_micros(stored.created_micros());
  token.expires = from_unix_micros(stored.expires_micros());
  token.last_used = from_unix_micros(stored.last_used_micros());
  return std::pair(std::move(token), *digest);
}

std::string make_secret() {
  std::array<std::uint8_t, kSecretBytes> random{};
  crypto::fill_random(random);
  std::string secret = std::string(kMark) + hex_encode(random);
  crypto::fill_random(random);  // what stays on the stack tells nothing
  return secret;
}

bool starts_with_scheme(std::string_view text, std::string_view scheme) {
  return text.size() > scheme.size() && text[scheme.size()] == ' ' &&
         std::ranges::equal(text.substr(0, scheme.size()), scheme,
                            [](char a, char b) { return (a | 0x20) == b; });
}

}  // namespace

std::string_view to_string(Role role) {
  switch (role) {
    case Role::kReader:
      return "reader";
    case Role::kPublisher:
      return "publisher";
    case Role::kAdmin:
      return "admin";
  }
  return "";
}

std::optional<Role> role_from(std::string_view name) {
  for (const Role role : {Role::kReader, Role::kPublisher, Role::kAdmin}) {
    if (to_string(role) == name) {
      return role;
    }
  }
  return std::nullopt;
}

Result<void> TokenStore::load() {
  const std::lock_guard lock(mutex_);
  Result<void> status;
  SLUICE_TRY_VOID(
      index_.scan(Family::kMeta, kPrefix, "", [&](std::string_view key, std::string_view value) {
        const std::string_view name = key.substr(kPrefix.size());
        auto token = decode(name, value);
        if (!token) {
          status = damaged(name);
          return false;
        }
        names_[token->second] = name;
        by_name_[std::string(name)] = {std::move(token->first), token->second};
        return true;
      }));
  return status;
}

Result<http::Credentials> TokenStore::create(Token token) {
  const UtcTime now = clock_.utc_now();
  SLUICE_TRY_VOID(check(token, now));
  token.created = now;
  token.last_used = UtcTime();
  http::Credentials secret(make_secret());
  const Sha256Digest digest = sha256(as_bytes(secret.reveal()));
  const std::lock_guard lock(mutex_);
  if (by_name_.contains(token.name) || by_name_.size() >= kMaxTokens) {
    const bool taken = by_name_.contains(token.name);
    return Error{ErrorCode::kRefused, "token " + token.name,
                 taken ? "there is one of that name"
                       : "there are " + std::to_string(kMaxTokens) + " already",
                 taken ? "revoke it first, or take another name" : "revoke what is not used"};
  }
  store::Batch batch;
  batch.put(Family::kMeta, key_of(token.name), encode(token, digest));
  SLUICE_TRY_VOID(index_.write(batch, store::Durability::kSynced));
  const std::string name = token.name;
  names_[digest] = name;
  by_name_[name] = {std::move(token), digest};
  return secret;
}

Result<void> TokenStore::revoke(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto held = by_name_.find(name);
  if (held == by_name_.end()) {
    return Error{ErrorCode::kNotFound, "token " + name.substr(0, kMaxNameBytes), "there is none",
                 "sluice-high token list shows all"};
  }
  store::Batch batch;
  batch.remove(Family::kMeta, key_of(name));
  SLUICE_TRY_VOID(index_.write(batch, store::Durability::kSynced));
  names_.erase(held->second.digest);
  by_name_.erase(held);
  return {};
}

std::vector<Token> TokenStore::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<Token> tokens;
  for (const auto& [name, held] : by_name_) {
    tokens.push_back(held.token);
  }
  return tokens;
}

std::optional<Token> TokenStore::find(std::string_view secret) {
  if (!secret.starts_with(kMark) || secret.size() > kMaxGivenBytes) {
    return std::nullopt;
  }
  const Sha256Digest digest = sha256(as_bytes(secret));
  const UtcTime now = clock_.utc_now();
  const std::lock_guard lock(mutex_);
  const auto name = names_.find(digest);
  if (name == names_.end()) {
    return std::nullopt;
  }
  Held& held = by_name_.at(name->second);
  if (held.token.expired(now)) {
    return std::nullopt;
  }
  note_use(held, now);
  return held.token;
}

// Also where the clock went back. What a full disk does not take is written with a later use.
void TokenStore::note_use(Held& held, UtcTime now) {
  if (now >= held.token.last_used && now - held.token.last_used < kNoteEvery) {
    return;
  }
  const UtcTime before = std::exchange(held.token.last_used, now);
  store::Batch batch;
  batch.put(Family::kMeta, key_of(held.token.name), encode(held.token, held.digest));
  if (!index_.write(batch, store::Durability::kUnsynced)) {
    held.token.last_used = before;
  }
}

http::Credentials token_in(const http::Credentials& given) {
  const std::string_view text = given.reveal();
  if (text.size() > kMaxGivenBytes) {
    return {};
  }
  if (starts_with_scheme(text, "bearer")) {
    return http::Credentials(std::string(trim(text.substr(7))));
  }
  if (!starts_with_scheme(text, "basic")) {
    return {};
  }
  const auto decoded = base64_decode(trim(text.substr(6)));
  if (!decoded) {
    return {};
  }
  const http::Credentials pair{std::string(as_text(*decoded))};
  const std::size_t colon = pair.reveal().find(':');
  return colon == std::string_view::npos
             ? http::Credentials()
             : http::Credentials(std::string(pair.reveal().substr(colon + 1)));
}

}  // namespace sluice::high
