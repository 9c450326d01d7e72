// A machine that packages are for: a Python and a platform (specification "Platform compatibility
// tags").
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/error.h"
#include "common/ecosystem/pypi/file_name.h"

namespace sluice::low {

class PypiTarget {
 public:
  // "3.11/manylinux_2_36_x86_64", "3.12.4/win_amd64": CPython's version and the newest platform tag
  // that the machine takes. manylinux2014 and its elders are read as the glibc that they stand for.
  static Result<PypiTarget> read(std::string_view text);

  const std::string& text() const { return text_; }
  // "3.11"
  std::string python() const;
  // "3.11.0" where the text names no third number
  std::string full_python() const;
  // All platform tags that the machine takes but "any", the best first: those of every older glibc
  // and their aliases too.
  const std::vector<std::string>& platforms() const { return platforms_; }
  // Values of environment markers (PEP 508): {"python_version", "3.11"}, …
  std::vector<std::pair<std::string, std::string>> markers() const;

  // Whether a wheel is for it, by its tags.
  bool takes(const pypi::FileName& wheel) const;
  // What keeps it from it, for people: "it needs glibc 2.39, the target has 2.36".
  std::string why_not(const pypi::FileName& wheel) const;

  bool operator==(const PypiTarget& other) const { return text_ == other.text_; }

 private:
  enum class System { kLinux, kMac, kWindows };

  bool takes_python(const pypi::FileName& wheel) const;
  bool takes_platform(const pypi::FileName& wheel) const;

  std::string text_;
  unsigned minor_ = 0;  // of Python 3
  unsigned patch_ = 0;
  System system_ = System::kLinux;
  std::string family_;  // "manylinux", "musllinux", "macosx"; empty for Windows
  unsigned libc_major_ = 0;
  unsigned libc_minor_ = 0;
  std::string machine_;  // as the platform tag spells it
  std::vector<std::string> platforms_;
};

}  // namespace sluice::low
