#include "highside/wanted/wanted_list.h"

#include <algorithm>
#include <optional>
#include <tuple>

#include "common/http/target.h"
#include "highside/pipeline/miss.h"
#include "sluice/stored_ledger.pb.h"

namespace sluice::high {
namespace {

using store::Family;

constexpr std::string_view kPrefix = "wanted/";

std::string key_of(const std::string& package) { return std::string(kPrefix) + package; }

std::string encode(const Wanted& wanted) {
  proto::StoredWanted stored;
  stored.set_times(wanted.times);
  stored.set_first_micros(to_unix_micros(wanted.first));
  stored.set_last_micros(to_unix_micros(wanted.last));
  for (const std::string& client : wanted.clients) {
    stored.add_clients(client);
  }
  stored.set_target(wanted.target);
  return stored.SerializeAsString();
}

std::optional<Wanted> decode(std::string_view key, std::string_view value) {
  proto::StoredWanted stored;
  if (!stored.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
    return std::nullopt;
  }
  return Wanted{std::string(key.substr(kPrefix.size())),
                stored.times(),
                from_unix_micros(stored.first_micros()),
                from_unix_micros(stored.last_micros()),
                {stored.clients().begin(), stored.clients().end()},
                stored.target()};
}

// The first product of User-Agent (RFC 9110 section 10.1.5): "npm/9.2.0 node/v18 …" is
// "npm/9.2.0". Shown on terminals: nothing but what can be printed is taken.
std::string client_of(const http::Request& request) {
  const std::string_view agent = request.header("User-Agent").value_or("");
  std::string client;
  for (const char character : agent) {
    if (character <= ' ' || character > '~' || client.size() == WantedList::kMaxClientBytes) {
      break;
    }
    client += character;
  }
  return client;
}

std::optional<http::Request> request_for(const std::string& text) {
  const auto target = http::parse_target(text);
  if (!target) {
    return std::nullopt;
  }
  return http::Request{.method = "HEAD",
                       .target = text,
                       .path = target->path,
                       .raw_path = target->raw_path,
                       .query = target->query,
                       .headers = {{"Host", "localhost"}},
                       .body = {}};
}

}  // namespace

WantedList::~WantedList() {
  const std::lock_guard lock(mutex_);
  static_cast<void>(save());
}

Result<void> WantedList::load() {
  Result<void> status;
  const std::lock_guard lock(mutex_);
  SLUICE_TRY_VOID(
      index_.scan(Family::kMeta, kPrefix, "", [&](std::string_view key, std::string_view value) {
        auto wanted = decode(key, value);
        if (!wanted) {
          status = Error{ErrorCode::kIo, "entry " + std::string(key), "it does not read",
                         "the index is damaged: restore it"};
          return false;
        }
        packages_.insert_or_assign(wanted->package, std::move(*wanted));
        return true;
      }));
  return status;
}

void WantedList::note(const http::Request& asked, const http::Response& answer,
                      std::string_view at) {
  const auto told = answer.headers.find(kWantedField);
  if (answer.status != 404 || told == answer.headers.end() ||
      told->second.size() > kMaxPackageBytes || asked.target.size() > kMaxPackageBytes) {
    return;
  }
  const std::lock_guard lock(mutex_);
  if (!packages_.contains(told->second)) {
    make_room();
  }
  Wanted& wanted = packages_[told->second];
  wanted.last = clock_.utc_now();
  if (wanted.times++ == 0) {
    wanted.package = told->second;
    wanted.first = wanted.last;
  }
  wanted.target = std::string(at) + asked.target;
  if (std::string client = client_of(asked);
      !client.empty() && wanted.clients.size() < kMaxClients &&
      std::find(wanted.clients.begin(), wanted.clients.end(), client) == wanted.clients.end()) {
    wanted.clients.push_back(std::move(client));
  }
  unsaved_.insert(wanted.package);
  if (clock_.steady_now() >= saved_at_ + kSaveEvery) {
    static_cast<void>(save());  // the disk's alarm is others'
  }
}

void WantedList::make_room() {
  if (packages_.size() < kMaxPackages) {
    return;
  }
  const auto rank = [](const auto& entry) {
    return std::tuple(entry.second.times, entry.second.last);
  };
  forget(std::min_element(packages_.begin(), packages_.end(), [&](const auto& a, const auto& b) {
           return rank(a) < rank(b);
         })->first);
}

void WantedList::forget(std::string package) {
  packages_.erase(package);
  unsaved_.insert(std::move(package));
}

void WantedList::forget_held(const http::Handler& mirrors) {
  for (const Wanted& wanted : packages()) {
    const auto again = request_for(wanted.target);
    if (!again || mirrors(*again).status != 404) {
      const std::lock_guard lock(mutex_);
      forget(wanted.package);
    }
  }
  const std::lock_guard lock(mutex_);
  static_cast<void>(save());
}

std::vector<Wanted> WantedList::packages() const {
  std::vector<Wanted> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, wanted] : packages_) {
      all.push_back(wanted);
    }
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const Wanted& a, const Wanted& b) { return a.times > b.times; });
  return all;
}

std::size_t WantedList::size() const {
  const std::lock_guard lock(mutex_);
  return packages_.size();
}

Result<void> WantedList::save() {
  saved_at_ = clock_.steady_now();
  store::Batch batch;
  for (const std::string& package : unsaved_) {
    const auto found = packages_.find(package);
    if (found == packages_.end()) {
      batch.remove(Family::kMeta, key_of(package));
    } else {
      batch.put(Family::kMeta, key_of(package), encode(found->second));
    }
  }
  if (batch.empty()) {
    return {};
  }
  unsaved_.clear();
  return index_.write(batch, store::Durability::kUnsynced);
}

http::Handler note_misses(http::Handler mirrors, WantedList& wanted, std::string at) {
  return [mirrors = std::move(mirrors), &wanted, at = std::move(at)](const http::Request& request) {
    http::Response answer = mirrors(request);
    wanted.note(request, answer, at);
    return answer;
  };
}

}  // namespace sluice::high
