// `scrub`, of both programs: the running daemon reads its store again, the subcommand follows it.
#pragma once

#include <boost/json/object.hpp>
#include <filesystem>
#include <memory>
#include <string>

#include "common/config/settings.h"
#include "common/observe/counters.h"
#include "common/observe/events.h"
#include "common/service/control.h"
#include "common/store/scrubber.h"

namespace sluice::service {

// Counts what it reads, and says in events when it has ended. All outlive it.
std::unique_ptr<store::Scrubber> make_scrubber(
    const store::BlobStore& blobs, const Clock& clock, std::uint64_t bytes_per_second,
    std::function<Result<std::vector<std::string>>(const std::vector<store::DamagedBlob>&)> found,
    observe::Counters& counters, observe::EventSink& events);

// The daemon's command "scrub": "start" begins one unless one is under way, "show" only looks.
// Answers with all that is known of it, as JSON.
Command scrub_command(store::Scrubber& scrubber);
// For /status: the same without the report.
boost::json::object scrub_status(const store::ScrubProgress& progress);

// The subcommand: begins one, shows how far it is on standard error, then what was found on
// standard output. Interrupted, it leaves the daemon at it. An exit code: kExitOk if all is well,
// kExitFailure if something is damaged or it ended early, kExitUnreachable.
int scrub(const config::Settings& settings, const std::filesystem::path& token_file);

}  // namespace sluice::service
