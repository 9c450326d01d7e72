#include "lowside/daemon/source_set.h"

namespace sluice::low {

void SourceSet::apply(std::vector<ConfiguredSource> sources) {
  std::map<std::string, Running> before;
  {
    const std::lock_guard lock(mutex_);
    before = running_;
  }
  std::map<std::string, Running> after;
  std::vector<ConfiguredSource> fresh;
  for (ConfiguredSource& source : sources) {
    const auto same = before.find(source.name);
    if (same != before.end() && same->second.settings == source.settings) {
      same->second.runner->poll_soon();
      after.insert(before.extract(same));
    } else {
      fresh.push_back(std::move(source));
    }
  }
  {
    const std::lock_guard lock(mutex_);
    running_ = after;  // those that stay are shown all the while
  }
  before.clear();  // waits for their polls to stop, before others of the same name start
  for (ConfiguredSource& source : fresh) {
    const bool by_request = source.pattern.by_request.has_value();
    auto runner = std::make_shared<SourceRunner>(std::move(source.upstream), parts_,
                                                 work_ / source.name, std::move(source.pattern));
    after.emplace(source.name, Running{std::move(source.settings), std::move(runner), by_request});
  }
  const std::lock_guard lock(mutex_);
  running_ = std::move(after);
}

std::vector<SourceStatus> SourceSet::status() const {
  const std::lock_guard lock(mutex_);
  std::vector<SourceStatus> all;
  all.reserve(running_.size());
  for (const auto& [name, source] : running_) {
    all.push_back(source.runner->status());
  }
  return all;
}

std::vector<std::string> SourceSet::by_request() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, source] : running_) {
    if (source.by_request) {
      names.push_back(name);
    }
  }
  return names;
}

void SourceSet::poll_soon(const std::string& name) {
  const std::lock_guard lock(mutex_);
  if (const auto found = running_.find(name); found != running_.end()) {
    found->second.runner->poll_soon();
  }
}

}  // namespace sluice::low
