#include "common/http/answer_cache.h"

#include "common/http/memory_source.h"

namespace sluice::http {
namespace {

// Node, pointers and header fields of an entry, roughly.
constexpr std::size_t kEntryBytes = 512;

// Everything that an answer may depend on, beside the conditions and ranges that respond() works
// out anew.
std::string key_of(const Request& request) {
  const std::string_view host = request.header("Host").value_or("");
  const std::string_view accept = request.header("Accept").value_or("");
  std::string key;
  key.reserve(host.size() + request.target.size() + accept.size() + 3);
  key.append(request.secure ? "s" : "p").append(host).append(1, '\n');
  key.append(request.target).append(1, '\n').append(accept);
  return key;
}

// The same answer with its header fields made, and its body in memory where it is short.
std::shared_ptr<const Lasting> held(const Lasting& answer) {
  auto kept = std::make_shared<Lasting>(
      Lasting{answer.content, answer.source, whole_fields(answer.content)});
  const BodySource& source = *answer.source;
  if (source.size() <= AnswerCache::kMaxHeldBytes && source.memory().data() == nullptr) {
    std::string text(source.size(), '\0');
    if (!source.read_at(0, {reinterpret_cast<std::uint8_t*>(text.data()), text.size()})) {
      return nullptr;
    }
    kept->source = std::make_shared<const MemorySource>(std::move(text));
  }
  return kept;
}

}  // namespace

bool AnswerCache::takes(const Request& request) const {
  return options_.bytes > 0 && (request.method == "GET" || request.method == "HEAD") &&
         (!options_.allows || options_.allows(request));
}

std::optional<Response> AnswerCache::answer(const Request& request) {
  if (!takes(request)) {
    return std::nullopt;
  }
  const std::string key = key_of(request);
  const std::uint64_t now = version();
  std::shared_ptr<const Lasting> lasting;
  {
    const std::lock_guard lock(mutex_);
    follow(now);
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) {
      return std::nullopt;
    }
    entries_.splice(entries_.begin(), entries_, found->second);
    lasting = found->second->lasting;
  }
  if (request.method != "GET" || asks_for_less(request)) {
    return respond(request, *lasting);
  }
  Response whole{.body = SourceRange{lasting->source, 0, lasting->source->size()}};
  whole.lasting = std::move(lasting);
  return whole;
}

void AnswerCache::keep(const Request& request, std::shared_ptr<const Lasting> answer,
                       std::uint64_t version) {
  const bool is_source =
      answer->source->size() > kMaxHeldBytes && answer->source->memory().data() == nullptr;
  std::string key = key_of(request);
  const std::size_t bytes =
      kEntryBytes + key.size() + (is_source ? 0 : static_cast<std::size_t>(answer->source->size()));
  answer = held(*answer);
  const std::lock_guard lock(mutex_);
  if (!answer || bytes > options_.bytes / 2 || version < version_) {
    return;
  }
  follow(version);
  if (by_key_.contains(key)) {
    return;  // two asked at once
  }
  entries_.push_front({std::move(key), std::move(answer), bytes, is_source});
  by_key_.emplace(entries_.front().key, entries_.begin());
  bytes_ += bytes;
  sources_ += is_source ? 1 : 0;
  while (bytes_ > options_.bytes) {
    forget(std::prev(entries_.end()));
  }
  for (auto at = entries_.end(); sources_ > kMaxSources;) {
    --at;
    if (at->is_source) {
      forget(at);
      break;  // one came, one goes
    }
  }
}

void AnswerCache::forget(std::list<Entry>::iterator entry) {
  by_key_.erase(entry->key);
  bytes_ -= entry->bytes;
  sources_ -= entry->is_source ? 1 : 0;
  entries_.erase(entry);
}

void AnswerCache::follow(std::uint64_t version) {
  if (version > version_) {
    version_ = version;
    by_key_.clear();
    entries_.clear();
    bytes_ = 0;
    sources_ = 0;
  }
}

}  // namespace sluice::http
