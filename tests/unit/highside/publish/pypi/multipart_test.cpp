#include "highside/publish/pypi/multipart.h"

#include <gmock/gmock.h>

namespace sluice::high {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// What was told, a part a line: "name|filename|data".
class Told final : public PartTaker {
 public:
  Result<void> begin(const PartHead& head) override {
    parts.push_back(head.name + "|" + head.filename.value_or("-") + "|");
    return {};
  }
  Result<void> data(ByteView bytes) override {
    parts.back().append(as_text(bytes));
    return {};
  }
  Result<void> end() override {
    parts.back() += ".";
    return {};
  }
  std::vector<std::string> parts;
};

Result<std::vector<std::string>> read(std::string_view text, std::size_t piece,
                                      const std::string& boundary = "b") {
  Told told;
  MultipartReader reader(boundary, told);
  for (std::size_t at = 0; at < text.size(); at += piece) {
    SLUICE_TRY_VOID(reader.write(as_bytes(text.substr(at, piece))));
  }
  SLUICE_TRY_VOID(reader.finish());
  return told.parts;
}

std::string part(const std::string& disposition, const std::string& data) {
  return "--b\r\nContent-Disposition: " + disposition + "\r\n\r\n" + data + "\r\n";
}

TEST(Multipart, GivesEachPartHoweverItIsCut) {
  const std::string good = part("form-data; name=\"a\"", "1") +
                           "--b  \r\nX-Odd: 1\r\ncontent-disposition: Form-Data; name=b; "
                           "filename=\"c; \\\"d\\\".whl\"\r\nContent-Type: x/y\r\n\r\n"
                           "-\r\n--\r\n--c\r\n\r\n\r\n" +
                           part("form-data; name=\"\"", "") + "--b--\r\nafterwards";
  for (std::size_t piece = 1; piece <= good.size(); ++piece) {
    for (const char* before : {"", "before\r\n"}) {
      const auto parts = read(before + good, piece);
      ASSERT_TRUE(parts) << piece;
      EXPECT_THAT(*parts, ElementsAre("a|-|1.", "b|c; \"d\".whl|-\r\n--\r\n--c\r\n\r\n.", "|-|."));
    }
  }
}

TEST(Multipart, RefusesWhatEndsEarly) {
  const std::string text = part("form-data; name=\"a\"", "1") + "--b--";
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(read(text.substr(0, size), 7)) << size;
  }
  EXPECT_TRUE(read(text, 7));
}

TEST(Multipart, RefusesWhatIsNoForm) {
  for (const std::string& wrong :
       {part("attachment; name=\"a\"", "1") + "--b--", part("form-data", "1") + "--b--",
        std::string("--b\r\n\r\n\r\n1\r\n--b--"), std::string("--bx\r\n\r\n1\r\n--b--"),
        std::string("--b\r\nX: y\r\n\r\n1\r\n--b--")}) {
    EXPECT_FALSE(read(wrong, 5)) << wrong;
  }
  EXPECT_FALSE(read("--b\r\nX: " + std::string(MultipartReader::kMaxHeadBytes, 'x'), 1000));
  EXPECT_FALSE(read("--b" + std::string(1000, ' '), 100));
  std::string many;
  for (std::size_t i = 0; i <= MultipartReader::kMaxParts; ++i) {
    many += part("form-data; name=a", "");
  }
  EXPECT_FALSE(read(many + "--b--", 100'000));
}

TEST(Multipart, KnowsItsBoundary) {
  const auto boundary = MultipartReader::boundary_of;
  EXPECT_EQ(boundary("multipart/form-data; boundary=abc"), "abc");
  EXPECT_EQ(boundary("Multipart/Form-Data; charset=x; Boundary=\"a b:c\""), "a b:c");
  for (const char* wrong :
       {"", "multipart/form-data", "multipart/mixed; boundary=a", "multipart/form-data; boundary=",
        "multipart/form-data; boundary=\"a \"", "multipart/form-data; boundary=a\rb"}) {
    EXPECT_EQ(boundary(wrong), std::nullopt) << wrong;
  }
  EXPECT_EQ(boundary("multipart/form-data; boundary=" + std::string(71, 'a')), std::nullopt);
}

}  // namespace
}  // namespace sluice::high
