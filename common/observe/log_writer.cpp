#include "common/observe/log_writer.h"

#include <spdlog/async.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

namespace sluice::observe {
namespace {

// syslog(3): 3 is an error, 7 for debugging.
int syslog_priority(Level level) {
  switch (level) {
    case Level::kDebug:
      return 7;
    case Level::kInfo:
      return 6;
    case Level::kNotice:
      return 5;
    case Level::kWarning:
      return 4;
    case Level::kError:
      return 3;
  }
  return 6;
}

}  // namespace

LogWriter::LogWriter(Options options, std::shared_ptr<spdlog::sinks::sink> sink, Counters& counters)
    : options_(options),
      counters_(counters),
      thread_(std::make_shared<spdlog::details::thread_pool>(kLogQueueLines, 1)),
      logger_(std::make_shared<spdlog::async_logger>(
          "sluice", std::move(sink), thread_, spdlog::async_overflow_policy::overrun_oldest)) {
  logger_->set_pattern("%v");
  logger_->set_level(spdlog::level::trace);
}

LogWriter::~LogWriter() = default;

std::unique_ptr<LogWriter> LogWriter::to_standard_error(Level least, Counters& counters) {
  return std::make_unique<LogWriter>(
      Options{.least = least, .journal = standard_error_is_journal()},
      std::make_shared<spdlog::sinks::stderr_sink_mt>(), counters);
}

void LogWriter::write(const Event& event) {
  if (event.level < options_.least) {
    return;
  }
  std::string line = options_.journal ? "<" + std::to_string(syslog_priority(event.level)) + ">"
                                      : format_rfc3339(event.time) + " " +
                                            std::string(to_string(event.level)) + " ";
  line += to_logfmt(event);
  logger_->log(spdlog::level::info, spdlog::string_view_t(line));
  counters_.set(Metric::kLogLinesLost, thread_->overrun_counter());
}

bool standard_error_is_journal() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing in this program calls setenv.
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat info{};
  if (stream == nullptr || ::fstat(STDERR_FILENO, &info) != 0) {
    return false;
  }
  return std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino) == stream;
}

}  // namespace sluice::observe
