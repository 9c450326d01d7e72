#include "lowside/inspect/inspector.h"

#include "lowside/pipeline/media_type.h"
#include "lowside/pipeline/refuse.h"

namespace sluice::low {
namespace {

std::string joined(const std::vector<std::string>& types) {
  std::string text;
  for (const std::string& type : types) {
    text += (text.empty() ? "" : " or ") + type;
  }
  return text;
}

}  // namespace

Result<InspectedFile> Inspector::inspect(VerifiedFile file,
                                         const std::vector<std::string>& media_types) {
  const FetchedFile& fetched = file.file();
  SLUICE_TRY(std::string type, types_.type_of(fetched.path().value()));
  if (!media_type_allowed(type, media_types)) {
    counters_.add(observe::Metric::kInspectMismatch);
    return refuse(quarantine_, events_, fetched, "inspect",
                  Error{ErrorCode::kIntegrity, fetched.request().name,
                        "its content is " + type + " where " + joined(media_types) +
                            " is expected, from " + display_uri(fetched.request().uri),
                        "look at the file in quarantine: it may be an error page of a proxy"},
                  {{"media_type", type}});
  }
  return InspectedFile(PassKey<Inspector>(), std::move(file), std::move(type));
}

}  // namespace sluice::low
