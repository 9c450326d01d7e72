#include "lowside/upstream/pypi/target.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "common/base/text.h"

namespace sluice::low {
namespace {

// Of Python, glibc, musl and macOS: each has one or two a year. A target takes a platform tag for
// every one up to its own.
constexpr unsigned kMaxMinor = 99;
// glibc 2.5 is what manylinux1 stood for.
constexpr unsigned kOldestGlibc = 5;

struct Alias {
  std::string_view name;
  unsigned glibc;  // 2.x
};
constexpr std::array kAliases{Alias{"manylinux2014", 17}, Alias{"manylinux2010", 12},
                              Alias{"manylinux1", 5}};

std::optional<unsigned> number(std::string_view text) {
  unsigned value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  return failure == std::errc() && end == text.data() + text.size() && value <= 9999
             ? std::optional(value)
             : std::nullopt;
}

struct Tag {
  std::string family;
  unsigned major = 0;
  unsigned minor = 0;
  std::string machine;
};

// "manylinux_2_36_x86_64", "macosx_11_0_arm64".
std::optional<Tag> versioned(std::string_view text) {
  for (const Alias& alias : kAliases) {
    if (text.starts_with(alias.name) && text.size() > alias.name.size() &&
        text[alias.name.size()] == '_') {
      return Tag{"manylinux", 2, alias.glibc, std::string(text.substr(alias.name.size() + 1))};
    }
  }
  const auto parts = split(text, '_');
  if (parts.size() < 4) {
    return std::nullopt;
  }
  const auto major = number(parts[1]);
  const auto minor = number(parts[2]);
  const std::size_t machine = parts[0].size() + parts[1].size() + parts[2].size() + 3;
  if (!major || !minor || machine >= text.size()) {
    return std::nullopt;
  }
  return Tag{std::string(parts[0]), *major, *minor, std::string(text.substr(machine))};
}

std::vector<std::string> linux_platforms(const Tag& tag) {
  std::vector<std::string> result;
  const unsigned oldest = tag.family == "manylinux" ? kOldestGlibc : 0;
  for (unsigned minor = tag.minor + 1; minor-- > oldest;) {
    result.push_back(tag.family + "_" + std::to_string(tag.major) + "_" + std::to_string(minor) +
                     "_" + tag.machine);
    for (const Alias& alias : kAliases) {
      if (tag.family == "manylinux" && alias.glibc == minor) {
        result.push_back(std::string(alias.name) + "_" + tag.machine);
      }
    }
  }
  result.push_back("linux_" + tag.machine);
  return result;
}

bool is_plain(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

}  // namespace

Result<PypiTarget> PypiTarget::read(std::string_view text) {
  const auto invalid = [&](std::string cause) {
    return Error{ErrorCode::kInvalid, "target \"" + std::string(text) + "\"", std::move(cause),
                 "write \"3.11/manylinux_2_36_x86_64\", \"3.12/musllinux_1_2_aarch64\", "
                 "\"3.12/macosx_14_0_arm64\" or \"3.12/win_amd64\""};
  };
  PypiTarget target;
  target.text_ = text;
  const auto halves = split(text, '/');
  const auto numbers = split(halves[0], '.');
  const auto minor = numbers.size() > 1 ? number(numbers[1]) : std::nullopt;
  const auto patch = numbers.size() > 2 ? number(numbers[2]) : std::optional(0U);
  if (halves.size() != 2 || numbers.size() > 3 || numbers[0] != "3" || !minor || !patch ||
      *minor > kMaxMinor || !is_plain(halves[1])) {
    return invalid("it is not a version of Python 3, a slash and a platform tag");
  }
  target.minor_ = *minor;
  target.patch_ = *patch;
  if (halves[1].starts_with("win")) {
    target.system_ = System::kWindows;
    target.machine_ = halves[1];
    target.platforms_ = {std::string(halves[1])};
    return target;
  }
  auto tag = versioned(halves[1]);
  const bool is_linux = tag && (tag->family == "manylinux" || tag->family == "musllinux");
  if (!tag || (!is_linux && tag->family != "macosx") || tag->minor > kMaxMinor) {
    return invalid("its platform is none that is known");
  }
  target.system_ = is_linux ? System::kLinux : System::kMac;
  target.family_ = tag->family;
  target.libc_major_ = tag->major;
  target.libc_minor_ = tag->minor;
  target.machine_ = tag->machine;
  // pip itself adds the older ones of macOS.
  target.platforms_ =
      is_linux ? linux_platforms(*tag) : std::vector<std::string>{std::string(halves[1])};
  return target;
}

std::string PypiTarget::python() const { return "3." + std::to_string(minor_); }

std::string PypiTarget::full_python() const { return python() + "." + std::to_string(patch_); }

std::vector<std::pair<std::string, std::string>> PypiTarget::markers() const {
  const bool is_windows = system_ == System::kWindows;
  const std::string machine = machine_ == "win_amd64"   ? "AMD64"
                              : machine_ == "win_arm64" ? "ARM64"
                              : machine_ == "win32"     ? "x86"
                                                        : machine_;
  return {{"implementation_name", "cpython"},
          {"implementation_version", full_python()},
          {"os_name", is_windows ? "nt" : "posix"},
          {"platform_machine", machine},
          {"platform_python_implementation", "CPython"},
          {"platform_release", ""},
          {"platform_system", is_windows                ? "Windows"
                              : system_ == System::kMac ? "Darwin"
                                                        : "Linux"},
          {"platform_version", ""},
          {"python_full_version", full_python()},
          {"python_version", python()},
          {"sys_platform", is_windows                ? "win32"
                           : system_ == System::kMac ? "darwin"
                                                     : "linux"}};
}

bool PypiTarget::takes(const pypi::FileName& wheel) const {
  return takes_python(wheel) && takes_platform(wheel);
}

bool PypiTarget::takes_python(const pypi::FileName& wheel) const {
  const std::string own = "cp3" + std::to_string(minor_);
  const auto has = [](const std::vector<std::string>& list, std::string_view word) {
    return std::ranges::find(list, word) != list.end();
  };
  if (has(wheel.pythons, own) && (has(wheel.abis, own) || has(wheel.abis, "none"))) {
    return true;
  }
  for (unsigned minor = 0; minor <= minor_; ++minor) {
    const std::string version = "3" + std::to_string(minor);
    if ((has(wheel.abis, "abi3") && has(wheel.pythons, "cp" + version)) ||
        (has(wheel.abis, "none") && has(wheel.pythons, "py" + version))) {
      return true;
    }
  }
  return has(wheel.abis, "none") && has(wheel.pythons, "py3");
}

bool PypiTarget::takes_platform(const pypi::FileName& wheel) const {
  return std::ranges::any_of(wheel.platforms, [&](const std::string& platform) {
    if (platform == "any" || std::ranges::find(platforms_, platform) != platforms_.end()) {
      return true;
    }
    const auto tag = system_ == System::kMac ? versioned(platform) : std::nullopt;
    return tag && tag->family == family_ &&
           std::pair(tag->major, tag->minor) <= std::pair(libc_major_, libc_minor_) &&
           (tag->machine == machine_ || tag->machine == "universal2");
  });
}

std::string PypiTarget::why_not(const pypi::FileName& wheel) const {
  if (!takes_python(wheel)) {
    return "it is for " + wheel.pythons.front() + "-" + wheel.abis.front() +
           ", the target is Python " + python();
  }
  for (const std::string& platform : wheel.platforms) {
    const auto tag = versioned(platform);
    if (tag && tag->family == family_ && tag->machine == machine_ && system_ == System::kLinux) {
      return std::string("it needs ") + (family_ == "manylinux" ? "glibc " : "musl ") +
             std::to_string(tag->major) + "." + std::to_string(tag->minor) + ", the target has " +
             std::to_string(libc_major_) + "." + std::to_string(libc_minor_);
    }
  }
  return "it is for " + wheel.platforms.front();
}

}  // namespace sluice::low
