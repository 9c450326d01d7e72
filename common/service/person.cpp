#include "common/service/person.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>

namespace sluice::service {

std::string person() {
  const char* const sudo = std::getenv("SUDO_USER");  // NOLINT(concurrency-mt-unsafe)
  if (sudo != nullptr && *sudo != '\0') {
    return sudo;
  }
  const passwd* entry = ::getpwuid(::getuid());  // NOLINT(concurrency-mt-unsafe)
  return entry != nullptr ? entry->pw_name : std::to_string(::getuid());
}

}  // namespace sluice::service
