// Resend codes.
#include <gtest/gtest.h>

#include "common/wire/resend_code.h"
#include "tests/support/vectors.h"

namespace sluice::test {
namespace {

std::vector<wire::SequenceRange> ranges_of(const json::value& fields) {
  std::vector<wire::SequenceRange> ranges;
  for (const json::value& range : fields.at("ranges").as_array()) {
    ranges.push_back({ShipmentSequence(range.as_array().at(0).to_number<std::uint64_t>()),
                      ShipmentSequence(range.as_array().at(1).to_number<std::uint64_t>())});
  }
  return ranges;
}

TEST(ResendVectors, AreReadAndWritten) {
  for (const Vector& vector : vectors_of("resend-code")) {
    SCOPED_TRACE(vector.name);
    const std::string stream = vector.text("stream");
    const auto read = wire::read_resend_code(vector.text("text"), stream);
    if (!vector.good()) {
      ASSERT_FALSE(read);
      expect_refusal(vector, read.error());
      continue;
    }
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(*read, ranges_of(vector.fields()));
    if (vector.flag("written")) {
      EXPECT_EQ(wire::resend_codes(stream, *read).codes.at(0).text, vector.text("text"));
    }
  }
}

}  // namespace
}  // namespace sluice::test
