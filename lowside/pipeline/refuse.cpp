#include "lowside/pipeline/refuse.h"

namespace sluice::low {

Error refuse(Quarantine& quarantine, observe::EventSink& events, const FetchedFile& file,
             std::string_view stage, Error why, observe::Fields more) {
  const auto kept = quarantine.take(file, stage, why);
  more.emplace_back("origin", display_uri(file.request().uri));
  more.emplace_back("digest", file.digests().front().to_string());
  more.emplace_back("quarantine", kept ? kept->string() : kept.error().message());
  events.failure(observe::Level::kWarning, std::string(stage) + ".refused", why, std::move(more));
  return why;
}

}  // namespace sluice::low
