// Answers that need no handler: what the same request was answered with, while nothing has changed.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "common/http/content.h"
#include "common/http/message.h"

namespace sluice::http {

struct CacheOptions {
  // Of bodies and keys; 0: nothing is kept. Longer bodies than kMaxHeldBytes are kept as their
  // source (an open file), of which there are kMaxSources at the most.
  std::size_t bytes = 0;
  // Grows with every change that may change an answer: what was kept before is forgotten. Called
  // for each request, by any thread.
  std::function<std::uint64_t()> version{};
  // Whether this request may be answered without its handler; none: all may. Likewise.
  std::function<bool(const Request&)> allows{};
};

// Callable from any thread. Least recently used goes first.
class AnswerCache {
 public:
  static constexpr std::size_t kMaxHeldBytes = std::size_t{1} << 20;
  static constexpr std::size_t kMaxSources = 256;

  explicit AnswerCache(CacheOptions options) : options_(std::move(options)) {}

  // The answer, ranges and conditions included, if it is known.
  std::optional<Response> answer(const Request& request);

  // What must be asked before the handler is, and given to keep(): an answer that a change has
  // overtaken is not kept.
  std::uint64_t version() const { return options_.bytes == 0 ? 0 : options_.version(); }
  bool takes(const Request& request) const;
  // Reads the body where it is short, so that it is for a worker to call.
  void keep(const Request& request, std::shared_ptr<const Lasting> answer, std::uint64_t version);

 private:
  struct Entry {
    std::string key;
    std::shared_ptr<const Lasting> lasting;
    std::size_t bytes = 0;
    bool is_source = false;
  };
  void forget(std::list<Entry>::iterator entry);  // locked
  void follow(std::uint64_t version);             // locked

  const CacheOptions options_;
  std::mutex mutex_;
  std::uint64_t version_ = 0;
  std::list<Entry> entries_;  // most recently used first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_key_;
  std::size_t bytes_ = 0;
  std::size_t sources_ = 0;
};

}  // namespace sluice::http
