#include "lowside/upstream/pypi/explain.h"

#include <algorithm>

#include "lowside/upstream/pypi/specifier.h"

namespace sluice::low {
namespace {

using Files = std::vector<const SimpleFile*>;
using pypi::FileKind;

constexpr std::size_t kMaxNamed = 3;  // of files in one message

template <class Keep>
Files filter(const Files& files, Keep keep) {
  Files kept;
  std::ranges::copy_if(files, std::back_inserter(kept),
                       [&](const SimpleFile* file) { return keep(*file); });
  return kept;
}

const SimpleFile& newest(const Files& files) {
  return **std::ranges::max_element(
      files, {}, [](const SimpleFile* file) -> const pypi::Version& { return file->name.version; });
}

std::string version(const SimpleFile& file) { return file.name.version.text(); }

bool suits_python(const SimpleFile& file, const PypiTarget& target) {
  const auto required = SpecifierSet::parse(file.requires_python);
  const auto python = pypi::Version::parse(target.full_python());
  return !required || !python || required->allows(*python);
}

struct Reason {
  ErrorCode code;
  std::string cause;
  std::string cure;
};

Reason wrong_platform(const Files& wheels, const PypiTarget& target) {
  std::string named;
  const std::string newest_version = version(newest(wheels));
  std::size_t count = 0;
  for (const SimpleFile* wheel : wheels) {
    if (version(*wheel) == newest_version && ++count <= kMaxNamed) {
      named += (named.empty() ? "" : "; ") + wheel->filename + ": " + target.why_not(wheel->name);
    }
  }
  return {ErrorCode::kNotFound,
          "no wheel of it suits " + target.text() + ", of " + std::to_string(count) + " of " +
              newest_version + ": " + named,
          "choose a version that has a wheel for the target, or correct the source's targets"};
}

// Of the files whose versions were asked for, what keeps each of them out.
Reason why_none(const Files& matching, const PypiTarget& target) {
  const Files standing = filter(matching, [](const auto& file) { return !file.yanked; });
  if (standing.empty()) {
    const SimpleFile& file = newest(matching);
    return {ErrorCode::kNotFound,
            "it was withdrawn: " + version(file) + " is yanked" +
                (file.yanked_reason.empty() ? "" : " (" + file.yanked_reason.substr(0, 200) + ")"),
            "choose another version, or pin this one with == if it must be"};
  }
  const Files wheels =
      filter(standing, [](const auto& file) { return file.name.kind == FileKind::kWheel; });
  if (wheels.empty()) {
    return {ErrorCode::kNotFound,
            "it has no wheel, only source archives, the newest of " + version(newest(standing)),
            "choose a version that has a wheel, or let its source archive cross: sources = "
            "[\"name==version\"]"};
  }
  const Files runnable =
      filter(wheels, [&](const auto& file) { return suits_python(file, target); });
  if (runnable.empty()) {
    const SimpleFile& file = newest(wheels);
    return {ErrorCode::kNotFound,
            version(file) + " needs Python " + file.requires_python + ", the target is " +
                target.full_python(),
            "choose a version that still takes this Python, or correct the source's targets"};
  }
  const Files suitable =
      filter(runnable, [&](const auto& file) { return target.takes(file.name); });
  if (suitable.empty()) {
    return wrong_platform(runnable, target);
  }
  return {ErrorCode::kNotFound,
          "pip takes none of its files, though " + newest(suitable).filename + " seems to suit",
          "run pip by hand with the same requirement; a constraint may exclude it"};
}

Reason no_candidate(const PipFailure& failure, const PypiTarget& target,
                    const Result<SimplePage>& page) {
  if (!page) {
    return page.error().code == ErrorCode::kNotFound
               ? Reason{ErrorCode::kNotFound, "the index has no such project",
                        "correct the name in the want-list; if a package needs it, leave that out"}
               : Reason{page.error().code, page.error().message(),
                        "it is tried again at the next poll"};
  }
  Files files;
  for (const SimpleFile& file : page->files) {
    files.push_back(&file);
  }
  if (files.empty()) {
    return {ErrorCode::kNotFound, "the index lists no file of it that can be carried",
            "it may have been deleted: leave it out or choose another"};
  }
  const auto requirement = read_requirement(failure.requirement);
  const auto specifiers = requirement ? SpecifierSet::parse(requirement->specifiers) : std::nullopt;
  const Files matching = filter(files, [&](const SimpleFile& file) {
    return !specifiers || specifiers->allows(file.name.version);
  });
  if (matching.empty()) {
    return {ErrorCode::kNotFound,
            "the index has no version of it in that range; the newest is " + version(newest(files)),
            "ask for a version that exists"};
  }
  return why_none(matching, target);
}

Reason reason_of(const PipFailure& failure, const PypiTarget& target,
                 const Result<SimplePage>& page) {
  switch (failure.kind) {
    case PipFailure::Kind::kNoCandidate:
      return no_candidate(failure, target, page);
    case PipFailure::Kind::kConflict:
      return {ErrorCode::kInvalid, "versions conflict: " + failure.text,
              "choose ranges that agree, or list what conflicts in want-lists of its own"};
    case PipFailure::Kind::kHashes:
      return {ErrorCode::kIntegrity, failure.text,
              "make the list anew with pip-compile --generate-hashes; if it is right, the index "
              "now gives other files: do not use them"};
    case PipFailure::Kind::kOther:
      break;
  }
  return {ErrorCode::kUnavailable, "pip could not resolve it: " + failure.text,
          "check that the index can be reached from here; it is tried again at the next poll"};
}

}  // namespace

Error explain(const std::string& want, const PipFailure& failure, const PypiTarget& target,
              const Result<SimplePage>& page) {
  Reason reason = reason_of(failure, target, page);
  std::string thing = want;
  if (!failure.requirement.empty() && failure.requirement != want) {
    thing += ": " + failure.requirement;
  }
  if (!failure.needed_by.empty()) {
    thing += " (needed by " + failure.needed_by + ")";
  }
  return {reason.code, std::move(thing), std::move(reason.cause), std::move(reason.cure)};
}

}  // namespace sluice::low
