// What clients asked for and this side does not hold: "can you get X?" answered before anyone asks.
//
// On disk: kMeta "wanted/" and the package URL, a StoredWanted. Misses are written with the first
// that comes kSaveEvery after the last write, or when the program ends: a crash loses the last of
// them. What a full disk does not take is written when it is asked for again.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/http/message.h"
#include "common/store/key_value_store.h"

namespace sluice::high {

struct Wanted {
  std::string package;  // as a package URL (pipeline/miss.h)
  std::uint64_t times = 0;
  UtcTime first;
  UtcTime last;
  std::vector<std::string> clients;  // "npm/9.2.0": the first that asked
  std::string target;                // of the last request for it
};

// Callable from any thread.
class WantedList {
 public:
  // About 1 KB each. Beyond it, what was asked for least, and of that what was asked for longest
  // ago, is forgotten.
  static constexpr std::size_t kMaxPackages = 10'000;
  static constexpr std::size_t kMaxClients = 8;         // of each package
  static constexpr std::size_t kMaxClientBytes = 64;    // a longer name is cut
  static constexpr std::size_t kMaxPackageBytes = 512;  // a longer one is not noted
  static constexpr std::chrono::seconds kSaveEvery{1};

  // Both outlive it.
  WantedList(store::KeyValueStore& index, const Clock& clock) : index_(index), clock_(clock) {}
  ~WantedList();
  WantedList(const WantedList&) = delete;
  WantedList& operator=(const WantedList&) = delete;

  Result<void> load();  // before anything else

  // Notes the miss that the answer tells, if it tells one. `at`: where the mirror is that
  // forget_held() asks again, when the client asked it elsewhere: "/npm".
  void note(const http::Request& asked, const http::Response& answer, std::string_view at = "");
  // Asks `mirrors` again for each, and forgets what is there by now.
  void forget_held(const http::Handler& mirrors);
  std::vector<Wanted> packages() const;  // those asked for most first
  std::size_t size() const;

 private:
  void make_room();                  // locked
  void forget(std::string package);  // locked
  Result<void> save();               // locked; tries once

  store::KeyValueStore& index_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::map<std::string, Wanted> packages_;
  std::set<std::string> unsaved_;
  SteadyTime saved_at_{};
};

// A handler that notes what `mirrors` does not have; `at`: see WantedList::note. Shares ownership
// of nothing: the list outlives it.
http::Handler note_misses(http::Handler mirrors, WantedList& wanted, std::string at = "");

}  // namespace sluice::high
