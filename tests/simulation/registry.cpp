#include "common/base/hasher.h"
#include "common/base/limits.h"
#include "tests/simulation/upstream.h"

namespace sluice::sim {
namespace {

constexpr std::size_t kDocuments = 12;  // of each registry: few, so that they change often
constexpr double kAgain = 0.3;          // an old content is offered again

// From nothing to several blocks of 64 KiB, small ones most often.
std::size_t draw_size(Random& random) {
  const std::uint64_t kind = random.below(20);
  if (kind == 0) {
    return 0;
  }
  if (kind < 12) {
    return random.between(1, 2000);
  }
  if (kind < 17) {
    return random.between(2000, limits::kInlineBlobBytes);
  }
  if (kind == 17) {
    return limits::kInlineBlobBytes + random.below(2);  // on either side of the limit
  }
  return random.between(limits::kInlineBlobBytes, 5 * limits::kInlineBlobBytes);
}

}  // namespace

Registry::Registry(std::string name, std::uint64_t seed) : name_(std::move(name)), random_(seed) {}

ContentPtr Registry::new_content() {
  if (!contents_.empty() && random_.chance(kAgain)) {
    return random_.pick(contents_);
  }
  auto content = std::make_shared<Content>();
  content->bytes.resize(draw_size(random_));
  // Half of them compress.
  const std::size_t noise = random_.chance(0.5) ? content->bytes.size() / 8 : content->bytes.size();
  random_.fill(MutableByteView(content->bytes).first(noise));
  content->digest = sha256(content->bytes);
  contents_.push_back(content);
  return content;
}

void Registry::evolve() {
  for (std::uint64_t changes = random_.between(1, 4); changes > 0; --changes) {
    const std::string document = name_ + "/d" + std::to_string(random_.below(kDocuments));
    Version& version = documents_[document];
    const bool withdraw = version.content != nullptr && random_.chance(0.2);
    version = {++newest_, withdraw ? nullptr : new_content()};
    history_[{document, newest_}] = version;
  }
}

const Version* Registry::offered(const std::string& document, std::uint64_t number) const {
  const auto found = history_.find({document, number});
  return found == history_.end() ? nullptr : &found->second;
}

}  // namespace sluice::sim
