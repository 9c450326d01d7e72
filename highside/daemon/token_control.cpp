#include "highside/daemon/token_control.h"

#include <boost/json.hpp>

namespace sluice::high {
namespace {

namespace json = boost::json;

// Times beyond it do not add up in 64 bits.
constexpr std::chrono::hours kMaxKeepFor{24 * 365 * 10'000};

std::string text_of(const json::object& asked, std::string_view key) {
  const json::value* value = asked.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

json::value time_or_null(UtcTime time) {
  return time == UtcTime() ? json::value(nullptr) : json::value(format_rfc3339(time));
}

json::object token_json(const Token& token, UtcTime now) {
  json::array namespaces;
  for (const NamePattern& pattern : token.namespaces) {
    namespaces.emplace_back(pattern.text());
  }
  return {{"name", token.name},
          {"role", to_string(token.role)},
          {"namespaces", std::move(namespaces)},
          {"created", time_or_null(token.created)},
          {"expires", time_or_null(token.expires)},
          {"expired", token.expired(now)},
          {"last_used", time_or_null(token.last_used)}};
}

Result<Token> read_token(const json::object& asked, UtcTime now) {
  Token token;
  token.name = text_of(asked, "name");
  const auto role = role_from(text_of(asked, "role"));
  if (!role) {
    return Error{ErrorCode::kInvalid, "token " + token.name, "that is no role",
                 "take reader, publisher or admin"};
  }
  token.role = *role;
  if (const json::value* namespaces = asked.if_contains("namespaces")) {
    for (const json::value& text : namespaces->as_array()) {
      SLUICE_TRY(NamePattern pattern, NamePattern::parse(std::string_view(text.as_string())));
      token.namespaces.push_back(std::move(pattern));
    }
  }
  if (const json::value* keep = asked.if_contains("keep_for_micros")) {
    const std::chrono::microseconds time(keep->to_number<std::int64_t>());
    if (time.count() <= 0 || time > kMaxKeepFor) {
      return Error{ErrorCode::kInvalid, "token " + token.name, "that is no time for it to count",
                   "write 1y, 90d or 12h"};
    }
    token.expires = now + time;
  }
  return token;
}

Result<std::string> create(TokenStore& tokens, observe::EventSink& events, const Clock& clock,
                           const json::object& asked) {
  SLUICE_TRY(const Token token, read_token(asked, clock.utc_now()));
  SLUICE_TRY(const http::Credentials secret, tokens.create(token));
  std::string namespaces;
  for (const NamePattern& pattern : token.namespaces) {
    namespaces += (namespaces.empty() ? "" : " ") + pattern.text();
  }
  events.emit(observe::Level::kNotice, "token.created",
              {{"token", token.name},
               {"role", std::string(to_string(token.role))},
               {"namespaces", std::move(namespaces)}});
  return json::serialize(json::object{{"token", secret.reveal()}, {"name", token.name}});
}

Result<std::string> revoke(TokenStore& tokens, observe::EventSink& events,
                           const std::string& name) {
  SLUICE_TRY_VOID(tokens.revoke(name));
  events.emit(observe::Level::kNotice, "token.revoked", {{"token", name}});
  return json::serialize(json::object{{"name", name}});
}

std::string list(const TokenStore& tokens, UtcTime now) {
  json::array all;
  for (const Token& token : tokens.all()) {
    all.push_back(token_json(token, now));
  }
  return json::serialize(json::object{{"tokens", std::move(all)}});
}

}  // namespace

Result<std::string> change_tokens(TokenStore& tokens, observe::EventSink& events,
                                  const Clock& clock, std::string_view argument) {
  try {
    const json::object asked = json::parse({argument.data(), argument.size()}).as_object();
    const std::string action = text_of(asked, "do");
    if (action == "create") {
      return create(tokens, events, clock, asked);
    }
    if (action == "revoke") {
      return revoke(tokens, events, text_of(asked, "name"));
    }
    if (action == "list") {
      return list(tokens, clock.utc_now());
    }
    return Error{ErrorCode::kInvalid, "token", "\"do\" is none of create, revoke and list", ""};
  } catch (const std::exception& error) {
    return Error{ErrorCode::kInvalid, "token", error.what(),
                 "are program and daemon of the same version?"};
  }
}

}  // namespace sluice::high
