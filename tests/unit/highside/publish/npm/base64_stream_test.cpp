#include "highside/publish/npm/base64_stream.h"

#include <gtest/gtest.h>

#include "common/base/text.h"

namespace sluice::high {
namespace {

std::optional<std::string> decode(std::string_view text, std::size_t piece) {
  std::string out;
  Base64Stream stream([&](ByteView bytes) {
    out.append(as_text(bytes));
    return Result<void>();
  });
  for (std::size_t at = 0; at < text.size(); at += piece) {
    if (!stream.write(text.substr(at, piece))) {
      return std::nullopt;
    }
  }
  return stream.finish() ? std::optional(out) : std::nullopt;
}

TEST(Base64Stream, GivesWhatWasEncodedHoweverItIsCut) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    for (std::size_t piece : {1U, 2U, 3U, 5U, 1000U}) {
      ASSERT_EQ(decode(base64_encode(as_bytes(bytes)), piece), bytes) << i;
    }
    bytes += static_cast<char>(i * 7);
  }
}

TEST(Base64Stream, RefusesWhatIsNone) {
  for (const char* wrong : {"A", "AA", "AAA", "A===", "AA=", "AA=A", "AAA=AAAA",
                            "AAA==", "====", "AA A", "AAA-", "AAA\n"}) {
    EXPECT_EQ(decode(wrong, 2), std::nullopt) << wrong;
  }
}

}  // namespace
}  // namespace sluice::high
