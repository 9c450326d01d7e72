// protobuf writes to the terminal about every message that it cannot read.
#include <google/protobuf/stubs/logging.h>

namespace {

[[maybe_unused]] const auto kLoud = google::protobuf::SetLogHandler(nullptr);

}  // namespace
