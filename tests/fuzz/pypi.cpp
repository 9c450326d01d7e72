// What an index of Python packages, a wheel, pip or a want-list may say: pages as JSON and HTML,
// core metadata, requirements, pip's report and complaints, and the names and versions in them.
#include <algorithm>

#include "common/ecosystem/pypi/core_metadata.h"
#include "common/ecosystem/pypi/file_name.h"
#include "common/ecosystem/pypi/project_name.h"
#include "common/ecosystem/pypi/provenance.h"
#include "highside/mirror/pypi/record_check.h"
#include "highside/mirror/pypi/render.h"
#include "lowside/upstream/pypi/cursor.h"
#include "lowside/upstream/pypi/explain.h"
#include "lowside/upstream/pypi/lock_file.h"
#include "lowside/upstream/pypi/record.h"
#include "lowside/upstream/pypi/resolver.h"
#include "lowside/upstream/pypi/simple_page.h"
#include "lowside/upstream/pypi/specifier.h"
#include "lowside/upstream/pypi/want.h"
#include "tests/fuzz/input.h"
#include "tests/support/memory_catalog.h"

namespace sluice::fuzz {
namespace {

const std::string kProject = "my-odd";
constexpr const char* kUri = "https://index.example/simple/my-odd/";

proto::Blob blob_of(high::test::MemoryBlobs& blobs, const std::string& content) {
  proto::Blob blob;
  blob.set_sha256(std::string(as_text(blobs.add(content).bytes())));
  blob.set_size(content.size());
  return blob;
}

// What the high side shows of a record reads again as the record.
void read_back(const proto::Record& record, high::PageForm form) {
  proto::PypiProject project;
  SLUICE_ASSERT(project.ParseFromString(record.body()));
  const auto page = low::read_simple_page(kProject, "https://high.example/pypi/simple/my-odd/",
                                          high::media_type(form),
                                          high::render_project(project, form, "http://host/pypi"));
  SLUICE_ASSERT(page && page->refused_count == 0);
  SLUICE_ASSERT(page->files.size() == static_cast<std::size_t>(project.files_size()));
  for (int i = 0; i < project.files_size(); ++i) {
    const proto::PypiFile& file = project.files(i);
    const low::SimpleFile& shown = page->files[static_cast<std::size_t>(i)];
    SLUICE_ASSERT(shown.filename == file.filename());
    SLUICE_ASSERT(shown.url.starts_with("https://high.example/pypi/packages/my-odd/"));
    SLUICE_ASSERT(shown.sha256 == Sha256Digest::from_bytes(as_bytes(file.sha256())));
    SLUICE_ASSERT(shown.metadata == Sha256Digest::from_bytes(as_bytes(file.metadata())));
    SLUICE_ASSERT(shown.requires_python == file.requires_python());
    SLUICE_ASSERT(shown.yanked == file.yanked() && shown.yanked_reason == file.yanked_reason());
    SLUICE_ASSERT(form != high::PageForm::kJson || shown.upload_time == file.upload_time());
  }
}

// What the low side makes of a page, the high side takes and shows.
void cross(const low::SimplePage& page) {
  high::test::MemoryBlobs blobs;
  std::map<std::string, low::HeldFile> held;
  for (const low::SimpleFile& file : page.files) {
    SLUICE_ASSERT(file.url.empty() || file.url.starts_with("http"));
    low::HeldFile entry{low::describe(file), blob_of(blobs, file.filename), std::nullopt};
    if (file.name.kind == pypi::FileKind::kWheel) {
      entry.metadata = blob_of(blobs, "Name: My.Odd\nVersion: " + file.name.version.text() + "\n");
    }
    SLUICE_ASSERT(held.emplace(file.filename, std::move(entry)).second);
  }
  if (held.empty()) {
    return;
  }
  const proto::Record record = low::make_pypi_record(kProject, held);
  SLUICE_ASSERT(high::PypiRecordCheck().check(record, std::nullopt, blobs));
  read_back(record, high::PageForm::kJson);
  read_back(record, high::PageForm::kHtml);
}

void read_page(std::string_view type, std::string_view body) {
  const auto page = low::read_simple_page(kProject, kUri, type, body);
  if (page) {
    cross(*page);
  }
}

void read_metadata(std::string_view text) {
  const auto version = *pypi::Version::parse("1.0");
  const auto metadata = pypi::read_core_metadata("thing", kProject, version, text);
  SLUICE_ASSERT(!metadata || pypi::normalise(metadata->name) == kProject);
}

// Each line of what a lock file becomes is a requirement and nothing else.
void read_lock(std::string_view text) {
  const auto want = low::read_lock_file("pylock.toml", text);
  if (want) {
    const auto again = low::read_requirements("list", want->text());
    SLUICE_ASSERT(again && again->text() == want->text());
  }
}

void read_requirements(std::string_view text) {
  const auto want = low::read_requirements("list", text);
  if (!want) {
    return;
  }
  for (const low::PypiRequirement& requirement : want->requirements) {
    SLUICE_ASSERT(pypi::is_normalised(requirement.project));
    SLUICE_ASSERT(!requirement.line.starts_with('-'));
    SLUICE_ASSERT(requirement.line.find('\n') == std::string::npos);
  }
  const auto again = low::read_requirements("list", want->text());
  SLUICE_ASSERT(again && again->text() == want->text());
}

void check_name(std::string_view name) {
  if (pypi::check_project_name(name)) {
    SLUICE_ASSERT(pypi::is_normalised(pypi::normalise(name)));
  }
  const auto file = pypi::read_file_name(kProject, name);
  if (file) {
    SLUICE_ASSERT(name.find('/') == std::string_view::npos && !name.starts_with('.'));
    const auto target = low::PypiTarget::read("3.11/manylinux_2_28_x86_64");
    if (file->kind == pypi::FileKind::kWheel && !target->takes(*file)) {
      SLUICE_ASSERT(!target->why_not(*file).empty());
    }
  }
  const auto target = low::PypiTarget::read(name);
  SLUICE_ASSERT(!target || target->platforms().size() <= 110);
}

// A strict weak order, or sorting by it would run off the ends.
void check_versions(Input& input) {
  const auto a = pypi::Version::parse(input.text());
  const auto b = pypi::Version::parse(input.text());
  const auto specifiers = low::SpecifierSet::parse(input.text());
  const auto c = pypi::Version::parse(input.rest_text());
  if (!a || !b || !c) {
    return;
  }
  SLUICE_ASSERT((*a < *b) == (*b > *a) && (*a == *b) == (*b == *a));
  SLUICE_ASSERT(!(*a < *b && *b < *c) || *a < *c);
  SLUICE_ASSERT(pypi::Version::parse(a->text()) == *a);
  SLUICE_ASSERT(!specifiers || !(specifiers->allows(*a) && a->text() == b->text()) ||
                specifiers->allows(*b));
}

void hear_pip(Input& input) {
  const auto report = low::read_pip_report(as_text(input.piece()));
  if (report) {
    for (const low::ResolvedFile& file : *report) {
      SLUICE_ASSERT(pypi::is_normalised(file.project));
    }
  }
  const low::PipFailure failure = low::read_pip_failure(input.text(), input.text());
  const auto target = low::PypiTarget::read("3.11/manylinux_2_28_x86_64");
  const auto page = low::read_simple_page(kProject, kUri, "", input.rest_text());
  SLUICE_ASSERT(!low::explain("want", failure, *target, page).cure.empty());
}

void read_cursor(std::string_view text) {
  const auto cursor = low::PypiCursor::read(text);
  if (cursor) {
    const std::string written = cursor->write();
    const auto again = low::PypiCursor::read(written);
    SLUICE_ASSERT(again && again->write() == written);
  }
}

// Of the seeds' file.
void read_provenance(std::string_view text) {
  const auto taken = pypi::check_provenance("a wheel", sha256(as_bytes("a wheel")), text);
  SLUICE_ASSERT(taken || taken.error().code == ErrorCode::kInvalid);
}

}  // namespace
}  // namespace sluice::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  fuzz::Input input(data, size);
  switch (input.choice(8)) {
    case 0:
      fuzz::read_page("application/vnd.pypi.simple.v1+json", input.rest_text());
      break;
    case 1:
      fuzz::read_page("text/html", input.rest_text());
      break;
    case 2:
      fuzz::read_metadata(input.rest_text());
      break;
    case 3:
      fuzz::read_requirements(input.rest_text());
      fuzz::read_lock(input.rest_text());
      break;
    case 4:
      fuzz::check_name(input.rest_text());
      break;
    case 5:
      fuzz::check_versions(input);
      break;
    case 6:
      fuzz::hear_pip(input);
      break;
    default:
      fuzz::read_provenance(input.rest_text());
      fuzz::read_cursor(input.rest_text());
      break;
  }
  return 0;
}
