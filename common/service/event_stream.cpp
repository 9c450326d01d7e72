#include "common/service/event_stream.h"

#include <charconv>

#include "common/base/text.h"

namespace sluice::service {
namespace {

// http::BodyStream: a wait of a second at most.
constexpr std::chrono::milliseconds kWait{1'000};
// After that many waits without an event a comment shows that the daemon is alive.
constexpr int kQuietRounds = 15;
// Of events in one piece, so that a long history is not put together in memory.
constexpr std::size_t kPieceBytes = std::size_t{64} << 10;

std::optional<std::uint64_t> number(std::string_view digits) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return error == std::errc() && end == digits.data() + digits.size()
             ? std::optional<std::uint64_t>(value)
             : std::nullopt;
}

}  // namespace

std::string to_server_sent(std::int64_t run, const observe::Event& event) {
  return "id: " + std::to_string(run) + "-" + std::to_string(event.id) +
         "\ndata: " + observe::to_json(event) + "\n\n";
}

std::uint64_t first_after(observe::EventLog& log, std::optional<std::string_view> last_event_id,
                          std::string_view query) {
  if (last_event_id) {
    const std::size_t dash = last_event_id->find('-');
    const auto id =
        dash == std::string_view::npos ? std::nullopt : number(last_event_id->substr(dash + 1));
    const bool same_run = last_event_id->substr(0, dash) == std::to_string(log.run());
    return id && same_run ? std::min(*id, log.last_id()) : 0;
  }
  for (const std::string_view part : split(query, '&')) {
    if (const auto count = part.starts_with("last=") ? number(part.substr(5)) : std::nullopt) {
      const std::uint64_t last = log.last_id();
      return last - std::min(last, *count);
    }
  }
  return 0;
}

std::optional<std::string> EventStream::next() {
  std::string piece;
  auto event = subscription_.next(kWait);
  if (!event) {
    if (subscription_.closed()) {
      return std::nullopt;
    }
    quiet_rounds_ = (quiet_rounds_ + 1) % kQuietRounds;
    return quiet_rounds_ == 0 ? ": nothing new\n\n" : "";
  }
  quiet_rounds_ = 0;
  for (; event; event = subscription_.next(std::chrono::milliseconds(0))) {
    piece += to_server_sent(log_.run(), *event);
    if (piece.size() >= kPieceBytes) {
      break;
    }
  }
  return piece;
}

}  // namespace sluice::service
