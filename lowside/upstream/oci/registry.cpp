#include "lowside/upstream/oci/registry.h"

#include <algorithm>
#include <numeric>

#include "common/base/file_system.h"
#include "common/base/text.h"

namespace sluice::low {
namespace {

constexpr std::uint64_t kMaxCredentialsBytes = 4096;
constexpr std::uint64_t kMaxTokenAnswerBytes = std::uint64_t{128} << 10;
constexpr std::uint64_t kMaxChallengeBytes = std::uint64_t{64} << 10;  // of the page beside it
// A token is not used in its last seconds: it would age on the way.
constexpr std::chrono::seconds kTokenMargin{10};

std::string scope_of(const std::string& repository) { return "repository:" + repository + ":pull"; }

Error not_allowed(const std::string& uri, bool has_credentials) {
  return {ErrorCode::kRefused, display_uri(uri), "the registry does not let us",
          has_credentials
              ? "check the user and password in the file that credentials names, and the "
                "repository's name"
              : "check the repository's name; of a private one name a file with user:password in "
                "credentials"};
}

}  // namespace

std::string OciRegistry::uri(const std::string& repository, const std::string& path) const {
  return settings_.registry + "/v2/" + repository + "/" + path;
}

Result<std::string> OciRegistry::read_credentials() const {
  if (settings_.credentials.empty()) {
    return std::string();
  }
  SLUICE_TRY(const Bytes text,
             read_file(posix_file_system(), settings_.credentials, kMaxCredentialsBytes));
  std::string credentials(trim(as_text(text)));
  const bool printable =
      std::ranges::all_of(credentials, [](char c) { return c >= ' ' && c < '\x7f'; });
  if (credentials.find(':') == std::string::npos || credentials.starts_with(':') || !printable) {
    return Error{ErrorCode::kInvalid, settings_.credentials.string(), "it holds no user:password",
                 "write both there on one line, with a colon between them, and nothing else"};
  }
  return credentials;
}

Result<OciRegistry::Authorization> OciRegistry::authorize(PollContext& context,
                                                          const OciChallenge& challenge,
                                                          const std::string& scope) {
  SLUICE_TRY(const std::string credentials, read_credentials());
  const std::string basic =
      credentials.empty() ? "" : "Basic " + base64_encode(as_bytes(credentials));
  if (challenge.basic) {
    if (basic.empty()) {
      return not_allowed(settings_.registry, false);
    }
    return Authorization{basic, SteadyTime::max()};
  }
  SLUICE_TRY(const std::string uri, token_uri(settings_.registry, challenge, scope,
                                              credentials.substr(0, credentials.find(':'))));
  DocumentRequest request;
  request.uri = uri;
  request.size_limit = kMaxTokenAnswerBytes;
  if (!basic.empty()) {
    request.headers = {{"Authorization", basic}};
  }
  auto answer = context.fetch.document(request, context.stop);
  if (!answer && is_unauthorized(answer.error())) {
    return not_allowed(challenge.realm, !basic.empty());
  }
  SLUICE_TRY(const Document document, std::move(answer));
  SLUICE_TRY(const OciToken token, read_token(display_uri(challenge.realm), document.body));
  const auto life = std::max<std::chrono::seconds>(token.life - kTokenMargin, token.life / 2);
  return Authorization{"Bearer " + token.text, clock_.steady_now() + life};
}

// Rather one request than as many as there are images, all answered 401.
Result<void> OciRegistry::ask_for_challenge(PollContext& context) {
  DocumentRequest request;
  request.uri = settings_.registry + "/v2/";
  request.size_limit = kMaxChallengeBytes;
  request.takes_challenge = true;
  const auto answer = context.fetch.document(request, context.stop);
  // Some have no such page, and serve all the same.
  if (!answer && answer.error().code != ErrorCode::kNotFound &&
      answer.error().code != ErrorCode::kRefused) {
    return answer.error();
  }
  asked_for_challenge_ = true;
  if (answer && answer->status == 401) {
    challenge_ = read_challenge(answer->challenge);
  }
  return {};
}

Result<std::string> OciRegistry::authorization(PollContext& context,
                                               const std::string& repository) {
  if (!asked_for_challenge_) {
    SLUICE_TRY_VOID(ask_for_challenge(context));
  }
  const auto known = authorizations_.find(repository);
  if (known != authorizations_.end() && clock_.steady_now() < known->second.until) {
    return known->second.header;
  }
  if (!challenge_) {
    return std::string();
  }
  SLUICE_TRY(authorizations_[repository], authorize(context, *challenge_, scope_of(repository)));
  return authorizations_[repository].header;
}

void OciRegistry::documents(PollContext& context, const std::vector<AskedDocument>& asked,
                            const std::function<void(std::size_t, Result<Document>)>& done) {
  std::vector<std::size_t> pending(asked.size());
  std::iota(pending.begin(), pending.end(), 0);
  for (const bool is_last : {false, true}) {
    std::vector<DocumentRequest> requests;
    std::vector<std::size_t> of;
    for (const std::size_t index : pending) {
      auto header = authorization(context, asked[index].repository);
      if (!header) {
        done(index, std::move(header).error());
        continue;
      }
      DocumentRequest& request = requests.emplace_back(asked[index].request);
      request.takes_challenge = true;
      if (!header->empty()) {
        request.headers.emplace_back("Authorization", std::move(*header));
      }
      of.push_back(index);
    }
    pending.clear();
    std::map<std::string, OciChallenge> challenges;
    context.fetch.documents(
        requests, context.stop, [&](std::size_t number, Result<Document> answer) {
          const std::size_t index = of[number];
          if (!answer || answer->status != 401) {
            done(index, std::move(answer));
            return;
          }
          const auto challenge = read_challenge(answer->challenge);
          if (is_last || !challenge) {
            done(index, not_allowed(requests[number].uri, !settings_.credentials.empty()));
            return;
          }
          challenges.emplace(asked[index].repository, *challenge);
          pending.push_back(index);
        });
    for (const auto& [repository, challenge] : challenges) {
      challenge_ = challenge;
      auto made = authorize(context, challenge,
                            challenge.scope.empty() ? scope_of(repository) : challenge.scope);
      if (made) {
        authorizations_[repository] = std::move(*made);
        continue;
      }
      std::erase_if(pending, [&](std::size_t index) {
        const bool is_of_it = asked[index].repository == repository;
        if (is_of_it) {
          done(index, made.error());
        }
        return is_of_it;
      });
    }
    if (pending.empty()) {
      return;
    }
  }
}

Result<Document> OciRegistry::document(PollContext& context, const AskedDocument& asked) {
  Result<Document> answer = Document{};
  documents(context, {asked}, [&](std::size_t, Result<Document> one) { answer = std::move(one); });
  return answer;
}

void OciRegistry::files(PollContext& context, const std::vector<AskedFile>& asked,
                        const std::function<void(std::size_t, Result<FetchedFile>)>& done) {
  std::vector<std::size_t> pending(asked.size());
  std::iota(pending.begin(), pending.end(), 0);
  bool may_repeat = true;  // the first time, and whenever something arrived
  while (!pending.empty()) {
    std::vector<FetchRequest> requests;
    std::vector<std::size_t> of;
    for (const std::size_t index : pending) {
      auto header = authorization(context, asked[index].repository);
      if (!header) {
        done(index, std::move(header).error());
        continue;
      }
      FetchRequest& request = requests.emplace_back(asked[index].request);
      if (!header->empty()) {
        request.headers.emplace_back("Authorization", std::move(*header));
      }
      of.push_back(index);
    }
    pending.clear();
    bool arrived = false;
    context.fetch.files(requests, context.stop,
                        [&](std::size_t number, Result<FetchedFile> fetched) {
                          const bool aged = !fetched && is_unauthorized(fetched.error());
                          arrived = arrived || fetched.has_value();
                          if (aged && may_repeat && challenge_) {
                            authorizations_.erase(asked[of[number]].repository);
                            pending.push_back(of[number]);
                            return;
                          }
                          done(of[number], std::move(fetched));
                        });
    may_repeat = arrived;
  }
}

}  // namespace sluice::low
