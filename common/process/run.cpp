#include "common/process/run.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>

#include "common/base/bytes.h"
#include "common/base/text.h"
#include "common/process/spawn.h"

namespace sluice::process {
namespace {

using SteadyClock = std::chrono::steady_clock;

// A longer time limit is as good as none; it keeps the deadline from overflowing.
constexpr std::chrono::hours kLongestTimeLimit{24 * 365};

// More than a pipe holds (64 KiB), so that one take empties it; and few enough that a program which
// writes without end cannot keep us from its deadline.
constexpr int kReadsAtOnce = 16;

// Collects one stream of the program, up to a limit.
class Collector {
 public:
  Collector(Descriptor& from, std::string& into, std::size_t limit, bool& cut)
      : from_(from), into_(into), limit_(limit), cut_(cut) {}

  // Takes what is there now. Beyond the limit it goes on reading, so that the program can end.
  void take() {
    std::array<char, std::size_t{64} << 10> buffer{};
    for (int reads = 0; reads < kReadsAtOnce && from_.open(); ++reads) {
      const ssize_t got = ::read(from_.get(), buffer.data(), buffer.size());
      if (got > 0) {
        const auto count = static_cast<std::size_t>(got);
        const std::size_t kept = std::min(count, limit_ - into_.size());
        into_.append(buffer.data(), kept);
        cut_ = cut_ || kept < count;
      } else if (got < 0 && errno == EAGAIN) {
        return;
      } else if (got == 0 || errno != EINTR) {
        from_.reset();
      }
    }
  }

 private:
  Descriptor& from_;
  std::string& into_;
  std::size_t limit_;
  bool& cut_;
};

std::string last_line(std::string_view text) {
  text = trim(text);
  const std::size_t line_break = text.rfind('\n');
  const std::string_view line =
      line_break == std::string_view::npos ? text : text.substr(line_break + 1);
  return line.empty() ? "" : "; it last said: " + std::string(line.substr(0, 300));
}

int milliseconds_until(SteadyClock::time_point deadline) {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(deadline - SteadyClock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, INT_MAX));
}

std::string describe(std::chrono::milliseconds time) {
  return time.count() % 1000 == 0 ? std::to_string(time.count() / 1000) + " s"
                                  : std::to_string(time.count()) + " ms";
}

}  // namespace

Result<Outcome> run(const Command& command, const std::stop_token& stop) {
  const Descriptor wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.open()) {
    return errno_error("eventfd", errno);
  }
  const auto ring = [&wake] { ::eventfd_write(wake.get(), 1); };
  const std::stop_callback on_stop(stop, ring);
  const auto deadline = SteadyClock::now() +
                        std::min<std::chrono::milliseconds>(command.time_limit, kLongestTimeLimit);
  SLUICE_TRY(Child child, spawn(command));

  Outcome outcome;
  Collector output(child.output(), outcome.standard_output, command.output_limit,
                   outcome.output_cut);
  Collector error(child.error(), outcome.standard_error, command.output_limit, outcome.output_cut);
  for (;;) {
    // poll() passes over a descriptor of -1: a stream that has ended.
    std::array<pollfd, 4> waits{pollfd{wake.get(), POLLIN, 0}, pollfd{child.handle(), POLLIN, 0},
                                pollfd{child.output().get(), POLLIN, 0},
                                pollfd{child.error().get(), POLLIN, 0}};
    if (::poll(waits.data(), waits.size(), milliseconds_until(deadline)) < 0 && errno != EINTR) {
      return errno_error("poll", errno);
    }
    if (stop.stop_requested()) {
      return Error{ErrorCode::kCancelled, command.arguments[0], "was stopped", ""};
    }
    output.take();
    error.take();
    if (waits[1].revents != 0) {
      break;
    }
    if (SteadyClock::now() >= deadline) {
      return Error{ErrorCode::kUnavailable, command.arguments[0],
                   "did not end within " + describe(command.time_limit) + " and was killed" +
                       last_line(outcome.standard_error),
                   ""};
    }
  }
  // Children that it left behind may hold the pipes open: what it wrote itself is there already.
  outcome.exit_code = child.end();
  output.take();
  error.take();
  return outcome;
}

std::optional<std::string> environment_variable(const char* name) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing in this program calls setenv.
  const char* value = std::getenv(name);
  return value == nullptr || *value == '\0' ? std::nullopt : std::optional<std::string>(value);
}

}  // namespace sluice::process
