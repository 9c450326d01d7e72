#include "highside/access/token_access.h"

#include <algorithm>

namespace sluice::high {
namespace {

using Outcome = Verdict::Outcome;

// Of names that a client chose, in events and answers.
constexpr std::size_t kShownName = 200;

bool is_publisher_of(const Token& token, std::string_view ecosystem, std::string_view document) {
  return token.role == Role::kPublisher &&
         std::ranges::any_of(token.namespaces, [&](const NamePattern& pattern) {
           return pattern.matches(ecosystem, document);
         });
}

// Why not; empty: he may.
std::string objection(const Token& token, Verb verb, std::string_view ecosystem,
                      std::string_view document, const Namespaces& site) {
  const std::string name =
      std::string(ecosystem) + " " + std::string(document.substr(0, kShownName));
  if (!site.contains(ecosystem, document)) {
    return name + ": it is not in a namespace of this site (publish.namespaces names them)";
  }
  if (token.role == Role::kAdmin ||
      (verb == Verb::kPublish && is_publisher_of(token, ecosystem, document))) {
    return {};
  }
  return "the token \"" + token.name + "\" of a " + std::string(to_string(token.role)) +
         " may not " + std::string(to_string(verb)) + " " + name +
         " (sluice-high token create makes one that may)";
}

}  // namespace

Verdict TokenAccess::decide(const http::Credentials& given, Verb verb, std::string_view ecosystem,
                            std::string_view document) const {
  if (verb == Verb::kRead && !reads_need_token_) {
    return {Outcome::kAllowed, "", ""};
  }
  const http::Credentials secret = token_in(given);
  const auto token = tokens_.find(secret.reveal());
  if (!token) {
    counters_.add(observe::Metric::kAccessUnknown);
    return {Outcome::kUnknown, "",
            given.empty() ? "this needs a token: sluice-high token create makes one"
                          : "that is no token, or one that was revoked or has expired"};
  }
  if (verb == Verb::kRead) {
    return {Outcome::kAllowed, token->name, ""};
  }
  std::string no = objection(*token, verb, ecosystem, document, namespaces_);
  if (no.empty()) {
    return {Outcome::kAllowed, token->name, ""};
  }
  counters_.add(observe::Metric::kAccessForbidden);
  events_.emit(
      observe::Level::kWarning, "access.forbidden",
      {{"token", token->name},
       {"verb", std::string(to_string(verb))},
       {"document", std::string(ecosystem) + " " + std::string(document.substr(0, kShownName))},
       {"cause", no}});
  return {Outcome::kForbidden, token->name, std::move(no)};
}

std::optional<std::string> TokenAccess::identify(const http::Credentials& given) const {
  const http::Credentials secret = token_in(given);
  auto token = tokens_.find(secret.reveal());
  if (!token) {
    counters_.add(observe::Metric::kAccessUnknown);
    return std::nullopt;
  }
  return std::move(token->name);
}

}  // namespace sluice::high
