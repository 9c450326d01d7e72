#include "lowside/upstream/conda/repodata.h"

#include <boost/json.hpp>

#include "common/ecosystem/conda/member_scan.h"

namespace sluice::low {
namespace {

namespace json = boost::json;

// Of one subdir's wrong entries; the rest is counted.
constexpr std::size_t kMaxNamed = 20;
constexpr std::size_t kMaxInfoBytes = std::size_t{64} << 10;
// 2 is what a base_url makes of it (CEP 15).
constexpr std::int64_t kNewestFormat = 2;

class Reader {
 public:
  Reader(const std::string& thing, std::string_view subdir, CondaSelection& selection,
         std::optional<UtcTime> since)
      : thing_(thing), subdir_(subdir), selection_(selection), since_(since) {}

  Result<Repodata> read(std::string_view text) {
    std::optional<Error> wrong;
    const auto scanned =
        conda::each_member(text, [&](std::string_view key, std::string_view value) {
          if (const auto read = take(key, value); !read) {
            wrong = read.error();
          }
          return !wrong;
        });
    if (wrong) {
      return *wrong;
    }
    if (!scanned) {
      return invalid(scanned.error().cause);
    }
    if (!seen_.contains("packages") && !seen_.contains("packages.conda")) {
      return invalid("it lists no packages");
    }
    return std::move(found_);
  }

 private:
  Error invalid(std::string cause) const {
    return {ErrorCode::kInvalid, thing_, "no repodata: " + std::move(cause),
            "check that channel leads to a conda channel"};
  }

  Result<void> take(std::string_view key, std::string_view value) {
    if (key != "packages" && key != "packages.conda" && key != "removed" && key != "info" &&
        key != "repodata_version") {
      return {};
    }
    if (!seen_.insert(std::string(key)).second) {
      return invalid(std::string(key) + " stands twice");
    }
    if (key == "info") {
      return take_info(value);
    }
    if (key == "repodata_version") {
      return take_format(value);
    }
    return key == "removed" ? take_removed(value) : take_packages(value, key == "packages.conda");
  }

  Result<void> take_format(std::string_view value) {
    boost::system::error_code failed;
    const json::value format = json::parse(json::string_view(value), failed);
    if (failed || !format.is_int64() || format.get_int64() > kNewestFormat) {
      return invalid("its repodata_version is none that is known here");
    }
    return {};
  }

  Result<void> take_info(std::string_view value) {
    if (value.size() > kMaxInfoBytes) {
      return invalid("its info is longer than 64 KiB");
    }
    boost::system::error_code failed;
    const json::value info = json::parse(json::string_view(value), failed);
    if (failed || !info.is_object()) {
      return invalid("its info is no object");
    }
    if (const json::value* base = info.get_object().if_contains("base_url")) {
      if (!base->is_string()) {
        return invalid("its base_url is no text");
      }
      found_.base_url = base->get_string();
    }
    return {};
  }

  Result<void> take_removed(std::string_view value) {
    const auto scanned = conda::each_element(value, [&](std::string_view element) {
      if (element.size() > 2 && element.front() == '"') {
        const std::string_view name = element.substr(1, element.size() - 2);
        const auto file = conda::parse_file_name(name);
        if (file && selection_.wants(*file) && found_.removed.size() < kMaxSelectedFiles) {
          found_.removed.emplace(name);
        }
      }
      return true;
    });
    return scanned ? Result<void>() : invalid(scanned.error().cause);
  }

  Result<void> take_packages(std::string_view value, bool is_conda) {
    std::optional<Error> wrong;
    const auto scanned =
        conda::each_member(value, [&](std::string_view name, std::string_view metadata) {
          if (const auto taken = take_package(name, metadata, is_conda); !taken) {
            wrong = taken.error();
          }
          return !wrong;
        });
    if (wrong) {
      return *wrong;
    }
    return scanned ? Result<void>() : invalid(scanned.error().cause);
  }

  Result<void> take_package(std::string_view name, std::string_view metadata, bool is_conda) {
    const auto file = conda::parse_file_name(name);
    if (!file) {
      leave_out(file.error());
      return {};
    }
    if (!selection_.wants(*file)) {
      return {};
    }
    if (name.ends_with(".conda") != is_conda) {
      leave_out({ErrorCode::kInvalid, "file " + std::string(name),
                 "it is listed among files of the other kind", ""});
      return {};
    }
    if (found_.files.contains(name)) {  // readers differ in which of two they take
      return invalid(std::string(name) + " stands twice");
    }
    auto package = conda::read_package(subdir_, name, metadata);
    if (!package) {
      leave_out(package.error());
      return {};
    }
    if (since_ && (!package->built || *package->built < *since_)) {
      return {};
    }
    selected_bytes_ += metadata.size();
    found_.files.emplace(name, CondaListed{std::move(*package), std::string(metadata)});
    if (found_.files.size() > kMaxSelectedFiles || selected_bytes_ > kMaxSelectedBytes) {
      return Error{ErrorCode::kRefused, thing_,
                   "more of it is wanted than one shipment carries: " +
                       std::to_string(kMaxSelectedFiles) + " files, or 24 MiB of their metadata",
                   "narrow it with include and exclude, or take it in parts: a second [[conda]] "
                   "with another serve_as"};
    }
    return {};
  }

  void leave_out(Error error) {
    if (found_.left_out.size() == kMaxNamed) {
      ++found_.left_out_more;
      return;
    }
    error.thing = thing_ + ": " + error.thing;
    found_.left_out.push_back(std::move(error));
  }

  const std::string& thing_;
  std::string_view subdir_;
  CondaSelection& selection_;
  const std::optional<UtcTime> since_;
  Repodata found_;
  std::set<std::string, std::less<>> seen_;
  std::size_t selected_bytes_ = 0;
};

}  // namespace

Result<Repodata> read_repodata(const std::string& thing, std::string_view subdir,
                               std::string_view text, CondaSelection& selection,
                               std::optional<UtcTime> since) {
  return Reader(thing, subdir, selection, since).read(text);
}

}  // namespace sluice::low
