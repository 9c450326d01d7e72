#include "common/service/scrub.h"

#include <boost/json.hpp>
#include <iostream>

#include "common/base/text.h"
#include "common/service/exit_codes.h"
#include "common/service/follow.h"

namespace sluice::service {
namespace {

namespace json = boost::json;
using observe::Level;
using observe::Metric;

json::value time_or_null(UtcTime time) {
  return time == UtcTime() ? json::value(nullptr) : json::value(format_rfc3339(time));
}

std::uint64_t number(const json::object& progress, const char* key) {
  return progress.at(key).to_number<std::uint64_t>();
}

std::string how_far(const json::object& progress) {
  return std::to_string(number(progress, "blobs")) + " of " +
         std::to_string(number(progress, "all_blobs")) + " blobs, " +
         human_size(number(progress, "bytes")) + " of " +
         human_size(number(progress, "all_bytes")) + ", " +
         std::to_string(number(progress, "damaged")) + " damaged";
}

}  // namespace

std::unique_ptr<store::Scrubber> make_scrubber(
    const store::BlobStore& blobs, const Clock& clock, std::uint64_t bytes_per_second,
    std::function<Result<std::vector<std::string>>(const std::vector<store::DamagedBlob>&)> found,
    observe::Counters& counters, observe::EventSink& events) {
  return std::make_unique<store::Scrubber>(
      blobs, clock, store::ScrubSettings{.bytes_per_second = bytes_per_second},
      store::Scrubber::Hooks{
          .found = std::move(found),
          .read =
              [&counters](std::uint64_t bytes) {
                counters.add(Metric::kScrubbedBlobs);
                counters.add(Metric::kScrubbedBytes, bytes);
              },
          .finished =
              [&events](const store::ScrubProgress& progress) {
                const bool well = progress.damaged == 0 && progress.failure.empty();
                events.emit(well ? Level::kNotice : Level::kError,
                            progress.failure.empty() ? "scrub.finished" : "scrub.failed",
                            {{"blobs", std::to_string(progress.blobs)},
                             {"bytes", std::to_string(progress.bytes)},
                             {"damaged", std::to_string(progress.damaged)},
                             {"cause", progress.failure}});
              }});
}

json::object scrub_status(const store::ScrubProgress& progress) {
  return {{"running", progress.running},
          {"blobs", progress.blobs},
          {"bytes", progress.bytes},
          {"all_blobs", progress.all_blobs},
          {"all_bytes", progress.all_bytes},
          {"damaged", progress.damaged},
          {"failure", progress.failure},
          {"started", time_or_null(progress.started)},
          {"finished", time_or_null(progress.finished)}};
}

Command scrub_command(store::Scrubber& scrubber) {
  return [&scrubber](std::string_view argument) -> Result<std::string> {
    if (argument == "start") {
      scrubber.start();
    } else if (argument != "show") {
      return Error{ErrorCode::kInvalid, "scrub", "takes start or show", ""};
    }
    const store::ScrubProgress progress = scrubber.progress();
    json::object answer = scrub_status(progress);
    answer["report"] = json::array(progress.report.begin(), progress.report.end());
    return json::serialize(answer);
  };
}

int scrub(const config::Settings& settings, const std::filesystem::path& token_file) {
  const Desk desk{settings, token_file, "scrub"};
  auto progress = desk.ask("start");
  if (progress) {
    progress = follow(*std::move(progress),
                      {.look = [&] { return desk.ask("show"); }, .how_far = how_far});
  }
  if (!progress) {
    return complain(progress.error());
  }
  const json::array& report = progress->at("report").as_array();
  for (const json::value& line : report) {
    std::cout << std::string_view(line.as_string()) << "\n";
  }
  if (number(*progress, "damaged") > report.size()) {
    std::cout << "and more: the events of the daemon name them all\n";
  }
  std::cout << how_far(*progress) << "\n";
  const auto& failure = progress->at("failure").as_string();
  if (!failure.empty()) {
    std::cerr << std::string_view(failure) << "\n";
  }
  return failure.empty() && number(*progress, "damaged") == 0 ? kExitOk : kExitFailure;
}

}  // namespace sluice::service
