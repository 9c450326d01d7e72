// Tokens: who may read, publish or administer. A token is 256 random bits, told once, when it is
// made; kept is its SHA-256. A fast digest is enough: what a slow one hampers is trying likely
// passwords, and of 2^256 equally likely texts none can be tried in time. It also means that a
// lookup by digest tells nobody by its time how much of a guess was right.
//
// On disk: kMeta "token/" and the name, a StoredToken.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/http/credentials.h"
#include "common/store/key_value_store.h"
#include "highside/pipeline/namespaces.h"

namespace sluice::high {

enum class Role { kReader, kPublisher, kAdmin };
std::string_view to_string(Role role);
std::optional<Role> role_from(std::string_view name);

struct Token {
  std::string name;
  Role role = Role::kReader;
  std::vector<NamePattern> namespaces;  // of a publisher
  UtcTime created;
  UtcTime expires;    // the epoch: it counts until it is revoked
  UtcTime last_used;  // the epoch: never; within a minute

  bool expired(UtcTime now) const { return expires != UtcTime() && expires <= now; }
};

// Callable from any thread.
class TokenStore {
 public:
  static constexpr std::size_t kMaxTokens = 10'000;  // 400 bytes each, and its namespaces
  static constexpr std::size_t kMaxNameBytes = 64;
  static constexpr std::size_t kMaxNamespaces = 64;
  // How often a use is written down: a busy token costs one write a minute.
  static constexpr std::chrono::minutes kNoteEvery{1};

  // Both outlive it.
  TokenStore(store::KeyValueStore& index, const Clock& clock) : index_(index), clock_(clock) {}

  Result<void> load();  // before anything else. kIo: an entry does not read

  // Durable when it returns; `token.created` and `last_used` are set here. kInvalid: the name, the
  // namespaces or the time will not do. kRefused: the name is taken, or there are too many.
  Result<http::Credentials> create(Token token);
  Result<void> revoke(const std::string& name);  // kNotFound
  std::vector<Token> all() const;                // by name

  // Whose it is; notes the use. None: nobody's, or it has expired.
  std::optional<Token> find(std::string_view secret);

 private:
  struct Held {
    Token token;
    Sha256Digest digest;
  };
  void note_use(Held& held, UtcTime now);  // locked

  store::KeyValueStore& index_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::map<std::string, Held, std::less<>> by_name_;
  std::map<Sha256Digest, std::string> names_;
};

// The token in an Authorization field: "Bearer TOKEN", or the password of "Basic …", whoever the
// user ("__token__" by custom). Empty where there is none.
http::Credentials token_in(const http::Credentials& given);

}  // namespace sluice::high
