#include "common/http/router.h"

#include <algorithm>

namespace sluice::http {
namespace {

bool is_prefix(const std::string& prefix) {
  return prefix.starts_with('/') && (prefix == "/" || !prefix.ends_with('/'));
}

// What is mounted at "/a/b/c", else at "/a/b", "/a", "/"; null where nothing is.
template <class Mounts>
const typename Mounts::mapped_type* nearest(const Mounts& mounts, std::string_view prefix) {
  for (;;) {
    if (const auto found = mounts.find(prefix); found != mounts.end()) {
      return &found->second;
    }
    if (prefix.size() <= 1) {
      return nullptr;
    }
    const std::size_t slash = prefix.rfind('/');
    prefix =
        prefix.substr(0, std::max<std::size_t>(slash == std::string_view::npos ? 0 : slash, 1));
  }
}

}  // namespace

void Router::mount(std::string prefix, Handler handler) {
  SLUICE_ASSERT(is_prefix(prefix));
  SLUICE_ASSERT(mounts_.emplace(std::move(prefix), std::move(handler)).second);
}

Response Router::handle(const Request& request) const {
  const Handler* handler = nearest(mounts_, request.raw_path);
  return handler == nullptr
             ? error_response(404, request.raw_path + ": nothing is served under this path")
             : (*handler)(request);
}

void Router::mount_receiver(std::string prefix, Receiver receiver) {
  SLUICE_ASSERT(is_prefix(prefix));
  SLUICE_ASSERT(receivers_.emplace(std::move(prefix), std::move(receiver)).second);
}

Opening Router::receive(const Request& head) const {
  const Receiver* receiver = nearest(receivers_, head.raw_path);
  return receiver == nullptr ? Opening() : (*receiver)(head);
}

}  // namespace sluice::http
