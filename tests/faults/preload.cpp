// A library for LD_PRELOAD: makes system calls of a program fail or wait by rules that may change
// while it runs. $SLUICE_FAULTS names a file of rules, one a line, replaced by rename(2):
//
//   CALLS PATH EFFECT=VALUE [skip=N] [count=N]
//
//   fsync,fdatasync /state/ delay=300            each waits 300 ms
//   write,pwrite /index/ error=5 skip=10 count=1 the eleventh fails with EIO
//   clock - offset=-86400                        CLOCK_REALTIME is a day behind
//
// A rule applies to calls on paths that contain PATH. For each time that one is applied a line with
// the rule's number, from 0, is added to $SLUICE_FAULTS.hits; `offset` is not counted.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <sstream>
#include <string>
#include <vector>

namespace {

struct Rule {
  std::string calls;  // "," before and after each
  std::string path;
  int error = 0;
  long delay_milliseconds = 0;
  long offset_seconds = 0;
  long skip = 0;
  long count = LONG_MAX;
};

thread_local bool within = false;  // reading the rules calls what is replaced here

class Rules {
 public:
  // The error that the call has to fail with, after waiting as long as it has to; else 0.
  int apply(const char* call, const std::string& path) {
    int error = 0;
    long delay = 0;
    {
      const std::lock_guard lock(mutex_);
      reload();
      for (std::size_t i = 0; i < rules_.size(); ++i) {
        Rule& rule = rules_[i];
        if (!named(rule, call) || path.find(rule.path) == std::string::npos || rule.count <= 0 ||
            rule.skip-- > 0) {
          continue;
        }
        --rule.count;
        error = rule.error != 0 ? rule.error : error;
        delay += rule.delay_milliseconds;
        note(i);
      }
    }
    if (delay > 0) {
      const timespec time{delay / 1000, delay % 1000 * 1'000'000};
      nanosleep(&time, nullptr);
    }
    return error;
  }

  long clock_offset() {
    const std::lock_guard lock(mutex_);
    reload();
    long offset = 0;
    for (const Rule& rule : rules_) {
      offset += named(rule, "clock") ? rule.offset_seconds : 0;
    }
    return offset;
  }

 private:
  static bool named(const Rule& rule, const char* call) {
    return rule.calls.find("," + std::string(call) + ",") != std::string::npos;
  }

  void reload() {
    struct stat now{};
    if (file_ == nullptr || ::stat(file_, &now) != 0 || now.st_ino == seen_) {
      return;
    }
    seen_ = now.st_ino;
    rules_.clear();
    std::ifstream in(file_);
    for (std::string line; std::getline(in, line);) {
      std::istringstream words(line);
      Rule rule;
      words >> rule.calls >> rule.path;
      rule.calls = "," + rule.calls + ",";
      for (std::string word; words >> word;) {
        set(rule, word);
      }
      rules_.push_back(rule);
    }
  }

  static void set(Rule& rule, const std::string& word) {
    const std::size_t equals = word.find('=');
    const std::string key = word.substr(0, equals);
    const long value = std::strtol(word.c_str() + equals + 1, nullptr, 10);
    if (key == "error") {
      rule.error = static_cast<int>(value);
    } else if (key == "delay") {
      rule.delay_milliseconds = value;
    } else if (key == "offset") {
      rule.offset_seconds = value;
    } else if (key == "skip") {
      rule.skip = value;
    } else if (key == "count") {
      rule.count = value;
    } else {
      std::abort();  // a test that does not say what it means
    }
  }

  void note(std::size_t rule) const {
    const std::string line = std::to_string(rule) + "\n";
    const long file =
        syscall(SYS_open, hits_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    syscall(SYS_write, file, line.data(), line.size());
    syscall(SYS_close, file);
  }

  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing changes the environment
  const char* file_ = std::getenv("SLUICE_FAULTS");
  const std::string hits_ = std::string(file_ != nullptr ? file_ : "") + ".hits";
  std::mutex mutex_;
  ino_t seen_ = 0;
  std::vector<Rule> rules_;
};

Rules& rules() {
  static Rules all;
  return all;
}

std::string path_of(int descriptor) {
  std::array<char, PATH_MAX> path{};
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  const ssize_t length = ::readlink(link.c_str(), path.data(), path.size());
  return {path.data(), length > 0 ? static_cast<std::size_t>(length) : 0};
}

template <class Function>
Function* real(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

int fault(const char* call, const std::string& path) {
  if (within) {
    return 0;
  }
  within = true;
  const int error = rules().apply(call, path);
  within = false;
  errno = error;
  return error;
}
int fault(const char* call, int descriptor) {
  return within ? 0 : fault(call, path_of(descriptor));
}

}  // namespace

// NOLINTBEGIN(cert-dcl50-cpp): open(2) is variadic
#define REPLACE_OPEN(name)                                                  \
  extern "C" int name(const char* path, int flags, ...) {                   \
    va_list rest;                                                           \
    va_start(rest, flags);                                                  \
    const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;  \
    va_end(rest);                                                           \
    static auto* const next = real<int(const char*, int, ...)>(#name);      \
    return fault("open", std::string(path)) ? -1 : next(path, flags, mode); \
  }
REPLACE_OPEN(open)
REPLACE_OPEN(open64)
// NOLINTEND(cert-dcl50-cpp)

extern "C" ssize_t write(int descriptor, const void* bytes, size_t count) {
  static auto* const next = real<ssize_t(int, const void*, size_t)>("write");
  return fault("write", descriptor) ? -1 : next(descriptor, bytes, count);
}

#define REPLACE_AT(name, call, pointer)                                            \
  extern "C" ssize_t name(int descriptor, pointer bytes, size_t count, off_t at) { \
    static auto* const next = real<ssize_t(int, pointer, size_t, off_t)>(#name);   \
    return fault(call, descriptor) ? -1 : next(descriptor, bytes, count, at);      \
  }
REPLACE_AT(pwrite, "pwrite", const void*)
REPLACE_AT(pwrite64, "pwrite", const void*)
REPLACE_AT(pread, "pread", void*)
REPLACE_AT(pread64, "pread", void*)

#define REPLACE_SYNC(name)                                   \
  extern "C" int name(int descriptor) {                      \
    static auto* const next = real<int(int)>(#name);         \
    return fault(#name, descriptor) ? -1 : next(descriptor); \
  }
REPLACE_SYNC(fsync)
REPLACE_SYNC(fdatasync)

#define REPLACE_TWO_PATHS(name)                                           \
  extern "C" int name(const char* from, const char* to) {                 \
    static auto* const next = real<int(const char*, const char*)>(#name); \
    return fault(#name, std::string(to)) ? -1 : next(from, to);           \
  }
REPLACE_TWO_PATHS(rename)
REPLACE_TWO_PATHS(link)

extern "C" int mkdir(const char* path, mode_t mode) {
  static auto* const next = real<int(const char*, mode_t)>("mkdir");
  return fault("mkdir", std::string(path)) ? -1 : next(path, mode);
}

namespace {

time_t offset() {
  if (within) {
    return 0;
  }
  within = true;
  const int before = errno;
  const time_t seconds = rules().clock_offset();
  errno = before;
  within = false;
  return seconds;
}

}  // namespace

extern "C" int clock_gettime(clockid_t clock, timespec* time) {
  static auto* const next = real<int(clockid_t, timespec*)>("clock_gettime");
  const int status = next(clock, time);
  if (status == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    time->tv_sec += offset();
  }
  return status;
}

extern "C" int gettimeofday(timeval* time, void* zone) {
  static auto* const next = real<int(timeval*, void*)>("gettimeofday");
  const int status = next(time, zone);
  time->tv_sec += status == 0 ? offset() : 0;
  return status;
}

extern "C" time_t time(time_t* into) {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (into != nullptr) {
    *into = now.tv_sec;
  }
  return now.tv_sec;
}
