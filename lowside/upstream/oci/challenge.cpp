#include "lowside/upstream/oci/challenge.h"

#include <algorithm>
#include <boost/json.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>

#include "lowside/pipeline/files.h"

namespace sluice::low {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxHeaderBytes = 8192;
constexpr std::size_t kMaxPartBytes = 1024;
constexpr std::size_t kMaxTokenBytes = std::size_t{32} << 10;
// A token that is said to live for ever is asked for anew each day.
constexpr std::int64_t kLongestLife = 86'400;

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c < '\x7f'; });
}

bool is_token_character(char c) {
  return c > ' ' && c < '\x7f' &&
         std::string_view("()<>@,;:\\\"/[]?={}").find(c) == std::string_view::npos;
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool at_end() const { return text_.empty(); }
  void skip(std::string_view characters) {
    text_.remove_prefix(std::min(text_.find_first_not_of(characters), text_.size()));
  }
  bool take(char c) {
    const bool found = text_.starts_with(c);
    text_.remove_prefix(found ? 1 : 0);
    return found;
  }
  std::string_view token() {
    const auto* const end = std::ranges::find_if_not(text_, is_token_character);
    const std::string_view found(text_.begin(), end);
    text_.remove_prefix(found.size());
    return found;
  }
  // None: it has no end.
  std::optional<std::string> quoted() {
    std::string found;
    while (!text_.empty() && text_.front() != '"') {
      const std::size_t escape = text_.front() == '\\' && text_.size() > 1 ? 1 : 0;
      found += text_[escape];
      text_.remove_prefix(escape + 1);
    }
    return take('"') ? std::optional(std::move(found)) : std::nullopt;
  }
  void skip_one() { text_.remove_prefix(1); }

 private:
  std::string_view text_;
};

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return result;
}

struct Found {
  std::optional<OciChallenge> bearer;
  bool basic = false;
};

void set_part(OciChallenge& challenge, const std::string& name, std::string value) {
  if (name == "realm") {
    challenge.realm = std::move(value);
  } else if (name == "service") {
    challenge.service = std::move(value);
  } else if (name == "scope") {
    challenge.scope = std::move(value);
  }
}

bool is_whole(const OciChallenge& challenge) {
  const auto fits = [](const std::string& part) {
    return part.size() <= kMaxPartBytes && is_printable(part);
  };
  return !challenge.realm.empty() && fits(challenge.realm) && fits(challenge.service) &&
         fits(challenge.scope);
}

}  // namespace

std::optional<OciChallenge> read_challenge(std::string_view header) {
  Scanner scanner(header.substr(0, kMaxHeaderBytes));
  Found found;
  bool in_bearer = false;
  for (scanner.skip(" \t,"); !scanner.at_end(); scanner.skip(" \t,")) {
    const std::string name = lower(scanner.token());
    if (name.empty()) {
      scanner.skip_one();  // nothing that is known here starts so
      continue;
    }
    scanner.skip(" \t");
    if (!scanner.take('=')) {  // a scheme
      in_bearer = name == "bearer" && !found.bearer;
      if (in_bearer) {
        found.bearer.emplace();
      }
      found.basic = found.basic || name == "basic";
      continue;
    }
    scanner.skip(" \t");
    auto value = scanner.take('"') ? scanner.quoted() : std::string(scanner.token());
    if (!value) {
      break;
    }
    if (in_bearer) {
      set_part(*found.bearer, name, std::move(*value));
    }
  }
  if (found.bearer && is_whole(*found.bearer)) {
    return found.bearer;
  }
  OciChallenge basic;
  basic.basic = true;
  return found.basic ? std::optional(std::move(basic)) : std::nullopt;
}

Result<std::string> token_uri(const std::string& registry, const OciChallenge& challenge,
                              std::string_view scope, std::string_view account) {
  const auto realm = boost::urls::parse_uri(challenge.realm);
  const std::string thing = "token server of " + display_uri(registry);
  if (!realm || (realm->scheme() != "https" && realm->scheme() != "http") ||
      realm->has_userinfo()) {
    return Error{ErrorCode::kInvalid, thing, "what it names as its realm is no address",
                 "ask the registry's operator"};
  }
  if (registry.starts_with("https:") && realm->scheme() != "https") {
    return Error{ErrorCode::kRefused, thing,
                 "its realm is not reached by https, so that anybody could read the token",
                 "ask the registry's operator"};
  }
  boost::urls::url uri(*realm);
  uri.remove_fragment();
  if (!challenge.service.empty()) {
    uri.params().append({"service", challenge.service});
  }
  uri.params().append({"scope", boost::urls::string_view(scope.data(), scope.size())});
  if (!account.empty()) {
    uri.params().append({"account", boost::urls::string_view(account.data(), account.size())});
  }
  return std::string(uri.buffer());
}

Result<OciToken> read_token(const std::string& thing, std::string_view body) {
  boost::system::error_code failure;
  const json::value value = json::parse(body, failure);
  OciToken token;
  if (!failure && value.is_object()) {
    const json::object& object = value.get_object();
    for (const char* key : {"token", "access_token"}) {
      const json::value* found = object.if_contains(key);
      if (found != nullptr && found->is_string() && token.text.empty()) {
        token.text = found->get_string();
      }
    }
    const json::value* life = object.if_contains("expires_in");
    if (life != nullptr && life->is_int64() && life->get_int64() > 0) {
      token.life = std::chrono::seconds(std::min(life->get_int64(), kLongestLife));
    }
  }
  const bool fits = std::ranges::all_of(token.text, [](char c) { return c > ' ' && c < '\x7f'; });
  if (token.text.empty() || token.text.size() > kMaxTokenBytes || !fits) {
    return Error{ErrorCode::kInvalid, thing, "its answer holds no token",
                 "ask the registry's operator"};
  }
  return token;
}

}  // namespace sluice::low
