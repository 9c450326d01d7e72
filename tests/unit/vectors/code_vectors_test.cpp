// The erasure code and the replay window, each alone.
#include <gtest/gtest.h>

#include "common/base/text.h"
#include "common/crypto/replay_window.h"
#include "common/fec/block_code.h"
#include "tests/support/vectors.h"

namespace sluice::test {
namespace {

// Numbers that the fields cannot hold cannot arrive either.
fec::Geometry geometry_of(const Vector& vector) {
  const json::object& cut = vector.all.at("geometry").as_object();
  return {.block_bytes = cut.at("block_bytes").to_number<std::uint32_t>(),
          .symbol_bytes = cut.at("symbol_bytes").to_number<std::uint16_t>(),
          .max_data = cut.at("max_data").to_number<std::uint8_t>(),
          .parity = cut.at("parity").to_number<std::uint8_t>()};
}

TEST(CodeVectors, Geometries) {
  for (const Vector& vector : vectors_of("geometry")) {
    SCOPED_TRACE(vector.name);
    const fec::Geometry cut = geometry_of(vector);
    ASSERT_EQ(cut.valid(), vector.good());
    if (vector.good()) {
      expect_fields(vector.fields(),
                    json::object{{"data_symbols", cut.data_symbols()},
                                 {"codewords", cut.codewords()},
                                 {"total_symbols", cut.total_symbols()},
                                 {"first_codeword", cut.data_in_codeword(0)},
                                 {"last_codeword", cut.data_in_codeword(cut.codewords() - 1)}});
    }
  }
}

class Code {
 public:
  explicit Code(const Vector& vector) : cut_(geometry_of(vector)), block_(vector.bytes) {
    symbols_ = vector.bytes;
    symbols_.resize(std::size_t{cut_.data_symbols()} * cut_.symbol_bytes);
    const std::size_t data = symbols_.size();
    parity_.resize(std::size_t{cut_.parity} * cut_.codewords() * cut_.symbol_bytes);
    fec::Encoder().encode(cut_, ByteView(symbols_).first(data), parity_);
    symbols_.insert(symbols_.end(), parity_.begin(), parity_.end());
  }
  std::string parity(std::size_t number) const {
    return hex_encode(ByteView(parity_).subspan(number * cut_.symbol_bytes, cut_.symbol_bytes));
  }
  // Whether these symbols bring back the block; they never bring back another.
  bool recovers(const json::array& ordinals) const {
    fec::Decoder decoder;
    decoder.reset(cut_);
    for (const json::value& one : ordinals) {
      const auto ordinal = one.to_number<std::uint32_t>();
      decoder.add(ordinal, ByteView(symbols_).subspan(std::size_t{ordinal} * cut_.symbol_bytes,
                                                      cut_.symbol_bytes));
    }
    if (!decoder.complete()) {
      return false;
    }
    EXPECT_TRUE(std::ranges::equal(decoder.finish().bytes, block_));
    return true;
  }

 private:
  fec::Geometry cut_;
  Bytes block_;
  Bytes symbols_;
  Bytes parity_;
};

TEST(CodeVectors, ParityAndWhatItBringsBack) {
  for (const Vector& vector : vectors_of("code")) {
    SCOPED_TRACE(vector.name);
    const Code code(vector);
    std::size_t number = 0;
    for (const json::value& symbol : vector.all.at("parity").as_array()) {
      EXPECT_EQ(symbol.as_string(), code.parity(number)) << number;
      ++number;
    }
    for (const json::value& ordinals : vector.all.at("recovers").as_array()) {
      EXPECT_TRUE(code.recovers(ordinals.as_array())) << ordinals;
    }
    for (const json::value& ordinals : vector.all.at("lacks").as_array()) {
      EXPECT_FALSE(code.recovers(ordinals.as_array())) << ordinals;
    }
  }
}

std::string_view name(crypto::ReplayWindow::Verdict verdict) {
  switch (verdict) {
    case crypto::ReplayWindow::Verdict::kFresh:
      return "fresh";
    case crypto::ReplayWindow::Verdict::kSeen:
      return "seen";
    case crypto::ReplayWindow::Verdict::kTooOld:
      return "too-old";
  }
  return "";
}

TEST(ReplayVectors, Verdicts) {
  for (const Vector& vector : vectors_of("replay")) {
    SCOPED_TRACE(vector.name);
    crypto::ReplayWindow window(vector.all.at("window").to_number<std::size_t>());
    json::array verdicts;
    for (const json::value& counter : vector.all.at("counters").as_array()) {
      verdicts.push_back(
          json::string(name(window.check_and_mark(counter.to_number<std::uint64_t>()))));
    }
    expect_fields(vector.all.at("verdicts"), verdicts);
  }
}

}  // namespace
}  // namespace sluice::test
