// Preloaded into a daemon by the crash tests: kills it at a named system call.
//
//   SLUICE_KILL_POINT  steps, separated by ';'. A step is "WHEN CALL PATTERN [COUNT [CONTENT]]":
//                      WHEN is before or after, CALL one of those below, PATTERN a glob for the
//                      path that it works on, COUNT how many such calls it takes (1), CONTENT bytes
//                      that a write must contain. Steps are passed in order; at the last one the
//                      process raises SIGKILL.
//   SLUICE_KILL_CUT    a path on an ext4 file system that is shut down first, without a flush of
//   its
//                      journal, as if the power had gone at that moment. Needs root.
#include <dlfcn.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

struct Step {
  std::string when;
  std::string call;
  std::string pattern;
  int count = 1;
  std::string content;
};

std::vector<Step> read_steps() {
  std::vector<Step> steps;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing in this program calls setenv.
  const char* const text = std::getenv("SLUICE_KILL_POINT");
  std::istringstream all(text == nullptr ? "" : text);
  for (std::string line; std::getline(all, line, ';');) {
    std::istringstream words(line);
    Step step;
    if (!(words >> step.when >> step.call >> step.pattern)) {
      std::fprintf(stderr, "kill point: \"%s\" does not read\n", line.c_str());
      std::abort();
    }
    words >> step.count >> step.content;
    steps.push_back(std::move(step));
  }
  return steps;
}

void cut_power() {
  constexpr unsigned long kShutdown = _IOR('X', 125, std::uint32_t);  // EXT4_IOC_SHUTDOWN
  std::uint32_t flags = 2;                                            // no flush of the log
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing in this program calls setenv.
  const char* const path = std::getenv("SLUICE_KILL_CUT");
  if (path == nullptr) {
    return;
  }
  const int descriptor = ::open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0 || ::ioctl(descriptor, kShutdown, &flags) != 0) {
    std::perror("kill point: the file system cannot be shut down");
    std::abort();
  }
}

// Only the programs under test are killed, not gpg or npm, which they start.
bool is_ours() { return std::string_view(program_invocation_short_name).starts_with("sluice-"); }

class Plan {
 public:
  // True if the process is to end now.
  bool passes(std::string_view when, std::string_view call, const char* path,
              std::string_view content = {}) {
    const std::lock_guard lock(mutex_);
    if (steps_.empty()) {
      return false;
    }
    Step& step = steps_.front();
    if (step.call != call || step.when != when || ::fnmatch(step.pattern.c_str(), path, 0) != 0 ||
        content.find(step.content) == std::string_view::npos || --step.count > 0) {
      return false;
    }
    steps_.erase(steps_.begin());
    return steps_.empty();
  }

  bool waits_for(std::string_view call) {
    const std::lock_guard lock(mutex_);
    return !steps_.empty() && steps_.front().call == call;
  }

 private:
  std::mutex mutex_;
  std::vector<Step> steps_ = is_ours() ? read_steps() : std::vector<Step>();
};

Plan& plan() {
  static Plan* const the_plan = new Plan;  // never destroyed: threads write to the very end
  return *the_plan;
}

// Set when the process is to end: no other thread gets to see what the cut disk answers.
std::atomic<bool> ending{false};

void wait_for_the_end() {
  while (ending) {
    ::pause();
  }
}

void look(std::string_view when, std::string_view call, const char* path,
          std::string_view content = {}) {
  if (plan().passes(when, call, path, content)) {
    ending = true;
    cut_power();
    ::kill(::getpid(), SIGKILL);
    ::pause();
  }
}

std::string path_of(int descriptor) {
  std::array<char, PATH_MAX> path{};
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  const ssize_t length = ::readlink(link.c_str(), path.data(), path.size());
  return {path.data(), static_cast<std::size_t>(length > 0 ? length : 0)};
}

template <typename Function>
Function next(const char* symbol) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, symbol));
}

// The call of the C library, between two looks.
template <typename Function, typename... Arguments>
auto on_path(const char* call, Function real, const char* path, Arguments... arguments) {
  wait_for_the_end();
  look("before", call, path);
  const auto result = real(arguments...);
  wait_for_the_end();
  look("after", call, path);
  return result;
}

template <typename Function, typename... Arguments>
auto on_descriptor(const char* call, Function real, std::string_view content, int descriptor,
                   Arguments... arguments) {
  wait_for_the_end();
  if (!plan().waits_for(call)) {
    const auto result = real(descriptor, arguments...);
    wait_for_the_end();
    return result;
  }
  const std::string path = path_of(descriptor);
  look("before", call, path.c_str(), content);
  const auto result = real(descriptor, arguments...);
  wait_for_the_end();
  look("after", call, path.c_str(), content);
  return result;
}

std::string_view text(const void* bytes, std::size_t count) {
  return {static_cast<const char*>(bytes), count};
}

}  // namespace

extern "C" {

int link(const char* from, const char* to) noexcept {
  static const auto real = next<int (*)(const char*, const char*)>("link");
  return on_path("link", real, to, from, to);
}

int rename(const char* from, const char* to) noexcept {
  static const auto real = next<int (*)(const char*, const char*)>("rename");
  return on_path("rename", real, to, from, to);
}

int renameat2(int from_folder, const char* from, int to_folder, const char* to,
              unsigned flags) noexcept {
  static const auto real = next<int (*)(int, const char*, int, const char*, unsigned)>("renameat2");
  return on_path("rename", real, to, from_folder, from, to_folder, to, flags);
}

int unlink(const char* path) noexcept {
  static const auto real = next<int (*)(const char*)>("unlink");
  return on_path("unlink", real, path, path);
}

int mkdir(const char* path, mode_t mode) noexcept {
  static const auto real = next<int (*)(const char*, mode_t)>("mkdir");
  return on_path("mkdir", real, path, path, mode);
}

int chmod(const char* path, mode_t mode) noexcept {
  static const auto real = next<int (*)(const char*, mode_t)>("chmod");
  return on_path("chmod", real, path, path, mode);
}

int fsync(int descriptor) {
  static const auto real = next<int (*)(int)>("fsync");
  return on_descriptor("fsync", real, {}, descriptor);
}

int fdatasync(int descriptor) {
  static const auto real = next<int (*)(int)>("fdatasync");
  return on_descriptor("fdatasync", real, {}, descriptor);
}

ssize_t write(int descriptor, const void* bytes, size_t count) {
  static const auto real = next<ssize_t (*)(int, const void*, size_t)>("write");
  return on_descriptor("write", real, text(bytes, count), descriptor, bytes, count);
}

ssize_t pwrite(int descriptor, const void* bytes, size_t count, off_t offset) {
  static const auto real = next<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite");
  return on_descriptor("write", real, text(bytes, count), descriptor, bytes, count, offset);
}

int sendmmsg(int descriptor, struct mmsghdr* messages, unsigned count, int flags) {
  static const auto real = next<int (*)(int, struct mmsghdr*, unsigned, int)>("sendmmsg");
  return on_descriptor("sendmmsg", real, {}, descriptor, messages, count, flags);
}

}  // extern "C"
